"""What is counted in each element, and which are left out."""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser

from leafinstruct.harvest.html.measure import Measures

PAGE = """
<body><main><h1>Boats</h1><p>Fold it, <a href="/a">then <b>cut</b><img src="a.jpg"></a>。</p>
<ul><li>one</li><li>two, three</li></ul><pre>ls -l</pre><input><input disabled>
<nav><p>Home</p></nav><script>let a = 1</script></main></body>
"""


def measured(html: str) -> tuple[LexborHTMLParser, Measures]:
    dom = LexborHTMLParser(html)
    assert dom.body is not None
    return dom, Measures(dom.body, strict=True)


def test_counts() -> None:
    dom, measures = measured(PAGE)
    main = dom.css("main")[0]
    found = measures[main.mem_id]
    texts = ("Boats", "Fold it,", "then", "cut", "。", "one", "two, three", "ls -l")
    assert found.text == sum(map(len, texts)) and found.linked == len("thencut")
    assert (found.commas, found.paragraphs, found.images, found.links, found.items, found.inputs) == (2, 1, 1, 1, 2, 1)
    assert (found.headed, found.code, found.depth) == (len("Boats"), len("ls -l"), 1)
    assert measures[dom.css("b")[0].mem_id].linked == len("cut")  # inside a link
    assert [link.tag for link in measures.linked_images] == ["a"]
    assert measures.get(dom.css("nav p")[0].mem_id) is None and dom.css("nav")[0].mem_id in measures.dropped
    with pytest.raises(KeyError):
        measures[0]


def test_votes_go_to_the_elements_around() -> None:
    dom, measures = measured(f"<main><div><section><p>{'One, two. ' * 12}</p></section></div></main>")
    votes = {measures.nodes[key].tag: count for key, count in measures.votes.items()}
    assert votes["section"] == 1 + 12 + 1 and votes["div"] == votes["section"] + votes["section"] / 2
