"""What MDX has besides Markdown, and odd HTML around it: nothing of a page goes, and code stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from leafinstruct.harvest.formats.around import NOWHERE, Around, InTree
from leafinstruct.harvest.formats.markdown import parse_markdown
from leafinstruct.harvest.html.parts import pieces
from leafinstruct.harvest.links import Tree


def look(text: str, name: str = "page.mdx", around: Around = NOWHERE) -> list[str]:
    """Texts as Markdown, and images of a page in order."""
    return [
        f"[{one.image.ref}|{one.image.alt}|{one.image.caption}]" if one.image else one.text
        for one in pieces(parse_markdown(text, name=name, around=around).blocks)
    ]


@pytest.mark.parametrize("comment", ["<!-->", "<!--->", "<!-- a -- b -->", "<!---->"])
def test_odd_comments_end(comment: str) -> None:
    assert look(f"Tea\n{comment}\n\nPour ![A](a.png)", "page.md") == ["Tea\n\nPour", "[a.png|A|]"]


def test_markdown_after_a_comment() -> None:
    assert look("<!-- x --> Pour **tea** ![A](a.png)\n\nEnd.", "page.md") == ["Pour **tea**", "[a.png|A|]", "End."]
    assert look("Tea\n\n<!-- ![A](a.png)\n\nnever ends", "page.md") == ["Tea"]


@pytest.mark.parametrize("imported", ["", "import CodeBlock from '@theme/CodeBlock';\n\n"])
def test_templates_in_code_components(imported: str) -> None:
    block = '<CodeBlock language="jsx" title="a.jsx">\n{`f() {\n  return <b>{x}</b>;\n}`}\n</CodeBlock>'
    assert look(imported + block) == ["**a.jsx**\n\n```jsx\nf() {\n  return <b>{x}</b>;\n}\n```"]
    assert look('<CodeBlock className="language-py">{`\na\n\n  b\n`}</CodeBlock>') == ["```py\na\n\n  b\n```"]
    assert look("import { Code } from 'x/components';\n\n<Code code={`a\nb`} lang=\"js\" />") == ["```js\na\nb\n```"]


def test_files_imported_as_text(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("const a = 1;\n  b\n")
    text = "import one from '!!raw-loader!./a.js';\nimport two from './a.js?raw';\nimport Pic from './p.bin';\n\n"
    text += '<CodeBlock language="js">{one}</CodeBlock>\n\n<Code code={two} lang="js" />\n\nEnd {Pic}.'
    code = "```js\nconst a = 1;\n  b\n```"
    assert look(text, around=InTree(Tree(tmp_path), tmp_path)) == [f"{code}\n\n{code}\n\nEnd ."]


def test_mdx_in_fences_for_other_readers() -> None:
    text = '```mdx-code-block\n<Tabs>\n<TabItem value="w" label="Green">\n```\n\nSteep **long**.\n\n'
    text += "```mdx-code-block\n</TabItem>\n</Tabs>\n```\n"
    assert look(text, "page.md") == ["**Green**\n\nSteep **long**."]


def test_what_components_hold_may_be_indented() -> None:
    text = '<Step title="Brew">\n    Do this\n    ```sh\n    boil\n    ```\n    - a\n    - b\n    1. c\n</Step>'
    assert look(text) == ["**Brew**\n\nDo this\n\n```sh\nboil\n```\n\n- a\n- b\n\n1. c"]


def test_a_component_at_the_beginning_of_a_sentence() -> None:
    assert look("<Hot color='red'>Green</Hot> is my *tea*.") == ["Green is my *tea*."]


def test_titles_of_components_with_an_image() -> None:
    assert look('<Card title="Tea" description="Hot." image="a.png" />') == ["**Tea**\n\nHot.", "[a.png||]"]
    assert look('<Card title="Tea" img="a.png">\nHot.\n</Card>') == ["**Tea**", "[a.png||]", "Hot."]


def test_images_for_dark_pages_go() -> None:
    text = '<img className="block dark:hidden" src="a.png" />\n\n<img className="hidden dark:block" src="b.png" />'
    assert look(text) == ["[a.png||]"]


def test_values_of_front_matter() -> None:
    assert look("---\ntitle: Tea\n---\n\nAbout {frontMatter.title}.") == ["About Tea."]


def test_images_with_their_size_or_with_spaces() -> None:
    for image in ("![A](/a.png =300x){.align-center}", '![A](/a.png "Tea" =100%x20)', "![A](</a.png> =50x50)"):
        assert look(f"{image}\n\nEnd.", "page.md") == ["[/a.png|A|]", "End."], image
    assert look('![A](a b.png "Tea")', "page.md") == ["[a b.png|A|]"]


def test_an_image_that_only_a_program_knows_is_missing() -> None:
    text = "import * as pots from './pots';\n\n<Image src={pots.big} alt=\"A\" />"
    assert look(text) == ["[{pots.big}|A|]"]


def test_a_file_between_tags_is_included(tmp_path: Path) -> None:
    (tmp_path / "part.mdx").write_text("Steep **long**.\n")
    assert look("<include>./part.mdx</include>", around=InTree(Tree(tmp_path), tmp_path)) == ["Steep **long**."]


def test_labels_of_code_as_attributes() -> None:
    assert look('```bash tab="npm"\nx\n```') == ["**npm**\n\n```bash\nx\n```"]


def test_the_end_of_html_is_no_code() -> None:
    text = "<table>\n  <tr>\n    <td>\n\n**Tea**\n\n    </td>\n  </tr>\n</table>\n\n    <td>\n"
    assert look(text, "page.md") == ["**Tea**\n\n```\n<td>\n```"]
