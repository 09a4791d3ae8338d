"""Rewriting against bare `vllm.LLM.generate` on the same prompts: calls, tokens, answers and CPU time.

    python benchmarks/peers/rewrite.py [--model demo:smollm2-135m] [--prompts 32] [--pairs 5]

Prints JSON: prompts and tokens of both sides (they must be equal), whether the answers are equal, the ratio of the
speeds of each alternating pair (above 1: rewriting was faster) and their median. Drafts are those of the bundled
sample's texts. Ours is all that the stage does between drafts and stored answers; bare is one call with the same rows,
sampling and schema on the same engine. Seconds are CPU time of this process, in which vLLM runs on a CPU.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from leafinstruct.models.backends import load_llm
from leafinstruct.rewrite.generations import Answers
from leafinstruct.rewrite.instruct import Request, Settings, Writer, request
from leafinstruct.rewrite.prompt import load_prompt
from leafinstruct.rewrite.task import draft, tasks
from leafinstruct.run import Run

sys.path.append(str(Path(__file__).parents[1] / "quality"))
from sample_cases import documents

PROMPT = Path(__file__).parents[2] / "pipelines/prompts/instruction_demo.md"


def requests_of(count: int, model: str, settings: Settings) -> list[Request]:
    """Requests for all tasks that the texts fit, the first `count` of them."""
    writer = Writer(model, load_prompt(PROMPT, tasks()), settings)
    drafts = [draft(d, t) for d in documents().values() for t in tasks().values() if t.divide(d)]
    return [request(one, turn, writer) for one in drafts for turn in range(len(one.turns))][:count]


def ours(llm: Any, requests: list[Request]) -> tuple[float, list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        answers = Answers(Run(Path(folder)), "generations/x/p.parquet", lambda: llm, len(requests))(requests)
        return time.process_time() - start, [a.text for a in answers]


def bare(llm: Any, requests: list[Request]) -> tuple[float, list[str], int, int]:
    from vllm import SamplingParams
    from vllm.inputs import TokensPrompt
    from vllm.sampling_params import StructuredOutputsParams

    first = requests[0]
    engine = llm._llm  # the engine under the back-end: both sides run on the same one
    structured = StructuredOutputsParams(json=first.schema, disable_any_whitespace=True)
    params = SamplingParams(
        temperature=first.temperature, seed=first.seed, max_tokens=first.max_tokens, structured_outputs=structured
    )
    engine.reset_prefix_cache()
    start = time.process_time()
    rows = [llm._render(r.messages) for r in requests]
    outputs = engine.generate([TokensPrompt(prompt_token_ids=row) for row in rows], params, use_tqdm=False)
    seconds = time.process_time() - start
    texts = [o.outputs[0].text for o in outputs]
    return seconds, texts, sum(map(len, rows)), sum(len(o.outputs[0].token_ids) for o in outputs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="demo:smollm2-135m")
    parser.add_argument("--prompts", type=int, default=32)
    parser.add_argument("--pairs", type=int, default=5)
    arguments = parser.parse_args()
    settings = Settings(max_document_tokens=160, max_chars=200, max_tokens=80)
    requests = requests_of(arguments.prompts, arguments.model, settings)
    llm = load_llm("vllm", arguments.model, batch_size=len(requests))
    bare(llm, requests[:2])  # the first grammar is compiled once
    ratios, equal, counted = [], [], {}
    for pair in range(arguments.pairs):
        before = llm.calls, llm.prompt_tokens, llm.output_tokens
        sides = {}
        for side in ("ours", "bare") if pair % 2 else ("bare", "ours"):
            sides[side] = ours(llm, requests) if side == "ours" else bare(llm, requests)
        after = llm.calls, llm.prompt_tokens, llm.output_tokens
        mine = [b - a for a, b in zip(before, after, strict=True)]
        counted = {
            "calls": [mine[0], len(requests)],
            "prompt_tokens": [mine[1], sides["bare"][2]],
            "output_tokens": [mine[2], sides["bare"][3]],
        }
        equal.append(sides["ours"][1] == sides["bare"][1])
        ratios.append(round(sides["bare"][0] / sides["ours"][0], 4))
    print(
        json.dumps(
            {
                "prompts": len(requests),
                "ours_and_bare": counted,
                "answers_equal": all(equal),
                "speed_ratios": ratios,
                "median_ratio": statistics.median(ratios),
                "interval": [min(ratios), max(ratios)],
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
