"""Each kind of mark that dialects of Markdown have: what readers see of it, and nothing of the mark."""

from __future__ import annotations

from pathlib import Path

import pytest

from leafinstruct.harvest.formats.around import NOWHERE, Around, InTree
from leafinstruct.harvest.formats.markdown import parse_markdown
from leafinstruct.harvest.html.parts import pieces
from leafinstruct.harvest.links import Tree


def look(text: str, name: str = "page.md", around: Around = NOWHERE) -> list[str]:
    """Texts as Markdown, headings and images of a page in order."""
    return [
        f"[{one.image.ref}|{one.image.alt}|{one.image.caption}]" if one.image else one.text
        for one in pieces(parse_markdown(text, name=name, around=around).blocks)
    ]


def whole(text: str, name: str = "page.md", around: Around = NOWHERE) -> str:
    return "\n\n".join(look(text, name, around))


# MyST


@pytest.mark.parametrize(
    "text",
    [
        "```{figure} a.png\n:alt: Dough\n:width: 3\n\nThe **dough**.\n```",
        "```{figure} a.png\n---\nalt: Dough\nname: x\n---\nThe **dough**.\n```",
        ":::{figure} a.png\n:alt: Dough\nThe **dough**.\n:::",
        "1. Mix\n\n   ```{figure} a.png\n   :alt: Dough\n\n   The **dough**.\n   ```",
    ],
)
def test_a_figure_has_its_caption_and_no_options(text: str) -> None:
    assert look(text)[-1] == "[a.png|Dough|The dough.]"
    assert ":" not in "".join(look(text)[:-1])


def test_myst_images_and_nested_directives() -> None:
    text = "::::{tip} Before *you* start\n:::{image} a.png\n:alt: A\n:::\nWait.\n::::\n\nEnd."
    assert look(text) == ["**Before *you* start**", "[a.png|A|]", "Wait.\n\nEnd."]


def test_images_in_options_and_in_the_content_of_a_figure() -> None:
    assert look(":::{figure-md} x\n![A](a.png)\n\nThe **dough**.\n:::\n\nEnd.") == ["[a.png|A|The dough.]", "End."]
    assert look("```{card} Bread\n:img-top: a.png\n\nBake.\n```") == ["**Bread**", "[a.png||]", "Bake."]


def test_options_before_the_image_of_a_figure() -> None:
    text = ':::{figure-md} x\n:class: y\n\n<img src="a.png" alt="A" class="z">\n\nThe **dough**.\n:::'
    assert look(text) == ["[a.png|A|The dough.]"]


def test_heads_of_cards_and_terms() -> None:
    assert whole(":::{card}\nHead\n^^^\nBody\n+++\nFoot\n:::") == "Head\n\nBody\n\nFoot"
    text = "```{glossary}\nTea\n  A *plant*.\n\n  A drink.\nPot\n  Holds it.\n```"
    assert whole(text) == "**Tea**\n\nA *plant*.\n\nA drink.\n\n**Pot**\n\nHolds it."


def test_titles_of_admonitions() -> None:
    assert whole("```{note}\nHot.\n```") == "**Note**\n\nHot."
    assert whole("```{admonition} Take care\n:class: tip\nHot.\n```") == "**Take care**\n\nHot."
    assert whole("```{dropdown} Answer\n42\n```") == "**Answer**\n\n42"
    assert whole("````{tab-set}\n```{tab-item} Linux\napt\n```\n````") == "**Linux**\n\napt"


def test_myst_code_and_math_and_raw() -> None:
    text = "```{code-block} python\n:linenos:\n:caption: a.py\n\nx = {y}\n```\n\n```{math}\n:label: e\nx^2\n```\n\n"
    text += "```{raw} latex\n\\newpage\n```\n\n```{toctree}\na\nb\n```\n\n```{code-cell} ipython3\nprint(1)\n```"
    assert whole(text) == "**a.py**\n\n```python\nx = {y}\n```\n\n$$\nx^2\n$$\n\n```python\nprint(1)\n```"


def test_myst_tables() -> None:
    text = "```{list-table} Parts\n:header-rows: 1\n\n* - Name\n  - Count\n* - **Bolt**\n  - 4\n```"
    assert whole(text) == "**Parts**\n\n| Name | Count |\n| --- | --- |\n| **Bolt** | 4 |"
    text = '```{csv-table} Parts\n:header: Name, "Count, all"\n\nBolt, 4\n```'
    assert whole(text) == "**Parts**\n\n| Name | Count, all |\n| --- | --- |\n| Bolt | 4 |"


def test_marks_of_myst_go() -> None:
    text = (
        "(start)=\n# Tea\n\n% a comment\n\nSee {ref}`the start <start>`, press {kbd}`Ctrl+C` in {guilabel}`File`.\n\n"
    )
    text += "+++\n\n"
    text += "H{sub}`2`O {math}`x^2` {cite}`knuth`.\n\n```{note}\nx\n```"
    assert look(text) == [
        "# Tea",
        "See the start, press <kbd>Ctrl+C</kbd> in **File**.\n\nH<sub>2</sub>O $x^2$ .\n\n**Note**\n\nx",
    ]


def test_links_without_a_text_and_citations() -> None:
    text = "See [](#fig:dough), [](./install-guide.md) and {cite:t}`knuth1984`, {numref}`fig-a`.\n\n```{note}\nx\n```"
    assert look(text)[0].startswith("See Figure, install guide and Knuth (1984), Figure.")


def test_restructured_text_inside() -> None:
    assert whole("```{eval-rst}\n.. note::\n\n   Hot\n\n.. image:: a.png\n```").endswith("[a.png||]")


# Python-Markdown


def test_boxes_by_indentation() -> None:
    text = '!!! note "Before *you* start"\n\n    Unplug it.\n\n    ![a](a.png)\n\n    ```sh\n    ls\n    ```\n\n'
    text += '??? tip\n    Folded.\n\n=== "Linux"\n\n    1. apt\n\n        ![b](b.png)\n\n=== "Mac"\n\n    brew\n\nEnd.'
    assert look(text) == [
        "**Before *you* start**\n\nUnplug it.",
        "[a.png|a|]",
        "```sh\nls\n```\n\n**Tip**\n\nFolded.\n\n**Linux**\n\n1. apt",
        "[b.png|b|]",
        "**Mac**\n\nbrew\n\nEnd.",
    ]


def test_an_empty_title_is_none() -> None:
    assert whole('!!! note ""\n    Hot.') == "Hot."


def test_the_rule_of_four_columns() -> None:
    """Seven columns deep is content in Python-Markdown and code in CommonMark."""
    text = "- Mix\n\n       ![a](a.png) it well\n"
    assert look(f"!!! note\n    x\n\n{text}") == ["**Note**\n\nx\n\n- Mix", "[a.png|a|]", "it well"]
    assert whole(text) == "- Mix\n\n  ```\n   ![a](a.png) it well\n  ```"


def test_marks_of_python_markdown_go() -> None:
    text = (
        "# Tea {#tea .x}\n\n[TOC]\n\nPress ++ctrl+alt+del++ for ==this== [link](a.md){ .md-button } :material-home:.\n"
    )
    text += "{: .note}\n\n"
    text += "*[HTML]: Hyper Text\n\n![a](a.png){ width=3 }\n\nH~2~O, x^2^ and ~~gone~~."
    assert look(text) == [
        "# Tea",
        "Press <kbd>Ctrl</kbd>+<kbd>Alt</kbd>+<kbd>Del</kbd> for this link .",
        "[a.png|a|]",
        "H<sub>2</sub>O, x<sup>2</sup> and ~~gone~~.",
    ]


def test_titles_of_code() -> None:
    assert whole('``` { .python title="a.py" hl_lines="2" }\nx\n```') == "**a.py**\n\n```python\nx\n```"
    assert whole('```js title="a.js" {1}\n// highlight-next-line\nx\n```') == "**a.js**\n\n```js\nx\n```"


# MDX


def test_a_tag_that_ends_itself_swallows_nothing() -> None:
    text = "import V from './v'\n\n# A\n\n<V />\n\n<iframe src='x' />\n\n<Video id='x' />\n\n<textarea />\n\nStays."
    assert look(text, "a.mdx") == ["# A", "Stays."]


@pytest.mark.parametrize(
    "tag",
    [
        "<img src={require('./a.png').default} alt='x' />",
        '<img style={{ "max-height": "6px" }} src="./a.png" alt="x"/>',
        "<Image img={require('./a.png')} alt={'x'} />",
        "<img src={pic} alt={`x`} />",
        "<ThemedImage alt='x' sources={{dark: useBaseUrl('/d.png'), light: useBaseUrl('./a.png')}} />",
        "<Frame><img src='./a.png' alt='x' /></Frame>",
        "<Foo.Bar image={pic} alt='x' />",
    ],
)
def test_images_in_jsx(tag: str) -> None:
    assert look(f"import pic from './a.png';\n\n{tag}\n\nText.", "a.mdx") == ["[./a.png|x|]", "Text."]
    assert look(f"import pic from './a.png';\n\n| a |\n|---|\n| {tag} |\n", "a.mdx")[1] == "[./a.png|x|]"


def test_modules_and_expressions_go() -> None:
    text = "import A from 'a'\nimport {\n  B,\n} from 'b'\n\n"
    text += "export const C = ({x}) => (\n  <b\n    style={{a: 1}}>\n\n    {x}\n  </b>\n)\n\n"
    text += "# T {#id}\n\n{/* no one */}\n\nOne{' '}two <C x={1}>three</C> {'}'}.\n\n{`a\n\nb`}"
    assert look(text, "a.mdx") == ["# T", "One two three }.\n\na b"]


def test_titles_and_labels_stand_before_their_content() -> None:
    text = "<Tabs values={[{label: 'On Mac', value: 'mac'}]}>\n<TabItem value=\"mac\">\n\nbrew\n\n</TabItem>\n"
    text += '<TabItem value="l" label="Linux">\n\n```sh\napt\n```\n\n</TabItem>\n</Tabs>\n\n'
    text += '<Card title="Next" href="/x">\nGo on.\n</Card>'
    assert whole(text, "a.mdx") == "**On Mac**\n\nbrew\n\n**Linux**\n\n```sh\napt\n```\n\n**Next**\n\nGo on."
    text = "<Tabs items={['npm', 'yarn']}>\n  <Tabs.Tab>\n    one\n  </Tabs.Tab>\n"
    text += "  <Tabs.Tab>\n    two\n  </Tabs.Tab>\n</Tabs>"
    assert whole(text, "a.mdx") == "**npm**\n\none\n\n**yarn**\n\ntwo"


def test_labels_in_lists_and_values() -> None:
    assert whole("<Tabs labels={['A', 'B']}>\n<Tab>\none\n</Tab>\n<Tab>\ntwo\n</Tab>\n</Tabs>", "a.mdx") == (
        "**A**\n\none\n\n**B**\n\ntwo"
    )
    assert whole('<Tabs values={known.elsewhere}>\n<TabItem value="mac">\n\none\n\n</TabItem>\n</Tabs>', "a.mdx") == (
        "**mac**\n\none"
    )


def test_imported_images_as_components() -> None:
    assert look("import Pic from './\\_a.svg';\n\n<Pic />\n\n<img src={`${base}/b.png`} />", "a.mdx") == [
        "[./_a.svg||]",
        "[/b.png||]",
    ]


def test_frames_have_their_captions() -> None:
    assert look('<Frame caption="The dough">\n  <img src="a.png" alt="A" />\n</Frame>', "a.mdx") == [
        "[a.png|A|The dough]"
    ]


def test_steps_are_a_list() -> None:
    text = '<Steps>\n<Step title="Install">\n\nUse npm.\n\n</Step>\n<Step title="Start">\n\nGo.\n\n</Step>\n</Steps>'
    assert [(one.step, one.text) for one in pieces(parse_markdown(text, name="a.mdx").blocks)] == [
        (1, "1. **Install**\n\n   Use npm."),
        (2, "2. **Start**\n\n   Go."),
    ]


def test_nothing_is_code_by_indentation_in_mdx() -> None:
    assert (
        whole("<Tabs>\n    <TabItem label='A'>\n        Some **text**.\n    </TabItem>\n</Tabs>", "a.mdx")
        == "**A**\n\nSome **text**."
    )


def test_code_in_jsx_stays_code() -> None:
    text = '<CodeBlock language="jsx" title="a.js">{`<A b={1}>\n  x\n</A>`}</CodeBlock>'
    assert whole(text, "a.mdx") == "**a.js**\n\n```jsx\n<A b={1}>\n  x\n</A>\n```"
    assert (
        whole("```jsx\nimport x from 'y'\n<A/>\n```\n\n`<B/>`", "a.mdx")
        == "```jsx\nimport x from 'y'\n<A/>\n```\n\n`<B/>`"
    )


# Boxes of other generators


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (":::tip[Save *it*]\n\nPress.\n\n:::", "**Save *it***\n\nPress."),
        (":::note Old title\nPress.\n:::", "**Old title**\n\nPress."),
        ("::: warning\nPress.\n:::", "**Warning**\n\nPress."),
        ('::: {.callout-note title="Save"}\nPress.\n:::', "**Save**\n\nPress."),
        ("::: {.callout-tip}\nPress.\n:::", "**Tip**\n\nPress."),
        ("> [!WARNING] Hot\n> Press.", "**Hot**\n\nPress."),
        ("> [!NOTE]\n> Press.", "**Note**\n\nPress."),
        ("> [!faq]- Why?\n> Press.", "**Why?**\n\nPress."),
        ("> A quote.", "> A quote."),
        ('{% hint style="info" %}\nPress.\n{% endhint %}', "Press."),
        ('{{% notice note "Save" %}}\nPress.\n{{% /notice %}}', "**Save**\n\nPress."),
        ('{{< tabs >}}\n{{< tab "Mac" >}}\nPress.\n{{< /tab >}}\n{{< /tabs >}}', "**Mac**\n\nPress."),
        ('{% tabs %}\n{% tab title="Mac" %}\nPress.\n{% endtab %}\n{% endtabs %}', "**Mac**\n\nPress."),
        ('{{< details "More" >}}\nPress.\n{{< /details >}}', "**More**\n\nPress."),
        ('{% include note.html content="Press." %}', "Press."),
    ],
)
def test_titles_of_boxes(text: str, shown: str) -> None:
    assert whole(text) == shown


def test_shortcodes_of_images() -> None:
    front = "---\nresources:\n  - name: forest\n    src: forest-1.png\n    title: Forest\n---\n"
    assert look(front + '{{< img name="forest" >}}\n\nx') == ["[forest-1.png||Forest]", "x"]
    assert look('{{% figure src="a.png" width="5"\n   title="A photo" %}}') == ["[a.png||A photo]"]
    assert look('{{< imgproc "a.png" Fill "7x4" >}}\nNorway *spruce*.\n{{< /imgproc >}}') == ["[a.png||Norway spruce.]"]
    assert look(':::image type="content" source="a.png" alt-text="x" lightbox="b.png":::') == ["[a.png|x|]"]


def test_code_of_shortcodes_stays_code() -> None:
    assert whole('{{< highlight go "linenos=table" >}}\nfunc a() {\n    b("{{ x }}")\n}\n{{< /highlight >}}') == (
        '```go\nfunc a() {\n    b("{{ x }}")\n}\n```'
    )
    assert whole("{% highlight ruby %}\na\n{% endhighlight %}") == "```ruby\na\n```"
    assert whole("Write `{{< a >}}`.\n\n```\n{{< b >}}\n```") == "Write `{{< a >}}`.\n\n```\n{{< b >}}\n```"


def test_quoted_shortcodes_are_shown_as_such() -> None:
    text = "Write `{{</* a */>}}`.\n\n```\n{{%/* b */%}}\n```"
    assert whole(text) == "Write `{{< a >}}`.\n\n```\n{{% b %}}\n```"


def test_comments_of_shortcodes_go() -> None:
    assert whole("{{< comment >}}\n\nNo **one**.\n\n{{< /comment >}}\n\n<details>\nAll.\n</details>") == "All."


def test_steering_tags_break_no_list() -> None:
    assert whole("- a\n{% if x %}\n- b\n{% endif %}\n- c") == "- a\n- b\n- c"


# Wikis, HTML, tables


def test_wiki_links_and_embeds() -> None:
    text = "See [[Sourdough#Feeding|the starter]] and [[Ovens]].\n\n![[a b.png|300]]\n\n![[c.png|The crumb|20x10]]\n\n"
    text += "End. ^x1"
    assert look(text) == ["See the starter and Ovens.", "[a b.png||]", "[c.png|The crumb|]", "End."]
    assert look("![Oven|100x20](a.png) %%no one%%") == ["[a.png|Oven|]"]
    assert whole("[[a]](https://a.b) `[[x]]`") == "[a] `[[x]]`"


def test_markdown_inside_html() -> None:
    text = "<details>\n<summary>The **answer**</summary>\nIt is *forty*, says the [manual](https://a.b).\n\n![a](a.png)\n</details>\n\n"
    text += '<div class="x" markdown="1">\n## Inner\n- one\n- **two**\n</div>\n\n<pre>\n*raw*\n</pre>'
    assert look(text) == [
        "The **answer**\n\nIt is *forty*, says the manual.",
        "[a.png|a|]",
        "## Inner",
        "- one\n- **two**\n\n```\n*raw*\n```",
    ]
    assert whole("<table>\n<tr><td>a_b_c</td><td>*x*</td></tr>\n</table>") == "| a_b_c | *x* |\n| --- | --- |"


def test_fenced_code_in_html() -> None:
    assert (
        whole("<details>\n<summary>Log</summary>\n```sh\na\n\nb\n```\n</details>\n\nEnd.")
        == "Log\n\n```sh\na\n\nb\n```\n\nEnd."
    )


def test_drawn_tables() -> None:
    text = "+-----+------+\n| a   | b    |\n+=====+:====:+\n| *c* | - d  |\n|     | - e  |\n+-----+------+"
    assert "*c*" in whole(text) and "- d\n- e" in whole(text) and "+--" not in whole(text)


# Quarto and R Markdown


def test_chunks() -> None:
    text = '```{r, echo=FALSE, fig.cap="A plot"}\nknitr::include_graphics("a.png")\n```\n\n'
    text += '```{python}\n#| label: x\n#| fig-cap: "B"\nplot(1)\n```\n\n'
    text += "```{r}\n#| include: false\nsecret()\n```\n\nSee @fig-x and `r nrow(d)` rows [@knuth; @lamport]."
    assert look(text, "a.qmd") == ["[a.png||A plot]", "```python\nplot(1)\n```\n\nSee Figure and rows ."]


def test_values_of_front_matter() -> None:
    assert whole("---\ntool:\n  name: RStudio\n---\nOpen {{< meta tool.name >}}.", "a.qmd").endswith("Open RStudio.")


# Lines


def test_a_wrapped_line_of_chinese_has_no_space() -> None:
    assert whole("静置二十分\n钟，用 Python\n编写**脚本**\n来计算。") == "静置二十分钟，用 Python 编写**脚本**来计算。"
    assert whole("물을 넣고\n잘 섞은") == "물을 넣고 잘 섞은"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("{{< a '" * 500, "a.md"),
        ("{% a {{b}} " * 500, "a.md"),
        ("[" + "a @b a" * 500, "a.qmd"),
        ("export const a = (\n\n" * 500, "a.mdx"),
        ("<A b={" * 500, "a.mdx"),
        ("{(" * 500, "a.mdx"),
        (":::{note}\n" * 500, "a.md"),
        ("<Steps>\n<Step title='x'>\n" * 500, "a.mdx"),
        ("```{include} page.md\n```\n" * 500, "a.md"),
    ],
)
def test_marks_that_do_not_end_end(text: str, name: str) -> None:
    """Some of these took minutes, or for ever."""
    assert parse_markdown(text, name=name).error == ""


def test_sphinx_in_myst() -> None:
    text = (
        "```{versionadded} 2.4\nPours *hot*.\n```\n\n```{seealso}\nThe kettle.\n```\n\n{menuselection}`File --> Save`"
    )
    assert whole(text) == "Added in version 2.4\n\nPours *hot*.\n\n**See also**\n\nThe kettle.\n\n**File ‣ Save**"


def test_fields_of_myst_are_terms_and_emoji_are_not() -> None:
    text = "(here)=\n\n:heat: Slowly\n  and *long*.\n:rest: Ten minutes."
    assert whole(text) == "**heat**\n\nSlowly and *long*.\n\n**rest**\n\nTen minutes."
    assert whole(":warning: Hot: mind the lid.") == ":warning: Hot: mind the lid."


def test_an_image_on_a_button_of_a_source_is_not_lost() -> None:
    assert look("Tea.\n\n<button><span><img src='a.png'></span> Brew</button>") == ["Tea.", "[a.png||]"]


def test_references_of_myst_show_the_titles_of_other_files(tmp_path: Path) -> None:
    (tmp_path / "pot.md").write_text("---\ntitle: x\n---\n\n(pots)=\n\n# The big pot\n")
    text = "See {ref}`pots`, {doc}`pot`, [](pot.md), [](#pots) and {ref}`no-such`."
    assert whole(text, around=InTree(Tree(tmp_path), tmp_path)) == (
        "See The big pot, The big pot, The big pot, The big pot and no such."
    )


def test_substitutions_of_myst(tmp_path: Path) -> None:
    (tmp_path / "_config.yml").write_text("sphinx:\n  config:\n    myst_substitutions:\n      brand: Kettle & Co\n")
    text = "---\nsubstitutions:\n  cups: four\n---\n\n{kbd}`x` {{ cups }} of {{brand}}, "
    text += "`{{ cups }}` {{ far.off }}$a_{{bc}} \\to b$."
    assert whole(text, around=InTree(Tree(tmp_path), tmp_path)) == (
        "<kbd>x</kbd> four of Kettle & Co, `{{ cups }}` $a_{{bc}} \\to b$."
    )


def test_substitutions_inside_directives() -> None:
    text = "---\nsubstitutions:\n  cups: four\n---\n\n````{note}\n{{ cups }} cups.\n\n"
    text += "```{code-block} sh\n{{ cups }}\n```\n````\n\n"
    assert whole(text + "```sh\n{{ cups }}\n```") == (
        "**Note**\n\nfour cups.\n\n```sh\n{{ cups }}\n```\n\n```sh\n{{ cups }}\n```"
    )


def test_a_code_span_before_a_word_in_braces_is_no_myst() -> None:
    text = 'Type `ink {query}` in the box and `enter`.\n\n{% callout title="Hint" %}\nHot.\n{% /callout %}'
    assert whole(text) == "Type `ink {query}` in the box and `enter`.\n\n**Hint**\n\nHot."


def test_attributes_are_no_name_of_a_directive() -> None:
    assert look(':::{style="text-align: center;"}\n![A](a.png){.border width="50%"}\n:::\n\nEnd.', "a.qmd") == [
        "[a.png|A|]",
        "End.",
    ]


def test_attributes_over_several_lines_and_in_other_letters() -> None:
    text = "# Tea – hot {#tea-–-hot}\n\nA [pot]{\n  .hidden-pot\n  width=3\n} of it."
    assert whole(text, "a.qmd") == "# Tea – hot\n\nA pot of it."


def test_escaped_names_in_mdx() -> None:
    assert whole("# Tea \\{#hot}\n\nPour it. \\{#pour.it\\}\n\nSet \\{#a} free.", "a.mdx") == (
        "# Tea\n\nPour it.\n\nSet {#a} free."
    )


def test_attributes_with_quotes_in_quotes() -> None:
    assert look("![A](a.png){.border fig-alt='The 'big' pot'}\n\nSet {.x y} free.", "a.qmd") == [
        "[a.png|A|]",
        "Set {.x y} free.",
    ]


def test_paths_with_spaces() -> None:
    assert look("Look ![A pot](../my pots/a pot.png) here.") == ["Look", "[../my pots/a pot.png|A pot|]", "here."]
    assert whole("A [*hot* pot](https://tea.org/ pot.htm), [not](a link at all).") == (
        "A *hot* pot, \\[not](a link at all)."
    )


def test_lists_of_outliners_are_no_code() -> None:
    text = "# Use\n\t- Pour it:\n\t\t- ![A](a.png)\n\t- Drink it.\n# Sum\n\t- Hot.\n\nA list:\n\n\t- code"
    assert look(text) == [
        "# Use",
        "- Pour it:",
        "[a.png|A|]",
        "- Drink it.",
        "# Sum",
        "- Hot.\n\nA list:\n\n```\n- code\n```",
    ]


def test_a_callout_without_braces_shows_its_kind() -> None:
    assert whole("::: callout-note\nHot.\n:::\n\n::: {.callout-tip}\nDip.\n:::", "a.qmd") == (
        "**Note**\n\nHot.\n\n**Tip**\n\nDip."
    )


def test_raw_html_has_no_shortcodes() -> None:
    assert whole("```{=html}\n<p>Hot {{< include a.html >}}</p>\n```", "a.qmd") == "Hot"


def test_images_in_attributes_of_own_components(tmp_path: Path) -> None:
    (tmp_path / "static/pots").mkdir(parents=True)
    (tmp_path / "static/pots/big.png").write_bytes(b"x")
    text = '<Pots device="big.png" icon="a.png" href="b.png" />\n\n<Pots before={require("./c.png")}>Hot.</Pots>\n'
    text += '\n<Card logo="d.png" title="Cup" />'
    assert look(text, "page.mdx", InTree(Tree(tmp_path), tmp_path)) == [
        "[static/pots/big.png||]",
        "[./c.png||]",
        "Hot.\n\n**Cup**",
    ]


def test_labels_of_tabs_in_jsx() -> None:
    text = '<Tabs values={[{label: (<><Icon style={{ margin: "1" }} /> Green tea</>), value: "green"},\n'
    text += '{label: "Black", value: "black"}]}>\n<TabItem value="green">\nA\n</TabItem>\n<TabItem value="black">\nB\n'
    assert whole(text + "</TabItem>\n</Tabs>", "page.mdx") == "**Green tea**\n\nA\n\n**Black**\n\nB"


def test_substitutions_in_the_settings_of_sphinx(tmp_path: Path) -> None:
    (tmp_path / "conf.py").write_text("myst_substitutions = {\n  'tea': 'green *tea*',\n  'pot': '![A](a.png)',\n}\n")
    around = InTree(Tree(tmp_path), tmp_path)
    assert look("```{note}\nx\n```\n\nThe {{ tea }} {{ pot }}", around=around) == [
        "**Note**\n\nx\n\nThe green *tea*",
        "[a.png|A|]",
    ]
    (tmp_path / "conf.py").write_text("myst_substitutions = {\n  'tea': f(),\n}\n")
    assert look("```{note}\nx\n```\n\nThe {{ tea }}.", around=around) == ["**Note**\n\nx\n\nThe ."]
