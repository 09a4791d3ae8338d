"""Jupyter notebooks to a page: text, code with its language, and what the code put out, images among it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any
from urllib.parse import quote, unquote

from leafinstruct.harvest.bounds import OUT_OF_MEMORY
from leafinstruct.harvest.formats.around import NOWHERE, Around
from leafinstruct.harvest.formats.dialects import chunks, kinds, knitr
from leafinstruct.harvest.formats.dialects.lowering import lowered
from leafinstruct.harvest.formats.dialects.page import Dialect, dialect_of
from leafinstruct.harvest.formats.markdown import page_of, render
from leafinstruct.harvest.html.flow import Page
from leafinstruct.harvest.metadata import split_front_matter

IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml", "image/bmp", "image/tiff")
HIDDEN = frozenset(("remove-cell", "remove_cell"))
NO_INPUT = frozenset(("remove-input", "remove_input", "remove-cell-source"))
NO_OUTPUT = frozenset(("remove-output", "remove_output"))
MAGIC = re.compile(r"\A\s*%%(\w+)[^\n]*\n")
OF_MAGIC = {
    "bash": "bash", "sh": "bash", "html": "html", "javascript": "javascript", "js": "javascript", "latex": "latex",
    "sql": "sql", "R": "r", "writefile": "", "perl": "perl", "ruby": "ruby", "markdown": "markdown",
    "cython": "cython",
}  # fmt: skip
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
ATTACHED = re.compile(r"attachment:([^)\s\"'<>]+)")
NOT_EXPORTED = re.compile(r"\s*#[ ]?\|?[ ]?(?:hide|remove_cell|remove-cell|exporti?_?hide)[ \t]*(?:\n|\Z)")
"""The comment of nbdev and fastpages at the top of a cell that their sites do not show."""
LONGEST = 5000
"""Characters of text that code put out: more is data, and readers scroll past it."""
FIGURE = re.compile(
    r"\s*<[\w.]*(?:Figure|Axes|AxesSubplot|AxesImage|Line2D|Text|object|IPython\.core\.display)\b[^\n]*>\s*\Z"
)


def parse_notebook(text: str, links: str | None = None, around: Around = NOWHERE) -> Page:
    """Blocks and title of a notebook of any version of the format, with its links as in `walk`. A file that is none has
    the error `broken_notebook`."""
    import nbformat

    try:
        book = nbformat.convert(nbformat.reader.reads(text), 4)
        cells = [cell for cell in book["cells"] if isinstance(cell, dict)]
        language = _language(book.get("metadata", {}))
    except OUT_OF_MEMORY:
        raise
    except Exception:  # nbformat raises many kinds on what is no notebook
        return Page(error="broken_notebook")
    front: dict[str, Any] = {}
    texts = "\n\n".join(_source(cell) for cell in cells if cell.get("cell_type") == "markdown")
    dialect = dialect_of(texts, "notebook.ipynb", around)
    dialect.render = render
    pieces: list[str] = []
    for number, cell in enumerate(cells, 1):
        if number == 1 and cell.get("cell_type") in ("raw", "markdown"):
            front, body = split_front_matter(_source(cell))
            cell = {**cell, "source": body} if front else cell
        pieces += _cell(cell, number, language, dialect)
    page = page_of("\n".join(pieces), front, links)
    page.images = dialect.images
    return page


def _language(metadata: Mapping[str, Any]) -> str:
    for key, name in (("language_info", "name"), ("kernelspec", "language")):
        about = metadata.get(key)
        if isinstance(about, dict) and isinstance(about.get(name), str):
            return str(about[name]).lower()
    return ""


def _language_of_cell(about: Any) -> str:
    """The language that a cell alone has."""
    for key, name in (
        ("vscode", "languageId"), ("polyglot_notebook", "kernelName"), ("dotnet_interactive", "language"),
        ("sos", "kernel"),
    ):  # fmt: skip
        stated = about.get(key) if isinstance(about, dict) else None
        if isinstance(stated, dict) and isinstance(stated.get(name), str):
            return str(stated[name]).lower()
    return ""


def _source(value: Mapping[str, Any], key: str = "source") -> str:
    source = value.get(key) or ""
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def _cell(cell: Mapping[str, Any], number: int, language: str, dialect: Dialect) -> Iterator[str]:
    kind = cell.get("cell_type")
    about = cell.get("metadata")
    tags = set(map(str, about.get("tags") or ())) if isinstance(about, dict) else set[str]()
    if tags & HIDDEN:
        return
    source = _source(cell)
    if kind == "code" and NOT_EXPORTED.match(source):
        return
    if kind == "markdown":
        source = ATTACHED.sub(lambda found: _attached(cell, unquote(found[1]), number, dialect), source)
        yield f"<div>\n{lowered(render(source, dialect), dialect)}\n</div>"
    elif kind == "code":
        hidden = isinstance(about, dict) and bool((about.get("jupyter") or {}).get("source_hidden"))
        if not (tags & NO_INPUT or hidden):
            yield _code(source, _language_of_cell(about) or language, dialect)
        options, _ = knitr.options_of("", source) if "|" in source[:200] else ({}, "")
        captions = options.get("fig-subcap") or options.get("fig-cap") or []
        outputs = cell.get("outputs") if not tags & NO_OUTPUT else None
        for count, output in enumerate(outputs if isinstance(outputs, list) else (), 1):
            if isinstance(output, dict):
                shown = _output(output, f"cell-{number}/output-{count}", dialect)
                if captions and shown.startswith("\n<img"):
                    caption = captions.pop(0) if len(captions) > 1 else captions[0]
                    shown = f"\n<figure>{shown.strip()}<figcaption>{escape(caption)}</figcaption></figure>\n"
                yield shown
    elif kind == "raw" and isinstance(about, dict):
        stated = str(about.get("raw_mimetype") or about.get("format") or "")
        if "markdown" in stated:
            yield f"<div>\n{lowered(render(source, dialect), dialect)}\n</div>"
        elif "html" in stated:
            yield f"<div>\n{source}\n</div>"


def _code(source: str, language: str, dialect: Dialect) -> str:
    if magic := MAGIC.match(source):
        named = OF_MAGIC.get(magic[1])
        if named is not None:
            return chunks.code(source[magic.end() :].strip("\n"), named)
    return (
        lowered(knitr.shown(language or "python", "eval=FALSE", source, dialect), dialect)
        if "|" in source[:200]
        else chunks.code(source.strip("\n"), language)
    )


def _attached(cell: Mapping[str, Any], name: str, number: int, dialect: Dialect) -> str:
    """A reference to an attached image, whose bytes are kept."""
    attachments = cell.get("attachments")
    bundle = attachments.get(name) if isinstance(attachments, dict) else None
    ref = f"cell-{number}/{quote(name)}"
    if isinstance(bundle, dict):
        _keep(bundle, ref, dialect)
    return ref


def _keep(bundle: Mapping[str, Any], ref: str, dialect: Dialect) -> bool:
    """Keep the bytes of an image under a reference; False if the bundle has none."""
    for kind in IMAGES:
        if kind in bundle:
            data = _source(bundle, kind)
            try:
                dialect.images[ref] = (
                    data.encode() if kind == "image/svg+xml" else base64.b64decode("".join(data.split()), validate=True)
                )
            except (binascii.Error, ValueError):
                dialect.images[ref] = b""
            return True
    return False


def _output(output: Mapping[str, Any], ref: str, dialect: Dialect) -> str:
    """What a notebook's page shows of an output: an image, else HTML, a formula, Markdown, or text."""
    kind, data = output.get("output_type"), output.get("data")
    if kind == "stream":
        return _text(_source(output, "text")) if output.get("name", "stdout") == "stdout" else ""
    if kind == "error":
        return _text(f"{output.get('ename', '')}: {output.get('evalue', '')}")
    if not isinstance(data, dict):
        return ""
    if _keep(data, ref, dialect):
        return f'\n<img src="{escape(ref)}">\n'
    if html := _source(data, "text/html"):
        return f"\n<div>{kinds.body_of(html)}</div>\n" if len(html) <= 10 * LONGEST else ""
    if markdown := _source(data, "text/markdown"):
        return f"<div>\n{lowered(render(markdown, dialect), dialect)}\n</div>"
    if tex := _source(data, "text/latex"):
        return f'<p><span class="math display">{escape(tex.strip().strip("$"))}</span></p>\n'
    text = _source(data, "text/plain")
    return "" if FIGURE.match(text) else _text(text)


def _text(text: str) -> str:
    text = ANSI.sub("", text).strip("\n")
    return chunks.code(text, "") if len(text) <= LONGEST else ""
