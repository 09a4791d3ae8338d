"""What a plugin's numbers depend on: its Python file and every module of its project that it imports.

Files are read, not imported, so imports inside functions count too.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

OURS = "leafinstruct"
"""Never followed: a built-in plugin has a version of its own."""


@dataclass(frozen=True, slots=True)
class Code:
    """A file with the modules that it reaches: their files by name, and one SHA-256 (hex) of all texts."""

    digest: str
    modules: dict[str, Path]


def code_of(file: Path, roots: Sequence[Path], only: Collection[str] | None = None) -> Code:
    """The code of a plugin's file. Modules are looked up in the folders `roots`, in order; `only` limits them to some
    top-level names. Modules that are in none of the folders (installed packages) do not count."""
    found: dict[str, Path] = {}
    texts = {"": _read(file)}
    waiting = list(_imported(texts[""], file, roots))
    while waiting:
        name, path = waiting.pop()
        top = name.partition(".")[0]
        if name in found or top == OURS or (only is not None and top not in only):
            continue
        found[name] = path
        texts[name] = _read(path)
        waiting += _imported(texts[name], path, roots)
    hashes = [f"{name} {hashlib.sha256(texts[name]).hexdigest()}" for name in sorted(texts)]
    return Code(hashlib.sha256("\n".join(hashes).encode()).hexdigest(), found)


def _read(file: Path) -> bytes:
    return file.read_bytes()


def _imported(text: bytes, file: Path, roots: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """Modules in `roots` that a file imports, and the packages that hold them, as (name, file)."""
    for level, name in _names(text):
        if level:
            folder = file.parents[level - 1]
            places = [(root, folder.relative_to(root).parts) for root in roots if folder.is_relative_to(root)]
        else:
            places = [(root, ()) for root in roots]
        for root, before in places:
            parts = [*before, *(name.split(".") if name else [])]
            for length in range(1, len(parts) + 1):
                if path := _module(root.joinpath(*parts[:length])):
                    yield ".".join(parts[:length]), path


def _module(place: Path) -> Path | None:
    candidates = (place / "__init__.py", place.with_name(f"{place.name}.py"))
    return next((path for path in candidates if path.is_file()), None)


@lru_cache(maxsize=4096)
def _names(text: bytes) -> tuple[tuple[int, str], ...]:
    """What a text imports, as (level, dotted name): each name of `from a import b` may be a module of its own."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):  # its import will say so
        return ()
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(0, one.name) for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            found += [(node.level, base)]
            found += [(node.level, f"{base}.{one.name}".lstrip(".")) for one in node.names if one.name != "*"]
        elif isinstance(node, ast.Call) and node.args and _imports(node.func):
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str) and not first.value.startswith("."):
                found.append((0, first.value))
    return tuple(dict.fromkeys(found))


def _imports(called: ast.expr) -> bool:
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name in ("import_module", "__import__")
