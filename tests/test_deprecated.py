"""Old import locations: each gives what has moved, with a warning that names the new place."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "leafinstruct"
OLD = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if "\n__getattr__ = moved(" in path.read_text(encoding="utf-8")
)
MOVED = [(module, name, new) for module in OLD for name, new in import_module(module).__getattr__.args[1].items()]
"""All that has moved: where it was, its name, and where it is."""
USED = {
    ("leafinstruct.decide", "evaluate"),
    ("leafinstruct.decide", "choose"),
    ("leafinstruct.decide", "Verdicts"),
    ("leafinstruct.document", "LeafError"),
    ("leafinstruct.harvest.captions", "parse_captions"),
    ("leafinstruct.harvest.html", "parse_html"),
    ("leafinstruct.models.llm_local", "load_tokenizer"),
    ("leafinstruct.moss.codebook", "shrink"),
    ("leafinstruct.score.pixels", "perceptual_hash"),
    ("leafinstruct.shard.hub", "plan_push"),
}
"""What scripts are known to import, until the release that removes it."""


def test_what_scripts_use_is_still_there() -> None:
    assert {(module, name) for module, name, _ in MOVED} >= USED


@pytest.mark.parametrize(("module", "name", "new"), MOVED, ids=lambda value: value.removeprefix("leafinstruct."))
def test_what_moved_is_found_with_a_warning(module: str, name: str, new: str) -> None:
    old = import_module(module)
    with pytest.warns(DeprecationWarning) as told:
        assert getattr(old, name) is getattr(import_module(new), name)
    assert [str(one.message) for one in told] == [f"{module}.{name} has moved to {new}"]
    assert told[0].filename == __file__, "the line that uses the old name"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = old.nothing
