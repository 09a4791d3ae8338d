"""The backbone that all trainings of a grid share: trained in full once, then frozen, as a real model's is under
adapters.

It learns the data's texts without their images, and generated pictures in the data's colors, each after a few words
that name them: the languages of both and that one can describe the other, as a real base model knows them, but no image
of the data, nor which image belongs to which text. On a random backbone, where embeddings and head must learn
everything too, a grid only compares how fast adapters of different ranks help with that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain, zip_longest
from typing import Any

import numpy as np

from leafinstruct.moss.codebook import Codebook
from leafinstruct.moss.data import Example
from leafinstruct.moss.settings import TrainConfig

VERSION = 2
"""Version of what the backbone learns; another one is another backbone."""
_RATE = 3e-3  # of the whole backbone; 400 steps bring the pictures' loss from 6.8 to about 1.9 nats
_PER_DOCUMENT = 2  # pictures one after the other, as in most records
_NOISE = (0, 4, 10)  # standard deviations of 255: drawings have none, photographs have some
_NAMED = {  # the eleven basic color terms of Berlin and Kay (1969), each with one shade of it (own)
    "black": (16, 16, 16),
    "white": (245, 245, 245),
    "grey": (128, 128, 128),
    "red": (205, 45, 40),
    "orange": (240, 140, 30),
    "yellow": (240, 215, 60),
    "green": (50, 145, 70),
    "blue": (45, 90, 200),
    "purple": (125, 60, 160),
    "pink": (240, 160, 190),
    "brown": (120, 75, 45),
}
_PHRASES = ("{0} to {1}", "{0} and {1} stripes", "{1} disc on {0}", "{1} box on {0}")


def named(color: np.ndarray) -> str:
    """The basic color term whose shade is nearest to the color [3], 0 to 255."""
    return min(_NAMED, key=lambda name: float(((color - np.array(_NAMED[name])) ** 2).sum()))


def picture(side: int, colors: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, str]:
    """A gradient, stripes, a disc or a box in two of the colors [n, 3], uint8 [side, side, 3], and words for it."""
    y, x = np.mgrid[0:side, 0:side] / side
    first, second = colors[generator.integers(len(colors), size=2)].astype(float)
    angle, kind = generator.uniform(0, 2 * np.pi), int(generator.integers(4))
    along = x * np.cos(angle) + y * np.sin(angle)
    if kind == 0:
        mixed = (along - along.min()) / (along.max() - along.min())
    elif kind == 1:
        mixed = np.floor(along * generator.integers(2, 7) + generator.uniform()) % 2
    else:
        top, left = generator.uniform(0, 0.7, 2)
        down, right = y - top, x - left
        height, width = generator.uniform(0.2, 0.7, 2)
        inside = down**2 + right**2 < width**2
        if kind == 3:
            inside = (down >= 0) & (down < height) & (right >= 0) & (right < width)
        mixed = inside.astype(float)
    pixels = first + (second - first) * mixed[..., None]
    pixels += generator.normal(0, generator.choice(_NOISE), pixels.shape)
    return pixels.clip(0, 255).astype(np.uint8), _PHRASES[kind].format(named(first), named(second))


def pictures(codebook: Codebook, tokens: int, seed: int) -> list[Example]:
    """Windows of generated pictures, each after its words, of about `tokens` tokens; every token is labeled."""
    generator = np.random.default_rng(seed)
    colors = codebook.patches.reshape(-1, 3)
    frame = [*codebook.start, *codebook.role("assistant")]
    made: list[Example] = []
    total = 0
    while total < tokens:
        images, words = zip(*(picture(codebook.side, colors, generator) for _ in range(_PER_DOCUMENT)), strict=True)
        codes = codebook.encode(np.stack(images)).tolist()
        shown = [[*codebook.text(phrase), *codebook.before, *own] for phrase, own in zip(words, codes, strict=True)]
        ids = np.array([*frame, *chain.from_iterable(shown), *codebook.end])
        made.append(Example(f"picture-{len(made)}", ids, ids, ()))
        total += len(ids)
    return made


def texts(train: Mapping[str, Sequence[Example]], codebook: Codebook, tokens: int) -> list[Example]:
    """Windows of the data without their images, from each dataset in turn, until they make `tokens` tokens. None
    repeats: a backbone that knew them by heart would have to unlearn how they continue where an image was."""
    layout = codebook.image_tokens
    made: list[Example] = []
    total = 0
    for example in chain.from_iterable(zip_longest(*train.values())):
        if example is not None and total < tokens:
            image = (example.ids >= layout.first) & (example.ids < layout.first + layout.count)
            ids = example.ids[~image & ~np.isin(example.ids, codebook.before)]
            made.append(Example(example.record, ids, ids, ()))
            total += len(ids)
    return made


def train_base(
    codebook: Codebook, train: Mapping[str, Sequence[Example]], config: TrainConfig, steps: int
) -> dict[str, Any]:
    """Weights of the tiny model after `steps` steps; at most half of the tokens are texts, the others pictures."""
    from leafinstruct.moss.backbones import tiny_backbone
    from leafinstruct.moss.loop import run_steps

    config = replace(config, steps=steps, learning_rate=_RATE)
    backbone, tokens = tiny_backbone(codebook, config), steps * config.batch * config.context
    windows = texts(train, codebook, tokens // 2)
    taught = windows + pictures(codebook, tokens - sum(len(example.ids) for example in windows), config.seed)
    for _ in run_steps(backbone, taught, config):
        pass
    weights: dict[str, Any] = backbone.model.state_dict()
    return weights
