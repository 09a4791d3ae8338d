"""The main job on real tutorials and web pages, where LEAFINSTRUCT_CORPUS names a folder that holds some."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CORPUS = os.environ.get("LEAFINSTRUCT_CORPUS", "")
ROOT = Path(__file__).parent.parent

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CORPUS, reason="LEAFINSTRUCT_CORPUS names no corpus of real documents"),
]

PIPELINE = """
name: real
sources:
  - {{name: tutorials, kind: tutorial, path: "$LEAFINSTRUCT_CORPUS/tutorials/*"}}
  - {{name: web, kind: warc, path: "$LEAFINSTRUCT_CORPUS/web/*.warc.gz"}}
models:
  clip: {{model: demo:clip-lite0}}
  llm: {{backend: vllm, model: demo:smollm2-135m}}
filters: [{filters}]
rewrite: {{writer: {writer}, max_document_tokens: 160, max_chars: 200, max_tokens: 80}}
train: {{steps: 20}}
"""
CHEAP = "image, seen, repeats, text, pointers, duplicates"


def build(folder: Path, filters: str, writer: str, *options: str) -> dict[str, Any]:
    pipeline = folder / "pipelines" / "real.yaml"
    pipeline.parent.mkdir(parents=True, exist_ok=True)
    pipeline.write_text(PIPELINE.format(filters=filters, writer=writer))
    command = [sys.executable, "-m", "leafinstruct", "build", str(pipeline), "--run", str(folder / "run"), "--json"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_all_documents_through_harvest_and_the_cheap_scorers(tmp_path: Path) -> None:
    manifest = [json.loads(line) for line in (Path(CORPUS) / "manifest.jsonl").read_text().splitlines()]
    counts = build(tmp_path, CHEAP, "template", "--stage", "filter")
    assert counts["adds_up"]
    assert counts["documents"] >= len(manifest)
    assert counts["kept_documents"] > 0.4 * counts["documents"]
    dropped = counts["dropped_documents"].items()
    no_pages = "harvest:status_"  # what a server said instead of a page
    unharvested = sum(n for r, n in dropped if r.startswith("harvest:") and not r.startswith(no_pages))
    assert unharvested <= 0.03 * counts["documents"]


@pytest.mark.model
def test_documents_of_each_kind_through_all_stages(tmp_path: Path) -> None:
    pytest.importorskip("vllm")
    pytest.importorskip("open_clip")
    options = ("--stage", "train", "--limit", "38")
    counts = build(tmp_path, f"{CHEAP}, clip_demo, lm_demo", "llm", *options)
    assert counts["adds_up"]
    assert counts["stages"] == ["harvest", "filter", "rewrite", "shard", "train"]
    assert counts["kept_documents"] >= 50
    assert sum(counts["published"].values()) >= 20
    from leafinstruct.shard.check import check

    report = check(tmp_path / "run" / "shards")
    assert report.ok, report.lines
