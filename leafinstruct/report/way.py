"""The way of one document through a run: what was harvested, scored, decided, rewritten and published of it."""

from __future__ import annotations

from typing import Any

from leafinstruct.document import LeafError, documents_from_table
from leafinstruct.pipeline import Pipeline
from leafinstruct.run import Run
from leafinstruct.score.base import CorpusScorer


def way(run: Run, pipeline: Pipeline, wanted: str) -> dict[str, Any]:
    """All that the run knows of a document, found by its id (or a start of it), URL, path, or record id."""
    for name in run.partitions():
        if not run.meta(f"documents/{name}.parquet"):
            continue
        for document in documents_from_table(run.table(f"documents/{name}.parquet")):
            record = _record_document(run, name, wanted)
            if wanted in (document.url, document.path) or document.id.startswith(wanted) or document.id == record:
                return {
                    "partition": name,
                    "document": _head(document),
                    "parts": [_part(i, p) for i, p in enumerate(document.parts)],
                    "lost": [{"position": x.position, "ref": x.ref, "reason": x.reason} for x in document.lost],
                    "scores": _scores(run, pipeline, name, document.id, set(document.images)),
                    "decisions": _rows(run, f"decisions/{name}.parquet", "document", document.id),
                    "records": _rows(run, f"records/{name}.parquet", "document", document.id),
                }
    raise LeafError(f"{run.path}: no document with id, URL or path '{wanted}'")


def _record_document(run: Run, name: str, wanted: str) -> str:
    relative = f"records/{name}.parquet"
    if not run.meta(relative):
        return ""
    rows = run.table(relative, ["id", "document"]).to_pylist()
    return next((row["document"] for row in rows if row["id"] == wanted), "")


def _head(document: Any) -> dict[str, Any]:
    names = ("id", "source", "site", "url", "path", "license", "title", "topic", "language", "error")
    return {name: getattr(document, name) for name in names}


def _part(index: int, part: Any) -> dict[str, Any]:
    if part.type == "image":
        return {"part": index, "image": part.image, "alt": part.alt, "caption": part.caption, "step": part.step}
    return {"part": index, "text": part.text, "step": part.step}


def _rows(run: Run, relative: str, column: str, value: str) -> list[dict[str, Any]]:
    if not run.meta(relative):
        return []
    return [row for row in run.table(relative).to_pylist() if row[column] == value]


def _scores(run: Run, pipeline: Pipeline, name: str, document: str, shas: set[str]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for owner in pipeline.filters:
        if not owner.scorer:
            continue
        corpus = isinstance(owner.scorer, CorpusScorer)
        relative = f"corpus/{owner.folder}.parquet" if corpus else f"scores/{owner.folder}/{name}.parquet"
        if run.meta(relative):
            rows = [r for r in run.table(relative).to_pylist() if r["document"] == document or r["sha256"] in shas]
            found[owner.name] = [{k: v for k, v in row.items() if v is not None and k != "key"} for row in rows]
    return found


def way_lines(found: dict[str, Any]) -> list[str]:
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
            lines.append(f"  {part['part']:>3}  {_short(part['text'])}")
        else:
            decision = by_part.get(part["part"])
            mark = "" if decision is None else "kept" if decision["kept"] else f"dropped by {decision['dropped_by']}"
            lines.append(f"  {part['part']:>3}  [image {part['image'][:12]} {_short(part['alt'], 40)}] {mark}")
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
            lines += [f"    {_short(c['text']) if c['type'] == 'text' else '[image]'}" for c in message["content"]]
    return lines


def _value(value: dict[str, Any]) -> str:
    return f"{value['name']} = {value['text'] if value['value'] is None else value['value']}"


def _short(text: str, width: int = 100) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= width else flat[: width - 1] + "…"
