"""A takedown through a build: the document goes, the image goes with what pointed at it, the shards follow."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import PIL.Image
import PIL.PngImagePlugin
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made.s3 import s3_bucket
from made.tree import counts, edit, make_project, page, picture, put, run_build, shard_bytes

from leafinstruct.document import Document, Image, documents_from_table
from leafinstruct.errors import LeafError
from leafinstruct.pipeline import load_pipeline
from leafinstruct.removal import FILE, Removal, Removals, add_removals, load_removals, removals_above
from leafinstruct.rewrite.generations import GENERATION_SCHEMA
from leafinstruct.run import Run
from leafinstruct.shard.check import check
from leafinstruct.shard.stage import near_duplicates
from leafinstruct.shard.takedown import refuse_removed, takedown, takedown_lines


def rows(run: Run) -> list[dict]:
    files = sorted(run.file("shards").glob("*.parquet"))
    return [row for file in files for row in pq.read_table(file, columns=["id", "site", "image_meta"]).to_pylist()]


def test_a_later_build_leaves_out_what_was_removed(tmp_path: Path) -> None:
    pipeline = make_project(tmp_path)
    run = run_build(pipeline, tmp_path / "run")
    before = rows(run)
    scores = {path: path.stat().st_mtime_ns for path in run.file("scores").rglob("*.parquet")}
    site = before[0]["site"]
    kept = next(row for row in before if row["site"] != site and len(row["image_meta"]) > 1)
    image = kept["image_meta"][0]["source_sha256"]
    add_removals(tmp_path, [Removal("site", site), Removal("sha256", image)])

    after = rows(run_build(pipeline, tmp_path / "run"))
    assert before != after
    assert not [row for row in after if row["site"] == site]
    assert not [m for row in after for m in row["image_meta"] if m["source_sha256"] == image]
    found = counts(run)
    assert found.dropped_documents["removed"] == 4
    assert found.dropped_images["removed"] >= 1
    assert scores == {path: path.stat().st_mtime_ns for path in run.file("scores").rglob("*.parquet")}


def test_an_address_is_taken_down_in_any_spelling() -> None:
    asked = Removals([Removal("url", "http://www.A.example/x/?utm_source=y#top")])
    assert asked.names("https://a.example/x", "a.example")
    assert not asked.names("https://a.example/y", "a.example") and not asked.names("", "")


def test_each_kind_names_a_document() -> None:
    about = ("https://a.example/x", "a.example", "wood/bird house.md", "d1")
    for entry in (
        Removal("site", "https://www.A.example:443/#x"),
        Removal("path", "./wood/bird%20house.md"),
        Removal("document", " d1 "),
    ):
        assert Removals([entry]).names(*about), entry
    for entry in (Removal("site", "b.a.example"), Removal("path", "wood"), Removal("document", "d")):
        assert not Removals([entry]).names(*about), entry
    assert Removals([Removal("url", "http://a.example/x")]).names("", "", "https://A.example/x/", "d2"), "a path"
    assert Removals([Removal("path", "guide.md")]).names("", "", "guide.md#chapter-2", "d3")


def test_other_spellings_are_one_request(tmp_path: Path) -> None:
    add_removals(tmp_path, [Removal("url", "https://a.example/x"), Removal("sha256", "AB" * 32)])
    assert len(add_removals(tmp_path, [Removal("url", "HTTP://www.a.example/x/"), Removal("sha256", "ab" * 32)])) == 2
    with (tmp_path / FILE).open("a", encoding="utf-8") as file:
        file.write("\n")
    (tmp_path / "runs/a/shards").mkdir(parents=True)
    assert len(removals_above(tmp_path / "runs/a/shards")) == 2


def test_a_name_is_one_however_its_accents_and_bytes_are_written() -> None:
    for other in ("wood/cafe\u0301.md", "wood/caf%C3%A9.md", "wood/cafe%CC%81.md"):
        assert Removals([Removal("path", other)]).names("", "", "wood/café.md", "d1")
        assert Removals([Removal("path", "wood/café.md")]).names("", "", other, "d1")
    typed = os.fsdecode(b"wood/odd\xe9.md")  # as a shell gives it
    assert Removals([Removal("path", typed)]).names("", "", "wood/odd\ufffd.md", "d1")


def test_whatever_a_note_holds_the_requests_can_be_read_again(tmp_path: Path) -> None:
    note = "as they wrote:\u2028please\x85\x0b" + os.fsdecode(b"\xe9")
    add_removals(tmp_path, [Removal("site", "a.example", note), Removal("path", os.fsdecode(b"odd\xe9.md"))])
    assert [e.value for e in load_removals(tmp_path).entries] == ["a.example", "odd\ufffd.md"]
    assert len(add_removals(tmp_path, [Removal("site", "b.example", note)])) == 3


def test_requests_that_are_not_utf8_are_one_line(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes('{"kind": "site", "value": "a.example"}'.encode("utf-16"))
    with pytest.raises(LeafError, match=r"removed\.jsonl: not UTF-8 text"):
        load_removals(tmp_path)


def stored_documents(run: Run) -> list[Document]:
    return [d for name in run.partitions() for d in documents_from_table(run.table(f"documents/{name}.parquet"))]


def holders(run: Run, *needles: bytes) -> list[str]:
    """Names of the run's files that hold any of these."""
    found = []
    for path in sorted(run.path.rglob("*")):
        if path.is_file():
            rows = str(pq.read_table(path).to_pylist()).encode() if path.suffix == ".parquet" else b""
            data = path.read_bytes() + rows
            found += [path.relative_to(run.path).as_posix()] if any(needle in data for needle in needles) else []
    return found


def test_what_was_removed_is_erased_and_comes_back_with_the_request_gone(tmp_path: Path) -> None:
    pipeline = make_project(tmp_path)
    run = run_build(pipeline, tmp_path / "run")
    before, shards = counts(run), {path.name: path.read_bytes() for path in run.file("shards").iterdir()}
    needles = (picture("scarf 1"), picture("blanket 1", "JPEG"), b"How to make a blanket")
    run.commit_text("report/index.html", "a page with thumbnails")
    answers = [{"key": d.id, "document": d.id, "text": f"An answer about {d.title}."} for d in stored_documents(run)]
    for name in run.partitions():
        table = pa.Table.from_pylist(answers, GENERATION_SCHEMA)
        run.commit_table(f"generations/0a/{name}.parquet", table, "stored")
    run.commit_text("train/samples/00-prompt.txt", "a sample")
    assert {"images", "documents", "filtered", "records", "shards"} <= {x.split("/")[0] for x in holders(run, *needles)}
    documents = {name: run.digest(f"documents/{name}.parquet") for name in run.partitions()}
    add_removals(tmp_path, [Removal("site", "wool")])
    run = run_build(pipeline, tmp_path / "run")
    assert holders(run, *needles) == []
    wool = {d.id for d in stored_documents(run) if d.site == "wool"}
    for name in run.partitions():
        left = set(run.table(f"generations/0a/{name}.parquet")["document"].to_pylist())
        assert left == {answer["document"] for answer in answers} - wool and wool
    assert not run.exists("report/index.html") and not run.exists("train/samples/00-prompt.txt")
    found = counts(run)
    assert (found.documents, found.images) == (before.documents, before.images)
    assert found.dropped_documents["removed"] == 4
    assert documents == {name: run.digest(f"documents/{name}.parquet") for name in run.partitions()}
    again = {path: path.stat().st_mtime_ns for path in run.path.rglob("*.parquet")}
    run = run_build(pipeline, tmp_path / "run")
    assert again == {path: path.stat().st_mtime_ns for path in run.path.rglob("*.parquet")}, "nothing is left to do"
    (tmp_path / FILE).unlink()
    run = run_build(pipeline, tmp_path / "run")
    assert {path.name: path.read_bytes() for path in run.file("shards").iterdir()} == shards


def test_a_record_goes_although_its_document_is_not_known(tmp_path: Path) -> None:
    """As if the request had been entered where nothing was built."""
    pipeline = make_project(tmp_path)
    before = rows(run_build(pipeline, tmp_path / "run"))
    add_removals(tmp_path, [Removal("record", before[0]["id"])])
    run = run_build(pipeline, tmp_path / "run")
    assert {row["id"] for row in before} - {row["id"] for row in rows(run)} == {before[0]["id"]}
    assert counts(run).dropped_splitting["removed"] == 1
    (tmp_path / FILE).unlink()
    assert len(rows(run_build(pipeline, tmp_path / "run"))) == len(before)


def test_near_duplicates_that_stay_are_named(tmp_path: Path) -> None:
    pipeline = make_project(tmp_path)
    run = run_build(pipeline, tmp_path / "run")  # glass/bottle.md is a copy of wood/birdhouse.md
    found = takedown(
        tmp_path, run.file("shards"), {"site": ["wood"]}, "", run, near_duplicates(run, load_pipeline(pipeline))
    )
    assert "  a near-duplicate of it stays: glass/bottle.md" in takedown_lines(found)
    both = takedown(
        tmp_path,
        run.file("shards"),
        {"site": ["wood"], "path": ["glass/bottle.md"]},
        "",
        run,
        near_duplicates(run, load_pipeline(pipeline)),
    )
    assert not any("near-duplicate" in line for line in takedown_lines(both))


@pytest.mark.slow
def test_shards_are_the_same_from_nothing_and_with_scores_made_again(tmp_path: Path) -> None:
    pipeline = make_project(tmp_path)
    run_build(pipeline, tmp_path / "run")
    add_removals(tmp_path, [Removal("site", "wool")])
    first = shard_bytes(run_build(pipeline, tmp_path / "run"))
    assert shard_bytes(run_build(pipeline, tmp_path / "other")) == first
    shutil.rmtree(tmp_path / "run/scores")
    shutil.rmtree(tmp_path / "run/corpus")
    again = shard_bytes(run_build(pipeline, tmp_path / "run"))
    assert {name for name in first if first[name] != again[name]} <= {"manifest.json", "data_card.md"}


@pytest.mark.slow
def test_a_run_in_an_object_store_is_erased_too(tmp_path: Path) -> None:
    pipeline = make_project(tmp_path)
    with s3_bucket("beds") as bucket:
        run = run_build(pipeline, f"{bucket}/run")
        run.commit_text("report/index.html", "a page with thumbnails")
        add_removals(tmp_path, [Removal("site", "wool")])
        run = run_build(pipeline, f"{bucket}/run")
        wool = {sha for d in stored_documents(run) if d.site == "wool" for sha in d.images}
        images = [row for name in run.partitions() for row in run.table(f"images/{name}.parquet").to_pylist()]
        assert wool and all(row["bytes"] == b"" for row in images if row["sha256"] in wool)
        assert not run.exists("report/index.html") and any(row["bytes"] for row in images)


@pytest.mark.slow
def test_an_image_that_another_document_shows_stays_there(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for site in ("wood", "clay", "wool"):
        for name in ("birdhouse", "stool", "bowl", "sock"):
            page(tree / site, f"{site}-{name}")
    shared = picture("shared", "PNG")
    for site in ("wood", "clay"):
        (tree / site / f"images/{site}-stool-2.png").write_bytes(shared)
    pipeline = make_project(tmp_path, tree, filters=["image", "text"], shard={"validation": 0.0, "test": 0.0})
    run_build(pipeline, tmp_path / "run")
    for site in ("wood", "clay"):
        (tmp_path / FILE).unlink(missing_ok=True)
        add_removals(tmp_path, [Removal("path", f"{site}-stool.md")])
        run = run_build(pipeline, tmp_path / "run")
        kept = [p for p in run.file("shards").glob("*.parquet") if shared in p.read_bytes()]
        assert kept and check(run.file("shards")).ok, site


def test_an_empty_dataset_is_a_result_of_a_takedown_alone(tmp_path: Path) -> None:
    from datasets import load_dataset

    pipeline = make_project(tmp_path)
    run_build(pipeline, tmp_path / "run")
    add_removals(tmp_path, [Removal("site", site) for site in ("wood", "clay", "wool", "glass")])
    run = run_build(pipeline, tmp_path / "run")
    names = {path.name for path in run.file("shards").iterdir()}
    assert names == {"train-00000-of-00001.parquet", "manifest.json", "data_card.md"}
    assert counts(run).published == {"train": 0}
    report = check(run.file("shards"))
    assert report.ok and report.rows == 0, report.lines
    loaded = load_dataset(str(run.file("shards")), split="train", streaming=True)
    assert list(loaded) == [] and "messages" in (loaded.features or {})
    (tmp_path / FILE).unlink()
    edit(pipeline, filters=["image", "text"])
    assert len(rows(run_build(pipeline, tmp_path / "run"))) > 3


def test_rules_that_drop_everything_make_no_empty_dataset(tmp_path: Path) -> None:
    pipeline = make_project(tmp_path)
    run_build(pipeline, tmp_path / "run")
    add_removals(tmp_path, [Removal("site", "wood")])
    put(
        tmp_path / "filters/text.yaml",
        "scorer: text\nrules:\n  - {name: short, drop: document, when: words < 99999, origin: own}\n",
    )
    with pytest.raises(LeafError, match="rewriting made no record"):
        run_build(pipeline, tmp_path / "run")


def test_what_a_request_reaches_is_counted(tmp_path: Path) -> None:
    run = run_build(make_project(tmp_path), tmp_path / "run")
    one = rows(run)[0]
    shards = run.file("shards")
    document = stored_documents(run)[0]

    def reach(kind: str, value: str) -> tuple[int, int, str]:
        found = takedown(tmp_path / "requests", shards, {kind: [value]}, "", run)["found"][0]
        return found["documents"], found["records"], found["hint"]

    (tmp_path / "requests").mkdir()
    assert reach("site", "wool") == (4, sum(row["site"] == "wool" for row in rows(run)), "")
    assert reach("site", "wol") == (0, 0, "did you mean wool?")
    assert reach("url", "wood") == (0, 0, "a document has it as its site; use --site")
    assert reach("record", one["id"])[:2] == reach("record", one["id"][:8])[:2] == (1, 1)
    assert reach("document", document.id)[0] == reach("document", document.id[:7])[0] == 1
    assert reach("path", document.path)[0] == reach("path", str(tmp_path / "tree/x" / document.path))[0] == 1
    assert reach("path", "no/such.md") == (0, 0, "")
    assert reach("sha256", one["image_meta"][0]["sha256"])[:2] == (1, 1)
    with pytest.raises(LeafError, match="--sha256 12 is no SHA-256"):
        reach("sha256", "12")
    with pytest.raises(LeafError, match="--url ' ' names nothing"):
        reach("url", " ")


@pytest.mark.slow
def test_an_image_named_as_published_without_its_shards(tmp_path: Path) -> None:
    """Its bytes as harvested are found among the run's images; without a run, the push says what to do."""
    tree = tmp_path / "tree"
    for site in ("wood", "clay", "wool"):
        for number in range(3):
            page(tree / site, f"{site}-{number}")
    noted = tree / "wood/images/wood-1-2.png"
    with PIL.Image.open(noted) as picture_:
        info = PIL.PngImagePlugin.PngInfo()
        info.add_text("Author", "somebody")
        picture_.save(noted, pnginfo=info)
    pipeline = make_project(tmp_path, tree, filters=["image", "text"], shard={"validation": 0.0, "test": 0.0})
    run = run_build(pipeline, tmp_path / "run")
    metas = [m for row in rows(run) for m in row["image_meta"] if m["sha256"] != m["source_sha256"]]
    (published, source) = (metas[0]["sha256"], metas[0]["source_sha256"])
    empty = tmp_path / "empty"
    empty.mkdir()
    found = takedown(empty, empty, {"sha256": [published]}, "", run)["found"][0]
    assert (found["documents"], found["also"]) == (1, [{"kind": "sha256", "value": source}])
    with pytest.raises(LeafError, match=f"run first: leafinstruct remove --sha256 {source}"):
        refuse_removed(run.file("shards"), Removals([Removal("sha256", published)]))
    add_removals(tmp_path, [Removal("sha256", source)])
    run = run_build(pipeline, tmp_path / "run")
    images = [Image(**r) for n in run.partitions() for r in run.table(f"images/{n}.parquet").to_pylist()]
    assert [image.bytes for image in images if image.sha256 == source] == [b""]
    assert source not in str(rows(run))
