"""Pictures that no <img> of their own shows."""

from __future__ import annotations

import pytest
from made.pages import LONG, URL

from leafinstruct.harvest.html.page import parse_html


def addresses(markup: str, whole: bool = False) -> list[str]:
    page = parse_html(f"<main><p>{LONG * 3}</p>{markup}<p>{LONG * 3}</p></main>", URL, whole=whole)
    return [block.ref.rpartition("/")[2] for block in page.blocks if block.ref]


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(
    ("markup", "shown"),
    [
        ("<div style=\"color:red;background-image: url('a.jpg')\"></div>", ["a.jpg"]),
        ("<figure><div style='background: #fff url(a.jpg) no-repeat'></div><figcaption>Bow</figcaption></figure>",
         ["a.jpg"]),
        ("<a class='lazy' data-bg='url(a.jpg)' href='b.html'></a>", ["a.jpg"]),
        ("<div style='background-image:url(a.jpg)'><p>Words on it.</p></div>", []),
        ("<div style='background-image:url(a.jpg)'><img src='b.jpg'></div>", ["b.jpg"]),
        ("<span style='background:url(a.png);width:16px;height:16px'></span>", []),
        ("<div style='background-image:url(data:image/gif;base64,R0)'></div>", []),
        ("<object data='a.png' type='image/png'>No picture?</object>", ["a.png"]),
        ("<object data='a.svg' type='image/svg+xml'><img src='a.png'>No picture?</object>", ["a.png"]),
        ("<button class='lightbox'><img src='a.jpg'></button>", ["a.jpg"]),
        ("<button><img src='a.jpg' width='600'>Larger</button>", ["a.jpg"]),
        ("<button>Like<img src='heart.png'></button>", []),
        ("<noscript>&lt;img src='a.jpg'&gt;</noscript>", ["a.jpg"]),
        ("<div><div class='slide slick-cloned' aria-hidden='true'><img src='b.jpg'></div><div class='slide'>"
         "<img src='a.jpg'></div><div class='slide'><img src='b.jpg'></div></div>", ["a.jpg", "b.jpg"]),
        ("<img src='a_300.jpg' data-src='a_{width}.jpg'>", ["a_300.jpg"]),
    ],
)  # fmt: skip
def test_pictures(markup: str, shown: list[str], whole: bool) -> None:
    assert addresses(markup, whole) == shown


def test_what_stands_for_a_picture_that_is_not_shown_is_no_text() -> None:
    page = parse_html(f"<main><p>{LONG}</p><object data='a.png' type='image/png'>None</object></main>", URL)
    assert [block.text for block in page.blocks if not block.ref] == [LONG.strip()]
