"""The files of a run by name, relative to the run's place. Nothing else spells them.

A partition's file has the same name in each folder, so that what was made of a partition is found by its name alone.
"""

from __future__ import annotations

RUN = "run.json"
"""Pipeline as resolved, versions, and the partitions as planned by the last harvest."""
TIMINGS = "timings.json"
METAS = ".metas.json"
"""The metadata of the run's files, by the stamp of each: reading thousands of footers takes long. It is a copy, never
the truth: what is not in it, or has another stamp, is read from the file."""
LOCK = ".lock"
AUDIT = "audit.json"
AUDIT_CASES = "cases.json"
REPORT = "report/index.html"
REPEATED_REQUESTS = "corpus/requests.parquet"
MANIFEST = "manifest.json"
"""Of shards, in their folder."""
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
"""Folders with one file for each partition, scores and what models answered apart."""
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
    """Harvest: what was looked up in indexes of other files than the partition's own."""
    return in_folder(ASKED, partition)


def indexes(source: str) -> str:
    """Harvest: folder of a source's indexes."""
    return f"index/{source}"


def scores(folder: str, partition: str) -> str:
    """Filter: scores of a partition; `folder` is `Filter.folder`, <filter>-<hash8>."""
    return in_folder(f"scores/{folder}", partition)


def corpus(folder: str) -> str:
    """Filter: what a corpus scorer found over all partitions."""
    return f"corpus/{folder}{SUFFIX}"


def decisions(partition: str) -> str:
    """Filter: a row for each document and image: kept or dropped, by which rules, with the numbers."""
    return in_folder(DECISIONS, partition)


def filtered(partition: str) -> str:
    """Filter: the edited documents."""
    return in_folder(FILTERED, partition)


def generations(writer: str, partition: str) -> str:
    """Rewrite: what a language model answered; `writer` is a digest of its name and settings."""
    return in_folder(f"generations/{writer}", partition)


def leak_margins(model: str, partition: str) -> str:
    """Rewrite: how near requests are to sentences of their answers; `model` is a digest of the dual encoder."""
    return in_folder(f"overlap/{model}", partition)


def written(partition: str) -> str:
    """Rewrite: records of a partition, before those over all partitions are compared."""
    return in_folder(WRITTEN, partition)


def records(partition: str) -> str:
    """Rewrite: records, or rows that say why there is none."""
    return in_folder(RECORDS, partition)


def shard(name: str) -> str:
    """Shard: one published file, or the manifest or card beside them."""
    return f"{SHARDS}/{name}"


def trained(name: str) -> str:
    """Train: a file of the trained adapters, samples or report."""
    return f"{TRAIN}/{name}"


def proof(name: str) -> str:
    """Prove: a file of the report or of one training."""
    return f"{PROOF}/{name}"


def audit_run(plan: str) -> str:
    """Audit: folder of the inner run that holds planted documents; `plan` is a digest of how they were planted."""
    return f"audit/{plan}"
