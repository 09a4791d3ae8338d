"""The tokenizer interface of every kind of model: how text and images become ids and come back."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from leafinstruct.moss.neighbors import ImageTokens


class Tokenizer(Protocol):
    """Tokens of one model. Image ids are those of `image_tokens`; an image is written as `before`, `image_tokens.span`
    ids, `after`. `start` opens a sequence and `end` closes each turn. `side`: width and height in pixels of an image as
    the model sees it. `width`: length of an image token's vector where images go in and come out as vectors (every
    image token then has the same id); 0 where ids carry everything."""

    @property
    def side(self) -> int: ...
    @property
    def vocabulary(self) -> int: ...
    @property
    def image_tokens(self) -> ImageTokens: ...
    @property
    def pad(self) -> int: ...
    @property
    def start(self) -> list[int]: ...
    @property
    def end(self) -> list[int]: ...
    @property
    def before(self) -> list[int]: ...
    @property
    def after(self) -> list[int]: ...
    @property
    def width(self) -> int: ...

    @property
    def writable(self) -> np.ndarray:
        """Bool [vocabulary]: ids that an answer may hold outside images, its end included."""
        ...

    def role(self, role: str) -> list[int]:
        """Ids that open a turn of `user` or `assistant`."""
        ...

    def text(self, text: str) -> list[int]: ...

    def words(self, ids: Sequence[int]) -> str:
        """The text of ids outside images; ids that are not text are left out."""
        ...

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Ids int64 [n, span] in raster order of uint8 images [n, side, side, 3]."""
        ...

    def vectors(self, images: np.ndarray) -> np.ndarray | None:
        """float32 [n, size, width]: what goes in and comes out; None where ids carry everything."""
        ...

    def decode(self, ids: np.ndarray, vectors: np.ndarray | None = None) -> np.ndarray | None:
        """The image, uint8 [side, side, 3], of the ids [span] or vectors [size, width] of one image; None if the model
        cannot turn them into pixels."""
        ...


def image_plan(tokenizer: Tokenizer) -> deque[int | None]:
    """What must follow the first id of an image: None for each token the model chooses, ids for the rest."""
    layout = tokenizer.image_tokens
    row: list[int | None] = [None] * layout.columns
    if layout.row_end is not None:
        row.append(layout.row_end)
    return deque([*tokenizer.before[1:], *row * layout.rows, *tokenizer.after])


def image_length(tokenizer: Tokenizer) -> int:
    """Tokens of a whole image, with those before and after it."""
    return len(tokenizer.before) + tokenizer.image_tokens.span + len(tokenizer.after)
