"""Records whose texts are markup, hostile Markdown, and pictures of one color."""

from __future__ import annotations

import io
import re

import PIL.Image

from leafinstruct.document import Document, Record
from leafinstruct.rewrite.record import Facts, messages_of, record
from leafinstruct.rewrite.task import draft, tasks
from leafinstruct.text.printable import CONTROL

EVIL = '<script>alert("x")</script><img src=x onerror=alert(1)>'

HOSTILE = [
    EVIL,
    "[x](javascript:alert(1)) [x](JaVaScRiPt:alert(1)) [x](\tjavascript:alert(1)) [x](<java\tscript:alert(1)>)",
    "[x](&#106;avascript:alert(1)) [x](&#x6A;&#x61;vascript&colon;alert(1)) [x](javascript&#58;alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=) [x](data:image/svg+xml,<svg/onload=alert(1)>) [x](vbscript:a) [x](file:///)",
    '![x](x" onerror="alert(1)) ![x](https://a.example/i.png) ![x"onerror=alert(1)](data:image/png;base64,AA)',
    "![x](https://a.example/i.png 'a\" onerror=\"alert(1)') [x](https://a.example/&quot;onmouseover=alert(1) 'b\" c')",
    '<javascript:alert(1)> <data:text/html,x> <https://a.example/?"onclick=alert(1)> <a@b.example>',
    "[x]: javascript:alert(1)\n[y]: data:text/html,x\n[z]: https://z.example 'hidden'\n\n[x] [y][y] [z]",
    "//a.example [x](//a.example/i.png) [x](#rule) [x](../up.md) [x](http:alert(1)) [x](https&colon;//a.example)",
    "<iframe src=//a.example></iframe>\n\n<style>*{display:none}</style>\n\n<svg><a xlink:href=javascript:alert(1)>",
    "<sub onclick=alert(1)>a</sub> <sub>b <sup><img src=x onerror=alert(1)></sub> <kbd>c <!-- d </kbd> --> <SUB>",
    "<sub>*a</sub>* **b <kbd>c** d</kbd> <sub>$e</sub> f$ </sup> `<sub>`",
    "<!-- never closed\n\n<![CDATA[\n\n<?php\n\n<!DOCTYPE x",
    "$<img src=x onerror=alert(1)>$ and $$</code><script>alert(1)</script>$$\n\n$$\n</code></pre><script>\n$$",
    '```"><script>alert(1)</script>\n</code></pre><script>alert(1)</script>\nnever closed',
    "~~~ js onclick=alert(1)\n</pre>\n~~~\n\n    </code></pre><img src=x onerror=alert(1)>",
    "| a<script> | b |\n| :-- | --: |\n| </td></table><img src=x onerror=alert(1)> | `|` |",
    "> " * 10_000 + "deep",
    ">" * 10_000 + "\n" + "- " * 500 + "x\n\n" + "[" * 5_000 + "](" * 500,
    "a \u202egnp.exe\u202c \u2066b\u2069 \u200f&#x202e;c&rlm;",
    "\x1b]8;;https://a.example\x1b\\x\x1b]8;;\x1b\\ \x1b[2J &#27;[31m \x9b31m &#155; \x07 \x00 \x08\r a\rb",
    "</div></section><script>alert(1)</script><!--</template>--></textarea></title></style>",
]
"""Markdown that must do nothing but be read."""

TAGS = {"div", "p", "em", "strong", "s", "code", "pre", "ul", "ol", "li", "blockquote", "hr", "br", "a", "sub", "sup"}
TAGS |= {"kbd", "table", "thead", "tbody", "tr", "th", "td", *(f"h{level}" for level in range(1, 7))}
"""Elements that rendered Markdown may have."""
ATTRIBUTES = {"class", "dir", "href", "title", "rel", "target", "start", "style"}


def picture(color: str, size: tuple[int, int] = (600, 400)) -> bytes:
    out = io.BytesIO()
    PIL.Image.new("RGB", size, color).save(out, "PNG")
    return out.getvalue()


def assert_harmless(text: str) -> None:
    """Nothing but text and colors."""
    text = re.sub(r"\x1b\[[\d;]*m", "", text)
    assert not [character for character in text if ord(character) in CONTROL]


def made(document: Document, task: str) -> Record:
    one = draft(document, tasks()[task])
    return record(one, messages_of(one, [f"Show me {EVIL}"] * len(one.turns)), "m@1", Facts())
