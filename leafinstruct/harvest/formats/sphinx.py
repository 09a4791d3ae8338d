"""What Sphinx shows for its own directives and roles, in reStructuredText and in MyST."""

from __future__ import annotations

import re

from leafinstruct.harvest.formats.around import Around
from leafinstruct.harvest.formats.labels import title_of

TITLES = {
    "seealso": "See also",
    "versionadded": "Added in version",
    "versionchanged": "Changed in version",
    "deprecated": "Deprecated since version",
    "versionremoved": "Removed in version",
}
"""The words that directives show above their content, or before the version that they state."""
VERSIONS = frozenset(TITLES) - {"seealso"}
ROLES = {
    "kbd": "kbd", "keys": "kbd", "sub": "sub", "subscript": "sub", "sup": "sup", "superscript": "sup",
    "strong": "strong", "emphasis": "em", "code": "code", "literal": "code", "file": "code", "command": "code",
    "program": "code", "samp": "code", "envvar": "code", "option": "code", "func": "code", "class": "code",
    "meth": "code", "mod": "code", "attr": "code", "data": "code", "obj": "code", "exc": "code", "const": "code",
    "del": "del", "strike": "del", "u": "span", "guilabel": "strong", "menuselection": "strong",
}  # fmt: skip
"""The tags of roles, by the last word of their names."""
OBJECTS = frozenset(("func", "class", "meth", "mod", "attr", "data", "obj", "exc", "const"))
ACCELERATOR = re.compile(r"&(&|(?=\S))")
BRACED = re.compile(r"\{([^{}\n]*)\}")


def version(name: str, argument: str) -> str:
    """What a directive about a version shows before its content."""
    number, _, rest = argument.strip().partition(" ")
    return f"{TITLES[name]} {number}".strip() + (f": {rest.strip()}" if rest.strip() else "")


def words_of_role(name: str, text: str) -> str:
    """What a role shows of its text: menus with their arrows, no marks of keys, variables or paths."""
    last = name.rpartition(":")[2]
    if last in ("guilabel", "menuselection"):
        text = ACCELERATOR.sub(r"\1", text)
        return text.replace("-->", "\N{TRIANGULAR BULLET}") if last == "menuselection" else text
    if last in ("file", "samp"):
        return BRACED.sub(r"\1", text)
    if last in OBJECTS and text.startswith("~"):
        return text.rpartition(".")[2].lstrip("~")
    return text.lstrip("~!")


def title_of_reference(kind: str, target: str, around: Around) -> str:
    """What a reference of that kind, without a text of its own, shows of what it leads to; "" if the repository does
    not tell."""
    if kind != "doc":
        return around.section(target.strip().lower())
    found = around.file(f"{target}.rst") or around.file(target)
    return title_of(found[0]) if found else ""
