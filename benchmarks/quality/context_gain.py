"""How well context gain tells the paragraph that follows from one that does not, before anything is built on it.

usage: context_gain.py CORPUS_DIR [--pairs N] [--model NAME] [--backend NAME] [--seed N]

CORPUS_DIR/labels/base_segments.jsonl holds the texts of real tutorials. A pair is two neighboring paragraphs of 15 to
60 words (a, b); its negative is (a, n) with n from another tutorial of the same site, as long as b within 25 %. Gain is
(log p(y|x) - log p(y)) / tokens of y. `swapped` asks whether (a, b) gains more than (b, a). Copied text: `overlap` is
the share of content words of y that stand in x, scored as if it were a detector; `same_overlap` repeats the comparison
over pairs whose two overlaps differ by at most .05. Prints JSON; 95 % intervals by bootstrap over tutorials.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from leafinstruct.models.backends import load_llm
from leafinstruct.models.llm import Llm
from leafinstruct.text.lexicon import STOP

WORDS = (15, 60)
PER_TUTORIAL = 5
REPEATS = 1000


@dataclass(frozen=True)
class Triple:
    """Neighboring paragraphs and a foreign to them."""

    tutorial: str
    before: str
    after: str
    foreign: str


def paragraphs(row: dict[str, list[str]]) -> list[str]:
    return [p.strip() for s in row["segments"] for p in re.split(r"\n\s*\n", s) if p.strip()]


def triples(corpus: Path, count: int, draw: random.Random) -> list[Triple]:
    lines = (corpus / "labels" / "base_segments.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["language"] == "en"]
    texts = {row["base_id"]: paragraphs(row) for row in rows}
    site = {row["base_id"]: row["source"] for row in rows}

    def fits(text: str) -> bool:
        return WORDS[0] <= len(text.split()) <= WORDS[1]

    found = []
    for name, own in sorted(texts.items()):
        pairs = [(a, b) for a, b in zip(own, own[1:], strict=False) if fits(a) and fits(b)]
        others = [t for o in sorted(texts) if o != name and site[o] == site[name] for t in texts[o] if fits(t)]
        for a, b in draw.sample(pairs, min(len(pairs), PER_TUTORIAL)):
            length = len(b.split())
            near = [t for t in others if abs(len(t.split()) - length) <= length / 4 and t not in own]
            if near:
                found.append(Triple(name, a, b, draw.choice(near)))
    return sorted(draw.sample(found, min(count, len(found))), key=lambda t: (t.tutorial, t.before))


def overlap(text: str, context: str) -> float:
    """Share of the content words of `text` that stand in `context`."""
    words, known = ({w for w in re.findall(r"\w+", t.lower()) if w not in STOP["en"]} for t in (text, context))
    return len(words & known) / len(words) if words else 0.0


def gains(llm: Llm, pairs: Sequence[tuple[str, str]]) -> tuple[list[float], dict[str, float]]:
    """Gain of each (context, text) in nats per token, and the likelihood of each text alone."""
    alone = sorted({text for _, text in pairs})
    scored = llm.prompt_logprobs([*pairs, *(("", text) for text in alone)])
    values = [found.per_token for found in scored]
    likelihood = {t: v for t, v in zip(alone, values[len(pairs) :], strict=True) if v is not None}
    return [
        (v if v is not None else np.nan) - likelihood[t] for (_, t), v in zip(pairs, values, strict=False)
    ], likelihood


def auroc(good: np.ndarray, bad: np.ndarray) -> float:
    return float(((good[:, None] > bad[None]) + 0.5 * (good[:, None] == bad[None])).mean())


def paired(good: np.ndarray, bad: np.ndarray) -> float:
    """Share of pairs in which the good side is higher, ties half."""
    return float(((good > bad) + 0.5 * (good == bad)).mean())


def with_interval(
    measure: Callable[[np.ndarray, np.ndarray], float], good: np.ndarray, bad: np.ndarray, groups: Sequence[str]
) -> dict[str, float | list[float]]:
    """The measure and its 95 % interval, resampling tutorials."""
    draw = random.Random(0)
    places: dict[str, list[int]] = {}
    for place, group in enumerate(groups):
        places.setdefault(group, []).append(place)
    names, values = sorted(places), []
    for _ in range(REPEATS):
        chosen = [place for _ in names for place in places[draw.choice(names)]]
        values.append(measure(good[chosen], bad[chosen]))
    low, high = np.percentile(values, [2.5, 97.5])
    return {"value": round(measure(good, bad), 3), "interval": [round(float(low), 3), round(float(high), 3)]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--pairs", type=int, default=320)
    parser.add_argument("--model", default="demo:smollm2-135m")
    parser.add_argument("--backend", default="vllm")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    cases = triples(arguments.corpus, arguments.pairs, random.Random(arguments.seed))
    llm = load_llm(arguments.backend, arguments.model)
    started = time.monotonic()
    following = [(c.before, c.after) for c in cases]
    strange = [(c.before, c.foreign) for c in cases]
    backward = [(c.after, c.before) for c in cases]
    values, likelihood = gains(llm, [*following, *strange, *backward])
    good, bad, swapped = (np.array(values[i * len(cases) : (i + 1) * len(cases)]) for i in range(3))
    groups = [c.tutorial for c in cases]
    copied = np.array([overlap(b, a) for a, b in following]), np.array([overlap(n, a) for a, n in strange])
    alike = np.flatnonzero(abs(copied[0] - copied[1]) <= 0.05)
    alone = [np.array([likelihood[text] for _, text in pairs]) for pairs in (following, strange)]
    result = {
        "model": f"{llm.name}@{llm.revision}",
        "pairs": len(cases),
        "tutorials": len(set(groups)),
        "tokens": llm.prompt_tokens,
        "seconds": round(time.monotonic() - started, 1),
        "mean_gain": {
            k: round(float(v.mean()), 3) for k, v in (("follows", good), ("foreign", bad), ("swapped", swapped))
        },
        "auroc": with_interval(auroc, good, bad, groups),
        "same_context": with_interval(paired, good, bad, groups),
        "swapped": with_interval(paired, good, swapped, groups),
        "likelihood_alone": with_interval(auroc, alone[0], alone[1], groups),
        "overlap": with_interval(auroc, copied[0], copied[1], groups),
        "same_overlap": {"pairs": len(alike)}
        | with_interval(auroc, good[alike], bad[alike], [groups[i] for i in alike]),
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
