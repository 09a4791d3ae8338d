"""Stage harvest: sources of documents, one module per kind, found by name.

A source of kind `K` is the class `Source` in `leafinstruct/harvest/K.py`, or in `K_source.py` where K.py is
something else; a new kind is one new file.
"""

from __future__ import annotations

from importlib import import_module
from inspect import isabstract
from pathlib import Path
from pkgutil import iter_modules

from leafinstruct.errors import LeafError, did_you_mean
from leafinstruct.harvest.base import Source
from leafinstruct.pipeline import SourceSettings

SUFFIX = "_source"


def kinds() -> list[str]:
    """Names of all kinds of source."""
    return sorted(m.name.removesuffix(SUFFIX) for m in iter_modules(__path__) if _source_of(m.name) is not None)


def load_source(config: SourceSettings, root: Path) -> Source:
    """The source that an entry of a pipeline describes; relative paths in its settings start at `root`."""
    there = {m.name for m in iter_modules(__path__)}
    modules = [
        name for name in (config.kind, config.kind + SUFFIX) if name in there and not config.kind.endswith(SUFFIX)
    ]
    source = next((found for name in modules if (found := _source_of(name)) is not None), None)
    if source is None:
        raise LeafError(f"source {config.name}: no kind '{config.kind}'{did_you_mean(config.kind, kinds())}")
    return source(config.name, config.settings, root)


def _source_of(name: str) -> type[Source] | None:
    """The class `Source` that a module of this folder defines, if it does."""
    module = import_module(f"{__name__}.{name}")
    found = getattr(module, "Source", None)
    return found if found is not None and found.__module__ == module.__name__ and not isabstract(found) else None
