"""What the filters did to the bundled sample's planted faults and clean look-alikes.

usage: faults.py RUN [--json]

*Caught*: the document is dropped; or every planted image is gone and another one stays (a repeated image may stay
once); or the planted sentences are gone; of a near-duplicate pair, one is dropped. *Harmed*: a look-alike or clean
document that was dropped or lost an image.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

from leafinstruct.demo.sample import sample_folder
from leafinstruct.document import documents_from_table
from leafinstruct.run import Run


def read_run(run: Run) -> dict[str, dict[str, Any]]:
    """For each document, by URL or path: whether it is kept, what dropped it, and its images before and after."""
    found: dict[str, dict[str, Any]] = {}
    for name in run.partitions():
        documents = run.table(f"documents/{name}.parquet", ["id", "url", "path", "parts"]).to_pylist()
        rows = run.table(f"decisions/{name}.parquet").to_pylist()
        edited = {d.id: d.text for d in documents_from_table(run.table(f"filtered/{name}.parquet"))}
        for document in documents:
            mine = [row for row in rows if row["document"] == document["id"]]
            whole = next(row for row in mine if row["part"] is None)
            entry = {
                "id": document["id"],
                "kept": whole["kept"],
                "dropped_by": whole["dropped_by"],
                "text": edited.get(document["id"], ""),
                "before": [row["sha256"] for row in mine if row["part"] is not None],
                "after": [row["sha256"] for row in mine if row["part"] is not None and row["kept"]],
                "image_rules": sorted({r for row in mine if row["part"] is not None for r in row["failed_rules"]}),
            }
            for key in (document["url"], document["path"]):
                if key:
                    found[key] = entry
    return found


def outcome(row: dict[str, Any], documents: dict[str, dict[str, Any]]) -> tuple[bool, str]:
    """Whether a planted fault was detected, and by what."""
    entry = documents[row["where"]]
    if not entry["kept"]:
        return True, entry["dropped_by"]
    if row["fault"] == "near_duplicate":
        base = documents[row["base"]]
        return not base["kept"], base["dropped_by"] or "kept"
    sentences = row["parameters"].get("sentences", [])
    if sentences:
        left = [s for s in sentences if s in entry["text"]]
        return not left, "kept" if left else "sentences removed"
    if not row["images"]:
        return False, "kept"
    allowed = 1 if row["fault"] == "duplicate_image" else 0
    left = Counter(entry["after"])
    if all(left[sha] <= allowed for sha in row["images"]) and entry["after"]:
        return True, ", ".join(entry["image_rules"]) or "harvest"
    return False, "kept"


def table(run: Run) -> dict[str, Any]:
    sample = sample_folder()
    documents = read_run(run)
    faults: dict[str, dict[str, Any]] = {}
    planted = set()
    for line in (sample / "faults.jsonl").read_text().splitlines():
        row = json.loads(line)
        planted.add(row["where"])
        detected, by = outcome(row, documents)
        entry = faults.setdefault(row["fault"], {"planted": 0, "detected": 0, "by": {}})
        entry["planted"] += 1
        entry["detected"] += detected
        entry["by"][by] = entry["by"].get(by, 0) + 1
    lookalikes: dict[str, dict[str, Any]] = {}
    for line in (sample / "lookalikes.jsonl").read_text().splitlines():
        row = json.loads(line)
        entry = documents[row["where"]]
        false_positives = not entry["kept"] or len(entry["after"]) < len(entry["before"])
        into = lookalikes.setdefault(row["lookalike"], {"documents": 0, "false_positives": 0, "by": {}})
        into["documents"] += 1
        into["false_positives"] += false_positives
        if false_positives:
            by = entry["dropped_by"] or ", ".join(entry["image_rules"])
            into["by"][by] = into["by"].get(by, 0) + 1
    clean = {e["id"]: e for key, e in documents.items() if key not in planted}
    planted_ids = {documents[key]["id"] for key in planted}
    clean = {key: e for key, e in clean.items() if key not in planted_ids}
    reasons = Counter(e["dropped_by"] or ", ".join(e["image_rules"]) for e in clean.values())
    harmed_clean = sum(not e["kept"] or len(e["after"]) < len(e["before"]) for e in clean.values())
    reasons.pop("", None)
    return {
        "faults": faults,
        "lookalikes": lookalikes,
        "clean": {"documents": len(clean), "false_positives": harmed_clean, "by": dict(reasons)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = table(Run(arguments.run))
    if arguments.json:
        print(json.dumps(result, indent=1))
        return
    for name, entry in sorted(result["faults"].items()):
        by = ", ".join(f"{rule} {count}" for rule, count in entry["by"].items())
        print(f"{name:24} detected {entry['detected']:>2} of {entry['planted']:>2}   {by}")
    for name, entry in sorted(result["lookalikes"].items()):
        by = ", ".join(f"{rule} {count}" for rule, count in entry["by"].items())
        print(f"look-alike {name:22} false_positives {entry['false_positives']} of {entry['documents']}   {by}")
    print(f"all clean: {result['clean']}")


if __name__ == "__main__":
    main()
