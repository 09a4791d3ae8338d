"""Which chat templates show the assistant's images: each one that ships inside trl, rendered with a published row.

A template is text that a trainer believes. Several of those for vision models were written for models that only read
images, and leave the assistant's out without a word; training on them teaches text alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

VERDICTS = {
    "keeps": "show the images of both roles",
    "drops_answer": "silently leave out the images of the assistant",
    "prints_list": "are for text and print the list of content entries as it is",
    "drops_all": "are for text and leave out every image",
    "refuses": "raise an error",
}


@dataclass(frozen=True, slots=True)
class TemplateResult:
    """What a template makes of a row with images in both turns: one of VERDICTS, and the error of one that refuses."""

    name: str
    verdict: str
    error: str = ""


def available() -> bool:
    """Whether trl, with its templates, and transformers, which renders them, are installed."""
    return find_spec("trl") is not None and find_spec("transformers") is not None


def template_files() -> list[Path]:
    spec = find_spec("trl")
    assert spec and spec.submodule_search_locations
    return sorted(Path(spec.submodule_search_locations[0], "chat_templates").glob("*.jinja"))


def render_all(messages: Sequence[dict[str, Any]], files: Sequence[Path]) -> list[TemplateResult]:
    """Render one record's messages, given an image in each turn, with every template.

    A template shows an image if what it renders changes when the image goes.
    """
    whole = _with_images(messages, ("user", "assistant"))
    return [_result(path, whole, messages) for path in files]


def _result(path: Path, whole: list[dict[str, Any]], messages: Sequence[dict[str, Any]]) -> TemplateResult:
    text = path.read_text(encoding="utf-8")
    try:
        full = _render(text, whole)
        shown = [full != _render(text, _with_images(messages, (role,))) for role in ("user", "assistant")]
    except Exception as error:  # a template raises what its author liked; all mean that it takes no such row
        return TemplateResult(path.stem, "refuses", f"{type(error).__name__}: {str(error).splitlines()[0][:120]}")
    if "'type':" in full:
        return TemplateResult(path.stem, "prints_list")
    answer, question = shown  # without the assistant's images, without the user's
    return TemplateResult(path.stem, "keeps" if answer else "drops_answer" if question else "drops_all")


def _with_images(messages: Sequence[dict[str, Any]], roles: Sequence[str]) -> list[dict[str, Any]]:
    """The messages with their texts, and one image at the end of each turn of these roles."""
    return [
        {
            "role": message["role"],
            "content": [
                *({"type": "text", "text": part["text"]} for part in message["content"] if part["type"] == "text"),
                *([{"type": "image", "text": ""}] if message["role"] in roles else []),
            ],
        }
        for message in messages
    ]


def _render(template: str, messages: list[dict[str, Any]]) -> str:
    from transformers.utils.chat_template_utils import render_jinja_template

    rendered = render_jinja_template([messages], chat_template=template, bos_token="<s>", eos_token="</s>")
    return str(rendered[0][0])


def template_lines(results: Sequence[TemplateResult]) -> list[str]:
    """The result for people: counts, and by name those that show all images and those that silently lose some."""
    lines = []
    for verdict, what in VERDICTS.items():
        names = [result.name for result in results if result.verdict == verdict]
        alone = [name for name in names if name.removesuffix("_training") not in {*names} - {name}]
        if names:
            named = f": {', '.join(alone)}" if verdict in ("keeps", "drops_answer") else ""
            lines.append(f"     {len(names):3d} chat templates of trl {what}{named}")
    return lines
