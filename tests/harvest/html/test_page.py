from __future__ import annotations

import pytest
from made.pages import LONG, RECIPE, URL

from leafinstruct.harvest.html.page import MAX_PAGE, extract_parts, parse_html
from leafinstruct.harvest.html.steps import steps_of


def test_recipe() -> None:
    page = parse_html(RECIPE, URL)
    assert (page.title, page.language, page.license) == ("A paper boat", "en", "CC-BY-SA-4.0")
    seen = [
        (s, b.text or f"[{b.ref.rpartition('/')[2]}|{b.alt}|{b.caption}]")
        for s, b in zip(steps_of(page.blocks), page.blocks, strict=True)
    ]
    assert seen == [
        (0, "A paper boat"),
        (0, (LONG * 2).strip()),
        (1, "1. Fold it."),
        (1, "[1.jpg|fold|]"),
        (2, "2. Turn it."),
        (2, "[2.jpg||Turned]"),
        (3, "3. Pull."),
        (3, "[3.jpg||]"),
        (0, "Size | Paper"),
        (0, "big | A3"),
        (0, "a\n  b"),
        (0, "Bow"),
        (0, "the front"),
        (0, LONG.strip()),
    ]


def test_short_steps_survive_without_long_text() -> None:
    steps = "".join(f"<div class='step'><h2>Step {n}</h2><p>Do {n}.</p><img src='{n}.jpg'></div>" for n in range(1, 6))
    page = parse_html(f"<nav><a href='/'>Home</a></nav><div id='content'>{steps}</div><footer>me</footer>", URL)
    assert [b.ref.rpartition("/")[2] for b in page.blocks if b.ref] == [f"{n}.jpg" for n in range(1, 6)]
    assert steps_of(page.blocks)[-1] == 5
    assert [b.text for b in page.blocks if b.text][:2] == ["Step 1", "Do 1."]


@pytest.mark.parametrize(
    ("markup", "urls"),
    [
        ("<img src='x.png'>", ["https://example.org/a/x.png"]),
        ("<img src='//cdn.example.net/x'>", ["https://cdn.example.net/x"]),
        ("<img srcset='s.png 300w, l.png 900w'>", ["https://example.org/a/l.png"]),
        ("<picture><source srcset='x.webp'><img></picture>", ["https://example.org/a/x.webp"]),
        ("<img class='lazy' src='/blank.gif' data-src='x.png'>", ["https://example.org/a/x.png"]),
        ("<noscript><img src='x.png'></noscript>", ["https://example.org/a/x.png"]),
        ("<img data-src='x.png'><noscript><img src='x.png'></noscript>", ["https://example.org/a/x.png"]),
        (
            "<a href='b'><img src='x.png'></a><a class='lightbox' id='b'><img src='x.png'></a>",
            ["https://example.org/a/x.png"],
        ),
        ("<img src='p.gif' width='1' height='1'>", []),
        ("<img src='/img/avatar.png' class='author-avatar'>", []),
        ("<img src='/media/ads/summer.jpg' width='300' height='250'>", []),
        ("<img src='/guides/google-ads/1.jpg' width='300'>", ["https://example.org/guides/google-ads/1.jpg"]),
        ("<img src='logo-design-step.png'>", ["https://example.org/a/logo-design-step.png"]),
        ("<img src='http://[bad/x.png'>", ["http://[bad/x.png"]),
    ],
)
def test_image_addresses(markup: str, urls: list[str]) -> None:
    parts = extract_parts(f"<article><p>{LONG}</p><p>{markup}</p><p>{LONG}</p></article>", URL)
    assert [p["url"] for p in parts if p["type"] == "image"] == urls


@pytest.mark.parametrize(
    ("shown", "unscripted", "candidates"),
    [
        ("<img src='60/x.png?q=20'>", "<img src='900/x.png'>", "900/x.png 60/x.png?q=20"),
        ("<img src='60/x.png'>", "<img src='60/x.png' srcset='900/x.png 900w'>", "900/x.png 60/x.png"),
        ("<img src='60/x.png' srcset='2000/x.png 2x'>", "<img src='900/x.png'>", "2000/x.png 900/x.png 60/x.png"),
        ("<img src='data:image/gif;base64,R0lGOD' alt='x'>", "<img src='900/x.png'>", "900/x.png"),
        ("<img src='/img/placeholder.svg'>", "<img src='900/x.png' srcset='2000/x.png 2x'>", "2000/x.png 900/x.png"),
    ],
)
def test_a_preview_knows_the_image_that_stands_in_its_noscript(shown: str, unscripted: str, candidates: str) -> None:
    markup = f"<article><p>{LONG}</p><div>{shown}<noscript>{unscripted}</noscript></div><p>{LONG}</p></article>"
    (image,) = [block for block in parse_html(markup, URL).blocks if block.ref]
    assert image.candidates == tuple(f"https://example.org/a/{name}" for name in candidates.split())
    after = f"<article><p>{LONG}</p><div><noscript>{unscripted}</noscript>{shown}</div><p>{LONG}</p></article>"
    assert len([block for block in parse_html(after, URL).blocks if block.ref]) == 1


def test_the_contents_of_a_page_are_no_steps() -> None:
    links = "".join(f"<li><a href='#{n}'>Part {n}</a></li>" for n in range(3))
    page = parse_html(f"<main><p>{LONG * 3}</p><ol>{links}</ol><p>{LONG * 3}</p></main>", URL)
    assert [b.text for b in page.blocks][1:4] == ["1. Part 0", "2. Part 1", "3. Part 2"]
    assert not any(steps_of(page.blocks))


def test_base_href() -> None:
    parts = extract_parts(f"<head><base href='/root/'></head><body><p>{LONG}</p><img src='x.png'></body>", URL)
    assert [p["url"] for p in parts if p["type"] == "image"] == ["https://example.org/root/x.png"]


@pytest.mark.parametrize(
    ("html", "error"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b'{"a": 1}', "not_html"),
        (bytes(range(256)), "undecodable"),
        (b"<html><body><script>x()</script></body></html>", "no_text"),
    ],
)
def test_errors(html: bytes, error: str) -> None:
    page = parse_html(html, URL)
    assert (page.error, page.blocks) == (error, [])


@pytest.mark.parametrize(
    ("html", "charset"),
    [
        ("<p>Größe über</p>".encode(), None),
        ("<p>Größe über</p>".encode("cp1252"), None),
        ("<p>Größe über</p>".encode("cp1252"), "ISO-8859-1"),
        ('<meta charset="cp1252"><p>Größe über</p>'.encode("cp1252"), "hex"),
        ("\ufeff<p>Größe über</p>".encode("utf-16-le"), "utf-8"),
    ],
)
def test_charsets(html: bytes, charset: str | None) -> None:
    assert [b.text for b in parse_html(html, URL, charset).blocks] == ["Größe über"]


@pytest.mark.parametrize("tag", ["div", "ul><li", "blockquote", "table><tr><td", "figure><figcaption"])
def test_deep_nesting_ends(tag: str) -> None:
    page = parse_html(f"<{tag}>" * 800 + "deep text", URL, whole=True)
    assert "deep text" in "".join(b.text + b.caption for b in page.blocks)


@pytest.mark.parametrize(
    ("html", "error"),
    [
        ("<div>" * 100_000 + "x", "too_deep"),
        ("<div>" * 6_000 + "x" + "</div>" * 6_000, "too_deep"),
        ("<p " + " ".join(f"a{n}=1" for n in range(20_000)) + ">x", "too_many_attributes"),
        ("<p>" + "x" * MAX_PAGE, "too_large"),
    ],
)
def test_excess(html: str, error: str) -> None:
    assert parse_html(html, URL).error == error


def test_many_tags_in_a_row_are_not_deep() -> None:
    assert parse_html("<div>line of text</div>" * 6_000, URL).error == ""


def test_heading_that_nobody_closed() -> None:
    blocks = parse_html(f"<h1>Boat<p>{LONG * 4}</p><p>{LONG}</p>", URL).blocks
    assert [b.heading for b in blocks] == [1, 0, 0]
    assert blocks[0].text == "Boat"


def _teaser(number: int, text: str = "") -> str:
    page = f"/a/other-{number}.html"
    return (
        f"<div class='item'><h4><a href='{page}'>Another paper toy, number {number}</a></h4>"
        f"<a href='{page}'><img src='t{number}.jpg'></a><p>{text}</p></div>"
    )


def _images(html: str) -> list[str]:
    return [b.ref.rpartition("/")[2] for b in parse_html(html, URL).blocks if b.ref]


STEP = f"<p>{LONG * 3}</p><a href='big.jpg'><img src='1.jpg'></a><p>{LONG * 3}</p>"


def test_teasers_of_other_pages_go_and_their_text_with_them() -> None:
    html = f"<main><article>{STEP}{_teaser(1, 'Fold it, too.')}{_teaser(2, 'And this.')}</article></main>"
    assert _images(html) == ["1.jpg"]
    assert not any("too" in part.get("text", "") for part in extract_parts(html, URL))


def test_a_page_of_teasers_alone_keeps_them() -> None:
    html = f"<main><div>{''.join(_teaser(n, LONG) for n in range(1, 6))}</div></main>"
    assert _images(html) == [f"t{n}.jpg" for n in range(1, 6)]


def test_pictures_that_link_to_themselves_or_to_other_sites_are_no_teasers() -> None:
    photo = "<p><a href='https://photos.example.net/7'><img src='2.jpg'></a> <a href='https://photos.example.net/7'>{}</a></p>"
    credits = [photo.format(f"A boat on the pond, photograph {n}") for n in range(2)]
    assert _images(f"<main><article>{STEP}{''.join(credits)}</article></main>") == ["1.jpg", "2.jpg", "2.jpg"]


def test_a_link_kept_from_readers_repeats_another() -> None:
    html = f"<main><article>{STEP}<a href='/x' aria-hidden='true' tabindex='-1'><img src='x.jpg'></a></article></main>"
    assert _images(html) == ["1.jpg"]


def test_a_figure_is_content_whatever_its_frame_is_called() -> None:
    html = f"<main><article>{STEP}<figure><div class='modal-share'><img src='2.jpg'></div></figure></article></main>"
    assert _images(html) == ["1.jpg", "2.jpg"]


def test_a_folder_of_adverts_holds_no_content() -> None:
    assert _images(f"<main><article>{STEP}<p><img src='/img/site_ads/a.png'></p></article></main>") == ["1.jpg"]


@pytest.mark.parametrize(
    ("html", "error"),
    [
        ("a b " * 6000 + f"<p>{LONG}</p>", ""),
        (f"<p>{'word ' * 12000}</p>", ""),
        (f"<p>{LONG}</p><script>{'a = 1; ' * 12000}</script>", ""),
        (f"<p>{LONG}</p><{'1 ' * 12000}", ""),
        (f"<p>{LONG}</p><div {'a ' * 12000}>", "too_many_attributes"),
    ],
)
def test_only_tags_are_too_long(html: str, error: str) -> None:
    assert parse_html(html, URL).error == error


def test_of_a_figure_drawn_for_several_screens_the_widest_is_taken() -> None:
    boards = [
        "<div data-min-width='600'><img data-src='wide.png'></div>",
        "<div data-min-width='300' data-max-width='599'><img data-src='narrow.png'></div>",
    ]
    for figure in ("".join(boards), "".join(reversed(boards))):
        assert _images(f"<main><article>{STEP}<div>{figure}</div></article></main>") == ["1.jpg", "wide.png"]
    alone = "<div data-max-width='599'><img data-src='narrow.png'></div><div><img src='2.jpg'></div>"
    assert _images(f"<main><article>{STEP}<div>{alone}</div></article></main>") == ["1.jpg", "narrow.png", "2.jpg"]


def test_a_reversed_list_counts_down() -> None:
    blocks = parse_html(f"<main><p>{LONG}</p><ol reversed><li>Go<li>Set<li>Ready</ol></main>", "").blocks
    assert [block.text for block in blocks[1:]] == ["3. Go", "2. Set", "1. Ready"]


@pytest.mark.parametrize(
    ("markup", "shown"),
    [
        ("<p>Press <img src='save.svg' class='icon' alt='Save'> to go on.</p>", ["save.svg"]),
        ("<p><img src='save.svg' class='icon' alt='Save'></p>", []),
        ("<table><tr><th>Key</th><th>Use</th></tr><tr><td><img src='a.png' width=24 height=24><td>Go</table>",
         ["a.png"]),
    ],
)  # fmt: skip
def test_small_pictures(markup: str, shown: list[str]) -> None:
    parts = extract_parts(f"<main><p>{LONG * 3}</p>{markup}<p>{LONG * 3}</p></main>", URL)
    assert [part["url"].rpartition("/")[2] for part in parts if part["type"] == "image"] == shown


def test_the_name_of_an_icon_in_a_font_is_no_word() -> None:
    icon = "<span class='material-icons'>more_vert</span>"
    blocks = parse_html(f"<main><p>{LONG}</p><p>Press {icon} to go on.</p></main>", URL).blocks
    assert blocks[-1].text == "Press to go on."
