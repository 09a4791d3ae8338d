"""The card's content beyond counts: the audit of the filters, the search for benchmarks, trainings on the shards.

Audit and trainings are results of other commands. They are in the card only while they are about the rules and the
shards that the card describes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pyarrow.compute as pc

from leafinstruct import layout
from leafinstruct.pipeline import Pipeline
from leafinstruct.rules.filter import Filter
from leafinstruct.run import Run
from leafinstruct.shard.card.model import AuditFacts, BenchmarkFacts, DefectFacts, ProofFacts


class Audited:
    """The run's audit if it is of the pipeline's present rules; else its results are None."""

    def __init__(self, run: Run, pipeline: Pipeline) -> None:
        found = run.json(layout.AUDIT)
        self._found = found if found and found.get("filters") == pipeline.rules() else None
        self._outdated = found is not None and self._found is None
        self._seen = {owner["what"] for owner in self._found["left_out"]} if self._found else set()

    def facts(self) -> AuditFacts | None:
        if (found := self._found) is None:
            return None
        defects = tuple(
            DefectFacts(name, m["about"], m["rows"], m["recall"], tuple(m["interval"]) if m["interval"] else None)
            for name, m in found["defects"].items()
        )
        clean = found["clean"]
        return AuditFacts(found["documents"], found["seed"], clean["kept"], clean["rows"], defects)

    def detected(self, owner: str, rule: str) -> dict[str, int] | None:
        if self._found is None or owner in self._seen:
            return None
        label = f"{owner}.{rule}"
        return {name: m["by"][label] for name, m in self._found["defects"].items() if label in m["by"]}

    def false_positive(self, owner: str, rule: str) -> int | None:
        if self._found is None or owner in self._seen:
            return None
        return self._found["clean"]["by"].get(f"{owner}.{rule}", 0)

    def alone(self, owner: str) -> dict[str, int] | None:
        about = self._found["ablation"].get(owner) if self._found else None
        return about["catches_alone"] if about else None

    def gaps(self) -> list[str]:
        if self._found is None:
            since = " since its rules were last changed" if self._outdated else ""
            return [f"The filters were not audited on this run{since}: what they miss is not known."]
        gaps = [f"Not audited: {entry['what']} ({entry['why']})." for entry in self._found["left_out"]]
        if missed := self._found["nothing_catches"]:
            gaps.append(f"Detected by neither the rules nor any single score: {', '.join(missed)}.")
        if missed := self._found["rules_miss"]:
            gaps.append(f"Defects of which a single score would detect more than the rules: {', '.join(missed)}.")
        return gaps


def benchmarks(run: Run, pipeline: Pipeline, dropped: Mapping[str, int]) -> tuple[BenchmarkFacts, ...]:
    """Each filter that searches for benchmarks and names some; `dropped` counts documents by the rule that dropped
    them."""
    return tuple(
        _benchmark(run, owner, dropped)
        for owner in pipeline.filters
        if owner.scorer and type(owner.scorer).__module__.endswith(".decontaminate") and _files(owner)
    )


def _benchmark(run: Run, owner: Filter, dropped: Mapping[str, int]) -> BenchmarkFacts:
    counts = Counter[str]()
    for name in run.partitions():
        table = run.table(layout.scores(owner.folder, name), ["part", "contaminated_ngrams", "images_seen"])
        about = table.filter(pc.is_null(table["part"]))
        counts["documents"] += about.num_rows
        for column in ("contaminated_ngrams", "images_seen"):
            counts[column] += pc.sum(pc.greater(about[column], 0)).as_py() or 0
    labels = {f"{owner.name}.{rule.name}" for rule in owner.rules}
    gone = sum(count for label, count in dropped.items() if label in labels)
    found = (counts["documents"], counts["contaminated_ngrams"], counts["images_seen"])
    return BenchmarkFacts(owner.name, _files(owner), *found, gone)


def _files(owner: Filter) -> tuple[str, ...]:
    settings: Any = owner.scorer.settings if owner.scorer else None
    return (*settings.texts, *settings.images)


def proof(run: Run, manifest: Mapping[str, Any]) -> ProofFacts | None:
    """The table of `prove`, if its trainings were on exactly these shards."""
    found = run.json(layout.PROOF_REPORT)
    if not found or found.get("shards", {}).get(found["reference"]) != {
        file["file"]: file["sha256"] for file in manifest["files"]
    }:
        return None
    rows = [(row["data"], row["arm"], row["n"], _loss(row, "image"), _loss(row, "text")) for row in found["rows"]]
    return ProofFacts(found["scale"], tuple(rows))


def _loss(row: Mapping[str, Any], name: str) -> str:
    return "-" if row[name] is None else f"{row[name]:.3f} ± {row[f'{name}_sd'] or 0:.3f}"
