"""Where prompts end, and the files of samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from leafinstruct.moss.codebook import ASSISTANT, BOS, END, FIRST_CODE, IMAGE, USER, Codebook
from leafinstruct.moss.data import IGNORE, Example
from leafinstruct.moss.generate import Undecoded, Written
from leafinstruct.moss.samples import Sample, pick_prompts, split_at, write_samples

BOOK = Codebook(np.random.default_rng(0).integers(0, 256, (5, 4, 4, 3), dtype=np.uint8), grid=2)
PROMPT = np.array([BOS, USER, *b"Paint.", END, ASSISTANT])


def test_prompts_end_where_the_answer_begins() -> None:
    ids = np.array([*PROMPT, *b"Yes", END])
    labels = np.where(np.arange(len(ids)) < len(PROMPT), IGNORE, ids)
    start = Example("a", ids, labels, ())
    later = Example("a", np.array([BOS, ASSISTANT, *b"more"]), np.array([IGNORE, IGNORE, *b"more"]), (), opens=False)
    assert pick_prompts([later, start], 3, 100) == [(start, len(PROMPT))]
    assert pick_prompts([start], 3, len(PROMPT) - 1) == []


def test_samples_are_files_side_by_side(tmp_path: Path) -> None:
    image = [IMAGE, *[FIRST_CODE + i for i in (4, 3, 2, 1)]]
    reference = np.array([*b"<b>Red</b>", *image, END])
    sample = Sample(
        "record & 1", True, Written(PROMPT), Written(reference), Written(np.array([*b"Rod", *image, *image, END]))
    )
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


def test_vectors_go_with_their_side() -> None:
    vectors = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    example = Example("a", np.arange(20), np.arange(20), ((3, False), (12, True)), True, vectors)
    prompt, answer = split_at(example, 10)
    assert prompt.vectors is not None and answer.vectors is not None
    assert np.array_equal(prompt.vectors, vectors[0]) and np.array_equal(answer.vectors, vectors[1])


def test_image_without_a_decoder_is_said(tmp_path: Path) -> None:
    class NoPixels(Codebook):
        def decode(self, ids: np.ndarray, vectors: np.ndarray | None = None) -> None:  # type: ignore[override]
            return None

    image = Written(np.array([IMAGE, *range(FIRST_CODE, FIRST_CODE + 4), END]))
    files = write_samples(
        [Sample("a", False, Written(PROMPT), image, image)], NoPixels(BOOK.patches, 2), tmp_path / "samples"
    )
    assert "[an image of 4 tokens; this model's decoder" in files[2].read_text()
    assert Undecoded(4).tokens == 4
