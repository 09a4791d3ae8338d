from __future__ import annotations

import pytest

from leafinstruct.harvest.formats.markdown import parse_markdown

PAGE = """# Night light

### @explicitHints true

## {Introduction @unplugged}

The @boardname@ glows when it gets dark.

## ~ hint

Cover it with ``||input:a hand||``.

## ~

## {Step 1}

Put ``||basic:show leds||`` into ||basic:forever||.

```blocks
basic.forever(() => { if (a || b) { } })
```

## ~button /next
NEXT: a door bell
## ~

```package
radio
```
"""


def lines(text: str) -> list[str]:
    return [block.text.strip() for block in parse_markdown(text).blocks if block.text]


def test_a_page_of_makecode_reads_as_it_is_shown() -> None:
    assert lines(PAGE) == [
        "Night light",
        "Introduction",
        "The board glows when it gets dark.",
        "Cover it with a hand.",
        "Step 1",
        "Put show leds into forever.",
        "basic.forever(() => { if (a || b) { } })",
    ]


@pytest.mark.parametrize("text", ["Write {Step 1} or ask @anna.", "a || b || c", "~ 20 cm", "@media print"])
def test_other_pages_keep_what_looks_alike(text: str) -> None:
    assert lines(text) == [text]
