"""The JSON Schema of pipelines and filters, and the page of the docs that lists all settings: both from the dataclasses
that read them."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import fields
from importlib import import_module
from typing import Any

from leafinstruct import plugins

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def pipeline_schema() -> dict[str, Any]:
    """Of a file under pipelines/."""
    properties: dict[str, Any] = {
        "name": {"type": "string", "description": "Name of the run and of the dataset; the file's name by default."},
        "about": {"type": "string"},
        "sources": {"type": "array", "minItems": 1, "items": {"oneOf": list(_sources())}},
        "models": {"type": "object", "additionalProperties": False, "properties": _models()},
        "filters": {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string"}},
    }
    properties |= {name: {**of(kind), "description": about} for name, (kind, about) in sections().items()}
    return _file("A pipeline of leafinstruct", properties, ["sources", "filters"])


def filter_schema() -> dict[str, Any]:
    """Of a file under filters/."""
    from leafinstruct.rules.filter import FilterFile, RuleEntry

    properties = of(FilterFile)["properties"]
    properties["rules"] = {"type": "array", "items": of(RuleEntry)}
    return _file("A filter of leafinstruct", properties, [])


def sections() -> dict[str, tuple[type[Any], str]]:
    """Sections of a pipeline: the dataclass that reads each, and what it is about."""
    from leafinstruct.engine.ray import RaySettings
    from leafinstruct.moss.settings import TrainConfig
    from leafinstruct.rewrite.stage import RewriteSettings
    from leafinstruct.shard.plan import ShardSettings

    return {
        "rewrite": (RewriteSettings, "How records are written."),
        "shard": (ShardSettings, "How records are split and sharded."),
        "train": (TrainConfig, "How adapters are trained on the shards."),
        "ray": (RaySettings, "The cluster of --engine ray."),
    }


def of(kind: type[Any]) -> dict[str, Any]:
    """The schema of a settings dataclass, with the docstrings of its fields. Unknown keys are refused."""
    import msgspec

    whole = msgspec.json.schema(kind)
    found = _inlined(whole, whole.get("$defs", {}))
    told = field_docs(kind)
    for field in fields(kind):  # msgspec 0.22 leaves out that a mapping is empty by default
        if field.default_factory is dict:
            found["properties"][field.name].setdefault("default", {})
    for name, entry in found.get("properties", {}).items():
        if name in told:
            entry["description"] = told[name]
    found.pop("title", None)
    return {**found, "additionalProperties": False}


def field_docs(kind: type[Any]) -> dict[str, str]:
    """The string below each field of a dataclass and of those it inherits from."""
    found: dict[str, str] = {}
    for one in reversed(kind.__mro__[:-1]):
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(one)))
        except (OSError, TypeError):
            continue
        body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
        for before, after in zip(body, body[1:], strict=False):
            target = before.target if isinstance(before, ast.AnnAssign) else None
            text = after.value if isinstance(after, ast.Expr) else None
            if isinstance(target, ast.Name) and isinstance(text, ast.Constant) and isinstance(text.value, str):
                found[target.id] = " ".join(text.value.split())
    return found


def _inlined(value: Any, defs: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        if "$ref" in value:
            return _inlined(defs[value["$ref"].rsplit("/", 1)[-1]], defs)
        return {key: _inlined(inner, defs) for key, inner in value.items() if key != "$defs"}
    if isinstance(value, list | tuple):
        return [_inlined(inner, defs) for inner in value]
    return value


def _file(title: str, properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    head = {"$schema": DIALECT, "title": title, "type": "object", "additionalProperties": False}
    return {**head, "required": required, "properties": properties}


def _sources() -> Iterator[dict[str, Any]]:
    for name in sorted(plugins.bundled_names(plugins.SOURCE)):
        found = of(plugins.own(plugins.SOURCE, name).Settings)
        found["properties"] = {"name": {"type": "string"}, "kind": {"const": name}, **found["properties"]}
        yield {**found, "required": ["name", "kind"]}
    kinds = {"not": {"enum": sorted(plugins.bundled_names(plugins.SOURCE))}}
    own = {"name": {"type": "string"}, "kind": {"type": "string", **kinds}}
    yield {"type": "object", "properties": own, "required": ["name", "kind"], "description": "A source of your own."}


def _models() -> dict[str, Any]:
    from leafinstruct.models.backends import options_of
    from leafinstruct.models.clip import Clip
    from leafinstruct.models.llm import BACKENDS
    from leafinstruct.settings import MODELS

    shared = {"model": {"type": "string"}, "languages": {"type": ["array", "string"], "items": {"type": "string"}}}

    def entry(backend: str) -> dict[str, Any]:
        found = of(options_of(plugins.own(plugins.LLM, backend) if backend else Clip))
        chosen = {"backend": {"const": backend}} if backend else {}
        needed = ["model"] if backend in ("", "vllm") else ["model", "backend"]
        return {**found, "properties": {**shared, **chosen, **found["properties"]}, "required": needed}

    backend = {"type": "string", "not": {"enum": list(BACKENDS)}}
    own = {"type": "object", "properties": {**shared, "backend": backend}, "required": ["model", "backend"]}
    llm = {"oneOf": [*map(entry, BACKENDS), {**own, "description": "A back-end of your own."}]}
    return {kind: entry("") if kind == "clip" else llm for kind in MODELS}


def to_json(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=1, ensure_ascii=False, default=list)


def settings_page() -> str:
    """All settings as Markdown, for the docs."""
    lines = [
        "# Settings",
        "",
        "Every key of pipelines and filters. The first line of shipped files names their JSON Schema, so that editors",
        "with a YAML language server complete and check keys; `leafinstruct schema` prints it.",
        "",
    ]
    for name, (kind, about) in sections().items():
        lines += [f"## `{name}:` of a pipeline", "", about, "", *_rows(of(kind))]
    lines += ["## `models:` of a pipeline", ""]
    for model, found in _models().items():
        for one in found.get("oneOf", [found]):
            backend = one["properties"].get("backend", {}).get("const", "")
            if model != "clip" and not backend:
                continue  # one of the user's own
            lines += [f"### `{model}`{f', backend `{backend}`' if backend else ''}", "", *_rows(one)]
    lines += ["## `sources:` of a pipeline", ""]
    for one in _sources():
        if kind_of := one["properties"]["kind"].get("const"):
            lines += [f"### kind `{kind_of}`", "", *_rows(one)]
    lines += ["## Filters", "", *_rows(filter_schema()), "### A rule", ""]
    lines += _rows(filter_schema()["properties"]["rules"]["items"])
    for scorer in sorted(plugins.bundled_names(plugins.SCORER)):
        found = of(import_module(f"leafinstruct.score.{scorer}").Scorer.Settings)
        if found.get("properties"):
            lines += [f"### settings of scorer `{scorer}`", "", *_rows(found)]
    return "\n".join(lines).rstrip() + "\n"


def _rows(schema: Mapping[str, Any]) -> list[str]:
    lines = ["| key | value | default | |", "|---|---|---|---|"]
    for name, entry in schema["properties"].items():
        default = json.dumps(entry["default"], ensure_ascii=False, default=list) if "default" in entry else ""
        about = entry.get("description", "").replace("|", "\\|")
        lines.append(f"| `{name}` | {_value(entry)} | {f'`{default}`' if default else ''} | {about} |")
    return [*lines, ""]


def _value(entry: Mapping[str, Any]) -> str:
    """A schema's type and range in words."""
    if "const" in entry:
        return f"`{entry['const']}`"
    if "enum" in entry:
        return ", ".join(f"`{one}`" for one in entry["enum"])
    if "anyOf" in entry or "oneOf" in entry:
        return " or ".join(dict.fromkeys(_value(one) for one in entry.get("anyOf") or entry["oneOf"]))
    kinds = entry.get("type", "any")
    words = " or ".join(kinds) if isinstance(kinds, list) else kinds
    if words == "array" and isinstance(entry.get("items"), Mapping) and entry["items"].get("type"):
        words = f"list of {entry['items']['type']}"
    limits = [("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("exclusiveMaximum", "<")]
    return " ".join([words, *(f"{sign} {entry[key]:g}" for key, sign in limits if key in entry)])
