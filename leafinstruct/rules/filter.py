"""Filters as checked objects: a scorer with its settings, and rules over score columns, one YAML file each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from leafinstruct import plugins
from leafinstruct.bundled import find_file
from leafinstruct.errors import LeafError
from leafinstruct.rules.expression import Expression, ExpressionError
from leafinstruct.settings import MODELS, ModelSettings, check_keys, check_unique, list_of, mapping_of, read_yaml

if TYPE_CHECKING:
    from leafinstruct.score.base import Scorer

RULE_KEYS = ("name", "drop", "when", "one_per", "missing", "origin")
FILTER_KEYS = ("scorer", "model", "settings", "rules", "about")


@dataclass(frozen=True)
class Rule:
    """Drops an image or a document when its expression holds, or all but one document of each group (`one_per`)."""

    name: str
    drop: Literal["image", "document"]
    when: Expression | None
    one_per: str
    missing: Literal["drop", "keep"]
    origin: str

    def source(self) -> list[str]:
        """Everything that can change the rule's decisions."""
        return [self.name, self.drop, self.when.text if self.when else "", self.one_per, self.missing]


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
    raw = read_yaml(file)
    check_keys(file, "", raw, FILTER_KEYS)
    scorer = None
    if raw.get("scorer"):
        try:
            kind = load_scorer(str(raw["scorer"]), root)
            asked = str(raw.get("model") or kind.model)
            scorer = kind(mapping_of(file, raw, "settings"), models.get(asked))
            scorer.read_files(root)
        except LeafError as error:
            raise LeafError(f"{file}: {error}") from None
        if asked != kind.model and (asked, kind.model) != ("second_llm", "llm"):
            own = kind.model or "no model"
            raise LeafError(f"{file}: model is {asked!r}, but the scorer uses {own}; remove the key 'model'")
        if asked in MODELS and asked not in models:
            raise LeafError(f"{path}: filter '{name}' needs a model; add models: {asked}: to the pipeline")
    rules = tuple(_rule(file, entry) for entry in (list_of(file, raw, "rules") if raw.get("rules") else []))
    check_unique(file, "rules", [r.name for r in rules])
    return Filter(name, file, scorer, rules, str(raw.get("about") or ""))


def _rule(file: Path, raw: Any) -> Rule:
    if not isinstance(raw, dict):
        raise LeafError(f"{file}: rules: each rule is a mapping with {', '.join(RULE_KEYS)}; found {raw!r}")
    where = f"rules: {raw.get('name', '?')}: "
    check_keys(file, where, raw, RULE_KEYS, required=("name", "drop"))
    if raw["drop"] not in ("image", "document"):
        raise LeafError(f"{file}: {where}drop is {raw['drop']!r}; it must be image or document")
    missing = raw.get("missing", "drop")
    if missing not in ("drop", "keep"):
        raise LeafError(f"{file}: {where}missing is {missing!r}; it must be drop or keep")
    if ("when" in raw) == ("one_per" in raw):
        raise LeafError(f"{file}: {where}needs either 'when' or 'one_per'")
    if "one_per" in raw and raw["drop"] != "document":
        raise LeafError(f"{file}: {where}one_per keeps one document of each group; write drop: document")
    try:
        when = Expression(raw["when"]) if "when" in raw else None
    except ExpressionError as error:
        raise LeafError(f"{file}: {where}{error}") from None
    return Rule(raw["name"], raw["drop"], when, str(raw.get("one_per", "")), missing, str(raw.get("origin", "")))


def load_scorer(spec: str, root: Path) -> type[Scorer]:
    """A scorer's class by name, by file (`./mine.py:Class`) or by entry point. Raises LeafError."""
    from leafinstruct.score.base import Scorer

    kind = plugins.load(plugins.SCORER, spec, root, Scorer)
    if not kind.columns:
        raise LeafError(f"'{spec}': the scorer declares no columns")
    return kind
