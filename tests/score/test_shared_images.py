from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml
from made import core as made

from leafinstruct.bundled import package_folders
from leafinstruct.document import Document
from leafinstruct.score.base import Row
from leafinstruct.score.shared_images import Scorer


def page(name: str, images: str) -> Document:
    return made.document(name, [made.text("Fold it."), *(made.image(letter) for letter in images)])


def rows(documents: list[Document], size: int = 3, **settings: int) -> dict[str, Row]:
    scorer = Scorer(settings)
    maps = [scorer.map(documents[i : i + size]) for i in range(0, len(documents), size)]
    found = scorer.table(scorer.reduce(maps)).to_pylist()
    return {row["document"]: {k: row[k] for k in ("share", "documents_sharing_images", "group")} for row in found}


@pytest.mark.parametrize("size", [1, 2, 9])
def test_shares_and_groups_whatever_the_partitions(size: int) -> None:
    pages = [page("d", "wxyz"), page("c", "abcd"), page("b", "abcde"), page("a", "deuw"), page("e", "qqq")]
    expected = {
        "a": {"share": 0.75, "documents_sharing_images": 1, "group": None},
        "b": {"share": 1.0, "documents_sharing_images": 1, "group": "b"},
        "c": {"share": 1.0, "documents_sharing_images": 1, "group": "b"},
        "d": {"share": 0.25, "documents_sharing_images": 0, "group": None},
        "e": {"share": 0.0, "documents_sharing_images": 0, "group": None},
    }
    assert rows(pages, size) == rows(pages[::-1], size) == expected


def test_one_common_image_makes_no_group() -> None:
    pair = [page("a", "x"), page("b", "x")]
    assert rows(pair)["b"] == {"share": 1.0, "documents_sharing_images": 1, "group": None}
    assert rows(pair, images=1)["b"]["group"] == "a"


def test_boilerplate_pairs_nothing() -> None:
    many = [page(f"{n:02}", "fg") for n in range(21)]
    assert rows(many)["03"] == {"share": 1.0, "documents_sharing_images": 0, "group": None}
    assert rows(many[:20])["03"] == {"share": 1.0, "documents_sharing_images": 19, "group": "00"}


def test_numbers_are_those_of_comparing_all_pairs() -> None:
    draw = random.Random(1)
    pages = [page(f"{n:02}", "".join(draw.choices("abcdefghijklmnop", k=draw.randrange(1, 6)))) for n in range(30)]
    held = {p.id: set(p.images) for p in pages}
    for name, row in rows(pages, boilerplate=30).items():
        others = [images for other, images in held.items() if other != name]
        assert row["share"] == pytest.approx(
            sum(any(i in o for o in others) for i in held[name]) / len(held[name]), abs=1e-4
        )
        assert row["documents_sharing_images"] == sum(2 * len(held[name] & o) >= len(held[name]) for o in others)


def test_documents_without_images_have_no_row() -> None:
    assert rows([page("a", ""), page("b", "")]) == {} == rows([])


def test_the_shipped_filter_loads(tmp_path: Path) -> None:
    shipped = yaml.safe_load((package_folders()[1] / "filters" / "shared_images.yaml").read_text())
    assert [r.one_per for r in made.pipeline(tmp_path, {"shared_images": shipped}).filters[0].rules] == ["group", ""]
