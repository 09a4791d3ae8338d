"""The content of a data card as plain values: made in statistics.py and evaluation.py, rendered in render.py."""

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
    """What was left after a stage; None for what the step does not count."""

    step: str
    documents: int | None
    images: int | None
    records: int | None


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """One rule as written, the origin of its threshold, and what it was the first to drop.

    `detected`: by defect, how many of the audit's documents with that defect it detected; `false_positives`: clean
    documents from which it dropped something. None without an audit of these rules.
    """

    rule: str
    origin: str
    dropped_documents: int
    dropped_images: int
    detected: Mapping[str, int] | None = None
    false_positives: int | None = None


@dataclass(frozen=True, slots=True)
class FilterFacts:
    """`alone`: by defect, the cases that no other filter detected in the audit; None without an audit."""

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
    """What the filters detected of one planted defect: `recall` and its 95% `interval`, as shares of `rows`."""

    name: str
    about: str
    rows: int
    recall: float
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class AuditFacts:
    """Defects were planted in `documents` kept documents; of `clean_rows` documents without any, `clean_kept` lost
    nothing."""

    documents: int
    seed: int
    clean_kept: int
    clean_rows: int
    defects: tuple[DefectFacts, ...]


@dataclass(frozen=True, slots=True)
class BenchmarkFacts:
    """A filter that searches for benchmarks: how many documents it read, and in how many it found text or images of
    `files`, which are relative to the project's folder."""

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
    """The whole content of the card, as measured by the run.

    `license` and `languages` are in the card's header (`license`: of the data as a whole; each record's own is in its
    `license` column). `dropped` counts records dropped while rewriting and splitting, by reason. `examples` are
    published rows without image bytes. `rebuild` has the commands that make the same data again, `versions` the
    versions of the programs that made it.
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
