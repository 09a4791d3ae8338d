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

from leafinstruct.project_code import OURS, folders_of


@dataclass(frozen=True, slots=True)
class Code:
    """A file with the modules that it reaches: their files by name, and one SHA-256 (hex) of all texts."""

    digest: str
    modules: dict[str, Path]


def code_of(file: Path, roots: Sequence[Path], only: Collection[str] | None = None) -> Code:
    """The code of a plugin's file. Modules are looked up in the folder of the file that imports them, in those above
    it, and in the folders `roots`, of which the last is the project's; `only` limits them to some top-level names, of
    packages in `roots`. Modules that are in none of the folders (installed packages) do not count."""
    found: dict[str, Path] = {}
    texts = {"": file.read_bytes()}
    waiting = list(_imported(texts[""], file, roots, only))
    while waiting:
        name, path = waiting.pop()
        if name in found:
            continue
        found[name] = path
        texts[name] = path.read_bytes()
        waiting += _imported(texts[name], path, roots, only)
    hashes = [f"{name} {hashlib.sha256(texts[name]).hexdigest()}" for name in sorted(texts)]
    return Code(hashlib.sha256("\n".join(hashes).encode()).hexdigest(), found)


def _imported(
    text: bytes, file: Path, roots: Sequence[Path], only: Collection[str] | None
) -> Iterator[tuple[str, Path]]:
    """Modules that a file imports, and the packages that hold them, as (name, file); a name begins with the place of
    its root among `roots`, if it is not the first."""
    for level, name in _names(text):
        places = [file.parents[level - 1]] if level else [*([] if only else folders_of(file, roots[-1])), *roots]
        parts = name.split(".") if name else []
        for place in dict.fromkeys(places):
            if not level and (parts[0] == OURS or (only is not None and parts[0] not in only)):
                continue
            for length in range(0 if level else 1, len(parts) + 1):
                if path := _module(place.joinpath(*parts[:length])):
                    yield _name_of(path, roots), path


def _name_of(path: Path, roots: Sequence[Path]) -> str:
    """The path of a module from the last of the roots that holds it: the same wherever the project is."""
    root = next((root for root in reversed(roots) if path.is_relative_to(root)), path.parent)
    return path.relative_to(root).as_posix()


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
    aliases = {
        one.asname or one.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "importlib"
        for one in node.names
        if one.name == "import_module"
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(0, one.name) for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            found += [(node.level, base)]
            found += [(node.level, f"{base}.{one.name}".lstrip(".")) for one in node.names if one.name != "*"]
        elif isinstance(node, ast.Call):
            found += _by_call(node, aliases)
    return tuple(dict.fromkeys(found))


def _by_call(node: ast.Call, aliases: Collection[str]) -> list[tuple[int, str]]:
    """The module of a call such as `import_module("name")`, if it is written out."""
    called = node.func
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    if name not in ("import_module", "__import__", *aliases):
        return []
    named = [*node.args[:1], *(keyword.value for keyword in node.keywords if keyword.arg == "name")]
    texts = [one.value for one in named if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return [(len(text) - len(text.lstrip(".")), text.lstrip(".")) for text in texts if text]
