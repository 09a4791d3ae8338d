"""The stage over a run: what is asked once, what a change asks again, and what follows from all partitions."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from made.rewrite import MODELS, SHIPPED, Made, boat, records, text
from made.tree import counts, edit_filter, make_project, put, run_build

from leafinstruct.document import records_from_table
from leafinstruct.errors import LeafError
from leafinstruct.models.backends import context_of
from leafinstruct.models.llm import Generation
from leafinstruct.pipeline import load_pipeline
from leafinstruct.rewrite import stage
from leafinstruct.rewrite.instruct import Settings, Writer, prompts_for
from leafinstruct.rewrite.prompt import estimated_tokens, load_prompt
from leafinstruct.rewrite.task import draft, tasks
from leafinstruct.settings import ModelSettings


def project(folder: Path, prompt: str, tree: Path | None = None, **changes: object) -> Path:
    put(folder / "pipelines/prompts/mine.md", prompt)
    rewrite = {"writer": "llm", "prompt": "prompts/mine.md", "tasks": {"howto": 1, "next_state": 1}, **changes}
    return make_project(folder, tree, rewrite=rewrite, models=MODELS)


def test_a_changed_prompt_asks_again_only_what_it_changes(model: Made, tmp_path: Path) -> None:
    prompt = SHIPPED.read_text(encoding="utf-8")
    run = run_build(project(tmp_path, prompt), tmp_path / "run", "rewrite")
    kinds = Counter(r.task for r in records(run))
    assert len(model.asked) == sum(kinds.values()) >= 10 and min(kinds.values()) > 1
    model.asked.clear()
    run_build(project(tmp_path, prompt, tmp_path / "tree"), run.path, "rewrite")
    assert not model.asked
    changed = prompt.replace("Write their request: what to do next", "They ask what to do next")
    run_build(project(tmp_path, changed, tmp_path / "tree"), run.path, "rewrite")
    assert changed != prompt and len(model.asked) == kinds["next_state"]
    model.asked.clear()
    run_build(project(tmp_path, prompt, tmp_path / "tree"), run.path, "rewrite")
    assert not model.asked, "the first answers are stored facts"
    reasons = prompt.replace("Your last answer was no good", "That was not right")
    run_build(project(tmp_path, reasons, tmp_path / "tree"), run.path, "rewrite")
    assert not model.asked, "nobody was refused"


def test_another_threshold_asks_nothing_for_documents_that_stay(model: Made, tmp_path: Path) -> None:
    pipeline = project(tmp_path, SHIPPED.read_text(encoding="utf-8"))
    run = run_build(pipeline, tmp_path / "run", "rewrite")
    before = {r.document for r in records(run)}
    model.asked.clear()
    rules = (Path(stage.__file__).parents[2] / "filters/text.yaml").read_text(encoding="utf-8")
    put(tmp_path / "filters/text.yaml", rules)
    edit_filter(tmp_path, "text", "words < 30", "words < 31")
    run_build(pipeline, run.path, "rewrite")
    assert not model.asked and {r.document for r in records(run)} <= before


def test_clean_up_is_asked_first_and_counted(model: Made, tmp_path: Path) -> None:
    pipeline = project(tmp_path, SHIPPED.read_text(encoding="utf-8"), clean="prompts/clean.md")
    run = run_build(pipeline, tmp_path / "run", "rewrite")
    assert len(model.asked) == 2 * len(records(run))
    found = Counter[str]()
    for name in run.partitions():
        meta = run.meta(f"written/{name}.parquet")
        assert meta
        found.update(meta.extra["clean"])
    assert sum(found.values()) >= len(records(run)) and "unread" not in found
    model.asked.clear()
    run_build(pipeline, run.path, "rewrite")
    assert not model.asked


def test_equal_requests_of_two_partitions_leave_one(
    model: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = '{"instruction": "Could you explain to me how one makes such a thing of paper?"}'
    monkeypatch.setattr(Made, "_answer", lambda *_: Generation(said, 1, 1, "stop"))
    monkeypatch.setattr("leafinstruct.rewrite.verify.RULES", {})
    pipeline = project(tmp_path, SHIPPED.read_text(encoding="utf-8"), tasks={"howto": 1})
    run = run_build(pipeline, tmp_path / "run", "rewrite")
    assert len(run.partitions()) > 1
    kept = [r for r in records(run) if not r.dropped_by]
    assert len(kept) == 1 and counts(run).dropped_rewriting == {"rewrite:not_unique": len(records(run)) - 1}
    most = max(len(r.images) for n in run.partitions() for r in records_from_table(run.table(f"written/{n}.parquet")))
    assert len(kept[0].images) == most


def test_a_long_document_is_shown_as_far_as_the_context_goes() -> None:
    prompt = load_prompt(SHIPPED, tasks())
    long = replace(boat(), parts=tuple(text(f"{n}: {'fold ' * 40}") for n in range(200)) + boat().parts, raw=())
    one = draft(long, tasks()["howto"])
    for context in (2000, 2500, None):
        chat, view = prompts_for(one, 0, Writer("m@1", prompt, Settings(max_document_tokens=900), context))
        assert "[…]" in view.text and view.shown_tokens < view.all_tokens
        if context:
            assert sum(estimated_tokens(m["content"]) + 8 for m in chat) + 128 <= context
    assert view.shown_tokens > 800, "without a known context the setting decides"


def test_the_context_is_known_from_the_settings() -> None:
    assert context_of(ModelSettings("m", backend="vllm", options=(("max_model_len", 8192),))) == 8192
    assert context_of(ModelSettings("m", backend="vllm")) == 2048
    assert context_of(ModelSettings("m", backend="transformers")) == 2048
    assert context_of(ModelSettings("m", backend="openai")) is None


@pytest.mark.parametrize(
    ("rewrite", "message"),
    [
        ({"writer": "llmm"}, "did you mean 'llm'"),
        ({"tasks": {"chapter": 1}}, "did you mean 'chapters'"),
        ({"clean": "prompts/none.md"}, "clean: "),
        ({"prompt": "prompts/short.md"}, "section '# edit' is missing"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, rewrite: dict, message: str) -> None:  # type: ignore[type-arg]
    short = re.sub(r"# edit\n.*?(?=\n# )", "", SHIPPED.read_text(encoding="utf-8"), flags=re.DOTALL)
    put(tmp_path / "pipelines/prompts/short.md", short)
    pipeline = make_project(tmp_path, tmp_path / "tree", rewrite={"writer": "llm", **rewrite}, models=MODELS)
    with pytest.raises(LeafError, match=message):
        stage.rewrite_settings(load_pipeline(pipeline))


def test_a_prompt_needs_only_the_sections_of_its_tasks(tmp_path: Path) -> None:
    short = re.sub(r"# edit\n.*?(?=\n# )", "", SHIPPED.read_text(encoding="utf-8"), flags=re.DOTALL)
    pipeline = project(tmp_path, short, tmp_path / "tree")
    assert set(stage.rewrite_settings(load_pipeline(pipeline)).tasks) == {"howto", "next_state"}
