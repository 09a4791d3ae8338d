"""The arithmetic of the pairing test, with models that know exactly as much as the test gives them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from leafinstruct.moss.batches import Batch
from leafinstruct.moss.codebook import BOS, FIRST_CODE, IMAGE, Codebook
from leafinstruct.moss.data import IGNORE, Example
from leafinstruct.moss.pairing import one_per_record, pairing_test

torch = pytest.importorskip("torch")
SIZE, CODES = 4, 8


class Teller:
    """Expects, with confidence, the image whose code is told by the last text token; or (deaf) always code 0."""

    unit = "nats"
    tokenizer = Codebook(np.arange(CODES * 12, dtype=np.uint8).reshape(CODES, 2, 2, 3), grid=2)
    model = torch.nn.Linear(1, 1)

    def __init__(self, deaf: bool) -> None:
        self.deaf = deaf
        self.model.device = torch.device("cpu")

    def step(self, ids: Any, cache: Any, vectors: Any) -> Any:
        raise AssertionError("the pairing test does not generate")

    def losses(self, batch: Batch) -> Any:
        input_ids = batch.ids
        codes = torch.zeros_like(input_ids)
        if not self.deaf:
            told = torch.where(input_ids < 256, input_ids, 0)
            codes = torch.cummax(told * (input_ids < 256), dim=1).values % CODES
        logits = torch.zeros(*input_ids.shape, FIRST_CODE + CODES)
        logits.scatter_(2, codes[..., None] + FIRST_CODE, 6.0)
        losses = torch.nn.functional.cross_entropy(
            logits[:, :-1].flatten(0, 1), batch.labels[:, 1:].flatten(), reduction="none"
        )
        return torch.nn.functional.pad(losses.view(len(input_ids), -1), (1, 0))


def example(number: int, code: int, user_image: bool = False) -> Example:
    images = [[IMAGE] + [FIRST_CODE + code] * SIZE] * (2 if user_image else 1)
    ids = [BOS, CODES + code, *[t for image in images for t in image]]
    starts = [3 + i * (SIZE + 1) for i in range(len(images))]
    image_positions = tuple((start, i == len(images) - 1) for i, start in enumerate(starts))
    labels = [IGNORE] * image_positions[-1][0] + ids[image_positions[-1][0] :]
    return Example(f"r{number}", np.array(ids), np.array(labels), image_positions)


def rows(generator: np.random.Generator, count: int = 40) -> list[Example]:
    return [example(i, int(generator.integers(CODES)), user_image=i % 3 == 0) for i in range(count)]


def test_a_model_that_reads_the_text_finds_the_pairs() -> None:
    found = pairing_test(Teller(deaf=False), rows(np.random.default_rng(0)), batch=7)
    assert found.n == 40 - 2 and found.skipped == 2  # where the layouts meet, no image is the answer's in both rows
    assert found.z is not None and found.z > 8
    assert found.gap == pytest.approx(6.0 * 7 / 8, abs=0.7)


def test_a_model_that_does_not_read_finds_nothing() -> None:
    found = pairing_test(Teller(deaf=True), rows(np.random.default_rng(0)), batch=7)
    assert found.gap == 0 and found.z is None


def test_mixed_rows_give_about_nothing() -> None:
    generator = np.random.default_rng(1)
    mixed = []
    for row in rows(generator):
        ids = row.ids.copy()
        ids[1] = CODES + int(generator.integers(CODES))
        mixed.append(Example(row.record, ids, row.labels, row.image_positions))
    found = pairing_test(Teller(deaf=False), mixed, batch=7)
    assert found.z is not None and abs(found.z) < 3


def test_too_few_rows_give_no_number() -> None:
    for count in (0, 1):
        found = pairing_test(Teller(deaf=False), rows(np.random.default_rng(0), count), batch=7)
        assert (found.z, found.n, found.skipped) == (None, 0, count)


def test_one_window_of_each_record_is_paired() -> None:
    ids = np.array([0])
    windows = [Example("a", ids, ids, ()), Example("a", ids, ids, ((1, True),)), Example("b", ids, ids, ((1, False),))]
    windows += [Example("a", ids, ids, ((2, True),)), Example("c", ids, ids, ())]
    assert one_per_record(windows) == [windows[1], windows[2], windows[4]]
