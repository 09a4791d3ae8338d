"""Caps: no site, topic, language or task may be a larger part of the dataset than the pipeline allows.

A hash of their ids decides which records of a large group are kept, so a new record displaces few others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from leafinstruct.errors import LeafError, did_you_mean
from leafinstruct.shard.split import PlanDrop, RecordHead, unit_hash

CAPPED = ("site", "topic", "language", "task")


def check_caps(caps: Mapping[str, float]) -> None:
    """Raises LeafError for a cap that is neither a share below 1 nor a whole number of records."""
    for field, cap in caps.items():
        if field not in CAPPED:
            raise LeafError(f"caps: unknown '{field}'{did_you_mean(field, CAPPED)}")
        share = isinstance(cap, float) and 0 < cap < 1
        number = isinstance(cap, int) and not isinstance(cap, bool) and cap >= 1
        if not share and not number:
            raise LeafError(f"caps: {field} is {cap!r}; write a share such as 0.05 or a number of records such as 500")


def apply_caps(
    heads: Sequence[RecordHead], caps: Mapping[str, float], seed: str
) -> tuple[list[RecordHead], list[PlanDrop]]:
    """Heads that are kept, in their order, and those over a cap (reasons `cap_site`, `cap_topic`, ...).

    A share is of the records that are kept. Records that name no topic (language, ...) count in the whole and are not
    capped. Caps are applied in turn until all of them hold. Raises LeafError if a share cannot hold.
    """
    kept, dropped = list(heads), dict[str, PlanDrop]()
    before = -1
    while before != len(kept):
        before = len(kept)
        for field in (f for f in CAPPED if f in caps):
            over = _over(kept, field, caps[field], seed)
            dropped |= {h.id: PlanDrop(h.id, h.document, f"cap_{field}", getattr(h, field)) for h in over}
            kept = [head for head in kept if head.id not in dropped]
    return kept, sorted(dropped.values(), key=lambda drop: drop.id)


def _over(heads: Sequence[RecordHead], field: str, cap: float, seed: str) -> list[RecordHead]:
    groups: dict[str, list[RecordHead]] = {}
    for head in heads:
        if getattr(head, field):
            groups.setdefault(getattr(head, field), []).append(head)
    sizes = Counter({name: len(group) for name, group in groups.items()})
    limit = cap if isinstance(cap, int) else _limit(sizes, len(heads) - sizes.total(), field, cap)
    over = []
    for group in groups.values():
        group.sort(key=lambda head: (unit_hash(f"{seed}/{head.id}"), head.id))
        over += group[int(limit) :]
    return over


def _limit(sizes: Counter[str], free: int, field: str, share: float) -> int:
    """The most records that a group may have so that it is at most `share` of all that are kept.

    A larger limit makes a group of `limit` records a larger part of what is kept, so the limit is found by bisection.
    """

    def holds(limit: int) -> bool:
        return limit <= share * (free + sum(min(size, limit) for size in sizes.values())) + 1e-9

    high = max(sizes.values(), default=0)
    if high == 0 or holds(high):
        return high
    if not holds(1):
        raise LeafError(
            f"shard: caps: {field}: {len(sizes)} of them cannot each be at most {share:.0%} of the records; "
            f"allow at least {1 / len(sizes):.2f} or write a number of records"
        )
    low = 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
