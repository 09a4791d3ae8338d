"""Stage harvest: sources of documents, one module per kind, found by name.

A source of kind `K` is the class `Source` in `leafinstruct/harvest/K.py`; a new kind is one new file.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from leafinstruct.document import LeafError, did_you_mean
from leafinstruct.harvest.base import Source
from leafinstruct.pipeline import SourceSettings

NOT_KINDS = {"base", "content", "flow", "html", "images", "licenses", "links", "markdown", "metadata", "rst", "stage", "walk"}


def kinds() -> list[str]:
    """Names of all kinds of source."""
    return sorted(m.name for m in iter_modules(__path__) if m.name not in NOT_KINDS and not m.name.startswith("warc_"))


def load_source(config: SourceSettings, root: Path) -> Source:
    """The source that an entry of a pipeline describes; relative paths in its settings start at `root`."""
    if config.kind not in kinds():
        raise LeafError(f"source {config.name}: no kind '{config.kind}'{did_you_mean(config.kind, kinds())}")
    module = import_module(f"{__name__}.{config.kind}")
    source: Source = module.Source(config.name, config.settings, root)
    return source
