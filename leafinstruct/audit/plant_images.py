"""Image defects: in another place, from another document, repeated, too small, an ad."""

from __future__ import annotations

import hashlib
import io
import random
from dataclasses import replace

from leafinstruct.audit.corpus_sample import CorpusSample
from leafinstruct.audit.planted import CannotPlant, Planted, needs, places
from leafinstruct.document import Document, Image, Part
from leafinstruct.images.pixels import displayed

TINY_PIXELS = (1, 8, 16, 24, 32, 48)
"""Widths of tracking pixels, favicons, emoticons and buttons."""
BANNER_PIXELS = ((728, 90), (468, 60), (320, 50), (970, 90), (970, 250), (120, 600), (160, 600))
"""Standard ad sizes (Interactive Advertising Bureau): leaderboard, banner, mobile, billboard, skyscrapers."""
DRAWS = 50


def _moved(part: Part, to: Part) -> Part:
    """A part in the place of another: it belongs to the step there."""
    return replace(part, procedure=to.procedure, step=to.step)


def shuffled(base: Document, corpus: CorpusSample, draw: random.Random) -> Planted:
    """Images permuted among their places; of 50 draws, the one that leaves fewest in place. Alt text and caption are
    about the image and move with it."""
    at = places(base, "image")
    needs(set(base.figures), 2, "different images")
    best: list[int] = []
    wrong: list[int] = []
    for _ in range(DRAWS):
        order = draw.sample(at, len(at))
        moved = [i for i, j in zip(at, order, strict=True) if base.parts[i].image != base.parts[j].image]
        if len(moved) > len(wrong):
            best, wrong = order, moved
    parts = list(base.parts)
    for i, j in zip(at, best, strict=True):
        parts[i] = _moved(base.parts[j], base.parts[i])
    return Planted(tuple(parts), tuple(wrong))


def one_other_topic(base: Document, corpus: CorpusSample, draw: random.Random) -> Planted:
    return _foreign(base, corpus, draw, same_topic=False, all_places=False)


def all_other_topic(base: Document, corpus: CorpusSample, draw: random.Random) -> Planted:
    return _foreign(base, corpus, draw, same_topic=False, all_places=True)


def one_same_topic(base: Document, corpus: CorpusSample, draw: random.Random) -> Planted:
    return _foreign(base, corpus, draw, same_topic=True, all_places=False)


def all_same_topic(base: Document, corpus: CorpusSample, draw: random.Random) -> Planted:
    return _foreign(base, corpus, draw, same_topic=True, all_places=True)


def _foreign(
    base: Document, corpus: CorpusSample, draw: random.Random, *, same_topic: bool, all_places: bool
) -> Planted:
    """Images of one other document, without the alt text and caption they had there, which would give them away or name
    the mistake. If it has fewer images than there are places, the others stay."""
    at = places(base, "image")
    needs(at, 1 if all_places else 2, "images")
    donor = corpus.donor("images", base, same_topic, len(at) if all_places else 1)
    if donor is None:
        raise CannotPlant(f"no document of {'the same' if same_topic else 'another'} topic with other images")
    offered = sorted(set(donor.figures) - set(base.figures), key=donor.figures.index)
    chosen = at if all_places else [draw.choice(at)]
    parts = list(base.parts)
    wrong = chosen[: len(offered)]
    for place, sha in zip(wrong, offered, strict=False):
        parts[place] = _moved(Part("image", image=sha), base.parts[place])
    return Planted(tuple(parts), tuple(wrong), variant="all" if len(wrong) == len(at) else "some")


def repeated_once(base: Document, corpus: CorpusSample, draw: random.Random) -> Planted:
    """An image replaces a later one, so that the second occurrence is the wrong one."""
    at = places(base, "image")
    needs(set(base.figures), 2, "different images")
    pairs = [(i, j) for i in at for j in at if i < j and base.parts[i].image != base.parts[j].image]
    source, place = draw.choice(pairs)
    parts = list(base.parts)
    parts[place] = _moved(base.parts[source], base.parts[place])
    return Planted(tuple(parts), (place,))


def repeated_everywhere(base: Document, corpus: CorpusSample, draw: random.Random) -> Planted:
    at = places(base, "image")
    needs(set(base.figures), 2, "different images")
    shown = base.parts[at[0]]
    parts = list(base.parts)
    for place in at:
        parts[place] = _moved(shown, base.parts[place])
    return Planted(tuple(parts), tuple(i for i in at if base.parts[i].image != shown.image))


def tiny(base: Document, corpus: CorpusSample, draw: random.Random) -> Planted:
    """A miniature of another document's image, like icons and buttons."""
    width = draw.choice(TINY_PIXELS)
    return _added(base, corpus, draw, (width, max(1, round(width * draw.choice((1, 1, 0.75))))), f"{width} px")


def banner(base: Document, corpus: CorpusSample, draw: random.Random) -> Planted:
    """Another document's image stretched to a standard ad size."""
    width, height = draw.choice(BANNER_PIXELS)
    return _added(base, corpus, draw, (width, height), f"{width}x{height}")


def _added(base: Document, corpus: CorpusSample, draw: random.Random, size: tuple[int, int], variant: str) -> Planted:
    donor = corpus.donor("added", base, same_topic=False) or corpus.donor("added", base, same_topic=True)
    if donor is None:
        raise CannotPlant("no other document with images")
    source = corpus.images[next(sha for sha in donor.figures if sha not in base.figures)]
    image = _resized(source, size)
    place = draw.randrange(len(base.parts) + 1)
    parts = [*base.parts[:place], Part("image", image=image.sha256), *base.parts[place:]]
    return Planted(tuple(parts), (place,), (image,), variant)


def _resized(source: Image, size: tuple[int, int]) -> Image:
    from leafinstruct.images.opening import opened

    out = io.BytesIO()
    try:
        with opened(source.bytes) as image:
            displayed(image).resize(size).save(out, "PNG")
    except Exception:  # Pillow's plugins raise many kinds of errors on broken data
        raise CannotPlant("an image that cannot be decoded") from None
    data = out.getvalue()
    return Image(hashlib.sha256(data).hexdigest(), data, "png", *size, "")
