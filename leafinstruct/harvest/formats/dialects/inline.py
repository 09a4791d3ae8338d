"""Marks inside a text that CommonMark does not know: roles, links and embeds of wikis, lists of attributes, keys,
icons, references of publishing systems."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from mdit_py_plugins.myst_role.index import myst_role

from leafinstruct.harvest.formats import sphinx
from leafinstruct.harvest.formats.dialects import blocks, javascript, knitr, mdx
from leafinstruct.harvest.formats.dialects.page import Dialect, of
from leafinstruct.harvest.formats.dialects.tag import written

WIKI = re.compile(r"(!?)\[\[([^\[\]\n]{1,500})\]\]")
SIZE = re.compile(r"\d+(?:x\d+)?$")
PLACE = re.compile(r"[#^]+")
ONE = r"(?:\.[\w:.-]+|#[^\s{}]+|[\w:@-]+[ \t]*=[ \t]*(?:\"[^\"]{0,2000}\"|'[^']{0,2000}'|[^\s\"'{}]+))"
ATTRIBUTES = re.compile(rf"\{{:?\s*{ONE}(?:\s+(?:{ONE}|[\w-]+))*\s*\}}|\{{:[^{{}}\n]*\}}|\{{-\}}|\{{\.[\w-]+\}}")
ESCAPED = re.compile(r"\\\{#[^\s{}\\]+\\?\}(?=[ \t]*(?:\n|$))")
LOOSE = re.compile(r"\{\s*[.#:][\w-]+\s[^{}]{0,2000}\}")
"""Attributes of a link or an image, whatever their quotes."""
ATTRIBUTE_LINE = re.compile(rf"(?:{ATTRIBUTES.pattern})[ \t]*$")
SPAN = re.compile(rf"\[((?:[^\[\]\\\n]|\\.|\[[^\[\]\n]*\]){{0,500}})\]({ATTRIBUTES.pattern})")
CAPTION = re.compile(r"\b(?:caption|data-caption|fig-cap)[ \t]*=[ \t]*(?:\"([^\"]*)\"|'([^']*)')")
ANCHOR = re.compile(r"(?<![\w=\"'])#([\w:.-]+)")
ALT = re.compile(r"\b(?:fig-alt|alt)[ \t]*=[ \t]*(?:\"([^\"]*)\"|'([^']*)')")
KEYS = re.compile(r"\+\+((?:[\w-]+|\"[^\"\n]+\")(?:\+(?:[\w-]+|\"[^\"\n]+\"))*)\+\+")
MARKED = re.compile(r"(==|\^\^)(?=\S)((?:(?!\1)[^\n]){1,300}?)(?<=\S)\1(?!=)")
RAISED = re.compile(r"(?<!\^)\^([^\s^~\[\]]{1,30})\^(?!\^)|(?<!~)~([^\s~^\[\]]{1,30})~(?!~)")
CRITIC = re.compile(
    r"\{(?:\+\+(?P<added>.{1,500}?)\+\+|--(?:.{1,500}?)--|~~(?:.{1,500}?)~>(?P<new>.{0,500}?)~~|>>(?:.{1,500}?)<<|==(?P<marked>.{1,500}?)==)\}",
    re.DOTALL,
)
ICON = re.compile(
    r":(?:material|fontawesome|octicons|simple|custom|fas?|fab|far|mdi|bi|carbon|lucide|tabler)-[\w-]+:"
    r"|\{\{?<?[ \t]*(?:fa|bi|icon)[ \t]+[\w -]+>?\}?\}"
)
COMMENT = re.compile(r"%%.{0,2000}?%%", re.DOTALL)
BLOCK_ID = re.compile(r"\^[A-Za-z0-9-]{2,40}[ \t]*$")
CITED = re.compile(r"\[(?>[^\[\]\n@]{0,80}@[\w:.#$%&+?<>~/-]+){1,10}[^\[\]\n@]{0,80}\]")
CROSS = re.compile(r"-?@(fig|tbl|sec|eq|lst|thm|lem|cor|prp|exm|exr|tip|nte|wrn|imp|cau)-[\w:-]+")
SPACED = re.compile(
    r"(?P<image>!?)\[(?P<text>[^\[\]\n]{0,300})\]\((?P<ref>[^\s()<>\"'][^()<>\"'\n]{0,600})"
    r"(?:(?<=[ \t])(?:\"[^\"\n]{0,600}\"|'[^'\n]{0,600}')[ \t]*)?\)"
)
"""A link or an image whose path has spaces."""
SIZED = re.compile(
    r"!\[(?P<text>[^\[\]\n]{0,300})\]\([ \t]*(?:<(?P<quoted>[^<>\n]{1,600})>"
    r"|(?P<ref>[^\s()<>]{1,600}(?:\([^\s()<>]{0,100}\)[^\s()<>]{0,200}){0,5}))"
    r"(?:[ \t]+(?:\"[^\"\n]{0,600}\"|'[^'\n]{0,600}'))?[ \t]+="
    r"[\d.]{0,6}(?:px|em|%)?[xX*]?[\d.]{0,6}(?:px|em|%)?[ \t]*\)"
)
"""An image with its size, as wikis and some editors write it: `![alt](a.png =300x)`."""
LINKED = re.compile(r"(?:https?:)?//|\.{0,2}/|[^\s:]*\.(?:md|mdx|qmd|ipynb|html?|rst)(?:$|#)")
BOOKDOWN = re.compile(r"\\@ref\([\w:.-]+\)|\\(?:index|label|pageref|ref|nocite)\{(?:[^{}\n]|\{[^{}\n]*\})*\}")
RUN = re.compile(r"`(?:r|python|julia)[ \t]+[^`\n]+`|`\{(?:r|python|julia|ojs)\}[ \t]+[^`\n]+`")
HIGHLIGHTED = re.compile(r"(`+)(?!`)(?:#!|:::)[\w+-]+[ \t]+([^\n]{1,1000}?)(?<!`)\1(?!`)")
"""Code in a sentence with the name of its language."""
RAW_INLINE = re.compile(r"(`+)(?!`)([^\n]{1,1000}?)(?<!`)\1(?!`)\{=(\w+)\}")
"""A piece of one output format."""
TEX_IMAGE = re.compile(
    r"\\includegraphics[ \t]*(?:\[[^\[\]\n]{0,300}\])?\{([^{}\n]{1,300})\}"
    r"|\\caption\*?\{((?:[^{}]|\{[^{}]*\}){0,2000})\}"
)
AUTHOR = re.compile(r"@?([A-Za-z]+)[_:-]?(\d{4})\w*")
NAMES = {
    "fig": "Figure", "tbl": "Table", "sec": "Section", "eq": "Equation", "lst": "Listing", "thm": "Theorem",
    "lem": "Lemma", "cor": "Corollary", "prp": "Proposition", "exm": "Example", "exr": "Exercise", "tip": "Tip",
    "nte": "Note", "wrn": "Warning", "imp": "Important", "cau": "Caution",
}  # fmt: skip
_SILENT_LINES = re.compile(
    r"\[TOC\]|\[toc\]|\[\[_?TOC_?\]\]|\[\[toc\]\]|\$\{toc\}|\{:toc\}|\{\{[>%<]?[ \t]*toc[ \t]*[%>]?\}\}|"
    r"\[_metadata_:[^\n]*|\^{3,}|"
    r"\\(?:newpage|pagebreak|clearpage|tableofcontents|listoffigures|listoftables|bigskip|medskip|smallskip|vspace\{[^{}]*\}|toc|"
    r"appendix|mainmatter|backmatter|frontmatter|printbibliography|cleardoublepage|noindent|centering)|"
    r"@\[toc\](?:\([^()\n]*\))?|\{\{TOC\}\}|<--->|\*\[[^\]\n]+\]:[^\n]*|\{::[^{}\n]*\}|\{:[^{}\n]*\}|\[//\]:[^\n]*|"
    r"\\(?:begin|end)\{(?:center|figure\*?|wrapfigure|landscape|minipage)\}(?:\[[^\[\]\n]*\]|\{[^{}\n]*\})*"
)
ROLE_TARGET = re.compile(r"(.*?)\s*<([^<>]*)>$", re.DOTALL)
SILENT_ROLES = re.compile(
    r"(?:cite(?::\w+|p|t|s|author|year)?|footcite\w*|fa[brs]?|fas|octicon|material-\w+|index|eval||newline)$"
)
REFERENCES = frozenset(("ref", "numref", "doc", "any", "eq", "prf:ref", "card", "glue", "label"))
EMPTY_LINK = re.compile(r"\[\]\(<?([^()\s<>]+)>?\)")
OF_LABEL = {"figure": "fig", "table": "tbl", "tab": "tbl", "equation": "eq", "section": "sec"}
MARKS_OF_LABEL = re.compile(r"[-_/:.]+")


Rule = Callable[[StateInline, Dialect], tuple[int, str] | None]


def plugin(parser: MarkdownIt) -> None:
    parser.add_render_rule("myst_role", _render_role)
    parser.inline.ruler.before("escape", "dialects", _asked)


def _asked(state: StateInline, silent: bool) -> bool:
    """Ask the rules of a character: each gives the length of what it read, and its HTML."""
    first = state.src[state.pos]
    if first == "{" and myst_role(state, silent):
        return True
    for rule in BY_CHARACTER.get(first, ()):
        found = rule(state, of(state.env))
        if found is not None and state.pos + found[0] <= state.posMax:
            if not silent and found[1]:
                state.push("html_inline", "", 0).content = found[1]
            state.pos += found[0]
            return True
    return False


def _wiki(state: StateInline, dialect: Dialect) -> tuple[int, str] | None:
    """`[[page|text]]` is its text, `![[file|size]]` an image or the file itself."""
    found = WIKI.match(state.src, state.pos)
    if found is None or not any(map(str.isalpha, found[2])):
        return None
    if "|" not in found[2] and state.src[found.end() : found.end() + 1] in ("(", "["):
        return None  # a link whose text has brackets
    name, *more = [part.strip() for part in found[2].replace("\\|", "|").split("|")]
    if not found[1]:
        text = more[-1] if more else PLACE.sub(" > ", name).strip(" >")
        return len(found[0]), escape(text)
    words = [part for part in more if not SIZE.fullmatch(part) and "=" not in part]
    path = name.split("#")[0]
    if javascript.is_image(path):
        src = dialect.around.anywhere(path) or path
        return len(found[0]), written("img", {"src": src, "alt": " ".join(words)})
    if name.lower().endswith((".pdf", ".mp4", ".mp3", ".webm", ".wav", ".canvas", ".base", ".m4a", ".ogg", ".mov")):
        return len(found[0]), ""
    note = path if path.lower().endswith(".md") else f"{path}.md"
    part = name.partition("#")[2]
    return len(found[0]), written("x-include", {"src": dialect.around.anywhere(note) or note, "part": part}, alone=True)


def _braces(state: StateInline, dialect: Dialect) -> tuple[int, str] | None:
    """Lists of attributes and changes under review."""
    if found := CRITIC.match(state.src, state.pos):
        return len(found[0]), escape(found["added"] or found["new"] or found["marked"] or "")
    before = state.src[state.pos - 1 : state.pos]
    found = ATTRIBUTES.match(state.src, state.pos) or (LOOSE.match(state.src, state.pos) if before == ")" else None)
    if found is None:
        return None
    after = state.src[found.end() : found.end() + 1]
    ends = after in ("", "\n")
    if not ends and before and before not in ')]*_`~+}>:"' and not (before.isspace() and dialect.four_columns):
        return None
    if state.tokens and state.tokens[-1].type == "image":
        for pattern, name in ((CAPTION, "data-caption"), (ALT, "alt")):
            if stated := pattern.search(found[0]):
                state.tokens[-1].attrSet(name, stated[1] or stated[2] or "")
    elif state.pos and found.end() == len(state.src) and (anchor := ANCHOR.search(found[0])):
        return len(found[0]), f"{written('a', {'id': anchor[1]})}</a>"  # of a heading
    return len(found[0]), ""


def _span(state: StateInline, dialect: Dialect) -> tuple[int, str] | None:
    """`[text]{.class}`: its text, or nothing if it is for another form of the page."""
    found = SPAN.match(state.src, state.pos)
    if found is None:
        return None
    if "content-hidden" in found[2]:
        return len(found[0]), ""
    text = state.md.renderInline(found[1], state.env)
    return len(found[0]), f"<kbd>{text}</kbd>" if ".kbd" in found[2] else text


def _empty_link(state: StateInline, dialect: Dialect) -> tuple[int, str] | None:
    """`[](#label)`: the text of MyST's links without one is the title of what they lead to."""
    found = (
        EMPTY_LINK.match(state.src, state.pos) if dialect.myst and state.src[state.pos - 1 : state.pos] != "!" else None
    )
    if found is None or "://" in found[1]:
        return None
    target = found[1].lstrip("#")
    title = sphinx.title_of_reference("any" if found[1][0] == "#" else "doc", target.partition("#")[0], dialect.around)
    return len(found[0]), escape(title or _words(target))


def _spaced(state: StateInline, dialect: Dialect) -> tuple[int, str] | None:
    """An image or a link whose path has spaces, which CommonMark leaves as text and editors show."""
    found = SPACED.match(state.src, state.pos)
    if found is None or " " not in found["ref"].strip():
        return None
    if not (javascript.is_image(found["ref"].strip()) if found["image"] else LINKED.match(found["ref"])):
        return None
    ref = " ".join(found["ref"].split())
    if found["image"]:
        return len(found[0]), written("img", {"src": ref, "alt": found["text"]})
    text = state.md.renderInline(found["text"], state.env)
    return len(found[0]), f'<a href="{escape("".join(found["ref"].split()))}">{text}</a>'


def _sized(state: StateInline, dialect: Dialect) -> tuple[int, str] | None:
    found = SIZED.match(state.src, state.pos)
    if found is None:
        return None
    return len(found[0]), written("img", {"src": found["quoted"] or found["ref"], "alt": found["text"]})


def _words(label: str) -> str:
    """What a reader sees for a label, about: the kind of what it names, or its words."""
    kind = re.split(r"[:_-]", label.lower(), maxsplit=1)[0]
    name = NAMES.get(OF_LABEL.get(kind, kind), "") if len(kind) < len(label) else ""
    return name or " ".join(
        MARKS_OF_LABEL.sub(" ", re.sub(r"\.\w+$", "", label.rstrip("/").rpartition("/")[2])).split()
    )


def _plus(state: StateInline, dialect: Dialect) -> tuple[int, str] | None:
    found = KEYS.match(state.src, state.pos)
    if found is None or (state.pos and state.src[state.pos - 1].isalnum()):
        return None
    keys = [key.strip('"') for key in re.findall(r"\"[^\"]+\"|[\w-]+", found[1])]
    return len(found[0]), "+".join(f"<kbd>{escape(key.capitalize() if key.isalpha() else key)}</kbd>" for key in keys)


def _marked(state: StateInline, dialect: Dialect) -> tuple[int, str] | None:
    found = MARKED.match(state.src, state.pos)
    if found is None or (state.pos and state.src[state.pos - 1] in "=^"):
        return None
    return len(found[0]), state.md.renderInline(found[2], state.env)


def _raised(state: StateInline, dialect: Dialect) -> tuple[int, str] | None:
    found = RAISED.match(state.src, state.pos)
    if found is None:
        return None
    name, text = ("sup", found[1]) if found[1] else ("sub", found[2])
    return len(found[0]), f"<{name}>{escape(text)}</{name}>"


def _icon(state: StateInline, dialect: Dialect) -> tuple[int, str] | None:
    found = ICON.match(state.src, state.pos)
    return (len(found[0]), "") if found else None


def _comment(state: StateInline, dialect: Dialect) -> tuple[int, str] | None:
    found = COMMENT.match(state.src, state.pos)
    return (len(found[0]), "") if found and not dialect.myst else None


def _block_id(state: StateInline, dialect: Dialect) -> tuple[int, str] | None:
    found = BLOCK_ID.match(state.src, state.pos)
    alone = state.pos == 0 or state.src[state.pos - 1].isspace()
    return (len(found[0]), "") if found and alone and found.end() >= state.posMax else None


def _cited(state: StateInline, dialect: Dialect) -> tuple[int, str] | None:
    found = CITED.match(state.src, state.pos)
    if found is None or state.src[found.end() : found.end() + 1] in ("(", "["):
        return None
    if cross := CROSS.search(found[0]):
        return len(found[0]), NAMES[cross[1]]
    return len(found[0]), ""


def _cross(state: StateInline, dialect: Dialect) -> tuple[int, str] | None:
    if found := CROSS.match(state.src, state.pos):
        return len(found[0]), NAMES[found[1]]
    before = state.src[state.pos - 1 : state.pos]
    cited = AUTHOR.match(state.src, state.pos) if dialect.templates != "all" and not before.isalnum() else None
    return (len(cited[0]), _author(cited)) if cited else None


def _author(cited: re.Match[str]) -> str:
    """A citation in the text, by the author and the year that its key has."""
    return f"{cited[1].capitalize()} ({cited[2]})"


def _bookdown(state: StateInline, dialect: Dialect) -> tuple[int, str] | None:
    found = BOOKDOWN.match(state.src, state.pos) if dialect.templates != "all" else None
    return (len(found[0]), "") if found else None


def _escaped(state: StateInline, dialect: Dialect) -> tuple[int, str] | None:
    """The name of a heading or a paragraph as MDX has it, which would read a brace alone as an expression."""
    found = ESCAPED.match(state.src, state.pos)
    return (len(found[0]), "") if found else None


def _run(state: StateInline, dialect: Dialect) -> tuple[int, str] | None:
    """A value that a program puts there."""
    if dialect.four_columns and (code := HIGHLIGHTED.match(state.src, state.pos)):
        return len(code[0]), f"<code>{escape(code[2])}</code>"
    if raw := RAW_INLINE.match(state.src, state.pos):
        return len(raw[0]), raw[2] if raw[3].startswith("html") else ""
    found = RUN.match(state.src, state.pos) if dialect.templates != "all" else None
    if found is None:
        return None
    return len(found[0]), "".join(written("img", {"src": path}) for path in knitr.paths_of(found[0]))


def _tex_image(state: StateInline, dialect: Dialect) -> tuple[int, str] | None:
    """An image or a caption in TeX's words."""
    found = TEX_IMAGE.match(state.src, state.pos)
    if found is None:
        return None
    if found[2] is not None:
        return len(found[0]), state.md.renderInline(found[2], state.env)
    path = found[1].strip()
    if not javascript.is_image(path):
        path = next(iter(dialect.around.images(f"{path}.*")), path)
    return len(found[0]), written("img", {"src": path})


RULES: tuple[tuple[str, Rule], ...] = (
    ("![", _wiki),
    ("[", _empty_link),
    ("!", _sized),
    ("![", _spaced),
    ("[", _span),
    ("{", _braces),
    ("{", mdx.expression),
    ("<", mdx.tag),
    ("+", _plus),
    ("=^", _marked),
    ("^~", _raised),
    (":{", _icon),
    ("%", _comment),
    ("^", _block_id),
    ("[", _cited),
    ("@-", _cross),
    ("\\", _escaped),
    ("\\", _tex_image),
    ("\\", _bookdown),
    ("`", _run),
)
BY_CHARACTER = {
    character: [rule for characters, rule in RULES if character in characters] for character in "![{<+=^~:%@-\\`"
}


def silent_line(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A line that a generator reads and a reader does not see."""
    line = blocks.line_of(state, start).rstrip()
    if not line or line[0] not in "[{$\\*#^%@<" or state.is_code_block(start):
        return False
    found = _SILENT_LINES.fullmatch(line) or ATTRIBUTE_LINE.fullmatch(line)
    if found is None or (line[:2] == "{{" and of(state.env).templates != "all"):
        return False
    if not silent:
        state.line = start + 1
        blocks.html(state, "\n")
    return True


def _render_role(self: RendererHTML, tokens, place, options, env) -> str:  # type: ignore[no-untyped-def]
    token = tokens[place]
    name, text = str(token.meta.get("name", "")).lower(), token.content.strip()
    last = name.rpartition(":")[2]
    if SILENT_ROLES.fullmatch(name):
        cited = (
            [AUTHOR.fullmatch(key.strip()) for key in text.split(",")] if name in ("cite", "cite:t", "citet") else []
        )
        return ", ".join(_author(one) for one in cited if one)
    if name in ("math"):
        return f'<span class="math">{escape(text)}</span>'
    titled = ROLE_TARGET.match(text)
    if titled and titled[1]:
        return escape(titled[1])
    if titled:
        text = titled[2]
    if name in REFERENCES:
        return escape(sphinx.title_of_reference(name, text, of(env).around) or _words(text))
    if last == "abbr":
        return escape(text.partition(" (")[0])
    text = sphinx.words_of_role(name, text)
    tag = sphinx.ROLES.get(last, "")
    return f"<{tag}>{escape(text)}</{tag}>" if tag else escape(text)
