from __future__ import annotations

import pytest
from made.pages import LONG
from selectolax.lexbor import LexborHTMLParser

from leafinstruct.harvest.html.imagerefs import image_refs
from leafinstruct.harvest.html.media import is_shown
from leafinstruct.harvest.html.page import dropped_images, parse_html


def candidates(markup: str) -> str:
    """Candidates of an image in order, the one it is known by in brackets."""
    node = LexborHTMLParser(markup).css_first("img")
    assert node is not None
    refs = image_refs(node, node.attributes)
    return " ".join((*refs.larger, f"[{refs.ref}]", *refs.others))


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<img src=a.png>", "[a.png]"),
        ("<img src=a.png alt='see b.png' class=x>", "[a.png]"),
        ("<img src=s srcset='m 500w, l 900w, t 150w'>", "l m [s] t"),
        ("<img src=s width=600 srcset='m 500w, l 900w, t 150w'>", "l [s] m t"),
        ("<img src=m srcset='m 500w, l 900w, t 450w'>", "l [m] t"),
        ("<img src=s srcset='m 1.5x, l 2x'>", "l m [s]"),
        ("<img srcset='m 500w, l 900w'>", "[l] m"),
        ("<img src=s.png data-src=l.png>", "[l.png] s.png"),
        ("<img src=/lazy.gif data-src=l.png>", "[l.png]"),
        ("<img src='data:image/gif;base64,R0' data-src=l.png>", "[l.png]"),
        ("<img src=s.png data-src=l.png data-original=o.png srcset='w 800w'>", "w [l.png] o.png s.png"),
        ("<img src=s.png data-lazy=true>", "[s.png]"),
        ('<img src=s.png data-src=\'{"a": "b.png"}\'>', "[s.png]"),
        ("<img src=s srcset='m 300w 200h, l 600.5w 400h,\n data:image/png;base64,AA== 900w'>", "l [s] m"),
        ("<img srcset='w_400,h_300/a.jpg 400w, w_800,h_600/a.jpg 800w'>", "[w_800,h_600/a.jpg] w_400,h_300/a.jpg"),
        ("<img src='about:blank' data-url=l.png>", "[l.png]"),
        ("<img src='/js/spinner.gif' data-src=l.png>", "[l.png]"),
        # attributes that no list names
        ("<img src=s.png data-large-file=l.png data-low-res=t.png>", "[s.png] l.png"),
        ("<img src=blank.gif data-my-loader=/l.webp?w=9>", "[/l.webp?w=9]"),
        ("<img class=x file=l.jpg>", "[l.jpg]"),
        ("<img src=blank.gif data-any-set='m.png 500w, l.png 900w'>", "[l.png] m.png"),
        # sources, the first that fits first
        ("<picture><source srcset='w 600w, x 1200w'><img src=s srcset='j 600w'></picture>", "x w j [s]"),
        ("<picture><source media='(max-width:480px)' srcset=m><source srcset=l><img src=s></picture>", "l [s] m"),
        (
            "<picture><source media='(min-width:900px)' srcset=l><source media='(min-width:400px)' srcset='m 2x'>"
            "<img data-src=s.png></picture>",
            "l m [s.png]",
        ),
        ("<picture><source media='(prefers-color-scheme: dark)' srcset='d 2000w'><img src=s></picture>", "[s] d"),
        ("<picture><source media=print srcset=p><img src=s></picture>", "[s] p"),
        ("<picture><source type='image/svg+xml' srcset=v><img src=s></picture>", "[s] v"),
        ("<picture><source data-srcset=l><img src='data:image/gif;base64,R0'></picture>", "[l]"),
        ("<picture><source media='(max-width:480px)' srcset=m><img></picture>", "[m]"),
        # the picture of a thumbnail
        ("<a href=whole.jpg><img src=thumb.jpg></a>", "[thumb.jpg] whole.jpg"),
        ("<a href=page.html><img src=thumb.jpg></a>", "[thumb.jpg]"),
        ("<a href=whole.jpg><picture><source srcset=m><img src=thumb.jpg></picture></a>", "m [thumb.jpg] whole.jpg"),
    ],
)
def test_candidates_in_order_of_preference(markup: str, expected: str) -> None:
    assert candidates(markup) == expected


@pytest.mark.parametrize(
    ("media", "shown"),
    [
        ("", True),
        ("all", True),
        ("screen", True),
        ("only screen and (min-width: 600px)", True),
        ("(min-width: 100em)", False),
        ("(max-width: 47.9375rem)", False),
        ("(width >= 600px)", True),
        ("(width < 600px)", False),
        ("(400px <= width <= 700px)", False),
        ("(max-width: 400px), (min-width: 1200px)", True),
        ("(orientation: portrait)", False),
        ("(prefers-color-scheme: dark)", False),
        ("(prefers-color-scheme:light)", True),
        ("not all and (prefers-color-scheme: dark)", True),
        ("(prefers-reduced-motion: reduce)", False),
        ("print", False),
        ("not print", True),
        ("(-webkit-min-device-pixel-ratio: 2)", False),
        ("(min-resolution: 2dppx)", False),
        ("(max-width: 400px) or (hover: hover)", True),
        ("(some-future-feature)", True),
    ],
)
def test_sources_for_a_wide_light_screen(media: str, shown: bool) -> None:
    assert is_shown(media) is shown


@pytest.mark.parametrize(
    "dark",
    [
        "<img src='dark.png#gh-dark-mode-only'>",
        "<img src='dark.png#only-dark'>",
        "<img src='dark.png' class='img only-dark'>",
        "<img src='dark.png' class='hidden dark:block'>",
    ],
)
def test_of_an_image_for_light_and_one_for_dark_screens_the_light_one_stays(dark: str) -> None:
    html = f"<article><p>{LONG}</p>{dark}<img src='light.png' class='block dark:hidden'><p>{LONG}</p></article>"
    page = parse_html(html, "https://e.org/")
    assert [b.ref for b in page.blocks if b.ref] == ["https://e.org/light.png"]
    assert [reason for _, reason in dropped_images(html, "https://e.org/", page)] == ["dark_variant"]


def test_backslashes_are_slashes_as_in_browsers() -> None:
    html = f"<article><p>{LONG}</p><img src='img\\a.png?x=\\b' srcset='img\\l.png 900w'><p>{LONG}</p></article>"
    (image,) = [b for b in parse_html(html, "https://e.org/p/").blocks if b.ref]
    assert image.candidates == ("https://e.org/p/img/l.png", "https://e.org/p/img/a.png?x=\\b")
