"""What a server says instead of an answer, and what that is about: the server, the account, the settings, a prompt."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from leafinstruct.models.chat_dialect import Dialect, other_dialect
from leafinstruct.text.printable import printable
from leafinstruct.text.valid import replace_surrogates

Kind = Literal["transient", "refused", "settings"]

SETTINGS = {
    401: "the key is refused",
    402: "the account cannot pay",
    404: "no such address or model",
    405: "no such address",
    407: "the proxy wants a key",
    410: "no such address or model",
    415: "the address takes no JSON",
}
"""Statuses of the address or the account: trying again does not help, whatever is asked."""
REFUSED = {400: "", 403: "the key or the prompt is refused", 413: "", 414: "", 422: "", 431: "", 451: ""}
"""Statuses that one prompt may get, or all. Any other status is passing."""
EMPTY = 200
"""A response of success that says nothing."""
FACTS = frozenset({EMPTY, 400, 403, 422, 451})
"""Those that are a fact about the prompt, if the server answers another one. The others are limits of the server."""
TOO_LARGE = frozenset({413, 414})
CHANGEABLE = frozenset({400, 422, 500, 501})
"""Those of servers that do not take a field, a role or a form of output."""

CONTEXT = re.compile(
    r"context.{0,3}(length|window|size)|max_model_len|n_ctx|too many (input |prompt )?tokens|reduce the length"
    r"|(prompt|input|message|request).{0,40}\b(too long|too large|longer than|exceeds?)\b|tokens? count.{0,40}exceeds"
    r"|tokens?`? must be <= ?\d+",
    re.IGNORECASE,
)
LIMIT = re.compile(
    r"(?:context.{0,3}(?:length|window|size)|max_model_len|n_ctx|tokens allowed|must be <=|limit)[^\d]{0,25}(\d{2,9})"
    r"|(\d{2,9}) (?:tokens? )?(?:maximum|max\b|limit)",
    re.IGNORECASE,
)
SAID = ("error", "message", "msg", "detail", "errors", "reason", "title", "error_description")
NAMED = ("param", "loc", "code", "type")
LONGEST_WAIT = 600.0
"""Seconds; a server that asks to wait longer, such as for the next day, does not answer this build."""
MOST = 200
"""Characters of a server's words that are shown."""
ALL = 2000
"""Characters of them that are read."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One request without an answer."""

    words: str
    kind: Kind = "transient"
    status: int = 0
    too_long: int | None = None
    """The tokens that the server reads, if the prompt is too long for it; 0 if it does not say how many."""
    wait: float = 0.0
    """Seconds that the server asks to wait."""
    said: str = ""
    """All that the server says."""

    @property
    def fact(self) -> bool:
        """Whether it is about the prompt for good, if the server is well."""
        return self.kind == "refused" and self.too_long is None and self.status in FACTS

    @property
    def hint(self) -> str:
        found = SETTINGS.get(self.status) or REFUSED.get(self.status) or ""
        return f"{found}: " if found else ""


def failure(status: int, data: bytes, wait: float = 0.0, location: str = "") -> Failure:
    """What a status and a response's content say."""
    said = server_words(data)
    words = f"HTTP {status}{': ' if said else ''}{said[:MOST]}"
    if 300 <= status < 400:
        moved = f" (moved to {printable(location)[:MOST]})" if location else ""
        return Failure(f"{words}{moved}", "settings", status, said=said)
    if status in SETTINGS or (status == 429 and "insufficient_quota" in said):
        return Failure(words, "settings", status, said=said)
    if status in TOO_LARGE or (status in (*REFUSED, 500) and CONTEXT.search(said)):
        found = LIMIT.search(said)
        return Failure(words, "refused", status, int(found[1] or found[2]) if found else 0, said=said)
    if wait > LONGEST_WAIT:
        return Failure(f"{words} (it asks to wait {wait:,.0f} s)", "settings", status, said=said)
    return Failure(words, "refused" if status in REFUSED else "transient", status, None, wait, said)


def server_words(data: bytes) -> str:
    """What a response's content says, on one line. What it repeats of the request is left out."""
    text = data[:20_000].decode(errors="replace")
    try:
        said = "; ".join(dict.fromkeys(_messages(json.loads(text))))
    except (ValueError, RecursionError):
        said = re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL | re.IGNORECASE)
    return printable(replace_surrogates(" ".join(said.split())))[:ALL]


def _messages(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _messages(one)
    elif isinstance(value, Mapping):
        for name in SAID:
            yield from _messages(value.get(name))
        for name in NAMED:
            named = value.get(name)
            if isinstance(named, list):
                named = ".".join(map(str, named))
            if isinstance(named, str) and named and named != "invalid_request_error":
                yield f"{name} {named}" if name in ("param", "loc") else named


def was_fault(error: str) -> bool:
    """Whether a stored error of an earlier version is about the server, the account or the settings after all."""
    known = re.match(r"HTTP (\d{3})(?:: (.*))?$", error)
    if known is None:
        return bool(re.match(r"prompt of \d+ tokens, but \d+ fit", error))
    said = known[2] or ""
    return not failure(int(known[1]), said.encode()).fact or other_dialect(Dialect(), said) is not None


def failure_in(answer: Any) -> Failure | None:
    """What is wrong with the content of a response of success; None if it holds a message."""
    if isinstance(answer, Mapping) and answer.get("error") and not answer.get("choices"):
        error = answer["error"]
        code = error.get("code") if isinstance(error, Mapping) else None
        data = json.dumps(answer, default=str).encode()
        status = int(code) if isinstance(code, int | str) and re.fullmatch(r"[3-5]\d\d", str(code)) else 0
        return failure(status, data) if status else Failure(server_words(data)[:MOST] or "an error without words")
    try:
        choice = answer["choices"][0]
        message = choice["message"]
        if choice.get("error") or choice.get("finish_reason") == "error":
            return Failure(server_words(json.dumps(choice, default=str).encode())[:MOST] or "the answer is an error")
        if isinstance(message.get("content"), str | list | None):
            return None
    except (KeyError, IndexError, TypeError, AttributeError):
        pass
    words = server_words(json.dumps(answer, default=str).encode())
    return without_answer("the server's response has no message", words or str(answer))


def without_answer(problem: str, said: str) -> Failure:
    """For a response of success that holds no answer: it may say why."""
    words = printable(replace_surrogates(" ".join(said[:ALL].split())))
    return Failure(f"{problem}{': ' if words else ''}{words[:MOST]}", said=words)
