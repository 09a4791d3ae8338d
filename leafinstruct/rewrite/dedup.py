"""Decisions over all partitions, once every record is written: which requests give the answer away in other words, and
which repeat another. Then `records/` is committed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pyarrow as pa

from leafinstruct import layout
from leafinstruct.context import Context
from leafinstruct.document import (
    Described,
    Record,
    digest,
    documents_from_table,
    records_from_table,
    records_to_table,
    schema_of,
)
from leafinstruct.rewrite import answer_leak, request_minhash
from leafinstruct.run import Run, fingerprint

VERSION = 1
REPEATED: Described = {
    "id": (pa.string(), "id of a record whose request repeats another"),
    "stays": (pa.string(), "id of the record with that request which stays"),
}
REPEATED_SCHEMA = schema_of(REPEATED)


def keep(context: Context, leak_margin: float) -> None:
    """Commit `records/`: the written records, with rejected requests dropped. A partition is made again only if its own
    rows change. `leak_margin` 0 uses no model."""
    run = context.run
    leaking = _leaking(context, leak_margin) if leak_margin else set()
    repeated = _repeating(run, leaking)
    for name in run.partitions():
        file = layout.written(name)
        ids = set(run.table(file, ["id"])["id"].to_pylist())
        own = fingerprint(VERSION, run.digest(file), sorted(leaking & ids), sorted(repeated & ids))
        if not run.fresh(layout.records(name), own):
            records = (_decided(r, leaking, repeated) for r in records_from_table(run.table(file)))
            run.commit_table(layout.records(name), records_to_table(records), own)


def _decided(record: Record, leaking: set[str], repeated: set[str]) -> Record:
    reason = "leak_meaning" if record.id in leaking else "not_unique" if record.id in repeated else ""
    if not reason:
        return record
    return replace(record, messages=(), images=(), image_meta=(), dropped_by=f"rewrite:{reason}")


def _repeating(run: Run, leaking: set[str]) -> set[str]:
    files = [layout.written(name) for name in run.partitions()]
    made_from = fingerprint(request_minhash.VERSION, [run.digest(file) for file in files], sorted(leaking))
    if not run.fresh(layout.REPEATED_REQUESTS, made_from):
        found = request_minhash.repeated(request_minhash.signature(r) for r in _kept(run, files) if r.id not in leaking)
        rows = [{"id": one, "stays": other} for one, other in sorted(found.items())]
        run.commit_table(layout.REPEATED_REQUESTS, pa.Table.from_pylist(rows, schema=REPEATED_SCHEMA), made_from)
    return {row["id"] for row in run.table(layout.REPEATED_REQUESTS).to_pylist()}


def _kept(run: Run, files: Iterable[str]) -> Iterable[Record]:
    return (r for file in files for r in records_from_table(run.table(file)) if not r.dropped_by)


def _leaking(context: Context, leak_margin: float) -> set[str]:
    """Ids of records whose request is nearer to a sentence of the answer than to the title, by more than `leak_margin`.
    The margins are stored for each partition; another threshold uses no model."""
    run, model = context.run, context.pipeline.models["clip"]
    asked = digest([answer_leak.VERSION, model.facts()])[:8]
    found: set[str] = set()
    for name in run.partitions():
        file, written = layout.leak_margins(asked, name), layout.written(name)
        made_from = fingerprint(answer_leak.VERSION, model.facts(), run.digest(written))
        if not run.fresh(file, made_from):
            records = list(_kept(run, [written]))
            documents = list(documents_from_table(run.table(layout.filtered(name)))) if records else []
            rows = answer_leak.margins(records, documents, context.pool.clip(model).embed_texts) if records else []
            run.commit_table(file, pa.Table.from_pylist(rows, schema=answer_leak.SCHEMA), made_from)
        found |= {r["id"] for r in run.table(file).to_pylist() if r["margin"] is not None and r["margin"] > leak_margin}
    return found
