"""Pipelines and filters as checked objects, read from YAML in the project's folder or from the installed package.

Every error names the file, the key, what was found and what is allowed.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml

from leafinstruct.document import LeafError, did_you_mean
from leafinstruct.expression import Expression, ExpressionError, Name
from leafinstruct.removal import Removals, load_removals

if TYPE_CHECKING:
    from leafinstruct.score.base import Column, Scorer

STAGES = ("harvest", "filter", "rewrite", "shard", "train")
DOCUMENT_FIELDS = ("source", "site", "license", "title", "topic", "language")
"""Fields of the document itself that rules may read, as `document.license` and so on."""
RULE_KEYS = ("name", "drop", "when", "one_per", "missing", "origin")
FILTER_KEYS = ("scorer", "model", "settings", "rules", "about")
PIPELINE_KEYS = ("name", "about", "sources", "models", "filters", "rewrite", "shard", "train", "ray")
MODELS = ("clip", "llm", "second_llm")
"""Models that a pipeline names. A filter whose scorer asks `llm` may say `model: second_llm`."""


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """A model as named in the pipeline, with the revision found on this machine (empty before it is looked for)."""

    name: str
    revision: str = ""
    backend: str = ""
    options: tuple[tuple[str, Any], ...] = ()
    languages: tuple[str, ...] = ()
    """Codes of the languages it speaks; documents in others are passed over. None: it is asked about all."""


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
        """All that can change what the rule decides."""
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
        """Name of its scores in a run."""
        return f"{self.name}-{self.scorer.hash8()}" if self.scorer else ""


@dataclass(frozen=True)
class SourceSettings:
    name: str
    kind: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Pipeline:
    """Sources, filters in order, rewriting, sharding: one file under pipelines/."""

    name: str
    path: Path
    root: Path
    sources: tuple[SourceSettings, ...]
    models: Mapping[str, ModelSettings]
    filters: tuple[Filter, ...]
    rewrite: Mapping[str, Any]
    shard: Mapping[str, Any]
    train: Mapping[str, Any]
    ray: Mapping[str, Any]
    raw: Mapping[str, Any] = field(default_factory=dict)
    removals: Removals = field(default_factory=Removals)
    """What was taken down in this project."""

    def columns(self) -> dict[str, Column]:
        """All score columns by their full name, FILTER.COLUMN."""
        return {f"{f.name}.{c.name}": c for f in self.filters if f.scorer for c in f.scorer.columns}

    def rules(self) -> dict[str, list[Any]]:
        """Of each filter all that can change what it decides: its scores' folder and its rules."""
        return {f.name: [f.folder, *(rule.source() for rule in f.rules)] for f in self.filters}

    def section(self, name: Literal["shard", "train", "ray"], kind: type[Any]) -> Any:
        """A section of the file as a settings dataclass. Raises LeafError naming file and section."""
        try:
            return make_settings(kind, getattr(self, name))
        except LeafError as error:
            raise LeafError(f"{self.path}: {name}: {error}") from None


def package_folders() -> list[Path]:
    """Where the shipped pipelines and filters lie: in an installed wheel, or at the top of a clone."""
    here = Path(__file__).parent
    return [here / "project", here.parent]


def find_file(root: Path, folder: str, name: str) -> Path:
    """`folder/name` in the project, else as shipped. Raises LeafError with the nearest name."""
    places = [root, *package_folders()]
    for place in places:
        if (place / folder / name).is_file():
            return place / folder / name
    known = {p.stem for place in places for p in (place / folder).glob("*.yaml")}
    raise LeafError(f"{folder}/{name} is not there{did_you_mean(Path(name).stem, known)}")


def default_pipeline(folder: Path) -> Path:
    """The pipeline that `build` takes without a name: demo.yaml, or the only one of the folder."""
    own = sorted((folder / "pipelines").glob("*.yaml"))
    demo = [p for p in own if p.name == "demo.yaml"]
    if demo or len(own) == 1:
        return (demo or own)[0]
    if own:
        raise LeafError(f"{folder / 'pipelines'} holds {len(own)} pipelines; name one: {', '.join(map(str, own))}")
    raise LeafError(f"no pipelines/ in {folder}; go to a project folder or make one with: leafinstruct init DIR")


def load_pipeline(path: Path, resolve_models: bool = True) -> Pipeline:
    """Read and check a pipeline and all its filters. With `resolve_models` the models' revisions are looked up."""
    path = Path(path)
    if not path.is_file():
        known = [p.stem for p in path.parent.glob("*.yaml")] if path.parent.is_dir() else []
        hint = did_you_mean(path.stem, known) if known else ""
        raise LeafError(f"pipeline {path} is not there{hint}")
    raw = _read(path)
    _check_keys(path, "", raw, PIPELINE_KEYS, required=("sources", "filters"))
    root = path.resolve().parent.parent if path.resolve().parent.name == "pipelines" else path.resolve().parent
    models = _models(path, raw.get("models") or {}, resolve_models)
    filters = tuple(_filter(path, root, str(name), models) for name in _list(path, raw, "filters"))
    _unique(path, "filters", [f.name for f in filters])
    sources = tuple(_source(path, entry) for entry in _list(path, raw, "sources"))
    _unique(path, "sources", [s.name for s in sources])
    pipeline = Pipeline(
        name=str(raw.get("name") or path.stem),
        path=path,
        root=root,
        sources=sources,
        models=models,
        filters=filters,
        rewrite=_mapping(path, raw, "rewrite"),
        shard=_mapping(path, raw, "shard"),
        train=_mapping(path, raw, "train"),
        ray=_mapping(path, raw, "ray"),
        raw=raw,
        removals=load_removals(root),
    )
    _check_rules(pipeline)
    return pipeline


def load_scorer(spec: str, root: Path) -> type[Scorer]:
    """A scorer's class by its name in our package (`image`), by file (`./mine.py:Class`), or by entry point."""
    if ":" in spec:
        file, _, name = spec.rpartition(":")
        path = (root / file).resolve()
        if not path.is_file():
            raise LeafError(f"'{spec}': {path} is not there")
        module_spec = importlib.util.spec_from_file_location(f"leafinstruct_user_{path.stem}", path)
        assert module_spec and module_spec.loader
        module = importlib.util.module_from_spec(module_spec)
        sys.modules[module_spec.name] = module
        try:
            module_spec.loader.exec_module(module)
        except Exception as error:  # the user's own code: any error is theirs to see in one line
            raise LeafError(f"'{spec}': {path} does not load: {type(error).__name__}: {error}") from error
        return _scorer_class(spec, path, vars(module), name)
    from importlib.metadata import entry_points

    for entry in entry_points(group="leafinstruct.scorers"):
        if entry.name == spec:
            return entry.load()
    known = {p.stem for p in (Path(__file__).parent / "score").glob("*.py")} - {
        "__init__",
        "base",
        "benchmark_files",
        "clusters",
        "cut",
        "decode",
        "pixels",
        "shingles",
        "stage",
        "strangers",
        "words",
    }
    if spec not in known:
        raise LeafError(f"unknown scorer '{spec}'{did_you_mean(spec, known)}")
    return importlib.import_module(f"leafinstruct.score.{spec}").Scorer


def _scorer_class(spec: str, path: Path, found: Mapping[str, Any], name: str) -> type[Scorer]:
    from leafinstruct.score.base import Scorer

    kinds = {k for k, v in found.items() if isinstance(v, type) and issubclass(v, Scorer) and v.columns}
    if name not in kinds:
        hint = did_you_mean(name, kinds) if kinds else ""
        raise LeafError(f"'{spec}': {path} has no scorer {name} with columns{hint}")
    return found[name]


def _filter(path: Path, root: Path, name: str, models: Mapping[str, ModelSettings]) -> Filter:
    try:
        file = find_file(root, "filters", f"{name}.yaml")
    except LeafError as error:
        raise LeafError(f"{path}: filters: {error}") from None
    if not name.isidentifier():
        raise LeafError(f"{path}: filters: '{name}' names columns in rules; use letters, digits and _")
    raw = _read(file)
    _check_keys(file, "", raw, FILTER_KEYS)
    scorer = None
    if raw.get("scorer"):
        try:
            kind = load_scorer(str(raw["scorer"]), root)
            asked = str(raw.get("model") or kind.model)
            scorer = kind(_mapping(file, raw, "settings"), models.get(asked))
            scorer.read_files(root)
        except LeafError as error:
            raise LeafError(f"{file}: {error}") from None
        if asked != kind.model and (asked, kind.model) != ("second_llm", "llm"):
            raise LeafError(f"{file}: model is {asked!r}; the scorer asks {kind.model or 'none'}")
        if asked in MODELS and asked not in models:
            raise LeafError(f"{path}: filter '{name}' needs a model; add models: {asked}: to the pipeline")
    rules = tuple(_rule(file, entry) for entry in (_list(file, raw, "rules") if raw.get("rules") else []))
    _unique(file, "rules", [r.name for r in rules])
    return Filter(name, file, scorer, rules, str(raw.get("about") or ""))


def _rule(file: Path, raw: Any) -> Rule:
    if not isinstance(raw, dict):
        raise LeafError(f"{file}: rules: each rule is a mapping with {', '.join(RULE_KEYS)}; found {raw!r}")
    where = f"rules: {raw.get('name', '?')}: "
    _check_keys(file, where, raw, RULE_KEYS, required=("name", "drop"))
    if raw["drop"] not in ("image", "document"):
        raise LeafError(f"{file}: {where}drop is {raw['drop']!r}; it is image or document")
    missing = raw.get("missing", "drop")
    if missing not in ("drop", "keep"):
        raise LeafError(f"{file}: {where}missing is {missing!r}; it is drop or keep")
    if ("when" in raw) == ("one_per" in raw):
        raise LeafError(f"{file}: {where}needs either 'when' or 'one_per'")
    if "one_per" in raw and raw["drop"] != "document":
        raise LeafError(f"{file}: {where}one_per chooses among documents; write drop: document")
    try:
        when = Expression(raw["when"]) if "when" in raw else None
    except ExpressionError as error:
        raise LeafError(f"{file}: {where}{error}") from None
    return Rule(raw["name"], raw["drop"], when, str(raw.get("one_per", "")), missing, str(raw.get("origin", "")))


def full_name(pipeline: Pipeline, owner: Filter, column: str) -> str:
    """Full name of a column as a rule of `owner` writes it."""
    return column if "." in column else f"{owner.name}.{column}"


def _check_rules(pipeline: Pipeline) -> None:
    columns = pipeline.columns()
    fields = {f"document.{name}" for name in DOCUMENT_FIELDS}
    seen: set[str] = {"document"}
    for owner in pipeline.filters:
        seen.add(owner.name)
        for rule in owner.rules:
            where = f"{owner.path}: rules: {rule.name}: "
            names = rule.when.names if rule.when else (Name(rule.one_per),)
            for name in names:
                if not name.column:
                    continue
                column = full_name(pipeline, owner, name.column)
                if column not in columns and column not in fields:
                    known = {c.removeprefix(f"{owner.name}.") for c in {*columns, *fields}}
                    raise LeafError(f"{where}unknown column '{name.column}'{did_you_mean(name.column, known)}")
                if column.partition(".")[0] not in seen:
                    raise LeafError(
                        f"{where}column '{name.column}' comes from a later filter; move this filter behind it"
                    )
                _check_grain(where, rule, name, columns.get(column))
            _check_types(where, pipeline, owner, rule)


def _check_types(where: str, pipeline: Pipeline, owner: Filter, rule: Rule) -> None:
    """Raises LeafError where texts stand in place of numbers: found by trying the rule on one made-up row."""
    import numpy as np

    examples = {"text": np.array([""]), "bool": np.array([False]), "int": np.array([0]), "float": np.array([0.0])}
    columns = pipeline.columns()

    def kind(name: Name) -> str:
        column = columns.get(full_name(pipeline, owner, name.column)) if name.column else None
        return column.type if column else "text" if name.column else "int"

    if rule.when is None:
        if kind(Name(rule.one_per)) != "text":
            raise LeafError(f"{where}one_per needs a column that names a group, such as duplicates.cluster")
        return
    for name in rule.when.names:
        if name.function and kind(name) == "text":
            raise LeafError(f"{where}'{name}': a text has no {name.function}")
    try:
        value = rule.when.evaluate({n: examples["float" if n.function else kind(n)] for n in rule.when.names})
    except ExpressionError as error:
        raise LeafError(f"{where}'{rule.when.text}': {error}") from None
    if np.asarray(value).dtype.kind != "b":
        raise LeafError(f"{where}'{rule.when.text}' is neither true nor false; compare it with something")


def _check_grain(where: str, rule: Rule, name: Name, column: Column | None) -> None:
    grain = column.grain if column else "document"
    if name.function and (rule.drop == "image" or grain != "image"):
        raise LeafError(f"{where}'{name}' needs an image column and a document rule")
    if not name.function and rule.drop == "document" and grain == "image":
        raise LeafError(f"{where}'{name}' is about images; a document rule needs mean({name}), min({name}), ...")


def _models(path: Path, raw: Any, resolve_models: bool) -> dict[str, ModelSettings]:
    from leafinstruct.models.languages import checked_languages

    _check_keys(path, "models: ", raw, MODELS)
    found = {}
    for kind, entry in raw.items():
        if not isinstance(entry, dict) or not entry.get("model"):
            raise LeafError(f"{path}: models: {kind}: needs 'model', a hub id or a local folder")
        options = {k: v for k, v in entry.items() if k not in ("model", "backend", "languages")}
        try:
            languages = checked_languages(entry.get("languages") or [])
        except LeafError as error:
            raise LeafError(f"{path}: models: {kind}: {error}") from None
        revision = ""
        backend = str(entry.get("backend") or ("" if kind == "clip" else "vllm"))
        if resolve_models and backend != "openai":
            from leafinstruct.models.weights import resolve

            revision = resolve(str(entry["model"])).revision
        found[kind] = ModelSettings(str(entry["model"]), revision, backend, tuple(sorted(options.items())), languages)
    return found


def _source(path: Path, raw: Any) -> SourceSettings:
    if not isinstance(raw, dict) or not raw.get("name") or not raw.get("kind"):
        raise LeafError(f"{path}: sources: each source needs 'name' and 'kind'; found {raw!r}")
    name = str(raw["name"])
    if not name.replace("-", "").replace("_", "").isalnum():
        raise LeafError(f"{path}: sources: name '{name}' names files; use letters, digits, - and _")
    return SourceSettings(name, str(raw["kind"]), {k: v for k, v in raw.items() if k not in ("name", "kind")})


def _read(path: Path) -> dict[str, Any]:
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise LeafError(f"{path}{line}: not valid YAML: {getattr(error, 'problem', error)}") from None
    except UnicodeDecodeError:
        raise LeafError(f"{path}: not UTF-8 text") from None
    if not isinstance(value, dict):
        raise LeafError(f"{path}: expected keys and values at the top, found {type(value).__name__}")
    return value


def _check_keys(path: Path, where: str, raw: Any, allowed: Iterable[str], required: Iterable[str] = ()) -> None:
    if not isinstance(raw, dict):
        raise LeafError(f"{path}: {where}expected keys and values, found {raw!r}")
    for key in raw:
        if key not in allowed:
            raise LeafError(f"{path}: {where}unknown key '{key}'{did_you_mean(str(key), allowed)}")
    for key in required:
        if not raw.get(key):
            raise LeafError(f"{path}: {where}key '{key}' is missing")


def _list(path: Path, raw: Mapping[str, Any], key: str) -> list[Any]:
    if not isinstance(raw[key], list):
        raise LeafError(f"{path}: {key}: expected a list, found {type(raw[key]).__name__}")
    return raw[key]


def _mapping(path: Path, raw: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = raw.get(key) or {}
    if not isinstance(value, dict):
        raise LeafError(f"{path}: {key}: expected keys and values, found {type(value).__name__}")
    return value


def _unique(path: Path, where: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise LeafError(f"{path}: {where}: '{name}' stands twice")


def make_settings(kind: type[Any], values: Mapping[str, Any]) -> Any:
    """A settings dataclass from a mapping. Raises LeafError for an unknown key or a value of another type."""
    known = {f.name: f for f in fields(kind)}
    for key, value in values.items():
        if key not in known:
            raise LeafError(f"unknown setting '{key}'{did_you_mean(key, known)}")
        default = known[key].default
        if default is not MISSING and not _same_kind(value, default):
            raise LeafError(f"setting '{key}' is {value!r}; it takes a value like {default!r}")
    ready = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return kind(**ready)


def _same_kind(value: Any, default: Any) -> bool:
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(value, bool) and isinstance(default, bool)
    if isinstance(default, float):
        return isinstance(value, int | float)
    if isinstance(default, tuple):
        return isinstance(value, list | tuple)
    return isinstance(value, type(default))
