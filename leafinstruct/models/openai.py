"""Language models on any server with OpenAI's chat completions API (vLLM's own, llama.cpp's, a provider's).

Plain HTTP from the standard library: a user whose model is on a server needs no extra package.
"""

from __future__ import annotations

import json
import math
import os
import random
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

from msgspec import Meta

from leafinstruct.errors import LeafError
from leafinstruct.models.llm import BACKENDS, Generation, Llm, Prompt, chunks
from leafinstruct.settings import Positive
from leafinstruct.timing import retry_after

# Statuses after which a later try may help: timeout, conflict, too early, too many requests, server errors.
TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
# What the user must change; other refusals (such as a prompt that is too long) are about one request.
SETTINGS = {401: "the key is refused", 403: "the key is refused", 404: "no such address or model"}
LONGEST_PAUSE = 60.0
TOP_LOGPROBS = 20  # the most that the protocol allows
BYTES_A_TOKEN = 4  # as in English


class _RequestFailed(Exception):
    """One request without an answer; the others may have one. `transient`: a later try may succeed."""

    transient = False


class OpenAiLlm(Llm):
    """A model on a server. `base_url` ends in `/v1`; the key, if the server needs one, is in `OPENAI_API_KEY`.

    Up to `batch_size` requests are sent at once; a request is retried up to `retries` times, after `backoff` seconds
    and then twice as long each time, or when the server says. The revision is unknown and given as `served`.
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
    ) -> None:
        super().__init__(model, "served", batch_size)
        url = base_url or os.environ.get("OPENAI_BASE_URL") or "https://api.openai.com/v1"
        if not url.startswith(("http://", "https://")):
            raise LeafError(f"base_url {url!r}: must begin with http:// or https://")
        self._url = url.rstrip("/") + "/chat/completions"
        self._timeout = timeout
        self._retries = retries
        self._backoff = backoff

    def count_tokens(self, text: str) -> int:
        """An estimate by the bytes of UTF-8: the server's tokenizer is not here."""
        return math.ceil(len(text.encode()) / BYTES_A_TOKEN)

    def excerpt(self, text: str, max_tokens: int) -> tuple[str, int]:
        """See Llm, by the same estimate."""
        start = text.encode()[: max_tokens * BYTES_A_TOKEN].decode(errors="ignore")
        return start, self.count_tokens(start)

    def choice_logprobs(self, prompts: Sequence[Prompt], choices: Sequence[str]) -> list[dict[str, float]]:
        """See Llm: by the answer's first token. Raises LeafError if two choices begin with the same letter or the
        server returns no log-probabilities."""
        starts = [choice.strip().lower()[:1] for choice in choices]
        if len(set(starts)) < len(choices) or "" in starts:
            raise LeafError(f"choices {list(choices)}: with the openai back-end they must differ in their first letter")
        results: list[dict[str, float]] = []
        for chunk in chunks(prompts, self.batch_size):
            bodies = [
                self._body(prompt, 1, 0.0, 0) | {"logprobs": True, "top_logprobs": TOP_LOGPROBS} for prompt in chunk
            ]
            for answer in self._together(bodies):
                if isinstance(answer, _RequestFailed):
                    raise LeafError(f"model {self.name!r}: {answer}")
                self._count(*_usage(answer))
                results.append(self._choices(answer, choices))
        return results

    def _choices(self, answer: dict[str, Any], choices: Sequence[str]) -> dict[str, float]:
        try:
            listed = answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
            tokens = [(str(entry["token"]).strip().lower(), float(entry["logprob"])) for entry in listed]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise LeafError(
                f"model {self.name!r}: the server returns no log-probabilities: use the vllm back-end"
            ) from error
        # A token that is not listed is less likely than the last listed one.
        floor = min((logprob for _, logprob in tokens), default=-math.inf)
        mass = {}
        for choice in choices:
            word = choice.strip().lower()
            found = [math.exp(logprob) for token, logprob in tokens if token and word.startswith(token)]
            mass[choice] = sum(found) or math.exp(floor)
        total = sum(mass.values())
        return {choice: math.log(part / total) for choice, part in mass.items()}

    def generate_batch(
        self, prompts: Sequence[Prompt], schema: dict[str, Any] | None, max_tokens: int, temperature: float, seed: int
    ) -> list[Generation]:
        bodies = [self._body(prompt, max_tokens, temperature, seed) for prompt in prompts]
        if schema:
            form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
            bodies = [body | {"response_format": form} for body in bodies]
        return [
            Generation("", error=str(answer), transient=answer.transient)
            if isinstance(answer, _RequestFailed)
            else _generation(answer)
            for answer in self._together(bodies)
        ]

    def _body(self, prompt: Prompt, max_tokens: int, temperature: float, seed: int) -> dict[str, Any]:
        return {
            "model": self.name,
            "messages": prompt,
            "max_tokens": max_tokens,
            "temperature": temperature,
            "seed": seed,
        }

    def _together(self, bodies: Sequence[dict[str, Any]]) -> list[dict[str, Any] | _RequestFailed]:
        """The answers in the order of the bodies."""
        with ThreadPoolExecutor(self.batch_size) as pool:
            return list(pool.map(self._ask, bodies))

    def _ask(self, body: dict[str, Any]) -> dict[str, Any] | _RequestFailed:
        problem = ""
        for attempt in range(self._retries + 1):
            pause = (
                self._backoff * 2**attempt * random.uniform(0.5, 1.0)
            )  # random, so that requests are not retried all at once
            try:
                return _checked(self._post(body))
            except urllib.error.HTTPError as error:
                problem = f"HTTP {error.code}{_reason(error)}"
                if error.code in SETTINGS:
                    raise LeafError(f"model {self.name!r} at {self._url}: {SETTINGS[error.code]}: {problem}") from error
                if error.code not in TRANSIENT:
                    return _RequestFailed(problem)
                pause = retry_after(error.headers.get("Retry-After", "")) or pause
            except (OSError, ValueError) as error:  # no connection, too slow, interrupted; not JSON, not an answer
                problem = f"{type(error).__name__}: {error}"
            if attempt < self._retries:
                time.sleep(min(pause, LONGEST_PAUSE))
        failed = _RequestFailed(f"no answer after {self._retries + 1} attempts: {problem}")
        failed.transient = True
        return failed

    def _post(self, body: dict[str, Any]) -> Any:
        headers = {"Content-Type": "application/json", "User-Agent": "leafinstruct"}
        if key := os.environ.get("OPENAI_API_KEY"):
            headers["Authorization"] = f"Bearer {key}"
        request = urllib.request.Request(self._url, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=self._timeout) as response:
            return json.loads(response.read())


def _checked(answer: Any) -> dict[str, Any]:
    try:
        if isinstance(answer["choices"][0]["message"], dict):
            return dict(answer)
    except (KeyError, IndexError, TypeError):
        pass
    raise ValueError("the server's response has no message")


def _generation(answer: dict[str, Any]) -> Generation:
    choice = answer["choices"][0]
    prompt_tokens, output_tokens = _usage(answer)
    text = choice["message"].get("content") or choice["message"].get("refusal") or ""
    reason = choice.get("finish_reason") or "stop"
    return Generation(text, prompt_tokens, output_tokens, reason)


def _usage(answer: dict[str, Any]) -> tuple[int, int]:
    usage = answer.get("usage") or {}
    return int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)


def _reason(error: urllib.error.HTTPError) -> str:
    """The server's message, at most 200 characters of it, on one line."""
    text = " ".join(error.read(2000).decode(errors="replace").split())[:200]
    return f": {text}" if text else ""


Backend = OpenAiLlm
