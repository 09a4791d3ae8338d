"""A package whose entry points are the plugins of the example project, and a wheel made of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from made.tree import ROOT, put

OWN_CODE = ROOT / "examples" / "own_code"
PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "card-plugins"
version = "1.0"

[project.entry-points."leafinstruct.sources"]
cards = "card_plugins.my_source:Cards"
[project.entry-points."leafinstruct.scorers"]
plain_words = "card_plugins.my_scorer:PlainWords"
[project.entry-points."leafinstruct.tasks"]
show_and_tell = "card_plugins.my_task:SHOW_AND_TELL"
[project.entry-points."leafinstruct.llms"]
echo = "card_plugins.my_backend:Echo"
"""


def plugin_wheel(folder: Path) -> Path:
    """A wheel of the package `card_plugins`, built in `folder`."""
    put(folder / "pyproject.toml", PROJECT)
    for file in OWN_CODE.glob("my_*.py"):
        text = file.read_text(encoding="utf-8").replace("from my_helpers", "from card_plugins.my_helpers")
        put(folder / "card_plugins" / file.name, text)
    put(folder / "card_plugins/__init__.py", "")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return next((folder / "dist").glob("*.whl"))


def example_project(folder: Path, own_files: bool) -> Path:
    """The example in another folder: as it is, or with the names of the entry points and no Python file."""
    shutil.copytree(OWN_CODE, folder, ignore=shutil.ignore_patterns("runs", "__pycache__"))
    if not own_files:
        changes = {"./my_source.py:Cards": "cards", "./my_backend.py:Echo": "echo"}
        changes |= {'"./my_task.py:SHOW_AND_TELL"': "show_and_tell", "./my_scorer.py:PlainWords": "plain_words"}
        for file in (folder / "pipelines/cards.yaml", folder / "filters/plain_words.yaml"):
            text = file.read_text(encoding="utf-8")
            for old, new in changes.items():
                text = text.replace(old, new)
            file.write_text(text, encoding="utf-8")
        for file in folder.glob("*.py"):
            file.unlink()
    return folder
