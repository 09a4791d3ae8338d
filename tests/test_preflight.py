"""The pre-flight of the pipeline that real users start from, and what it refuses before anything heavy starts."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest

from leafinstruct.build import preflight
from leafinstruct.errors import LeafError
from leafinstruct.pipeline import load_pipeline
from leafinstruct.run import Run

ROOT = Path(__file__).parent.parent


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the shipped pipeline, and something where its sources look."""
    for folder in ("pipelines", "filters"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "tutorials" / "made").mkdir(parents=True)
    (tmp_path / "tutorials" / "made" / "page.md").write_text("# Page\n\nSome text.\n")
    (tmp_path / "crawl").mkdir()
    with gzip.open(tmp_path / "crawl" / "made.warc.gz", "wb") as file:
        file.write(b"WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 0\r\n\r\n\r\n\r\n")
    return tmp_path


def check(project: Path, old: str = "", new: str = "", stage: str = "train") -> None:
    path = project / "pipelines" / "leafinstruct.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new) if old else text)
    preflight(load_pipeline(path), Run(project / "runs" / "made"), stage)


@pytest.mark.slow
def test_the_shipped_pipeline_passes(project: Path) -> None:
    pytest.importorskip("vllm")
    pytest.importorskip("open_clip")
    check(project)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("backend: vllm", "backend: openai", "needs prompt_logprobs, which backend 'openai' lacks"),
        ("backend: vllm", "backend: vlm", "did you mean 'vllm'"),
        ("howto: 3", "howtoo: 3", "did you mean 'howto'"),
        ("validation: 0.02", "validaton: 0.02", "did you mean 'validation'"),
        ("validation: 0.02", "validation: 2.0", "setting 'validation' is 2.0"),
        ("train: {}", "train: {stepps: 3}", "did you mean 'steps'"),
        ("kind: warc", "kind: wrac", "did you mean 'warc'"),
        ("crawl/*.warc.gz", "crawls/*.warc.gz", "crawls/*.warc.gz"),
        ("writer: llm", "writer: lm", "did you mean 'llm'"),
        ("temperature: 0.7", "temprature: 0.7", "did you mean 'temperature'"),
    ],
)
def test_it_refuses_what_cannot_work(project: Path, old: str, new: str, says: str) -> None:
    pytest.importorskip("vllm")
    pytest.importorskip("open_clip")
    with pytest.raises(LeafError) as error:
        check(project, old, new)
    assert says in str(error.value)
    assert "leafinstruct.yaml" in str(error.value)
    assert "\n" not in str(error.value)


def test_an_unknown_stage_has_a_hint(project: Path) -> None:
    with pytest.raises(LeafError, match="did you mean 'filter'"):
        check(project, stage="filtr")
