"""A user's own scorer that does something wrong: a missing score with its reason, or one line; never a traceback."""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from made.tree import edit, leafinstruct, put
from made.wrong_scorers import MINE, SHAPES, project

import leafinstruct as li


def scored(pipeline: Path, **options: Any) -> li.OpenedRun:
    return li.build(pipeline, pipeline.parents[1] / "run", stage="filter", **options)


def rows_by_page(run: li.OpenedRun) -> dict[str, dict[str, Any]]:
    pages = {document.id: Path(document.path).stem for document in run.documents()}
    found: Any = run.scores("mine").query("part.isna()").to_dict("records")
    return {pages[row["document"]]: {key: _known(value) for key, value in row.items()} for row in found}


def _known(value: Any) -> Any:
    return None if value != value else value


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


@pytest.mark.parametrize("name", SHAPES)
def test_what_is_wrong_about_one_document(name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    shape = SHAPES[name]
    pipeline = project(tmp_path, shape.body)
    if shape.stops:
        with pytest.raises(li.LeafError, match=rf"scorer Mine: {shape.line}") as stopped:
            scored(pipeline)
        assert "\n" not in str(stopped.value)
        return
    run = scored(pipeline)
    rows = rows_by_page(run)
    spoon = rows.pop("spoon")
    assert len(rows) == 5 and all(row["rate"] == 1.0 and row["error"] is None for row in rows.values())
    if shape.line:
        [line] = warned(caplog)
        assert re.search(rf"^filter mine: no score for \w+ \(.*spoon.md\): scorer Mine: {shape.line}", line), line
        assert "\n" not in line and re.search(shape.line, spoon["error"]) and spoon["rate"] is None
        decisions = run.decisions().query("part.isna()").set_index("document")
        assert [reason for reason in decisions.dropped_by if reason] == ["score_missing:mine.low"]
    elif name == "its_own_error":
        assert warned(caplog) == [] and spoon["rate"] is None and spoon["error"].startswith("no xxx")
        assert len(spoon["error"]) <= 300
    else:
        assert warned(caplog) == []
        assert spoon["error"] is None and (spoon["rate"] == shape.rate or shape.rate is None)
    assert run.funnel().balance() == []


def test_the_line_counts_the_others(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    scored(project(tmp_path, "pass", MINE.replace("if bad:", "raise KeyError(document.path)\n        if bad:")))
    [line] = warned(caplog)
    assert line.endswith("; nor for 5 others") and "KeyError" in line


def test_quiet_builds_warn_too(tmp_path: Path) -> None:
    pipeline = project(tmp_path, "raise ValueError('no nouns')")
    done = leafinstruct("build", str(pipeline), "--stage", "filter", "--quiet", "--workers", "1", cwd=tmp_path, check=0)
    assert done.stderr.count("\n") == 1 and "ValueError: no nouns (my_scorer.py, line 17)" in done.stderr


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("DocumentScorer):", "object):"), "has no scorer Mine; it must be a subclass of Scorer"),
        (("def score(", "def scores("), "scorer Mine does not define score"),
        (("columns =", "colums ="), "the scorer declares no columns"),
        (
            ('"document", "float"', '"documents", "float"'),
            "column 'rate': grain is 'documents' (did you mean 'document'?)",
        ),
        (('"document", "int"', '"document", "integer"'), "column 'count': type is 'integer' (did you mean 'int'?)"),
        (('Column("word"', 'Column("rate"'), "column 'rate' is declared twice"),
        (('Column("word"', 'Column("error"'), "column 'error': not a name"),
        (("columns = (", "columns = ('rate', "), "columns: 'rate' is no Column"),
        (
            ("columns = (", "columns = Column('a', 'image', 'int', '', '')\n    other = ("),
            "it is a tuple: columns = (Col",
        ),
        (('Column("word"', 'Column("and"'), "column 'and': not a name"),
        (
            ("    def score(", "    def __init__(self, *a): ...\n    def score("),
            "its __init__ does not call super().__init__",
        ),
        (
            ("    def score(", "    def identity(self):\n        1 / 0\n    def score("),
            "scorer Mine: ZeroDivisionError",
        ),
        (("import numpy", "import numpyy"), "ModuleNotFoundError: No module named 'numpyy' (my_scorer.py, line 3)"),
        (("class Mine", "clas Mine"), "SyntaxError: invalid syntax (my_scorer.py, line 6)"),
        (
            ("    def score(", "    def __init__(self, settings, model):\n        1 / 0\n    def score("),
            "scorer Mine: ZeroDivisionError: division by zero (my_scorer.py, line 14)",
        ),
    ],
)
def test_a_class_that_cannot_score(change: tuple[str, str], said: str, tmp_path: Path) -> None:
    pipeline = project(tmp_path, "pass", MINE.replace(*change))
    with pytest.raises(li.LeafError) as refused:
        scored(pipeline)
    assert said in str(refused.value) and "mine.yaml" in str(refused.value) and "\n" not in str(refused.value)


def test_other_settings_than_it_has(tmp_path: Path) -> None:
    pipeline = project(tmp_path, "pass")
    put(tmp_path / "filters/mine.yaml", "scorer: ./my_scorer.py:Mine\nsettings: {depth: 3}\n")
    with pytest.raises(li.LeafError, match=r"mine.yaml: unknown setting 'depth'"):
        scored(pipeline)


HELPED = MINE.replace("import numpy", "import numpy\nfrom helper import rate").replace('"rate": 1.0', '"rate": rate()')


def test_an_edited_helper_is_never_answered_from_old_scores(tmp_path: Path) -> None:
    pipeline = project(tmp_path, "pass", HELPED)
    put(tmp_path / "helper.py", "from numbers_of.ours import RATE\ndef rate():\n    return RATE\n")
    put(tmp_path / "numbers_of/ours.py", "RATE = 0.6\n")
    put(tmp_path / "numbers_of/__init__.py", "")
    put(tmp_path / "other.py", "A = 1\n")
    assert {row["rate"] for row in rows_by_page(scored(pipeline)).values()} == {0.6}
    folders = {path.name for path in (tmp_path / "run/scores").iterdir()}
    put(tmp_path / "other.py", "A = 2\n")  # which nothing imports
    scored(pipeline)
    assert {path.name for path in (tmp_path / "run/scores").iterdir()} == folders
    put(tmp_path / "numbers_of/ours.py", "RATE = 0.9\n")  # within the second, and of the same length
    assert {row["rate"] for row in rows_by_page(scored(pipeline)).values()} == {0.9}


IMAGES = """
from leafinstruct import Column, ImageScorer
class Mine(ImageScorer):
    columns = (Column("rate", "image", "float", "", "made"),)
    def measure(self, image, pixels, error):
        if pixels.getpixel((0, 0))[0] > 128:
            BODY
        return {"rate": 1.0}
"""
GALLERY = """
from leafinstruct import Column, GalleryScorer
class Mine(GalleryScorer):
    columns = (Column("rate", "document", "float", "", "made"),)
    def sketch(self, pixels):
        return pixels.size
    def score(self, document, sketches):
        if document.path.endswith("spoon.md"):
            BODY
        return [{"rate": float(len(sketches) > 0)}]
"""
CORPUS = """
import pyarrow as pa
from leafinstruct import Column, CorpusScorer
class Mine(CorpusScorer):
    columns = (Column("rate", "document", "float", "", "made"),)
    map_schema = pa.schema([("document", pa.string())])
    def map(self, documents):
        for document in documents:
            if document.path.endswith("spoon.md"):
                BODY
        return pa.table({"document": pa.array([d.id for d in documents], pa.string())})
    def reduce(self, signatures):
        for table in signatures:
            for name in table["document"].to_pylist():
                yield {"document": name, "rate": 1.0}
"""
CHANGES_PIXELS = """
from leafinstruct import Column, ImageScorer
class Mine(ImageScorer):
    columns = (Column("rate", "image", "float", "", "made"),)
    def measure(self, image, pixels, error):
        rate = float(pixels.getpixel((0, 0))[0])
        pixels.paste((0, 0, 0), (0, 0, *pixels.size))
        return {"rate": rate}
class Other(Mine):
    pass
"""


def test_a_scorer_that_changes_pixels_changes_its_own_alone(tmp_path: Path) -> None:
    pipeline = project(tmp_path, "", CHANGES_PIXELS)
    edit(pipeline, filters=["mine", "other", "image"])
    for name, kind in (("mine", "Mine"), ("other", "Other")):
        put(tmp_path / f"filters/{name}.yaml", f"scorer: ./my_scorer.py:{kind}\n")
    run = scored(pipeline)
    assert run.scores("mine").rate.tolist() == run.scores("other").rate.tolist()
    assert run.scores("mine").rate.max() > 0 and run.scores("image").contrast.max() > 0


RULE = "scorer: ./my_scorer.py:Mine\nrules:\n  - {name: low, drop: GRAIN, when: rate < 0.5, origin: own}\n"


@pytest.mark.parametrize(
    ("scorer", "grain", "body"),
    [(IMAGES, "image", "raise ValueError('odd')"), (IMAGES, "image", "return {'rate': 'odd'}")]
    + [(GALLERY, "document", "raise ValueError('odd')"), (GALLERY, "document", "return [{'rate': 'odd'}]")]
    + [(CORPUS, "document", "raise ValueError('odd')")],
)
def test_scorers_of_other_kinds(
    scorer: str, grain: str, body: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pipeline = project(tmp_path, body, scorer)
    put(tmp_path / "filters/mine.yaml", RULE.replace("GRAIN", grain))
    run = scored(pipeline)
    rows = run.scores("mine")
    assert 0 < rows.error.notna().sum() < len(rows) == (18 if grain == "image" else 6)
    assert (rows.rate.isna() == rows.error.notna()).all() and (rows.rate.dropna() == 1.0).all()
    [line] = warned(caplog)
    assert line.startswith("filter mine: no score for ") and "odd" in line and "scorer Mine" in line


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('"rate": 1.0', '"rate": "odd"'), None),
        (
            ('yield {"document": name', 'yield {"document": "x" + name'),
            "reduce gave a row about x.*, which is no document",
        ),
        (
            ("for name in table", "for name in [] and table"),
            "reduce: it gave no row about the document; nor for 5 others",
        ),
        (
            ("for table in signatures:", "raise SystemExit(3)\n        for table in signatures:"),
            "reduce: SystemExit: 3",
        ),
        (("pa.schema([", "dict(["), "map_schema is missing or no pyarrow.Schema"),
        (('{"document": name, ', "{"), r"scorer Mine: reduce gave \{'rate': 1.0\}; a row has 'document' or 'sha256'"),
        (("for table in signatures:", "for table in 2 * list(signatures):"), "reduce gave two rows about the document"),
        (
            ('yield {"doc', 'raise KeyError(3)\n                yield {"doc'),
            r"scorer Mine: reduce: KeyError: 3 \(my_sc",
        ),
        (
            ('pa.table({"document"', 'pa.table({"documents"'),
            "scorer Mine: map returned the columns documents; map_schema declares others",
        ),
    ],
)
def test_corpus_scorers(
    change: tuple[str, str], said: str | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pipeline = project(tmp_path, "pass", CORPUS.replace(*change))
    put(tmp_path / "filters/mine.yaml", RULE.replace("GRAIN", "document"))
    try:
        run = scored(pipeline)
        told = "".join(warned(caplog))
        assert run.scores("mine").rate.isna().all() and run.scores("mine").error.notna().all()
    except li.LeafError as error:
        told = str(error)
    assert re.search(said or "column 'rate' is 'odd'; it takes a number; nor for 5 others", told), told


MODEL = """
from leafinstruct import Column, ModelScorer
asked = []
class Mine(ModelScorer):
    model = "llm"
    columns = (Column("rate", "document", "float", "", "made"),)
    def load(self, pool): ...
    def score(self, items, open_image):
        for item in items:
            asked.append(item.document.path)
            if item.document.path.endswith("spoon.md"):
                BODY
            yield {"document": item.document.id, "rate": 1.0}
"""


@pytest.mark.parametrize(
    "body", ["raise ValueError('odd')", "yield {'document': item.document.id, 'rate': 'odd'}; continue"]
)
def test_a_model_scorer_is_asked_again_about_what_failed_and_nothing_else(
    body: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    served = {"llm": {"model": "m", "backend": "openai", "base_url": "http://127.0.0.1:9/v1"}}
    pipeline = project(tmp_path, body, MODEL)
    edit(pipeline, models=served)
    rows = scored(pipeline).scores("mine")
    assert rows.error.notna().sum() == 1 and rows.rate.notna().sum() == 5
    [line] = warned(caplog)
    assert "spoon.md" in line and "odd" in line
    loaded = [
        module for module in sys.modules.values() if getattr(module, "__file__", "") == str(tmp_path / "my_scorer.py")
    ]
    asked: list[str] = loaded[0].asked
    asked.clear()
    scored(pipeline)
    assert [Path(one).name for one in asked] in (["spoon.md"], ["spoon.md", "spoon.md"]), "no other document again"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "os.kill(os.getpid(), signal.SIGKILL)",
            r"was killed by signal 9 \(often: out of memory\) at work on scorer Mine",
        ),
        ("os._exit(137)", r"ended with exit code 137 .* at work on scorer Mine, document \w+"),
    ],
)
def test_a_worker_that_dies(body: str, said: str, tmp_path: Path) -> None:
    pipeline = project(tmp_path, body)
    done = leafinstruct("build", str(pipeline), "--stage", "filter", "--quiet", "--workers", "2", cwd=tmp_path, check=2)
    assert done.stderr.count("\n") == 1 and re.search(said, done.stderr), done.stderr


@pytest.mark.slow
def test_a_slow_scorer_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leafinstruct.filter.cpu_scores.SLOW", 0.5)
    scored(project(tmp_path, "time.sleep(1)"))
    [line] = warned(caplog)
    assert re.search(r"filter mine: scorer Mine took 1 of 1 s", line)
