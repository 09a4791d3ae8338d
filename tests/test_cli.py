"""The command line as a user meets it: what it prints, what it returns, and one line for what must be changed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from made.tree import edit, edit_filter, leafinstruct, make_project, make_tree, put, run_build

from leafinstruct import cli
from leafinstruct.run import Run


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder with a finished run in runs/made; tests only read it."""
    folder = tmp_path_factory.mktemp("finished")
    run_build(make_project(folder), folder / "runs/made")
    return folder


class Terminal:
    """Runs commands in this process, in a folder."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str], folder: Path) -> None:
        self._patch, self._capture, self.folder = monkeypatch, capture, folder

    def __call__(self, *arguments: str, folder: Path | None = None) -> tuple[int, str, str]:
        """Exit code, standard output and standard error of a command."""
        self._patch.chdir(folder or self.folder)
        self._patch.setattr(sys, "argv", ["leafinstruct", *arguments])
        self._capture.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = self._capture.readouterr()
        return code, out, err

    def refused(self, *arguments: str, folder: Path | None = None) -> str:
        """The one line of a command that ends with exit code 2."""
        code, out, err = self(*arguments, folder=folder)
        assert (code, out) == (2, ""), (out, err)
        assert err.count("\n") == 1 and err.startswith("leafinstruct: "), err
        return err


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Terminal:
    return Terminal(monkeypatch, capsys, tmp_path)


# A user's session


def test_init_and_every_stage_in_the_folder(terminal: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    code, out, _ = terminal("init", str(folder))
    assert code == 0
    assert f"cd {folder} && leafinstruct build --stage filter" in out
    assert {str(p) for p in folder.rglob("*.*")} <= set(out.splitlines())
    make_tree(folder / "tree")
    pipeline = folder / "pipelines/demo.yaml"
    assert [s["name"] for s in yaml.safe_load(pipeline.read_text())["sources"]] == ["tutorials", "web"]
    source = {"name": "mine", "kind": "tutorial", "path": "tree/*"}
    edit(pipeline, sources=[source], filters=["image", "text"], models={}, rewrite={"writer": "template"})
    for stage in ("harvest", "filter", "rewrite", "shard"):
        code, out, err = terminal("build", "--stage", stage, "--workers", "1", folder=folder)
        assert code == 0, err
        assert out.splitlines()[-1] == f"run: {Path('runs/demo')}"
        code, out, _ = terminal("status", "--json", folder=folder)
        assert json.loads(out)["stages"][-1] == stage
        assert json.loads(out)["adds_up"]
    assert terminal("check", "runs/demo/shards", folder=folder)[0] == 0
    assert "choose an empty folder" in terminal.refused("init", str(folder))


def test_build_prints_the_funnel_and_reports_progress_on_stderr(terminal: Terminal, finished: Path) -> None:
    arguments = ("build", str(finished / "pipelines/made.yaml"), "--run", "new", "--workers", "1")
    code, out, err = terminal(*arguments)
    assert code == 0
    assert "documents harvested         16" in out and "image.too_small" in out and "records published" in out
    assert "harvest: 4/4 partitions" in err
    code, out, err = terminal(*arguments, "--json", "--quiet")
    assert (code, err) == (0, "")
    assert json.loads(out)["records"] == 11


def test_limit_builds_next_to_the_whole_run(terminal: Terminal, finished: Path) -> None:
    pipeline = str(finished / "pipelines/made.yaml")
    code, out, _ = terminal("build", pipeline, "--limit", "3", "--stage", "filter", "--workers", "1")
    assert code == 0
    assert out.splitlines()[-1] == f"run: {Path('runs/made-limit-3')}"
    assert Run(terminal.folder / "runs/made-limit-3").json("run.json")["limit"] == 3


REPORTS: dict[str, tuple[list[str], str]] = {
    "status": (["status"], "documents harvested"),
    "show": (["show", "clay/teapot.md"], "clay/teapot.md"),
    "scores": (["scores"], "text.words"),
    "scores of a run": (["scores", "--run", "runs/made"], "99%"),
    "check": (["check", "runs/made/shards"], "rows"),
    "card": (["card"], "## Known gaps"),
    "push": (["push", "you/made", "--dry-run"], "you/made"),
}


@pytest.mark.parametrize("command", REPORTS)
def test_a_report_is_readable_and_its_json_parses(terminal: Terminal, finished: Path, command: str) -> None:
    arguments, wanted = REPORTS[command]
    code, out, err = terminal(*arguments, folder=finished)
    assert (code, err) == (0, "")
    assert wanted in out
    with pytest.raises(ValueError):
        json.loads(out)
    code, out, err = terminal(*arguments, "--json", folder=finished)
    assert (code, err) == (0, "")
    assert json.loads(out)


OLD: dict[str, tuple[list[str], list[str], str]] = {
    "sample": (["sample", "-n", "2"], ["sample", "--limit", "2"], "sample -n (--number) is called --limit"),
    "report": (
        ["report", "--documents", "99"],
        ["report", "--limit", "99"],
        "report --documents is called --limit",
    ),
    "remove": (
        ["remove", "--pipeline", "pipelines/made.yaml", "--site", "x.example", "--json"],
        ["remove", "pipelines/made.yaml", "--site", "x.example", "--json"],
        "remove --pipeline FILE is written remove FILE",
    ),
}


@pytest.mark.parametrize("command", OLD)
def test_an_old_spelling_works_and_names_the_new_one(
    terminal: Terminal, finished: Path, tmp_path: Path, command: str
) -> None:
    old, new, words = OLD[command]
    shutil.copytree(finished, tmp_path / "copy")
    code, out, err = terminal(*old, folder=tmp_path / "copy")
    assert (code, err) == (0, f"leafinstruct: {words} from now on\n")
    code, again, err = terminal(*new, folder=tmp_path / "copy")
    assert (code, err) == (0, "")
    assert again == (out.replace('"added": 1', '"added": 0') if command == "remove" else out)
    assert not {"--number", "--documents", "--pipeline"} & set(terminal(command, "--help")[1].split())


OLD_BEFORE_WORK: dict[str, tuple[list[str], str]] = {
    "audit": (["audit", "--documents", "3"], "audit --documents is called --limit"),
    "review": (["review", "-n", "3"], "review -n (--number) is called --limit"),
    "train": (["train", "--shards", "none", "--out", "out"], "train --shards SHARDS is written train SHARDS"),
}
"""Of commands that take long: the line is printed first, and then there is nothing to work on."""


@pytest.mark.parametrize("command", OLD_BEFORE_WORK)
def test_an_old_spelling_is_named_before_the_work(terminal: Terminal, tmp_path: Path, command: str) -> None:
    project(tmp_path)
    old, words = OLD_BEFORE_WORK[command]
    code, out, err = terminal(*old)
    first, *_, last = err.splitlines()
    assert (code, out, first) == (2, "", f"leafinstruct: {words} from now on")
    assert last.startswith("leafinstruct: ") and err.count(words) == 1, err


def test_every_old_spelling_is_tried() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in Path(cli.__file__).parent.glob("*.py"))
    assert set(re.findall(r'renamed\(old_\w+, \w+, "(.+)"\)', sources)) == {
        *(words for _, _, words in OLD.values()),
        *(words for _, words in OLD_BEFORE_WORK.values()),
    }


def test_train_needs_shards(terminal: Terminal) -> None:
    assert "leafinstruct train SHARDS --out DIR" in terminal.refused("train", "--out", "out")


def test_show_tells_why_an_image_was_dropped(terminal: Terminal, finished: Path) -> None:
    found = json.loads(terminal("show", "clay/teapot.md", "--json", folder=finished)[1])
    dropped = [row for row in found["decisions"] if not row["kept"]]
    assert [row["dropped_by"] for row in dropped] == ["image.unreadable"]
    by_id = json.loads(terminal("show", found["document"]["id"], "--json", folder=finished)[1])
    assert by_id == found
    assert "image.unreadable" in terminal("show", "clay/teapot.md", folder=finished)[1]
    assert "no document" in terminal.refused("show", "nothing-like-it", folder=finished)


def test_check_of_a_damaged_shard_returns_one(terminal: Terminal, finished: Path, tmp_path: Path) -> None:
    for path in (finished / "runs/made/shards").iterdir():
        put(tmp_path / "shards" / path.name, path.read_bytes())
    assert terminal("check", "shards")[0] == 0
    shard = next((tmp_path / "shards").glob("train-*.parquet"))
    data = bytearray(shard.read_bytes())
    at = data.index(b"IDAT")
    data[at + 20 : at + 40] = bytes(20)
    shard.write_bytes(data)
    code, out, _ = terminal("check", "shards", "--json")
    assert code == 1
    assert json.loads(out)["ok"] is False
    shard.write_bytes(bytes(data[:1000]))
    code, out, err = terminal("check", "shards")
    assert (code, err) == (1, "")
    shard.unlink()
    assert terminal("check", "shards")[0] == 1
    assert "nowhere" in terminal.refused("check", "nowhere")


# What the user must change


def project(folder: Path, **changes: Any) -> Path:
    """A project whose sources exist and hold one document; nothing is built."""
    put(folder / "tree/one/a.md", "# A\n\nText.\n")
    return make_project(folder, folder / "tree", **changes)


def test_yaml_with_a_typo(terminal: Terminal, tmp_path: Path) -> None:
    put(project(tmp_path), "name: made\nsources: [\nfilters: {image\n")
    line = terminal.refused("build")
    assert "made.yaml, line 4: not valid YAML" in line


CHANGES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "unknown key": ({"filtres": []}, ("made.yaml", "unknown key 'filtres'", "did you mean 'filters'")),
    "unknown filter": ({"filters": ["imagee"]}, ("imagee.yaml is not there", "did you mean 'image'")),
    "unknown kind of source": (
        {"sources": [{"name": "a", "kind": "tutorail", "path": "tree/*"}]},
        ("tutorail", "did you mean 'tutorial'"),
    ),
    "unknown setting of a source": (
        {"sources": [{"name": "a", "kind": "tutorial", "path": "tree/*", "partitoin": 3}]},
        ("made.yaml: sources: ", "source a", "unknown setting 'partitoin'", "did you mean 'partition'"),
    ),
    "missing source path": (
        {"sources": [{"name": "a", "kind": "tutorial", "path": "nowhere/*"}]},
        ("made.yaml: sources: ", "source a", "nowhere/*", "matches nothing"),
    ),
    "unset variable in a path": (
        {"sources": [{"name": "a", "kind": "tutorial", "path": "$LEAF_NO_SUCH_PLACE/x"}]},
        ("LEAF_NO_SUCH_PLACE", "environment variable"),
    ),
    "unknown writer": (
        {"rewrite": {"writer": "templat"}},
        ("setting 'writer' is 'templat'", "did you mean 'template'"),
    ),
    "unknown setting of rewriting": ({"rewrite": {"writer": "template", "max_word": 3}}, ("'max_word'", "max_words")),
    "unknown setting of shards": ({"shard": {"validaton": 0.1}}, ("shard: ", "validaton", "did you mean 'validation'")),
    "impossible splits": ({"shard": {"validation": 0.6, "test": 0.6}}, ("shard: validation 0.6",)),
    "writer without a model": ({"rewrite": {"writer": "llm"}}, ("needs a language model", "models: llm:")),
    "unknown backend": (
        {"rewrite": {"writer": "llm"}, "models": {"llm": {"model": "a/b", "backend": "vlm"}}},
        ("unknown backend 'vlm'", "did you mean 'vllm'"),
    ),
    "missing model folder": (
        {"rewrite": {"writer": "llm"}, "models": {"llm": {"model": "./no-such-model", "backend": "transformers"}}},
        ("./no-such-model", "no such folder"),
    ),
    "missing dual encoder": (
        {"filters": ["clip"], "models": {"clip": {"model": "/no/such/encoder"}}},
        ("/no/such/encoder", "no such folder"),
    ),
    "filter without its model": ({"filters": ["clip"]}, ("filter 'clip' needs a model", "models: clip:")),
    "missing prompt": (
        {
            "rewrite": {"writer": "llm", "prompt": "prompts/instructon.md"},
            "models": {"llm": {"model": "m", "backend": "openai"}},
        },
        ("rewrite: prompt:", "instructon"),
    ),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_pipeline_that_cannot_work_is_refused_before_any_work(terminal: Terminal, tmp_path: Path, case: str) -> None:
    changes, wanted = CHANGES[case]
    project(tmp_path, **changes)
    line = terminal.refused("build")
    assert not [words for words in wanted if words not in line], line
    assert not (tmp_path / "runs").exists(), "nothing was begun"


FILTERS = {
    "unknown scorer": ("scorer: text", "scorer: txt", ("text.yaml", "did you mean 'text'")),
    "scorer file that is missing": ("scorer: text", "scorer: ./mine.py:Mine", ("mine.py is not there",)),
    "unknown column": ("words < 30", "wrds < 30", ("too_short", "unknown column 'wrds'", "did you mean 'words'")),
    "rule that does not parse": ("words < 30", "words <", ("text.yaml", "too_short")),
    "unknown key of a rule": ("missing: keep", "missin: keep", ("unknown setting 'missin'", "did you mean 'missing'")),
    "text for a number": ("words < 30", "words < 'x'", ("text.yaml", "too_short")),
}


@pytest.mark.parametrize("case", FILTERS)
def test_a_filter_that_cannot_work_is_refused(terminal: Terminal, tmp_path: Path, case: str) -> None:
    old, new, wanted = FILTERS[case]
    project(tmp_path, filters=["text"])
    edit_filter(tmp_path, "text", old, new)
    line = terminal.refused("build")
    assert not [words for words in wanted if words not in line], line


def test_a_scorer_of_the_users_own_that_does_not_load(terminal: Terminal, tmp_path: Path) -> None:
    project(tmp_path, filters=["mine"])
    put(tmp_path / "filters/mine.yaml", "scorer: ./mine.py:Mine\n")
    put(tmp_path / "mine.py", "def broken(:\n")
    assert "mine.py does not load: SyntaxError" in terminal.refused("build")


def test_unknown_stage(terminal: Terminal, tmp_path: Path) -> None:
    project(tmp_path)
    assert "unknown stage 'fitler' (did you mean 'filter'?)" in terminal.refused("build", "--stage", "fitler")


def test_no_pipeline_and_too_many(terminal: Terminal, tmp_path: Path) -> None:
    assert "leafinstruct init DIR" in terminal.refused("build")
    path = project(tmp_path)
    assert "did you mean 'made'" in terminal.refused("build", "pipelines/mad.yaml")
    put(tmp_path / "pipelines/other.yaml", path.read_text())
    line = terminal.refused("build")
    assert "made.yaml" in line and "other.yaml" in line and "name one" in line
    put(tmp_path / "pipelines/demo.yaml", path.read_text())
    assert terminal("scores")[0] == 0, "demo.yaml goes before others"


@pytest.mark.parametrize("command", [["status"], ["show", "x"], ["push", "you/made", "--dry-run"]])
def test_reports_of_a_run_that_is_not_there(terminal: Terminal, tmp_path: Path, command: list[str]) -> None:
    project(tmp_path)
    assert "holds no run" in terminal.refused(*command)


@pytest.mark.slow
def test_a_run_held_by_another_build(terminal: Terminal, tmp_path: Path) -> None:
    project(tmp_path)
    with Run(tmp_path / "runs/made").lock():
        done = leafinstruct("build", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "another build is at work" in done.stderr


HIDE = """
from importlib.machinery import PathFinder
find = PathFinder.find_spec
PathFinder.find_spec = lambda name, *more: None if name.split('.')[0] == {package!r} else find(name, *more)
"""


@pytest.mark.parametrize(
    ("package", "extra", "changes"),
    [
        ("open_clip", "leafinstruct[clip]", {"filters": ["clip"], "models": {"clip": {"model": "weights"}}}),
        ("vllm", "leafinstruct[cpu]", {"rewrite": {"writer": "llm"}, "models": {"llm": {"model": "weights"}}}),
    ],
)
def test_a_missing_extra_is_named_in_one_line(
    tmp_path: Path, package: str, extra: str, changes: dict[str, Any]
) -> None:
    put(tmp_path / "weights/config.json", "{}")
    put(tmp_path / "weights/model.safetensors", b"\0" * 64)
    for kind in changes["models"].values():
        kind["model"] = str(tmp_path / "weights")
    project(tmp_path, **changes)
    done = leafinstruct("build", cwd=tmp_path, before=HIDE.format(package=package))
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    assert f"package {package} is not installed" in done.stderr
    assert extra in done.stderr


def test_a_spoilt_run_json_is_named_and_made_again(terminal: Terminal, tmp_path: Path) -> None:
    project(tmp_path)
    put(tmp_path / "runs/made/run.json", "{half")
    code, _, said = terminal("build", "--stage", "harvest", "--quiet")
    assert code == 0
    assert said.count("run.json") == said.count("\n") == 1
    assert "run.json: not readable as JSON" in said and said.endswith("; made again\n")


# Light to start


def test_importing_the_command_line_imports_nothing_heavy() -> None:
    heavy = ["torch", "open_clip", "vllm", "datasets", "pandas", "transformers", "numpy", "pyarrow", "PIL"]
    code = f"import sys, leafinstruct.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


COMMANDS = [
    "init",
    "build",
    "extract",
    "plan",
    "status",
    "show",
    "scores",
    "audit",
    "report",
    "diff",
    "sample",
    "review",
    "check",
    "card",
    "remove",
    "export",
    "push",
    "schema",
    "train",
    "prove",
]
"""The commands, in the order a project meets them."""


def test_help_and_version(terminal: Terminal) -> None:
    code, out, _ = terminal("--help")
    assert code == 0
    listed = re.findall(r"^[^\w]* ([a-z]+)  +\S", out.partition("Commands")[2], re.M)
    assert listed == COMMANDS
    assert terminal("--version")[1].startswith("leafinstruct ")
    done = leafinstruct("--version", cwd=Path.cwd(), check=0)
    assert done.stdout.startswith("leafinstruct ")


@pytest.mark.parametrize("command", [["show", "x"], ["audit"], ["report"], ["card"], ["push", "a/b"], ["status"]])
def test_an_old_name_is_noticed_once(terminal: Terminal, tmp_path: Path, command: list[str]) -> None:
    old = {"name": "menu", "drop": "document", "when": "mean(flat) > 0.5", "origin": "own"}
    project(tmp_path, filters=["image"])
    put(tmp_path / "filters/image.yaml", yaml.safe_dump({"scorer": "image", "rules": [old]}))
    code, _, err = terminal(*command)
    assert code == 2 and err.count("column 'flat' is now called 'uniform_area_ratio'") == 1, err
