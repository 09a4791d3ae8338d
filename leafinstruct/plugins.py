"""Scorers, sources, tasks and language-model back-ends by name, from a file of the project, or from another package.

A name is a built-in plugin; `./file.py:Name` is a class (or a task) in the project's folder; any other name is an entry
point of the kind's group. Listing the built-in plugins imports none of them.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from inspect import isabstract, isclass
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import TYPE_CHECKING, Any

from leafinstruct.code_digest import Code, code_of
from leafinstruct.errors import LeafError, did_you_mean, raised

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


def _from_entry(kind: Kind, entry: EntryPoint, base: type[Any]) -> Plugin:
    where = f"'{entry.name}' (entry point {entry.value})"
    try:
        value = entry.load()
    except Exception as error:  # another package's code: report any error in one line
        raise LeafError(f"{where} does not load: {raised(error)}") from error
    if not _is_one(kind, value, base):
        raise LeafError(f"{where} is no {kind.what}: it must be {_needed(kind, base)}")
    _usable(kind, where, entry.name, value)
    file = getattr(sys.modules[entry.module], "__file__", None)
    if not file:
        return Plugin(value, hashlib.sha256(entry.value.encode()).hexdigest())
    top, *inner = entry.module.split(".")
    path = Path(file).resolve()
    root = path.parents[len(inner) + (path.name == "__init__.py")]
    return Plugin(value, code_of(path, [root], only={top}).digest)


def _needed(kind: Kind, base: type[Any]) -> str:
    return f"an instance of {base.__name__}" if kind.instances else f"a subclass of {base.__name__}"


# Files of a project


def _from_file(kind: Kind, spec: str, root: Path, base: type[Any]) -> Plugin:
    file, _, name = spec.rpartition(":")
    path = (root / file).resolve()
    if not path.is_file():
        raise LeafError(f"'{spec}': {path} is not there")
    roots = list(dict.fromkeys([root.resolve(), path.parent]))
    try:
        code = code_of(path, roots)
        module = _executed(path, roots, code)
    except Exception as error:  # the user's own code: report any error in one line
        raise LeafError(f"'{spec}': {path} does not load: {raised(error)}") from error
    found = {key: value for key, value in vars(module).items() if _is_one(kind, value, base)}
    known = [k for k, v in found.items() if kind.instances or v.__module__ == module.__name__ or not isabstract(v)]
    if name not in known:
        other = f"; it must be {_needed(kind, base)}" if name in vars(module) else ""
        hint = other or (did_you_mean(name, known) if known else "")
        raise LeafError(f"'{spec}': {path} has no {kind.what} {name}{hint}")
    _usable(kind, f"'{spec}'", name, found[name])
    return Plugin(found[name], code.digest)


_executed_at: dict[Path, str] = {}
"""Digest of the code of each file that this process executed."""
_imported: set[str] = set()
"""Modules that such files imported from their projects."""
_places: list[str] = []
"""Entries of sys.path for the project whose file was executed last."""


def _executed(path: Path, roots: list[Path], code: Code) -> ModuleType:
    """The module of a file. Its own folder is its package, so that `from . import other` works and files of one name in
    two folders are two modules."""
    package = f"leafinstruct_user_{hashlib.sha256(str(path.parent).encode()).hexdigest()[:8]}"
    name = f"{package}.{path.stem}"
    if _executed_at.get(path) == code.digest and name in sys.modules and _places == [str(root) for root in roots]:
        return sys.modules[name]
    _forget(package, code)
    _make_importable(roots)
    folder = ModuleType(package, "Plugins in one folder of a project.")
    folder.__path__ = [str(path.parent)]
    sys.modules[package] = folder
    _executed_at.pop(path, None)
    try:
        module = importlib.import_module(name)
    finally:
        _imported.update(key for key in code.modules if key in sys.modules)
    _executed_at[path] = code.digest
    return module


def _forget(package: str, code: Code) -> None:
    """Make sure that the next import reads the files: forget modules that were imported from them, from an earlier
    state of them, or from another project, and compiled files, which a second edit within a second does not outdate."""
    files = {path.resolve() for path in code.modules.values()}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        ours = name in _imported or name == package or name.startswith(f"{package}.")
        if ours or (name in code.modules and file and Path(file).resolve() in files):
            del sys.modules[name]
            _drop_compiled(file)
    _imported.clear()
    for path in files:
        _drop_compiled(str(path))
    importlib.invalidate_caches()


def _drop_compiled(file: str | None) -> None:
    if not file or not file.endswith(".py"):
        return
    try:
        Path(importlib.util.cache_from_source(file)).unlink(missing_ok=True)
    except OSError:  # a folder that cannot be written to; nothing new was compiled there
        return


def _make_importable(roots: list[Path]) -> None:
    """Installed packages come first: a project's `statistics.py` replaces no module of the library."""
    for place in _places:
        if place in sys.path:
            sys.path.remove(place)
    _places[:] = [str(root) for root in roots]
    sys.path.extend(place for place in _places if place not in sys.path)
