"""What our language-model scorer costs beside vLLM itself on the same prompts.

usage: lm.py CORPUS_DIR [--documents N] [--max-tokens N] [--pairs N] [--model NAME]

Scores tutorials of CORPUS_DIR/labels with the scorer `lm`, and gives the same token ids to the bare `vllm.LLM`, turn by
turn in one process with the same engine. Prints JSON: prompts and tokens of both (they must be equal), the median of
bare CPU seconds over ours (1.0: no overhead; the engine runs in this process) and the range of the pairs.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from leafinstruct.document import Document, Part
from leafinstruct.models.backends import load_llm
from leafinstruct.score.base import Item
from leafinstruct.score.lm import Scorer


def documents(corpus: Path, count: int) -> list[Document]:
    lines = (corpus / "labels" / "base_segments.jsonl").read_text(encoding="utf-8").splitlines()
    rows = sorted(map(json.loads, lines), key=lambda row: row["base_id"])[:count]
    made = []
    for row in rows:
        parts = tuple(Part("text", segment) for segment in row["segments"] if segment.strip())
        made.append(Document(row["base_id"], "", "", "", "", "", "", "", "", parts))
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--documents", type=int, default=60)
    parser.add_argument("--max-tokens", type=int, default=128)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--model", default="demo:smollm2-135m")
    arguments = parser.parse_args()
    made = [d for d in documents(arguments.corpus, arguments.documents) if d.parts]
    llm: Any = load_llm("vllm", arguments.model)
    scorer = Scorer({"max_tokens": arguments.max_tokens})
    scorer.load(SimpleNamespace(llm=lambda settings: llm))  # type: ignore[arg-type]
    items = [Item(document, frozenset()) for document in made]

    def ours() -> list[Any]:
        return list(scorer.score(items, lambda sha: None))  # type: ignore[arg-type, return-value]

    from vllm import SamplingParams
    from vllm.inputs import TokensPrompt

    tokenizer = llm._tokenizer
    start = llm._start_token()
    limit = arguments.max_tokens
    ids = [[start, *tokenizer(d.text, add_special_tokens=False)["input_ids"][:limit]] for d in made]
    params = SamplingParams(temperature=0, max_tokens=1, prompt_logprobs=0, detokenize=False)

    def bare() -> list[Any]:
        return llm._llm.generate([TokensPrompt(prompt_token_ids=row) for row in ids], params, use_tqdm=False)

    bare()  # the first run allocates
    before = llm.calls, llm.prompt_tokens
    ratios = []
    for turn in range(arguments.pairs):
        spent = {}
        for name in ("ours", "bare") if turn % 2 else ("bare", "ours"):
            begun = time.process_time()
            (ours if name == "ours" else bare)()
            spent[name] = time.process_time() - begun
        ratios.append(spent["bare"] / spent["ours"])
    asked = (llm.calls - before[0]) // arguments.pairs
    read = (llm.prompt_tokens - before[1]) // arguments.pairs
    result = {
        "documents": len(made),
        "prompts": {"ours": asked, "bare": len(ids)},
        "tokens": {"ours": read, "bare": sum(map(len, ids))},
        "seconds_bare": round(spent["bare"], 2),
        "bare_over_ours": {
            "median": round(float(np.median(ratios)), 3),
            "range": [round(min(ratios), 3), round(max(ratios), 3)],
        },
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
