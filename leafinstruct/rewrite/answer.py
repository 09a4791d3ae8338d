"""Finds the JSON object that was asked for in what a model wrote: servers may leave its reasoning before it, a fence
around it, or a sentence. The stored answer stays as the model gave it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_TAG = r"(?:\w+:)?(?:think|thinking|thought|reasoning|reflection|analysis|scratchpad)>"
REASONED = re.compile(
    rf"</{_TAG}|\[/THINK\]|◁/think▷|<\|END_THINKING\|>|<channel\|>|<\|channel\|>\s*final\s*<\|message\|>", re.IGNORECASE
)
"""Where the reasoning of a model ends."""
REASONS = re.compile(
    rf"\s*(?:<{_TAG}|\[THINK\]|◁think▷|<\|START_THINKING\|>|<\|channel>|<\|channel\|>\s*analysis)", re.IGNORECASE
)
"""Where it begins."""
DECODER = json.JSONDecoder()
MOST_STARTS = 200
"""Braces at which an object is looked for: a text of nothing else would take long."""


def answered_object(text: str, key: str) -> dict[str, Any] | None:
    """The one JSON object with `key` in an answer: all of it, or what follows the reasoning; None if there is none, or
    more than one that differ."""
    whole = _read(text)
    if isinstance(whole, str):  # JSON inside of a JSON string
        whole = _read(whole)
    if isinstance(whole, dict):
        return whole
    for after in _after_reasoning(text):
        found = [one for one in _objects(after) if key in one]
        if found:
            return found[0] if all(one == found[0] for one in found) else None
    return None


def _after_reasoning(text: str) -> Iterator[str]:
    """What follows each end of reasoning, the last first; all of it, unless it begins to reason and has no end."""
    ends = [found.end() for found in REASONED.finditer(text)]
    for end in reversed(ends[-MOST_STARTS:]):
        yield text[end:]
    if not ends and not REASONS.match(text):
        yield text


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The objects in a text that are not inside of others."""
    at = 0
    for _ in range(MOST_STARTS):
        at = text.find("{", at)
        if at < 0:
            return
        try:
            value, at = DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            at += 1
            continue
        if isinstance(value, dict):
            yield value
