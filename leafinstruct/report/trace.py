"""What happened to one document in a run: how it was harvested, scored, decided and rewritten."""

from __future__ import annotations

from typing import Any

from leafinstruct import layout
from leafinstruct.document import Document, Part, documents_from_table, page_id
from leafinstruct.errors import LeafError
from leafinstruct.pipeline import Pipeline
from leafinstruct.report.terminal import Passage, safe
from leafinstruct.rewrite.stage import answers_file, unanswered
from leafinstruct.rules.filter import Filter
from leafinstruct.run import Run
from leafinstruct.score.base import CorpusScorer

ANSWER = ("task", "attempt", "finish_reason", "text", "error", "shown_tokens", "all_tokens", "prompt_tokens")
ANSWER_WIDTH = 300


def trace(run: Run, pipeline: Pipeline, wanted: str) -> dict[str, Any]:
    """What happened to a document, found by its id (or a prefix of it), URL, path or record id; of a page that was
    split, to the first of its chapters.

    Raises LeafError if there is no such document.
    """
    for name in run.partitions():
        if not run.meta(layout.documents(name)):
            continue
        rows = PartitionRows(run, pipeline, name)
        for document in rows.documents:
            records = [row["id"] for row in rows.records.get(document.id, [])]
            if wanted in (*_addresses(document), *records) or document.id.startswith(wanted):
                return rows.trace(document)
    raise LeafError(f"{run}: no document with id, URL or path '{wanted}'")


def _addresses(document: Document) -> tuple[str, ...]:
    stated = (document.url, document.path)
    is_page = document.id == page_id(document.id)
    return stated if is_page else (*stated, *(one.partition("#")[0] for one in stated))


class PartitionRows:
    """Documents of one partition with their scores, decisions and records, grouped by document."""

    def __init__(self, run: Run, pipeline: Pipeline, name: str) -> None:
        self.name = name
        self.documents = list(documents_from_table(run.table(layout.documents(name))))
        self.decisions = _by_document(run, layout.decisions(name))
        self.records = _by_document(run, layout.records(name))
        self._answers = _by_document(run, _answers_file(pipeline, name))
        self._unanswered = unanswered(run, name)
        shown = {sha for document in self.documents for sha in document.images}
        ours = {document.id for document in self.documents}
        self._scores = {f.name: _score_rows(run, f, name, ours, shown) for f in pipeline.filters if f.scorer}

    def trace(self, document: Document) -> dict[str, Any]:
        """One document: metadata, parts, lost images, scores by filter, decisions and records."""
        about = {document.id, *document.images}
        return {
            "partition": self.name,
            "document": _head(document),
            "parts": [_part(i, p) for i, p in enumerate(document.parts)],
            "lost": [{"position": x.position, "ref": x.ref, "reason": x.reason} for x in document.lost],
            "scores": {
                owner: [row for key in sorted(about & set(rows)) for row in rows[key]]
                for owner, rows in self._scores.items()
                if rows
            },
            "decisions": self.decisions.get(document.id, []),
            "answers": [{name: row[name] for name in ANSWER} for row in self._answers.get(document.id, [])],
            "unanswered": self._unanswered.get(document.id, ""),
            "records": self.records.get(document.id, []),
        }


def _answers_file(pipeline: Pipeline, name: str) -> str:
    return answers_file(pipeline, name) if "llm" in pipeline.models else ""


def _by_document(run: Run, relative: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    if relative and run.meta(relative):
        for row in run.table(relative).to_pylist():
            found.setdefault(row["document"], []).append(row)
    return found


def _score_rows(
    run: Run, owner: Filter, name: str, documents: set[str], shas: set[str]
) -> dict[str, list[dict[str, Any]]]:
    """Score rows of a filter by document, or by SHA-256 for an image in any document."""
    corpus = isinstance(owner.scorer, CorpusScorer)
    relative = layout.corpus(owner.folder) if corpus else layout.scores(owner.folder, name)
    found: dict[str, list[dict[str, Any]]] = {}
    if run.meta(relative):
        for row in run.table(relative).to_pylist():
            if row["document"] in documents or row["sha256"] in shas:
                scored = {k: v for k, v in row.items() if v is not None and k != "key"}
                found.setdefault(row["document"] or row["sha256"], []).append(scored)
    return found


def _head(document: Document) -> dict[str, Any]:
    names = ("id", "source", "site", "url", "path", "license", "title", "topic", "language", "error")
    return {name: getattr(document, name) for name in names}


def _part(index: int, part: Part) -> dict[str, Any]:
    steps = {"step": part.step, "procedure": part.procedure}
    if part.type == "image":
        about = {"part": index, "image": part.image, "alt": part.alt, "caption": part.caption, **steps}
        return about | ({"inline": True} if part.inline else {})
    return {"part": index, "text": part.text, **steps}


def trace_lines(found: dict[str, Any]) -> list[str | Passage]:
    """The trace for a terminal."""
    about = found["document"]
    lines: list[str | Passage] = [f"{about['id']}  {about['title']}", f"  {about['url'] or about['path']}"]
    fields = ", ".join(f"{k} {about[k] or '-'}" for k in ("source", "site", "license", "topic", "language"))
    lines += [f"  {fields}", "", "harvest"]
    if about["error"]:
        lines.append(f"  harvest error: {about['error']}")
    by_part = {row["part"]: row for row in found["decisions"]}
    for part in found["parts"]:
        if "text" in part:
            lines.append(Passage(f"  {part['part']:>3}  ", part["text"]))
        else:
            decision = by_part.get(part["part"])
            mark = _outcome(decision) if decision else ""
            lines.append(f"  {part['part']:>3}  [image {part['image'][:12]} {one_line(part['alt'], 40)}] {mark}")
    lines += [f"  lost image  {entry['ref']}: {entry['reason']}" for entry in found["lost"]]
    lines += ["", "scores"]
    for owner, rows in found["scores"].items():
        for row in rows:
            where = f"part {row['part']}" if "part" in row else row.get("sha256", "")[:12] or "document"
            values = {k: v for k, v in row.items() if k not in ("document", "part", "sha256")}
            lines.append(
                f"  {owner:14} {where:14} " + ", ".join(f"{k} {'-' if v == '' else v}" for k, v in values.items())
            )
    decision = by_part.get(None)
    if decision:
        lines += ["", "decision", f"  {_outcome(decision)}"]
        lines += [f"  fails rule {rule}" for rule in decision["failed_rules"]]
        lines += [f"    {_value(v)}" for row in found["decisions"] for v in row["values"]]
    answers, silent = found.get("answers", []), found.get("unanswered", "")
    if answers or silent:
        lines += ["", "language model"]
        lines += [f"  no answer: {silent}"] if silent else []
        for row in answers:
            said = f"error: {row['error']}" if row["error"] else one_line(row["text"], ANSWER_WIDTH)
            lines.append(f"  {row['task']}, attempt {row['attempt']}, {row['finish_reason']}: {said}")
    for record in found["records"]:
        lines += ["", f"record {record['id']}  task {record['task']}  writer {record['writer']}"]
        if record["dropped_by"]:
            lines.append(f"  dropped by {record['dropped_by']}")
        for message in record["messages"]:
            lines.append(f"  {message['role']}:")
            lines += [content_line(c["type"], c["text"]) for c in message["content"]]
    return safe(lines)


def _outcome(decision: dict[str, Any]) -> str:
    if decision["kept"]:
        return "kept"
    by = decision["dropped_by"]
    return "dropped with its document" if by == "document" else f"dropped by {by}"


def _value(value: dict[str, Any]) -> str:
    return f"{value['name']} = {value['text'] if value['value'] is None else value['value']}"


def content_line(kind: str, text: str) -> str | Passage:
    """An entry of a message."""
    return Passage("    ", text) if kind == "text" else "    [image]"


def one_line(text: str, width: int = 100) -> str:
    """A text on one line, truncated to a width with an ellipsis."""
    flat = " ".join(text.split())
    return flat if len(flat) <= width else flat[: width - 1] + "…"
