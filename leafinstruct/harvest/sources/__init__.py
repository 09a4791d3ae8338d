"""Sources, one module for each kind, found by name; each defines a class `Source`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leafinstruct import plugins
from leafinstruct.errors import LeafError, raised
from leafinstruct.harvest.base import Source
from leafinstruct.pipeline import SourceSettings


def load_source(config: SourceSettings, root: Path) -> Source:
    """The source that a pipeline entry describes; relative paths in its settings start at `root`. Raises LeafError
    naming the source."""
    try:
        plugin = plugins.load(plugins.SOURCE, config.kind, root, Source)
    except LeafError as error:
        raise LeafError(f"source {config.name}: {error}") from None
    with own_code(plugin.code, config.name, "it does not start"):
        source: Source = plugin.value(config.name, config.settings, root)
        source.code = plugin.code
    return source


@contextmanager
def own_code(code: str, name: str, what: str) -> Iterator[None]:
    """Around calls of a source: an error of one that is not built in (with a `code`) is a LeafError of one line that
    names the source and `what` it was asked for."""
    try:
        yield
    except LeafError:
        raise
    except Exception as error:
        if not code:
            raise
        raise LeafError(f"source {name}: {what}: {raised(error)}") from error
