"""What our dual encoder costs beside open_clip itself on tensors that are ready.

usage: clip.py CORPUS_DIR [--images N] [--texts N] [--pairs N] [--model NAME]

Embeds images and texts of CORPUS_DIR/labels with `models.clip.Clip` and with the bare open_clip model in batches of the
same size, turn by turn in one process. Ready tensors: preprocessing and tokenizing are done before, for both. Prints
JSON: forward calls of both for images and texts, the median of bare CPU seconds over ours (1.0: no overhead), and range
of the pairs. That the scorer embeds each image and text once is a test of its own (tests/score/test_clip.py).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from leafinstruct.models.clip import Clip


class Counter:
    """Calls of an encoder."""

    def __init__(self, encode: Callable[..., Any]) -> None:
        self.encode, self.calls = encode, 0

    def __call__(self, *arguments: Any, **more: Any) -> Any:
        self.calls += 1
        return self.encode(*arguments, **more)


def pairs(ours: Callable[[], Any], bare: Callable[[], Any], count: int) -> dict[str, Any]:
    ratios = []
    bare()
    for turn in range(count):
        spent = {}
        for run in (ours, bare) if turn % 2 else (bare, ours):
            begun = time.process_time()
            run()
            spent[run] = time.process_time() - begun
        ratios.append(spent[bare] / spent[ours])
    return {
        "seconds_bare": round(spent[bare], 2),
        "median": round(float(np.median(ratios)), 3),
        "range": [round(min(ratios), 3), round(max(ratios), 3)],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--images", type=int, default=48)
    parser.add_argument("--texts", type=int, default=96)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--model", default="demo:clip-lite0")
    arguments = parser.parse_args()
    import torch

    lines = (arguments.corpus / "labels" / "base_segments.jsonl").read_text(encoding="utf-8").splitlines()
    rows = sorted(map(json.loads, lines), key=lambda row: row["base_id"])
    clip = Clip(arguments.model)
    names = sorted({image for row in rows for image in row["images"]})[: arguments.images]
    texts = [w for row in rows for s in row["segments"] if s.strip() for w in clip.text_windows(s)][: arguments.texts]
    images = [PIL.Image.open(arguments.corpus / name).convert("RGB") for name in names]
    ready_images = [clip._preprocess(image) for image in images]
    ready_texts = [clip._tokenizer([text])[0] for text in texts]
    result: dict[str, Any] = {"model": clip.name, "batch": clip.batch_size}
    for kind, ready in (("image", ready_images), ("text", ready_texts)):
        plain = getattr(clip._model, f"encode_{kind}")
        mine, theirs = Counter(plain), Counter(plain)

        def ours(ready: Any = ready, encode: Any = mine) -> Any:
            return clip._embed(ready, encode)

        def bare(ready: Any = ready, encode: Any = theirs) -> Any:
            with torch.inference_mode():
                size = clip.batch_size
                return [encode(torch.stack(ready[i : i + size]), normalize=True) for i in range(0, len(ready), size)]

        found = pairs(ours, bare, arguments.pairs)
        result[kind] = {
            "items": len(ready),
            "forwards": {"ours": mine.calls // arguments.pairs, "bare": theirs.calls // (arguments.pairs + 1)},
            "bare_over_ours": found,
        }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
