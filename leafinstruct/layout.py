"""Names of a run's files, relative to the run's location. No other module spells them out.

A partition's file has the same name in each folder, so everything made from a partition is found by its name alone.
"""

from __future__ import annotations

RUN = "run.json"
"""The resolved pipeline, versions, and the partitions planned by the last harvest."""
TIMINGS = "timings.json"
METAS = ".metas.json"
"""A cache of the metadata of the run's files by their stamps: reading thousands of footers takes long. A file that is
not in it, or has another stamp now, is read."""
LOCK = ".lock"
AUDIT = "audit.json"
AUDIT_CASES = "cases.json"
REPORT = "report/index.html"
REPEATED_REQUESTS = "corpus/requests.parquet"
MANIFEST = "manifest.json"
"""The manifest of shards, in their folder."""
SHARDS = "shards"
SHARDS_MANIFEST = f"{SHARDS}/{MANIFEST}"
TRAIN = "train"
TRAIN_REPORT = f"{TRAIN}/report.json"
TRAIN_FINGERPRINT = f"{TRAIN}/fingerprint.json"
PROOF = "prove"
PROOF_REPORT = f"{PROOF}/report.json"

ASKED, DOCUMENTS, IMAGES, DECISIONS, FILTERED = "asked", "documents", "images", "decisions", "filtered"
WRITTEN, RECORDS = "written", "records"
OF_PARTITIONS = (ASKED, DOCUMENTS, IMAGES, DECISIONS, FILTERED, WRITTEN, RECORDS)
"""Folders with one file per partition, except those of scores and model answers."""
SUFFIX = ".parquet"


def in_folder(folder: str, partition: str) -> str:
    """A partition's file in one of the folders."""
    return f"{folder}/{partition}{SUFFIX}"


def documents(partition: str) -> str:
    """Harvest: the raw documents."""
    return in_folder(DOCUMENTS, partition)


def images(partition: str) -> str:
    """Harvest: images by their SHA-256, with their bytes."""
    return in_folder(IMAGES, partition)


def asked(partition: str) -> str:
    """Harvest: lookups in indexes of files other than the partition's own."""
    return in_folder(ASKED, partition)


def indexes(source: str) -> str:
    """Harvest: the folder of a source's indexes."""
    return f"index/{source}"


def scores(folder: str, partition: str) -> str:
    """Filter: scores of a partition; `folder` is `Filter.folder`, <filter>-<hash8>."""
    return in_folder(f"scores/{folder}", partition)


def corpus(folder: str) -> str:
    """Filter: the scores of a corpus scorer over all partitions."""
    return f"corpus/{folder}{SUFFIX}"


def decisions(partition: str) -> str:
    """Filter: one row per document and image: kept or dropped, by which rules, with the numbers."""
    return in_folder(DECISIONS, partition)


def filtered(partition: str) -> str:
    """Filter: the edited documents."""
    return in_folder(FILTERED, partition)


def generations(writer: str, partition: str) -> str:
    """Rewrite: the answers of a language model; `writer` is a digest of its name and settings."""
    return in_folder(f"generations/{writer}", partition)


def leak_margins(model: str, partition: str) -> str:
    """Rewrite: how similar requests are to sentences of their answers; `model` is a digest of the dual encoder."""
    return in_folder(f"overlap/{model}", partition)


def written(partition: str) -> str:
    """Rewrite: records of a partition, before records are compared over all partitions."""
    return in_folder(WRITTEN, partition)


def records(partition: str) -> str:
    """Rewrite: records, and rows that say why a document has none."""
    return in_folder(RECORDS, partition)


def shard(name: str) -> str:
    """Shard: one published file, or the manifest or card next to them."""
    return f"{SHARDS}/{name}"


def trained(name: str) -> str:
    """Train: a file of the adapters, samples or report."""
    return f"{TRAIN}/{name}"


def proof(name: str) -> str:
    """Prove: a file of the report or of one training."""
    return f"{PROOF}/{name}"


def audit_run(plan: str) -> str:
    """Audit: the folder of the inner run of planted documents; `plan` is a digest of how they were planted."""
    return f"audit/{plan}"
