"""Marks that chat templates and tokenizers take for the end of a turn or the place of an image. In the text of a page
they are only text: broken in two, a model reads them without obeying."""

from __future__ import annotations

import re
from collections.abc import Iterable

KNOWN = re.compile(
    r"<\|[^|<>\n]{1,40}\|>"  # ChatML, Llama 3, Phi, GPT-OSS, Qwen
    r"|<｜[^｜<>\n]{1,40}｜>"  # DeepSeek
    r"|</?(?:s|bos|eos|pad|unk|start_of_turn|end_of_turn|start_of_image|end_of_utterance|think|tool_call)>"
    r"|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|IMG|THINK)\]|<</?SYS>>"
)
"""The marks of common model families."""


PLACEHOLDERS = ("<image>", "<video>", "<audio>")
"""What trainers replace by pictures, films and sounds; in pages about HTML they are elements."""
QUOTED = re.compile("|".join([KNOWN.pattern, *map(re.escape, PLACEHOLDERS)]))


def control_tokens(text: str) -> list[str]:
    """Marks in a text that tokenizers or trainers may obey, each once."""
    return list(dict.fromkeys(found[0] for found in QUOTED.finditer(text)))


def without_control_tokens(text: str, tokens: Iterable[str] = ()) -> str:
    """The text with a space after the first character of each of the marks: those of common families and `tokens`."""
    own = [re.escape(token) for token in sorted(set(tokens), key=lambda t: (-len(t), t)) if len(token) > 2]
    pattern = re.compile("|".join([KNOWN.pattern, *own])) if own else KNOWN
    return pattern.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)
