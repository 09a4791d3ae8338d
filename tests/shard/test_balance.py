"""Caps hold on what stays, drop no more than they must, and depend on ids alone."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from leafinstruct.errors import LeafError
from leafinstruct.shard.balance import apply_caps
from leafinstruct.shard.plan import ShardSettings, plan_shards
from leafinstruct.shard.split import RecordHead


def heads(**sizes: int) -> list[RecordHead]:
    found = []
    for site, size in sizes.items():
        for n in range(size):
            found.append(RecordHead(f"{site}-{n}", "d", site, f"t{n % 2}", (f"{site}{n}",), 10, "", "en", "howto"))
    return found


def test_a_share_is_of_what_stays_and_is_used_up() -> None:
    made = heads(big=500, a=40, b=40, c=40, d=40)
    kept, dropped = apply_caps(made, {"site": 0.25}, "")
    counts = Counter(head.site for head in kept)
    assert counts == {"a": 40, "b": 40, "c": 40, "d": 40, "big": 53}
    assert counts["big"] / len(kept) <= 0.25 < (counts["big"] + 1) / (len(kept) + 1)
    assert {drop.reason for drop in dropped} == {"cap_site"} and {drop.detail for drop in dropped} == {"big"}
    assert len(kept) + len(dropped) == len(made)


def test_a_number_is_a_number_of_records() -> None:
    kept, _ = apply_caps(heads(a=9, b=3), {"site": 5}, "")
    assert Counter(head.site for head in kept) == {"a": 5, "b": 3}


def test_several_caps_hold_together() -> None:
    made = [RecordHead(f"{n}", "d", f"s{n % 7}", "x" if n % 3 else f"t{n % 5}", (), 1) for n in range(700)]
    kept, dropped = apply_caps(made, {"site": 0.2, "topic": 0.3}, "")
    assert {"cap_topic"} <= {drop.reason for drop in dropped}
    for field, share in (("site", 0.2), ("topic", 0.3)):
        assert max(Counter(getattr(head, field) for head in kept).values()) <= share * len(kept)


def test_what_names_no_topic_is_not_capped() -> None:
    made = [RecordHead(f"{n}", "d", "s", "", (), 1) for n in range(10)]
    assert apply_caps(made, {"topic": 0.5}, "") == (made, [])


def test_who_stays_depends_on_ids_and_seed_alone() -> None:
    made = heads(a=100, b=20, c=20)
    kept = {h.id for h in apply_caps(made, {"site": 30}, "")[0]}
    assert {h.id for h in apply_caps(random.Random(0).sample(made, len(made)), {"site": 30}, "")[0]} == kept
    assert {h.id for h in apply_caps(made, {"site": 30}, "other")[0]} != kept
    more = {h.id for h in apply_caps([*made, *heads(d=5)], {"site": 30}, "")[0]}
    assert kept <= more


def test_the_plan_counts_what_caps_drop() -> None:
    made = heads(**{f"s{n}": 5 for n in range(30)}, big=400)
    plan = plan_shards(made, ShardSettings(caps={"site": 0.1}))
    assert sum(drop.reason == "cap_site" for drop in plan.dropped) == 400 - 16
    assert sum(count.rows for count in plan.counts.values()) + len(plan.dropped) == len(made)


@pytest.mark.parametrize(
    ("caps", "message"),
    [
        ({"host": 0.1}, "unknown 'host'"),
        ({"site": 0}, "share such as"),
        ({"site": 1.5}, "share such as"),
        ({"site": True}, "share such as"),
        ({"site": "5%"}, "share such as"),
    ],
)
def test_a_cap_that_makes_no_sense_is_named(caps: dict[str, float], message: str) -> None:
    with pytest.raises(LeafError, match=message):
        ShardSettings(caps=caps)


def test_a_share_that_cannot_hold_is_an_error() -> None:
    with pytest.raises(LeafError, match=r"2 of them cannot each be at most 30%.*at least 0\.50"):
        apply_caps(heads(a=9, b=9), {"site": 0.3}, "")
