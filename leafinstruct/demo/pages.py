"""Web pages of the bundled sample: articles inside the boilerplate of seven invented sites, in three kinds of
layout."""

from __future__ import annotations

import html
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt

from leafinstruct.demo.draw import draw
from leafinstruct.demo.plant import Piece
from leafinstruct.demo.warc import Response

_CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"
_BLANK = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
_AD = "https://ads.example.net/banner/468x60.png"


@dataclass(frozen=True)
class Site:
    """One site's boilerplate; `layout` is `article`, `divs` or `table`, `images` the host of its images."""

    host: str
    name: str
    layout: str
    folder: str
    images: str
    menu: tuple[str, ...]
    cookie: str
    footer: str
    related: str
    icon: str


SITES = {
    "kitchen-table": Site(
        "www.kitchen-table.example.org", "The Kitchen Table", "article", "/stories", "img.kitchen-table.example.org",
        ("Recipes", "Basics", "Season", "Letters"),
        "This site sets two cookies: one remembers your portions, the other counts visits.",
        "Written at a real kitchen table since 2009.", "More from the stove", "lens"),
    "tinker": Site("tinker.example.com", "Tinker's Shed", "divs", "/howto", "tinker.example.com",
        ("Bicycles", "Engines", "Wires", "Wood", "Forum"),
        "Cookies? Only those that keep you logged in. Fine / Tell me more",
        "Wear goggles. We are not responsible for your thumbs.", "Other jobs for a rainy day", "gear"),
    "moggy": Site("moggy.example.net", "Moggy Magazine", "article", "/cats", "moggy.example.net",
        ("Health", "Behaviour", "Kittens", "Shelter"),
        "We would like to measure which cats are most popular. Accept or decline.",
        "Moggy is published by volunteers of a small shelter.", "Readers also purred at", "play"),
    "nightwatch": Site("nightwatch.example.org", "Nightwatch", "table", "/observing", "media.nightwatch.example.org",
        ("Tonight", "Planets", "Deep sky", "Spaceflight"), "No tracking here, except of satellites.",
        "Clear skies to all members of the society.", "Earlier observing notes", "arrow"),
    "classroom": Site("classroom.example.org", "Room 12", "divs", "/lessons", "classroom.example.org",
        ("Lessons", "Worksheets", "Parents", "Staff"), "The school uses necessary cookies only.",
        "Room 12, second floor, past the aquarium.", "Lessons that go well with this", "save"),
    "coinbox": Site("coinbox.example.com", "Coinbox", "table", "/guide", "static.coinbox.example.com",
        ("Ancient", "Medieval", "Modern", "Fairs", "Shop"),
        "Prices are shown in your currency with the help of a cookie.",
        "Coinbox does not value coins by telephone.", "Collectors read next", "lens"),
    "lens-and-light": Site("lens-and-light.example.net", "Lens & Light", "article", "/journal", "cdn.example.com",
        ("Journal", "Workshops", "Gallery", "Gear"), "Choose which cookies may look over your shoulder.",
        "All pictures by the authors unless stated.", "From the same drawer", "bin"),
}  # fmt: skip


def page_url(place: str, slug: str) -> str:
    site = SITES[place]
    return f"https://{site.host}{site.folder}/{slug}" + ("/" if site.layout == "article" else ".html")


def suffix(data: bytes | None) -> str:
    """File name ending by signature; `.jpg` for anything but an image, because a broken file keeps its name."""
    if (data or b"").startswith(b"\x89PNG"):
        return ".png"
    return ".gif" if (data or b"").startswith(b"GIF8") else ".jpg"


def _image(site: Site, slug: str, number: int, piece: Piece) -> tuple[str, list[Response]]:
    """The `img` element and its WARC records: plain, relative, lazy, srcset or through a redirect."""
    name = f"{slug}-{number}{suffix(piece.data)}"
    path = f"/media/{name}"
    url = f"https://{site.images}{path}"
    way = zlib.crc32(url.encode()) % 5
    records = []
    if piece.data is not None:
        kind = {".png": "image/png", ".gif": "image/gif", ".jpg": "image/jpeg"}[suffix(piece.data)]
        records.append(Response(url, kind, piece.data))
    if way == 1 and site.images == site.host:
        source = f'src="../media/{name}"' if site.layout != "article" else f'src="../../media/{name}"'
    elif way == 2:
        source = f'class="lazy" src="{_BLANK}" data-src="{url}"'
    elif way == 3:
        source = f'srcset="https://{site.images}/thumb/{name} 120w, {url} 960w" sizes="100vw"'
    elif way == 4:
        source = f'src="https://{site.host}/r/{slug}/{number}"'
        records.append(Response(f"https://{site.host}/r/{slug}/{number}", "text/html", b"", 302, url))
    else:
        source = f'src="{url}"'
    tag = f'<img {source} alt="{html.escape(piece.alt)}">'
    caption = f"<figcaption>{html.escape(piece.caption)}</figcaption>" if piece.caption else ""
    return (f"<figure>{tag}{caption}</figure>" if caption or way % 2 else f"<p>{tag}</p>"), records


def _list(names: Sequence[str], tag: str = "li") -> str:
    return "".join(
        f'<{tag}><a href="/{name.lower().replace(" ", "-")}/">{html.escape(name)}</a></{tag}>' for name in names
    )


def _layout(site: Site, title: str, article: str, related: Sequence[tuple[str, str]]) -> str:
    logo = f'<a href="/"><img src="/assets/logo.png" alt="{html.escape(site.name)}" width="48" height="48"></a>'
    links = "".join(f'<li><a href="{url}">{html.escape(name)}</a></li>' for url, name in related)
    share = "".join(
        f'<a class="share" href="https://{x}.example.com/share">{x.title()}</a> ' for x in ("chirp", "pinwall", "mail")
    )
    advert = f'<a href="https://ads.example.net/go"><img src="{_AD}" alt="Advertisement"></a>'
    heading, footer = (
        f"<h1>{html.escape(title)}</h1>",
        f'{html.escape(site.footer)} <a rel="license" href="{_CC0}">CC0 1.0</a>',
    )
    if site.layout == "article":
        return (
            f"<header>{logo}<nav><ul>{_list(site.menu)}</ul></nav></header><main><article>{heading}{article}</article>"
            f'<div class="share-bar">{share}</div></main><aside><h2>{site.related}</h2><ul>{links}</ul>{advert}</aside>'
            f"<footer><p>{footer}</p></footer>"
            f'<div id="cookie-notice" role="dialog"><p>{site.cookie}</p><button>OK</button></div>'
        )
    if site.layout == "divs":
        return (
            f'<div class="topbar">{logo}<ul class="menu">{_list(site.menu)}</ul>'
            '<form><input name="q"><button>Search</button></form></div>'
            f'<div class="cookie-banner">{site.cookie}</div><div id="wrap"><div id="content" class="post">{heading}'
            f'<div class="entry">{article}</div><div class="social">{share}</div></div>'
            f'<div id="sidebar"><h3>{site.related}</h3><ul>{links}</ul>{advert}</div></div>'
            f'<div id="footer">{footer}</div>'
        )
    return (
        f'<table width="100%"><tr><td colspan="2">{logo} {_list(site.menu, "span")}</td></tr><tr>'
        f'<td class="left"><b>{site.related}</b><ul>{links}</ul>{advert}</td>'
        f'<td class="main">{heading}{article}<p>{share}</p></td></tr>'
        f'<tr><td colspan="2"><small>{footer}<br>{site.cookie}</small></td></tr></table>'
    )


def make_page(
    place: str,
    slug: str,
    title: str,
    topic: str,
    language: str,
    pieces: Sequence[Piece],
    related: Sequence[tuple[str, str]],
) -> tuple[Response, list[Response]]:
    """The HTML record of a page, and the records of its images and redirects; `related` are (url, title) of links."""
    site, markdown, number = SITES[place], MarkdownIt(), 0
    body, records = [], []
    for piece in pieces:
        if piece.is_image:
            number += 1
            tag, behind = _image(site, slug, number, piece)
            body.append(tag)
            records += behind
        elif piece.heading:
            body.append(f"<h{piece.heading}>{html.escape(piece.text)}</h{piece.heading}>")
        else:
            body.append(markdown.render(piece.text))
    head = (
        f'<meta charset="utf-8"><title>{html.escape(title)} - {html.escape(site.name)}</title>'
        f'<meta property="og:title" content="{html.escape(title)}"><meta property="article:section" content="{topic}">'
        f'<link rel="license" href="{_CC0}"><link rel="canonical" href="{page_url(place, slug)}">'
        "<script>window.stats = {page: 1};</script><style>.lazy { opacity: 0 }</style>"
    )
    shown = _layout(site, title, "".join(body), related)
    text = f'<!DOCTYPE html>\n<html lang="{language}"><head>{head}</head>\n<body>{shown}</body></html>\n'
    return Response(page_url(place, slug), "text/html; charset=utf-8", text.encode()), records


def boilerplate() -> list[Response]:
    """The images on every page: one logo per site, one banner for all of them."""
    logos = [
        Response(
            f"https://{site.host}/assets/logo.png", "image/png", draw(f"icon?kind={site.icon}&size={48 + i}&format=png")
        )
        for i, site in enumerate(SITES.values())
    ]
    return [*logos, Response(_AD, "image/png", draw("bars?values=1,2,3,5,8&size=468x60&format=png"))]
