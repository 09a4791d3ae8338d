"""The schema is what the reader reads: shipped files hold to it, and the docs list it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from leafinstruct.json_schema import filter_schema, pipeline_schema, settings_page, to_json

ROOT = Path(__file__).parents[1]


def errors(schema: dict[str, Any], value: Any) -> list[str]:
    checker = jsonschema.Draft202012Validator(json.loads(to_json(schema)))
    return [error.message for error in checker.iter_errors(value)]


@pytest.mark.parametrize("file", sorted((ROOT / "pipelines").glob("*.yaml")), ids=lambda file: file.stem)
def test_shipped_pipelines_hold_to_it(file: Path) -> None:
    assert errors(pipeline_schema(), yaml.safe_load(file.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("file", sorted((ROOT / "filters").glob("*.yaml")), ids=lambda file: file.stem)
def test_shipped_filters_hold_to_it(file: Path) -> None:
    assert errors(filter_schema(), yaml.safe_load(file.read_text(encoding="utf-8"))) == []


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
