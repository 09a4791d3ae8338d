"""Scorers, sources, tasks and language-model back-ends by name, from a file of the project, or from another package.

A name is a built-in plugin; `./file.py:Name` is a class (or a task) in the project's folder; any other name is an entry
point of the kind's group. Listing the built-in plugins imports none of them.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from inspect import isabstract, isclass
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from leafinstruct.code_digest import code_of
from leafinstruct.errors import LeafError, did_you_mean, raised
from leafinstruct.project_code import LOCK, forget, is_outdated, module_of

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
    instances: bool = False
    """Whether a plugin is an object rather than a class."""


SCORERS = (
    "blocklist boilerplate clip decontaminate duplicates exact image judge lm nsfw pii pointers ratios repeats seen "
    "shared_images text"
)
SCORER = Kind("scorer", "leafinstruct.score", "Scorer", "leafinstruct.scorers", frozenset(SCORERS.split()))
SOURCE = Kind("kind of source", "leafinstruct.harvest.sources", "Source", "leafinstruct.sources")
TASK = Kind("task", "leafinstruct.rewrite.tasks", "TASK", "leafinstruct.tasks", instances=True)
LLM = Kind(
    "backend", "leafinstruct.models", "Backend", "leafinstruct.llms", frozenset(("vllm", "transformers", "openai"))
)


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin, and the digest of its code: "" for a built-in one, which has a version instead."""

    value: Any
    code: str = ""


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


def load(kind: Kind, spec: str, root: Path, base: type[Any]) -> Plugin:
    """The plugin, a subclass of `base` (for tasks: an instance), by name or as `./file.py:Name` relative to `root`.

    A file may import modules of `root` and of its own folder. It is executed again when it or one of them has changed.
    Raises LeafError for an unknown name, code that does not load, and a plugin of another kind.
    """
    if ":" in spec:
        return _from_file(kind, spec, root, base)
    if spec in bundled_names(kind):
        return Plugin(own(kind, spec))
    if spec in (entries := _entries(kind.group)):
        return _from_entry(kind, entries[spec], base)
    raise LeafError(f"unknown {kind.what} '{spec}'{did_you_mean(spec, names(kind))}")


def _is_one(kind: Kind, value: Any, base: type[Any]) -> bool:
    if kind.instances:
        return isinstance(value, base)
    return isclass(value) and issubclass(value, base) and value is not base


def _usable(kind: Kind, where: str, name: str, value: Any) -> None:
    missing = sorted(getattr(value, "__abstractmethods__", ()))
    if missing and not kind.instances:
        raise LeafError(f"{where}: {kind.what} {name} does not define {', '.join(missing)}")


# Entry points


@cache
def _entries(group: str) -> Mapping[str, EntryPoint]:
    """Plugins of other installed packages, cached: the lookup takes 40 ms, and a pipeline names several."""
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=group)}


_imported_at: dict[str, str] = {}
"""Digest of the code of each entry point when this process first imported it."""


def _from_entry(kind: Kind, entry: EntryPoint, base: type[Any]) -> Plugin:
    where = f"'{entry.name}' (entry point {entry.value})"
    try:
        with LOCK:
            value = entry.load()
            digest = _code_of_entry(entry)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # another package's code: report any error in one line
        raise LeafError(f"{where} does not load: {raised(error)}") from error
    if _imported_at.setdefault(entry.value, digest) != digest:
        raise LeafError(f"{where} was changed since this process imported it; start Python (or the kernel) again")
    if not _is_one(kind, value, base):
        raise LeafError(f"{where} is no {kind.what}: it must be {_needed(kind, base)}")
    _usable(kind, where, entry.name, value)
    return Plugin(value, digest)


def _code_of_entry(entry: EntryPoint) -> str:
    """Digest of the module of an entry point and of all modules of its package that it imports."""
    file = getattr(sys.modules[entry.module], "__file__", None)
    if not file:
        return hashlib.sha256(entry.value.encode()).hexdigest()
    top, *inner = entry.module.split(".")
    path = Path(file).resolve()
    root = path.parents[len(inner) + (path.name == "__init__.py")]
    return code_of(path, [root], only={top}).digest


def _needed(kind: Kind, base: type[Any]) -> str:
    return f"an instance of {base.__name__}" if kind.instances else f"a subclass of {base.__name__}"


# Files of a project


def _from_file(kind: Kind, spec: str, root: Path, base: type[Any]) -> Plugin:
    file, _, name = spec.rpartition(":")
    path = _file_of(spec, file, root)
    try:
        with LOCK:
            code = code_of(path, [path.parent, root.resolve()])
            if is_outdated([path, *code.modules.values()]):
                forget(root.resolve(), path.parent)
            module = module_of(path, root.resolve())
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the user's own code: report any error in one line
        raise LeafError(f"'{spec}': {path} does not load: {raised(error)}") from error
    found = {key: value for key, value in vars(module).items() if _is_one(kind, value, base)}
    known = [k for k, v in found.items() if kind.instances or v.__module__ == module.__name__ or not isabstract(v)]
    if name not in known:
        other = f"; it must be {_needed(kind, base)}" if name in vars(module) else ""
        hint = other or (did_you_mean(name, known) if known else "")
        raise LeafError(f"'{spec}': {path} has no {kind.what} {name}{hint}")
    _usable(kind, f"'{spec}'", name, found[name])
    return Plugin(found[name], code.digest)


def _file_of(spec: str, file: str, root: Path) -> Path:
    try:
        path = (root / file).resolve()
        is_there = path.is_file()
    except (OSError, ValueError) as error:
        raise LeafError(f"{spec[:100]!r}: not the name of a file ({error})") from None
    if not is_there:
        raise LeafError(f"'{spec}': {path} is not there")
    if path.suffix != ".py" or "." in path.stem:
        raise LeafError(f"'{spec}': a file of code is called NAME.py, with no other dot")
    return path
