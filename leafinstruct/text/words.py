"""Words of a text, in any language."""

from __future__ import annotations

import re

WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\d_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+(?:['’-]\w+)*|\d+"
)
"""A word; a Chinese, Japanese or Korean character counts as one word of its own."""
