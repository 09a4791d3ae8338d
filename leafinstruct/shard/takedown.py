"""Takedowns applied to shards: which published rows a request names, and a check that refuses to push them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from leafinstruct.errors import LeafError
from leafinstruct.removal import FILE, Removal, Removals, add_removals, load_removals
from leafinstruct.store import parquet_file


def takedown(root: Path, shards: Path, wanted: Mapping[str, Sequence[str]], note: str) -> dict[str, Any]:
    """Add requests (values by kind: url, site, sha256) to the project, and list the published rows they name.

    An image named by its published bytes is also entered by its bytes as harvested, which a build needs. Raises
    LeafError if nothing is named.
    """
    if not any(wanted.values()):
        raise LeafError("remove: name what to remove with --url, --site or --sha256")
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    new = [Removal(kind, value, note, today) for kind, values in wanted.items() for value in values]
    rows = published(shards, Removals(new))
    sources = sorted({sha for row in rows for sha in row["images"]} - set(wanted.get("sha256", ())))
    before = len(load_removals(root))
    every = add_removals(root, [*new, *(Removal("sha256", sha, note, today) for sha in sources)])
    return {"file": str(root / FILE), "added": len(every) - before, "requests": len(every), "published": rows}


def takedown_lines(found: Mapping[str, Any]) -> list[str]:
    rows = found["published"]
    lines = [f"{found['file']}: {found['added']} added, {found['requests']} in all"]
    lines += [f"  {row['file']}  {row['id']}  {row['url'] or row['site']}" for row in rows]
    files = sorted({row["file"] for row in rows})
    if rows:
        lines.append(f"the next build and push remove {len(rows)} records from {', '.join(files)}")
        lines.append("run next: leafinstruct build --stage shard, then leafinstruct push")
    else:
        lines.append("no published record of this run matches; later builds will drop what matches")
    return lines


def published(shards: Path, removals: Removals) -> list[dict[str, Any]]:
    """Rows of shards that a request names: file, id, url, site, and `images`, the named ones by harvested SHA-256."""
    rows = []
    for file in sorted(shards.glob("*.parquet")):
        with parquet_file(file) as opened:
            found = opened.read(["id", "url", "site", "image_meta"]).to_pylist()
        for row in found:
            named = [m for m in row.pop("image_meta") or [] if removals.names_image(m["sha256"], m["source_sha256"])]
            if named or removals.names(row["url"], row["site"]):
                rows.append({"file": file.name, **row, "images": [m["source_sha256"] for m in named]})
    return rows


def refuse_removed(shards: Path, removals: Removals) -> None:
    """Raises LeafError if shards contain what a request names."""
    if len(removals) and (rows := published(shards, removals)):
        raise LeafError(
            f"{shards}: {len(rows)} records were removed since these shards were built, such as {rows[0]['id']}; "
            "run first: leafinstruct build --stage shard"
        )
