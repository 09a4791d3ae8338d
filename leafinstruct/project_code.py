"""Imports the Python files of a project, apart from all other modules of the process.

A module of a project has a private name: that of its project and its path. Its own imports look first in its folder
and those above it, up to the project's, then where Python looks. So two projects, or two folders, may each have a
`helper.py`, another one in the current folder does not count, nothing is added to `sys.path`, and all modules of a
project can be forgotten and read again. Compiled files are not used: only an edit in another second, or of another
length, outdates one.
"""

from __future__ import annotations

import builtins
import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import Any

PREFIX = "leafinstruct_user_"
OURS = "leafinstruct"
"""Never looked for in a project: a clone is one, too."""
LOCK = RLock()


def module_of(file: Path, root: Path) -> ModuleType:
    """The module of a Python file, executed unless it has been since `forget`. Raises whatever its code raises."""
    with LOCK:
        base = _base(file, root)
        return importlib.import_module(".".join([_package(base), *file.relative_to(base).with_suffix("").parts]))


def _base(file: Path, root: Path) -> Path:
    """The folder that stands for the package of a file: the project's, or its own where a name has a dot."""
    inside = file.is_relative_to(root) and not any("." in part for part in file.parent.relative_to(root).parts)
    return root if inside else file.parent


_read: dict[str, str] = {}
"""SHA-256 of each file as this process executed it."""


def is_outdated(files: Iterable[Path]) -> bool:
    """Whether one of the files was executed in another state than it has now."""
    with LOCK:
        return any(
            str(file) in _read and _read[str(file)] != hashlib.sha256(file.read_bytes()).hexdigest() for file in files
        )


def forget(root: Path, *others: Path) -> None:
    """Forget all modules of a project and of other folders: the next import reads their files."""
    with LOCK:
        for folder in (root, *others):
            for file in [file for file in _read if Path(file).is_relative_to(folder)]:
                del _read[file]
            package = _name(folder)
            for name in [n for n in sys.modules if n == package or n.startswith(f"{package}.")]:
                del sys.modules[name]
        importlib.invalidate_caches()


def _name(folder: Path) -> str:
    return PREFIX + hashlib.sha256(str(folder).encode(errors="surrogateescape")).hexdigest()[:8]


def _package(folder: Path) -> str:
    """The package that stands for a folder."""
    name = _name(folder)
    if name not in sys.modules:
        package = ModuleType(name, f"Modules of {folder}.")
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    return name


class _Finder(MetaPathFinder):
    """Finds modules under the private names, and gives them the loader below."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(PREFIX) or path is None:
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and isinstance(spec.loader, SourceFileLoader) and spec.origin:
            spec.loader = _Loader(fullname, spec.origin)
            spec.cached = None
        return spec


class _Loader(SourceFileLoader):
    """Executes a module with an `__import__` of its own, without reading or writing compiled files."""

    def get_data(self, path: str) -> bytes:
        data = super().get_data(path)
        _read[str(Path(path).resolve())] = hashlib.sha256(data).hexdigest()
        return data

    def path_stats(self, path: Any) -> Mapping[str, Any]:
        raise OSError("compiled files are not used")

    def exec_module(self, module: ModuleType) -> None:
        root = Path(sys.modules[module.__name__.partition(".")[0]].__path__[0])
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": _Import(Path(self.path), root)}
        super().exec_module(module)


class _Import:
    """The `__import__` of a module of a project."""

    def __init__(self, file: Path, root: Path) -> None:
        self._file, self._root = file, root
        self._folders = folders_of(file, root)

    def __call__(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> ModuleType:
        top = name.partition(".")[0]
        private = self._private(top) if level == 0 else ""
        if not private:
            return builtins.__import__(name, globals, locals, fromlist, level)
        module = importlib.import_module(private + name[len(top) :])
        if not fromlist:
            return sys.modules[private]
        for inner in fromlist if hasattr(module, "__path__") else ():
            if inner != "*" and not hasattr(module, inner):
                _import_if_there(f"{module.__name__}.{inner}")
        return module

    def _private(self, top: str) -> str:
        """The private name of a top-level module of the project; "" if it has none of that name. A folder without
        `__init__.py` counts only if Python finds no other module."""
        if top == OURS or top in sys.builtin_module_names:
            return ""
        for folder in self._folders:
            file, package = folder / f"{top}.py", folder / top / "__init__.py"
            if (file.is_file() and file != self._file) or package.is_file():
                return self._under(folder, top)
        for folder in self._folders:
            if (folder / top).is_dir() and not _is_installed(top):
                return self._under(folder, top)
        return ""

    def _under(self, folder: Path, top: str) -> str:
        return ".".join([_package(self._root), *folder.relative_to(self._root).parts, top])


def folders_of(file: Path, root: Path) -> list[Path]:
    """Where the imports of a project's file are looked for: its folder and those above it, up to the project's."""
    above = [folder for folder in file.parents if folder.is_relative_to(root)]
    return above or [file.parent]


def _is_installed(top: str) -> bool:
    if top in sys.modules or top in sys.builtin_module_names:
        return True
    try:
        spec = PathFinder.find_spec(top)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin is not None


def _import_if_there(name: str) -> None:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
