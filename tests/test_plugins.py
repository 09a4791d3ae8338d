from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

import leafinstruct.score
from leafinstruct import plugins
from leafinstruct.errors import LeafError
from leafinstruct.score.base import DocumentScorer, Scorer


def test_the_list_of_scorers_is_what_the_folder_holds() -> None:
    modules = [m.name for m in iter_modules(leafinstruct.score.__path__)]
    found = {
        name for name in modules if "Scorer" in vars(import_module(f"leafinstruct.score.{name}")) and name != "base"
    }
    assert plugins.bundled_names(plugins.SCORER) == found


def test_a_class_in_a_file_of_the_project(tmp_path: Path) -> None:
    text = "from leafinstruct.score.base import DocumentScorer\nclass Mine(DocumentScorer):\n    score = None\n"
    (tmp_path / "mine.py").write_text(text)
    found = plugins.load(plugins.SCORER, "./mine.py:Mine", tmp_path, Scorer)
    assert issubclass(found.value, DocumentScorer) and found.code


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("imagge", "unknown scorer 'imagge' (did you mean 'image'?)"),
        ("./none.py:Mine", "none.py is not there"),
        ("./broken.py:Mine", "broken.py does not load: ZeroDivisionError"),
        ("./mine.py:Min", "mine.py has no scorer Min (did you mean 'Mine'?)"),
        ("./mine.py:DocumentScorer", "mine.py has no scorer DocumentScorer"),
    ],
)
def test_what_cannot_be_had_is_said_in_one_line(tmp_path: Path, spec: str, said: str) -> None:
    (tmp_path / "broken.py").write_text("1 / 0\n")
    text = "from leafinstruct.score.base import DocumentScorer\nclass Mine(DocumentScorer):\n    score = None\n"
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(LeafError) as refused:
        plugins.load(plugins.SCORER, spec, tmp_path, Scorer)
    assert said in str(refused.value) and "\n" not in str(refused.value)
