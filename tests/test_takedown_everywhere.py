"""A page that is taken down is found nowhere: not in the run, its report, samples, audits and exports, nor on the Hub,
however its address is spelled."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from made.hub import TOKEN, Hub, loopback_hub
from made.invoke import in_this_process
from made.tree import picture, put, sentences

from leafinstruct.images.thumbnail import thumbnail
from leafinstruct.report.gallery import THUMB
from leafinstruct.report.sample import SIDE

pytest.importorskip("huggingface_hub")
pytest.importorskip("webdataset")

HOST, PAGE = "www.xn--bcher-kva.example", "/Garten/ein%20Beet%20bauen?id=7"
URLS = {
    "as it is": f"https://{HOST}{PAGE}",
    "scheme": f"http://{HOST}{PAGE}",
    "no scheme": f"{HOST}{PAGE}",
    "case of the host": f"HTTPS://{HOST.upper()}{PAGE}",
    "no www": f"https://{HOST[4:]}{PAGE}",
    "trailing slash": f"https://{HOST}{PAGE.replace('?', '/?')}",
    "fragment": f"https://{HOST}{PAGE}#top",
    "tracking": f"https://{HOST}{PAGE}&utm_source=news&fbclid=x1",
    "port": f"https://{HOST}:443{PAGE}",
    "percent encoding": f"https://{HOST}/%47arten/ein Beet%20b%61uen?id=%37",
    "idn": f"https://www.bücher.example{PAGE}",
    "idn in capitals": f"https://BÜCHER.example.{PAGE}",
}
SITES = {
    "as it is": HOST,
    "scheme": f"http://{HOST}",
    "slashes": f"//{HOST}",
    "case of the host": HOST.upper(),
    "no www": HOST[4:],
    "trailing slash": f"https://{HOST}/",
    "fragment": f"https://{HOST}/#top",
    "tracking": f"https://{HOST}/?utm_source=news",
    "port": f"{HOST}:443",
    "percent encoding": "www.b%C3%BCcher.ex%61mple",
    "idn": "bücher.example",
    "idn in capitals": "https://WWW.BÜCHER.example.",
}
CASES = [("--url", name) for name in URLS] + [("--site", name) for name in SITES]


def steps(name: str) -> list[str]:
    return [" ".join(sentences(f"{name} {step}", 3)) for step in (1, 2, 3)]


def page(folder: Path, name: str, url: str) -> None:
    body = [f"<h1>How to make a {name}</h1>", f"<p>{' '.join(sentences(name, 2))}</p>"]
    for step, text in enumerate(steps(name), 1):
        put(folder / f"{name}_files/{step}.png", picture(f"{name} {step}"))
        body.append(f'<h2>Step {step}</h2><p>{text}</p><img src="{name}_files/{step}.png" alt="{name} {step}">')
    saved = f"<!-- saved from url=({len(url):04d}){url} -->"
    put(folder / f"{name}.html", f"<!doctype html>{saved}<html><body><article>{''.join(body)}</article></body></html>")


def needles(name: str = "beet") -> list[bytes]:
    """What a copy of the page would hold: its sentences, its images, and their thumbnails."""
    images = [picture(f"{name} {step}") for step in (1, 2, 3)]
    small = [thumbnail(data, side).encode() for data in images for side in (THUMB, SIDE)]
    return [*(text.encode() for text in steps(name)), *images, *small]


def contents(path: Path) -> bytes:
    """The bytes of a file; of a compressed table also those of its rows."""
    data = path.read_bytes()
    if path.suffix != ".parquet":
        return data
    rows = pq.read_table(path).to_pylist()
    return data + json.dumps(rows, ensure_ascii=False, default=lambda value: value.hex()).encode()


def holders(project: Path, hub: Hub) -> set[str]:
    """Files of a project, apart from its sources, and what the Hub serves, that hold anything of the page."""
    files = [path for path in project.rglob("*") if path.is_file() and project / "pages" not in path.parents]
    found = {path.relative_to(project).as_posix(): contents(path) for path in files}
    scratch = project / "served.parquet"
    for where, data in hub.served().items():
        scratch.write_bytes(data)
        found[f"hub {where}"] = contents(scratch) if where.endswith(".parquet") else data
    scratch.unlink(missing_ok=True)
    return {where for where, data in found.items() if any(needle in data for needle in needles())}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with loopback_hub(monkeypatch, tmp_path / "cache") as server:
        yield server


@pytest.fixture(scope="module")
def invoke() -> Iterator[Callable[..., int]]:
    with in_this_process() as run:
        yield run


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, invoke: Callable[..., int]) -> Path:
    """A project with a built run, its exports, a report, a sample, a review, and samples of a training."""
    project = tmp_path_factory.mktemp("takedown") / "project"
    page(project / "pages/a", "beet", URLS["as it is"])
    for site in ("wood", "clay", "wool"):
        for number in range(3):
            page(project / "pages/a", f"{site}-{number}", f"https://{site}.example/{number}")
    pipeline = {
        "name": "made",
        "sources": [{"name": "made", "kind": "html", "path": "pages/*", "license": "CC0-1.0", "partition": 4}],
        "filters": ["image", "text"],
        "rewrite": {"writer": "template", "tasks": {"howto": 1}},
        "shard": {"validation": 0.0, "test": 0.0, "min_shards": 2},
    }
    put(project / "pipelines/made.yaml", yaml.safe_dump(pipeline))

    def run(*words: str) -> None:
        assert invoke(*words, folder=project) == 0, words

    run("build", "--workers", "1", "--quiet")
    run("export", "runs/made/shards", "tars")
    run("report")
    run("sample", "--page", "sample.html", "--limit", "50")
    run("review", "--limit", "50")
    put(project / "runs/made/train/samples/00-prompt.txt", "\n".join(steps("beet")))
    put(project / "runs/made/train/samples/00-prompt-1.png", picture("beet 1"))
    run("audit", "--limit", "9", "--quiet")
    return project


def take_down(project: Path, hub: Hub, invoke: Callable[..., int], *request: str) -> None:
    def run(*words: str) -> None:
        assert invoke(*words, folder=project) == 0, words

    run("push", "me/garden")
    old = holders(project, hub)
    places = ("runs/made/shards", "tars/", "runs/made/report", "sample.html", "review/", "runs/made/images")
    for place in (*places, "runs/made/documents", "runs/made/records", "runs/made/train", "runs/made/audit", "hub "):
        assert any(one.startswith(place) for one in old), place
    run("remove", *request)
    run("build", "--workers", "1", "--quiet")
    run("push", "me/garden", "--squash")
    run("export", "runs/made/shards", "tars")
    run("report")


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "spelling"), CASES)
def test_nothing_is_left(
    kind: str, spelling: str, built: Path, tmp_path: Path, hub: Hub, invoke: Callable[..., int]
) -> None:
    project = shutil.copytree(built, tmp_path / "project")
    take_down(project, hub, invoke, kind, {"--url": URLS, "--site": SITES}[kind][spelling])
    assert holders(project, hub) == set()
    assert any(needle in data for needle in needles("wood-0")[3:6] for data in hub.served().values()), "others stay"
