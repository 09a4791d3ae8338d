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
_DESCRIPTIONS = """
    function class method classmethod staticmethod attribute data exception decorator property describe object option
    cmdoption envvar confval program setting django-admin macro type var member enum struct
"""
DESCRIPTIONS = frozenset(_DESCRIPTIONS.split())
"""Directives that describe what their argument names; those of a domain (`py:function`) are others."""
METHODS = frozenset(("get", "post", "put", "patch", "delete", "head", "options"))
PARAMETER = re.compile(r"(?:param|parameter|arg|argument|key|keyword|kwarg)[ ]+(?:(.+)[ ])?(\S+)")
FIELDS = {"return": "Returns", "returns": "Returns", "rtype": "Return type", "raise": "Raises", "raises": "Raises",
          "throws": "Raises", "yields": "Yields"}  # fmt: skip
USED = re.compile(r"\|[^|\s][^|\n]*\||\w`?_(?!\w)")
COMMON = re.compile(r"^rst_(?:prolog|epilog)[ \t]*\+?=[ \t]*[rRfFuU]{0,2}(\"{3}|'{3})(.*?)\1", re.MULTILINE | re.DOTALL)
"""What each page of a documentation begins and ends with, in its settings."""
DEFINITION = re.compile(
    r"^\.\.[ \t]+(?:\|([^|\n]+)\|[ \t]+[\w-]+::|_(?!_)([^:\n]+):)[^\n]*(?:\n[ \t]+\S[^\n]*)*", re.MULTILINE
)
ACCELERATOR = re.compile(r"&(&|(?=\S))")
BRACED = re.compile(r"\{([^{}\n]*)\}")


def definitions(text: str, around: Around) -> str:
    """The substitutions and the targets that the settings of the documentation add to each page, of names that the
    text has and does not define."""
    found = around.file("conf.py") if USED.search(text) else None
    out = []
    for common in COMMON.finditer(found[0]) if found else ():
        for one in DEFINITION.finditer(common[2]):
            name = f"|{one[1]}|" if one[1] else one[2].strip("`")
            used = name in text if one[1] else f"{name}_" in text or f"`{name}`_" in text
            if used and f".. {name}" not in text and f".. _{name}" not in text:
                out.append(one[0].rstrip())
    return "\n\n" + "\n\n".join(out) + "\n" if out else ""


def version(name: str, argument: str) -> str:
    """What a directive about a version shows before its content."""
    number, _, rest = argument.strip().partition(" ")
    return f"{TITLES[name]} {number}".strip() + (f": {rest.strip()}" if rest.strip() else "")


def signatures(name: str, argument: str) -> list[str]:
    """The lines that a directive describes something by. A request of HTTP has its method."""
    method = name.removeprefix("http:")
    begin = f"{method.upper()} " if name.startswith("http:") and method in METHODS else ""
    return [begin + line.strip().rstrip("\\") for line in argument.split("\n") if line.strip()]


def field_name(text: str) -> str:
    """What the name of a field of a description shows: `param int cups` is `cups (int)`."""
    if found := PARAMETER.fullmatch(text):
        return f"{found[2]} ({found[1]})" if found[1] else found[2]
    kind, space, rest = text.partition(" ")
    return FIELDS[kind] + space + rest if kind in FIELDS else text


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
