"""Checked settings from YAML files; every error names the file, the key, what was found and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from leafinstruct.errors import LeafError, did_you_mean

MODELS = ("clip", "llm", "second_llm")
"""Models that a pipeline can name. A filter whose scorer uses `llm` may set `model: second_llm`."""


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """A model as named in the pipeline, with its revision on this machine (empty until looked up)."""

    name: str
    revision: str = ""
    backend: str = ""
    options: tuple[tuple[str, Any], ...] = ()
    languages: tuple[str, ...] = ()
    """Codes of the languages it supports; documents in others are skipped. Empty: it is asked about all."""


def read_yaml(path: Path) -> dict[str, Any]:
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


def check_keys(path: Path, where: str, raw: Any, allowed: Iterable[str], required: Iterable[str] = ()) -> None:
    if not isinstance(raw, dict):
        raise LeafError(f"{path}: {where}expected keys and values, found {raw!r}")
    for key in raw:
        if key not in allowed:
            raise LeafError(f"{path}: {where}unknown key '{key}'{did_you_mean(str(key), allowed)}")
    for key in required:
        if not raw.get(key):
            raise LeafError(f"{path}: {where}key '{key}' is missing")


def list_of(path: Path, raw: Mapping[str, Any], key: str) -> list[Any]:
    if not isinstance(raw[key], list):
        raise LeafError(f"{path}: {key}: expected a list, found {type(raw[key]).__name__}")
    return raw[key]


def mapping_of(path: Path, raw: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = raw.get(key) or {}
    if not isinstance(value, dict):
        raise LeafError(f"{path}: {key}: expected keys and values, found {type(value).__name__}")
    return value


def check_unique(path: Path, where: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise LeafError(f"{path}: {where}: '{name}' is listed twice; rename or remove one")


def make_settings(kind: type[Any], values: Mapping[str, Any]) -> Any:
    """A settings dataclass from a mapping. Raises LeafError for an unknown key or a value of the wrong type."""
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
