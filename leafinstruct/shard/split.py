"""Splits by site: which site belongs to which split, and what train loses because validation or test also shows it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class RecordHead:
    """What the plan needs of a record: `images` by sha256, `bytes` of its texts and images, `cluster` of near-duplicate
    documents ("" for none)."""

    id: str
    document: str
    site: str
    topic: str
    images: tuple[str, ...]
    bytes: int
    cluster: str = ""
    language: str = ""
    task: str = ""


@dataclass(frozen=True, slots=True)
class PlanDrop:
    """A record that is not published; `detail` is the image or cluster that it shares, or the value that is capped."""

    id: str
    document: str
    reason: str
    detail: str


def unit_hash(text: str) -> float:
    """A number in [0, 1) that depends only on the text: the first 52 bits of its SHA-256."""
    return int(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:13], 16) / 16**13


def assign_sites(
    rows: Mapping[str, int], shares: dict[str, float], large_site: float, seed: str
) -> tuple[dict[str, str], list[str]]:
    """The split of each site, and notes on what the hash did not decide.

    `rows` counts the records of each site, `shares` has the share of each split to make (they sum to 1).
    A site's hash falls into the interval of one split. Four cases are decided otherwise, and noted:
    - fewer sites than splits: everything is train, because a site is never cut in two;
    - a site with more than `large_site` of all records is train: no other split could hold it at its share;
    - a split that got no site takes one from a split that has several: a site that is not large before one that is,
      then the one whose hash is nearest to the middle of the empty split's interval;
    - a split with less than half its share of the records (few sites, or sites of very different size) takes more from
      train until it has half: those nearest by hash that are not large and do not lift it above twice its share.
    """
    if len(rows) < len(shares):
        empty = " and ".join(name for name in shares if name != "train")
        return dict.fromkeys(rows, "train"), [
            f"no records in {empty}: {len(shares)} splits by site need at least {len(shares)} sites, "
            f"and the records are from {len(rows)}"
        ]
    total = sum(rows.values())
    large = {site for site, count in rows.items() if count > large_site * total}
    hashes = {site: unit_hash(f"{seed}/{site}") for site in rows}
    split_of = {site: "train" if site in large else _interval(hashes[site], shares) for site in rows}
    notes = [
        f"site {site!r} has {rows[site]} of {total} records, more than {large_site:.0%}: always in train"
        for site in sorted(large)
    ]
    for name in reversed(shares):
        if name in split_of.values():
            continue
        sizes = {split: sum(s == split for s in split_of.values()) for split in shares}
        middle = _middle(name, shares)
        site = min(
            (site for site, split in split_of.items() if sizes[split] > 1),
            key=lambda site: (site in large, abs(hashes[site] - middle), site),
        )
        notes.append(f"{name} got no site by hash: it takes {site!r} from {split_of[site]}")
        split_of[site] = name
    for name in (name for name in shares if name != "train"):
        if more := _top_up(name, rows, shares, split_of, hashes, large):
            held = sum(rows[site] for site, split in split_of.items() if split == name)
            notes.append(f"{name} got {held} of {total} records by hash: it takes {len(more)} more sites from train")
            split_of |= dict.fromkeys(more, name)
    return split_of, notes


def _top_up(
    name: str,
    rows: Mapping[str, int],
    shares: Mapping[str, float],
    split_of: Mapping[str, str],
    hashes: Mapping[str, float],
    large: set[str],
) -> list[str]:
    """Sites that train gives to a split that has too few records. With many sites of similar size there are none."""
    wanted = shares[name] * sum(rows.values())
    held = sum(rows[site] for site, split in split_of.items() if split == name)
    spare = [site for site, split in split_of.items() if split == "train" and site not in large]
    middle, taken = _middle(name, shares), list[str]()
    for site in sorted(spare, key=lambda site: (abs(hashes[site] - middle), site)):
        if held >= wanted / 2:
            break
        if held + rows[site] <= 2 * wanted:
            held += rows[site]
            taken.append(site)
    return taken if len(taken) < sum(split == "train" for split in split_of.values()) else taken[:-1]


def _interval(value: float, shares: dict[str, float]) -> str:
    upper = 0.0
    for name, share in shares.items():
        upper += share
        if value < upper:
            return name
    return next(reversed(shares))


def _middle(name: str, shares: Mapping[str, float]) -> float:
    names = list(shares)
    return sum(shares[n] for n in names[: names.index(name)]) + shares[name] / 2


def without_leaks(
    heads: Sequence[RecordHead], split_of: Mapping[str, str]
) -> tuple[dict[str, list[RecordHead]], list[PlanDrop]]:
    """Heads by split after train lost each record that shares an image or a cluster with validation or test.

    Reasons: `shares_image_with_validation`, `shares_image_with_test`, `shares_cluster_with_validation`,
    `shares_cluster_with_test`; the first that holds, in this order.
    """
    kept: dict[str, list[RecordHead]] = {name: [] for name in SPLITS}
    for head in heads:
        kept[split_of[head.site]].append(head)
    held = [name for name in SPLITS if name != "train"]
    images = {name: {image for head in kept[name] for image in head.images} for name in held}
    clusters = {name: {head.cluster for head in kept[name]} - {""} for name in held}
    train, dropped = [], []
    for head in kept["train"]:
        reason, detail = _shared(head, images, clusters)
        if reason:
            dropped.append(PlanDrop(head.id, head.document, reason, detail))
        else:
            train.append(head)
    kept["train"] = train
    return kept, sorted(dropped, key=lambda drop: drop.id)


def _shared(head: RecordHead, images: Mapping[str, set[str]], clusters: Mapping[str, set[str]]) -> tuple[str, str]:
    for name, seen in images.items():
        for image in head.images:
            if image in seen:
                return f"shares_image_with_{name}", image
    for name, seen in clusters.items():
        if head.cluster in seen:
            return f"shares_cluster_with_{name}", head.cluster
    return "", ""


def both_held(kept: Mapping[str, Iterable[RecordHead]]) -> int:
    """Number of images that validation and test share; they are kept in both."""
    sets = [{image for head in kept[name] for image in head.images} for name in ("validation", "test")]
    return len(sets[0] & sets[1])
