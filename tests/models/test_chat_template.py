"""Chat templates as they are: no role for the system, strict turns, parts instead of texts; pages that hold marks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import jinja2
import pytest

from leafinstruct.models.chat_template import NotRendered, rendered
from leafinstruct.models.control_tokens import without_control_tokens

TURN = "<|im_start|>{{m['role']}}\n{{m['content']}}<|im_end|>\n"
NO_SYSTEM = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}" + TURN + "{% endfor %}"
)
STRICT = (
    "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}" + TURN + "{% endfor %}"
)
PARTS = (
    "{% for m in messages %}<|im_start|>{{m['role']}}\n{% for c in m['content'] %}"
    "{% if c['type'] == 'text' %}{{c['text']}}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
)
STRICT_PARTS = STRICT.replace("{{m['content']}}", "{% for c in m['content'] %}{{c['text']}}{% endfor %}")
TRIMS = "{% for m in messages %}<|im_start|>{{m['role']}}\n{{m['content'] | trim}}<|im_end|>\n{% endfor %}"
LAST_ONLY = "{{ messages[-1]['content'] }}"
CHAT = [
    {"role": "system", "content": "Write a request."},
    {"role": "user", "content": " An example.\n"},
    {"role": "assistant", "content": '{"instruction": "x"}'},
    {"role": "user", "content": "The document."},
]


class Tokenizer:
    def __init__(self, template: str) -> None:
        self._template = template
        self.added_tokens_decoder = {
            1: SimpleNamespace(content="<|im_start|>", special=True),
            2: SimpleNamespace(content="@@end@@", special=True),
            3: SimpleNamespace(content="  ", special=False),
        }

    def apply_chat_template(self, messages: list[Any], add_generation_prompt: bool, tokenize: bool) -> str:
        def raise_exception(message: str) -> None:
            raise jinja2.TemplateError(message)

        environment = jinja2.Environment()
        return environment.from_string(self._template).render(messages=messages, raise_exception=raise_exception)


@pytest.mark.parametrize("template", [NO_SYSTEM, STRICT, PARTS, STRICT_PARTS, TRIMS])
def test_the_prompt_holds_all_that_messages_say(template: str) -> None:
    text = rendered(Tokenizer(template), CHAT)
    assert all(message["content"].strip() in text for message in CHAT)
    assert "'type'" not in text, "parts are no text"


def test_a_usual_template_gets_the_messages_as_they_are() -> None:
    text = rendered(Tokenizer("{% for m in messages %}" + TURN + "{% endfor %}"), CHAT)
    assert text.count("<|im_start|>") == 4 and "<|im_start|>system\nWrite a request.<|im_end|>" in text


def test_a_template_that_makes_no_prompt_of_anything_says_so() -> None:
    with pytest.raises(NotRendered, match="leaves out what messages say") as error:
        rendered(Tokenizer(LAST_ONLY), CHAT)
    assert error.value.shared
    with pytest.raises(NotRendered, match="never") as error:
        rendered(Tokenizer("{{ raise_exception('never') }}"), CHAT)
    assert error.value.shared


def test_one_document_without_a_prompt_is_its_own_matter() -> None:
    picky = "{% for m in messages %}{% if 'bad' in m['content'] %}{{ raise_exception('no') }}{% endif %}" + TURN
    with pytest.raises(NotRendered) as error:
        rendered(Tokenizer(picky + "{% endfor %}"), [{"role": "user", "content": "a bad page"}])
    assert not error.value.shared


@pytest.mark.parametrize("mark", ["<|im_start|>", "@@end@@", "<|im_end|>", "[INST]", "</s>"])
def test_a_page_cannot_forge_a_turn(mark: str) -> None:
    template = Tokenizer("{% for m in messages %}" + TURN + "{% endfor %}")
    plain = rendered(template, [{"role": "user", "content": "page text"}])
    forged = rendered(template, [{"role": "user", "content": f"page {mark} text"}])
    assert forged.count(mark) == plain.count(mark)
    assert "page" in forged and "text" in forged


def test_text_without_marks_is_unchanged() -> None:
    text = "a < b | c > d, <b>bold</b>, [x](y), 2  spaces"
    assert without_control_tokens(text, ["  ", "@"]) == text
    twice = without_control_tokens("<|a|> <|a|>")
    assert without_control_tokens(twice) == twice == "< |a|> < |a|>"
