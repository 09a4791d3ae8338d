from __future__ import annotations

import pytest

from leafinstruct.harvest.formats.markdown import parse_markdown
from leafinstruct.harvest.html.flow import Page
from leafinstruct.harvest.html.steps import steps_of


def look(text: str) -> list[tuple[int, str]]:
    page: Page = parse_markdown(text)
    return [
        (s, b.text or f"[{b.ref}|{b.alt}|{b.caption}]") for s, b in zip(steps_of(page.blocks), page.blocks, strict=True)
    ]


def refs(text: str) -> list[str]:
    return [b.ref for b in parse_markdown(text).blocks if b.ref]


def test_front_matter() -> None:
    page = parse_markdown("---\ntitle: 'Tea'\nlang: de\nlicense: CC-BY-4.0\ntopic: cooking\n---\n# Other\n\nHot.")
    assert (page.title, page.language, page.license, page.topic) == ("Tea", "de", "CC-BY-4.0", "cooking")
    assert page.first_heading == "Other"


@pytest.mark.parametrize(
    "front", ["+++\ntitle = 'Tea'\n+++\n", "---\ntitle: Tea\nbad: [\n---\n", '<!--{\n"Title": "Tea"\n}-->\n']
)
def test_other_front_matter(front: str) -> None:
    page = parse_markdown(front + "\nHot.")
    assert page.title == "Tea"
    assert [b.text for b in page.blocks] == ["Hot."]


def test_two_rules_are_no_front_matter() -> None:
    assert [b.text for b in parse_markdown("---\n\nHello there\n\n---\n\nmore").blocks] == ["Hello there", "more"]


def test_steps_of_an_ordered_list_with_images() -> None:
    text = "Intro\n\n1. Cut\n\n   ![a](a.png)\n2. Glue\n   - twice\n\n![b](b.png)\n\n3. Dry\n\n## Notes\n\n1. one"
    assert look(text) == [
        (0, "Intro"),
        (1, "1. Cut"),
        (1, "[a.png|a|]"),
        (2, "2. Glue"),
        (2, "  - twice"),
        (2, "[b.png|b|]"),
        (3, "3. Dry"),
        (0, "Notes"),
        (0, "1. one"),
    ]


def test_step_headings_come_before_lists() -> None:
    text = "# T\n\n## {Step 1}\n\na\n\n1. x\n2. y\n\n## Step 2: go\n\nb\n\n# End\n\nc"
    assert [s for s, _ in look(text)] == [0, 1, 1, 1, 1, 2, 2, 0, 0]


def test_numbered_headings() -> None:
    assert [s for s, _ in look("## 1. Cut\n\na\n\n## 2. Glue\n\nb")] == [1, 1, 2, 2]
    assert [s for s, _ in look("## 1.5 release\n\na\n\n## 1.6 release\n\nb")] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("text", "ref", "alt"),
    [
        ('<img src="a.png" alt="x">', "a.png", "x"),
        ('text <img alt="x" src="a.png"> more', "a.png", "x"),
        ("[![x](a.png)](https://example.org)", "a.png", "x"),
        ("![](a.png){alt='x'}", "a.png", "x"),
        ('{% image "a/b.png" "x y" %}', "a/b.png", "x y"),
        ('{{< figure src="a.png" alt="x" >}}', "a.png", "x"),
        ('{{image "a/b.png" 600}}', "a/b.png", ""),
        ('{image file-path="a.png" alt="x"}', "a.png", "x"),
        ("![x]({{ site.baseurl }}/a.png)", "/a.png", "x"),
        ('![x]({{ "/a/b.png" | url }})', "/a/b.png", "x"),
        ("import pic from './a.png'\n\n<img src={pic} alt='x' />", "./a.png", "x"),
        ("<div>\n![x](a.png)\n</div>", "a.png", "x"),
        ("<picture><source srcset='a.webp'><img src='a.png' alt='x'></picture>", "a.png", "x"),
        ("![x](<my file.png>)", "my%20file.png", "x"),
        ("| a | b |\n|---|---|\n| ![x](a.png) | t |", "a.png", "x"),
    ],
)
def test_images(text: str, ref: str, alt: str) -> None:
    images = [b for b in parse_markdown(text).blocks if b.ref]
    assert [(b.ref, b.alt) for b in images] == [(ref, alt)]


def test_captions() -> None:
    assert look('<figure><img src="a.png"><figcaption>The <b>cap</b></figcaption></figure>') == [
        (0, "[a.png||The cap]")
    ]
    assert look('{{< figure src="a.png" caption="The cap" >}}') == [(0, "[a.png||The cap]")]


def test_tags_go_and_code_stays() -> None:
    text = "{% raw %}Say `{{ name }}`{% endraw %}\n\n"
    text += "--- task ---\n\n```jinja\n{{ x }}\n--- a ---\n```\n\n<!-- ![](no.png) -->\n{:.note}"
    assert [b.text for b in parse_markdown(text).blocks] == ["Say {{ name }}", "{{ x }}\n--- a ---"]
    assert refs("```\n![](no.png)\n```\n\n`![](no.png)`") == []


def test_tables_and_definitions() -> None:
    text = "| a | b |\n|---|---|\n| 1 | 2 |\n\nWord\n: what it is"
    assert [(b.text, b.tight) for b in parse_markdown(text).blocks] == [
        ("a | b", False),
        ("1 | 2", True),
        ("Word", False),
        ("what it is", True),
    ]
