"""Masking where the edited document is made, and the shipped filters that read other filters' columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made import core as made

from leafinstruct.filter.edits import edit_texts
from leafinstruct.filter.partitions import _editors
from leafinstruct.pipeline import load_pipeline
from leafinstruct.score.pii import Scorer


def test_masking_reaches_all_texts_of_the_edited_document() -> None:
    shown = made.image("a", alt="Photo by a@firma.de", caption="Ask b@firma.de")
    whole = made.document("d", [made.text("Call +49 30 1234567."), shown], title="c@firma.de")
    edited = edit_texts(whole, [Scorer({"mask": True})])
    assert [p.text for p in edited.parts] == ["Call [phone].", ""]
    assert (edited.parts[1].alt, edited.parts[1].caption, edited.title) == (
        "Photo by [email]",
        "Ask [email]",
        "[email]",
    )
    assert edited.parts[1].image == shown.image
    assert edit_texts(whole, [Scorer({})]) == whole


def test_only_scorers_that_change_texts_edit(tmp_path: Path) -> None:
    built = made.pipeline(tmp_path, {"text": {"scorer": "text"}, "pii": {"scorer": "pii", "settings": {"mask": True}}})
    assert [type(e) for e in _editors(built)] == [Scorer]


@pytest.mark.parametrize("name", ["obelics", "omnicorpus"])
def test_thresholds_of_others_load_behind_the_filters_they_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "pipelines").mkdir()
    path = tmp_path / "pipelines" / "p.yaml"
    before = ["image", "seen", "repeats", "text", "ratios", "blocklist", "pii", "boilerplate"]
    path.write_text(f"sources: [{{name: a, kind: tutorial, path: '*'}}]\nfilters: [{', '.join([*before, name])}]\n")
    loaded = load_pipeline(path, resolve_models=False)
    rules: Any = loaded.filters[-1].rules
    assert len(rules) >= 10 and all(rule.origin.startswith(("OBELICS", "OmniCorpus")) for rule in rules)
