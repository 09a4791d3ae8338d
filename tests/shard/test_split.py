"""Which site goes where, and what train loses."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made.shard import head, image, record

from leafinstruct.shard.split import assign_sites, both_held, without_leaks

SHARES = {"train": 0.9, "validation": 0.05, "test": 0.05}


def test_many_sites_come_close_to_the_shares_and_stay_put() -> None:
    rows = {f"site{n}": 1 for n in range(2000)}
    split_of, notes = assign_sites(rows, SHARES, 0.2, "")
    assert notes == []
    for name, share in SHARES.items():
        assert sum(split == name for split in split_of.values()) / 2000 == pytest.approx(share, abs=0.015)
    more, _ = assign_sites(rows | {"new": 1}, SHARES, 0.2, "")
    assert all(more[site] == split for site, split in split_of.items())
    other, _ = assign_sites(rows, SHARES, 0.2, "another seed")
    assert other != split_of


@pytest.mark.parametrize("count", [3, 4, 5, 8])
def test_no_split_is_empty_from_three_sites_on(count: int) -> None:
    for draw in range(20):
        rows = {f"s{draw}-{n}": 10 for n in range(count)}
        split_of, notes = assign_sites(rows, SHARES, 0.5, "")
        assert set(split_of.values()) == set(SHARES)
        assert (split_of, notes) == assign_sites(dict(reversed(rows.items())), SHARES, 0.5, "")


def test_a_split_that_takes_a_site_says_which() -> None:
    _, notes = assign_sites({f"s{n}": 1 for n in range(10)}, SHARES, 0.2, "x")
    taken = [note for note in notes if "got no site by hash" in note]
    assert taken
    assert "it takes 's" in taken[0]


def test_fewer_sites_than_splits_is_all_train() -> None:
    split_of, notes = assign_sites({"a": 5, "b": 5}, SHARES, 0.2, "")
    assert set(split_of.values()) == {"train"}
    assert notes == [
        "no records in validation and test: 3 splits by site need at least 3 sites, and the records are from 2"
    ]


def test_large_site_is_train_whatever_its_hash() -> None:
    rows = {f"site{n}": 1 for n in range(200)}
    small, _ = assign_sites(rows, SHARES, 0.2, "")
    large = next(site for site, split in small.items() if split == "test")
    split_of, notes = assign_sites(rows | {large: 100}, SHARES, 0.2, "")
    assert split_of[large] == "train"
    assert notes == [f"site {large!r} has 100 of 299 records, more than 20%: always in train"]


def test_a_large_site_is_the_last_to_fill_an_empty_split() -> None:
    for draw in range(20):
        split_of, _ = assign_sites({f"big{draw}": 90, "a": 4, "b": 3, "c": 3}, SHARES, 0.2, "")
        assert split_of[f"big{draw}"] == "train"


@pytest.mark.parametrize("seed", ["", "a", "b", "c"])
def test_few_sites_of_uneven_size_still_give_every_split_its_half_share(seed: str) -> None:
    rows = {f"huge{n}": 90 for n in range(5)} | {f"small{n}": 2 for n in range(32)}  # 514 records
    split_of, notes = assign_sites(rows, {"train": 0.96, "validation": 0.02, "test": 0.02}, 0.2, seed)
    for name in ("validation", "test"):
        held = sum(rows[site] for site, split in split_of.items() if split == name)
        assert held >= 0.01 * 514
        assert held <= 0.04 * 514 or all(site.startswith("huge") for site, split in split_of.items() if split == name)
    assert split_of == assign_sites(dict(reversed(rows.items())), {"train": 0.96, "validation": 0.02, "test": 0.02},
                                    0.2, seed)[0]  # fmt: skip
    for note in notes:
        assert "more sites from train" in note or "got no site by hash" in note


def test_train_gives_what_fits_and_keeps_the_rest() -> None:
    rows = {"tiny": 1, "big": 40, "other": 40, "third": 40}
    for seed in "abcdefgh":
        split_of, _ = assign_sites(rows, SHARES, 0.5, seed)
        assert set(split_of.values()) == set(SHARES)


def test_train_loses_what_the_others_show() -> None:
    a, b, c, d = (image(n) for n in range(4))
    heads = [
        head(record("v", [a], "v")),
        head(record("t", [b], "t"), cluster="k"),
        head(record("like_v", [c, a], "x")),
        head(record("like_t", [b], "x"), cluster="k"),
        head(record("near_t", [c], "x"), cluster="k"),
        head(record("own", [d], "x"), cluster="other"),
    ]
    kept, dropped = without_leaks(heads, {"v": "validation", "t": "test", "x": "train"})
    assert [one.id for one in kept["train"]] == ["own"]
    assert {(one.id, one.reason, one.detail) for one in dropped} == {
        ("like_v", "shares_image_with_validation", a.sha256),
        ("like_t", "shares_image_with_test", b.sha256),
        ("near_t", "shares_cluster_with_test", "k"),
    }
    assert [len(kept[name]) for name in ("validation", "test")] == [1, 1]
    assert both_held(kept) == 0
    both = [replace(heads[0], site="t", id="again")]
    assert both_held({"validation": [heads[0]], "test": both}) == 1
