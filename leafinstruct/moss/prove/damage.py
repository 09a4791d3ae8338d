"""Ways in which shards can be wrong without training noticing, and which named check detects each.

A falling loss detects none of them: blank images train best of all.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from leafinstruct import layout
from leafinstruct.moss.data import SPLITS, find_shards

Rows = list[dict[str, Any]]
_REPEATS = 10


def others_images(rows: Rows) -> Rows:
    """Every record shows the images of the record before, if it has as many."""
    shown = [rows[i - 1]["images"] for i in range(len(rows))]
    fits = [len(images) == len(row["images"]) for images, row in zip(shown, rows, strict=True)]
    return [{**row, "images": images} if fit else row for row, images, fit in zip(rows, shown, fits, strict=True)]


def others_images_declared(rows: Rows) -> Rows:
    """The same with the images' metadata, so that no checksum differs."""
    made = others_images(rows)
    metas = [rows[i - 1]["image_meta"] for i in range(len(rows))]
    return [
        {**new, "image_meta": meta} if new["images"] is not old["images"] else new
        for new, old, meta in zip(made, rows, metas, strict=True)
    ]


def reversed_images(rows: Rows) -> Rows:
    return [{**row, "images": row["images"][::-1]} for row in rows]


def repeated_images(rows: Rows) -> Rows:
    """The first image in every place of its record."""
    return [{**row, "images": row["images"][:1] * len(row["images"])} for row in rows]


def blank_images(rows: Rows) -> Rows:
    """White images of the right sizes, with matching metadata."""
    made = []
    for row in rows:
        images = [_blank(meta["width"], meta["height"]) for meta in row["image_meta"]]
        metas = [
            {**meta, "sha256": hashlib.sha256(data).hexdigest()}
            for meta, data in zip(row["image_meta"], images, strict=True)
        ]
        made.append({**row, "images": [{"bytes": data, "path": None} for data in images], "image_meta": metas})
    return made


def swapped_roles(rows: Rows) -> Rows:
    """The user says what the assistant said, and the other way round."""
    other = {"user": "assistant", "assistant": "user"}
    return [
        {**row, "messages": [{**m, "role": other.get(m["role"], m["role"])} for m in row["messages"]]} for row in rows
    ]


def text_only(rows: Rows) -> Rows:
    """All images and their placeholders are removed."""
    made = []
    for row in rows:
        messages = [
            {**m, "content": [part for part in m["content"] if part["type"] != "image"]} for m in row["messages"]
        ]
        made.append({**row, "messages": messages, "images": [], "image_meta": []})
    return made


def one_byte(rows: Rows) -> Rows:
    """One bit of the last image of the last record with one is flipped."""
    made = list(rows)
    at = max(number for number, row in enumerate(rows) if row["images"])
    image = made[at]["images"][-1]
    data = bytearray(image["bytes"])
    data[len(data) // 2] ^= 1
    made[at] = {**made[at], "images": [*made[at]["images"][:-1], {**image, "bytes": bytes(data)}]}
    return made


DAMAGES: dict[str, Callable[[Rows], Rows]] = {
    "images of another record": others_images,
    "images of another record, checksums too": others_images_declared,
    "images reversed": reversed_images,
    "first image repeated": repeated_images,
    "blank images": blank_images,
    "roles swapped": swapped_roles,
    "text only": text_only,
    "one byte changed": one_byte,
}


@dataclass(frozen=True, slots=True)
class Teaching:
    """Whether shards can teach a model that writes text and images, counted over all rows: `checksum` images whose
    bytes do not match their metadata, `turns` records that do not begin with the user and end with the assistant,
    `answer` records without an image from the assistant, `distinct` 1 if the average image occurs more than ten times,
    and `manifest` 1 if the files do not match the manifest."""

    rows: int
    images: int
    checksum: int
    turns: int
    answer: int
    distinct: int
    manifest: int

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks that failed. `answer` fails if it holds for most records: some have no image there."""
        found = {name for name in ("checksum", "turns", "distinct", "manifest") if getattr(self, name)}
        if 2 * self.answer > self.rows:
            found.add("answer")
        return tuple(name for name in CHECKS if name in found)


CHECKS = ("checksum", "turns", "answer", "distinct", "manifest")


def check_teaching(folder: Path) -> Teaching:
    """Check every row and image of a folder of shards, decoding nothing. Raises LeafError without shards."""
    import pyarrow.parquet as pq

    rows = images = checksum = turns = answer = 0
    seen: set[bytes] = set()
    for files in find_shards(folder).values():
        for file in files:
            for batch in pq.ParquetFile(file).iter_batches(64, columns=["messages", "images", "image_meta"]):
                for row in batch.to_pylist():
                    rows += 1
                    digests = [hashlib.sha256(image["bytes"] or b"").digest() for image in row["images"]]
                    images += len(digests)
                    seen.update(digests)
                    wanted = [meta["sha256"] for meta in row["image_meta"]]
                    checksum += sum(a.hex() != b for a, b in zip(digests, wanted, strict=False))
                    checksum += abs(len(digests) - len(wanted))
                    roles = [m["role"] for m in row["messages"]]
                    turns += not roles or roles[0] != "user" or roles[-1] != "assistant"
                    answer += not any(
                        part["type"] == "image"
                        for m in row["messages"]
                        if m["role"] == "assistant"
                        for part in m["content"]
                    )
    # Own threshold: an image may be in several records, but drawings of 480 scenes in 1320 places had about 3 each.
    few = int(_REPEATS * len(seen) < images)
    return Teaching(rows, images, checksum, turns, answer, few, _against_manifest(folder))


def _against_manifest(folder: Path) -> int:
    """1 if there is a manifest and its checksums are not those of the files."""
    manifest = folder / layout.MANIFEST
    if not manifest.is_file():
        return 0
    entries = {entry["file"]: entry["sha256"] for entry in json.loads(manifest.read_bytes())["files"]}
    found = {f.name: _sha256(f) for fs in find_shards(folder).values() for f in fs}
    return int(any(entries.get(name) != sha for name, sha in found.items()))


def damage_shards(folder: Path, out: Path, damage: Callable[[Rows], Rows]) -> None:
    """Copy shards with a damage in every split; the manifest, if there is one, is copied unchanged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    out.mkdir(parents=True, exist_ok=True)
    for split in SPLITS:
        for file in sorted(folder.glob(f"{split}-*.parquet")):
            table = pq.read_table(file)
            made = damage(table.to_pylist())
            pq.write_table(pa.Table.from_pylist(made, schema=table.schema), out / file.name)
    if (folder / layout.MANIFEST).is_file():
        shutil.copyfile(folder / layout.MANIFEST, out / layout.MANIFEST)


def damage_table(folder: Path, most: int | None = None) -> dict[str, tuple[str, ...]]:
    """For the shards as they are (`as they are`) and for each damage, done to a copy: the checks that fail. With
    `most`, on the first records of each file only, with a manifest of their own if the shards have one."""
    with TemporaryDirectory() as temporary:
        copies = Path(temporary)
        if most is not None:
            damage_shards(folder, copies / "some", lambda rows: rows[:most])
            folder = copies / "some"
            if (folder / layout.MANIFEST).is_file():
                _write_manifest(folder)
        table = {"as they are": check_teaching(folder).failed}
        for name, damage in DAMAGES.items():
            damage_shards(folder, copies / name, damage)
            table[name] = check_teaching(copies / name).failed
            shutil.rmtree(copies / name)
    return table


def _write_manifest(folder: Path) -> None:
    files = [{"file": f.name, "sha256": _sha256(f)} for found in find_shards(folder).values() for f in found]
    (folder / layout.MANIFEST).write_text(json.dumps({"files": files}))


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _blank(width: int, height: int) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.full((height, width, 3), 255, np.uint8)).save(file, "PNG")
    return file.getvalue()
