"""What the planters draw from: some of a run's kept documents, their images, and lines that repeat within a site.

Every choice is by a hash of seed and document, so that one document more or less changes few plants, and stored model
answers about the others stay valid.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from leafinstruct import layout
from leafinstruct.document import Document, Image, digest, documents_from_table
from leafinstruct.errors import LeafError
from leafinstruct.run import Run
from leafinstruct.text.plain import plain

LINE_CHARS = (3, 200)
"""Characters of a line that may be boilerplate, minimum and maximum."""
REPEATED = 3
"""Documents of a site that must have a line for it to count as the site's boilerplate."""


@dataclass(frozen=True)
class CorpusSample:
    """The documents to plant in (raw maps removed), all images by sha256, and boilerplate lines by language."""

    seed: int
    documents: Sequence[Document]
    images: Mapping[str, Image]
    boilerplate: Mapping[str, Sequence[str]]

    def ranked(self, purpose: str, base: Document, among: Iterable[Document]) -> list[Document]:
        """Documents in an order that depends on seed, purpose and the two documents alone."""
        return sorted(among, key=lambda d: digest([self.seed, purpose, base.id, d.id]))

    def donor(self, purpose: str, base: Document, same_topic: bool, images: int = 1) -> Document | None:
        """A document with images that `base` lacks, of the same topic or of another: the first with at least `images`
        of them, else the one with most; None if there is none."""
        others = [d for d in self.documents if d.id != base.id and (topic(d) == topic(base)) == same_topic]
        new = {d.id: len(set(d.figures) - set(base.figures)) for d in others}
        ranked = [d for d in self.ranked(purpose, base, others) if new[d.id]]
        return max(ranked, key=lambda d: min(images, new[d.id]), default=None)


def topic(document: Document) -> str:
    """What a document is about, or its site if it has no topic."""
    return document.topic or document.site


def gather(run: Run, count: int, seed: int) -> CorpusSample:
    """At most `count` kept documents of a run. Raises LeafError if the run has none."""
    names = [n for n in run.partitions() if run.meta(layout.filtered(n))]
    ids = [(i, n) for n in names for i in run.table(layout.filtered(n), ["id"])["id"].to_pylist()]
    if not ids:
        raise LeafError(f"{run}: no kept documents to plant defects in; run leafinstruct build --stage filter first")
    chosen: dict[str, set[str]] = defaultdict(set)
    for key, name in sorted(ids, key=lambda entry: digest([seed, "chosen", entry[0]]))[:count]:
        chosen[name].add(key)
    documents: list[Document] = []
    images: dict[str, Image] = {}
    lines: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for name, keys in sorted(chosen.items()):
        mine = [d for d in documents_from_table(run.table(layout.filtered(name))) if d.id in keys]
        documents += [replace(d, raw=(), lost=()) for d in mine]
        images |= _images(run, name, {sha for d in mine for sha in d.images})
        for raw in documents_from_table(run.table(layout.documents(name))):
            for line in _lines(raw):
                lines[raw.site, raw.language.split("-")[0], line].add(raw.id)
    boilerplate: dict[str, list[str]] = defaultdict(list)
    for (_, language, line), seen in sorted(lines.items()):
        if len(seen) >= REPEATED:
            boilerplate[language].append(line)
    return CorpusSample(seed, sorted(documents, key=lambda d: d.id), images, boilerplate)


def _images(run: Run, name: str, wanted: set[str]) -> dict[str, Image]:
    found: dict[str, Image] = {}
    with run.parquet(layout.images(name)) as file:
        for batch in file.iter_batches(batch_size=64):
            for row in batch.to_pylist():
                if row["sha256"] in wanted:
                    found[row["sha256"]] = Image(**row)
    return found


def _lines(document: Document) -> set[str]:
    texts = [p.text for p in document.parts if p.type == "text" and not p.heading]
    lines = {line.strip() for text in texts for line in plain(text).splitlines()}
    return {line for line in lines if LINE_CHARS[0] <= len(line) <= LINE_CHARS[1]}
