"""Scorers, sources and tasks by name, from a file of the project, or from another installed package.

A name is a built-in plugin; `./file.py:Class` is a class in the project's folder; any other name is an entry point of
the kind's group. Listing the built-in plugins imports none of them.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from leafinstruct.errors import LeafError, did_you_mean

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


@dataclass(frozen=True)
class Kind:
    """A kind of plugin: modules of `package` that define `attribute`, and entry points of `group`."""

    what: str
    package: str
    attribute: str
    group: str
    listed: frozenset[str] = frozenset()
    """The built-in plugins; empty: every module of the package is one."""


SCORERS = (
    "blocklist boilerplate clip decontaminate duplicates exact image judge lm nsfw pii pointers ratios repeats seen "
    "shared_images text"
)
SCORER = Kind("scorer", "leafinstruct.score", "Scorer", "leafinstruct.scorers", frozenset(SCORERS.split()))
SOURCE = Kind("kind of source", "leafinstruct.harvest.sources", "Source", "leafinstruct.sources")
TASK = Kind("task", "leafinstruct.rewrite.tasks", "TASK", "leafinstruct.tasks")


@cache
def bundled_names(kind: Kind) -> frozenset[str]:
    """Names of the built-in plugins of a kind."""
    if kind.listed:
        return kind.listed
    folder = Path(__file__).parent.joinpath(*kind.package.split(".")[1:])
    return frozenset(module.name for module in iter_modules([str(folder)]))


def names(kind: Kind) -> frozenset[str]:
    """Names of all available plugins of a kind."""
    return bundled_names(kind) | frozenset(_entries(kind.group))


def own(kind: Kind, name: str) -> Any:
    """A built-in plugin by its name."""
    return getattr(importlib.import_module(f"{kind.package}.{name}"), kind.attribute)


def load(kind: Kind, spec: str, root: Path, base: type[Any]) -> type[Any]:
    """The plugin class, a subclass of `base`, by name or as `./file.py:Class` relative to `root`.

    Raises LeafError for an unknown name, a file that is missing or does not load, and a class of another kind.
    """
    if ":" in spec:
        return _from_file(kind, spec, root, base)
    if spec in bundled_names(kind):
        return own(kind, spec)
    if spec in (entries := _entries(kind.group)):
        return entries[spec].load()
    raise LeafError(f"unknown {kind.what} '{spec}'{did_you_mean(spec, names(kind))}")


def _from_file(kind: Kind, spec: str, root: Path, base: type[Any]) -> type[Any]:
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
    except Exception as error:  # the user's own code: report any error in one line
        raise LeafError(f"'{spec}': {path} does not load: {type(error).__name__}: {error}") from error
    known = {
        key
        for key, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, base) and value is not base and not inspect.isabstract(value)
    }
    if name not in known:
        raise LeafError(f"'{spec}': {path} has no {kind.what} {name}{did_you_mean(name, known) if known else ''}")
    return getattr(module, name)


@cache
def _entries(group: str) -> Mapping[str, EntryPoint]:
    """Plugins of other installed packages, cached: the lookup takes 40 ms, and a pipeline names several."""
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=group)}
