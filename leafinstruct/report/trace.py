"""The way of one document through a run: what was harvested, scored, decided, rewritten and published of it."""

from __future__ import annotations

from typing import Any

from leafinstruct import layout
from leafinstruct.document import Document, Part, documents_from_table
from leafinstruct.errors import LeafError
from leafinstruct.pipeline import Pipeline
from leafinstruct.rules.filter import Filter
from leafinstruct.run import Run
from leafinstruct.score.base import CorpusScorer


def way(run: Run, pipeline: Pipeline, wanted: str) -> dict[str, Any]:
    """All that the run knows of a document, found by its id (or a start of it), URL, path, or record id.

    Raises LeafError if there is no such document.
    """
    for name in run.partitions():
        if not run.meta(layout.documents(name)):
            continue
        rows = PartitionRows(run, pipeline, name)
        for document in rows.documents:
            records = [row["id"] for row in rows.records.get(document.id, [])]
            if wanted in (document.url, document.path, *records) or document.id.startswith(wanted):
                return rows.way(document)
    raise LeafError(f"{run}: no document with id, URL or path '{wanted}'")


class PartitionRows:
    """What a run holds about the documents of one partition, grouped by document."""

    def __init__(self, run: Run, pipeline: Pipeline, name: str) -> None:
        self.name = name
        self.documents = list(documents_from_table(run.table(layout.documents(name))))
        self.decisions = _by_document(run, layout.decisions(name))
        self.records = _by_document(run, layout.records(name))
        shown = {sha for document in self.documents for sha in document.images}
        ours = {document.id for document in self.documents}
        self._scores = {f.name: _score_rows(run, f, name, ours, shown) for f in pipeline.filters if f.scorer}

    def way(self, document: Document) -> dict[str, Any]:
        """The way of one document: its head, parts, lost images, scores by filter, decisions and records."""
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
            "records": self.records.get(document.id, []),
        }


def _by_document(run: Run, relative: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    if run.meta(relative):
        for row in run.table(relative).to_pylist():
            found.setdefault(row["document"], []).append(row)
    return found


def _score_rows(
    run: Run, owner: Filter, name: str, documents: set[str], shas: set[str]
) -> dict[str, list[dict[str, Any]]]:
    """Score rows of a filter by the document they are about, or by the image wherever it stands."""
    corpus = isinstance(owner.scorer, CorpusScorer)
    relative = layout.corpus(owner.folder) if corpus else layout.scores(owner.folder, name)
    found: dict[str, list[dict[str, Any]]] = {}
    if run.meta(relative):
        for row in run.table(relative).to_pylist():
            if row["document"] in documents or row["sha256"] in shas:
                said = {k: v for k, v in row.items() if v is not None and k != "key"}
                found.setdefault(row["document"] or row["sha256"], []).append(said)
    return found


def _head(document: Document) -> dict[str, Any]:
    names = ("id", "source", "site", "url", "path", "license", "title", "topic", "language", "error")
    return {name: getattr(document, name) for name in names}


def _part(index: int, part: Part) -> dict[str, Any]:
    if part.type == "image":
        return {"part": index, "image": part.image, "alt": part.alt, "caption": part.caption, "step": part.step}
    return {"part": index, "text": part.text, "step": part.step}


def trace_lines(found: dict[str, Any]) -> list[str]:
    """The way for a terminal."""
    about = found["document"]
    lines = [f"{about['id']}  {about['title']}", f"  {about['url'] or about['path']}"]
    fields = ", ".join(f"{k} {about[k] or '-'}" for k in ("source", "site", "license", "topic", "language"))
    lines += [f"  {fields}", "", "harvest"]
    if about["error"]:
        lines.append(f"  no document: {about['error']}")
    by_part = {row["part"]: row for row in found["decisions"]}
    for part in found["parts"]:
        if "text" in part:
            lines.append(f"  {part['part']:>3}  {one_line(part['text'])}")
        else:
            decision = by_part.get(part["part"])
            mark = "" if decision is None else "kept" if decision["kept"] else f"dropped by {decision['dropped_by']}"
            lines.append(f"  {part['part']:>3}  [image {part['image'][:12]} {one_line(part['alt'], 40)}] {mark}")
    lines += [f"  lost  {entry['ref']}: {entry['reason']}" for entry in found["lost"]]
    lines += ["", "scores"]
    for owner, rows in found["scores"].items():
        for row in rows:
            where = f"part {row['part']}" if "part" in row else row.get("sha256", "")[:12] or "document"
            values = {k: v for k, v in row.items() if k not in ("document", "part", "sha256")}
            lines.append(f"  {owner:14} {where:14} " + ", ".join(f"{k} {v}" for k, v in values.items()))
    decision = by_part.get(None)
    if decision:
        lines += ["", "decision", "  kept" if decision["kept"] else f"  dropped by {decision['dropped_by']}"]
        lines += [f"  fails {rule}" for rule in decision["failed_rules"]]
        lines += [f"    {_value(v)}" for row in found["decisions"] for v in row["values"]]
    for record in found["records"]:
        lines += ["", f"record {record['id']}  task {record['task']}  by {record['writer']}"]
        if record["dropped_by"]:
            lines.append(f"  dropped by {record['dropped_by']}")
        for message in record["messages"]:
            lines.append(f"  {message['role']}:")
            lines += [f"    {one_line(c['text']) if c['type'] == 'text' else '[image]'}" for c in message["content"]]
    return lines


def _value(value: dict[str, Any]) -> str:
    return f"{value['name']} = {value['text'] if value['value'] is None else value['value']}"


def one_line(text: str, width: int = 100) -> str:
    """A text on one line, cut to a width with an ellipsis."""
    flat = " ".join(text.split())
    return flat if len(flat) <= width else flat[: width - 1] + "…"
