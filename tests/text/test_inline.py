"""Small pictures inside sentences, from the page to the record."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from made.rewrite import document, image, text
from PIL import Image as PILImage

from leafinstruct.api import extract
from leafinstruct.document import Document, Image, Part
from leafinstruct.filter.edits import apply
from leafinstruct.harvest.formats.markdown import parse_markdown
from leafinstruct.harvest.html.flow import Block
from leafinstruct.harvest.html.page import parse_html
from leafinstruct.harvest.html.parts import assemble
from leafinstruct.images.header import read_image
from leafinstruct.rewrite.record import contents
from leafinstruct.rewrite.segments import groups
from leafinstruct.text.inline import without_inline


def picture(size: tuple[int, int]) -> Image:
    out = io.BytesIO()
    PILImage.new("RGB", size, (200, 30, 30)).save(out, "PNG")
    made = read_image(out.getvalue(), "")
    assert isinstance(made, Image)
    return made


def parts_of(source: str, sizes: dict[str, tuple[int, int]]) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    """Parts and reasons of lost images of Markdown; images without a size are missing."""

    def resolve(block: Block) -> Image | str:
        return picture(sizes[block.ref]) if block.ref in sizes else "missing"

    parts, lost, _ = assemble(parse_markdown(source).blocks, resolve)
    return parts, tuple(one.reason for one in lost)


def shown(parts: tuple[Part, ...]) -> list[str]:
    return [p.text if p.type == "text" else f"<{p.alt}>" if p.inline else f"[{p.alt}]" for p in parts]


KEY, SHOT = (20, 20), (640, 400)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Press ![Enter](k.png) to go on.", ["Press ", "<Enter>", " to go on."]),
        ("Press ![Enter](k.png), then wait.", ["Press ", "<Enter>", ", then wait."]),
        ("![Warning](k.png) Hot!", ["<Warning>", " Hot!"]),
        ("Click ![A](k.png)![B](l.png).", ["Click ", "<A>", "<B>", "."]),
        ("- Press ![Enter](k.png) now\n- Wait", ["- Press ", "<Enter>", " now\n- Wait"]),
        ("Before.\n\n![Enter](k.png)\n\nAfter.", ["Before.", "[Enter]", "After."]),
        ("Before.  \n![Enter](k.png)  \nAfter.", ["Before.", "[Enter]", "After."]),
        ("See ![the window](s.png) here.", ["See", "[the window]", "here."]),
        ("See ![the window](s.png) and ![Enter](k.png).", ["See", "[the window]", "and ", "<Enter>", "."]),
        ("## ![A](k.png) Open\n\nText.", ["<A>", "## Open", "Text."]),
        ("## Open ![A](k.png)\n\nText.", ["## Open", "<A>", "Text."]),
        ("**Press ![Enter](k.png) now**", ["**Press** ", "<Enter>", " now"]),
    ],
)
def test_a_small_picture_on_a_line_with_words_is_inside_the_sentence(source: str, expected: list[str]) -> None:
    assert shown(parts_of(source, {"k.png": KEY, "l.png": KEY, "s.png": SHOT})[0]) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Press ![Enter](gone.png) to go on.", ["Press Enter to go on."]),
        ("Press ![Enter](gone.png), then wait.", ["Press Enter, then wait."]),
        ("![Warning](gone.png) Hot!", ["Warning Hot!"]),
        ("Press ![Enter](gone.png) or ![Esc](k.png).", ["Press Enter or ", "<Esc>", "."]),
        ("Press ![Esc](k.png) or ![Enter](gone.png).", ["Press ", "<Esc>", " or Enter."]),
        ("Press ![](gone.png) to go on.", ["Press to go on."]),
        ("**Press ![Enter](gone.png) now**", ["**Press Enter now**"]),
        ("See ![a photograph of the whole old town at night](gone.png) there.", ["See there."]),
        ("Before.\n\n![Enter](gone.png)\n\nAfter.", ["Before.", "After."]),
    ],
)
def test_words_stand_for_a_picture_that_could_not_be_got(source: str, expected: list[str]) -> None:
    parts, lost = parts_of(source, {"k.png": KEY})
    assert shown(parts) == expected and lost == ("missing",)


@pytest.mark.parametrize(
    ("attributes", "inline"),
    [
        ("width=16 height=16", True), ('style="height: 1.2em"', True), ('class="emoji"', True), ('height="24px"', True),
        ("width=300 height=200", False), ('style="width: 50%"', False), ("height=16 width=600", False),
    ],
)  # fmt: skip
def test_a_page_says_how_large_it_shows_a_picture(attributes: str, inline: bool) -> None:
    page = parse_html(
        f"<main><p>Choose the entry called Settings <img src=/pictures/k.png alt=Gear {attributes}> in the menu at the "
        "top of the window, and wait until the list of all devices is shown there.</p><p>Then go on with the next "
        "step of these instructions, which is a little longer than the one before it.</p></main>",
        "https://a.example/",
    )
    parts, _, _ = assemble(page.blocks, lambda block: picture((200, 200)))
    assert [p.inline for p in parts if p.type == "image"] == [inline]


def test_a_picture_in_markup_at_the_start_of_a_line_is_not_on_the_line_before() -> None:
    source = "Before.\n\n**![Enter](gone.png)** After."
    assert shown(parts_of(source, {})[0]) == ["Before.\n\nEnter After."]


def test_a_whole_page_has_its_small_pictures_in_their_sentences(tmp_path: Path) -> None:
    key = '<img src="/k.png" alt="Enter" width=16 height=16>'
    tab = key.replace("k.png", "t.png").replace("Enter", "Tab")
    lines = f"<p>Press {key} to go on.</p><p>{key} and {tab}{key} are keys.</p><h2>{key} Keys</h2>"
    page = f"<main>{lines}{SHOT_OF_PAGE}</main>"
    (tmp_path / "a.html").write_text(page)
    shown_page = extract(tmp_path / "a.html", "https://a.example/")
    enter, tabbed = "![Enter](https://a.example/k.png)", "![Tab](https://a.example/t.png)"
    assert shown_page.markdown().startswith(
        f"Press {enter} to go on.\n\n{enter} and {tabbed} {enter} are keys.\n\n## {enter} Keys\n\n![shot]("
    )
    assert [part.inline for part in shown_page if part.type == "image"] == [True] * 5 + [False]


SHOT_OF_PAGE = (
    '<p><img src="/s.png" alt="shot" width=300 height=200></p><p>Wait until all of the devices are shown.</p>'
)


def made() -> Document:
    key = replace(image("key", alt="Enter"), inline=True)
    return document([text("Press "), key, text(" to go on."), image("shot"), text("Done.")])


def test_the_alternative_text_stands_for_a_picture_that_is_dropped() -> None:
    edited = apply(made(), frozenset({3}))
    assert [p.text or p.alt or "[shot]" for p in edited.parts] == ["Press Enter to go on.", "[shot]", "Done."]
    assert edited.raw == (0, 3, 4)
    kept = apply(made(), frozenset({1, 3}))
    assert kept.parts == made().parts and kept.raw == (0, 1, 2, 3, 4)


def test_a_sentence_is_read_whole_and_published_with_its_picture() -> None:
    assert without_inline(made()).text == "Press Enter to go on.\n\nDone."
    found = contents(made().parts)
    assert [one.text or "<image>" for one in found] == ["Press ", "<image>", " to go on.", "<image>", "Done."]


def test_a_picture_in_a_sentence_makes_no_group_of_text_and_image() -> None:
    key = replace(image("key", alt="Enter"), inline=True)
    pressed = [text("Press "), key, text(" to go on.")]
    assert groups([*pressed, image("a"), *pressed, image("b")]) == [0, 4]
