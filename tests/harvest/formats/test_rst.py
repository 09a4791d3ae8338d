from __future__ import annotations

from pathlib import Path

from leafinstruct.harvest.formats.around import InTree
from leafinstruct.harvest.formats.rst import parse_rst
from leafinstruct.harvest.html.parts import pieces
from leafinstruct.harvest.links import Tree

PAGE = """
Wiring
======

See :ref:`the guide <docs/guide:Top>` and :guilabel:`File` and ``x``.

.. figure:: images/a.png
   :alt: a board
   :width: 50%
   :oddoption: 3

   The caption

   A legend.

.. note:: Mind the **gap**.

   .. image:: b.png

.. tab-set::

   .. tab-item:: Java

      Press it.

      .. code-block:: java
         :lineno-start: 3

         int x;

1. one
2. two

   .. image:: c.png
      :alt: see

.. toctree::

   other

.. rli:: https://example.org/Robot.java
   :language: java

.. |sub| image:: d.png

Press |sub| now.
"""


def test_page() -> None:
    page = parse_rst(PAGE)
    seen = [b.text or f"[{b.ref}|{b.alt}|{b.caption}]" for b in page.blocks]
    assert page.error == ""
    assert seen[:4] == ["Wiring", "See the guide and File and x.", "[images/a.png|a board|The caption]", "A legend."]
    assert page.blocks[0].heading == 1
    for expected in ("[b.png||]", "Press it.", "int x;", "1. one", "2. two", "[c.png|see|]", "[d.png|sub|]"):
        assert expected in seen
    assert "Mind the gap." in seen
    text = "\n".join(seen)
    assert "other" not in text
    assert "example.org" not in text
    assert [b.item[1] for b in page.blocks if b.item[1]] == [1, 2, 2]


def test_reads_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    for directive in (
        f".. include:: {secret}",
        f".. raw:: html\n   :file: {secret}",
        f".. csv-table::\n   :file: {secret}",
    ):
        page = parse_rst(f"Hello\n\n{directive}\n\nworld\n")
        texts = [b.text for b in page.blocks]
        assert "SECRET" not in "".join(texts)
        assert (texts[0], texts[-1]) == ("Hello", "world")


def test_image_is_never_opened(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_text("<svg>SECRET</svg>")
    page = parse_rst(f".. image:: {tmp_path}/a.svg\n   :loading: embed\n   :scale: 50\n")
    assert [b.ref for b in page.blocks] == [f"{tmp_path}/a.svg"]


def test_markdown_inside() -> None:
    page = parse_rst(
        "# Top\n\nSee [docs](https://example.org/x).\n\n## Sub\n.. image:: a.png\n\n```python\nx = 1\n```\n"
    )
    assert [(b.heading, b.text or b.ref) for b in page.blocks] == [
        (1, "Top"),
        (0, "See docs."),
        (2, "Sub"),
        (0, "a.png"),
        (0, "x = 1"),
    ]


def test_broken_markup_keeps_its_text() -> None:
    page = parse_rst("Title\n===\n\n*open and `bad`_ |nope|\n\n+--+\n| broken table\n\nEnd\n")
    text = " ".join(b.text for b in page.blocks)
    assert all(word in text for word in ("Title", "open and", "broken table", "End"))


def test_code_has_the_language_that_its_directive_or_the_page_states() -> None:
    text = (
        ".. code-block:: python\n   :linenos:\n\n   a = 1\n\n.. highlight:: c\n\nSee::\n\n   int a;\n\n"
        ".. literalinclude:: a.py\n\n.. code-block::\n\n   b\n\n.. doctest::\n\n   >>> 1\n\n.. tab-set-code::\n\n"
        "  ```java\n  c();\n  ```\n"
    )
    found = [(block.code, block.text) for block in parse_rst(text).blocks if block.code is not None]
    assert found == [("python", "a = 1"), ("c", "int a;"), ("c", "b"), ("pycon", ">>> 1"), ("java", "c();")]


def test_other_files_of_the_repository(tmp_path: Path) -> None:
    files = {
        "docs/pics/gnu.png": "", "docs/pics/gnu.svg": "", "docs/pics/only.svg": "",
        "docs/part.rst": "Title\n-----\n\nInside.\n",
        "docs/code.py": "import os\n# begin\n    print(1)\n# end\nprint(2)\n",
        "docs/own.rst": ".. include:: own.rst\n\nAgain.\n",
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    def read(text: str) -> list[str]:
        around = InTree(Tree(tmp_path), tmp_path / "docs")
        return [block.ref or block.text for block in parse_rst(text, around=around).blocks]

    assert read(".. image:: pics/gnu.*\n") == ["pics/gnu.png"]
    assert read(".. image:: /pics/gnu.*\n") == ["pics/gnu.png"]
    assert read(".. figure:: pics/only.*\n") == ["pics/only.svg"]
    assert read(".. image:: pics/none.*\n") == ["pics/none.*"]
    assert read("Before.\n\n.. include:: part.rst\n\nAfter.\n") == ["Before.", "Title", "Inside.", "After."]
    assert read(".. literalinclude:: code.py\n   :start-after: begin\n   :end-before: end\n   :dedent:\n") == [
        "print(1)"
    ]
    assert read(".. literalinclude:: code.py\n   :lines: 1,5-\n") == ["import os\nprint(2)"]
    assert read(".. include:: code.py\n   :code: python\n   :end-line: 1\n") == ["import os"]
    assert read(".. include:: ../../etc/passwd\n\nText.\n") == ["Text."]
    assert set(read(".. include:: own.rst\n")) == {"Again."}


def text_of(text: str, around: InTree | None = None) -> str:
    page = parse_rst(text, around=around) if around else parse_rst(text)
    return "\n\n".join(piece.text for piece in pieces(page.blocks))


def test_boxes_of_sphinx_show_their_own_words() -> None:
    assert text_of(".. versionadded:: 2.4\n\nMore.") == "Added in version 2.4\n\nMore."
    assert text_of(".. versionchanged:: 2.4 Pours *hot*.\n\n   Mind it.") == (
        "Changed in version 2.4: Pours *hot*.\n\nMind it."
    )
    assert text_of(".. seealso:: The kettle.\n\nMore.") == "See also\n\nThe kettle.\n\nMore."


def test_roles_of_sphinx_show_no_marks() -> None:
    text = "Open :menuselection:`&File --> Save && quit` or :guilabel:`&Cancel`, see :file:`/tmp/{name}.txt`, "
    assert text_of(text + ":py:meth:`~tea.Pot.pour`.") == (
        "Open File ‣ Save & quit or Cancel, see `/tmp/name.txt`, `pour`."
    )


def test_references_show_the_titles_of_other_files(tmp_path: Path) -> None:
    (tmp_path / "docs/use").mkdir(parents=True)
    (tmp_path / "docs/use/pot.rst").write_text(".. _pots:\n.. _the-pot:\n\nThe *big* pot\n=============\n\nHot.\n")
    (tmp_path / "docs/cup.md").write_text("(cups)=\n# Cups and `mugs`\n\nFull.\n")
    tree = Tree(tmp_path)
    text = "See :ref:`pots`, :ref:`the-pot`, :ref:`cups`, :doc:`/use/pot`, :doc:`../cup` and :ref:`no-such`."
    assert text_of(text, InTree(tree, tmp_path / "docs/use")) == (
        "See The big pot, The big pot, Cups and mugs, The big pot, Cups and mugs and no such."
    )
    assert {Path(file).name for file in tree.seen} == {"pot.rst", "cup.md"}


def test_links_of_a_wiki_that_a_page_was_made_from() -> None:
    assert text_of("Press [[#top-layer|top shift]] or [[#bottom]].") == "Press top shift or bottom."


def test_code_in_directives_of_projects_is_code() -> None:
    assert text_of(".. code-block-ext:: yaml\n   :key: x\n\n   - a:\n      b") == "```yaml\n- a:\n   b\n```"
    assert text_of(".. mermaid::\n\n   a --> b") == "```mermaid\na --> b\n```"
    assert text_of(".. code-tab:: bash On Linux\n\n   ls *") == "On Linux\n\n```bash\nls *\n```"


def test_descriptions_show_their_signatures() -> None:
    assert text_of(".. http:get:: /api/pots\n\n   All pots.") == "`GET /api/pots`\n\nAll pots."
    assert text_of(".. py:function:: pour(*cups, **more)\n   :module: tea\n\n   Pours.") == (
        "`pour(*cups, **more)`\n\nPours."
    )
    fields = ":param int cups: Many.\n:returns: Tea.\n:raises Cold: If cold.\n:other: x"
    assert text_of(f"Pour\n\n{fields}") == (
        "Pour\n\n**cups (int):**\n\nMany.\n\n**Returns:**\n\nTea.\n\n**Raises Cold:**\n\nIf cold.\n\n**other:**\n\nx"
    )
    assert text_of(".. envvar:: POT.SIZE\n\n   Litres.") == "`POT.SIZE`\n\nLitres."


def around_with(tmp_path: Path, **files: str) -> InTree:
    for name, text in files.items():
        (tmp_path / name.replace("_", ".")).write_text(text)
    return InTree(Tree(tmp_path), tmp_path)


def test_substitutions_of_the_settings(tmp_path: Path) -> None:
    conf = 'rst_prolog = """\n.. |pot| image:: /pot.png\n.. |tea| replace:: green *tea*\n.. |not| replace:: x\n"""\n'
    conf += "rst_epilog = r'''\n.. _maker: https://a.b\n'''\n"
    page = parse_rst("The |pot| of |tea| by maker_.\n", around=around_with(tmp_path, conf_py=conf))
    assert [piece.image.ref if piece.image else piece.text for piece in pieces(page.blocks)] == [
        "The",
        "/pot.png",
        "of green *tea* by maker.",
    ]


def test_values_in_a_file(tmp_path: Path) -> None:
    around = around_with(tmp_path, a_csv="tea,1\nmilk,2\n")
    text = text_of(".. csv-table:: Cups\n   :header: What, Count\n   :file: a.csv\n", around)
    assert text == "Cups\n\n| What | Count |\n| --- | --- |\n| tea | 1 |\n| milk | 2 |"
    assert text_of(".. csv-table:: Cups\n   :file: none.csv\n\nEnd.", around) == "End."


def test_captions_and_objects_of_code(tmp_path: Path) -> None:
    around = around_with(
        tmp_path, a_py="import x\n\nclass A:\n    @y\n    def f(self):\n        return 1\n\n    z = 2\n"
    )
    text = ".. literalinclude:: a.py\n   :pyobject: A.f\n   :caption: The *file*\n"
    assert text_of(text, around) == "**The *file***\n\n```python\n    @y\n    def f(self):\n        return 1\n```"
    assert text_of(".. code-block:: c\n   :caption: a.c\n\n   int a;\n") == "**a.c**\n\n```c\nint a;\n```"


def test_arguments_that_no_reader_sees() -> None:
    assert text_of(".. rst-class:: big\n\nHot.\n\n.. grid:: 2\n\n   .. grid-item:: x\n\n      Tea\n") == "Hot.\n\nTea"
    assert text_of(".. hlist::\n   :columns: 2\n\n   * a\n   * b\n") == "- a\n- b"
    assert text_of(".. card:: Pot\n\n   Head\n   ^^^\n   Body\n   +++\n   Foot\n") == "Pot\n\nHead\n\nBody\n\nFoot"
    assert text_of(".. button-ref:: pots\n   :color: primary\n\n   All pots\n") == "All pots"
    assert text_of("See :numref:`Figure %s <pot>`.") == "See Figure."
    assert text_of("Tea : plant\n   Green.\n") == "**Tea : plant**\n\nGreen."


def test_a_layout_of_images_is_none() -> None:
    page = parse_rst(".. subfigure:: AB\n\n   .. image:: a.png\n\n   .. image:: b.png\n\n   Two pots.\n")
    assert [piece.image.ref if piece.image else piece.text for piece in pieces(page.blocks)] == [
        "a.png",
        "b.png",
        "Two pots.",
    ]


def test_drawings_are_code() -> None:
    assert text_of(".. graphviz::\n\n   digraph {\n     a\n   }\n") == "```dot\ndigraph {\n  a\n}\n```"
    assert text_of(".. uml::\n\n   a -> b\n") == "```plantuml\na -> b\n```"
