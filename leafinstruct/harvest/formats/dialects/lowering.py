"""From tags of any name to HTML: one pass over a rendered page.

Tags that HTML does not know become boxes with their titles before their content, images with captions, code with its
language, steps, or nothing. A tag that ends itself is closed, which HTML would not do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from html import escape, unescape

from leafinstruct.harvest.formats import excerpts
from leafinstruct.harvest.formats.dialects import javascript, kinds
from leafinstruct.harvest.formats.dialects.page import Dialect
from leafinstruct.harvest.formats.dialects.tag import HTML, VOID, Tag, scan, written

RAW = frozenset(("script", "style", "textarea", "xmp"))
_PLAIN = "|".join(sorted(HTML - VOID - RAW - {"details", "iframe", "svg", "amp-img"}))
_SIMPLE = r"(?:\s+(?!markdown)[a-z-]+=\"[^\"<>{}]*\")*"
NEXT = re.compile(rf"<!--|<(?!/?(?:{_PLAIN}){_SIMPLE}>|(?:br|hr)\s*/?>)(?=[A-Za-z/>])")
"""A comment, or a tag that may be other than plain HTML, which most are."""
LANGUAGE_CLASS = re.compile(r"\blanguage-([\w+#-]+)")
COMMENT_END = re.compile(r"(?<=<!--)-?>|--!?>")
"""As browsers see it: `<!-->` and `<!--->` are whole comments."""
STEP = re.compile(r"<(?:[\w.]*\.|x-)?(?:Step|step|step-item|StepItem)[\s>]")
PARAGRAPH = re.compile(r"</?p>")
TAGS = re.compile(r"<[^<>]*>")
MARKUP = re.compile(r"</?[A-Za-z][^<>]*>")
OPEN_BLOCK = re.compile(r"(?:^|\n|<p>|<li>|</p>|</div>|<div[^<>]*>|<td>|<dd>|<blockquote>)[ \t]*\Z")
VARIANT = re.compile(
    r"(?:^|\s)hidden\s[^\"]{0,200}?\bdark:(?:block|inline|flex)|(?:^|[\s#.])(?:only-dark|dark-only|dark-content|dark-mode-only|gh-dark-mode-only|dark-image|block-dark)\b"
    r"|#only-dark|#gh-dark-mode-only"
)
LISTED = ("items", "labels", "titles", "tabs", "names")
"""Attributes in which tabs have their labels, one after another."""
DEEPEST = 400
LINE = 2000
"""Characters in which a tag at the beginning of a line ends."""


class Lowering:
    """Turns the tags of one page. `page` is the dialect of the page that a reader opens, which may include this one."""

    def __init__(self, html: str, dialect: Dialect, page: Dialect | None = None) -> None:
        self.html, self.dialect, self.page = html, dialect, page or dialect
        self.out: list[str] = []
        self.open: list[tuple[str, str]] = []
        """Components that are open, with what closes each."""
        self.labels: list[list[str]] = []
        self.by_value: list[dict[str, str]] = []
        self.code = 0
        self.tail = ""

    def lowered(self) -> str:
        html, place = self.html, 0
        while found := NEXT.search(html, place):
            self._add(html[place : found.start()])
            if found[0] == "<!--":
                end = COMMENT_END.search(html, found.end())
                place = end.end() if end else len(html)
                continue
            tag = scan(html, found.start())
            if tag is None:
                self._add("<")
                place = found.end()
            else:
                place = self._tag(tag)
        self._add(html[place:])
        for _, closing in reversed(self.open):
            self._add(closing)
        return "".join(self.out)

    def _add(self, text: str) -> None:
        if text:
            self.out.append(text)
            self.tail = (self.tail + text)[-200:] if len(text) < 200 else text[-200:]

    def _tag(self, tag: Tag) -> int:
        """Writes a tag; returns the place where the page goes on."""
        name = tag.name.lower()
        if tag.is_html:
            if name in RAW and tag.kind == "open":
                end = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(self.html, tag.end)
                return end.end() if end else len(self.html)
            if name not in RAW:
                self._html(tag, name)
            return tag.end
        if tag.kind == "close":
            self._close(tag.name)
            return tag.end
        return self._component(tag)

    # Tags of HTML

    def _html(self, tag: Tag, name: str) -> None:
        if tag.kind == "close":
            self._add(self.html[tag.start : tag.end])
            return
        if name == "img":
            self._image(tag)
            return
        if name == "details" and "summary" in tag.attributes:
            self._add(f"<details><summary>{escape(tag.attributes['summary'])}</summary>")
            return
        if tag.expressions:
            known = {key: tag.text(key, self.dialect.names) for key in tag.expressions}
            attributes = {"class" if k == "className" else k: v for k, v in {**tag.attributes, **known}.items()}
            self._add(written(name, attributes))
        elif "markdown" in tag.attributes:
            self._add(written(name, {k: v for k, v in tag.attributes.items() if k != "markdown"}))
        else:
            self._add(self.html[tag.start : tag.end])
        if tag.kind == "alone" and name not in VOID:
            self._add(f"</{name}>")

    def _image(self, tag: Tag) -> None:
        attributes = dict(tag.attributes)
        for key, expression in tag.expressions.items():
            if key in ("src", "srcSet", "srcset", "data-src"):
                path = javascript.image(expression, self.dialect.names) or tag.text(key, self.dialect.names)
                attributes[key.lower()] = path or "{" + " ".join(expression.split())[:200] + "}"
            elif text := tag.text(key, self.dialect.names):
                attributes[key] = text
            elif number := re.fullmatch(r"\s*(\d+)\s*", expression):
                attributes[key] = number[1]
        for key in ("src", ":src", "data-src"):
            if ref := attributes.get(key):
                attributes[key] = self._ref(ref)
        if VARIANT.search(
            f"{attributes.get('class', '')} {attributes.get('className', '')} {attributes.get('src', '')}"
        ):
            return  # for a dark page
        if attributes.get("src", "").startswith("#"):
            return  # names a part of a page, not a file
        if ":src" in attributes:
            attributes.setdefault("src", javascript.image(attributes[":src"], self.dialect.names))
        self._add(written("img", {("alt" if k == ":alt" else k): v for k, v in attributes.items()}))

    def _ref(self, ref: str) -> str:
        """A reference as a reader's page has it."""
        ref = ref.strip().removeprefix("pathname://")
        if "!" in ref[:200] and javascript.is_image(ref):
            ref = ref.rpartition("!")[2]  # webpack's loaders stand before a path
        return self.dialect.around.moved(ref, self.page.around)

    # Components

    def _close(self, name: str) -> None:
        key = name.lower()
        if not any(opened == key for opened, _ in self.open):
            return
        while self.open:
            opened, closing = self.open.pop()
            self._add(closing)
            if opened in kinds.LABELED:
                self.labels.pop()
                self.by_value.pop()
            if closing.endswith("</pre>"):
                self.code -= 1
            if opened == key:
                return

    def _component(self, tag: Tag) -> int:
        kind = kinds.kind_of(tag.name)
        if kind == "silent":
            return self._skipped(tag)
        if kind == "include" and (path := kinds.path(tag, self.dialect.names)):
            self._include(path, tag.attributes)
            return self._skipped(tag)
        if kind == "include" and tag.kind == "open":
            after = self.html.find(f"</{tag.name}>", tag.end)
            path = TAGS.sub("", self.html[tag.end : max(after, tag.end)]).strip()
            if path and len(path) < 300 and "\n" not in path and kinds.is_text_file(path):
                self._include(path.partition("#")[0], {"part": path.partition("#")[2]})
                return self._skipped(tag)
        if kind == "read":
            self._read(tag)
            return self._skipped(tag)
        imported = self.dialect.names.get(tag.name, "")
        if imported and kinds.is_text_file(imported):
            self._include(imported, {})
            return tag.end
        if imported and javascript.is_image(imported):
            self._add(written("img", {"src": self._ref(imported), "alt": tag.text("alt", self.dialect.names)}))
            return tag.end
        if kind == "literal":
            self._push(tag, "", "")
            return tag.end
        if len(self.open) > DEEPEST:
            return tag.end
        if kind == "code" and self._is_code(tag):
            return self._code(tag)
        if ref := kinds.image_of(tag, kind, self.dialect.names):
            return self._figure(tag, kind, ref)
        block = self._is_block(tag)
        opening, closing = "", ""
        if kind == "steps":
            end = re.compile(rf"</{re.escape(tag.name)}>").search(self.html, tag.end)
            inside = STEP.search(self.html, tag.end, end.start() if end else len(self.html))
            opening, closing = ("<ol>", "</ol>") if inside else ("<div>", "</div>")
        elif kind == "step":
            opening, closing = ("<li>", "</li>") if any(c == "</ol>" for _, c in self.open) else ("<div>", "</div>")
        elif kind == "figure" and (caption := kinds.caption(tag, kind, self.dialect.names)):
            self._push(tag, "<figure>", f"<figcaption>{self._markdown(tag, caption)}</figcaption></figure>")
            return tag.end
        elif block:
            opening, closing = "<div>", "</div>"
        self._push(tag, opening + self._titles(tag, kind, block), closing)
        return tag.end

    def _push(self, tag: Tag, opening: str, closing: str) -> None:
        self._add(opening)
        key = tag.name.lower()
        if tag.kind == "alone":
            self._add(closing)
            return
        self.open.append((key, closing))
        if key in kinds.LABELED:
            listed = next((tag.expressions[name] for name in LISTED if name in tag.expressions), "")
            self.labels.append(list(javascript.strings(listed))[::-1])
            self.by_value.append(javascript.labels(tag.expressions.get("values", "")))

    def _is_block(self, tag: Tag) -> bool:
        """Whether a tag stands on lines of its own, or where a block begins."""
        after = self.html[tag.end : tag.end + 1]
        if tag.kind == "open" and after not in ("\n", "<", ""):
            line = self.html[tag.end : tag.end + LINE].partition("\n")[0]
            _, closing, behind = line.partition(f"</{tag.name}>")
            if closing and behind[:1] not in ("<", ""):
                return False  # begins a sentence
        return bool(OPEN_BLOCK.search(self.tail or "\n")) and (
            after in ("\n", "") or self.html.startswith(("</p>", "<"), tag.end) or tag.kind == "open"
        )

    def _titles(self, tag: Tag, kind: str, block: bool, but: tuple[str, ...] = ()) -> str:
        """The words that a tag has in its attributes, as they stand before its content, without those in `but`."""
        title, more = kinds.words(tag, kind, self.dialect.names)
        title, more = "" if title in but else title, [text for text in more if text not in but]
        if not title and kind == "tab" and self.labels:
            value = tag.text("value", self.dialect.names)
            if value:
                title = next((known[value] for known in reversed(self.by_value) if value in known), "")
            if not title and self.labels[-1]:
                title = self.labels[-1].pop()
            title = title or value
        if not block and kind not in ("step", "tab"):
            return escape(" ".join([title, *more])) if tag.kind == "alone" and kind != "icon" else ""
        shown = f"<p><strong>{self._markdown(tag, title)}</strong></p>\n" if title else ""
        return shown + "".join(f"<p>{self._markdown(tag, text)}</p>\n" for text in more)

    def _figure(self, tag: Tag, kind: str, ref: str) -> int:
        alt = tag.text("alt", self.dialect.names)
        caption = kinds.caption(tag, kind, self.dialect.names)
        if "/" not in ref and not kind:  # the component knows the folder
            ref = self.dialect.around.anywhere(ref) or ref
        titles = ""
        if kind not in ("image", "figure"):
            titles = self._titles(tag, kind, self._is_block(tag), but=(alt, caption))
        image = written("img", {"src": self._ref(ref), "alt": alt})
        shown = self._markdown(tag, caption)
        if tag.kind == "alone":
            self._add(titles + (f"<figure>{image}<figcaption>{shown}</figcaption></figure>" if shown else image))
        elif kind == "figure":
            self._push(tag, f"<figure>{image}<figcaption>{shown}", "</figcaption></figure>")
        else:
            title = f"<p><strong>{shown}</strong></p>" if shown else ""
            self._push(tag, f"<div>{titles}{title}{image}\n", "</div>")
        return tag.end

    def _markdown(self, tag: Tag, text: str) -> str:
        """A text in an attribute as HTML: Markdown, but for those of JSX."""
        if not text or not tag.name.startswith("x-"):
            return escape(text)
        html = self.dialect.render(text, replace(self.dialect, chain=self.dialect.chain | {""})).strip()
        return html[3:-4] if html.startswith("<p>") and html.count("<p>") == 1 and html.endswith("</p>") else html

    def _is_code(self, tag: Tag) -> bool:
        """Whether a tag with the name of one for code is one: a page's own component may have the name too."""
        imported = self.dialect.names.get(tag.name)
        own = imported is not None and (not imported or imported.startswith((".", "/", "@site", "~")))
        return not {*tag.attributes, *tag.expressions}.isdisjoint(("language", "lang", "code")) or (
            not own and tag.name.lower().startswith(("x-", "code"))
        )

    def _code(self, tag: Tag) -> int:
        """A block of code: its text, without what Markdown made of it, or the attribute that holds it."""
        language = next((v for key in ("language", "lang", "type") if (v := tag.text(key, self.dialect.names))), "")
        if not language and (stated := LANGUAGE_CLASS.search(tag.text("className", {}) or tag.text("class", {}))):
            language = stated[1]
        title, _ = kinds.words(tag, "code", self.dialect.names)
        text = ""
        for key in ("code", "source", "children"):
            text = (
                text
                or tag.attributes.get(key, "")
                or javascript.shown(tag.expressions.get(key, ""), self.dialect.names)
                or ""
            )
        end = None if tag.kind == "alone" else re.compile(rf"</{re.escape(tag.name)}\s*>").search(self.html, tag.end)
        inside = self.html[tag.end : end.start()] if end else ""
        if inside.strip():
            if "<pre" in inside:  # fenced code within
                self._add(f"<p><strong>{escape(title)}</strong></p>\n" if title else "")
                return tag.end
            text = unescape(MARKUP.sub("", PARAGRAPH.sub("\n", inside))).strip("\n") or text
            if not text:
                return end.end() if end else tag.end
        self.write_code(text, language, title)
        return end.end() if end else tag.end

    def write_code(self, text: str, language: str, title: str = "") -> None:
        if title:
            self._add(f"<p><strong>{escape(title)}</strong></p>\n")
        if text.strip():
            named = f' class="language-{escape(language)}"' if language else ""
            self._add(f"<pre><code{named}>{escape(text)}</code></pre>\n")

    def _skipped(self, tag: Tag) -> int:
        """The place after an element that is not shown."""
        if tag.kind == "alone":
            return tag.end
        name = re.escape(tag.name)
        end = re.compile(rf"</{name}\s*>").search(self.html, tag.end)
        return end.end() if end else tag.end

    # Files

    def _include(self, path: str, options: Mapping[str, str]) -> None:
        """The text of a file in the tree, or a part of it, with the images that it refers to from its own folder."""
        found, part = self.dialect.around.file(path), options.get("part", "") or options.get("region", "")
        dialect = self.dialect.including(f"{path}#{part}", found[1]) if found else None
        if found is None or dialect is None:
            return
        text = excerpts.excerpt(found[0], options)
        html = kinds.body_of(text) if path.lower().endswith((".html", ".htm")) else dialect.render(text, dialect)
        self._add("\n" + Lowering(html, dialect, self.page).lowered() + "\n")

    def _read(self, tag: Tag) -> None:
        """Code of a file in the tree: all of it, or the lines that the tag names."""
        path = kinds.path(tag, self.dialect.names)
        if path and (text := self.dialect.text_of(path)):
            text = excerpts.excerpt(text, tag.attributes)
            self.write_code(
                text,
                tag.attributes.get("language", "") or kinds.language_of_path(path),
                tag.attributes.get("title", ""),
            )


def lowered(html: str, dialect: Dialect) -> str:
    """The HTML of a page whose tags are all HTML's."""
    return Lowering(html, dialect).lowered()
