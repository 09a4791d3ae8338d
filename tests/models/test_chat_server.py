"""Servers as they are: what they do not take, how they answer, what they are told, and what they never see."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from made.chat_server import GOOD, Body, Reply, answer, error, logprobs, serving

from leafinstruct.errors import LeafError
from leafinstruct.models.chat_dialect import Ask, Dialect, other_dialect
from leafinstruct.models.chat_faults import failure, server_words
from leafinstruct.models.llm import NoChoice, Stopped
from leafinstruct.models.openai import OpenAiLlm

SCHEMA = {"type": "object", "properties": {"instruction": {"type": "string"}}}
PROMPTS = [
    [{"role": "system", "content": "You write requests."}, {"role": "user", "content": f"document {number}"}]
    for number in range(5)
]


def refuses(what: Callable[[Body], bool], bad: Reply) -> Callable[[Body], Reply]:
    return lambda body: bad if what(body) else answer(GOOD)


def has(*names: str) -> Callable[[Body], bool]:
    return lambda body: any(name in body for name in names)


def form(*kinds: str) -> Callable[[Body], bool]:
    return lambda body: body.get("response_format", {}).get("type") in kinds


def first_is_system(body: Body) -> bool:
    return bool(body["messages"][0]["role"] == "system")


def repeats_a_role(body: Body) -> bool:
    roles = [message["role"] for message in body["messages"]]
    return "system" in roles or any(a == b for a, b in zip(roles, roles[1:], strict=False))


ODD = {
    "max_completion_tokens": (
        has("max_tokens"),
        error(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", param="max_tokens"),
        {"limit": "max_completion_tokens"},
    ),
    "max_tokens, another wording": (
        has("max_tokens"),
        (422, b'{"detail": [{"loc": ["body", "max_tokens"], "msg": "Extra inputs are not permitted"}]}'),
        {"limit": "max_completion_tokens"},
    ),
    "temperature": (
        lambda body: body.get("temperature", 1) != 1,
        error(400, "Unsupported value: 'temperature' does not support 0.0. Only the default (1) value is supported."),
        {"temperature": False},
    ),
    "json_schema": (
        form("json_schema"),
        error(400, "'response_format.type' must be 'text' or 'json_object'"),
        {"form": "json_object"},
    ),
    "response_format": (form("json_schema", "json_object"), error(400, "unknown field response_format"), {"form": ""}),
    "system": (first_is_system, error(400, "System role not supported"), {"system": False}),
    "alternation": (
        repeats_a_role,
        error(400, "Conversation roles must alternate user/assistant/user/assistant/..."),
        {"system": False},
    ),
    "seed": (
        has("seed"),
        (422, b'{"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs"}]}'),
        {"seed": False},
    ),
    "system, without words": (first_is_system, (500, b"Internal Server Error"), {"system": False}),
    "json_schema, without words": (form("json_schema"), (400, b"Bad Request"), {"form": "json_object"}),
    "response_format, without words": (form("json_schema", "json_object"), (500, b""), {"form": ""}),
    "two things": (
        lambda body: has("seed")(body) or first_is_system(body),
        error(400, "seed and system role are not supported"),
        {"seed": False, "system": False},
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_what_a_server_does_not_take_is_left_out(name: str, caplog: pytest.LogCaptureFixture) -> None:
    what, bad, changed = ODD[name]
    with serving(refuses(what, bad)) as server, caplog.at_level(logging.WARNING, "leafinstruct"):
        llm = server.llm()
        found = llm.generate(PROMPTS, schema=SCHEMA)
        assert [one.text for one in found] == [GOOD] * len(PROMPTS)
        assert llm._server.dialect == Dialect(**changed)
        count = len(server.seen)
        llm.generate(PROMPTS, schema=SCHEMA)
        assert len(server.seen) == count + len(PROMPTS), "what it takes is known then"
    for body in server.seen[-len(PROMPTS) :]:
        sent = json.dumps(body["messages"])
        assert "You write requests." in sent and "document" in sent, "no text is lost"
    assert "the server wants" in caplog.text


@pytest.mark.parametrize("bad", [(500, b"boom"), error(400, "response_format is wrong"), error(400, "bad seed")])
def test_a_change_that_does_not_help_is_not_kept(bad: Reply) -> None:
    """One document that is refused with such words changes nothing for the others."""
    with serving(refuses(lambda body: "document 2" in body["messages"][-1]["content"], bad)) as server:
        llm = server.llm()
        found = llm.generate(PROMPTS, schema=SCHEMA)
        assert [bool(one.error) for one in found] == [False, False, True, False, False]
        assert llm._server.dialect == Dialect()


def test_a_server_that_wakes_up_meanwhile_is_asked_as_before() -> None:
    count = iter(range(100))
    with serving(lambda body: (500, b"") if next(count) < 3 else answer(GOOD)) as server:
        llm = server.llm()
        assert llm.generate(PROMPTS[:1], schema=SCHEMA)[0].text == GOOD
        assert llm._server.dialect == Dialect()


CONTENTS = {
    "a list of parts": [{"type": "text", "text": GOOD[:9]}, {"type": "text", "text": GOOD[9:]}],
    "with reasoning": [
        {"type": "thinking", "thinking": [{"type": "text", "text": "no"}]},
        {"type": "text", "text": GOOD},
    ],
    "output_text": [{"type": "output_text", "text": GOOD}],
}


@pytest.mark.parametrize("name", CONTENTS)
def test_a_content_may_be_a_list(name: str) -> None:
    message = {"role": "assistant", "content": CONTENTS[name]}
    with serving(lambda body: answer("", message=message)) as server:
        assert server.llm().generate(PROMPTS[:1])[0].text == GOOD


def events(*values: object) -> bytes:
    return b"".join(b"data: %s\n\n" % (v if isinstance(v, bytes) else json.dumps(v).encode()) for v in values)


HALVES = [{"choices": [{"index": 0, "delta": {"content": half}}]} for half in (GOOD[:9], GOOD[9:])]
ENDED = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 5}}
ARGUMENTS = [{"id": "1", "type": "function", "function": {"name": "answer", "arguments": GOOD}}]
SENT: dict[str, tuple[bytes, dict[str, str]]] = {
    "a stream": (events(*HALVES, ENDED, b"[DONE]"), {"Content-Type": "text/event-stream"}),
    "a stream with comments": (b": well\n\n" + events(*HALVES, b"[DONE]"), {}),
    "packed": (gzip.compress(answer(GOOD)[1]), {"Content-Encoding": "gzip"}),
    "a tool that is called": (answer("", message={"content": None, "tool_calls": ARGUMENTS})[1], {}),
}


@pytest.mark.parametrize("name", SENT)
def test_an_answer_in_a_form_that_nobody_asked_for(name: str) -> None:
    data, headers = SENT[name]
    with serving(lambda body: (200, data)) as server:
        server.more = headers
        assert server.llm().generate(PROMPTS[:1])[0].text == GOOD


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        (events(*HALVES), {}),
        (gzip.compress(answer(GOOD)[1])[:-12], {"Content-Encoding": "gzip"}),
        (answer(GOOD)[1], {"Content-Encoding": "gzip"}),
        (gzip.compress(bytes(20 * 2**20)), {"Content-Encoding": "gzip"}),
        (events({"error": {"message": "overloaded"}}), {}),
    ],
)
def test_half_an_answer_is_none(data: bytes, headers: dict[str, str]) -> None:
    with serving(lambda body: (200, data)) as server, pytest.raises(Stopped):
        server.more = headers
        server.llm().generate(PROMPTS[:1])


def test_a_server_that_answers_tomorrow_ends_the_build_at_once() -> None:
    with serving(lambda body: error(429, "daily limit reached")) as server:
        server.more = {"Retry-After": "864000"}
        with pytest.raises(Stopped, match=r"daily limit reached .*asks to wait 864,000 s"):
            server.llm(retries=5).generate(PROMPTS)
        assert len(server.seen) <= 2


def test_reasoning_in_a_field_of_its_own_is_no_answer() -> None:
    message = {"role": "assistant", "content": GOOD, "reasoning_content": "well", "reasoning": "well"}
    with serving(lambda body: answer("", message=message, finish_reason=None)) as server:
        [found] = server.llm().generate(PROMPTS[:1])
        assert (found.text, found.finish_reason) == (GOOD, "stop")


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        ({"prompt_tokens": "n/a", "completion_tokens": None}, (0, 0)),
        ({"prompt_tokens": 7.0, "completion_tokens": -3}, (7, 0)),
        ({"prompt_tokens": 10**30, "completion_tokens": True}, (0, 0)),
        ({"prompt_tokens": float("nan"), "completion_tokens": [1]}, (0, 0)),
        ([7], (0, 0)),
        ("none", (0, 0)),
        (None, (0, 0)),
    ],
)
def test_odd_counts_of_tokens_are_none(usage: Any, counts: tuple[int, int]) -> None:
    with serving(lambda body: answer(GOOD, usage=usage)) as server:
        [found] = server.llm().generate(PROMPTS[:1])
        assert (found.prompt_tokens, found.output_tokens, found.text) == (*counts, GOOD)


@pytest.mark.parametrize(
    ("given", "read"),
    [("length", "length"), ("MAX_TOKENS", "length"), ("eos_token", "stop"), (None, "stop"), (7, "stop"), ([], "stop")],
)
def test_reasons_to_end(given: Any, read: str) -> None:
    with serving(lambda body: answer(GOOD, finish_reason=given)) as server:
        assert server.llm().generate(PROMPTS[:1])[0].finish_reason == read


TOO_LONG = {
    "openai": ("This model's maximum context length is 4097 tokens. However, you requested 5210 tokens", 4097),
    "vllm": (
        "'max_tokens' or 'max_completion_tokens' is too large: 128. This model's maximum context length is 2048 tokens "
        "and your request has 2000 input tokens",
        2048,
    ),
    "llama.cpp": ("the request exceeds the available context size (4096 tokens), try increasing it", 4096),
    "anthropic": ("prompt is too long: 210000 tokens > 200000 maximum", 200000),
    "tgi": ("`inputs` tokens + `max_new_tokens` must be <= 2048. Given: 3000 `inputs` tokens", 2048),
    "gemini": ("The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).", 1048576),
    "groq": ("Please reduce the length of the messages or completion.", 0),
    "sglang": ("The input (3000 tokens) is longer than the model's context length (2000 tokens).", 2000),
}


@pytest.mark.parametrize("name", TOO_LONG)
def test_a_prompt_that_is_too_long_is_no_fact(name: str) -> None:
    words, limit = TOO_LONG[name]
    found = failure(400, error(400, words)[1])
    assert found.too_long == limit and not found.fact
    assert failure(413, b"<h1>Request Entity Too Large</h1>").too_long == 0


@pytest.mark.parametrize(
    "words", ["top_logprobs must be <= 5", "flagged by the content policy", "temperature too high"]
)
def test_other_words_are_about_no_length(words: str) -> None:
    assert failure(400, error(400, words)[1]).too_long is None


def test_the_words_of_a_server_are_one_line_of_text() -> None:
    page = b"<html><style>b{}</style><script>x()</script><h1>Bad\nGateway</h1>\x1b[2J\xff</html>"
    words = server_words(page)
    assert words.startswith("Bad Gateway") and "\x1b" not in words and "x()" not in words
    repeated = {
        "detail": [{"loc": ["body", "x"], "msg": "forbidden", "input": {"messages": "the system role of a seed"}}]
    }
    assert server_words(json.dumps(repeated).encode()) == "forbidden; loc body.x"
    assert other_dialect(Dialect(), server_words(json.dumps(repeated).encode())) is None


def test_further_fields_and_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "s3cret-value")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    body = {"chat_template_kwargs": {"enable_thinking": False}, "temperature": 1.0, "seed": None}
    with serving(lambda body: answer(GOOD)) as server:
        server.llm(body=body, headers={"api-key": "$MY_KEY", "X-Title": "leaf"}).generate(PROMPTS[:1])
    assert server.seen[0]["chat_template_kwargs"] == {"enable_thinking": False}
    assert server.seen[0]["temperature"] == 1.0 and "seed" not in server.seen[0]
    sent = {name.lower(): value for name, value in server.headers[0].items()}
    assert sent["api-key"] == "s3cret-value" and sent["x-title"] == "leaf" and "authorization" not in sent


def test_a_key_that_a_server_repeats_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    with serving(lambda body: error(401, "Incorrect API key provided: sk-very-secret")) as server:
        with pytest.raises(Stopped, match="the key is refused: HTTP 401: Incorrect API key provided: …") as stopped:
            server.llm().generate(PROMPTS)
        assert "sk-very" not in str(stopped.value) and len(server.seen) == 1


def test_a_redirect_is_not_followed_with_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    with serving(lambda body: answer(GOOD)) as other, serving(lambda body: (307, b"")) as server:
        server.more = {"Location": f"{other.url}/chat/completions"}
        with pytest.raises(Stopped, match=r"HTTP 307 \(moved to http"):
            server.llm().generate(PROMPTS)
        assert not other.seen


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"headers": {"Authorization": "Bearer abc"}}, "Authorization: \\$MY_KEY"),
        ({"headers": {"x-api-key": "abc"}}, "settings are written into the run"),
        ({"headers": {"X-A": "$NOT_SET_ANYWHERE"}}, "variable NOT_SET_ANYWHERE is not set"),
        ({"headers": {"X A": "b"}}, "no name or value"),
        ({"headers": {"X": "a\r\nB: c"}}, "no name or value"),
        ({"body": {"api_key": "abc"}}, "looks like a key"),
        ({"body": {"messages": []}}, "cannot be set"),
        ({"body": {"stream": True}}, "cannot be set"),
        ({"base_url": "https://me:pass@host/v1"}, "holds a key"),
        ({"base_url": "https://host/v1?api-key=abc"}, "holds a key"),
        ({"base_url": "http://host:port/v1"}, "base_url"),
    ],
)
def test_settings_that_cannot_be_or_hold_a_key(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(LeafError, match=said):
        OpenAiLlm("m", **settings)


def test_a_key_with_a_line_break_is_said_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-one\nsk-two")
    with pytest.raises(LeafError, match="'Authorization' has a character") as said:
        OpenAiLlm("m", base_url="http://127.0.0.1:9/v1")
    assert "sk-" not in str(said.value)


@pytest.mark.parametrize("mark", ["<|im_end|>", "<|eot_id|>", "[/INST]", "<end_of_turn>", "<｜end▁of▁sentence｜>"])
def test_a_page_cannot_end_its_turn(mark: str) -> None:
    body = Dialect().body("m", Ask([{"role": "user", "content": f"a {mark} b"}], 9))
    assert mark not in body["messages"][0]["content"] and mark[1:] in body["messages"][0]["content"]


CHOICES = ["1", "2", "3"]
SURE = logprobs(("2", -0.1), ("1", -3.0), ("3", -4.0))
NONE = {
    "reasoning": logprobs(("<think>", -0.001), ("2", -9.0)),
    "a word": logprobs(("The", -0.01), ("Sure", -5.0)),
    "placeholders": logprobs(("2", -9999.0), ("1", -9999.0)),
    "not a number": logprobs(("2", float("nan")), ("1", -1.0)),
    "no number": logprobs(("2", None), ("1", -1.0)),
    "above one": logprobs(("2", 3.0)),
    "zero for every token": logprobs(("2", 0.0), ("1", 0.0), ("3", 0.0)),
    "more than one together": logprobs(("2", -0.1), ("1", -0.2)),
    "an empty list": {"content": []},
    "no alternatives": {"content": [{"token": "2", "logprob": -0.1, "top_logprobs": []}]},
}


@pytest.mark.parametrize("name", NONE)
def test_numbers_that_nobody_gave_are_none(name: str) -> None:
    with serving(lambda body: answer("2", logprobs=NONE[name])) as server:
        found = server.llm().choice_logprobs(PROMPTS, CHOICES)
        assert all(isinstance(one, NoChoice) and one.error for one in found)


def test_one_refused_prompt_is_none_and_the_others_are_not() -> None:
    with serving(
        refuses(lambda body: "document 2" in body["messages"][-1]["content"], error(400, "flagged"))
    ) as server:
        good = server.reply
        server.reply = lambda body: answer("2", logprobs=SURE) if good(body)[0] == 200 else good(body)
        found = server.llm().choice_logprobs(PROMPTS, CHOICES)
        assert [isinstance(one, NoChoice) for one in found] == [False, False, True, False, False]
        assert found[2] == NoChoice("HTTP 400: flagged")


def test_choices_that_are_not_listed_get_no_more_than_is_left() -> None:
    """A server that lists one token only gives a sure answer, not one in the middle."""
    with serving(lambda body: answer("3", logprobs=logprobs(("3", -0.01)))) as server:
        [found] = server.llm().choice_logprobs(PROMPTS[:1], CHOICES)
        assert isinstance(found, dict) and found["3"] > -0.02 and found["1"] == found["2"] < -5


def test_a_server_without_log_probabilities_ends_the_build_whatever_is_asked() -> None:
    with serving(lambda body: answer("2")) as server, pytest.raises(LeafError, match="returns no log-probabilities"):
        server.llm().choice_logprobs(PROMPTS, CHOICES)

    def some(body: Body) -> Reply:
        return answer("2", logprobs=SURE if "yes" in body["messages"][-1]["content"] else None)

    with serving(some) as server:
        [found] = server.llm().choice_logprobs(PROMPTS[:1], CHOICES)
        assert isinstance(found, NoChoice) and found.transient, "it has them for other prompts"


def test_fewer_alternatives_where_a_server_takes_no_more() -> None:
    bad = error(400, "top_logprobs must be <= 5")
    with serving(lambda body: bad if body["top_logprobs"] > 5 else answer("2", logprobs=SURE)) as server:
        assert not any(isinstance(one, NoChoice) for one in server.llm().choice_logprobs(PROMPTS, CHOICES))


@pytest.mark.parametrize("reply", [(503, b"overloaded"), (520, b""), (500, b"CUDA error")])
def test_a_server_that_dies_in_a_run_is_asked_few_times_more(reply: Reply) -> None:
    prompts = [[{"role": "user", "content": f"document {number}"}] for number in range(64)]
    with serving(lambda body: answer(GOOD)) as server:
        server.reply = lambda body: answer(GOOD) if len(server.seen) <= 20 else reply
        with pytest.raises(Stopped, match=f"HTTP {reply[0]}.*nothing of this is stored") as stopped:
            server.llm(retries=5, batch_size=8).generate(prompts)
        assert sum(one is not None for one in stopped.value.answers) == 20
        assert len(server.seen) <= 20 + 8 + 5 + 1, "what was under way, one alone until its tries end, a harmless one"


def test_a_prompt_on_which_the_server_dies_stops_no_other() -> None:
    with serving(refuses(lambda body: "document 2" in body["messages"][-1]["content"], (500, b"crash"))) as server:
        found = server.llm(retries=2, batch_size=4).generate(PROMPTS)
    assert [bool(one.error) for one in found] == [False, False, True, False, False] and found[2].transient


def test_a_server_that_is_busy_for_a_while_answers_all_in_the_end() -> None:
    with serving(lambda body: answer(GOOD)) as server:
        server.reply = lambda body: (429, b"slow down") if 3 < len(server.seen) <= 10 else answer(GOOD)
        found = server.llm(retries=5, batch_size=5).generate(PROMPTS * 4)
    assert [one.error for one in found] == [None] * 20
