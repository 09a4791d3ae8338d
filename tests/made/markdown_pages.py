"""Pages of any nesting of paragraphs, lists, quotes, code and tables, as strategies of Hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from leafinstruct.harvest.html.render import markdown_of
from leafinstruct.harvest.html.walk import walk

INLINE = st.recursive(
    st.sampled_from(["word", "a b", "x*y", ", ", ". ", " ", "1. ", "「字」", "|"]),
    lambda inner: st.tuples(st.sampled_from(["b", "i", "code", "del", "sub"]), st.lists(inner, max_size=3)).map(
        lambda one: f"<{one[0]}>{''.join(one[1])}</{one[0]}>"
    ),
    max_leaves=8,
)
BLOCK = st.recursive(
    st.one_of(
        st.lists(INLINE, min_size=1, max_size=4).map(lambda parts: f"<p>{''.join(parts)}</p>"),
        st.sampled_from(["<pre>a\n  b\n\n```\n</pre>", "<img src=i.png>", "<h3>H</h3>"]),
        st.lists(INLINE, min_size=2, max_size=2).map(
            lambda c: f"<table><tr><th>{c[0]}<th>{c[1]}<tr><td>1<td>2</table>"
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda blocks: f"<ul><li>{'<li>'.join(blocks)}</ul>"),
        st.lists(inner, min_size=1, max_size=3).map(lambda blocks: f"<ol start=4><li>{'<li>'.join(blocks)}</ol>"),
        st.lists(inner, min_size=1, max_size=2).map(lambda blocks: f"<blockquote>{''.join(blocks)}</blockquote>"),
    ),
    max_leaves=6,
)


def written(blocks: list[str]) -> str:
    """The Markdown of a page of such blocks, without its images."""
    tree = LexborHTMLParser(f"<body>{''.join(blocks)}</body>")
    assert tree.body is not None
    return markdown_of(walk(tree.body))


TEXT = st.lists(BLOCK, min_size=1, max_size=4).map(written).filter(bool)
