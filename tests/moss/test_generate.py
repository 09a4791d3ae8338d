"""The format of what is generated, and the files of samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from leafinstruct.moss.adapters import inject
from leafinstruct.moss.codebook import ASSISTANT, BOS, END, FIRST_CODE, IMAGE, USER, Codebook
from leafinstruct.moss.config import MossConfig
from leafinstruct.moss.generate import Written, generate, to_parts
from leafinstruct.moss.model import Discrete
from leafinstruct.moss.tiny import tiny_llama

torch = pytest.importorskip("torch")
BOOK = Codebook(np.random.default_rng(0).integers(0, 256, (5, 4, 4, 3), dtype=np.uint8), grid=2)
PROMPT = np.array([BOS, USER, *b"Paint.", END, ASSISTANT])


def model() -> Any:
    backbone = tiny_llama(BOOK.vocabulary, hidden=32, layers=2, context=128, seed=0)
    return Discrete(inject(backbone, MossConfig(BOOK.image_tokens)).eval(), BOOK)


def test_whatever_the_model_images_are_whole() -> None:
    network, generator = model(), torch.Generator().manual_seed(0)
    with torch.no_grad():
        network.model.lm_head.weight[IMAGE] *= 8  # a backbone without training hardly ever begins an image
    pictures = 0
    for new_tokens in (3, 30, 61):
        ids = generate(network, Written(PROMPT), new_tokens, temperature=1.0, generator=generator).ids
        assert len(ids) <= new_tokens
        parts = to_parts(Written(ids), BOOK)
        starts = np.flatnonzero(ids == IMAGE)
        assert np.flatnonzero(ids >= FIRST_CODE).tolist() == [s + i for s in starts for i in (1, 2, 3, 4)]
        assert sum(not isinstance(p, str) for p in parts) == len(starts)
        pictures += len(starts)
    assert pictures > 0


def test_greedy_cached_choice_is_the_full_pass_choice() -> None:
    network = model()
    with torch.no_grad():
        for name, parameter in network.model.named_parameters():
            if ".moss." in name:
                parameter.normal_(generator=torch.Generator().manual_seed(len(name)), std=0.2)
        network.model.lm_head.weight[IMAGE] *= 8
    ids = generate(network, Written(PROMPT), 40).ids
    whole = np.concatenate([PROMPT, ids])
    with torch.no_grad():
        logits = network.model(input_ids=torch.from_numpy(whole)[None]).logits[0].numpy()
    for place, token in enumerate(ids, start=len(PROMPT)):
        group = (
            slice(FIRST_CODE, None)
            if token >= FIRST_CODE
            else slice(0, 256)
            if token < 256
            else slice(token, token + 1)
        )
        assert logits[place - 1, token] >= logits[place - 1, group].max() - 1e-4


def test_parts_are_texts_and_images_in_order() -> None:
    code = [FIRST_CODE + i for i in (0, 1, 2, 3)]
    ids = np.array([*"Né".encode(), 255, IMAGE, *code, IMAGE, *code, *b"x", END])
    text, first, second, last = to_parts(Written(ids), BOOK)
    assert (text, last) == ("Né\ufffd", "x")
    assert isinstance(first, np.ndarray) and np.array_equal(first, second)
    assert np.array_equal(first[:4, 4:], BOOK.patches[1])
