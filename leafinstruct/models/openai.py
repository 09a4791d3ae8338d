"""Language models on any server with OpenAI's chat completions API (vLLM's own, llama.cpp's, a provider's).

Plain HTTP from the standard library: a user whose model is on a server needs no extra package.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlsplit

from msgspec import Meta

from leafinstruct.errors import LeafError
from leafinstruct.models.chat_answer import CUT, reason_of, text_of
from leafinstruct.models.chat_dialect import Ask
from leafinstruct.models.chat_faults import Failure
from leafinstruct.models.chat_server import ChatServer
from leafinstruct.models.llm import (
    BACKENDS,
    Generation,
    Llm,
    NoChoice,
    Prompt,
    Stopped,
    among_choices,
    chunks,
    tokens_of,
)
from leafinstruct.settings import Positive

BYTES_A_TOKEN = 4  # as in English
ROUNDED = 0.001
"""Log-probabilities are below it: 0 is the highest, but for what a server rounds."""
PLACEHOLDER = -1000.0
"""Log-probabilities below it are those that servers give in place of none (-9999)."""
MOST_TOGETHER = 1.05
"""Probabilities of tokens together, rounding included: servers that give 0 for every token have none."""
OURS = ("model", "messages", "n", "stream")
SECRET = re.compile(r"authorization|cookie|secret|password|api.?key|access.?token|(^|[-_])key$|(^|[-_])token$", re.I)
UNSENDABLE = re.compile(r"[^\x20-\x7e]")
VARIABLE = re.compile(r"\$(\w+)")


class OpenAiLlm(Llm):
    """A model on a server. `base_url` ends in `/v1`; the key, if the server needs one, is in `OPENAI_API_KEY`.

    Up to `batch_size` requests are sent at once; a request is retried up to `retries` times, after `backoff` seconds
    and then twice as long each time, or when the server says. `body` has fields that every request gets besides ours
    (null leaves one of ours out), `headers` such headers ($NAME in them is read from the environment), `max_model_len`
    the tokens that the server reads, answer included. The revision is unknown and given as `served`.
    """

    capabilities = BACKENDS["openai"]

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        batch_size: Positive = 8,
        timeout: Annotated[float, Meta(gt=0)] = 120.0,
        retries: Annotated[int, Meta(ge=0)] = 5,
        backoff: Annotated[float, Meta(ge=0)] = 1.0,
        max_model_len: Positive | None = None,
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(model, "served", batch_size)
        self.check_options({"base_url": base_url, "body": body, "headers": headers})
        url = base_url or os.environ.get("OPENAI_BASE_URL") or "https://api.openai.com/v1"
        sent = {"User-Agent": "leafinstruct", **_headers(headers or {})}
        key = os.environ.get("OPENAI_API_KEY", "").strip()
        if key and "authorization" not in map(str.lower, sent):
            sent["Authorization"] = f"Bearer {key}"
        _check_sent(sent)
        named = [name for text in (headers or {}).values() for name in VARIABLE.findall(text)]
        hidden = [key, *(os.environ[name].strip() for name in named)]
        self._server = ChatServer(
            model,
            _address(url),
            sent,
            body or {},
            timeout,
            retries,
            backoff,
            batch_size,
            tuple(value for value in hidden if len(value) > 3),
        )

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        """Raises LeafError for settings that cannot be, or that would write a key into the files of a run."""
        url, body, headers = (options.get(name) for name in ("base_url", "body", "headers"))
        if url:
            _check_address(str(url))
        for name in body or {}:
            if name in OURS:
                raise LeafError(f"body: {name!r} cannot be set; it takes other fields than {', '.join(OURS)}")
            if SECRET.search(name):
                raise LeafError(f"body: {name!r} looks like a key, and settings are written into the run; use headers")
        for name, value in (headers or {}).items():
            if not re.fullmatch(r"[\w!#$%&'*+.^`|~-]+", name, re.ASCII) or UNSENDABLE.search(value):
                raise LeafError(f"headers: {name!r}: no name or value of an HTTP header; use one line of ASCII")
            if SECRET.search(name) and not VARIABLE.search(value):
                raise LeafError(
                    f"headers: {name!r} looks like a key, and settings are written into the run; put it into an "
                    f"environment variable, and its name here: {name}: $MY_KEY"
                )

    def count_tokens(self, text: str) -> int:
        """An estimate by the bytes of UTF-8: the server's tokenizer is not here."""
        return math.ceil(len(text.encode(errors="replace")) / BYTES_A_TOKEN)

    def excerpt(self, text: str, max_tokens: int) -> tuple[str, int]:
        """See Llm, by the same estimate."""
        start = text.encode(errors="replace")[: max_tokens * BYTES_A_TOKEN].decode(errors="ignore")
        return start, self.count_tokens(start)

    def choice_logprobs(self, prompts: Sequence[Prompt], choices: Sequence[str]) -> list[dict[str, float] | NoChoice]:
        """See Llm: by the answer's first token. Raises LeafError if two choices begin with the same letter or the
        server returns no log-probabilities."""
        starts = [choice.strip().lower()[:1] for choice in choices]
        if len(set(starts)) < len(choices) or "" in starts:
            raise LeafError(f"choices {list(choices)}: with the openai back-end they must differ in their first letter")
        results: list[dict[str, float] | NoChoice] = []
        for chunk in chunks(prompts, self.batch_size):
            results += [self._choices(answer, choices) for answer in self._first_tokens(chunk)]
        if results and all(one == NO_LOGPROBS for one in results):
            probe = Ask(prompts[0], 1, logprobs=True).probe()
            answers = self._first_tokens([probe.messages])
            if not any(isinstance(one, dict) and _listed(one) is not None for one in answers):
                raise LeafError(f"model {self.name!r}: {NO_LOGPROBS.error}: use the vllm back-end")
        return results

    def _first_tokens(self, prompts: Sequence[Prompt]) -> list[dict[str, Any] | Failure]:
        """Answers of one token, with log-probabilities. Raises Stopped."""
        found, stop = self._server.ask([Ask(prompt, 1, logprobs=True) for prompt in prompts])
        if stop:
            raise Stopped(stop)
        return found

    def _choices(self, answer: dict[str, Any] | Failure, choices: Sequence[str]) -> dict[str, float] | NoChoice:
        if isinstance(answer, Failure):
            return NoChoice(answer.words, not answer.fact, answer.too_long)
        self._count(*_usage(answer))
        listed = _listed(answer)
        if not listed:
            return NO_LOGPROBS if listed is None else NO_NUMBER
        masses = []
        for choice in choices:
            word = choice.strip().lower()
            found = [share for token, share in listed if token.strip() and word.startswith(token.strip().lower())]
            masses.append(math.fsum(found))
        # A token that is not listed is no likelier than the last listed one, nor all of them than what is left.
        unlisted = masses.count(0.0)
        left = max(1.0 - math.fsum(share for _, share in listed), 0.0)
        known = among_choices(choices, masses, max(listed, key=lambda one: one[1])[0])
        if isinstance(known, NoChoice) or not unlisted:
            return known
        floor = min(min(share for _, share in listed), left / unlisted)
        return among_choices(choices, [mass or floor for mass in masses])

    def generate_batch(
        self, prompts: Sequence[Prompt], schema: dict[str, Any] | None, max_tokens: int, temperature: float, seed: int
    ) -> list[Generation]:
        found, stop = self._server.ask([Ask(prompt, max_tokens, temperature, seed, schema) for prompt in prompts])
        if stop:
            raise Stopped(stop, [None if isinstance(one, Failure) else _generation(one) for one in found])
        return [_failed(one) if isinstance(one, Failure) else _generation(one) for one in found]


NO_LOGPROBS = NoChoice("the server returns no log-probabilities", transient=True)
NO_NUMBER = NoChoice("the server gives no number as the log-probability of the answer's first token", transient=True)


def _check_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for a port that is none
    except ValueError as error:
        raise LeafError(f"base_url {url!r}: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise LeafError(f"base_url {url!r}: must begin with http:// or https://")
    if parts.password or parts.username or SECRET.search(parts.query.split("=")[0]):
        raise LeafError("base_url: it holds a key, and settings are written into the run; use headers: with $MY_KEY")


def _address(url: str) -> str:
    """The address of chat completions; a query stays at its end."""
    _check_address(url)
    path, mark, query = url.partition("?")
    return f"{path.rstrip('/')}/chat/completions{mark}{query}"


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with variables of the environment in them. Raises LeafError for one that is not set."""

    def value(found: re.Match[str]) -> str:
        if not os.environ.get(found[1]):
            raise LeafError(f"headers: the environment variable {found[1]} is not set; set it to what the server needs")
        return os.environ[found[1]].strip()

    return {name: VARIABLE.sub(value, text) for name, text in headers.items()}


def _check_sent(headers: Mapping[str, str]) -> None:
    """Raises LeafError for what the environment holds that no header can."""
    for name, value in headers.items():
        if UNSENDABLE.search(value):
            raise LeafError(f"the key for the header {name!r} has a character that no key has; look at its variable")


def _failed(failure: Failure) -> Generation:
    return Generation("", error=failure.words, transient=not failure.fact, too_long=failure.too_long)


def _generation(answer: dict[str, Any]) -> Generation:
    choice = answer["choices"][0]
    prompt_tokens, output_tokens = _usage(answer)
    finish = "length" if reason_of(choice) in CUT else "stop"
    return Generation(text_of(choice["message"]), prompt_tokens, output_tokens, finish)


def _usage(answer: Mapping[str, Any]) -> tuple[int, int]:
    usage = answer.get("usage")
    found = usage if isinstance(usage, Mapping) else {}
    return tokens_of(found.get("prompt_tokens")), tokens_of(found.get("completion_tokens"))


def _listed(answer: Mapping[str, Any]) -> list[tuple[str, float]] | None:
    """The likeliest first tokens of an answer, with their probabilities; none if one of them is no probability or
    all together are more than one, and None if the server lists nothing."""
    logprobs = answer["choices"][0].get("logprobs")
    if not isinstance(logprobs, Mapping) or not isinstance(logprobs.get("content"), list):
        return None
    try:
        pairs = [(entry["token"], entry["logprob"]) for entry in logprobs["content"][0]["top_logprobs"]]
        if all(isinstance(token, str) and _is_logprob(value) for token, value in pairs):
            shares = [(token, math.exp(min(value, 0.0))) for token, value in pairs if value > PLACEHOLDER]
            return shares if math.fsum(share for _, share in shares) <= MOST_TOGETHER else []
    except (KeyError, IndexError, TypeError):
        pass
    return []


def _is_logprob(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value < ROUNDED


Backend = OpenAiLlm
