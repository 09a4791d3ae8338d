"""From blocks to the parts of a document: their Markdown from one image to the next, and the images between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import urlsplit

from leafinstruct.document import Image, LostImage, Part
from leafinstruct.harvest.html.flow import Block
from leafinstruct.harvest.html.imagerefs import MOST_HEIGHT, MOST_WIDTH
from leafinstruct.harvest.html.marks import ADDRESS_END, LINK, LINK_END
from leafinstruct.harvest.html.render import Writer
from leafinstruct.harvest.html.steps import steps_of
from leafinstruct.text.inline import NO_SPACE_BEFORE, joined
from leafinstruct.text.words import count_words

MOST_ALT_WORDS = 6
"""Words of an alternative text that stands in a sentence for its picture; a longer one describes."""
Shape = Literal["figure", "inline", "lost", "nothing"]
"""What an image is in its document: a figure, a small picture inside a sentence, one that could not be got, or nothing
that belongs to the text."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One part before its image is read: `text` is Markdown, or `image` the block that names the image. The texts on
    the line of an `inline` image are as in `text.inline`."""

    step: int
    text: str = ""
    heading: int = 0
    image: Block | None = None
    inline: bool = False
    anchor: str = ""
    lost: tuple[Block, ...] = ()
    """Images that could not be got, for which the text has their words."""


@dataclass(slots=True)
class _Placed:
    """A block with its step; it may go on after something of its line, and a text be followed by an inline image."""

    block: Block
    step: int
    shape: Shape | None = None
    after_inline: bool = False
    before_inline: bool = False
    lost: tuple[Block, ...] = ()


def pieces(
    blocks: Sequence[Block], steps: Sequence[int] | None = None, shape: Callable[[Block], Shape] | None = None
) -> Iterator[Piece]:
    """The pieces of a page in order. Text between figures inside one step is one piece, and a heading one of its own.
    `shape` tells what an image is; by default a figure, or inline where the page says that it is small."""
    writer = Writer()
    run: list[_Placed] = []

    def written() -> Iterator[Piece]:
        if run and (text := writer.written([one.block for one in run])):
            if not run[0].block.heading:
                before = " " if run[0].after_inline and not NO_SPACE_BEFORE.match(text) else ""
                text = f"{before}{text}{' ' if run[-1].before_inline else ''}"
            lost = tuple(block for one in run for block in one.lost)
            yield Piece(run[0].step, text, run[0].block.heading, anchor=run[0].block.anchor, lost=lost)
        run.clear()

    for one in _placed(blocks, steps or steps_of(blocks), shape or _declared):
        block = one.block
        if one.shape is not None:
            yield from written()
            yield Piece(one.step, image=block, inline=one.shape == "inline")
            continue
        if run and (block.heading or run[-1].block.heading or one.step != run[-1].step):
            yield from written()
        run.append(one)
    yield from written()


def in_sentences(blocks: Sequence[Block]) -> list[Block]:
    """The blocks with small pictures as Markdown inside the text of their line, for a page that is one text."""
    found: list[Block] = []
    begun: Block | None = None
    for one in _placed(blocks, [0] * len(blocks), _declared):
        block = one.block
        if one.shape == "inline":
            name = block.alt or PurePosixPath(urlsplit(block.ref).path).stem
            source = f"!{LINK}{block.ref}{ADDRESS_END}{name}{LINK_END}"
            if one.after_inline:
                found[-1] = _with_more(found[-1], name, source)
            else:
                begun = Block(name, source=source) if begun is None else _with_more(begun, name, source)
        elif one.shape is None and begun is not None:
            found.append(_begun_by(begun, block))
            begun = None
        elif one.shape is None and one.after_inline:
            found[-1] = _with_more(found[-1], block.text, block.source)
        else:
            found.append(block)
    return found


def _declared(block: Block) -> Shape:
    return "inline" if block.small else "figure"


def _placed(blocks: Sequence[Block], steps: Sequence[int], shape: Callable[[Block], Shape]) -> Iterator[_Placed]:
    line: list[_Placed] = []
    for block, step in zip(blocks, steps, strict=True):
        if line and not block.runs_on:
            yield from line if len(line) == 1 and line[0].shape is None else _fitted(line)  # the usual case: a text
            line = []
        line.append(_Placed(block, step, shape(block) if block.ref else None))
    yield from _fitted(line)


def _fitted(line: list[_Placed]) -> Iterator[_Placed]:
    """What is on one line: an inline picture without words beside it is a figure, and words with no picture between
    them are one text."""
    if len(line) == 1 or not any(map(str.isalnum, "".join(one.block.text for one in line))):
        for one in line:
            alone = one.block.icon and one.block.place is None  # a cell of a table says what is beside it
            one.shape = "nothing" if alone else "figure" if one.shape == "inline" else one.shape
        yield from (one for one in line if one.shape != "nothing")
        return
    found: list[_Placed] = []
    begun, goes_on = "", False
    lost: tuple[Block, ...] = ()
    for one in line:
        last = found[-1] if found and found[-1].shape is None else None
        if one.shape == "nothing" or (one.shape == "lost" and one.block.small is not False):
            alt = one.block.alt if one.shape == "lost" and count_words(one.block.alt) <= MOST_ALT_WORDS else ""
            if last is not None:
                last.block = _with_more(last.block, alt)
            else:
                begun = joined(begun, alt)
            goes_on = True
            lost += (one.block,) if one.shape == "lost" else ()
            continue
        if one.shape is None:
            if last is not None and goes_on:
                last.block = _with_more(last.block, one.block.text, one.block.source)
                continue
            if begun:
                one.block = _begun_by(Block(begun), one.block)
            one.after_inline = bool(found) and found[-1].shape == "inline"
        elif one.shape == "inline":
            one.after_inline = bool(found) and found[-1].shape in (None, "inline") and one.block.runs_on
            if last is not None:
                last.before_inline = True
        begun, goes_on = "" if one.shape is None else begun, False
        found.append(one)
    for one in found:
        if one.shape is None:
            one.lost, lost = lost, ()
    yield from found


def _begun_by(line: Block, block: Block) -> Block:
    """The block with what begins its line."""
    whole = _with_more(line, block.text, block.source)
    return replace(block, text=whole.text, source=whole.source)


def _with_more(block: Block, text: str, source: str = "") -> Block:
    """The block with more text on its line; `source` is that text with marks."""
    whole = joined(block.text, text)
    space = whole[len(block.text) : len(whole) - len(text)]
    return replace(block, text=whole, source=f"{block.source or block.text}{space}{source or text}")


def assemble(
    blocks: Sequence[Block], resolve: Callable[[Block], Image | str], steps: Sequence[int] | None = None
) -> tuple[tuple[Part, ...], tuple[LostImage, ...], dict[str, Image]]:
    """Parts of a document. `resolve` returns the image of a block, or the reason why there is none ("" leaves no trace
    of it)."""
    found = {id(block): resolve(block) for block in blocks if block.ref}
    parts: list[Part] = []
    lost: list[LostImage] = []
    images: dict[str, Image] = {}

    def shape(block: Block) -> Shape:
        got = found[id(block)]
        if isinstance(got, Image):
            return "inline" if _is_small(block, got) else "figure"
        return "lost" if got else "nothing"

    for piece in pieces(blocks, steps, shape):
        block = piece.image
        for gone in piece.lost if block is None else (block,):
            if isinstance(reason := found[id(gone)], str):
                lost.append(LostImage(len(parts), gone.ref[:500], reason))
        if block is None:
            parts.append(Part("text", piece.text, step=piece.step, heading=piece.heading, anchor=piece.anchor))
        elif isinstance(got := found[id(block)], Image):
            images[got.sha256] = got
            about = Part("image", "", got.sha256, block.alt, block.caption, got.url, piece.step, inline=piece.inline)
            parts.append(about)
    return tuple(parts), tuple(lost), images


def _is_small(block: Block, image: Image) -> bool:
    """Whether an image is as small as a letter or a button: as its page says, else by its pixels."""
    if block.small is not None or image.width is None or image.height is None:
        return bool(block.small)
    return image.height <= MOST_HEIGHT and image.width <= MOST_WIDTH
