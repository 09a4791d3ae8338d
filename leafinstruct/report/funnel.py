"""Counts of a run, read from its files: harvested, dropped by each rule, kept. They add up at every stage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from leafinstruct import layout
from leafinstruct.document import page_id
from leafinstruct.report.terminal import Passage, safe
from leafinstruct.report.trace import one_line
from leafinstruct.rewrite.stage import unanswered
from leafinstruct.run import Run

MOST_SAID = 5
MOST_EXAMPLES = 3
"""Documents or images that are named for each reason."""
MOST_CHARACTERS = 120
"""Of an example on a line."""
HARVESTED = ["id", "url", "path", "parts", "lost", "error"]


@dataclass
class Funnel:
    """Every input item is in `documents`; every item that did not become a record has a reason. Same for images."""

    documents: int = 0
    images: int = 0
    split_pages: int = 0
    """Long pages that were split; their chapters are documents."""
    chapters: int = 0
    """Documents that are a chapter of a page."""
    not_read: dict[str, int] = field(default_factory=dict)
    """Documents of which harvest made nothing, by reason; they are among those that filters drop."""
    lost_images: dict[str, int] = field(default_factory=dict)
    dropped_documents: dict[str, int] = field(default_factory=dict)
    dropped_images: dict[str, int] = field(default_factory=dict)
    kept_documents: int = 0
    kept_images: int = 0
    dropped_rewriting: dict[str, int] = field(default_factory=dict)
    unanswered: dict[str, int] = field(default_factory=dict)
    """Documents about which the language model gave no answer, by what was said instead."""
    records: int = 0
    dropped_splitting: dict[str, int] = field(default_factory=dict)
    published: dict[str, int] = field(default_factory=dict)
    stages: list[str] = field(default_factory=list)
    examples: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """The first of each reason in `not_read`, `lost_images`, `dropped_documents` and `dropped_rewriting`: addresses of
    documents, for an image its reference and the document."""

    def balance(self) -> list[str]:
        """Equations that do not hold; empty if all counts add up."""
        wrong = []
        if "filter" in self.stages:
            if self.documents != self.kept_documents + sum(self.dropped_documents.values()):
                wrong.append("documents harvested = documents kept + dropped by filters")
            if self.images != self.kept_images + sum(self.dropped_images.values()):
                wrong.append("images harvested = images kept + dropped by filters")
        if "rewrite" in self.stages and self.kept_documents != self.records + sum(self.dropped_rewriting.values()):
            wrong.append("documents kept by filters = records + documents dropped while rewriting")
        if "shard" in self.stages and self.records != sum(self.published.values()) + sum(
            self.dropped_splitting.values()
        ):
            wrong.append("records = records published + dropped while sharding")
        return wrong

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "adds_up": not self.balance()}


def funnel(run: Run) -> Funnel:
    """Count what a run's files hold; a stage that was not built has no counts."""
    result = Funnel()
    lost, by_document, by_image, rewriting = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    said, unread, split = Counter[str](), Counter[str](), Counter[str]()
    named = _Examples()
    for name in run.partitions():
        where: dict[str, str] = {}
        if run.meta(layout.documents(name)):
            _stage(result, "harvest")
            for row in run.table(layout.documents(name), HARVESTED).to_pylist():
                result.documents += 1
                result.images += sum(part["type"] == "image" for part in row["parts"])
                lost.update(entry["reason"] for entry in row["lost"])
                place = where[row["id"]] = row["url"] or row["path"] or row["id"]
                split.update([page_id(row["id"])] if row["id"] != page_id(row["id"]) else [])
                if row["error"]:
                    unread[row["error"]] += 1
                    named.add("not_read", row["error"], place)
                for entry in row["lost"]:
                    named.add("lost_images", entry["reason"], f"{entry['ref']} in {place}")
        if run.meta(layout.decisions(name)):
            _stage(result, "filter")
            rows = run.table(layout.decisions(name), ["document", "part", "kept", "dropped_by"]).to_pylist()
            for row in rows:
                if row["part"] is None:
                    result.kept_documents += row["kept"]
                    by_document.update([] if row["kept"] else [row["dropped_by"]])
                    if not row["kept"]:
                        named.add("dropped_documents", row["dropped_by"], where.get(row["document"], row["document"]))
                else:
                    result.kept_images += row["kept"]
                    by_image.update([] if row["kept"] else [row["dropped_by"]])
        if run.meta(layout.records(name)):
            _stage(result, "rewrite")
            said.update(unanswered(run, name).values())
            for row in run.table(layout.records(name), ["document", "dropped_by"]).to_pylist():
                reason = row["dropped_by"]
                rewriting.update([reason] if reason else [])
                result.records += not reason
                if reason:
                    named.add("dropped_rewriting", reason, where.get(row["document"], row["document"]))
    result.lost_images, result.dropped_rewriting = _sorted(lost), _sorted(rewriting)
    result.unanswered, result.not_read = _sorted(said), _sorted(unread)
    result.split_pages, result.chapters = len(split), split.total()
    result.examples = named.of
    result.dropped_documents, result.dropped_images = _sorted(by_document), _sorted(by_image)
    manifest = run.json(layout.SHARDS_MANIFEST)
    if manifest:
        _stage(result, "shard")
        published = Counter[str]()
        for file in manifest["files"]:
            published[file["split"]] += file["rows"]
        result.published = dict(sorted(published.items()))
        result.dropped_splitting = _sorted(Counter(manifest["provenance"]["dropped"]))
    if run.json(layout.TRAIN_REPORT):
        _stage(result, "train")
    return result


class _Examples:
    """The first few of each kind and reason, in the order of the run."""

    def __init__(self) -> None:
        self.of: dict[str, dict[str, list[str]]] = {}

    def add(self, kind: str, reason: str, example: str) -> None:
        known = self.of.setdefault(kind, {}).setdefault(reason, [])
        if len(known) < MOST_EXAMPLES and example not in known:
            known.append(example)


def _stage(result: Funnel, name: str) -> None:
    if name not in result.stages:
        result.stages.append(name)


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def first(said: dict[str, int]) -> list[tuple[str, int]]:
    """The most frequent reasons, and how many others there are."""
    rest = list(said.items())[MOST_SAID:]
    return [*list(said.items())[:MOST_SAID], *([("other reasons", sum(n for _, n in rest))] if rest else [])]


def examples(result: Funnel, kind: str, reason: str) -> list[str]:
    """What is named for a reason, and how many more there are."""
    named = result.examples.get(kind, {}).get(reason, [])
    more = getattr(result, kind)[reason] - len(named)
    return [*named, *([f"and {more:,} more"] if named and more else [])]


def funnel_lines(result: Funnel, named: bool = False) -> list[str | Passage]:
    """The funnel for a terminal; `named`: with examples of what was lost."""

    def reasons(label: str, kind: str) -> Iterator[str]:
        for reason, count in getattr(result, kind).items():
            yield f"    {label:13} {count:>8}    {reason}"
            for one in examples(result, kind, reason) if named else ():
                yield f"{' ' * 32}{one_line(one, MOST_CHARACTERS)}"

    lines = [f"documents harvested   {result.documents:>8}    with {result.images} images"]
    if result.split_pages:
        lines.append(f"    split         {result.split_pages:>8}    long pages, into {result.chapters} chapters")
    lines += [*reasons("not read", "not_read"), *reasons("lost image", "lost_images")]
    if "filter" in result.stages:
        lines += reasons("- document", "dropped_documents")
        for rule, count in result.dropped_images.items():
            lines.append(f"    - image       {count:>8}    {'with their document' if rule == 'document' else rule}")
        lines.append(f"kept by filters       {result.kept_documents:>8}    with {result.kept_images} images")
    if "rewrite" in result.stages:
        lines += reasons("- document", "dropped_rewriting")
        lines += [f"    no answer     {count:>8}    {words}" for words, count in first(result.unanswered)]
        lines.append(f"records               {result.records:>8}")
    if "shard" in result.stages:
        lines += [f"    - record      {count:>8}    {reason}" for reason, count in result.dropped_splitting.items()]
        splits = ", ".join(f"{name} {rows}" for name, rows in result.published.items())
        lines.append(f"records published     {sum(result.published.values()):>8}    {splits}")
    wrong = result.balance()
    lines += [f"does not add up: {text}" for text in wrong]
    return safe(lines)
