"""From blocks to the parts of a document: their Markdown from one image to the next, and the images between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from leafinstruct.document import Image, LostImage, Part
from leafinstruct.harvest.html.flow import Block, steps_of
from leafinstruct.harvest.html.render import Writer


@dataclass(frozen=True, slots=True)
class Piece:
    """One part before its image is read: `text` is Markdown, or `image` the block that names the image."""

    step: int
    text: str = ""
    heading: int = 0
    image: Block | None = None


def pieces(
    blocks: Sequence[Block], steps: Sequence[int] | None = None, shown: Callable[[Block], bool] | None = None
) -> Iterator[Piece]:
    """The pieces of a page in order. Text between images inside one step is one piece; a heading is a piece of its own.
    `shown` tells which images are there at all; by default all are."""
    writer = Writer()
    run: list[Block] = []
    run_step = 0

    def written() -> Iterator[Piece]:
        if run and (text := writer.written(run)):
            yield Piece(run_step, text)
        run.clear()

    for block, step in zip(blocks, steps or steps_of(blocks), strict=True):
        if block.ref:
            if shown is None or shown(block):
                yield from written()
                yield Piece(step, image=block)
        elif block.heading:
            yield from written()
            if text := writer.written([block]):
                yield Piece(step, text, block.heading)
        else:
            if step != run_step:
                yield from written()
            run.append(block)
            run_step = step
    yield from written()


def assemble(
    blocks: Sequence[Block], resolve: Callable[[Block], Image | str], steps: Sequence[int] | None = None
) -> tuple[tuple[Part, ...], tuple[LostImage, ...], dict[str, Image]]:
    """Parts of a document. `resolve` returns the image of a block, or the reason why there is none ("" leaves no trace
    of it)."""
    found = {id(block): resolve(block) for block in blocks if block.ref}
    parts: list[Part] = []
    lost: list[LostImage] = []
    images: dict[str, Image] = {}
    for piece in pieces(blocks, steps, lambda block: found[id(block)] != ""):
        block = piece.image
        if block is None:
            parts.append(Part("text", text=piece.text, step=piece.step, heading=piece.heading))
            continue
        got = found[id(block)]
        if isinstance(got, str):
            lost.append(LostImage(len(parts), block.ref[:500], got))
        else:
            images[got.sha256] = got
            parts.append(Part("image", "", got.sha256, block.alt, block.caption, got.url, piece.step))
    return tuple(parts), tuple(lost), images
