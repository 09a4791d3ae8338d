"""What a page's dialect is, and what parts of its source tell one another while it is read."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import yaml

from leafinstruct.harvest.formats.around import NOWHERE, Around
from leafinstruct.harvest.formats.dialects import javascript

MDX = re.compile(
    r"^(?:import[ \t]+(?:[\w$*{\"'][^\n]*|\{)$|export[ \t]+(?:const|let|var|default|function|async|class)\b)"
    r"|^[ \t]*</?(?:Tabs?|TabItem|Steps?|Cards?|Callout|Admonition|Accordion\w*|CodeGroup|Frame|Note|Tip"
    r"|Warning|Info|Aside"
    r"|ThemedImage|DocCardList|CodeBlock|Columns?|CardGroup)\b[^<>]*>[ \t]*$|=\{\{[^\n]*\}\}|\sclassName=",
    re.MULTILINE,
)
MYST = re.compile(
    r"^[ \t]*(?:`{3,}|:{3,})\{(?!(?:r|python|julia|bash|sh|sql|ojs|dot|stan)[ ,}])[A-Za-z][\w:-]*\}"
    r"|^\([\w:. /-]+\)=[ \t]*$",
    re.MULTILINE,
)
ROLE = re.compile(
    r"(?P<role>(?<![`\w$\\])\{[a-z][\w:+-]*\})?(?<![`\\])(?P<mark>`+)(?!`)[^\n]{1,500}?(?<!`)(?P=mark)(?!`)"
)
"""A code span, which is the text of a role of MyST if the role's name is before it."""
MODULE = re.compile(r"^import[ \t]+[\w$*{][^\n]*[ \t]from[ \t]+[\"'][^\n]*$|^import[ \t]*\{[ \t]*$", re.MULTILINE)
FENCED = re.compile(
    r"^[ \t>]*(?:[-*+][ \t]+)?(`{3,}|~{3,})[^\n]*\n.*?(?:^[ \t>]*\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)
FOUR_COLUMNS = re.compile(r"^[ \t]*(?:!!![ \t]+\w|\?\?\?\+?[ \t]+\w|===[+!]?[ \t]+\")", re.MULTILINE)
ALIAS = re.compile(r"(?:^|[\s\[{,])&\w.*?(?:^|[\s\[{,])\*\w", re.DOTALL)
OF_MYST = ("```{", "~~~{", ":::{", "}`", ")=\n")
TEMPLATES = re.compile(r"\{\{[<%]|\{%")
OF_MDX = re.compile(r"^export|</[A-Z]|=\{\{|className=", re.MULTILINE)
"""What a text of the dialect holds: a quick look."""
SUBSTITUTIONS = re.compile(r"^myst_substitutions[ \t]*=[ \t]*\{", re.MULTILINE)
MOST_INCLUDES = 50
"""Of files on one page; a page has no more, but a circle of them has."""
DEEPEST = 8
"""Files that include one another."""


@dataclass
class Dialect:
    """`mdx`: tags and expressions as in JSX, and no code by indentation. `myst`: directives, roles and comments of
    MyST. `four_columns`: the content of a list item begins in a column that four divides. `templates`: tags of a
    template engine, which a site generator reads before the Markdown, or of them shortcodes alone. `names` are what
    imports and constants stand for, `values` what front matter lets templates say."""

    mdx: bool = False
    myst: bool = False
    four_columns: bool = False
    templates: Literal["", "shortcodes", "all"] = "all"
    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    around: Around = NOWHERE
    render: Callable[[str, Dialect], str] = lambda text, dialect: text
    chain: frozenset[str] = frozenset()
    """The files, or parts of files, that this text is included by."""
    left: list[int] = field(default_factory=lambda: [MOST_INCLUDES])
    images: dict[str, bytes] = field(default_factory=dict)

    def value(self, kind: str, key: str) -> str:
        """What `{{< meta key >}}` and `{{< var key >}}` of Quarto stand for; "" if nothing says it."""
        if kind == "var":
            self.keep(kind, "/_variables.yml")
        return self.values.get(f"{kind} {key}", "")

    def keep(self, kind: str, path: str) -> None:
        """Keep the values of a settings file, if that was not done yet, each as `kind name`."""
        if kind in self.values:
            return
        self.values[kind] = ""
        found = self.around.file(path)
        for name, stated in flat(yaml_of(found[0])) if found else ():
            self.values[f"{kind} {name}"] = stated

    def substitution(self, name: str) -> str:
        """What `{{ name }}` of MyST stands for, in the front matter or the settings of Jupyter Book; "" if nothing
        says it."""
        if name not in self.values and "settings" not in self.values:
            self.values["settings"] = ""
            found = self.around.file("/_config.yml")
            for key, stated in flat(yaml_of(found[0])) if found else ():
                if "myst_substitutions." in key:
                    self.values.setdefault(key.partition("myst_substitutions.")[2], stated)
            found = self.around.file("conf.py")
            for key, stated in _of_settings(found[0]).items() if found else ():
                self.values.setdefault(key, stated)
        return self.values.get(name, "")

    def text_of(self, path: str) -> str:
        """The text of a file that the page shows as code; "" without one, or if there have been too many."""
        found = self.around.file(path) if self.left[0] > 0 else None
        if found is None:
            return ""
        self.left[0] -= 1
        return found[0]

    def including(self, path: str, around: Around) -> Dialect | None:
        """The dialect of a file that this one includes; None if there have been too many, or it includes itself."""
        if path in self.chain or len(self.chain) >= DEEPEST or self.left[0] <= 0:
            return None
        self.left[0] -= 1
        return replace(self, names=dict(self.names), around=around, chain=self.chain | {path})


def _of_settings(text: str) -> dict[str, str]:
    """The substitutions in the settings of Sphinx, if they are written out."""
    found = SUBSTITUTIONS.search(text)
    end = javascript.end_of(text, found.end() - 1) if found else -1
    try:
        values = ast.literal_eval(text[found.end() - 1 : end]) if found and end > 0 else {}
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return {}
    return {str(key): str(value) for key, value in values.items()} if isinstance(values, dict) else {}


def yaml_of(text: str) -> dict[str, Any]:
    """The values of a short YAML text; none if it has aliases, which may make much of little."""
    if ALIAS.search(text):
        return {}
    try:
        values = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def flat(values: Mapping[str, Any], before: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """The plain values of nested ones, by their keys with dots between."""
    for key, value in values.items():
        if isinstance(value, Mapping) and depth < DEEPEST:
            yield from flat(value, f"{before}{key}.", depth + 1)
        elif isinstance(value, str | int | float):
            yield f"{before}{key}", str(value)


class Outside:
    """A text without its fenced code, which is taken away only if need be."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.rest: str | None = None

    def has(self, pattern: re.Pattern[str]) -> bool:
        if pattern.search(self.text) is None:
            return False
        if self.rest is None:
            self.rest = FENCED.sub("", self.text)
        return pattern.search(self.rest) is not None


def _is_myst(text: str) -> bool:
    return MYST.search(text) is not None or ("}`" in text and any(one["role"] for one in ROLE.finditer(text)))


def dialect_of(text: str, name: str = "", around: Around = NOWHERE) -> Dialect:
    """The dialect of a text, by the ending of its file's name, what it holds and what lies around it."""
    ending = name.lower().rpartition(".")[2] if "." in name else ""
    outside = Outside(text)
    perhaps = ending in ("", "md", "markdown")
    script = "<script" in text
    module = (perhaps or ending == "mdx") and not script and "import" in text and outside.has(MODULE)
    myst = ending == "ipynb" or (perhaps and not module and any(map(text.__contains__, OF_MYST)) and _is_myst(text))
    mdx = (
        ending == "mdx"
        or module
        or (perhaps and "```mdx-code-block" in text)
        or (
            perhaps
            and not (myst or script)
            and OF_MDX.search(text) is not None
            and outside.has(MDX)
            and not outside.has(TEMPLATES)
        )
    )
    four = outside.has(FOUR_COLUMNS) or around.has("mkdocs.yml", "mkdocs.yaml", "zensical.toml")
    templates: Literal["", "shortcodes", "all"] = "shortcodes" if ending in ("qmd", "rmd") else "all"
    if mdx or myst:
        templates = ""
    return Dialect(mdx, myst, four and not mdx, templates, around=around)


def of(env: Any) -> Dialect:
    """The dialect that a rendering was given."""
    found = env.get("dialect")
    return found if isinstance(found, Dialect) else Dialect()
