from __future__ import annotations

import hashlib
import io
import json
import random
import re
from collections import Counter, defaultdict
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from leafinstruct.demo import photos
from leafinstruct.demo.draw import draw
from leafinstruct.demo.plant import FAULTS, Piece, sha256
from leafinstruct.demo.sample import make_sample, sample_folder
from leafinstruct.demo.texts import read_texts
from leafinstruct.errors import LeafError

pytestmark = pytest.mark.slow

needs_photos = pytest.mark.skipif(
    not all(find_spec(package) for package in ("skimage", "sklearn", "matplotlib")), reason="install leafinstruct[demo]"
)


def tree_digest(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()
    }


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample") / "demo"
    make_sample(folder)
    return folder


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def words_of(body: str) -> list[str]:
    return re.findall(r"[\w']+", re.sub(r"!\[[^\]]*\]\([^)]*\)", "", body).lower())


def test_texts_are_many_and_different() -> None:
    texts = read_texts()
    clean = [t for t in texts if not t.held_out]
    assert len(clean) >= 65
    assert len({t.topic for t in clean}) >= 9
    assert sum(t.language == "de" for t in clean) >= 4
    assert sum(bool(t.lookalike) for t in clean) >= 20
    grams: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for text in texts:
        words = words_of(text.body)
        assert 100 <= len(words) <= 400, text.slug
        for at in range(len(words) - 4):
            grams[tuple(words[at : at + 5])].add(text.slug)
    assert [gram for gram, slugs in grams.items() if len(slugs) > 3] == []


def test_no_image_is_shown_twice() -> None:
    times = Counter(spec for text in read_texts() for spec in text.specs())
    assert len(times) >= 50
    assert max(times.values()) == 1


def test_package_data_is_small() -> None:
    folder = Path(photos.__file__).parent
    assert sum(p.stat().st_size for p in folder.rglob("*") if p.suffix in (".md", ".py")) < 400_000


@needs_photos
@pytest.mark.slow
def test_same_bytes_each_time(sample: Path, tmp_path: Path) -> None:
    make_sample(tmp_path / "again")
    assert tree_digest(tmp_path / "again") == tree_digest(sample)
    assert [p.name for p in tmp_path.iterdir()] == ["again"]


@needs_photos
@pytest.mark.slow
def test_the_sample_in_the_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leafinstruct.demo.sample.cache_folder", lambda: tmp_path)
    folder = sample_folder()
    assert folder.parent == tmp_path and (folder / "faults.jsonl").is_file()
    assert sample_folder() == folder


@needs_photos
def test_a_finished_sample_is_left_alone(sample: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in sample.rglob("*")}
    make_sample(sample)
    assert {p: p.stat().st_mtime_ns for p in sample.rglob("*")} == before


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(LeafError, match="not a finished sample"):
        make_sample(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def warc_members(path: Path) -> dict[str, tuple[str, bytes]]:
    """WARC-Target-URI -> (status line, payload), read with an independent reader."""
    fastwarc = pytest.importorskip("fastwarc.warc")
    found = {}
    with path.open("rb") as stream:
        for record in fastwarc.ArchiveIterator(
            stream, record_types=fastwarc.WarcRecordType.response, verify_digests=True
        ):
            found[record.headers["WARC-Target-URI"]] = (record.http_headers.status_line, record.reader.read())
    return found


@needs_photos
def test_faults_are_on_both_kinds_of_source_and_there(sample: Path) -> None:
    faults = rows(sample / "faults.jsonl")
    kinds = Counter((row["fault"], row["where"].startswith("https:")) for row in faults)
    assert set(kinds) == {(fault, web) for fault in FAULTS for web in (False, True)}
    assert min(kinds.values()) >= 2
    pages = warc_members(sample / "web" / "pages-00.warc.gz")
    for row in faults:
        where = row["where"]
        assert where in pages if where.startswith("https:") else (sample / "tutorials" / where).exists()
    assert len({row["where"] for row in faults}) == len(faults)


@needs_photos
def test_planted_and_lookalike_images_are_in_the_sample(sample: Path) -> None:
    here = {sha256(p.read_bytes()) for p in (sample / "tutorials").rglob("images/*")}
    for name in ("pages-00.warc.gz", "images-00.warc.gz"):
        here |= {sha256(payload) for _, payload in warc_members(sample / "web" / name).values()}
    planted = {image for row in rows(sample / "faults.jsonl") for image in row["images"]}
    lookalikes = rows(sample / "lookalikes.jsonl")
    kept = {image for row in lookalikes for image in row["images"]}
    assert planted <= here and kept <= here
    assert not planted & kept
    assert len(lookalikes) >= 20


@needs_photos
def test_pages_and_redirects(sample: Path) -> None:
    pages = warc_members(sample / "web" / "pages-00.warc.gz")
    images = warc_members(sample / "web" / "images-00.warc.gz")
    html = [body.decode() for _, body in pages.values() if body.startswith(b"<!DOCTYPE")]
    assert len(html) >= 25
    assert any("data-src=" in page for page in html) and any("srcset=" in page for page in html)
    assert any(re.search(r'src="(\.\./)+media', page) for page in html)
    assert any(" 302" in status for status, _ in {**pages, **images}.values())
    assert all('rel="license"' in page for page in html)


def test_drawing_is_deterministic_and_fits() -> None:
    data = draw("moon?phase=2&size=200x160")
    assert data == draw("moon?phase=2&size=200x160")
    assert Image.open(io.BytesIO(data)).size == (200, 160)
    assert data != draw("moon?phase=6&size=200x160")


def test_a_missing_package_of_photographs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "find_spec", lambda name: None)
    with pytest.raises(LeafError, match=r"leafinstruct\[demo\]"):
        photos.photo_path("coffee")


def document() -> list[Piece]:
    pieces = [Piece(text="A title", heading=1)]
    for n, name in enumerate(("one", "two", "three", "four")):
        words = " ".join(f"{name}{k}" for k in range(30)) + "."
        pieces += [Piece(text=words), Piece(is_image=True, data=draw(f"bits?value={n}&size=120x60"), alt=name)]
    return pieces


POOL = [draw(f"moon?phase={n}&size=60") for n in range(1, 6)]


def texts_of(pieces: list[Piece]) -> list[str]:
    return [word for p in pieces if not p.is_image and not p.heading for word in p.text.split()]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("seed", range(25))
def test_every_fault_does_what_it_says(fault: str, seed: int) -> None:
    before = document()
    planted = FAULTS[fault](before, random.Random(seed), POOL)
    assert planted == FAULTS[fault](before, random.Random(seed), POOL)
    assert planted.pieces != before == document()
    after = planted.pieces
    shown = [sha256(p.data) for p in after if p.is_image and p.data is not None]
    assert set(planted.images) <= set(shown)
    old, new = texts_of(before), texts_of(after)
    if fault.endswith("_image"):
        assert new == old and planted.images
    if fault == "wrong_image":
        assert {sha256(x) for x in POOL} & set(shown) == set(planted.images)
        assert len(shown) > len(planted.images)
    if fault == "duplicate_image":
        assert shown.count(planted.images[0]) == planted.parameters["times"] + 1
    if fault == "tiny_image":
        small = [p.data for p in after if p.data and sha256(p.data) in planted.images]
        assert all(max(Image.open(io.BytesIO(data)).size) <= 40 for data in small)
    if fault == "broken_image":
        for data in (p.data for p in after if p.is_image and sha256(p.data or b"") in planted.images):
            with pytest.raises((OSError, SyntaxError, ValueError)):
                Image.open(io.BytesIO(data or b"")).load()
    if fault == "word_salad":
        follows = set(pairwise(old))
        assert sorted(new) == sorted(old)
        assert sum(pair in follows for pair in pairwise(new)) < 0.5 * len(old)
    if fault == "truncated_text":
        assert 0.05 * len(old) < len(new) <= 0.5 * len(old) and new[-1][-1].isalnum()
    if fault == "near_duplicate":
        assert len(set(old) & set(new)) > 0.85 * len(old)
    if fault == "missing_image_pointer":
        assert sum(p.is_image and p.data is None for p in after) == len(planted.parameters["positions"])
    if fault in ("navigation_text", "judge_injection"):
        assert len(set(old) & set(new)) < 0.8 * len(old)


def test_a_fault_of_images_needs_an_image() -> None:
    with pytest.raises(ValueError, match="at least one image"):
        FAULTS["wrong_image"]([Piece(text="only words")], random.Random(1), POOL)


@needs_photos
def test_tutorials_over_several_files(sample: Path) -> None:
    folder = sample / "tutorials" / "bench-and-bow" / "knot-bowline"
    assert sorted(p.name for p in folder.iterdir()) == ["images", "meta.yml", "step_1.md", "step_2.md", "step_3.md"]
    assert (folder / "step_2.md").read_text().startswith("## Out and around\n\nThe rabbit")
    assert '  - title: "Back home"\n' in (folder / "meta.yml").read_text()
    assert (folder / "step_1.md").read_text().startswith('---\ntitle: "Bowline: the rabbit and the tree"\n')
