"""Which chat templates show the assistant's images: renders a published row with each template that ships in trl.

Trainers use a template without checking it. Several of those for vision models were written for models that only read
images, and silently leave out the assistant's; training with them teaches text alone.
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
    """How a template renders a row with images in both turns: a key of VERDICTS, and the error of one that refuses."""

    name: str
    verdict: str
    error: str = ""


def available() -> bool:
    """Whether trl, which has the templates, and transformers, which renders them, are installed."""
    return find_spec("trl") is not None and find_spec("transformers") is not None


def template_files() -> list[Path]:
    spec = find_spec("trl")
    assert spec and spec.submodule_search_locations
    return sorted(Path(spec.submodule_search_locations[0], "chat_templates").glob("*.jinja"))


def render_all(messages: Sequence[dict[str, Any]], files: Sequence[Path]) -> list[TemplateResult]:
    """Render one record's messages, with an image added to each turn, with every template.

    A template shows an image if its output changes without the image.
    """
    whole = _with_images(messages, ("user", "assistant"))
    return [_result(path, whole, messages) for path in files]


def _result(path: Path, whole: list[dict[str, Any]], messages: Sequence[dict[str, Any]]) -> TemplateResult:
    text = path.read_text(encoding="utf-8")
    try:
        full = _render(text, whole)
        shown = [full != _render(text, _with_images(messages, (role,))) for role in ("user", "assistant")]
    except Exception as error:  # templates raise many types; all mean that it refuses such a row
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
    """The result for people: counts, and the names of those that show all images or silently lose some."""
    lines = []
    for verdict, what in VERDICTS.items():
        names = [result.name for result in results if result.verdict == verdict]
        alone = [name for name in names if name.removesuffix("_training") not in {*names} - {name}]
        if names:
            named = f": {', '.join(alone)}" if verdict in ("keeps", "drops_answer") else ""
            lines.append(f"     {len(names):3d} chat templates of trl {what}{named}")
    return lines
