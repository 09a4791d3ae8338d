"""Tags of template engines: what they know of a page is in its text, and their words do not go."""

from __future__ import annotations

from pathlib import Path

import pytest

from leafinstruct.harvest.formats.around import NOWHERE, Around, InTree
from leafinstruct.harvest.formats.markdown import parse_markdown
from leafinstruct.harvest.html.parts import pieces
from leafinstruct.harvest.html.steps import steps_of
from leafinstruct.harvest.links import Tree


def look(text: str, name: str = "page.md", around: Around = NOWHERE) -> list[str]:
    """Texts as Markdown, and images of a page in order."""
    return [
        f"[{one.image.ref}|{one.image.alt}|{one.image.caption}]" if one.image else one.text
        for one in pieces(parse_markdown(text, name=name, around=around).blocks)
    ]


def test_values_of_the_page_and_its_text() -> None:
    text = "---\ntitle: Tea\n---\n{% assign pot = 'warm' %}{% capture cup %}of *clay*{% endcapture %}\n\n"
    text += "{{ page.title }}: a {{ pot }} pot, a cup {{ cup }}. {{ $frontmatter.title }} {{ page.nothing }}"
    assert look(text) == ["Tea: a warm pot, a cup of *clay*. Tea"]


def test_values_of_the_site(tmp_path: Path) -> None:
    (tmp_path / "_config.yml").write_text("title: All tea\nimages: /pics\nbaseurl: /base\n")
    text = "On {{ site.title }}.\n\n![A]({{ site.images }}/a.png) ![B]({{ site.baseurl }}/b.png)"
    assert look(text, around=InTree(Tree(tmp_path), tmp_path)) == ["On All tea.", "[/pics/a.png|A|]", "[/b.png|B|]"]
    assert look("{% assign dir = '/pics' %}\n![A]({{ dir }}/a.png)") == ["[/pics/a.png|A|]"]


def test_galleries_of_front_matter() -> None:
    text = "---\npots:\n  - url: /big.png\n    image_path: /a.png\n    alt: A\n  - url: /b.png\n---\n"
    text += '{% include gallery id="pots" caption="Two *pots*" %}'
    assert look(text) == ["[/a.png|A|]", "[/b.png||]", "Two *pots*"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{% details Click here %}\nHot.\n{% enddetails %}", ["**Click here**\n\nHot."]),
        ("{% tabs log %}\n{% tab log php %}\nHot.\n{% endtab %}\n{% endtabs %}", ["**php**\n\nHot."]),
        ('{% include image.html file="a.png" description="A pot" %}', ["[a.png||A pot]"]),
        ('{% embed url="https://a.b" %}\nThe *pot*\n{% endembed %}', ["The *pot*"]),
        ('{% embed url="https://a.b" %}\n\nEnd.', ["End."]),
        ('{% @mermaid/diagram content="graph TD\\nA" %}', ["```mermaid\ngraph TD\nA\n```"]),
        ("{::comment}\nno one\n{:/comment}\n\nHot.", ["Hot."]),
        ('{{< figure src="a.png" title="Pot" caption="Hot" attr="by Ann" >}}', ["[a.png||Pot: Hot by Ann]"]),
        ('{{< badge "New" >}} and {{< badge content="Old" >}}', ["New and Old"]),
        (
            'Write this:\n\n{{</* figure src="a.png" */>}}\n\nEnd.',
            ['Write this:\n\n{{< figure src="a.png" >}}\n\nEnd.'],
        ),
    ],
)
def test_words_of_tags(text: str, shown: list[str]) -> None:
    assert look(text) == shown


def test_a_reference_to_a_page_shows_its_title(tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text("# Black tea\n")
    text = '{% content-ref url="b.md" %}\n[b.md](b.md)\n{% endcontent-ref %}'
    assert look(text, around=InTree(Tree(tmp_path), tmp_path)) == ["Black tea"]


@pytest.mark.parametrize(
    "text",
    [
        "{% stepper %}\n{% step %}\n### Boil\n{% endstep %}\n{% step %}\n### Pour\n{% endstep %}\n{% endstepper %}",
        "{{< steps >}}\n{{% step %}}\nBoil\n{{% /step %}}\n{{% step %}}\nPour\n{{% /step %}}\n{{< /steps >}}",
    ],
)
def test_steps_of_tags_are_steps(text: str) -> None:
    assert sorted(set(steps_of(parse_markdown(text).blocks))) == [1, 2]


def test_two_lists_are_two_procedures() -> None:
    text = "Green:\n\n1. Boil\n2. Pour\n\nBlack:\n\n1. Heat\n2. Wait\n3. Drink\n"
    assert steps_of(parse_markdown(text).blocks) == [0, 1, 2, 0, 1, 2, 3]
    text = "1. Boil\n\nHot.\n\n1. Pour\n\nWait.\n\n1. Drink\n"
    assert max(steps_of(parse_markdown(text).blocks)) == 3


def test_paragraphs_that_begin_with_step() -> None:
    text = "Tea.\n\nStep 1: Boil.\n\n![A](a.png)\n\n**Step 2.** Pour.\n\nIt is hot.\n\n## End\n\nx\n"
    assert steps_of(parse_markdown(text).blocks) == [0, 1, 1, 2, 2, 0, 0]
    text = "Schritt 1: a.\n\n1. x\n2. y\n\nSchritt 2: b.\n\nSchritt 3 - c."
    assert steps_of(parse_markdown(text).blocks) == [1, 1, 1, 2, 3]
    text = "Step 3: as I said.\n\nStep 1: no.\n\nStep 5. x"
    assert max(steps_of(parse_markdown(text).blocks)) == 0
