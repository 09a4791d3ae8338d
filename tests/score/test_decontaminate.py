from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from made import core as made

from leafinstruct.bundled import package_folders
from leafinstruct.document import Document, Image, Part
from leafinstruct.errors import LeafError
from leafinstruct.images.decode import decode
from leafinstruct.score.base import Row
from leafinstruct.score.decontaminate import Scorer

QUESTION = "Which of the two cranes on the table was folded from the larger square of red paper?"


def scorer(root: Path, **settings: Any) -> Scorer:
    made_scorer = Scorer(settings)
    made_scorer.read_files(root)
    return made_scorer


def about(ready: Scorer, text: str) -> Row:
    return ready.score(made.document("d", [made.text(text)]), {})[0]


def seen(ready: Scorer, *images: Image) -> list[bool]:
    sketches = {i.sha256: ready.sketch(p) for i in images if (p := decode(i, 10**7)[0]) is not None}
    parts = tuple(Part("image", image=i.sha256) for i in images)
    rows = ready.score(Document("d", "", "", "", "", "", "", "", "en", parts), sketches)
    assert rows[0]["images_seen"] == sum(r["contaminated"] for r in rows[1:])
    return [row["contaminated"] for row in rows[1:]]


@pytest.fixture(params=["txt", "jsonl", "parquet"])
def with_texts(request: pytest.FixtureRequest, tmp_path: Path) -> Scorer:
    rows = [{"id": 1, "question": QUESTION}, {"id": 2, "question": "Too short."}, {"id": 3, "question": None}]
    file = tmp_path / f"bench.{request.param}"
    if request.param == "txt":
        file.write_text("\n".join(row["question"] or "" for row in rows))
    elif request.param == "jsonl":
        file.write_text("\n".join(json.dumps(row) for row in rows))
    else:
        pq.write_table(pa.Table.from_pylist(rows), file)
    return scorer(tmp_path, texts=[file.name], columns=["question", "answer"])


def test_runs_of_words_are_found_whatever_case_and_marks(with_texts: Scorer) -> None:
    loud = QUESTION.upper().replace(" ", " - ")
    assert about(with_texts, QUESTION) == {"document": "d", "overlap": 1.0, "contaminated_ngrams": 5, "images_seen": 0}
    assert about(with_texts, loud)["contaminated_ngrams"] == 5
    hidden = "Today we fold. " * 20 + QUESTION + " And then turn it over." * 20
    found = about(with_texts, hidden)
    assert found["contaminated_ngrams"] == 5
    assert found["overlap"] == pytest.approx(5 / (60 + 17 + 100 - 12))


def test_twelve_common_words_are_not_thirteen(with_texts: Scorer) -> None:
    twelve = QUESTION.split()[:12]
    assert about(with_texts, " ".join([*twelve, "made", *QUESTION.split()[14:]]))["contaminated_ngrams"] == 0
    assert about(with_texts, " ".join(twelve))["overlap"] is None
    assert about(with_texts, " ".join(reversed(QUESTION.split())))["contaminated_ngrams"] == 0


def test_images_are_found_by_bytes_and_by_look(tmp_path: Path) -> None:
    (tmp_path / "bench" / "deep").mkdir(parents=True)
    drawn = made.picture(made.scene(1))
    (tmp_path / "bench" / "deep" / "a.PNG").write_bytes(drawn.bytes)
    (tmp_path / "bench" / "broken.jpg").write_bytes(b"no image")
    ready = scorer(tmp_path, images=["bench"])
    other = made.picture(made.scene(1), "JPEG", quality=90)
    assert seen(ready, drawn, other, made.picture(made.scene(2)), made.image_of(b"no image")) == [
        True,
        True,
        False,
        True,
    ]


def test_plain_pictures_are_not_alike(tmp_path: Path) -> None:
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "a.png").write_bytes(made.picture(PIL.Image.new("L", (40, 20), 200)).bytes)
    assert seen(scorer(tmp_path, images=["bench"]), made.picture(PIL.Image.new("L", (40, 20), 90))) == [False]


def test_identity_follows_what_benchmarks_hold_and_not_where_they_lie(tmp_path: Path) -> None:
    for name, text in (("a", QUESTION), ("b", QUESTION), ("c", QUESTION.replace("red", "blue"))):
        (tmp_path / f"{name}.txt").write_text(text)
    of = {name: scorer(tmp_path, texts=[f"{name}.txt"]).hash8() for name in "abc"}
    assert of["a"] == of["b"] != of["c"]
    assert scorer(tmp_path, texts=["a.txt"], ngram=12).hash8() != of["a"] != scorer(tmp_path).hash8()
    (tmp_path / "images").mkdir()
    hashes = set()
    for number in range(2):
        (tmp_path / "images" / f"{number}.png").write_bytes(made.picture(made.scene(number)).bytes)
        hashes.add(scorer(tmp_path, images=["images"]).hash8())
    assert len(hashes) == 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"texts": ["none.txt"]}, "none.txt cannot be read"),
        ({"texts": ["a.jsonl"]}, "name the columns"),
        ({"texts": ["a.jsonl"], "columns": ["question"]}, "none of the columns question"),
        ({"texts": ["list.jsonl"], "columns": ["question"]}, "none of the columns question"),
        ({"texts": ["broken.jsonl"], "columns": ["q"]}, "broken.jsonl cannot be read"),
        ({"texts": ["broken.parquet"], "columns": ["q"]}, "broken.parquet cannot be read"),
        ({"texts": ["a.csv"]}, "texts must be"),
        ({"images": ["none"]}, "not a folder with images"),
        ({"ngram": 0}, "1 or more"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    (tmp_path / "a.jsonl").write_text('{"q": "x"}')
    (tmp_path / "list.jsonl").write_text("[1]")
    (tmp_path / "broken.jsonl").write_text("{")
    (tmp_path / "broken.parquet").write_text("PAR")
    (tmp_path / "a.csv").write_text("q")
    with pytest.raises(LeafError, match=message):
        scorer(tmp_path, **settings)


def test_the_shipped_filter_loads_and_drops_nothing_without_benchmarks(tmp_path: Path) -> None:
    shipped = yaml.safe_load((package_folders()[1] / "filters" / "decontaminate.yaml").read_text())
    pipeline = made.pipeline(tmp_path, {"decontaminate": shipped})
    assert [rule.name for rule in pipeline.filters[0].rules] == ["benchmark_text", "benchmark_image"]
    assert about(scorer(tmp_path), QUESTION)["contaminated_ngrams"] == 0
    assert seen(scorer(tmp_path), made.picture(made.scene(1)), made.picture(PIL.Image.new("L", (40, 20)))) == [
        False,
        False,
    ]
