"""The JSON object in what a model wrote, whatever its server leaves around it."""

from __future__ import annotations

import json
import time

import pytest

from leafinstruct.rewrite.answer import answered_object

WANTED = {"instruction": "How do I fold a boat?"}
JSON = json.dumps(WANTED)
AROUND = {
    "nothing": JSON,
    "white space": f"\n\n  {JSON}  \n",
    "reasoning": f'<think>\nMaybe {{"instruction": "no"}}.\n</think>\n\n{JSON}',
    "reasoning without its beginning": f'Maybe {{"instruction": "no"}}.\n</think>\n{JSON}',
    "two rounds of reasoning": f"<think>a</think> b <think>c {{}}</think>{JSON}",
    "reasoning of another name": f"<reasoning>{{}}</reasoning>{JSON}",
    "reasoning of a maker's own name": f'<seed:think>{{"instruction": "no"}}</seed:think>{JSON}',
    "reasoning in a channel": f'<|channel>thought\n{{"instruction": "no"}}<channel|>{JSON}',
    "JSON inside of a JSON text": json.dumps(JSON),
    "reasoning in brackets": f"[THINK]{{}}[/THINK]{JSON}",
    "channels": f'<|channel|>analysis<|message|>{{"instruction": "no"}}<|end|><|channel|>final<|message|>{JSON}',
    "reasoning and a fence": f"<think>x</think>\n```json\n{JSON}\n```",
    "a fence": f"```json\n{JSON}\n```",
    "a fence without a name": f"```\n{JSON}\n```\n",
    "a sentence before": f"Here is the JSON:\n{JSON}",
    "sentences around": f"Sure! Here it is:\n{JSON}\nLet me know if you need {{anything}} else.",
    "another object before": f'{{"task": "howto"}} {JSON}',
    "the same twice": f"{JSON}\n{JSON}",
    "a list": f"[{JSON}]",
}


@pytest.mark.parametrize("name", AROUND)
def test_the_object_is_found(name: str) -> None:
    assert answered_object(AROUND[name], "instruction") == WANTED


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no",
        "null",
        "[1]",
        "{",
        '{"instruction": ',
        f"<think>I would say {JSON}",
        f'{JSON} or {{"instruction": "b"}}',
    ],
)
def test_there_is_none_or_no_single_one(text: str) -> None:
    assert answered_object(text, "instruction") is None


def test_marks_of_reasoning_in_a_request_are_text() -> None:
    about = {"instruction": "What does </think> mean in a chat template?"}
    for text in (json.dumps(about), f"<think>hm</think>{json.dumps(about)}"):
        assert answered_object(text, "instruction") == about


@pytest.mark.parametrize("text", ["{" * 100_000, '{"a":' * 100_000, "</think>" * 50_000, "<think>" * 50_000 + "{}"])
def test_any_text_takes_no_time(text: str) -> None:
    start = time.monotonic()
    assert answered_object(text, "instruction") is None
    assert time.monotonic() - start < 5
