"""The examples do what they say."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from made.tree import ROOT, leafinstruct

import leafinstruct as li

OWN_CODE = ROOT / "examples" / "own_code"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(OWN_CODE, tmp_path / "own_code", ignore=shutil.ignore_patterns("runs", "__pycache__")))


def test_cards_become_records_of_both_tasks(folder: Path) -> None:
    counts = json.loads(leafinstruct("build", "--workers", "1", "--json", cwd=folder, check=0).stdout)
    assert (counts["documents"], counts["kept_documents"], counts["records"]) == (2, 2, 2)
    assert counts["published"] == {"train": 2}
    run = li.open_run(folder / "runs/cards", folder / "pipelines/cards.yaml")
    assert {record.task for record in run.records()} == {"howto", "show_and_tell"}
    assert {record.writer.partition("@")[0] for record in run.records()} == {"echo"}
    assert run.scores("plain_words").words_per_sentence.between(8, 25).all()
    assert li.check(folder / "runs/cards/shards").ok


def test_a_card_without_its_picture_is_a_lost_image(folder: Path) -> None:
    (folder / "cards/oak.png").unlink()
    run = li.build(folder / "pipelines/cards.yaml", folder / "run", stage="harvest")
    [lost] = [lost for document in run.documents() for lost in document.lost]
    assert (lost.ref, lost.reason) == ("oak.png", "missing")


def test_another_picture_under_the_same_name_is_seen(folder: Path) -> None:
    def pictures() -> set[str]:
        run = li.build(folder / "pipelines/cards.yaml", folder / "run", stage="harvest")
        return {sha for document in run.documents() for sha in document.images}

    before = pictures()
    shutil.copy(folder / "cards/oak.png", folder / "cards/birch.png")
    assert len(before - pictures()) == 1
