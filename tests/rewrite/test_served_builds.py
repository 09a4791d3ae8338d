"""Whole builds over a server as it is: what becomes of documents, what is stored, what the user is told, and what the
next build asks again when the server is mended."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made.chat_server import Body, ChatLoopback, Reply, answer, error, logprobs, serving
from made.tree import make_project, page, run_build, sentences

from leafinstruct import layout
from leafinstruct.document import Record, records_from_table
from leafinstruct.errors import LeafError
from leafinstruct.pipeline import load_pipeline
from leafinstruct.report.funnel import funnel, funnel_lines
from leafinstruct.report.page import write_report
from leafinstruct.report.trace import trace, trace_lines
from leafinstruct.rewrite.stage import unanswered
from leafinstruct.run import Run
from leafinstruct.settings import ModelSettings

NAMES = ("birdhouse", "spoon", "teapot")


def good(body: Body) -> str:
    """A request that passes, about what the last message shows."""
    found = re.findall(r"How to make a ([\w-]+)", body["messages"][-1]["content"])
    return json.dumps({"instruction": f"Please show me how I can make a {(found or ['thing'])[0]}, step by step."})


def well(body: Body) -> Reply:
    return answer(good(body))


def about(body: Body) -> str:
    return next((name for name in NAMES if f"make a {name}" in body["messages"][-1]["content"]), "")


class Project:
    """Three clean pages on one site, and their builds."""

    def __init__(self, folder: Path) -> None:
        for name in NAMES:
            page(folder / "tree" / "made", name)
        self.folder, self.run = folder, Run(folder / "run")

    def build(self, server: ChatLoopback, stage: str = "rewrite", **changes: Any) -> int:
        """The number of requests that it sent."""
        settings = {"base_url": server.url, "retries": 1, "backoff": 0.0, "timeout": 5.0, **changes.pop("llm", {})}
        models = {"llm": {"backend": "openai", "model": "m", **settings}}
        rewrite = {"writer": "llm", "tasks": {"howto": 1}}
        usual = {"filters": ["image", "text"], "rewrite": rewrite, "models": models}
        count = len(server.seen)
        self.pipeline = make_project(self.folder, self.folder / "tree", **{**usual, **changes})
        run_build(self.pipeline, self.folder / "run", stage)
        return len(server.seen) - count

    def names(self) -> dict[str, str]:
        """Names of pages by the id of their document."""
        tables = [self.run.table(layout.documents(name), ["id", "path"]) for name in self.run.partitions()]
        return {row["id"]: Path(row["path"]).stem for table in tables for row in table.to_pylist()}

    @property
    def records(self) -> dict[str, Record]:
        tables = [self.run.table(layout.records(name)) for name in self.run.partitions()]
        names = self.names()
        return {names[r.document]: r for table in tables for r in records_from_table(table)}

    @property
    def dropped(self) -> dict[str, str]:
        return {name: record.dropped_by for name, record in self.records.items() if record.dropped_by}

    def stored(self) -> list[dict[str, Any]]:
        files = [path.relative_to(self.folder / "run") for path in (self.folder / "run/generations").rglob("*.parquet")]
        return [row for file in files for row in self.run.table(str(file)).to_pylist()]

    def shown(self, name: str) -> str:
        pipeline = load_pipeline(self.pipeline)
        found = trace(self.run, pipeline, self.records[name].id)
        return "\n".join(map(str, trace_lines(found)))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.mark.parametrize(
    "around",
    [
        lambda text: f'<think>\nMaybe {{"instruction": "no"}}?\n</think>\n\n{text}',
        lambda text: f"```json\n{text}\n```",
        lambda text: f"Here is the JSON:\n{text}\nLet me know!",
    ],
)
def test_what_is_around_the_json_costs_nothing(project: Project, around: Callable[[str], str]) -> None:
    with serving(lambda body: answer(around(good(body)))) as server:
        assert project.build(server) == len(NAMES), "nothing is asked twice"
        assert not project.dropped
        assert all(row["text"].strip() != good_text(row["text"]) for row in project.stored()), "stored as it was given"


def good_text(text: str) -> str:
    found = re.search(r'\{"instruction": "Please[^}]*\}', text)
    return found[0] if found else ""


def reads(tokens: int, words: str = "This model's maximum context length is {} tokens.") -> Callable[[Body], Reply]:
    def reply(body: Body) -> Reply:
        used = sum(len(message["content"]) for message in body["messages"]) // 4 + body["max_tokens"]
        return error(400, words.format(tokens)) if used > tokens else well(body)

    return reply


def lengthen(project: Project) -> None:
    path = project.folder / "tree" / "made" / "spoon.md"
    path.write_text(path.read_text() + "\n" + "\n\n".join(" ".join(sentences(f"long {n}", 4)) for n in range(20)))


@pytest.mark.parametrize("words", ["This model's maximum context length is {} tokens.", "Please reduce the length."])
def test_a_document_that_is_too_long_is_shown_in_part(
    project: Project, caplog: pytest.LogCaptureFixture, words: str
) -> None:
    lengthen(project)
    with serving(reads(1500, words)) as server:
        with caplog.at_level(logging.WARNING):
            assert project.build(server, filters=["image"]) > len(NAMES)
        assert (
            "too long for model 'm' show less of their document (1 of them)" in caplog.text
            and "max_model_len" in caplog.text
        )
        assert not project.dropped
        shown = {row["document"]: row["shown_tokens"] < row["all_tokens"] for row in project.stored()}
        assert list(shown.values()).count(True) == 1 and shown[project.records["spoon"].document]
        assert project.build(server, filters=["image"]) == 0, "its answer is a stored fact"


def test_a_server_that_reads_too_little_for_any_document_ends_the_build(project: Project) -> None:
    with serving(reads(300)) as server:
        with pytest.raises(LeafError, match="maximum context length is 300 tokens.*without a document either"):
            project.build(server)
        assert not project.stored()
        server.reply = well
        project.build(server)
        assert not project.dropped and len(project.stored()) == len(NAMES)


def test_a_document_that_is_always_too_long_ends_no_build_and_is_asked_again(project: Project) -> None:
    bad = error(400, "prompt is too long")
    with serving(lambda body: bad if about(body) == "spoon" else well(body)) as server:
        for _ in range(2):
            project.build(server)
            assert project.dropped == {"spoon": "rewrite:model_error"}
            assert len(project.stored()) == 2
        server.reply = well
        assert project.build(server) == 1 and not project.dropped


def test_what_the_server_reads_is_a_setting(project: Project) -> None:
    lengthen(project)
    with serving(reads(1500)) as server:
        count = project.build(server, llm={"max_model_len": 1500}, filters=["image"])
        assert count == len(NAMES) and not project.dropped, "no request is refused"


def test_a_prompt_that_the_server_cuts_is_said(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    usage = {"prompt_tokens": 512, "completion_tokens": 9}
    with serving(lambda body: answer(good(body), usage=usage)) as server, caplog.at_level(logging.WARNING):
        project.build(server)
    assert "read 512 tokens of a prompt of about" in caplog.text and "the prompt was cut" in caplog.text


def test_a_usual_count_is_not_said(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    def counted(body: Body) -> Reply:
        tokens = sum(len(message["content"]) for message in body["messages"]) // 4
        return answer(good(body), usage={"prompt_tokens": tokens, "completion_tokens": 9})

    with serving(counted) as server, caplog.at_level(logging.WARNING):
        project.build(server)
    assert "cut" not in caplog.text


@pytest.mark.parametrize(
    ("bad", "words", "again"),
    [
        (error(400, "flagged by the policy <b>"), "HTTP 400: flagged by the policy <b>", 0),
        ((520, b"<html>error code: 520</html>"), "HTTP 520: error code: 520", 1),
    ],
)
def test_show_status_and_report_say_the_words_of_the_server(
    project: Project, caplog: pytest.LogCaptureFixture, bad: Reply, words: str, again: int
) -> None:
    with serving(lambda body: bad if about(body) == "spoon" else well(body)) as server:
        with caplog.at_level(logging.WARNING):
            project.build(server)
        assert project.dropped == {"spoon": "rewrite:model_error"}
        assert words in project.shown("spoon") and words not in project.shown("teapot")
        assert words in caplog.text and ("asked again by the next build" in caplog.text) == bool(again)
        counts = funnel(project.run)
        assert [words in said for said in counts.unanswered] == [True]
        assert any(words in line for line in funnel_lines(counts))
        run, pipeline = project.run, load_pipeline(project.pipeline)
        html = (project.folder / "run" / write_report(run, pipeline)).read_text()
        assert words.replace("<", "&lt;").replace(">", "&gt;") in html and "policy <b>" not in html
        server.reply = well
        assert project.build(server) == again
        assert bool(project.dropped) != bool(again)
        assert any(unanswered(run, name) for name in run.partitions()) != bool(again)


@pytest.mark.parametrize("name", ["body", "headers", "timeout", "max_model_len"])
def test_what_settings_ask_again(project: Project, name: str) -> None:
    """Fields of the body can change an answer; how the server is reached cannot."""
    changed = {"body": {"top_p": 0.5}, "headers": {"X-Title": "leaf"}, "timeout": 9.0, "max_model_len": 100_000}
    with serving(well) as server:
        assert project.build(server) == len(NAMES)
        assert project.build(server, llm={name: changed[name]}) == (len(NAMES) if name == "body" else 0)


def test_no_key_is_in_the_files_of_a_run(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-first-secret")
    monkeypatch.setenv("MY_KEY", "second-secret")
    bad = error(400, "refused for sk-first-secret and second-secret")
    with serving(lambda body: bad if about(body) == "spoon" else well(body)) as server:
        project.build(server, llm={"headers": {"x-api-key": "Bearer $MY_KEY"}})
    data = b"".join(path.read_bytes() for path in (project.folder / "run").rglob("*") if path.is_file())
    assert b"$MY_KEY" in data and b"-secret" not in data
    with pytest.raises(LeafError, match="models: llm: headers: 'x-api-key' looks like a key"):
        project.build(server, llm={"headers": {"x-api-key": "second-secret"}})


SURE = answer("4", logprobs=logprobs(("4", -0.1), ("3", -2.5)))
RATED = {
    "a refused prompt": (error(400, "flagged"), False),
    "a server error": ((500, b"boom"), True),
    "placeholders": (answer("4", logprobs=logprobs(("4", -9999.0), ("3", -9999.0))), True),
    "an empty list": (answer("4", logprobs={"content": []}), True),
    "reasoning": (answer("<think>", logprobs=logprobs(("<think>", -0.01))), False),
}


@pytest.mark.parametrize("name", RATED)
def test_one_document_without_a_rating(project: Project, caplog: pytest.LogCaptureFixture, name: str) -> None:
    bad, again = RATED[name]
    changes = {"stage": "filter", "filters": ["image", "text", "judge"]}
    with serving(lambda body: bad if about(body) == "spoon" else SURE) as server, caplog.at_level(logging.WARNING):
        project.build(server, **changes)
        rows = judged(project)
        assert [row["quality"] is None for row in rows.values()].count(True) == 1
        [missing] = [row for row in rows.values() if row["quality"] is None]
        assert missing["error"] and missing["coherence"] is None and missing["scale_disagreement"] is None
        assert "no score for" in caplog.text
        before = len(server.seen)
        server.reply = lambda body: SURE
        project.build(server, **changes)
        assert len(server.seen) - before == (4 if again else 0)
        assert all(row["quality"] is not None for row in judged(project).values()) == again


def judged(project: Project) -> dict[str, dict[str, Any]]:
    files = [path.relative_to(project.folder / "run") for path in (project.folder / "run/scores").rglob("judge-*/*")]
    return {row["document"]: row for file in files for row in project.run.table(str(file)).to_pylist()}


def test_a_model_that_rates_nothing_is_asked_again_when_it_does(project: Project) -> None:
    changes = {"stage": "filter", "filters": ["image", "text", "judge"]}
    with serving(lambda body: answer("The", logprobs=logprobs(("The", -0.01), ("4", -9.0)))) as server:
        project.build(server, **changes)
        assert [row["quality"] for row in judged(project).values()] == [None] * len(NAMES)
        server.reply = lambda body: SURE
        project.build(server, **changes)
        assert all(row["quality"] == pytest.approx(3.0) and not row["error"] for row in judged(project).values())


def test_how_a_server_is_reached_is_no_part_of_a_score() -> None:
    plain = ModelSettings("m", backend="openai", options=(("base_url", "http://a/v1"),))
    reached = replace(plain, options=(*plain.options, ("headers", {"X-Title": "leaf"}), ("max_model_len", 900)))
    asked = replace(plain, options=(*plain.options, ("body", {"top_p": 0.5})))
    assert plain.facts() == reached.facts() != asked.facts()
