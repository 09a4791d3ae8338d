"""A run's files are spelled in one place."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import leafinstruct
from leafinstruct import layout

FILES = {value for value in vars(layout).values() if isinstance(value, str) and value.endswith(".json")}
FOLDERS = {
    call("x").partition("/")[0]
    for name, call in vars(layout).items()
    if name in {"documents", "images", "asked", "indexes", "corpus", "decisions", "filtered", "written", "records"}
    or name in {"shard", "trained", "proof", "audit_run"}
} | {"scores", "generations", "overlap", "report"}
SPELLED = re.compile(
    rf"(?:.*/)?(?:{'|'.join(sorted(FOLDERS))})/.*|(?:.*/)?(?:{'|'.join(map(re.escape, sorted(FILES)))})", re.S
)


def spelled(source: str) -> list[str]:
    """Strings and beginnings of f-strings that name a file of a run, docstrings apart."""
    tree = ast.parse(source)
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [
        n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in told
    ]
    joined = [n.right for n in ast.walk(tree) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Div)]
    named = {id(node) for node in joined if isinstance(node, ast.Constant) and node.value in FOLDERS}
    return [f"{node.lineno}: {node.value}" for node in texts if SPELLED.fullmatch(node.value) or id(node) in named]


def test_no_module_but_layout_spells_a_runs_files() -> None:
    root = Path(leafinstruct.__file__).parent
    own = ("layout.py", "moss/train.py", "demo/")  # the trainer and the sample write into any folder
    files = [path for path in sorted(root.rglob("*.py")) if not path.relative_to(root).as_posix().startswith(own)]
    found = {path.relative_to(root).as_posix(): spelled(path.read_text(encoding="utf-8")) for path in files}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "line",
    [
        'f"{root}/shards/x"',
        'f"{root}/documents/{p}.parquet"',
        'root / "documents"',
        'f"documents/{name}.parquet"',
        '"run.json"',
        '"shards/manifest.json"',
        'f"scores/{a}/{b}.parquet"',
    ],
)
def test_the_search_knows_a_path_when_it_sees_one(line: str) -> None:
    assert spelled(f"x = {line}")
    assert not spelled(f'"""{line[1:-1]}"""\nx = "a report on documents / images"')


def test_names_are_what_runs_hold_today() -> None:
    assert layout.documents("a-00001") == "documents/a-00001.parquet"
    assert layout.scores("text-01234567", "a-00001") == "scores/text-01234567/a-00001.parquet"
    assert layout.corpus("seen-01234567") == "corpus/seen-01234567.parquet"
    assert layout.shard("train-00000-of-00004.parquet") == "shards/train-00000-of-00004.parquet"
