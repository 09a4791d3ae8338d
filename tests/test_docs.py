"""Every code block of the docs runs, is read by what reads it, or is at least checked against what it names."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
import typer
import yaml
from made.docs import ROOT, Block, blocks, blocks_of, commands, inline_commands, pages
from made.hub import TOKEN, loopback_hub
from made.invoke import in_this_process
from made.s3 import s3_bucket
from made.tree import FILTERS, edit, make_tree, run_build

import leafinstruct as li
from leafinstruct import layout, plugins
from leafinstruct.build import STAGE_PACKAGES
from leafinstruct.cli.app import app
from leafinstruct.engine.ray import RaySettings
from leafinstruct.json_schema import pipeline_schema, to_json
from leafinstruct.pipeline import load_pipeline
from leafinstruct.run import Run
from leafinstruct.shard.check import CHECKS

BLOCKS = blocks()
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
EXTRAS = set(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"])
SLOW = {
    "audit --limit 6",
    "build --engine ray",
    "export runs/NAME/shards tars/",
    "push s3://bucket/name",
    "push you/name",
    "check you/name",
    "push you/name --dry-run",
    "push you/name --squash",
    "train runs/NAME/shards --out out",
}
"""Commands that take more than a second."""
PARSED = {
    "train … --out out --model BAAI/Emu3-Gen-hf --adapter moss --precision bfloat16 --gradient-checkpointing": "8 GB",
    "prove --data filtered=runs/a/shards --data raw=runs/b/shards --out proof": "a grid of trainings",
}
"""Commands that no test runs, with the reason; their options are checked."""
MORE = {"train": ["--steps", "2"], "build": ["--workers", "1", "--quiet"]}
"""Options that a test adds."""


def test_the_guide_lists_every_check() -> None:
    rows = "".join(f"| `{name}` | {what} |\n" for name, what in CHECKS.items())
    assert rows in (ROOT / "docs/publish.md").read_text(encoding="utf-8")


def of(kind: str) -> list[Block]:
    return [block for block in BLOCKS if block.kind == kind]


def each(found: list[Block]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("block", found, ids=str)


def project_in(folder: Path, invoke: Callable[..., int]) -> Path:
    """What `init` makes, with a small tree of its own as the source and no model."""
    assert invoke("init", str(folder), folder=folder.parent) == 0
    make_tree(folder / "tree")
    own_source(folder)
    return folder


def own_source(folder: Path) -> None:
    source = {"name": "mine", "kind": "tutorial", "path": "tree/*", "license": "CC0-1.0"}
    changes = {"filters": FILTERS, "models": {}, "rewrite": {"writer": "template"}, "shard": {"validation": 0.2}}
    edit(folder / "pipelines/demo.yaml", sources=[source], **changes)


@pytest.fixture(scope="module")
def invoke() -> Iterator[Callable[..., int]]:
    with in_this_process() as run:
        yield run


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, invoke: Callable[..., int]) -> Path:
    """A project with a finished run in runs/demo."""
    folder = project_in(tmp_path_factory.mktemp("docs") / "project", invoke)
    assert invoke("build", "--workers", "1", "--quiet", folder=folder) == 0
    return folder


@pytest.fixture
def project(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, the working folder."""
    monkeypatch.chdir(shutil.copytree(finished, tmp_path / "project"))
    return tmp_path / "project"


def test_every_block_is_of_a_kind_that_is_run() -> None:
    assert {str(block): block.kind for block in BLOCKS if block.kind not in ("sh", "python", "yaml", "toml")} == {}
    assert len(BLOCKS) == sum(len(re.findall("^ *```", page.read_text("utf-8"), re.M)) for page in pages()) / 2 > 15


def test_a_block_that_does_not_end_is_found() -> None:
    assert [block.text for block in blocks_of("a.md", "```sh\nmake\n```\ntext\n")] == ["make\n"]
    with pytest.raises(AssertionError, match="a.md:2"):
        list(blocks_of("a.md", "text\n```sh\nmake\n"))


def test_no_exception_is_left_over() -> None:
    written = {" ".join(words[1:]) for block in of("sh") for words in commands(block)}
    assert (SLOW | set(PARSED)) - written == set()


# Shell


@each(of("sh"))
def test_commands_are_what_they_name(block: Block) -> None:
    for words in commands(block):
        KINDS[words[0].removeprefix(".venv/bin/")](*words[1:])


@pytest.mark.slow
@each(of("sh"))
def test_commands_run(block: Block, project: Path, invoke: Callable[..., int]) -> None:
    """The commands of a block one after another, in one project."""
    shell = Shell(project, invoke)
    for first, *rest in commands(block):
        if first == "cd":
            shell.go(rest[0])
        elif first not in ("make", "pip") and " ".join(rest) not in SLOW | set(PARSED):
            shell.run(rest)


@pytest.mark.slow
@pytest.mark.parametrize("command", sorted(SLOW))
def test_slow_command(
    command: str, project: Path, invoke: Callable[..., int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shell = Shell(project, invoke)
    if "ray" in command:
        pytest.importorskip("ray")
    if "s3://bucket" in command:
        with s3_bucket("bucket"):
            shell.run(command.split())
    elif "you/name" in command:
        pytest.importorskip("huggingface_hub")
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        with loopback_hub(monkeypatch, tmp_path / "cache") as hub:
            if command.startswith("check"):
                shell.run(["push", "you/name"])
            shell.run(command.split())
            assert bool(hub.files) == ("--dry-run" not in command)
    else:
        shell.run(command.split())


class Shell:
    """Runs commands in a project, with their placeholders filled in."""

    def __init__(self, folder: Path, invoke: Callable[..., int]) -> None:
        self.folder, self._invoke = folder, invoke
        self._record = next(li.open_run(folder / "runs/demo").records())
        self._image = self._record.images[0]

    def go(self, folder: str) -> None:
        """Change the folder; one of the clone is copied."""
        self.folder = self.folder / folder
        if not self.folder.is_dir():
            shutil.copytree(ROOT / folder, self.folder, ignore=shutil.ignore_patterns("runs"))

    def run(self, words: list[str]) -> None:
        """Run it for real; it must end with exit code 0."""
        filled = [self._filled(before, word) for before, word in zip(["", *words], words, strict=False)]
        assert self._invoke(*filled, *MORE.get(words[0], []), folder=self.folder) == 0, filled
        if words[0] == "init":
            make_tree(self.folder / words[1] / "tree")
            own_source(self.folder / words[1])

    def _filled(self, before: str, word: str) -> str:
        """A word of a command with its placeholder replaced."""
        if before == "--sha256":
            assert word.endswith("…")
            return self._image
        ids = {"ID": self._record.document, "DOCUMENT": self._record.document, "RECORD": self._record.id}
        return ids.get(word, word.replace("runs/NAME", "runs/demo"))


def parse(name: str, *rest: str) -> None:
    """Raises for a command or an option that is not there, or a value of the wrong type. Runs nothing."""
    known = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    hidden = {option for one in known[name].params if getattr(one, "hidden", False) for option in one.opts}
    assert not hidden & set(rest), "an old spelling"
    known[name].make_context(name, list(rest))


def make(*targets: str) -> None:
    assert [name for name in targets if not re.search(rf"^{name}:", MAKEFILE, re.M)] == []


def pip(verb: str, what: str) -> None:
    named = re.fullmatch(r"(?:\.|leafinstruct)\[([\w,]+)\]", what)
    assert verb == "install" and named and set(named[1].split(",")) <= EXTRAS


def cd(folder: str) -> None:
    """Whether it is there shows when the block runs."""


KINDS: dict[str, Callable[..., None]] = {"leafinstruct": parse, "make": make, "pip": pip, "cd": cd}
"""What checks a command without running it. Another command in the docs needs a check of its own."""


@pytest.mark.parametrize("place", inline_commands())
def test_commands_in_running_text_are_commands(place: str) -> None:
    name, *rest = inline_commands()[place][1:]
    if ">" in rest:
        rest, (into,) = rest[: rest.index(">")], rest[rest.index(">") + 1 :]
        assert (ROOT / into).is_file()
    if rest:
        parse(name, *rest)
    else:  # the name of a command
        assert name in typer.main.get_command(app).commands  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("build --satge filter", "No such option"),
        ("build --limit x", "integer"),
        ("build a b", "unexpected extra argument"),
        ("biuld", "biuld"),
        ("train --shards x --out y", "old spelling"),
    ],
)
def test_a_misspelt_command_is_found(words: str, said: str) -> None:
    with pytest.raises(Exception, match=said):
        parse(*words.split())


def test_an_unknown_target_or_extra_is_found() -> None:
    for check, words in ((make, ["tset"]), (pip, ["install", ".[gpus]"]), (pip, ["install", "vllm"])):
        with pytest.raises(AssertionError):
            check(*words)


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_scripts_and_files_in_running_text_are_there(page: Path) -> None:
    named = re.findall(
        r"`(?:python )?((?:benchmarks|tests|filters|pipelines|docs|examples)/[\w/.-]+\.\w+)", page.read_text("utf-8")
    )
    assert [name for name in named if not (ROOT / name).is_file()] == []


# YAML


@each(of("yaml"))
def test_yaml(block: Block, project: Path) -> None:
    if block.path.startswith("filters/"):
        check_filter(block, project)
    else:
        check_fragment(block, project)


def check_filter(block: Block, project: Path) -> None:
    """A filter file: it filters the run, and the columns it names have scores."""
    write_python(project)
    (project / block.path).write_text(block.text)
    name = Path(block.path).stem
    pipeline = project / "pipelines/demo.yaml"
    edit(pipeline, filters=[*(one for one in FILTERS if one != name), name])
    run_build(pipeline, project / "runs/demo", "filter")
    opened = li.open_run(project / "runs/demo", pipeline)
    owner = next(one for one in opened.pipeline.filters if one.name == name)
    read = {read.column for rule in owner.rules if rule.when for read in rule.when.names}
    scores = opened.scores(name)
    assert read and [column for column in read if not scores[column].notna().any()] == []


def write_python(project: Path) -> None:
    """The files of the project that Python blocks are."""
    for other in BLOCKS:
        if other.path.endswith(".py"):
            (project / other.path).write_text(other.text)


def check_fragment(block: Block, project: Path) -> None:
    """A section of a pipeline, in a pipeline that is whole."""
    write_python(project)
    pipeline = project / "pipelines/demo.yaml"
    llm = {"backend": "openai", "model": "a/model", "base_url": "http://127.0.0.1:9/v1"}
    edit(pipeline, **{"models": {"llm": llm}, **yaml.safe_load(block.text)})
    raw = yaml.safe_load(pipeline.read_text())
    jsonschema.Draft202012Validator(json.loads(to_json(pipeline_schema()))).validate(raw)
    loaded = load_pipeline(pipeline, resolve_models=False)
    for package in STAGE_PACKAGES.values():
        import_module(f"leafinstruct.{package}.stage").check_settings(loaded)
    loaded.section("ray", RaySettings)
    for value in (loaded.raw["rewrite"].get("prompt"), loaded.raw["rewrite"].get("clean")):
        assert not value or (pipeline.parent / value).is_file(), value


def test_a_wrong_fragment_is_found(project: Path) -> None:
    for text in ("shard: {validaton: 0.1}", "sources: [{name: a, kind: wrac, path: x}]", "rewrite: {tasks: {hwto: 1}}"):
        with pytest.raises((li.LeafError, jsonschema.ValidationError)):
            check_fragment(Block("a.md", 1, "yaml", text), project)


@each(of("toml"))
def test_toml(block: Block) -> None:
    kinds = (plugins.SOURCE, plugins.SCORER, plugins.TASK, plugins.LLM)
    groups = tomllib.loads(block.text)["project"]["entry-points"]
    assert groups and set(groups) <= {kind.group for kind in kinds}
    assert all(":" in target for group in groups.values() for target in group.values())


# Python


SLOWLY = {"docs/publish.md": pytest.mark.slow}
"""Imports torch."""


def collator() -> SimpleNamespace:
    """What a reader of the page on publishing has: a collator and its processor."""
    import torch

    ids = {"<|vision_start|>": 5, "<|vision_end|>": 6, "<|image_pad|>": 7}
    tokenizer = SimpleNamespace(convert_tokens_to_ids=lambda tokens: [ids[token] for token in tokens])
    return SimpleNamespace(
        collator=lambda rows: {"labels": torch.tensor([[1, 5, 7, 6, 2]])},
        processor=SimpleNamespace(tokenizer=tokenizer),
    )


def checked_collator(names: dict[str, Any]) -> None:
    assert names["collator"]([])["labels"].tolist() == [[1, -100, -100, -100, 2]]


def checked_run(names: dict[str, Any]) -> None:
    assert names["run"].funnel().documents == 16
    assert names["run"].decide(names["stricter"]).kept.mean() <= names["run"].decide().kept.mean()


def checked_scorer(names: dict[str, Any]) -> None:
    document = next(names_of_run().documents())
    (row,) = names["Shouting"]({}).score(document)
    assert 0 < row["capitals"] < 1


def a_page() -> SimpleNamespace:
    Path("page.html").write_text(f"<article><h1>Boat</h1><p>{'Fold it in half. ' * 9}</p><img src=a.png></article>")
    return SimpleNamespace()


def checked_api(names: dict[str, Any]) -> None:
    if "page" in names:
        assert names["page"][-1].url == "https://example.org/a.png"
        assert len(names["run"].decide(names["stricter"])) == len(names["run"].decisions())
    else:
        assert "logging" in names


def checked_task(names: dict[str, Any]) -> None:
    turns = [names["SHOW_AND_TELL"].divide(document) for document in names_of_run().documents()]
    assert 0 < sum(one is not None for one in turns) < len(turns)


def names_of_run() -> li.OpenedRun:
    return li.open_run(f"runs/{Path('pipelines/demo.yaml').stem}")


def checked_plain(names: dict[str, Any]) -> None:
    assert names["plain"](names["text"]) == "Run this:\n\nls -a\n\n1. Look at a.txt."
    assert names["prose"](names["text"]) == "Run this:\n\n1. Look at a.txt."


CHECKED: dict[str, tuple[Callable[[], Any], Callable[[dict[str, Any]], None]]] = {
    "README.md": (SimpleNamespace, checked_run),
    "docs/filters.md": (SimpleNamespace, checked_scorer),
    "docs/python.md": (a_page, checked_api),
    "docs/rewrite.md": (SimpleNamespace, checked_task),
    "docs/publish.md": (collator, checked_collator),
    "docs/texts.md": (SimpleNamespace, checked_plain),
}
"""For the Python block of a page: the names that it takes from its reader, and what must be true after it."""


@pytest.mark.parametrize("block", [pytest.param(b, id=str(b), marks=SLOWLY.get(b.file, ())) for b in of("python")])
def test_python(block: Block, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given, check = CHECKED[block.file]
    names = dict(vars(given()))
    exec(compile(block.text, str(block), "exec"), names)
    assert capsys.readouterr().out.count("\n") >= block.text.count("print(")
    check(names)


# The docs as web pages


def test_every_page_is_in_the_navigation() -> None:
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"]
    listed = [file for entry in nav for file in entry.values()]
    assert sorted(listed) == sorted(page.name for page in pages() if page.parent.name == "docs")


def test_reference_names_modules() -> None:
    text = (ROOT / "docs/reference.md").read_text("utf-8")
    named = re.findall(r"^::: (\S+)$", text, re.M)
    assert len(named) > 5 and all(import_module(name).__doc__ for name in named)


def test_files_of_a_run_in_running_text_are_named_by_the_layout(project: Path) -> None:
    run = Run(project / "runs/demo")
    named = {file for page in pages() for file in re.findall(r"`runs/demo/([\w/.]+\.\w+)`", page.read_text("utf-8"))}
    assert named and {file for file in named if not run.exists(file)} <= {layout.REPORT}
