from __future__ import annotations

import base64
import json
from typing import Any

from made.harvest import picture

from leafinstruct.harvest.formats.notebook import parse_notebook
from leafinstruct.harvest.html.flow import Page
from leafinstruct.harvest.html.parts import pieces

PNG = base64.b64encode(picture(1)).decode()


def book(*cells: dict[str, Any], language: str = "python", **more: Any) -> Page:
    value = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"language_info": {"name": language}},
        "cells": list(cells),
    }
    return parse_notebook(json.dumps(value | more))


def text(source: str, **more: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source.splitlines(keepends=True), **more}


def code(source: str, *outputs: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": metadata, "execution_count": 1, "source": source, "outputs": list(outputs)}


def shown(**data: str) -> dict[str, Any]:
    kinds = {name.replace("_", "/", 1): value for name, value in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": kinds}


def look(page: Page) -> list[str]:
    return [f"[{one.image.ref}]" if one.image else one.text for one in pieces(page.blocks)]


def test_text_code_and_images() -> None:
    page = book(
        text("# Waves\n\n![w](attachment:w.png)", attachments={"w.png": {"image/png": PNG}}),
        code("plt.plot(x)", shown(image_png=PNG, text_plain="<Figure size 1x1 with 1 Axes>")),
        text("The **end**."),
    )
    assert look(page) == [
        "# Waves",
        "[cell-1/w.png]",
        "```python\nplt.plot(x)\n```",
        "[cell-2/output-1]",
        "The **end**.",
    ]
    assert page.first_heading == "Waves"
    assert sorted(page.images.values()) == [picture(1), picture(1)]
    assert set(page.images) == {one.ref for one in page.blocks if one.ref}


def test_outputs() -> None:
    stream = {"output_type": "stream", "name": "stdout", "text": ["a\n", "\x1b[1mb\x1b[0m\n"]}
    page = book(
        code("f()", stream, {"output_type": "stream", "name": "stderr", "text": "noise"}),
        code("g()", shown(text_html="<table><tr><td>1</td><td>2</td></tr></table>", text_plain="1 2")),
        code("h()", {"output_type": "error", "ename": "KeyError", "evalue": "x", "traceback": ["long"]}),
        code("i()", shown(text_plain="x" * 100_000)),
    )
    assert "\n\n".join(look(page)) == (
        "```python\nf()\n```\n\n```\na\nb\n```\n\n```python\ng()\n```\n\n| 1 | 2 |\n| --- | --- |\n\n"
        "```python\nh()\n```\n\n```\nKeyError: x\n```\n\n```python\ni()\n```"
    )


def test_tags_and_magics() -> None:
    page = book(
        code("secret()", tags=["remove-cell"]),
        code("hidden()", {"output_type": "stream", "name": "stdout", "text": "seen"}, tags=["remove-input"]),
        code("%%bash\nls"),
        language="Python",
    )
    assert "\n\n".join(look(page)) == "```\nseen\n```\n\n```bash\nls\n```"


def test_an_attachment_whose_name_has_spaces() -> None:
    page = book(text("![w](attachment:w%20x.png)", attachments={"w x.png": {"image/png": PNG}}))
    assert (look(page), list(page.images.values())) == (["[cell-1/w%20x.png]"], [picture(1)])


def test_cells_that_sites_do_not_show() -> None:
    page = book(code("#| hide\na()"), code("# hide\nb()"), code("#|export\nc()"), code("# hides it\nd()"))
    assert "\n\n".join(look(page)) == "```python\nc()\n```\n\n```python\n# hides it\nd()\n```"


def test_captions_of_outputs() -> None:
    page = book(code('#| fig-cap: "The *wave*: x"\n#| echo: false\nplot()', shown(image_png=PNG)))
    assert [(b.ref, b.caption) for b in page.blocks] == [("cell-1/output-1", "The *wave*: x")]


def test_the_language_of_a_cell() -> None:
    page = book(
        code("SELECT 1", vscode={"languageId": "sql"}), code("let x", polyglot_notebook={"kernelName": "fsharp"})
    )
    assert "\n\n".join(look(page)) == "```sql\nSELECT 1\n```\n\n```fsharp\nlet x\n```"


def test_front_matter_and_dialects() -> None:
    raw = {"cell_type": "raw", "metadata": {}, "source": "---\ntitle: Tea\n---"}
    page = book(raw, text("```{note}\nHot.\n```\n\n(a)=\n## B {#b}"))
    assert (page.title, look(page)) == ("Tea", ["**Note**\n\nHot.", "## B"])


def test_old_and_broken_notebooks() -> None:
    cells = [{"cell_type": "heading", "level": 2, "source": "Tea", "metadata": {}}]
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells, "metadata": {}}]}
    assert parse_notebook(json.dumps(old)).first_heading == "Tea"
    for broken in ("{", "[]", '{"nbformat": 4}', '{"nbformat": 4, "nbformat_minor": 0, "metadata": [], "cells": 3}'):
        assert parse_notebook(broken).error == "broken_notebook"
