"""The seeded planter: puts faults into good documents, so that filters can be measured against a known truth.

Every fault takes the pieces of one document and a `random.Random`, draws its parameters from the ranges written here,
and returns new pieces with the list of planted images. Nothing here knows any filter.
"""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from PIL import Image

from leafinstruct.demo.plant_words import CHROME, INJECTIONS, MENU, POINTERS


@dataclass(frozen=True)
class Piece:
    """A text (`text`; `heading` 1 to 6 for headings) or an image (`data`; None: its file is missing) of a document."""

    text: str = ""
    heading: int = 0
    is_image: bool = False
    data: bytes | None = None
    alt: str = ""
    caption: str = ""


@dataclass(frozen=True)
class Planted:
    """A faulty document: its pieces, SHA-256 (hex) of every planted wrong image, and the parameters that were drawn."""

    pieces: list[Piece]
    images: list[str] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)


Fault = Callable[[Sequence[Piece], random.Random, Sequence[bytes]], Planted]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _pictures(pieces: Sequence[Piece]) -> list[int]:
    found = [i for i, piece in enumerate(pieces) if piece.data]
    if not found:
        raise ValueError("this fault needs a document with at least one image")
    return found


def _some(found: list[int], rng: random.Random, low: float, high: float, spare: int = 1) -> tuple[list[int], float]:
    """A random share of the positions, at least one, leaving `spare` of them alone if there are enough."""
    share = rng.uniform(low, high)
    most = max(1, len(found) - spare)
    return sorted(rng.sample(found, min(most, max(1, round(share * len(found)))))), round(share, 4)


def wrong_image(pieces: Sequence[Piece], rng: random.Random, pool: Sequence[bytes]) -> Planted:
    """A share of .3 to .8 of the images is replaced by images of other topics; the pool has at least as many."""
    chosen, share = _some(_pictures(pieces), rng, 0.3, 0.8)
    foreign = rng.sample(list(pool), len(chosen))
    result = list(pieces)
    for at, data in zip(chosen, foreign, strict=True):
        result[at] = replace(result[at], data=data)
    return Planted(result, [sha256(x) for x in foreign], {"share": share, "positions": chosen})


def duplicate_image(pieces: Sequence[Piece], rng: random.Random, pool: Sequence[bytes]) -> Planted:
    """One image again, 1 to 4 times: in the place of other images, or as an additional image after any piece."""
    found = _pictures(pieces)
    source, times = rng.choice(found), rng.randint(1, 4)
    others = [i for i in found if i != source]
    replaced = rng.sample(others, min(len(others), times)) if rng.random() < 0.5 else []
    result = list(pieces)
    for at in replaced:
        result[at] = replace(result[at], data=pieces[source].data)
    for _ in range(times - len(replaced)):
        result.insert(rng.randint(1, len(result)), pieces[source])
    image = sha256(pieces[source].data or b"")
    return Planted(result, [image], {"times": times, "replaced": len(replaced)})


def tiny_image(pieces: Sequence[Piece], rng: random.Random, pool: Sequence[bytes]) -> Planted:
    """1 to 3 images of 1 to 40 pixels a side, made from the document's own, additional or in the place of one."""
    found, result, planted, sizes = _pictures(pieces), list(pieces), [], []
    inserted = rng.random() < 0.5
    places = rng.sample(found, min(len(found), rng.randint(1, 3)))
    if not inserted:
        places = places[: max(1, len(found) - 1)]
    for at in sorted(places, reverse=True):
        size = (rng.randint(1, 40), rng.randint(1, 40))
        with Image.open(io.BytesIO(pieces[at].data or b"")) as image:
            small = image.convert("RGB").resize(size)
        buffer = io.BytesIO()
        small.save(buffer, rng.choice(["PNG", "JPEG", "GIF"]))
        piece = replace(pieces[at], data=buffer.getvalue())
        result[at : at + (0 if inserted else 1)] = [piece]
        planted.append(sha256(buffer.getvalue()))
        sizes.append(list(size))
    return Planted(result, planted, {"inserted": inserted, "sizes": sizes})


def _break(data: bytes, how: str, rng: random.Random) -> bytes:
    if how == "truncated":
        return data[: max(1, int(len(data) * rng.uniform(0.02, 0.95)))]
    if how == "html":
        code = rng.choice(["403 Forbidden", "404 Not Found", "503 Service Unavailable"])
        return f"<!doctype html><html><head><title>{code}</title></head><body><h1>{code}</h1></body></html>\n".encode()
    if how == "mislabelled":
        signature = rng.choice([b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", b"\x89PNG\r\n\x1a\n"])
        return signature + data[rng.randint(16, 64) :]
    return b""


def broken_image(pieces: Sequence[Piece], rng: random.Random, pool: Sequence[bytes]) -> Planted:
    """Image files truncated after .02 to .95 of their bytes, empty, an error page, or the body of another format."""
    chosen, share = _some(_pictures(pieces), rng, 0.2, 0.8)
    result, planted, ways = list(pieces), [], []
    for at in chosen:
        ways.append(rng.choice(["truncated", "truncated", "html", "mislabelled", "empty"]))
        data = _break(pieces[at].data or b"", ways[-1], rng)
        result[at] = replace(pieces[at], data=data)
        planted.append(sha256(data))
    return Planted(result, planted, {"share": share, "positions": chosen, "ways": ways})


def _chrome(rng: random.Random) -> str:
    """One block of a page's boilerplate: a menu in one of several notations, or sentences of notices."""
    if rng.random() < 0.55:
        mark = rng.choice([" | ", " » ", "\n- ", " · ", "\n"])
        items = rng.sample(MENU, rng.randint(5, 14))
        return ("- " if mark == "\n- " else "") + mark.join(items)
    return " ".join(rng.sample(CHROME, rng.randint(2, 5)))


def _drowned(pieces: Sequence[Piece], rng: random.Random, keep: float, blocks: tuple[int, int]) -> list[Piece]:
    """The pieces with a share `keep` of the texts left, and boilerplate before, between and after."""
    result = [Piece(text=_chrome(rng))]
    for piece in pieces:
        if piece.is_image or rng.random() < keep:
            result.append(piece)
        else:
            result += [Piece(text=_chrome(rng)) for _ in range(rng.randint(*blocks))]
    return result


def navigation_text(pieces: Sequence[Piece], rng: random.Random, pool: Sequence[bytes]) -> Planted:
    """Menus, notices and cookie texts replace the text; 0 to .3 of the paragraphs stay."""
    keep = rng.uniform(0, 0.3)
    return Planted(_drowned(pieces, rng, keep, (1, 2)), [], {"kept_share": round(keep, 4)})


def judge_injection(pieces: Sequence[Piece], rng: random.Random, pool: Sequence[bytes]) -> Planted:
    """A worthless page (at most .1 of its text stays) that orders a rating model to give full marks, 1 to 3 times."""
    keep = rng.uniform(0, 0.1)
    result = _drowned(pieces, rng, keep, (1, 1))
    wordings = rng.sample(range(len(INJECTIONS)), rng.randint(1, 3))
    for wording in wordings:
        at = rng.randint(0, len(result))
        result.insert(at, Piece(text=INJECTIONS[wording]))
    return Planted(result, [], {"kept_share": round(keep, 4), "wordings": wordings})


def _rewritten(pieces: Sequence[Piece], words: Sequence[str]) -> list[Piece]:
    """The same pieces with the words of their texts taken from `words` in order; headings stay."""
    supply, result = iter(words), []
    for piece in pieces:
        if piece.is_image or piece.heading:
            result.append(piece)
        else:
            result.append(replace(piece, text=" ".join(next(supply) for _ in piece.text.split())))
    return result


def _words(pieces: Sequence[Piece]) -> list[str]:
    return [word for piece in pieces if not piece.is_image and not piece.heading for word in piece.text.split()]


def word_salad(pieces: Sequence[Piece], rng: random.Random, pool: Sequence[bytes]) -> Planted:
    """Words in random order: through the whole document or in windows of 12 to 80 words; .7 to 1 of them move."""
    words, share = _words(pieces), rng.uniform(0.7, 1.0)
    window = rng.choice([len(words), rng.randint(12, 80)])
    for start in range(0, len(words), window):
        spots = [i for i in range(start, min(start + window, len(words))) if rng.random() < share]
        for spot, word in zip(spots, rng.sample([words[i] for i in spots], len(spots)), strict=True):
            words[spot] = word
    return Planted(_rewritten(pieces, words), [], {"share": round(share, 4), "window": window})


def truncated_text(pieces: Sequence[Piece], rng: random.Random, pool: Sequence[bytes]) -> Planted:
    """The document stops after .12 to .5 of its words, in the middle of a sentence; half of the time inside a word."""
    share = rng.uniform(0.12, 0.5)
    left, result = max(4, int(share * len(_words(pieces)))), []
    for piece in pieces:
        if piece.is_image or piece.heading:
            result.append(piece)
            continue
        words = piece.text.split()
        if len(words) > left:
            cut = max(1, next((n for n in range(left, 0, -1) if words[n - 1][-1].isalpha()), left))
            last = words[cut - 1]
            inside = len(last) > 4 and rng.random() < 0.5
            result.append(
                replace(piece, text=" ".join([*words[: cut - 1], last[: len(last) // 2] if inside else last]))
            )
            break
        left -= len(words)
        result.append(piece)
    return Planted(result, [], {"share": round(share, 4)})


def near_duplicate(pieces: Sequence[Piece], rng: random.Random, pool: Sequence[bytes]) -> Planted:
    """A copy in which .005 to .06 of the words (at least one) are left out, doubled, swapped or replaced by another."""
    words, share = _words(pieces), rng.uniform(0.005, 0.06)
    spots = rng.sample(range(len(words) - 1), max(1, round(share * len(words))))
    for at in spots:
        how = rng.choice(["replace", "double", "swap", "blank"])
        if how == "replace":
            words[at] = rng.choice(words)
        elif how == "double":
            words[at] = f"{words[at]} {words[at]}"
        elif how == "swap":
            words[at], words[at + 1] = words[at + 1], words[at]
        else:
            words[at] = ""
    return Planted(_rewritten(pieces, words), [], {"share": round(share, 4), "words": len(spots)})


def missing_image_pointer(pieces: Sequence[Piece], rng: random.Random, pool: Sequence[bytes]) -> Planted:
    """The files of .3 to 1 of the images are missing, while a sentence before each of them points at it."""
    chosen, share = _some(_pictures(pieces), rng, 0.3, 1.0, spare=0)
    result, sentences = list(pieces), rng.sample(POINTERS, min(len(POINTERS), len(chosen)))
    for n, at in reversed(list(enumerate(chosen))):
        result[at] = replace(pieces[at], data=None)
        result.insert(at, Piece(text=sentences[n % len(sentences)]))
    return Planted(result, [], {"share": share, "positions": chosen, "sentences": sentences})


FAULTS: dict[str, Fault] = {
    "wrong_image": wrong_image, "duplicate_image": duplicate_image, "tiny_image": tiny_image,
    "broken_image": broken_image, "navigation_text": navigation_text, "word_salad": word_salad,
    "truncated_text": truncated_text, "near_duplicate": near_duplicate,
    "missing_image_pointer": missing_image_pointer, "judge_injection": judge_injection,
}  # fmt: skip
