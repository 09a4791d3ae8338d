"""Old import locations: each gives what has moved, with a warning."""

from __future__ import annotations

from importlib import import_module

import pytest

MOVED = [
    ("leafinstruct.decide", "evaluate"),
    ("leafinstruct.decide", "choose"),
    ("leafinstruct.decide", "Verdicts"),
    ("leafinstruct.document", "LeafError"),
    ("leafinstruct.harvest.captions", "parse_captions"),
    ("leafinstruct.harvest.html", "parse_html"),
    ("leafinstruct.models.llm_local", "load_tokenizer"),
    ("leafinstruct.score.pixels", "perceptual_hash"),
    ("leafinstruct.shard.hub", "plan_push"),
]


@pytest.mark.parametrize(("module", "name"), MOVED)
def test_what_moved_is_found_with_a_warning(module: str, name: str) -> None:
    old = import_module(module)
    with pytest.warns(DeprecationWarning, match=f"{module}.{name} has moved to "):
        assert getattr(old, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = old.nothing
