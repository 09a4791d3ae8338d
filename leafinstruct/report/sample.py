"""Records next to their source documents: a sample drawn by hash, for a terminal and as a self-contained HTML page."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from leafinstruct import layout
from leafinstruct.document import Document, Image, Record, documents_from_table, records_from_table
from leafinstruct.errors import LeafError
from leafinstruct.images.thumbnail import thumbnail
from leafinstruct.report import markdown
from leafinstruct.report.policy import content_policy
from leafinstruct.report.terminal import Passage, safe
from leafinstruct.report.trace import content_line
from leafinstruct.run import Run

SIDE = 280
"""Longest side of an image on the page in pixels."""
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem auto; max-width: 76rem; padding: 0 1rem; color: #222 }
article { border-top: 2px solid #888; padding: 1rem 0 }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1.5rem }
.facts { color: #555; font-size: 13px }
.user { background: #eef3fa; padding: .4rem .7rem; border-radius: .4rem }
section { min-width: 0 }
p { overflow-wrap: anywhere; margin: .5rem 0 }
img { max-width: 100%; display: block; margin: .4rem 0 }
h3 { font-size: 14px; margin: .6rem 0 .2rem }
fieldset { display: inline-block; border: 0; padding: 0 1.2rem .4rem 0 }
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A record and the edited document it was made from."""

    record: Record
    document: Document

    def to_dict(self) -> dict[str, Any]:
        return {"record": asdict(self.record), "document": asdict(self.document)}


def draw(run: Run, count: int) -> list[Shown]:
    """The `count` records with the smallest hashes of their ids, in that order. Raises LeafError without records."""
    files = {name: layout.records(name) for name in run.partitions()}
    rows = [(r["id"], name) for name, f in files.items() if run.meta(f)
            for r in run.table(f, ["id", "dropped_by"]).to_pylist() if not r["dropped_by"]]  # fmt: skip
    if not rows:
        raise LeafError(f"{run}: no records yet; make them with: leafinstruct build --stage rewrite")
    wanted = dict(sorted(rows, key=lambda row: order(row[0]))[:count])
    found: dict[str, Shown] = {}
    for name in sorted(set(wanted.values())):
        documents = {d.id: d for d in documents_from_table(run.table(layout.filtered(name)))}
        for record in records_from_table(run.table(files[name])):
            if wanted.get(record.id) == name:
                found[record.id] = Shown(record, documents[record.document])
    return [found[key] for key in wanted]


def order(record_id: str) -> str:
    """Hash of the id, by which the sample is drawn, so that nobody picks records."""
    return hashlib.sha256(f"sample/{record_id}".encode("utf-8", "surrogatepass")).hexdigest()


def sample_lines(shown: Sequence[Shown]) -> list[str | Passage]:
    """The sample for a terminal: each record, and how much of its document it uses."""
    lines: list[str | Passage] = []
    for one in shown:
        record, document = one.record, one.document
        lines += ["", f"record {record.id}  task {record.task}  writer {record.writer}"]
        lines.append(f"  document {document.id}  {document.title}  {document.url or document.path}")
        texts = [p for p in document.parts if p.type == "text"]
        lines.append(f"  texts {len(texts)}, images {len(document.images)} (in the record: {len(record.images)})")
        for message in record.messages:
            lines.append(f"  {message.role}:")
            lines += [content_line(c.type, c.text) for c in message.content]
    return safe(lines[1:])


def read_images(run: Run, shas: Iterable[str]) -> dict[str, Image]:
    """The requested images that the run has, by SHA-256."""
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted, found = pa.array(sorted(set(shas)), pa.string()), dict[str, Image]()
    for name in run.partitions():
        if run.meta(layout.images(name)):
            names = run.table(layout.images(name), ["sha256"])["sha256"]
            if pc.any(pc.is_in(names, wanted)).as_py():
                table = run.table(layout.images(name))
                rows = table.filter(pc.is_in(table["sha256"], wanted)).to_pylist()
                found |= {row["sha256"]: Image(**row) for row in rows}
    return found


def picture(image: Image | None) -> str:
    """An `img` element with an embedded thumbnail, or a note if there is no image to show."""
    if image is None:
        return "<p>[image not available]</p>"
    small = thumbnail(image.bytes, SIDE)
    return f'<img loading="lazy" alt="" src="{small}">' if small else "<p>[image cannot be decoded]</p>"


def record_html(record: Record, pictures: Mapping[str, str]) -> str:
    """The messages of a record. `pictures` are `img` elements by SHA-256."""
    images = iter(record.images)
    blocks = []
    for message in record.messages:
        inner = [markdown.Picture(pictures[next(images)]) if c.type == "image" else c.text for c in message.content]
        blocks.append(f'<h3>{message.role}</h3><div class="{message.role}">{markdown.interleaved(inner)}</div>')
    return "".join(blocks)


def document_html(document: Document, pictures: Mapping[str, str]) -> str:
    """The parts of a document: texts, and images with their caption or alternative text."""
    return markdown.interleaved(
        [
            part.text
            if part.type == "text"
            else markdown.Picture(pictures[part.image], f'<p class="facts">{html.escape(part.caption or part.alt)}</p>')
            for part in document.parts
        ]
    )


def pictures_of(run: Run, shown: Sequence[Shown]) -> dict[str, str]:
    shas = {sha for one in shown for sha in (*one.record.images, *one.document.images)}
    held = read_images(run, shas)
    return {sha: picture(held.get(sha)) for sha in sorted(shas)}


def sample_page(run: Run, shown: Sequence[Shown]) -> str:
    """One HTML page with all images embedded; Markdown is rendered and all other text escaped."""
    pictures = pictures_of(run, shown)
    articles = []
    for one in shown:
        facts = [
            one.record.id,
            one.record.task,
            one.record.writer,
            one.record.license,
            one.document.url or one.document.path,
        ]
        articles.append(
            f'<article><p class="facts">{html.escape(" · ".join(f for f in facts if f))}</p><div class="pair">'
            f"<section><h2>Record</h2>{record_html(one.record, pictures)}</section>"
            f"<section><h2>Document</h2><h3>{html.escape(one.document.title)}</h3>"
            f"{document_html(one.document, pictures)}</section></div></article>"
        )
    return page(f"{len(shown)} records, drawn by hash of their id", "".join(articles))


def page(title: str, body: str, script: str = "") -> str:
    """A whole page, which runs no script but this one and loads nothing."""
    policy = html.escape(content_policy([script] if script else []))
    head = (
        f'<meta charset=utf-8><meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>{html.escape(title)}</title><style>{STYLE}{markdown.style()}</style>"
    )
    tail = f"<script>{script}</script>" if script else ""
    shown = f"<h1>{html.escape(title)}</h1>{body}{tail}"
    return f"<!doctype html><html lang=en><head>{head}</head><body>{shown}</body></html>\n"
