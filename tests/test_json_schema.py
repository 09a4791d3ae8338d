"""The schema is what the reader reads: shipped files hold to it, and the docs list it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from leafinstruct.json_schema import filter_schema, pipeline_schema, settings_page, to_json
from leafinstruct.pipeline import default_pipeline
from leafinstruct.project import SCHEMAS, init_project

ROOT = Path(__file__).parents[1]


KINDS = {"pipeline": pipeline_schema, "filter": filter_schema}
SHIPPED = [(kind, file) for kind in KINDS for file in sorted((ROOT / f"{kind}s").glob("*.yaml"))]


def errors(schema: dict[str, Any], value: Any) -> list[str]:
    checker = jsonschema.Draft202012Validator(json.loads(to_json(schema)))
    return [error.message for error in checker.iter_errors(value)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_files_are_what_the_code_generates(kind: str) -> None:
    name = f"{kind}s/{kind}.schema.json"
    assert name in SCHEMAS
    shipped = (ROOT / name).read_text(encoding="utf-8")
    assert shipped == to_json(KINDS[kind]()) + "\n", f"run: leafinstruct schema {kind} > {name}"
    jsonschema.Draft202012Validator.check_schema(json.loads(shipped))


@pytest.mark.parametrize(("kind", "file"), SHIPPED, ids=lambda value: getattr(value, "stem", value))
def test_shipped_files_name_their_schema_and_hold_to_it(kind: str, file: Path) -> None:
    first, text = file.read_text(encoding="utf-8").split("\n", 1)
    named = first.removeprefix("# yaml-language-server: $schema=")
    assert named == f"{kind}.schema.json", first
    assert errors(json.loads((file.parent / named).read_text(encoding="utf-8")), yaml.safe_load(text)) == []


def test_init_copies_the_schemas_and_no_one_takes_them_for_pipelines(tmp_path: Path) -> None:
    made = init_project(tmp_path)
    for name in SCHEMAS:
        assert tmp_path / name in made
        assert (tmp_path / name).read_bytes() == (ROOT / name).read_bytes()
    (tmp_path / "pipelines/demo.yaml").rename(tmp_path / "pipelines/mine.yaml")
    assert default_pipeline(tmp_path) == tmp_path / "pipelines/mine.yaml", "the only pipeline there is"
    for file in (*tmp_path.glob("pipelines/*.yaml"), *tmp_path.glob("filters/*.yaml")):
        named = file.read_text(encoding="utf-8").split("\n", 1)[0].partition("$schema=")[2]
        assert named and (file.parent / named).is_file()


@pytest.mark.parametrize(
    "change",
    [
        {"filters": []},
        {"shard": {"validaton": 0.1}},
        {"shard": {"validation": 2}},
        {"models": {"clip": {"model": "a/b", "batch_sze": 3}}},
        {"sources": [{"name": "a", "kind": "tutorial", "path": 3}]},
    ],
)
def test_what_the_reader_refuses_it_refuses(change: dict[str, Any]) -> None:
    good = {"sources": [{"name": "a", "kind": "tutorial", "path": "x"}], "filters": ["text"]}
    assert errors(pipeline_schema(), good) == []
    assert errors(pipeline_schema(), good | change)


def test_the_docs_list_all_settings() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert page == settings_page(), "run: leafinstruct schema docs > docs/settings.md"
