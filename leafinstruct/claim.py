"""What belongs to a run: a build refuses a folder of other files, and deletes only what the run's own lists name."""

from __future__ import annotations

import json
from typing import Any

from leafinstruct import layout
from leafinstruct.errors import LeafError
from leafinstruct.store import HALF, Store

EMPTY = {layout.LOCK, layout.SUMS, ".DS_Store"}
"""Files that may be in a folder which counts as empty."""


def refuse_others(place: str, store: Store) -> None:
    """Raises LeafError if the place holds files and is no run: it has neither a run's `run.json` nor its list of
    files, which the first build puts there before anything else, and which may be half written. A damaged `run.json`
    counts: its reader says more."""
    for name in (layout.RUN, layout.METAS):
        if store.size(name) >= 0 and _of_run(name, store.read(name)):
            return
    if found := [name for name in store.some_names() if name not in EMPTY and not HALF.fullmatch(name)]:
        raise LeafError(f"{place} holds files that are not of a run, such as {found[0]}; name another folder: --run")


def _of_run(name: str, data: bytes) -> bool:
    try:
        value: Any = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return True
    return isinstance(value, dict) and (name == layout.METAS or _lists_partitions(value.get("partitions")))


def _lists_partitions(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) and {"name", "source"} <= one.keys() for one in value)
