"""Builds without models, end to end: counts, reuse, what a change makes stale, and images that match image parts."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
from made.tree import (
    assert_one_to_one,
    counts,
    edit,
    edit_filter,
    files,
    make_project,
    make_tree,
    page,
    picture,
    put,
    run_build,
    sentences,
    shard_bytes,
)

from leafinstruct.build import build as build_stages
from leafinstruct.context import Context
from leafinstruct.document import documents_from_table
from leafinstruct.engine.local import run_tasks
from leafinstruct.filter.edits import apply
from leafinstruct.pipeline import load_pipeline
from leafinstruct.progress import Progress
from leafinstruct.run import Run
from leafinstruct.shard.stage import pipeline_version


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a finished run; tests that change it take a copy."""
    folder = tmp_path_factory.mktemp("finished")
    run_build(make_project(folder), folder / "run")
    return folder


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished project; the run's files keep their times, the tree is that of the original."""
    for part in ("pipelines", "run"):
        shutil.copytree(finished / part, tmp_path / part)
    return tmp_path


@pytest.fixture
def movable(tmp_path: Path) -> Path:
    """A finished project with a tree of its own to change."""
    run_build(make_project(tmp_path), tmp_path / "run")
    return tmp_path


def build(folder: Path, **more: Any) -> Run:
    return run_build(folder / "pipelines/made.yaml", folder / "run", **more)


def changed(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def folders(names: set[str]) -> set[str]:
    return {name.split("/")[0] for name in names}


def test_counts_add_up_at_every_stage(finished: Path) -> None:
    found = counts(Run(finished / "run"))
    assert found.to_dict() == {
        "documents": 16,
        "images": 42,
        "lost_images": {"missing": 2},
        "dropped_documents": {
            "duplicates.near_duplicate": 1,
            "pointers.dangling": 1,
            "repeats.repeated_among_few": 1,
            "text.no_image": 1,
            "text.too_short": 1,
        },
        "dropped_images": {"document": 9, "image.too_small": 1, "image.unreadable": 1, "repeats.duplicate_image": 1},
        "kept_documents": 11,
        "kept_images": 30,
        "dropped_rewriting": {},
        "unanswered": {},
        "records": 11,
        "dropped_splitting": {},
        "published": {"test": 2, "train": 6, "validation": 3},
        "stages": ["harvest", "filter", "rewrite", "shard"],
        "adds_up": True,
        "not_read": {},
        "split_pages": 0,
        "chapters": 0,
        "examples": {
            "lost_images": {"missing": ["images/gone.png in clay/vase.md", "images/bead-3.jpg in glass/bead.md"]},
            "dropped_documents": {
                "duplicates.near_duplicate": ["wood/birdhouse.md"],
                "pointers.dangling": ["clay/vase.md"],
                "repeats.repeated_among_few": ["wool/sock.md"],
                "text.no_image": ["glass/lamp.md"],
                "text.too_short": ["wool/scarf.md"],
            },
        },
    }


def test_a_stage_makes_no_more_than_itself(tmp_path: Path) -> None:
    pipeline = make_project(tmp_path)
    wanted = ["harvest", "filter", "rewrite", "shard"]
    for number, stage in enumerate(wanted, 1):
        run = run_build(pipeline, tmp_path / "run", stage)
        assert counts(run).stages == wanted[:number]


def test_images_match_image_parts_in_every_file(finished: Path) -> None:
    assert_one_to_one(Run(finished / "run"))


def test_a_second_build_writes_nothing_and_opens_no_image(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files(Run(project / "run"))

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a finished run needs no image")

    monkeypatch.setattr(PIL.Image, "open", refuse)
    monkeypatch.setattr("leafinstruct.filter.cpu_scores.decode", refuse)
    assert files(build(project)) == before


def test_image_scorers_share_one_decode_of_each_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from leafinstruct.filter import cpu_scores

    pipeline = make_project(tmp_path, filters=["image", "again", "seen", "text"])
    put(tmp_path / "filters/again.yaml", "scorer: image\n")
    decode, seen = cpu_scores.decode, []
    monkeypatch.setattr(cpu_scores, "decode", lambda image, limit: (seen.append(image.sha256), decode(image, limit))[1])
    run = run_build(pipeline, tmp_path / "run", "filter")
    images = [sha for name in run.partitions() for sha in run.table(f"images/{name}.parquet")["sha256"].to_pylist()]
    assert sorted(seen) == sorted(images)
    assert run.table(f"scores/{[p.name for p in run.file('scores').glob('again-*')][0]}/made-00002.parquet").num_rows


def test_menus_of_a_site_are_cut_until_the_filter_says_otherwise(tmp_path: Path) -> None:
    for name in ("shelf", "lamp", "box", "stool"):
        file = page(tmp_path / "tree/one", name)
        put(file, file.read_text() + "\nLet it dry.\n\nIndex of all tutorials\n\nTools menu\n")
    pipeline = make_project(tmp_path, tmp_path / "tree", filters=["image", "text", "boilerplate"])

    def ends() -> list[str]:
        run = run_build(pipeline, tmp_path / "run", "filter")
        tables = [run.table(f"filtered/{name}.parquet") for name in run.partitions()]
        return [d.text.splitlines()[-1] for t in tables for d in documents_from_table(t)]

    assert ends() == ["Let it dry."] * 4
    edit_filter(tmp_path, "boilerplate", "remove: true", "remove: false")
    assert ends() == ["Tools menu"] * 4


def test_a_threshold_that_gates_nothing_remakes_decisions_and_what_follows(project: Path) -> None:
    run = Run(project / "run")
    before = files(run)
    edit_filter(project, "text", "count() < 1", "count() < 3")
    found = counts(build(project))
    assert found.dropped_documents["text.no_image"] > 1
    remade = changed(before, files(run))
    remade -= {"timings.json", "corpus/requests.parquet"}  # how long it took; which requests repeat another
    assert folders(remade) == {"decisions", "filtered", "written", "records", "shards"}
    assert {name for name in before if name.startswith(("scores/", "corpus/", "documents/", "images/"))}
    assert_one_to_one(run)


def test_a_threshold_that_drops_nothing_else_changes_no_record(project: Path) -> None:
    run = Run(project / "run")
    records = files(run, "records")
    edit_filter(project, "text", "words > 10000", "words > 9000")
    build(project)
    assert files(run, "records") == records, "the same edited documents need no new records"


def test_another_setting_of_a_scorer_makes_its_scores_anew_and_no_others(project: Path) -> None:
    run = Run(project / "run")
    before = files(run)
    edit_filter(project, "duplicates", "scorer: duplicates", "scorer: duplicates\nsettings:\n  similarity: 0.9")
    build(project)
    scores = {name.split("/")[1].split("-")[0] for name in changed(before, files(run)) if name.startswith("scores/")}
    assert scores == {"duplicates"}


def test_a_new_document_stales_one_partition(movable: Path) -> None:
    run = Run(movable / "run")
    before = files(run)
    digests = {
        (folder, name): meta.digest
        for folder in ("decisions", "filtered", "records")
        for name in run.partitions()
        if (meta := run.meta(f"{folder}/{name}.parquet"))
    }
    page(movable / "tree/wool", "mitten")
    build(movable)
    remade = changed(before, files(run))
    assert counts(run).documents == 17
    for folder in ("documents", "images", "scores"):
        assert len({Path(name).name for name in remade if name.startswith(f"{folder}/")}) == 1, folder
    for folder in ("decisions", "filtered", "records"):
        after = {name: run.meta(f"{folder}/{name}.parquet") for name in run.partitions()}
        assert len([name for name, meta in after.items() if meta and meta.digest != digests[folder, name]]) == 1, folder
    assert_one_to_one(run)


def test_touched_files_change_nothing(movable: Path) -> None:
    run = Run(movable / "run")
    before = files(run)
    for path in (movable / "tree").rglob("*"):
        os.utime(path, (1, 1))
    build(movable)
    assert files(run) == before


def test_another_image_under_the_same_name_is_noticed(movable: Path) -> None:
    run = Run(movable / "run")
    before = files(run)
    put(movable / "tree/clay/images/bowl-2.png", picture("another bowl"))
    build(movable)
    remade = changed(before, files(run))
    assert len([name for name in remade if name.startswith("documents/")]) == 1
    assert_one_to_one(run)
    fresh = run_build(movable / "pipelines/made.yaml", movable / "other")
    assert shard_bytes(run) == shard_bytes(fresh)


def test_removed_and_changed_documents_give_what_a_build_from_nothing_gives(movable: Path) -> None:
    (movable / "tree/wood/spoon.md").unlink()
    put(movable / "tree/glass/lamp.md", (movable / "tree/wool/blanket.md").read_text())
    page(movable / "tree/clay", "jug")
    put(movable / "tree/glass/images/bead-3.jpg", picture("found again", "JPEG"))
    run = build(movable)
    fresh = run_build(movable / "pipelines/made.yaml", movable / "other")
    assert counts(run) == counts(fresh)
    assert shard_bytes(run) == shard_bytes(fresh)
    assert_one_to_one(run)


def test_the_member_that_stands_for_a_cluster_can_change_from_afar(movable: Path) -> None:
    """The twin of a document lies in another partition; which of the two stays is decided over all of them."""
    run = Run(movable / "run")
    for number in (1, 2, 3):
        (movable / f"tree/glass/images/bottle-{number}.jpg").unlink()
    build(movable)
    fresh = run_build(movable / "pipelines/made.yaml", movable / "other")
    assert shard_bytes(run) == shard_bytes(fresh)
    assert counts(run) == counts(fresh)


def test_limit_takes_the_first_documents_of_each_source(tmp_path: Path) -> None:
    pipeline = make_project(tmp_path)
    run = run_build(pipeline, tmp_path / "run", "rewrite", limit=2)
    found = counts(run)
    names = run.partitions()
    ids = [d for n in names for d in run.table(f"documents/{n}.parquet", ["id"])["id"].to_pylist()]
    assert found.documents == len(ids) <= 2
    whole = counts(run_build(pipeline, tmp_path / "run", "rewrite"))
    assert whole.documents == 16, "without the limit the same run is made whole"


@pytest.mark.slow
def test_workers_do_not_change_a_byte(finished: Path, tmp_path: Path) -> None:
    one = Run(finished / "run")
    two = run_build(finished / "pipelines/made.yaml", tmp_path / "two", workers=2)
    assert shard_bytes(two) == shard_bytes(one)
    made = {n: (one.path / n).read_bytes() for n in files(one) if n != "timings.json"}
    assert {n: (two.path / n).read_bytes() for n in files(two) if n != "timings.json"} == made


def damage(tree: Path, drawn: random.Random) -> None:
    """Take away and break images and texts at random."""
    for path in sorted(tree.rglob("*.*")):
        fate = drawn.random()
        if path.suffix == ".md":
            if fate < 0.1:
                path.unlink()
            elif fate < 0.3:
                paragraphs = path.read_text().split("\n\n")
                kept = [p for p in paragraphs if drawn.random() < 0.7]
                put(path, "\n\n".join(kept))
            elif fate < 0.5:
                put(path, path.read_text() + "\n" + " ".join(sentences(f"more {fate}", 2)) + "\n\n![](images/no.png)\n")
        elif fate < 0.15:
            path.unlink()
        elif fate < 0.35:
            data = path.read_bytes()
            put(path, data[: drawn.randrange(len(data))])
        elif fate < 0.45:
            put(path, picture(f"small {fate}", size=(drawn.randrange(1, 70), drawn.randrange(1, 70))))
        elif fate < 0.55:
            others = sorted(tree.rglob("images/*.*"))
            put(path, drawn.choice(others).read_bytes())


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_images_match_image_parts_after_random_losses(tmp_path: Path, seed: int) -> None:
    drawn = random.Random(seed)
    tree = make_tree(tmp_path / "tree")
    damage(tree, drawn)
    pipeline = make_project(tmp_path, tree, filters=["image", "seen", "repeats", "text"])
    edit_filter(tmp_path, "text", "words < 30", "words < 5")
    run = run_build(pipeline, tmp_path / "run")
    assert_one_to_one(run)
    first = counts(run)
    assert first.dropped_images or first.lost_images
    damage(tree, drawn)
    run_build(pipeline, run.path)
    assert_one_to_one(run)
    counts(run)


@pytest.mark.parametrize("seed", range(4))
def test_any_choice_of_images_can_go(finished: Path, seed: int) -> None:
    """Edited documents hold exactly the kept image parts, in order, and each part where its map says."""
    drawn = random.Random(seed)
    run = Run(finished / "run")
    for name in run.partitions():
        for document in documents_from_table(run.table(f"documents/{name}.parquet")):
            images = [i for i, part in enumerate(document.parts) if part.type == "image"]
            kept = frozenset(i for i in images if drawn.random() < 0.5)
            edited = apply(document, kept)
            assert [i for i in edited.raw if document.parts[i].type == "image"] == sorted(kept)
            assert edited.images == [document.parts[i].image for i in sorted(kept)]


def test_an_edited_pipeline_file_is_taken_up(project: Path) -> None:
    edit(project / "pipelines/made.yaml", filters=["image", "text"])
    found = counts(build(project))
    assert set(found.dropped_documents) == {"text.no_image", "text.too_short"}
    assert_one_to_one(Run(project / "run"))


def test_work_about_the_whole_run_is_given_to_the_engine(tmp_path: Path) -> None:
    given: list[str] = []

    def noted(function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], workers: int) -> Iterator[Any]:
        inner: Any = function
        while not hasattr(inner, "__name__"):  # timed, watched
            inner = inner.function
        given.extend([inner.__name__] * len(tasks))
        return run_tasks(function, tasks, workers)

    pipeline = load_pipeline(make_project(tmp_path))
    build_stages(Context(Run(tmp_path / "run"), pipeline, noted, progress=Progress(quiet=True)), "shard")
    shards = len(Run(tmp_path / "run").names("shards"))
    wanted = {"reduce_corpus": 2, "split": 1, "write_one": shards}
    assert {name: given.count(name) for name in wanted} == wanted


def test_the_cluster_is_no_part_of_what_the_shards_say_of_their_pipeline(tmp_path: Path) -> None:
    pipeline = make_project(tmp_path)
    plain = pipeline_version(load_pipeline(pipeline))
    edit(pipeline, ray={"address": "auto"})
    assert pipeline_version(load_pipeline(pipeline)) == plain
    edit(pipeline, shard={"test": 0.2})
    assert pipeline_version(load_pipeline(pipeline)) != plain
