"""What servers of one protocol do not agree on, and how a request is written for each: fields, roles, forms of output.

A change is tried when the server's words name it, and kept only if the request is answered then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from leafinstruct.models.control_tokens import without_control_tokens
from leafinstruct.models.llm import Prompt

TOP_LOGPROBS, FEWER_LOGPROBS = 20, 5
"""The most that the protocol allows, and what servers with a lower limit take."""
COMPLETION = "max_completion_tokens"
PROBE = 'Reply in JSON with the word "yes".'


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, as it is meant."""

    messages: Prompt
    max_tokens: int
    temperature: float = 0.0
    seed: int = 0
    schema: Mapping[str, Any] | None = None
    logprobs: bool = False

    @property
    def shape(self) -> tuple[bool, bool]:
        """Requests of one shape differ in nothing that servers refuse but their texts."""
        return self.schema is not None, self.logprobs

    def probe(self) -> Ask:
        """A harmless request of the same shape, with the same roles."""
        system = [{"role": "system", "content": "You answer in JSON."}] if self.messages[0]["role"] == "system" else []
        return replace(self, messages=[*system, {"role": "user", "content": PROBE}])


@dataclass(frozen=True, slots=True)
class Dialect:
    """How requests are written."""

    limit: str = "max_tokens"
    temperature: bool = True
    seed: bool = True
    form: str = "json_schema"
    """Of the output: `json_schema`, `json_object`, or "" where the server takes neither."""
    system: bool = True
    """Whether there is a role for the system's text; else it is the beginning of the user's."""
    top_logprobs: int = TOP_LOGPROBS

    def body(self, model: str, ask: Ask) -> dict[str, Any]:
        """The request's JSON."""
        messages = [{**m, "content": without_control_tokens(m["content"])} for m in ask.messages]
        body: dict[str, Any] = {"model": model, "messages": messages if self.system else merged(messages)}
        body[self.limit] = ask.max_tokens
        if self.temperature:
            body["temperature"] = ask.temperature
        if self.seed:
            body["seed"] = ask.seed
        if ask.schema and self.form == "json_schema":
            form = {"name": "answer", "schema": ask.schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        elif ask.schema and self.form:
            body["response_format"] = {"type": self.form}
        if ask.logprobs:
            body |= {"logprobs": True, "top_logprobs": self.top_logprobs}
        return body


def merged(messages: Prompt) -> Prompt:
    """The messages with the system's text at the beginning of the next one, and neighbors of one role as one."""
    found: Prompt = []
    for message in messages:
        role = "user" if message["role"] == "system" else message["role"]
        if found and found[-1]["role"] == role:
            found[-1] = {"role": role, "content": f"{found[-1]['content']}\n\n{message['content']}"}
        else:
            found.append({"role": role, "content": message["content"]})
    return found


Change = Callable[[Dialect], Dialect]


def _weaker_form(dialect: Dialect) -> Dialect:
    return replace(dialect, form="json_object" if dialect.form == "json_schema" else "")


def _no_system(dialect: Dialect) -> Dialect:
    return replace(dialect, system=False)


CHANGES: tuple[tuple[str, str, Change], ...] = (
    (COMPLETION, r"max_completion_tokens|\bmax_tokens\b", lambda d: replace(d, limit=COMPLETION)),
    ("no temperature", r"\btemperature\b", lambda d: replace(d, temperature=False)),
    ("fewer log-probabilities", r"top_logprobs", lambda d: replace(d, top_logprobs=FEWER_LOGPROBS)),
    (
        "a weaker form of JSON output",
        r"response_format|json_schema|json_object|json mode|structured.output|guided|grammar|\bschema\b",
        _weaker_form,
    ),
    (
        "no system role",
        r"system.{0,20}(role|message|prompt|instruction)|role.{0,20}system|developer instr|alternat|first message",
        _no_system,
    ),
    ("no seed", r"\bseed\b", lambda d: replace(d, seed=False)),
)
"""What a change is called, the words of a server that ask for it, and the change itself."""
UNSAID = ("no system role", "a weaker form of JSON output", "no seed", COMPLETION, "no temperature")
"""Changes to try where the server's words ask for none, the most frequent first."""


def other_dialect(dialect: Dialect, words: str) -> Dialect | None:
    """The next dialect to try, by what a server said; None if its words name nothing that can be changed."""
    for _, pattern, change in CHANGES:
        if re.search(pattern, words, re.IGNORECASE) and (changed := change(dialect)) != dialect:
            return changed
    return None


def variants(dialect: Dialect) -> Iterator[Dialect]:
    """Dialects to try on a server that refuses without saying why: each change alone, then all together."""
    known = {name: change for name, _, change in CHANGES}
    together = dialect
    for name in UNSAID:
        changed = known[name](dialect)
        while changed not in (dialect, known[name](changed)):
            yield changed
            changed = known[name](changed)
        if changed != dialect:
            yield changed
        together = known[name](together)
    if (plain := replace(together, form="")) != dialect:
        yield plain


def changes_between(old: Dialect, new: Dialect) -> list[str]:
    """What is different in the new dialect, in words for the user."""
    found = [name for name, _, change in CHANGES if change(new) == new and change(old) != old]
    return found or (["a weaker form of JSON output"] if old.form != new.form else [])
