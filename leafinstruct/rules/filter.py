"""Filters as checked objects: a scorer with its settings, and rules over score columns, one YAML file each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta

from leafinstruct import plugins
from leafinstruct.bundled import find_file
from leafinstruct.errors import LeafError, own_code
from leafinstruct.rules.expression import Expression, ExpressionError
from leafinstruct.settings import MODELS, ModelSettings, check_unique, read, read_yaml

if TYPE_CHECKING:
    from leafinstruct.score.base import Scorer


@dataclass(frozen=True)
class RuleEntry:
    """A rule as it is written in a filter."""

    name: Annotated[str, Meta(min_length=1)]
    drop: Literal["image", "document"]
    when: str | bool | int | float | None = None
    """Expression over score columns; what it is true of is dropped."""
    one_per: str = ""
    """Instead of `when`: a column that names a group; all but one document of each are dropped."""
    missing: Literal["drop", "keep"] = "drop"
    """What becomes of an item whose score could not be made."""
    origin: str = ""
    """Where the threshold comes from."""
    inline: bool = False
    """Whether a rule that drops images is about small pictures inside sentences too."""


@dataclass(frozen=True)
class FilterFile:
    """A file under filters/."""

    about: str = ""
    scorer: str = ""
    """A scorer by name, `./file.py:Class` or entry point; without one the rules read other filters' columns."""
    model: str = ""
    """`second_llm`, to ask that model instead of `llm`."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Settings of the scorer."""
    rules: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Rule:
    """Drops an image or a document when its expression holds, or all but one document of each group (`one_per`)."""

    name: str
    drop: Literal["image", "document"]
    when: Expression | None
    one_per: str
    missing: Literal["drop", "keep"]
    origin: str
    inline: bool = False

    def source(self) -> list[str]:
        """Everything that can change the rule's decisions."""
        found = [self.name, self.drop, self.when.text if self.when else "", self.one_per, self.missing]
        return [*found, "inline"] if self.inline else found


@dataclass(frozen=True)
class Filter:
    """A scorer with its settings and its rules, in one file under filters/."""

    name: str
    path: Path
    scorer: Scorer | None
    rules: tuple[Rule, ...]
    about: str = ""

    @property
    def folder(self) -> str:
        """Name of the folder of its scores in a run; "" without a scorer."""
        return f"{self.name}-{self.scorer.hash8()}" if self.scorer else ""

    def full_name(self, column: str) -> str:
        """Full name, FILTER.COLUMN, of a column as written in a rule of this filter."""
        return column if "." in column else f"{self.name}.{column}"


def load_filter(path: Path, root: Path, name: str, models: Mapping[str, ModelSettings]) -> Filter:
    """The filter `name` of the pipeline file at `path`. Raises LeafError naming the file and the key."""
    try:
        file = find_file(root, "filters", f"{name}.yaml")
    except LeafError as error:
        raise LeafError(f"{path}: filters: {error}") from None
    if not name.isidentifier():
        raise LeafError(f"{path}: filters: '{name}' becomes part of column names; use letters, digits and _")
    raw = read(FilterFile, {key: value for key, value in read_yaml(file).items() if value is not None}, f"{file}: ")
    scorer = None
    if raw.scorer:
        try:
            plugin = load_scorer(raw.scorer, root)
            asked = raw.model or plugin.value.model
            scorer = _made(plugin, raw.settings, models.get(asked), root)
        except LeafError as error:
            raise LeafError(f"{file}: {error}") from None
        if asked != scorer.model and (asked, scorer.model) != ("second_llm", "llm"):
            own = scorer.model or "no model"
            raise LeafError(f"{file}: model is {asked!r}, but the scorer uses {own}; remove the key 'model'")
        if asked in MODELS and asked not in models:
            raise LeafError(f"{path}: filter '{name}' needs a model; add models: {asked}: to the pipeline")
    rules = tuple(_rule(file, entry) for entry in raw.rules)
    check_unique(file, "rules", [r.name for r in rules])
    return Filter(name, file, scorer, rules, raw.about)


def _rule(file: Path, entry: Mapping[str, Any]) -> Rule:
    where = f"{file}: rules: {entry.get('name', '?')}: "
    raw = read(RuleEntry, entry, where)
    if ("when" in entry) == ("one_per" in entry):
        raise LeafError(f"{where}needs either 'when' or 'one_per'")
    if raw.one_per and raw.drop != "document":
        raise LeafError(f"{where}one_per keeps one document of each group; write drop: document")
    if raw.inline and raw.drop != "image":
        raise LeafError(f"{where}inline is of rules that drop images; write drop: image, or leave it out")
    try:
        when = Expression(str(raw.when)) if "when" in entry else None
    except ExpressionError as error:
        raise LeafError(f"{where}{error}") from None
    return Rule(raw.name, raw.drop, when, raw.one_per, raw.missing, raw.origin, raw.inline)


def load_scorer(spec: str, root: Path) -> plugins.Plugin:
    """A scorer's class by name, by file (`./mine.py:Class`) or by entry point. Raises LeafError."""
    from leafinstruct.score.base import Scorer, check_columns

    plugin = plugins.load(plugins.SCORER, spec, root, Scorer)
    try:
        check_columns(plugin.value)
    except LeafError as error:
        raise LeafError(f"'{spec}': {error}") from None
    return plugin


def _made(plugin: plugins.Plugin, settings: Mapping[str, Any], model: ModelSettings | None, root: Path) -> Scorer:
    """A scorer with its settings and files. Raises LeafError."""
    with own_code(plugin.code, f"scorer {plugin.value.__qualname__}"):
        scorer: Scorer = plugin.value(settings, model)
        scorer.code = plugin.code
        if not hasattr(scorer, "settings"):
            raise LeafError(f"scorer {plugin.value.__qualname__}: its __init__ does not call super().__init__")
        scorer.read_files(root)
        scorer.hash8()
    return scorer
