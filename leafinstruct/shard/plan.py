"""The first pass: from light heads of all records to a plan that names each shard and the rows it holds, in order."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from msgspec import Meta

from leafinstruct.errors import LeafError
from leafinstruct.shard.balance import apply_caps, check_caps
from leafinstruct.shard.split import SPLITS, PlanDrop, RecordHead, assign_sites, both_held, without_leaks


@dataclass(frozen=True, slots=True)
class ShardSettings:
    """The section `shard:` of a pipeline."""

    validation: Annotated[float, Meta(ge=0, lt=1)] = 0.05
    """Share of the sites' hash range; 0 makes no such split."""
    test: Annotated[float, Meta(ge=0, lt=1)] = 0.05
    max_shard_bytes: Annotated[int, Meta(ge=1)] = 300_000_000
    """Size of a shard, about: 300 MB is in the middle of the 200 to 500 MB that streaming readers and uploads like."""
    min_shards: Annotated[int, Meta(ge=1)] = 1
    """Shards of each split, as far as it has rows."""
    large_site: Annotated[float, Meta(ge=0, le=1)] = 0.2
    """A site with a larger share of all records is in train."""
    metadata_left: Literal["stop", "publish"] = "stop"
    """What becomes of images with metadata that cannot be removed: the build stops, or they are published and counted.
    The rule `metadata_left` of the filter image drops them before."""
    control_tokens: Literal["keep", "break"] = "keep"
    """What becomes of marks in texts that tokenizers and trainers may obey, such as `<|im_end|>` or `<image>`: they
    stay, and `check` names the rows, or they get a space after their first character."""
    seed: str = ""
    """Another value, another split."""
    caps: Mapping[str, int | float] = field(default_factory=dict)
    """For site, topic, language or task the most that one of them may have: a share of the records that stay (below 1)
    or a number of records."""

    def __post_init__(self) -> None:
        if self.validation + self.test >= 1:
            raise LeafError(f"validation {self.validation} + test {self.test} must be below 1")
        check_caps(self.caps)

    @property
    def shares(self) -> dict[str, float]:
        shares = {"train": 1 - self.validation - self.test, "validation": self.validation, "test": self.test}
        return {name: share for name, share in shares.items() if share > 0}


@dataclass(frozen=True, slots=True)
class PlannedShard:
    """One file to write: `name` such as `train-00000-of-00004.parquet`, `ids` its rows in order, `bytes` estimated."""

    name: str
    split: str
    ids: tuple[str, ...]
    bytes: int


@dataclass(frozen=True, slots=True)
class SplitCounts:
    rows: int
    images: int
    bytes: int
    sites: int
    topics: dict[str, int]


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """Shards of all splits, dropped records, notes for people on splits that the hash did not decide, and counts per
    split. Rows in = rows of all shards + dropped."""

    shards: tuple[PlannedShard, ...]
    dropped: tuple[PlanDrop, ...]
    notes: tuple[str, ...]
    counts: dict[str, SplitCounts]


def plan_shards(records: Iterable[RecordHead], settings: ShardSettings) -> ShardPlan:
    """Split by site, drop from train what the other splits show, order by hash of the id, cut into shards.

    Memory holds the heads only (about 1 KB each). The plan depends on the set of heads, not on their order.
    Raises LeafError if two records have the same id, or if the other splits leave nothing to train.
    """
    heads = sorted(records, key=lambda head: head.id)
    for one, two in zip(heads, heads[1:], strict=False):
        if one.id == two.id:
            raise LeafError(f"record {one.id} occurs twice (document {one.document}); ids must differ")
    heads, capped = apply_caps(heads, settings.caps, settings.seed)
    rows = Counter(head.site for head in heads)
    split_of, notes = assign_sites(rows, settings.shares, settings.large_site, settings.seed) if heads else ({}, [])
    kept, dropped = without_leaks(heads, split_of)
    if heads and not kept["train"]:
        reasons = ", ".join(f"{reason} {count}" for reason, count in Counter(d.reason for d in dropped).most_common())
        raise LeafError(
            f"no record is left for train: all {len(dropped)} share an image or a near-duplicate with another split "
            f"({reasons}, such as record {dropped[0].id}); drop the shared images with the filter seen, similar texts "
            "with the filter duplicates, or set validation: 0 and test: 0 below shard: of the pipeline"
        )
    if shared := both_held(kept):
        notes.append(f"{shared} images are in both validation and test")
    shards = [shard for name in SPLITS for shard in _cut(name, kept[name], settings)]
    counts = {name: _count(kept[name]) for name in SPLITS if kept[name]}
    return ShardPlan(tuple(shards), (*capped, *dropped), tuple(notes), counts)


def order_key(record_id: str) -> str:
    """Published rows are sorted by this key: a hash of the id, so that new rows spread evenly among old ones."""
    return hashlib.sha256(record_id.encode("utf-8", "surrogatepass")).hexdigest()


def _count(heads: Sequence[RecordHead]) -> SplitCounts:
    return SplitCounts(
        rows=len(heads),
        images=sum(len(head.images) for head in heads),
        bytes=sum(head.bytes for head in heads),
        sites=len({head.site for head in heads}),
        topics=dict(sorted(Counter(head.topic for head in heads).items())),
    )


def _cut(split: str, heads: Sequence[RecordHead], settings: ShardSettings) -> list[PlannedShard]:
    """Shards of one split: equal ranges of the order key, so that a new row changes one file and no other.

    The sizes then vary a little; the number of shards grows (to at most twice the least number) until none is above
    1.25 times the limit. If a range is empty, as with few rows, the rows are cut into equal counts instead.
    """
    if not heads:
        return []
    rows = sorted((order_key(head.id), head.id, head.bytes) for head in heads)
    least = min(len(rows), max(settings.min_shards, math.ceil(sum(row[2] for row in rows) / settings.max_shard_bytes)))
    for count in range(least, min(2 * least, len(rows)) + 1):
        groups = _ranges(rows, count)
        if max(sum(row[2] for row in group) for group in groups) <= 1.25 * settings.max_shard_bytes:
            break
    return [
        PlannedShard(
            f"{split}-{number:05d}-of-{len(groups):05d}.parquet",
            split,
            tuple(row[1] for row in group),
            sum(row[2] for row in group),
        )
        for number, group in enumerate(groups)
    ]


def _ranges(rows: Sequence[tuple[str, str, int]], count: int) -> list[list[tuple[str, str, int]]]:
    groups: list[list[tuple[str, str, int]]] = [[] for _ in range(count)]
    for row in rows:
        groups[int(row[0][:13], 16) * count >> 52].append(row)
    if all(groups):
        return groups
    return [list(rows[i * len(rows) // count : (i + 1) * len(rows) // count]) for i in range(count)]
