"""What a response of a chat server says: the text of its message, or that there is none; a stream put together."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from leafinstruct.models.chat_faults import EMPTY, Failure

CUT = frozenset({"length", "max_tokens", "max_output_tokens", "model_length"})
FILTERED = frozenset({"content_filter", "safety"})


def text_of(message: Mapping[str, Any]) -> str:
    """The text of a message: its content; else a refusal; else the arguments of a tool that it calls, by which some
    servers give an answer in a form that was asked for."""
    return _text(message.get("content")) or _text(message.get("refusal")) or _arguments(message.get("tool_calls"))


def _text(content: Any) -> str:
    """The text of a content: a text, or a list of parts of which some are texts."""
    if isinstance(content, str):
        return content
    parts = [part for part in content if isinstance(part, Mapping)] if isinstance(content, list) else []
    texts = [part.get("text") for part in parts if part.get("type", "text") in ("text", "output_text")]
    return "".join(text for text in texts if isinstance(text, str))


def _arguments(calls: Any) -> str:
    if not isinstance(calls, list) or len(calls) != 1 or not isinstance(calls[0], Mapping):
        return ""
    function = calls[0].get("function")
    found = function.get("arguments") if isinstance(function, Mapping) else None
    return found if isinstance(found, str) else json.dumps(found) if isinstance(found, Mapping) else ""


def reason_of(choice: Mapping[str, Any]) -> str:
    """Why an answer ended, in lower case."""
    return str(choice.get("finish_reason") or "stop").lower()


def nothing_said(answer: Mapping[str, Any]) -> Failure | None:
    """Why a response with a message says nothing: about one prompt that is a fact, but if a server never says anything
    it is not. None for an answer, and for one that was cut off before its first word."""
    choice = answer["choices"][0]
    reason = reason_of(choice)
    if reason in FILTERED:
        return Failure("the server's filter of contents stopped the answer", "refused", EMPTY)
    if reason in CUT or text_of(choice["message"]).strip():
        return None
    reasoned = any(_text(choice["message"].get(name)) for name in ("reasoning_content", "reasoning", "thinking"))
    more = ", there is only reasoning" if reasoned else ""
    return Failure(f"the answer is empty{more} (finish_reason {reason})", "refused", EMPTY)


def from_stream(data: bytes) -> dict[str, Any] | None:
    """The response that a stream of server-sent events makes, for servers that stream whatever is asked; None if it is
    no stream, or one that does not come to its end. Raises ValueError."""
    if not data.lstrip().startswith((b"data:", b":", b"event:")):
        return None
    text, reason, usage, done = list[str](), None, None, False
    for event in _events(data):
        if event == "[DONE]":
            done = True
            continue
        value = json.loads(event)
        if not isinstance(value, Mapping) or value.get("error"):
            return dict(value) if isinstance(value, Mapping) else None
        usage = value.get("usage") or usage
        choices = value.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            delta = choice.get("delta") if isinstance(choice, Mapping) else None
            if isinstance(delta, Mapping):
                text.append(_text(delta.get("content")))
                reason = choice.get("finish_reason") or reason
    if not (done or reason):
        return None
    message = {"role": "assistant", "content": "".join(text)}
    return {"choices": [{"message": message, "finish_reason": reason}], "usage": usage}


def _events(data: bytes) -> Iterator[str]:
    for line in data.decode().split("\n"):
        if line.startswith("data:"):
            yield line.removeprefix("data:").strip()
