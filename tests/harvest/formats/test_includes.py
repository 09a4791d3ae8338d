"""Files that a page takes in, whole or in part, and code with its labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from leafinstruct.harvest.formats.around import NOWHERE, Around, InTree
from leafinstruct.harvest.formats.excerpts import excerpt
from leafinstruct.harvest.formats.markdown import parse_markdown
from leafinstruct.harvest.html.parts import pieces
from leafinstruct.harvest.links import Tree


def look(text: str, name: str = "page.md", around: Around = NOWHERE) -> list[str]:
    """Texts as Markdown, and images of a page in order."""
    return [
        f"[{one.image.ref}|{one.image.alt}|{one.image.caption}]" if one.image else one.text
        for one in pieces(parse_markdown(text, name=name, around=around).blocks)
    ]


@pytest.fixture
def around(tmp_path: Path) -> Around:
    (tmp_path / "part.md").write_text("Steep **long**.\n\n## Cups {#cup}\n\nWarm ![A](a.png)\n\n## End\n\nx\n")
    (tmp_path / "a.rs").write_text(
        "use io;\n// ANCHOR: all\nfn main() {\n    // ANCHOR: one\n    x();\n"
        "    // ANCHOR_END: one\n}\n// ANCHOR_END: all\n"
    )
    (tmp_path / "a.py").write_text("# --8<-- [start:f]\ndef f():\n    pass\n# --8<-- [end:f]\ng()\n")
    (tmp_path / "a.js").write_text("a()\n  // #region b\n  b()\n  // #endregion b\nc()\n")
    (tmp_path / "a.png").write_bytes(b"x")
    return InTree(Tree(tmp_path), tmp_path)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("{{#include a.rs:one}}", "    x();"),
        ("{{#rustdoc_include a.rs:all}}", "fn main() {\n    x();\n}"),
        ("{{#include a.rs:1:3}}", "use io;\nfn main() {"),
        ("{{#include a.rs:1}}", "use io;"),
        ("\\{{#include a.rs}}", "{{#include a.rs}}"),
        ('--8<-- "a.py:f"', "def f():\n    pass"),
        ('--8<-- "a.py:2:3"', "def f():\n    pass"),
        (';--8<-- "a.py"', '--8<-- "a.py"'),
    ],
)
def test_files_in_code(line: str, shown: str, around: Around) -> None:
    assert look(f"```rust\n{line}\n```", around=around) == [f"```rust\n{shown}\n```"]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("{{#include part.md}}", ["Steep **long**.", "## Cups", "Warm", "[a.png|A|]", "## End", "x"]),
        ("<!--@include: ./part.md-->", ["Steep **long**.", "## Cups", "Warm", "[a.png|A|]", "## End", "x"]),
        ("<!-- @include: ./part.md{3,5} -->", ["## Cups", "Warm", "[a.png|A|]"]),
        ("<!--@include: ./part.md#cup-->", ["## Cups", "Warm", "[a.png|A|]"]),
        ("[part](part.md ':include')", ["Steep **long**.", "## Cups", "Warm", "[a.png|A|]", "## End", "x"]),
        ("[code](a.js ':include :type=code :fragment=b')", ["```javascript\n  b()\n```"]),
        ("{{#playground a.rs editable}}", ["```rust\nuse io;\nfn main() {\n    x();\n}\n```"]),
        ("<<< @/a.js#b{1 js:line-numbers} [Tea]", ["**Tea**\n\n```js\nb()\n```"]),
        ("@[code{1} js](./a.js)", ["```js\na()\n```"]),
        ('--8<-- "a.py:f"', ["```python\ndef f():\n    pass\n```"]),
        ("{{#title Tea}}\nEnd.", ["End."]),
        ("\\{{#include a.rs}}", ["{{#include a.rs}}"]),
    ],
)
def test_files_in_text(line: str, shown: list[str], around: Around) -> None:
    assert look(line, around=around) == shown


def test_marks_of_sections_are_no_text() -> None:
    assert look('Tea.\n\n--8<-- [start:x]\nMilk.\n--8<-- [end:x]\n\n;--8<-- "x.md"') == [
        'Tea.\n\nMilk.\n\n--8<-- "x.md"'
    ]


def test_quotes_around_a_mark_are_none_of_it() -> None:
    assert excerpt("a\n# b\n  c\n# d", {"start-after": '"# b"', "end-before": '"# d"', "dedent": "2"}) == "c"


def test_labels_of_code() -> None:
    assert look("```js [a.js]\nx\n```\n\n```ts:line-numbers {1} [b.ts]\ny\n```") == [
        "**a.js**\n\n```js\nx\n```\n\n**b.ts**\n\n```ts\ny\n```"
    ]
    group = "<CodeGroup>\n\n```bash npm\na\n```\n\n```js server.js {2}\nb\n```\n\n</CodeGroup>\n\n```bash copy\nc\n```"
    assert look(group, "page.mdx") == [
        "**npm**\n\n```bash\na\n```\n\n**server.js**\n\n```js\nb\n```\n\n```bash\nc\n```"
    ]


def test_comments_that_highlight_go() -> None:
    assert look("```js\na() // [!code focus]\nb() /* [!code --] */\n# [!code x]\n```") == ["```js\na()\nb()\n```"]


def test_boxes_in_fences() -> None:
    text = '```admonish warning title="Take *care*"\nHot **tea** ![A](a.png)\n```\n\n```admonish tip\nWait.\n```'
    assert look(text) == ["**Take *care***\n\nHot **tea**", "[a.png|A|]", "**Tip**\n\nWait."]
    assert look("```ad-note\ntitle: Tea\ncollapse: open\nHot *one*.\n```") == ["**Tea**\n\nHot *one*."]
    assert look("1. Boil\n\n   ```admonish\n   Hot.\n   ```\n2. Pour") == [
        "1. Boil\n\n   **Note**\n\n   Hot.",
        "2. Pour",
    ]


def test_a_listing_has_its_file_and_its_caption() -> None:
    text = '<Listing number="1" file-name="a.rs" caption="Tea">\n\n```rust\nx\n```\n\n</Listing>'
    assert look(text) == ["**a.rs**\n\nTea\n\n```rust\nx\n```"]
