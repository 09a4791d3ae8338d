"""What a data card says, as plain values: counted in facts.py and measured.py, written down in card.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """One source: `kind` as in the pipeline file, `documents` harvested and `records` published from it."""

    name: str
    kind: str
    license: str
    documents: int
    records: int


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """What was left after a stage or filter; None where the step does not count such things."""

    step: str
    documents: int | None
    images: int | None
    records: int | None


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """One rule as written, where its threshold comes from, and what it was the first to drop.

    `detected`: by defect, how many of the audit's documents with that defect it detected; `false_positives`: clean ones
    it took something from. None without an audit of these rules.
    """

    rule: str
    origin: str
    dropped_documents: int
    dropped_images: int
    detected: Mapping[str, int] | None = None
    false_positives: int | None = None


@dataclass(frozen=True, slots=True)
class FilterFacts:
    """`alone`: by defect, what no other filter detected in the audit; None without one."""

    name: str
    scorer: str
    rules: tuple[RuleFacts, ...]
    about: str = ""
    alone: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class ModelFacts:
    name: str
    revision: str
    used_for: str


@dataclass(frozen=True, slots=True)
class SplitFacts:
    """`arrow_bytes`: in memory; `file_bytes`: of the shards."""

    name: str
    rows: int
    images: int
    files: int
    arrow_bytes: int
    file_bytes: int


@dataclass(frozen=True, slots=True)
class DefectFacts:
    """What the filters detected of one planted defect; `interval` holds 95 %, shares of `rows`."""

    name: str
    about: str
    rows: int
    recall: float
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class AuditFacts:
    """`documents` kept ones were planted with defects; `clean_kept` of `clean_rows` lost nothing without any."""

    documents: int
    seed: int
    clean_kept: int
    clean_rows: int
    defects: tuple[DefectFacts, ...]


@dataclass(frozen=True, slots=True)
class BenchmarkFacts:
    """A filter that looks for benchmarks: how many documents it read, and in how many it found text or images of
    `files`, which are named from the project's folder."""

    name: str
    files: tuple[str, ...]
    documents: int
    with_text: int
    with_images: int
    dropped: int


@dataclass(frozen=True, slots=True)
class ProofFacts:
    """Trainings of tiny models on these shards: `rows` hold data, adapter, trainings, image and text loss."""

    scale: str
    rows: tuple[tuple[str, str, int, str, str], ...]


@dataclass(frozen=True, slots=True)
class CardFacts:
    """All that the card says, as the run measured it.

    `license` and `languages` head the card (`license`: of the data as a whole; what each record has is in its
    `license` column). `dropped` counts records by the reason that dropped them while rewriting and splitting.
    `examples` are published rows without image bytes. `rebuild` holds the commands that make the same data again,
    `versions` those of the programs that made it.
    """

    title: str
    summary: str
    license: str
    languages: tuple[str, ...]
    splits: tuple[SplitFacts, ...]
    sources: tuple[SourceFacts, ...]
    funnel: tuple[FunnelStep, ...]
    filters: tuple[FilterFacts, ...]
    dropped: Mapping[str, int]
    models: tuple[ModelFacts, ...]
    examples: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...]
    known_gaps: tuple[str, ...]
    rebuild: tuple[str, ...]
    versions: Mapping[str, str]
    task_categories: tuple[str, ...] = ("image-text-to-text", "any-to-any")
    tags: tuple[str, ...] = ("interleaved", "instruction", "leafinstruct")
    audit: AuditFacts | None = None
    benchmarks: tuple[BenchmarkFacts, ...] = ()
    proof: ProofFacts | None = None
