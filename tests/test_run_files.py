"""The page on a run's files, held against a run: every file of it is named, and every table has the columns listed."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made.harvest import picture, record, warc_gz
from made.tree import edit, leafinstruct, make_project, put, run_build, sentences

from leafinstruct import layout, plugins
from leafinstruct.harvest.stage import COSTLY_SCHEMA
from leafinstruct.pipeline import load_pipeline
from leafinstruct.rewrite.answer_leak import SCHEMA as LEAK_SCHEMA
from leafinstruct.rewrite.generations import GENERATION_SCHEMA
from leafinstruct.run import Run
from leafinstruct.run_files import page
from leafinstruct.score.base import CorpusScorer, Scorer

PAGE = Path(__file__).parents[1] / "docs" / "run-files.md"
LOADING = {"clip", "judge", "lm", "nsfw"}
"""Scorers that ask a model. They are compared without a run."""
NAMES = {"PARTITION": "[^/]+", "SOURCE": "[^/]+", "FILTER-HASH": r"[\w-]+", "HASH": "[0-9a-f]+", "NAME": ".+"}
"""What the words in capitals stand for; longer ones go before their parts."""
ROW = re.compile(r"^\| `([^`]+)` \| (.*) \|$")


def sections() -> dict[str, list[tuple[str, list[str]]]]:
    """The page's headings, each with the rows of its tables: the name in the first cell, the others."""
    found: dict[str, list[tuple[str, list[str]]]] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            rows = found.setdefault(line.lstrip("# "), [])
        elif match := ROW.match(line):
            rows.append((match[1], [cell.strip() for cell in match[2].split(" | ")]))
    return found


def columns(heading: str) -> list[tuple[str, str]]:
    return [(name, cells[0]) for name, cells in sections()[heading]]


def about_scores(scorer: type[Scorer]) -> list[tuple[str, str]]:
    """Columns of a table of scores by the page: the shared ones, those of its scorer, and that of models."""
    name = scorer.__module__.rpartition(".")[2]
    shared = columns("Scores")
    own = [(column, cells[1]) for column, cells in sections()[f"Scorer `{name}`"] if cells[0] in ("document", "image")]
    types = {"float": "float64", "int": "int64", "text": "string", "bool": "bool"}
    listed = [(column, types[kind]) for column, kind in own]
    return [*shared[:4], *listed, *(shared[4:] if name in LOADING else [])]


def signatures(scorer: str) -> list[tuple[str, str]]:
    return [(name, cells[0]) for name, cells in sections()[f"Scorer `{scorer}`"] if len(cells) == 2]


def flat(schema: pa.Schema) -> list[tuple[str, str]]:
    """Columns and the fields inside them as the page writes them."""

    def walk(path: str, kind: pa.DataType) -> Iterator[tuple[str, str]]:
        yield path, word(kind)
        if hasattr(kind, "value_type") and pa.types.is_struct(kind.value_type):
            path, kind = f"{path}[]", kind.value_type
        if pa.types.is_struct(kind):
            for field in kind:
                yield from walk(f"{path}.{field.name}", field.type)

    return [one for field in schema for one in walk(field.name, field.type)]


def word(kind: pa.DataType) -> str:
    if pa.types.is_fixed_size_list(kind):
        return f"list of {kind.list_size} {word(kind.value_type)}"
    if pa.types.is_list(kind):
        return f"list of {word(kind.value_type)}"
    return "struct" if pa.types.is_struct(kind) else {"double": "float64"}.get(str(kind), str(kind))


def read(path: Path) -> pa.Schema:
    return pq.read_schema(path)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of a tree, two WARC files and a JSON array, through every scorer without a model."""
    folder = tmp_path_factory.mktemp("files")
    text = "<p>".join(sentences("kite", 8))
    page = f"<html><body><article><h1>A kite</h1><p>{text}<img src=/kite.png></article></body></html>"
    put(folder / "web/pages.warc.gz", warc_gz(record("https://a.example/kite", page.encode())))
    put(folder / "web/images.warc.gz", warc_gz(record("https://a.example/kite.png", picture(), mime="image/png")))
    put(folder / "steps/all.json", json.dumps([{"title": "Tea", "steps": sentences("tea", 9)}]))
    pipeline = make_project(folder)
    filters = sorted(plugins.bundled_names(plugins.SCORER) - LOADING)
    for name in set(filters):
        put(folder / "filters" / f"{name}.yaml", f"scorer: {name}\n")
    put(folder / "filters/decontaminate.yaml", "scorer: decontaminate\nsettings: {texts: [bench.txt]}\n")
    put(folder / "bench.txt", "Nobody has written this sentence of a benchmark into a tutorial yet.\n")
    sources = [
        {"name": "tree", "kind": "tutorial", "path": "tree/*"},
        {"name": "web", "kind": "warc", "path": "web/*.warc.gz"},
        {"name": "steps", "kind": "steps", "path": "steps/*.json"},
    ]
    edit(pipeline, sources=sources, filters=filters)
    return run_build(pipeline, folder / "runs/made")


def files(run: Run) -> list[str]:
    return sorted(path.relative_to(run.path).as_posix() for path in run.path.rglob("*") if path.is_file())


def pattern(place: str) -> re.Pattern[str]:
    """What a place on the page matches; a folder matches the files in it."""
    found = re.escape(place).replace(r"\-", "-")
    for name, allowed in NAMES.items():
        found = found.replace(name, allowed)
    return re.compile(found + (".+" if place.endswith("/") else ""))


def listed(run: Run, file: str) -> list[tuple[str, str]]:
    """The columns of a Parquet file by the page."""
    folder, _, rest = file.partition("/")
    if folder == "index":
        kind = "a JSON array" if ".json" in rest else "a WARC file"
        return columns(f"`index/SOURCE/FILE.parquet` of {kind}")
    if folder in ("scores", "corpus") and file != layout.REPEATED_REQUESTS:
        pipeline = load_pipeline(run.path.parents[1] / "pipelines/made.yaml")
        owner = next(f for f in pipeline.filters if f.folder in rest)
        assert owner.scorer
        signed = folder == "scores" and isinstance(owner.scorer, CorpusScorer)
        return signatures(owner.name) if signed else about_scores(type(owner.scorer))
    places = {place: heading for heading in sections() for place in re.findall("`([^`]+parquet)`", heading)}
    headings = {
        heading
        for place, heading in places.items()
        if pattern(place.replace("SPLIT-00000-of-00001", "NAME")).fullmatch(file)
    }
    assert len(headings) == 1, file
    return columns(headings.pop())


def test_the_page_is_what_the_command_prints() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: leafinstruct schema run > docs/run-files.md"
    assert leafinstruct("schema", "run", cwd=PAGE.parent, check=0).stdout == page()


def test_every_file_of_a_run_is_named(run: Run) -> None:
    places = [pattern(place) for place, _ in sections()["Files"]]
    unnamed = [file for file in files(run) if not any(place.fullmatch(file) for place in places)]
    assert unnamed == []


def test_every_name_of_the_layout_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    names = {value for name, value in vars(layout).items() if name.isupper() and isinstance(value, str)}
    assert [name for name in names - {layout.SUFFIX} if name not in text] == []
    places = [pattern(place) for place, _ in sections()["Files"]]
    functions = {name: value for name, value in vars(layout).items() if callable(value) and name != "in_folder"}
    for name, function in functions.items():
        file = function(*("a" for _ in inspect.signature(function).parameters))
        assert any(place.fullmatch(one) for place in places for one in (file, f"{file}/a")), name


def test_every_table_of_a_run_has_the_columns_of_the_page(run: Run) -> None:
    tables = [file for file in files(run) if file.endswith(".parquet")]
    wrong = {}
    for file in tables:
        stored, told = flat(read(run.file(file))), listed(run, file)
        if stored != told:
            wrong[file] = (stored, told)
    assert wrong == {}
    folders = {file.partition("/")[0] for file in tables}
    assert folders == {*layout.OF_PARTITIONS, "index", "scores", "corpus", "shards"} - {layout.COSTLY}


@pytest.mark.parametrize(
    ("heading", "schema"),
    [
        ("`generations/HASH/PARTITION.parquet`", GENERATION_SCHEMA),
        ("`overlap/HASH/PARTITION.parquet`", LEAK_SCHEMA),
        ("`costly/PARTITION.parquet`", COSTLY_SCHEMA),
    ],
)
def test_tables_that_this_run_lacks_have_the_columns_of_the_page(heading: str, schema: pa.Schema) -> None:
    assert columns(heading) == flat(schema)


@pytest.mark.parametrize("name", sorted(plugins.bundled_names(plugins.SCORER)))
def test_every_scorer_has_the_columns_of_the_page(name: str) -> None:
    scorer = plugins.own(plugins.SCORER, name)
    assert about_scores(scorer) == flat(scorer.schema(scorer.__new__(scorer)))
    if issubclass(scorer, CorpusScorer):
        assert signatures(name) == flat(scorer.map_schema)


def keys(value: Any, told: set[str], path: str = "") -> set[str]:
    """Paths of the keys of a JSON value; what is below a path that the page has is its own matter."""
    if path in told:
        return {path}
    if isinstance(value, list):
        return {key for one in value for key in keys(one, told, f"{path}[]")}
    if isinstance(value, dict):
        return {key for name, one in value.items() for key in keys(one, told, f"{path}.{name}".lstrip("."))}
    return {path}


@pytest.mark.parametrize("file", [layout.RUN, layout.TIMINGS, layout.SHARDS_MANIFEST])
def test_json_files_have_the_keys_of_the_page(run: Run, file: str) -> None:
    told = [name for name, _ in sections()[f"`{file}`"]]
    assert keys(run.json(file), set(told)) == set(told)


def test_every_meaning_says_something() -> None:
    rows = [(heading, name, cells[-1]) for heading, found in sections().items() for name, cells in found]
    assert len(rows) > 200
    assert [row for row in rows if len(row[2]) < 4] == []
