"""The format of what is generated, and the files of samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from leafinstruct.moss.adapters import MossConfig, inject
from leafinstruct.moss.codebook import ASSISTANT, BOS, END, FIRST_CODE, IMAGE, USER, Codebook
from leafinstruct.moss.data import IGNORE, Example
from leafinstruct.moss.generate import Sample, generate, pick_prompts, to_parts, write_samples
from leafinstruct.moss.model import tiny_llama

torch = pytest.importorskip("torch")
BOOK = Codebook(np.random.default_rng(0).integers(0, 256, (5, 4, 4, 3), dtype=np.uint8), grid=2)
PROMPT = np.array([BOS, USER, *b"Paint.", END, ASSISTANT])


def model() -> Any:
    body = tiny_llama(BOOK.vocabulary, hidden=32, layers=2, context=128, seed=0)
    return inject(body, MossConfig(BOOK.image_tokens)).eval()


def test_whatever_the_model_images_are_whole() -> None:
    network, generator = model(), torch.Generator().manual_seed(0)
    with torch.no_grad():
        network.lm_head.weight[IMAGE] *= 8  # a body without training hardly ever begins an image
    pictures = 0
    for new_tokens in (3, 30, 61):
        ids = generate(network, PROMPT, BOOK, new_tokens, temperature=1.0, generator=generator)
        assert len(ids) <= new_tokens
        parts = to_parts(ids, BOOK)
        starts = np.flatnonzero(ids == IMAGE)
        assert np.flatnonzero(ids >= FIRST_CODE).tolist() == [s + i for s in starts for i in (1, 2, 3, 4)]
        assert sum(not isinstance(p, str) for p in parts) == len(starts)
        pictures += len(starts)
    assert pictures > 0


def test_greedy_cached_choice_is_the_full_pass_choice() -> None:
    network = model()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if ".moss." in name:
                parameter.normal_(generator=torch.Generator().manual_seed(len(name)), std=0.2)
        network.lm_head.weight[IMAGE] *= 8
    ids = generate(network, PROMPT, BOOK, 40)
    whole = np.concatenate([PROMPT, ids])
    with torch.no_grad():
        logits = network(input_ids=torch.from_numpy(whole)[None]).logits[0].numpy()
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
    text, first, second, last = to_parts(ids, BOOK)
    assert (text, last) == ("Né\ufffd", "x")
    assert isinstance(first, np.ndarray) and np.array_equal(first, second)
    assert np.array_equal(first[:4, 4:], BOOK.patches[1])


def test_prompts_end_where_the_answer_begins() -> None:
    ids = np.array([*PROMPT, *b"Yes", END])
    labels = np.where(np.arange(len(ids)) < len(PROMPT), IGNORE, ids)
    start = Example("a", ids, labels, ())
    later = Example("a", np.array([BOS, ASSISTANT, *b"more"]), np.array([IGNORE, IGNORE, *b"more"]), ())
    assert pick_prompts([later, start], 3, 100) == [(start, len(PROMPT))]
    assert pick_prompts([start], 3, len(PROMPT) - 1) == []


def test_samples_are_files_side_by_side(tmp_path: Path) -> None:
    image = [IMAGE, *[FIRST_CODE + i for i in (4, 3, 2, 1)]]
    reference = np.array([*b"<b>Red</b>", *image, END])
    sample = Sample("record & 1", True, PROMPT, reference, np.array([*b"Rod", *image, *image, END]))
    files = write_samples([sample], BOOK, tmp_path / "samples")
    assert [f.name for f in files] == ["index.html", "00-prompt.txt", "00-reference.txt", "00-reference-1.png"] + [
        "00-generated.txt",
        "00-generated-1.png",
        "00-generated-2.png",
    ]
    assert all(f.is_file() for f in files)
    page = files[0].read_text()
    assert "&lt;b&gt;Red&lt;/b&gt;" in page and "record &amp; 1" in page and "held out" in page
    assert all(f'src="{f.name}"' in page for f in files if f.suffix == ".png")
    shown = np.asarray(Image.open(tmp_path / "samples" / "00-reference-1.png"))
    assert BOOK.encode(shown[None])[0].tolist() == image[1:]
    assert files[4].read_text() == "Rod\n[00-generated-1.png]\n[00-generated-2.png]\n"
