"""Prompts are files that people read and edit: Markdown with a `# section` for each part."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from leafinstruct.errors import LeafError, did_you_mean


def read_sections(path: Path, needed: Sequence[str], others: Sequence[str] = ()) -> dict[str, str]:
    """The text of each `# section` of a Markdown file. Raises LeafError for a file or section that is missing, and for
    a section that is neither needed nor among the others."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise LeafError(f"prompt {path}: cannot be read ({error})") from None
    pieces = re.split(r"^# +(.+?) *$", text, flags=re.MULTILINE)
    sections = {name: body.strip() for name, body in zip(pieces[1::2], pieces[2::2], strict=True)}
    known = dict.fromkeys((*needed, *others))
    for name in sections:
        if name not in known:
            raise LeafError(f"prompt {path}: unknown section '# {name}'{did_you_mean(name, known)}")
    for name in needed:
        if not sections.get(name):
            raise LeafError(f"prompt {path}: section '# {name}' is missing or empty")
    return sections
