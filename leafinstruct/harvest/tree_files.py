"""Which files of a tree are documents, and why the others that look like some are not."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser

from leafinstruct.harvest.files import read_regular

MARKDOWN = (".md", ".markdown", ".mdx", ".qmd", ".rmd", ".mdown", ".mkd", ".mdoc", ".mdc")
HTML = (".html", ".htm")
NOTEBOOK = ".ipynb"
ENDINGS = (*MARKDOWN, ".rst", *HTML, NOTEBOOK)
_OTHERS = """
    .adoc .asciidoc .asc .org .textile .mediawiki .wiki .creole .rtf .doc .docx .odt .pdf .epub .tex .ltx .rnw .typ .pod
    .rdoc .ppt .pptx .odp .key .xhtml .shtml .dita .ditamap .dbk .docbook .texi .texinfo .rest .jmd .marko .svx .djot
    .dj .pug
"""
OTHERS = frozenset(_OTHERS.split())
"""Endings of documents in formats that are not read."""
_NOT_DOCUMENTS = """
    LICENSE LICENCE COPYING CHANGELOG CHANGES HISTORY CODE_OF_CONDUCT CONTRIBUTING CONTRIBUTORS SECURITY SUPPORT
    AUTHORS NOTICE MAINTAINERS GOVERNANCE CODEOWNERS PULL_REQUEST_TEMPLATE ISSUE_TEMPLATE
"""
NOT_DOCUMENTS = frozenset(_NOT_DOCUMENTS.split())
_PIECES = "_includes _include _partials _partial _snippets _snippet _fragments _shared _common _reuse _components"
PIECES = frozenset(_PIECES.split())
"""Folders of what pages include."""
PERHAPS = re.compile(r"snippet|include|partial|fragment|shared|common|reus|component|(?:^|/)inc(?:/|$)", re.IGNORECASE)
"""Folders whose files are pieces of pages, if a page includes them."""
_THEMES = "_layouts _theme _themes themes layouts theme archetypes _templates templates overrides"
THEMES = frozenset(_THEMES.split())
FORMS = frozenset(("_layouts", "archetypes", "_templates"))
_OF_THEME = "_default partials _partials shortcodes _shortcodes _markup baseof.html single.html"
OF_THEME = frozenset(_OF_THEME.split())
"""What Hugo's folder of layouts has."""
INCLUDING = re.compile(
    r"8<-{1,}[ \t]*[\"']([^\"'\n]+)|\{include\}[ \t]*([^\s`]+)|\[!INCLUDE[^\n()]*\(([^()\n]+)\)|"
    r"\{\{[<%][ \t]*(?:include|readfile|include-md|partial|snippet)\b[^\n\"'>%]*[\"']?([^\s\"'>%]+)|"
    r"\{%-?[ \t]*include[\w-]*[ \t]+[\"']?([^\s\"'%]+)|from[ \t]+[\"']([^\"'\n]+\.mdx?)[\"']|<<<[ \t]*(\S+)",
    re.IGNORECASE,
)
TEMPLATE = re.compile(
    r"\{\{-?[ \t]*(?:define|template|partial|block|\.\w+|range|end|if|with|\$)"
    r"|\{%-?[ \t]*(?:block|extends|macro|include|set)\b"
)
"""Marks of a theme, in a page of HTML."""
COMPONENT = re.compile(
    r"<[a-z][\w-]*\s[^<>]{0,500}?(?:\bv-(?:if|for|model|bind|html|text|show|slot)\b|\*ng(?:If|For)\b|\[\(ngModel\)\]"
    r"|\s@(?:click|submit|input|change)[\w.]*=)"
)
"""Attributes of Vue and Angular, which whole pages may have too."""
WHOLE = re.compile(r"\s*(?:<!--.*?-->\s*)*<(?:!doctype|html|head|body)\b", re.IGNORECASE | re.DOTALL)
QUOTED = ["pre", "code", "script", "style", "textarea"]
FILLED = re.compile(r"\{\{[^{}\n]+\}\}|\{%[^%\n]+%\}")
"""A place that a program fills."""
LICENSE_FILE = re.compile(r"(?:licen[cs]e|copying|unlicense)(?:[._-]\w+)*$", re.IGNORECASE)
META = "meta.yml"
MAX_BYTES = 10 * 2**20
"""Text of ten books; a larger file is data, not a tutorial."""
MOST_BYTES = 2**20
LONGEST_PIECE = 100_000
"""Characters of a piece of HTML that are looked at for places that a program fills."""


@dataclass(frozen=True)
class Input:
    """One document to be: the repository, its path in there, its files in order, and the files with its metadata
    (licenses of its folder and those above, nearest first; meta.yml next to step files), which make its bucket stale
    too."""

    site: str
    repository: Path
    path: str
    files: tuple[Path, ...]
    about: tuple[Path, ...] = ()
    not_read: str = ""
    """Why the file is not read, if it is not."""

    @property
    def where(self) -> str:
        return f"{self.site}/{self.path}"


def is_template(html: str) -> bool:
    """Whether HTML is a form in which a generator puts pages, or a piece of a page that a program fills."""
    if TEMPLATE.search(html):
        return True
    if WHOLE.match(html):
        return False
    if COMPONENT.search(html):
        return True
    if FILLED.search(html) is None:
        return False
    tree = LexborHTMLParser(html[:LONGEST_PIECE])
    tree.strip_tags(QUOTED)
    return tree.body is not None and FILLED.search(tree.body.text()) is not None


class Files:
    """The files of one repository that a page could be."""

    def __init__(self, repository: Path) -> None:
        self.repository = repository
        self._included: set[str] | None = None

    def reason(self, folder: Path, name: str) -> str | None:
        """Why a file is no document: not_a_document, unsupported_format, partial, template; "" for a document,
        None for a file that does not look like one."""
        stem, ending = Path(name).stem, Path(name).suffix.lower()
        if ending in OTHERS:
            return "unsupported_format"
        if ending not in ENDINGS:
            return None
        if stem.upper().replace("-", "_") in NOT_DOCUMENTS:
            return "not_a_document"
        within = {part.lower() for part in folder.relative_to(self.repository).parts}
        if (name.startswith("_") and stem != "_index") or within & PIECES:
            return "template" if ending in HTML else "partial"
        if within & THEMES and (ending in HTML or within & FORMS or self._is_theme(folder)):
            return "template"
        if (
            PERHAPS.search(folder.relative_to(self.repository).as_posix())
            and ending in MARKDOWN
            and name.lower() in self._included_names()
        ):
            return "partial"
        return ""

    def _is_theme(self, folder: Path) -> bool:
        """Whether a folder is in a folder of Hugo's layouts, where Markdown is a form too."""
        above = [place for place in (folder, *folder.parents) if place.name.lower() == "layouts"]
        return any((place / name).exists() for place in above for name in OF_THEME)

    def _included_names(self) -> set[str]:
        """Names of the files that others include."""
        if self._included is None:
            self._included = set()
            for path in self._texts():
                try:
                    text = read_regular(path, MOST_BYTES).decode("utf-8", "replace")
                except OSError:
                    continue
                for groups in INCLUDING.findall(text):
                    path_of = next(filter(None, groups), "").split("#")[0].split(":")[0]
                    self._included.add(path_of.rstrip("/").rpartition("/")[2].lower())
        return self._included

    def _texts(self) -> Iterator[Path]:
        for folder, folders, names in os.walk(self.repository):
            folders[:] = [f for f in folders if not f.startswith(".") and f != "node_modules"]
            yield from (Path(folder, name) for name in names if name.lower().endswith(MARKDOWN))
