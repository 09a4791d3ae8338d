"""Every damage to shards is caught by a named check, and good shards by none; then the pairing test, which is the one
that sees a whole record's images and checksums exchanged."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from leafinstruct.moss.data import find_shards
from leafinstruct.moss.prove.damage import DAMAGES, check_teaching, damage_shards, damage_table, others_images
from leafinstruct.moss.prove.synthetic import write_synthetic

CAUGHT = {
    "as they are": (),
    "images of another record": ("checksum", "manifest"),
    "images of another record, checksums too": ("manifest",),
    "images reversed": ("checksum", "manifest"),
    "first image repeated": ("checksum", "manifest"),
    "blank images": ("distinct", "manifest"),
    "roles swapped": ("turns", "answer", "manifest"),
    "text only": ("answer", "manifest"),
    "one byte changed": ("checksum", "manifest"),
}


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    write_synthetic(folder, records=24, held_out=6)
    files = [file for found in find_shards(folder).values() for file in found]
    entries = [{"file": f.name, "sha256": hashlib.sha256(f.read_bytes()).hexdigest()} for f in files]
    (folder / "manifest.json").write_text(json.dumps({"files": entries}))
    return folder


def test_every_damage_fails_a_named_check(shards: Path) -> None:
    assert damage_table(shards) == CAUGHT
    assert damage_table(shards, 5) == CAUGHT, "some records say the same, with a manifest of their own"
    assert set(CAUGHT) == {"as they are", *DAMAGES}


def test_without_a_manifest_only_exchanged_records_pass(shards: Path, tmp_path: Path) -> None:
    """Images exchanged with their checksums are another data set as good as this one: only training can tell."""
    for number, (name, damage) in enumerate(DAMAGES.items()):
        copy = tmp_path / str(number)
        damage_shards(shards, copy, damage)
        (copy / "manifest.json").unlink()
        failed = tuple(check for check in CAUGHT[name] if check != "manifest")
        assert check_teaching(copy).failed == failed
        assert bool(failed) == (name != "images of another record, checksums too")


def test_counts_say_how_many(shards: Path, tmp_path: Path) -> None:
    good = check_teaching(shards)
    assert (good.rows, good.images, good.checksum, good.turns, good.answer) == (30, 60, 0, 0, 0)
    damage_shards(shards, tmp_path / "other", others_images)
    assert 40 <= check_teaching(tmp_path / "other").checksum <= 60  # two records may show the same scene
    damage_shards(shards, tmp_path / "byte", DAMAGES["one byte changed"])
    assert check_teaching(tmp_path / "byte").checksum == 2  # one in each split
