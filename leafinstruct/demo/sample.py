"""The bundled sample on disk: tutorial trees, WARC files, and what was planted in them; the same bytes each time."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import PIL

from leafinstruct.demo.pages import boilerplate, make_page, page_url, suffix
from leafinstruct.demo.plant import FAULTS, Piece, Planted, sha256
from leafinstruct.demo.texts import Text, read_texts, render
from leafinstruct.demo.warc import Response, write_warc
from leafinstruct.errors import LeafError
from leafinstruct.models.weights import cache_folder

SEED = 20250301
LICENSE = """SPDX-License-Identifier: CC0-1.0
CC0 1.0 Universal: https://creativecommons.org/publicdomain/zero/1.0/

To the extent possible under law, the authors of these tutorials have waived all copyright and related rights to them.
"""
# Faults that keep the text get a held-out text of their own, so that no two of them are copies of one another; those
# that destroy the text may take the same texts again, with images of another size.
KEEP_TEXT = ("wrong_image", "duplicate_image", "tiny_image", "broken_image", "missing_image_pointer", "truncated_text")
CASES, COPIES = 2, 3
"""Cases of a fault per kind of source (tutorials, pages), and of near-duplicates, which need no held-out text."""
FOREIGN = {
    "space": (
        "photo:rocket?crop=10,5,95,95&size=380&flip=1",
        "photo:hubble?crop=20,20,70,70&size=360",
        "photo:astronaut?crop=10,0,70,60&size=340&flip=1",
    ),
    "travel": ("photo:china?crop=10,5,65,80&size=400&flip=1", "photo:china?crop=0,0,90,100&size=330&flip=1"),
    "coins": ("photo:coins?crop=5,10,85,95&size=360&flip=1",),
    "cats": ("photo:chelsea?crop=5,5,95,95&size=350&flip=1",),
    "motorcycles": (
        "photo:motorcycle_left?crop=5,5,95,95&size=400&flip=1",
        "photo:motorcycle_right?crop=20,20,80,90&size=360&flip=1",
    ),
    "photography": ("photo:camera?crop=5,0,90,95&size=360&flip=1",),
    "coffee": ("photo:coffee?crop=12,0,90,90&size=380&flip=1",),
    "gardening": ("photo:flower?crop=15,5,85,95&size=380&flip=1",),
    "computing": ("draw:window?title=Invoices&menu=View&open=1&item=3&lines=7", "draw:bits?value=22&width=6"),
    "sky": ("draw:moon?phase=5&size=340",),
}
"""Images that no clean document shows, by topic, for the fault wrong_image."""


@dataclass(frozen=True)
class Made:
    """One document to be written: its place, its text, and what was planted in it (fault "" if clean)."""

    text: Text
    slug: str
    place: str
    pieces: Sequence[Piece]
    fault: str = ""
    base: str = ""
    planted: Planted | None = None

    @property
    def where(self) -> str:
        """The URL of a page; the path below `tutorials/` of a tutorial, ending in / where it is spread over files."""
        if self.text.kind == "page":
            return page_url(self.place, self.slug)
        path = f"{self.place}/{self.slug}"
        if self.text.kind == "tutorial":
            return f"{path}.md"
        return f"{path}/" if len(_steps(self.pieces)) > 1 else f"{path}/step_1.md"


def make_sample(folder: Path) -> None:
    """Write `tutorials/`, `web/`, `faults.jsonl`, `lookalikes.jsonl` into a folder, which is written whole or not at
    all.

    A finished sample is left unchanged. Raises LeafError if the folder holds something else, or if a package with
    photographs is missing.
    """
    folder = Path(folder)
    if (folder / "lookalikes.jsonl").is_file():
        return
    if folder.exists() and any(folder.iterdir()):
        raise LeafError(f"{folder} is not empty and not a finished sample: remove it, or name another folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        _write(unfinished, sample_documents())
        unfinished.replace(folder)
    except OSError:
        # Another process may have finished the same sample first.
        if not (folder / "lookalikes.jsonl").is_file():
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def sample_folder() -> Path:
    """The sample in the cache folder, made now if missing; another version of it has another folder."""
    digest = hashlib.sha256(PIL.__version__.encode())
    here = Path(__file__).parent
    for file in sorted([*here.glob("*.py"), *here.glob("texts/*.md")]):
        digest.update(file.read_bytes())
    folder = cache_folder() / f"sample-{digest.hexdigest()[:8]}"
    make_sample(folder)
    return folder


def sample_documents() -> list[Made]:
    """All documents, clean and faulty, with their images rendered, in order of `where`."""
    texts = read_texts()
    clean = [Made(text, text.slug, text.place, text.pieces()) for text in texts if not text.held_out]
    faulty = _planted([text for text in texts if text.held_out], clean, random.Random(SEED))
    return sorted([*clean, *faulty], key=lambda made: made.where)


def _planted(held_out: Sequence[Text], clean: Sequence[Made], rng: random.Random) -> Iterator[Made]:
    foreign = [(topic, render(spec)) for topic, specs in FOREIGN.items() for spec in specs]
    is_page: tuple[Callable[[Text], bool], ...] = (lambda t: t.kind != "page", lambda t: t.kind == "page")
    for belongs in is_page:
        texts = [text for text in held_out if belongs(text)]
        rng.shuffle(texts)
        keeping = [fault for fault in KEEP_TEXT for _ in range(CASES)]
        for text, fault in zip(texts, keeping, strict=True):
            yield _faulty(fault, text, text.slug, 1.0, rng, foreign)
        rng.shuffle(texts)
        replacing = [f for f in FAULTS if f not in KEEP_TEXT and f != "near_duplicate" for _ in range(CASES)]
        for text, fault in zip(texts, replacing, strict=False):
            yield _faulty(fault, text, f"{text.slug}-2", 0.9, rng, foreign)
        originals = [made for made in clean if belongs(made.text) and not made.text.lookalike]
        for made in rng.sample(originals, COPIES):
            places = sorted({other.place for other in originals})
            planted = FAULTS["near_duplicate"](made.pieces, rng, [])
            yield Made(
                made.text, f"{made.slug}-2", rng.choice(places), planted.pieces, "near_duplicate", made.where, planted
            )


def _faulty(
    fault: str, text: Text, slug: str, zoom: float, rng: random.Random, foreign: list[tuple[str, bytes]]
) -> Made:
    pool = [data for topic, data in foreign if topic != text.topic]
    planted = FAULTS[fault](text.pieces(zoom), rng, pool)
    # A foreign image is used once: used twice, it would be detected as a repetition.
    foreign[:] = [(topic, data) for topic, data in foreign if sha256(data) not in planted.images]
    return Made(text, slug, text.place, planted.pieces, fault, "", planted)


def _write(folder: Path, documents: Sequence[Made]) -> None:
    for made in documents:
        if made.text.kind != "page":
            _write_tutorial(folder / "tutorials" / made.place, made)
    for repository in sorted((folder / "tutorials").iterdir()):
        (repository / "LICENSE").write_text(LICENSE)
    _write_web(folder / "web", [made for made in documents if made.text.kind == "page"])
    _write_rows(folder / "faults.jsonl", (_fault_row(made) for made in documents if made.planted))
    _write_rows(folder / "lookalikes.jsonl", (_lookalike_row(m) for m in documents if m.text.lookalike and not m.fault))


def _write_rows(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows), "utf-8")


def _fault_row(made: Made) -> dict[str, Any]:
    assert made.planted
    row = {"fault": made.fault, "where": made.where, "images": made.planted.images, "base": made.base}
    return {**row, "text": made.text.slug, "parameters": made.planted.parameters}


def _lookalike_row(made: Made) -> dict[str, Any]:
    images = [sha256(piece.data) for piece in made.pieces if piece.data]
    return {"where": made.where, "lookalike": made.text.lookalike, "images": images}


def _front_matter(made: Made, title: str) -> str:
    text = made.text
    values = {"title": title, "topic": text.topic, "language": text.language, "licence": text.license}
    return (
        "---\n"
        + "".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in values.items())
        + "---\n"
    )


def _markdown(pieces: Sequence[Piece], folder: Path, stem: str, first: int) -> str:
    """The pieces as Markdown; their images are written to `folder/images/`, named by the stem and counted from
    `first`."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    blocks = []
    for piece in pieces:
        if piece.is_image:
            name = f"{stem}-{first}{suffix(piece.data)}"
            first += 1
            if piece.data is not None:
                (folder / "images" / name).write_bytes(piece.data)
            caption = f' "{piece.caption}"' if piece.caption else ""
            blocks.append(f"![{piece.alt}](images/{name}{caption})")
        else:
            blocks.append("#" * piece.heading + " " * bool(piece.heading) + piece.text)
    return "\n\n".join(blocks) + "\n"


def _write_tutorial(repository: Path, made: Made) -> None:
    if made.text.kind == "tutorial":
        body = _markdown(made.pieces, repository, made.slug, 1)
        (repository / f"{made.slug}.md").write_text(
            _front_matter(made, made.text.title) + f"\n# {made.text.title}\n\n{body}"
        )
        return
    folder = repository / made.slug
    titles = []
    for number, step in enumerate(_steps(made.pieces), 1):
        titles.append(next((piece.text for piece in step if piece.heading), made.text.title))
        body = _markdown(step, folder, f"step{number}", 1)
        (folder / f"step_{number}.md").write_text((_front_matter(made, made.text.title) if number == 1 else "") + body)
    listed = "".join(f"  - title: {json.dumps(title, ensure_ascii=False)}\n" for title in titles)
    (folder / "meta.yml").write_text(f"title: {json.dumps(made.text.title, ensure_ascii=False)}\nsteps:\n{listed}")


def _steps(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Split before each heading; a heading without a step of its own is kept with what follows."""
    steps: list[list[Piece]] = [[]]
    for piece in pieces:
        if piece.heading and steps[-1]:
            steps.append([])
        steps[-1].append(piece)
    return steps


def _write_web(folder: Path, pages: Sequence[Made]) -> None:
    """Pages and half of their images in one file; the other images, and the sites' boilerplate, in another."""
    here: list[Response] = []
    elsewhere = boilerplate()
    for number, made in enumerate(pages):
        neighbors = [pages[(number + k) % len(pages)] for k in (3, 7, 11, 17)]
        related = [(other.where, other.text.title) for other in neighbors]
        text = made.text
        page, images = make_page(made.place, made.slug, text.title, text.topic, text.language, made.pieces, related)
        here.append(page)
        (here if number % 2 else elsewhere).extend(images)
    folder.mkdir(parents=True)
    write_warc(folder / "pages-00.warc.gz", here)
    write_warc(folder / "images-00.warc.gz", elsewhere)
