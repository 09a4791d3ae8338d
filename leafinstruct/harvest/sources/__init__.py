"""Sources, one module for each kind, found by name; each defines a class `Source`."""

from __future__ import annotations

from pathlib import Path

from leafinstruct import plugins
from leafinstruct.errors import LeafError, own_code
from leafinstruct.harvest.base import Source
from leafinstruct.pipeline import SourceSettings


def load_source(config: SourceSettings, root: Path) -> Source:
    """The source that a pipeline entry describes; relative paths in its settings start at `root`. Raises LeafError
    naming the source."""
    try:
        plugin = plugins.load(plugins.SOURCE, config.kind, root, Source)
    except LeafError as error:
        raise LeafError(f"source {config.name}: {error}") from None
    with own_code(plugin.code, f"source {config.name}"):
        source: Source = plugin.value(config.name, config.settings, root)
        source.code = plugin.code
        if not hasattr(source, "settings"):
            raise LeafError(f"source {config.name}: its __init__ does not call super().__init__")
    return source
