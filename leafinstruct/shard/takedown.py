"""Takedowns applied to a run and its shards: what a request names there, and a check that refuses to publish it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from leafinstruct import layout
from leafinstruct.errors import LeafError
from leafinstruct.places import places
from leafinstruct.removal import FILE, Removal, Removals, add_removals, load_removals
from leafinstruct.run import Run
from leafinstruct.shard.takedown_search import Found, named_documents, search
from leafinstruct.store import is_filesystem, parquet_file

OPTIONS = "--document, --record, --path, --url, --site or --sha256"


def takedown(
    root: Path,
    shards: Path,
    wanted: Mapping[str, Sequence[str]],
    note: str,
    run: Run | None = None,
    clusters: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Add requests (values by kind) to the project, and say what each of them names in the run and its shards.

    What a build needs to know is added too: the document of a record, an image's bytes as harvested, the path below its
    source. `clusters`: the cluster of near-duplicates of each document that is in one. Raises LeafError if nothing is
    named, for a SHA-256 that is none, and for the start of several ids.
    """
    if not any(wanted.values()):
        raise LeafError(f"remove: name what to remove with {OPTIONS}")
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    asked = [Removal(kind, value, note, today) for kind, values in wanted.items() for value in values]
    _check(asked)
    rows = published(shards, Removals(asked))
    found = search(run, asked, {entry: _named(rows, entry) for entry in asked}, clusters or {})
    new = [Removal(more.kind, more.value, note, today) for one in found for more in (one.asked, *one.more)]
    ids = {record for one in found for record in one.records}
    rows = published(shards, Removals(new), ids)
    before = len(load_removals(root))
    every = add_removals(root, new)
    return {
        "file": str(root / FILE),
        "added": len(every) - before,
        "requests": len(every),
        "run": str(run) if run else "",
        "found": [_facts(one, rows) for one in found],
        "published": [{key: value for key, value in row.items() if key != "metas"} for row in rows],
        "other_runs": _other_runs(root, run, Removals(new)),
        "pushed": list(places(run).pushes) if run else [],
        "exported": list(places(run).exports) if run else [],
    }


def _check(asked: Iterable[Removal]) -> None:
    for entry in asked:
        if not entry.keys:
            raise LeafError(f"remove: --{entry.kind} {entry.value!r} names nothing")
        if entry.kind == "sha256" and not all(len(k) == 64 and set(k) <= set("0123456789abcdef") for k in entry.keys):
            raise LeafError(f"remove: --sha256 {entry.value} is no SHA-256; it has 64 hex digits")


def _named(rows: Iterable[Mapping[str, Any]], entry: Removal) -> list[Mapping[str, Any]]:
    """Those of some published rows that one request names."""
    one = Removals([entry])
    return [row for row in rows if names_row(one, row) or set(row["images"]) & set(_images(row["metas"], one))]


def _facts(one: Found, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    asked = Removals([one.asked, *one.more])
    reached = [row for row in rows if row["id"] in one.records or names_row(asked, row) or _images(row["metas"], asked)]
    return {
        "kind": one.asked.kind,
        "value": one.asked.value,
        "documents": len(one.documents),
        "removed_before": one.removed,
        "records": len(reached),
        "also": [{"kind": more.kind, "value": more.value} for more in one.more],
        "hint": one.hint,
        "near_duplicates": list(one.near),
    }


def takedown_lines(found: Mapping[str, Any]) -> list[str]:
    lines = [f"{found['file']}: {found['added']} added, {found['requests']} in all"]
    for one in found["found"]:
        count, where = one["documents"], f" in {found['run']}" if found["run"] else ""
        matches = f"{count} document{' matches' if count == 1 else 's match'}{where}"
        matches += f" ({one['removed_before']} removed by an earlier build)" if one["removed_before"] else ""
        records = f", {one['records']} published record{'s' * (one['records'] != 1)}"
        lines.append(f"{one['kind']} {one['value']}: {matches}{records}")
        lines += [f"  also entered: {more['kind']} {more['value']}" for more in one["also"]]
        lines += [f"  {one['hint']}"] if one["hint"] else []
        lines += [f"  a near-duplicate of it stays: {place}" for place in one["near_duplicates"]]
    for place, count in found["other_runs"].items():
        lines.append(f"{place}: {count} document{' matches' if count == 1 else 's match'} too; build this run again")
    rows = found["published"]
    lines += [f"  {row['file']}  {row['id']}  {row['url'] or row['path'] or row['site']}" for row in rows]
    return [*lines, *_next(found)]


def _other_runs(root: Path, run: Run | None, removals: Removals) -> dict[str, int]:
    """Documents that requests name in the other runs of a project, by the run's folder."""
    places = sorted(path.parent for path in root.glob(f"runs/*/{layout.RUN}"))
    own = run.address if run else ""
    found = {str(place): len(named_documents(Run(place), removals)) for place in places if str(place.resolve()) != own}
    return {place: count for place, count in found.items() if count}


def _next(found: Mapping[str, Any]) -> list[str]:
    """The commands that carry the takedown out, if it reached anything."""
    waiting = bool(found["published"]) or any(one["documents"] > one["removed_before"] for one in found["found"])
    if not waiting and not any(one["documents"] for one in found["found"]):
        return []
    lines = ["  leafinstruct build --stage shard"] if waiting else []
    for target in found["pushed"]:
        lines.append(f"  leafinstruct push {target}{'' if is_filesystem(target) else ' --squash'}")
    lines += [f"  leafinstruct export {found['run']}/{layout.SHARDS} {folder}" for folder in found["exported"]]
    if found["published"] and not found["pushed"]:
        lines.append("  leafinstruct push TARGET, wherever these shards were pushed to")
    return ["run next:" if waiting else "run, if not done since:", *lines] if lines else []


def published(shards: Path, removals: Removals, records: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Rows of shards that a request names, or whose ids are among `records`: file, id, url, site, path and document
    ("" in shards without them), `images`, the named ones by harvested SHA-256, and `metas`, SHA-256 of all images as
    harvested and published."""
    rows = []
    for file in sorted(shards.glob("*.parquet")):
        with parquet_file(file) as opened:
            columns = [name for name in ROW if name in opened.schema_arrow.names]
            for group in range(opened.num_row_groups):
                for row in opened.read_row_group(group, columns=columns).to_pylist():
                    if reached := named_row(row, removals, records):
                        rows.append({"file": file.name, **reached})
    return rows


ROW = ("id", "url", "site", "path", "document", "image_meta")
"""What a request may name in a published row."""


def named_row(row: Mapping[str, Any], removals: Removals, records: Iterable[str] = ()) -> dict[str, Any]:
    """What `published` says of a row; empty if no request names it."""
    metas = [(m["sha256"], m["source_sha256"]) for m in row["image_meta"] or []]
    about = {name: row.get(name) or "" for name in ROW[:-1]}
    images = _images(metas, removals)
    named = images or about["id"] in records or names_row(removals, about)
    return {**about, "images": images, "metas": metas} if named else {}


def names_row(removals: Removals, row: Mapping[str, Any]) -> bool:
    return removals.names_record(row["id"]) or removals.names(row["url"], row["site"], row["path"], row["document"])


def _images(metas: Iterable[tuple[str, str]], removals: Removals) -> list[str]:
    return [source for sha256, source in metas if removals.names_image(sha256, source)]


def refuse_removed(shards: Path, removals: Removals, records: Iterable[str] = ()) -> None:
    """Raises LeafError if shards contain what a request names, or one of the `records`."""
    if not len(removals) or not (rows := published(shards, removals, records)):
        return
    by_source = Removals(entry for entry in removals.entries if entry.kind != "sha256")
    unknown = sorted(
        {
            sha
            for row in rows
            for sha in row["images"]
            if not removals.names_image(sha) and not names_row(by_source, row)
        }
    )
    if unknown:  # named by its bytes as published alone, which a build does not know
        raise LeafError(
            f"{shards}: image {unknown[0]} is published, and removed by its bytes as published; run first: "
            f"leafinstruct remove --sha256 {unknown[0]}, then leafinstruct build --stage shard"
        )
    raise LeafError(
        f"{shards}: {len(rows)} records were removed since these shards were built, such as {rows[0]['id']}; "
        "run first: leafinstruct build --stage shard"
    )
