"""A task of the project's own: the user shows the first picture, and the assistant tells the rest.

`divide` returns positions of the document's parts, or None if the document does not fit. The template writer fills the
title into a phrase; for a language model, the prompt file has a section `# show_and_tell`.
"""

from __future__ import annotations

import leafinstruct as li


def divide(document: li.Document) -> tuple[li.Turn, ...] | None:
    first = next((i for i, part in enumerate(document.parts) if part.type == "image"), None)
    if first is None or first + 2 >= len(document.parts):
        return None
    return (li.Turn(given=(first,), answer=tuple(range(first + 1, len(document.parts)))),)


SHOW_AND_TELL = li.Task(
    "show_and_tell",
    "the first picture and a request; the rest answers",
    divide,
    whole=False,
    phrases={"en": ("{0}: this is the first one. Please tell me about the others, with pictures.",)},
)
