"""Pipelines as checked objects, read from YAML in the project's folder or in the installed package."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from leafinstruct.deprecated import OldName
from leafinstruct.document import digest
from leafinstruct.errors import LeafError, did_you_mean
from leafinstruct.removal import Removals, load_removals
from leafinstruct.rules.filter import Filter, load_filter
from leafinstruct.settings import (
    MODELS,
    ModelSettings,
    check_keys,
    check_unique,
    list_of,
    mapping_of,
    read,
    read_yaml,
)

if TYPE_CHECKING:
    from leafinstruct.score.base import Column

STAGES = ("harvest", "filter", "rewrite", "shard", "train")
PIPELINE_KEYS = ("name", "about", "sources", "models", "filters", "rewrite", "shard", "train", "ray")


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
    """Takedown requests of this project."""
    notices: tuple[str, ...] = ()
    """What the user should change before the next release, one line each."""
    other_rules: Mapping[str, str] = field(default_factory=dict)
    """Expressions by FILTER.RULE that are not those of the files (see `with_rules`)."""

    def digest(self) -> str:
        """Changes with anything that this object was read from."""
        models = {kind: model.facts() for kind, model in self.models.items()}
        removed = [(entry.kind, entry.value) for entry in self.removals.entries]
        return digest([self.raw, self.rules(), models, removed])

    def columns(self) -> dict[str, Column]:
        """All score columns by their full name, FILTER.COLUMN."""
        return {f"{f.name}.{c.name}": c for f in self.filters if f.scorer for c in f.scorer.columns}

    def rules(self) -> dict[str, list[Any]]:
        """For each filter everything that can change its decisions: its scores' folder and its rules."""
        return {f.name: [f.folder, *(rule.source() for rule in f.rules)] for f in self.filters}

    def run_folder(self, limit: int | None) -> str:
        """Where the pipeline is built by default, with at most `limit` documents of each source."""
        return f"runs/{self.name}" if limit is None else f"runs/{self.name}-limit-{limit}"

    def section(self, name: Literal["shard", "train", "ray"], kind: type[Any]) -> Any:
        """A section of the file as a settings dataclass. Raises LeafError naming file and section."""
        return read(kind, getattr(self, name), f"{self.path}: {name}: ")


def default_pipeline(folder: Path) -> Path:
    """The pipeline that `build` uses if none is named: demo.yaml, or the only one in the folder. Raises LeafError if
    there is no such pipeline."""
    own = sorted((folder / "pipelines").glob("*.yaml"))
    demo = [p for p in own if p.name == "demo.yaml"]
    if demo or len(own) == 1:
        return (demo or own)[0]
    if own:
        raise LeafError(f"{folder / 'pipelines'} holds {len(own)} pipelines; name one: {', '.join(map(str, own))}")
    raise LeafError(f"no pipelines/ in {folder}; go to a project folder or create one with: leafinstruct init DIR")


def pipeline_named(folder: Path, name: str) -> Path | None:
    """The file in `pipelines/` of a folder that builds runs under a name; None if there is none."""
    for path in sorted((folder / "pipelines").glob("*.yaml")):
        try:
            if str(read_yaml(path).get("name") or path.stem) == name:
                return path
        except LeafError:
            continue
    return None


def load_pipeline(path: Path, resolve_models: bool = True) -> Pipeline:
    """Read and check a pipeline and all its filters; `resolve_models` also looks up the models' revisions. Raises
    LeafError naming file and key."""
    from leafinstruct.rules.checks import check_rules
    from leafinstruct.rules.renamed import with_current_columns

    path = Path(path)
    if not _is_file(path):
        known = [p.stem for p in path.parent.glob("*.yaml")] if path.parent.is_dir() else []
        hint = did_you_mean(path.stem, known) if known else ""
        raise LeafError(f"pipeline {path} is not there{hint}")
    raw = read_yaml(path)
    check_keys(path, "", raw, PIPELINE_KEYS, required=("sources", "filters"))
    root = path.resolve().parent.parent if path.resolve().parent.name == "pipelines" else path.resolve().parent
    models = _models(path, root, {} if raw.get("models") is None else raw["models"], resolve_models)
    filters = tuple(load_filter(path, root, str(name), models) for name in list_of(path, raw, "filters"))
    check_unique(path, "filters", [f.name for f in filters])
    filters, notices = with_current_columns(filters)
    sources = tuple(_source(path, entry) for entry in list_of(path, raw, "sources"))
    check_unique(path, "sources", [s.name for s in sources])
    pipeline = Pipeline(
        name=_name(path, raw.get("name")),
        path=path,
        root=root,
        sources=sources,
        models=models,
        filters=filters,
        rewrite=mapping_of(path, raw, "rewrite"),
        shard=mapping_of(path, raw, "shard"),
        train=mapping_of(path, raw, "train"),
        ray=mapping_of(path, raw, "ray"),
        raw=raw,
        removals=load_removals(root),
        notices=notices,
    )
    check_rules(filters, pipeline.columns())
    return pipeline


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _name(path: Path, name: Any) -> str:
    """The pipeline's name, which is part of the name of its run's folder."""
    if name is None:
        return path.stem
    if not isinstance(name, str) or not NAME.fullmatch(name):
        shown = repr(name)[:60]
        raise LeafError(f"{path}: name: {shown} is part of a folder's name; use letters, digits, spaces and . _ -")
    return name


NAME = re.compile(r"\w[\w .-]{0,99}")


def with_rules(pipeline: Pipeline, rules: Mapping[str, str]) -> Pipeline:
    """The pipeline with other expressions for some of its rules, by `FILTER.RULE`. Files are not changed.

    Raises LeafError for an unknown rule, for one that keeps one document per group, and for an expression that cannot
    be decided.
    """
    from leafinstruct.rules.checks import check_rules
    from leafinstruct.rules.expression import Expression, ExpressionError
    from leafinstruct.rules.renamed import current_rule

    if not isinstance(pipeline, Pipeline) or not isinstance(rules, Mapping):
        raise LeafError("with_rules takes a Pipeline and a mapping of FILTER.RULE to expressions")
    wanted = {current_rule(str(label)): str(text) for label, text in rules.items()}
    for label in map(str, rules):
        if current_rule(label) != label:
            warnings.warn(f"rule '{label}' is now called '{current_rule(label)}'", OldName, stacklevel=2)
    known = {f"{owner.name}.{rule.name}": rule for owner in pipeline.filters for rule in owner.rules}
    for label, text in wanted.items():
        if label not in known:
            raise LeafError(f"{pipeline.path}: no rule '{label}'{did_you_mean(label, known)}")
        if known[label].when is None:
            raise LeafError(f"{pipeline.path}: rule '{label}' keeps one document per group; it has no expression")
        try:
            known[label] = replace(known[label], when=Expression(text))
        except ExpressionError as error:
            raise LeafError(f"rule '{label}': {error}") from None
    filters = tuple(
        replace(owner, rules=tuple(known[f"{owner.name}.{rule.name}"] for rule in owner.rules))
        for owner in pipeline.filters
    )
    check_rules(filters, pipeline.columns())
    return replace(pipeline, filters=filters, other_rules={**pipeline.other_rules, **wanted})


def _models(path: Path, root: Path, raw: Any, resolve_models: bool) -> dict[str, ModelSettings]:
    from leafinstruct.models.languages import checked_languages

    check_keys(path, "models: ", raw, MODELS)
    found = {}
    for kind, entry in raw.items():
        where = f"{path}: models: {kind}: "
        if not isinstance(entry, dict) or not isinstance(entry.get("model"), str) or not entry["model"]:
            raise LeafError(f"{where}needs 'model', a Hub id or a local folder; found {entry!r}")
        try:
            languages = checked_languages(entry.get("languages") or [])
            settings, has_weights = _dual_encoder(entry) if kind == "clip" else _language_model(entry, root)
        except LeafError as error:
            raise LeafError(f"{where}{error}") from None
        revision = ""
        if resolve_models and has_weights:
            from leafinstruct.models.weights import resolve

            try:
                revision = resolve(settings.name).revision
            except LeafError as error:
                raise LeafError(f"{where}{error}") from None
        found[kind] = replace(settings, revision=revision, languages=languages)
    return found


def _dual_encoder(entry: Mapping[str, Any]) -> tuple[ModelSettings, bool]:
    from leafinstruct.models.backends import options_of
    from leafinstruct.models.clip import Clip

    options = {key: value for key, value in entry.items() if key not in ("model", "languages")}
    read(options_of(Clip), options)
    return ModelSettings(entry["model"], options=tuple(sorted(options.items()))), True


def _language_model(entry: Mapping[str, Any], root: Path) -> tuple[ModelSettings, bool]:
    """The settings of a language model, and whether its weights are on this machine. Raises LeafError."""
    from leafinstruct.models.backends import load_backend, options_of

    backend = entry.get("backend", "vllm")
    if not isinstance(backend, str) or not backend:
        raise LeafError(f"setting 'backend' is {backend!r}; it takes a text")
    plugin = load_backend(backend, root)
    options = {key: value for key, value in entry.items() if key not in ("model", "backend", "languages")}
    read(options_of(plugin.value), options)
    plugin.value.check_options(options)
    if isinstance(options.get("batch_size"), int) and options["batch_size"] < 1:
        raise LeafError(f"setting 'batch_size' is {options['batch_size']}; it takes a whole number, 1 or more")
    place = str(root) if plugin.code else ""
    settings = ModelSettings(entry["model"], "", backend, tuple(sorted(options.items())), (), plugin.code, place)
    return settings, plugin.value.weights


def _source(path: Path, raw: Any) -> SourceSettings:
    if not isinstance(raw, dict) or not raw.get("name") or not raw.get("kind"):
        raise LeafError(f"{path}: sources: each source needs 'name' and 'kind'; found {raw!r}")
    name = str(raw["name"])
    if not name.replace("-", "").replace("_", "").isalnum():
        raise LeafError(f"{path}: sources: name '{name}' becomes part of file names; use letters, digits, - and _")
    return SourceSettings(name, str(raw["kind"]), {k: v for k, v in raw.items() if k not in ("name", "kind")})
