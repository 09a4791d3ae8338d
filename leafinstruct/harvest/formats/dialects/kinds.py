"""What a tag is: by its name, whoever wrote it, and which of its attributes a reader sees."""

from __future__ import annotations

import re
from collections.abc import Mapping

from leafinstruct.harvest.formats.dialects import javascript
from leafinstruct.harvest.formats.dialects.tag import Tag

_KINDS = {
    "silent": """
        head toctree contents tableofcontents table-of-contents toc toc-inline tocinline index meta bibliography
        footbibliography currentmodule module highlightlang tabularcolumns sectionauthor codeauthor doccardlist
        googleadsense listing-index script style comment iframe youtube vimeo video audio youtubeembed
        lite-youtube reactplayer codepen codesandbox stackblitz gist tweet spacer divider icon fontawesomeicon
        faicon fa octicon mailchimp feedback rating copybutton copy-button seo helmet articlemeta param rss
        adsense disqus giscus comments embed
    """,
    "include": "include includemarkdown include-markdown includefile mdinclude readfile readmd markdownfile",
    "read": "literalinclude code-include codesnippet-file embedcode",
    "code": """
        codeblock code code-block sourcecode highlight codehighlight codesnippet codefence prism snippet-code livecodes
        shiki syntaxhighlighter terminal-code liveeditor dynamiccode expressivecode mermaid
    """,
    "figure": "figure figure-md imgfigure imagewithcaption captionedimage figureimage imagefigure frame imgproc ",
    "image": """
        image img themedimage idealimage zoomimage imagezoom responsiveimage lightbox screenshot picture
        thumbnail staticimage gatsbyimage nextimage photo resized-image optimizedimage docsimage docimage
    """,
    "steps": "steps stepper verticalstepper steplist procedure",
    "step": "step stepperstep step-item stepitem",
    "tab": """
        tab tabitem tab-item tab-pane tabpane tabpanel codegroupitem code-group-item tab_item codetab md-tab contenttab
        codetabs-item platformtab
    """,
    "literal": "literal",
}
KINDS = {name: kind for kind, names in _KINDS.items() for name in names.split()}
LABELED = frozenset(("tabs", "tabgroup", "codegroup", "tabset", "codetabs"))
TITLES = (
    "title", "label", "header", "heading", "summary", "question", "tabTitle", "tab-title", "tabName", "headline",
    "text", "filename", "fileName", "file-name", "data-title",
)  # fmt: skip
_NAMED = """
    tab tabs.tab file folder filetree.file filetree.folder tree.file tree.folder step responsefield
    paramfield option prop field
"""
NAMED = frozenset(_NAMED.split())
"""Tags that are called by their `name`."""
PARAMETERS = ("path", "query", "body", "header")
"""Of a request: where each is, and so the attribute that names it."""
MORE = ("subtitle", "subheader", "description", "body", "tagline", "excerpt", "answer", "footer", "caption")
OF_IMAGE = (
    "src", "img", "image", "url", "source", "sources", "light", "lightSrc", "srcLight", "lightImage", "imageSrc",
    "imgSrc", "image_src", "path", "file", "link", "href", "lightbox", "screenshot", "picture", "images",
)  # fmt: skip
SURE = frozenset(
    (
        "img",
        "image",
        "src",
        "sources",
        "lightSrc",
        "srcLight",
        "light",
        "imageSrc",
        "imgSrc",
        "image_src",
        "screenshot",
        "picture",
    )
)
"""Attributes that name an image whatever the tag; others do in tags for images."""
NOT_SHOWN = re.compile(
    r"icon|logo|dark|avatar|poster|href|link|^to$|url|download|class|style|alt|title|text", re.IGNORECASE
)
"""Of attributes with a name of an image: those that lead elsewhere, decorate, or have words."""
CAPTIONS = ("caption", "figcaption", "data-caption", "legend", "title")
_ADMONITIONS = """
    note tip warning caution danger important info hint attention error seealso success failure bug example
    quote question abstract todo summary check aside callout admonition versionadded
"""
ADMONITIONS = frozenset(_ADMONITIONS.split())
TEXT_FILE = re.compile(r"\.(?:mdx?|markdown|qmd|rmd)(?:\?.*)?$", re.IGNORECASE)
SUFFIX = re.compile(r"\.(\w{1,10})$")
LANGUAGES = {
    "py": "python",
    "js": "javascript",
    "ts": "typescript",
    "rb": "ruby",
    "rs": "rust",
    "sh": "bash",
    "yml": "yaml",
}
BODY = re.compile(r"<body[^<>]*>(.*?)</body>", re.IGNORECASE | re.DOTALL)


def kind_of(name: str) -> str:
    """One of the keys above; "" for any other box."""
    lower = name.lower().removeprefix("x-")
    return KINDS.get(lower) or KINDS.get(lower.rpartition(".")[2]) or KINDS.get(lower.replace("-", ""), "")


def words(tag: Tag, kind: str, names: Mapping[str, str]) -> tuple[str, list[str]]:
    """The title of a tag, and the paragraphs in its attributes."""
    lower = tag.name.lower()
    keys = (*TITLES, "name") if lower in NAMED or kind in ("tab", "step") else TITLES
    keys = (*keys, *PARAMETERS) if lower == "paramfield" else keys
    title = next((text for key in keys if (text := without_tags(tag.text(key, names)))), "")
    if not title and "title" in tag.expressions:  # JSX: its words
        title = without_tags(" ".join(tag.expressions["title"].split())) if "<" in tag.expressions["title"] else ""
    if not title and "x-" not in lower[:2] and lower.rpartition(".")[2] in ("callout", "aside", "admonition"):
        title = tag.text("type", names).capitalize()
    if not title and lower in ADMONITIONS:
        title = lower.capitalize()
    return title, [text for key in MORE if (key not in keys) and (text := without_tags(tag.text(key, names)))]


def without_tags(text: str) -> str:
    return " ".join(re.sub(r"</?[A-Za-z][^<>]*>|[<>{}]", " ", text).split()) if "<" in text else text


def image_of(tag: Tag, kind: str, names: Mapping[str, str]) -> str:
    """The path of the image that a tag shows; "" if it shows none."""
    for key in OF_IMAGE:
        if key not in SURE and kind not in ("image", "figure"):
            continue
        path = tag.attributes.get(key, "").strip()
        if key in tag.expressions:
            path = javascript.image(tag.expressions[key], names) or tag.text(key, names)
            if not path and kind == "image" and key == "src":  # unknown, and said to be missing
                path = "{" + " ".join(tag.expressions[key].split())[:200] + "}"
        sure = kind in ("image", "figure") and key in SURE
        if path and (sure or javascript.is_image(path)):
            return path
    return _of_component(tag, names)


def _of_component(tag: Tag, names: Mapping[str, str]) -> str:
    """The image that a project's own component names in an attribute of its own."""
    stated = {**tag.attributes, **{key: javascript.image(value, names) for key, value in tag.expressions.items()}}
    return next(
        (
            path.strip()
            for key, path in stated.items()
            if key not in OF_IMAGE and not NOT_SHOWN.search(key) and javascript.is_image(path.strip())
        ),
        "",
    )


def caption(tag: Tag, kind: str, names: Mapping[str, str]) -> str:
    keys = CAPTIONS if kind in ("figure", "image") else CAPTIONS[:-1]
    found = next((text for key in keys if (text := tag.text(key, names))), "")
    return "" if found.lower() in ("true", "false") else without_tags(found)


def path(tag: Tag, names: Mapping[str, str]) -> str:
    """The path of the file that a tag reads."""
    return next((text for key in ("src", "file", "path", "name", "href") if (text := tag.text(key, names))), "")


def is_text_file(name: str) -> bool:
    return TEXT_FILE.search(name) is not None


def is_text(name: str) -> bool:
    """Whether a file is shown as text, and not as code."""
    return is_text_file(name) or "." not in name.rpartition("/")[2] or name.lower().endswith((".txt", ".html", ".htm"))


def language_of_path(name: str) -> str:
    ending = SUFFIX.search(name.lower())
    return LANGUAGES.get(ending[1], ending[1]) if ending else ""


def body_of(html: str) -> str:
    found = BODY.search(html)
    return found[1] if found else html
