from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from made.fetch_server import serve
from made.harvest import picture, record, warc_gz, write

from leafinstruct.context import Context
from leafinstruct.engine.local import run_tasks
from leafinstruct.harvest import stage
from leafinstruct.pipeline import load_pipeline
from leafinstruct.progress import Progress
from leafinstruct.run import Run

TEXT = "Cut the string to the length of your arm, tie a knot at each end, and put it aside until the glue is dry. "


def page(*refs: str) -> bytes:
    images = "".join(f"<p>{TEXT}</p><p><img src='{ref}'></p>" for ref in refs)
    return f"<html><body><article><h1>T</h1>{images}<p>{TEXT * 4}</p></article></body></html>".encode()


class Project:
    """A project with one source, and which of its partitions each build made anew."""

    def __init__(self, root: Path, source: str) -> None:
        self.root = root
        text = f"name: made\nsources:\n  - {source}\nfilters: [seen]\nrewrite: {{writer: template}}\n"
        write(root, {"pipelines/made.yaml": text})
        self.run = Run(root / "run")

    def build(self, limit: int | None = None) -> set[str]:
        before = self.state()
        pipeline = load_pipeline(self.root / "pipelines/made.yaml")
        stage.run(Context(self.run, pipeline, run_tasks, limit=limit, progress=Progress(quiet=True)))
        after = self.state()
        return {name for name in after if after[name] != before.get(name)}

    def state(self) -> dict[str, int]:
        return {p.stem: p.stat().st_mtime_ns for p in (self.root / "run/documents").glob("*.parquet")}

    def rows(self, name: str) -> list[dict[str, object]]:
        found: list[dict[str, object]] = self.run.table(f"documents/{name}.parquet").to_pylist()
        return found

    def errors(self) -> list[str]:
        return sorted(str(row["error"]) for name in self.run.partitions() for row in self.rows(name))

    def image_counts(self) -> dict[str, int]:
        rows = [row for name in self.run.partitions() for row in self.rows(name)]
        return {str(row["url"]): sum(p["type"] == "image" for p in row["parts"]) for row in rows}  # type: ignore[attr-defined]


def warc_project(root: Path) -> Project:
    project = Project(root, "{name: web, kind: warc, path: 'web/*.gz'}")
    for name in "bcd":
        body = page(f"/{name}.png", "/shared.png", "/later.png")
        records = [
            record(f"http://x.org/{name}", body),
            record(f"http://x.org/{name}.png", picture(ord(name)), "image/png"),
        ]
        write(root, {f"web/{name}.warc.gz": warc_gz(*records)})
    write(root, {"web/i.warc.gz": warc_gz(record("http://x.org/shared.png", picture(1), "image/png"))})
    return project


def test_a_new_warc_file_is_harvested_alone(tmp_path: Path) -> None:
    project = warc_project(tmp_path)
    assert len(project.build()) == 4
    assert project.build() == set()
    indexes = {p: p.stat().st_mtime_ns for p in (tmp_path / "run/index/web").iterdir()}
    records = [record("http://x.org/a", page("/a.png")), record("http://x.org/shared.png", picture(2), "image/png")]
    write(tmp_path, {"web/z.warc.gz": warc_gz(*records)})
    assert project.build() == {"web-z-00000"}
    assert {p: p.stat().st_mtime_ns for p in indexes} == indexes, "no other file is indexed again"
    assert project.build() == set()
    assert project.image_counts() == {"http://x.org/a": 0} | {f"http://x.org/{n}": 2 for n in "bcd"}


def test_an_image_that_comes_later_reaches_the_pages_that_asked_for_it(tmp_path: Path) -> None:
    project = warc_project(tmp_path)
    write(tmp_path, {"web/b.warc.gz": warc_gz(record("http://x.org/b", page("/b.png")))})
    project.build()
    write(tmp_path, {"web/z.warc.gz": warc_gz(record("http://x.org/later.png", picture(3), "image/png"))})
    assert project.build() == {"web-c-00000", "web-d-00000", "web-z-00000"}
    assert project.image_counts() == {"http://x.org/b": 0, "http://x.org/c": 3, "http://x.org/d": 3}
    (tmp_path / "web/i.warc.gz").unlink()
    assert project.build() == {"web-c-00000", "web-d-00000"}
    assert not list((tmp_path / "run/documents").glob("web-i*"))
    fresh = Project(tmp_path / "other", "{name: web, kind: warc, path: '../web/*.gz'}")
    fresh.build()
    assert fresh.image_counts() == project.image_counts()


def test_a_page_seen_before_changes_the_id_of_the_later_one(tmp_path: Path) -> None:
    project = warc_project(tmp_path)
    project.build()
    write(tmp_path, {"web/a.warc.gz": warc_gz(record("http://x.org/c", page()))})
    assert project.build() == {"web-a-00000", "web-c-00000"}
    ids = [row["id"] for name in project.run.partitions() for row in project.rows(name)]
    assert len(set(ids)) == len(ids) == 4


def test_limit_goes_on_until_there_are_documents(tmp_path: Path) -> None:
    project = Project(tmp_path, "{name: web, kind: warc, path: 'web/*.gz'}")
    write(tmp_path, {"web/a.warc.gz": warc_gz(record("http://x.org/a.png", picture(1), "image/png"))})
    write(tmp_path, {"web/b.warc.gz": b"no archive"})
    for name in "cdef":
        write(tmp_path, {f"web/{name}.warc.gz": warc_gz(record(f"http://x.org/{name}", page()))})
    project.build(limit=2)
    assert project.run.partitions() == [f"web-{name}-00000" for name in "abcd"]
    assert project.errors() == ["", "", "not_a_warc"]
    assert project.build(limit=2) == set()
    project.build()
    assert project.errors() == ["", "", "", "", "not_a_warc"]


def tutorial_project(root: Path) -> Project:
    project = Project(root, "{name: t, kind: tutorial, path: 'tree', partition: 4}")
    write(root, {f"tree/{n % 3}/page-{n}.md": f"# Page {n}\n\n{TEXT}\n" for n in range(30)})
    return project


def buckets_of(project: Project, folder: str) -> set[str]:
    rows = {name: project.rows(name) for name in project.run.partitions()}
    return {name for name, found in rows.items() if any(str(r["path"]).startswith(f"tree/{folder}") for r in found)}


def test_a_license_that_comes_later(tmp_path: Path) -> None:
    project = tutorial_project(tmp_path)
    project.build()
    write(tmp_path, {"tree/1/LICENSE": "Creative Commons Legal Code CC0 1.0 Universal"})
    assert project.build() == buckets_of(project, "1/") != set()
    found = {r["path"]: r["license"] for name in project.run.partitions() for r in project.rows(name)}
    assert {path for path, license in found.items() if license == "CC0-1.0"} == {
        p for p in found if p.startswith("tree/1/")
    }
    (tmp_path / "tree/1/LICENSE").unlink()
    assert project.build() == buckets_of(project, "1/")
    assert not any(r["license"] for name in project.run.partitions() for r in project.rows(name))


def test_a_title_that_comes_later(tmp_path: Path) -> None:
    project = tutorial_project(tmp_path)
    write(tmp_path, {f"tree/steps/step_{n}.md": f"{TEXT}\n" for n in (1, 2)})
    project.build()
    write(tmp_path, {"tree/steps/meta.yml": "---\ntitle: Knots\n"})
    made = project.build()
    assert len(made) == 1 and [r["title"] for r in project.rows(*made) if r["path"] == "tree/steps/"] == ["Knots"]


def test_images_of_a_build_that_was_killed_are_not_taken_for_good(tmp_path: Path) -> None:
    """Images are committed before documents: those of an input that has changed back meanwhile do not fit."""
    project = Project(tmp_path, "{name: t, kind: tutorial, path: 'tree'}")
    write(tmp_path, {"tree/a.md": f"# A\n\n{TEXT}\n\n![x](x.png)\n", "tree/x.png": picture(1)})
    project.build()
    documents = (tmp_path / "run/documents/t-00000.parquet").read_bytes()
    stat = (tmp_path / "tree/x.png").stat()
    write(tmp_path, {"tree/x.png": picture(2)})
    project.build()
    (tmp_path / "run/documents/t-00000.parquet").write_bytes(documents)
    write(tmp_path, {"tree/x.png": picture(1)})
    os.utime(tmp_path / "tree/x.png", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert project.build() == {"t-00000"}
    wanted = project.rows("t-00000")[0]["parts"][2]["image"]  # type: ignore[index]
    assert project.run.table("images/t-00000.parquet")["sha256"].to_pylist() == [wanted]


@pytest.mark.parametrize("ending", [".jsonl", ".json"])
def test_a_new_file_of_rows_is_harvested_alone(tmp_path: Path, ending: str) -> None:
    project = Project(tmp_path, f"{{name: m, kind: mmc4, path: 'rows/*{ending}', images: i}}")
    info = {"image_name": "1.png", "raw_url": "http://x.org/1.png", "matched_text_index": 0}
    row = json.dumps({"text_list": ["One."], "image_info": [info], "url": "http://x.org/"})
    rows = {f"rows/{n}{ending}": row if ending == ".jsonl" else f"[{row}]" for n in range(3)}
    write(tmp_path, {**rows, "i/2.png": picture(2)})
    assert len(project.build()) == 3
    write(tmp_path, {f"rows/9{ending}": row if ending == ".jsonl" else f"[{row}, {row}]"})
    assert project.build() == {f"m-rows+9{ending}-00000"}
    write(tmp_path, {"i/1.png": picture(1)})
    assert len(project.build()) == 4, "an image that was missing"
    assert project.image_counts() == {"http://x.org/": 1}


def test_images_are_fetched_before_partitions_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("aiohttp")
    monkeypatch.setenv("LEAFINSTRUCT_FETCHED", str(tmp_path / "fetched"))
    project = Project(tmp_path, "{name: m, kind: mmc4, path: 'rows/*.jsonl', fetch: {private: true, per_host: 8}}")
    with serve() as server:

        def row(number: int) -> str:
            info = {"image_name": "x", "raw_url": f"{server.address}/image/{number}", "matched_text_index": 0}
            return json.dumps({"text_list": ["One."], "image_info": [info], "url": f"http://x.org/{number}"}) + "\n"

        write(tmp_path, {"rows/a.jsonl": "".join(row(n) for n in range(9)), "rows/b.jsonl": row(3) + row(9)})
        project.build()
        assert set(project.image_counts().values()) == {1} and len(project.image_counts()) == 10
        assert project.build() == set()
        write(tmp_path, {"rows/c.jsonl": row(5) + row(10)})
        assert project.build() == {"m-rows+c.jsonl-00000"}
        assert {count for path, count in server.asked.items() if path != "/robots.txt"} == {1}
        assert len(server.asked) == 12
