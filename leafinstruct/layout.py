"""Names of a run's files, relative to the run's location. No other module spells them out.

A partition's file has the same name in each folder, so everything made from a partition is found by its name alone.
"""

from __future__ import annotations

RUN = "run.json"
"""Harvest: the resolved pipeline, versions, and the partitions planned by the last harvest."""
RUN_COPY = ".run.json"
"""Harvest: a copy of `run.json`: what it says of partitions is needed where the file itself is damaged."""
TIMINGS = "timings.json"
"""Build: tasks and seconds of each step, over all builds of the run."""
METAS = ".metas.json"
"""Build: a cache of the metadata of the run's files by their stamps, because reading thousands of footers takes long. A
file that is not in it, or has another stamp now, is read."""
LOCK = ".lock"
"""Build: empty; locked while a build is at work."""
AUDIT = "audit.json"
"""Audit: what the filters detected of the planted defects."""
AUDIT_CASES = "cases.json"
"""The planted defects, in the folder of their run."""
REPORT = "report/index.html"
"""Report: the page that shows what happened to the documents."""
REPEATED_REQUESTS = "corpus/requests.parquet"
"""Rewrite: records whose request repeats that of another record."""
MANIFEST = "manifest.json"
"""The manifest of shards, in their folder."""
CARD = "data_card.md"
"""The data card, next to them."""
SHARDS = "shards"
SHARDS_MANIFEST = f"{SHARDS}/{MANIFEST}"
"""Shard: the shards with their checksums and counts, and what they were made from."""
SHARDS_BEGUN = ".shards.json"
"""Shard: names of the shards that builds began to write; no other file in their folder is ever deleted."""
PLACES = "places.json"
"""Push: where it, `export`, `sample`, `review` and `train` put copies of records, which takedowns have to reach."""
TRAIN = "train"
TRAIN_REPORT = f"{TRAIN}/report.json"
"""Train: losses and the pairing test."""
TRAIN_FINGERPRINT = f"{TRAIN}/fingerprint.json"
"""Train: fingerprint of the shards and settings that the adapters were trained with."""
SAMPLES = f"{TRAIN}/samples"
"""Train: prompts with their references and the generated answers, as texts and images."""
AUDITS = "audit"
PROOF = "prove"
PROOF_REPORT = f"{PROOF}/report.json"
"""Prove: every training of the ablation, and the comparisons."""

ASKED, COSTLY, DOCUMENTS, IMAGES = "asked", "costly", "documents", "images"
DECISIONS, FILTERED = "decisions", "filtered"
WRITTEN, RECORDS = "written", "records"
SCORES, GENERATIONS = "scores", "generations"
OF_PARTITIONS = (ASKED, COSTLY, DOCUMENTS, IMAGES, DECISIONS, FILTERED, WRITTEN, RECORDS)
"""Folders with one file per partition, except those of scores and model answers."""
SUFFIX = ".parquet"


SUMS, SUM_SUFFIX = ".sums", ".xxh3"


def sums(name: str) -> str:
    """Build: checksums that a file may have, the one it has and, while it is replaced, the next. Tables have their own,
    shards have theirs in the manifest."""
    return f"{SUMS}/{name}{SUM_SUFFIX}"


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
    """Harvest: lookups of WARC files in the indexes of other files than the partition's own."""
    return in_folder(ASKED, partition)


def costly(partition: str) -> str:
    """Harvest: inputs of a partition that are left out because reading them exceeded the bounds of their source."""
    return in_folder(COSTLY, partition)


def indexes(source: str) -> str:
    """Harvest: indexes of a source's WARC files and JSON arrays."""
    return f"index/{source}"


def scores(folder: str, partition: str) -> str:
    """Filter: scores of a partition. The folder is the filter's name and a hash of all that can change its numbers."""
    return in_folder(f"{SCORES}/{folder}", partition)


def corpus(folder: str) -> str:
    """Filter: the scores of a corpus scorer over all documents."""
    return f"corpus/{folder}{SUFFIX}"


def decisions(partition: str) -> str:
    """Filter: what is kept or dropped, by which rules, with the numbers."""
    return in_folder(DECISIONS, partition)


def filtered(partition: str) -> str:
    """Filter: the edited documents."""
    return in_folder(FILTERED, partition)


def generations(writer: str, partition: str) -> str:
    """Rewrite: the answers of a language model. The folder is a digest of its name and settings."""
    return in_folder(f"{GENERATIONS}/{writer}", partition)


def leak_margins(model: str, partition: str) -> str:
    """Rewrite: how similar requests are to sentences of their answers. The folder is a digest of the dual encoder."""
    return in_folder(f"overlap/{model}", partition)


def written(partition: str) -> str:
    """Rewrite: records of a partition, before records are compared over all partitions."""
    return in_folder(WRITTEN, partition)


def records(partition: str) -> str:
    """Rewrite: records, and rows that say why a document has none."""
    return in_folder(RECORDS, partition)


def shard(name: str) -> str:
    """Shard: the published files, `data_card.md` and `manifest.json`."""
    return f"{SHARDS}/{name}"


def trained(name: str) -> str:
    """Train: adapters, log, plot, samples and report."""
    return f"{TRAIN}/{name}"


def proof(name: str) -> str:
    """Prove: tables, plot and report, and one file for each training."""
    return f"{PROOF}/{name}"


def audit_run(plan: str) -> str:
    """Audit: a run of planted documents, and `cases.json`, what was planted. The folder is a digest of how."""
    return f"{AUDITS}/{plan}"
