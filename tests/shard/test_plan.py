"""The plan: every record in one shard or dropped with a reason, in an order that edits disturb little."""

from __future__ import annotations

import random

import pytest

from leafinstruct.errors import LeafError
from leafinstruct.shard.plan import ShardSettings, order_key, plan_shards
from leafinstruct.shard.split import RecordHead


def heads(count: int, sites: int = 40, size: int = 1000) -> list[RecordHead]:
    return [
        RecordHead(f"id{n}", f"d{n}", f"site{n % sites}", f"t{n % 3}", (f"{n:064d}",), size + n % 7, "")
        for n in range(count)
    ]


def test_rows_add_up_and_lie_in_hash_order() -> None:
    made = heads(1000)
    made[1] = RecordHead("leak", "d", "site0", "t", made[999].images, 1000)
    plan = plan_shards(made, ShardSettings(max_shard_bytes=100_000))
    ids = [key for shard in plan.shards for key in shard.ids]
    assert len(ids) + len(plan.dropped) == 1000
    assert len(set(ids)) == len(ids)
    for split in plan.counts:
        keys = [order_key(key) for shard in plan.shards if shard.split == split for key in shard.ids]
        assert keys == sorted(keys)
        assert plan.counts[split].rows == len(keys) == sum(plan.counts[split].topics.values())
    assert all(shard.bytes <= 125_000 for shard in plan.shards)
    train = [shard for shard in plan.shards if shard.split == "train"]
    assert train[0].name == f"train-00000-of-{len(train):05d}.parquet"


def test_a_split_that_leaves_nothing_to_train_stops_with_the_reasons() -> None:
    shared = [
        RecordHead(f"id{n}", f"d{n}", f"site{n}", "t", (("f" * 64),) if n % 2 else (), 1000, "" if n % 2 else "c")
        for n in range(60)
    ]
    with pytest.raises(LeafError, match=r"^no record is left for train: .*shares_image_with_\w+ \d+.*validation: 0"):
        plan_shards(shared, ShardSettings())
    assert plan_shards(shared, ShardSettings(validation=0, test=0)).counts["train"].rows == 60


def test_plan_does_not_depend_on_the_order_of_records() -> None:
    made = heads(300)
    shuffled = random.Random(1).sample(made, len(made))
    settings = ShardSettings(max_shard_bytes=50_000)
    assert plan_shards(made, settings) == plan_shards(shuffled, settings)


def test_a_new_record_changes_one_shard() -> None:
    made = heads(3000)
    settings = ShardSettings(max_shard_bytes=300_500)
    before = {shard.name: shard.ids for shard in plan_shards(made, settings).shards}
    new = RecordHead("new", "new", "site5", "t0", (), 1000)
    after = {shard.name: shard.ids for shard in plan_shards([*made, new], settings).shards}
    assert before.keys() == after.keys()
    assert len(before) > 8
    assert sum(before[name] != after[name] for name in before) == 1


@pytest.mark.parametrize(("rows", "least", "files"), [(1, 2, 1), (2, 2, 2), (3, 2, 2), (7, 7, 7), (50, 4, 4)])
def test_min_shards_as_far_as_there_are_rows(rows: int, least: int, files: int) -> None:
    plan = plan_shards(heads(rows, sites=1), ShardSettings(min_shards=least))
    assert len(plan.shards) == files
    assert all(shard.ids for shard in plan.shards)


def test_one_giant_record_does_not_multiply_shards() -> None:
    made = [*heads(20, sites=1), RecordHead("giant", "d", "site0", "t", (), 10_000_000)]
    plan = plan_shards(made, ShardSettings(max_shard_bytes=5_000_000))
    assert 3 <= len(plan.shards) <= 6


def test_nothing_in_nothing_out() -> None:
    plan = plan_shards([], ShardSettings())
    assert plan.shards == () and plan.dropped == () and plan.counts == {}


def test_same_id_twice_is_refused() -> None:
    with pytest.raises(LeafError, match="id3 occurs twice"):
        plan_shards([*heads(5), heads(5)[3]], ShardSettings())


def test_settings_are_checked() -> None:
    with pytest.raises(LeafError, match="validation 0.6"):
        ShardSettings(validation=0.6, test=0.4)
    assert set(ShardSettings(test=0).shares) == {"train", "validation"}
