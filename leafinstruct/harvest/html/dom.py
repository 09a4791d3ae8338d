"""What is in an element, asked without a selector: to parse one takes longer than to look at most elements; and names
of tags by their numbers, which are read in a fraction of the time."""

from __future__ import annotations

from collections.abc import Set

from selectolax.lexbor import LexborHTMLParser, LexborNode

_USUAL = """
    a abbr article aside b blockquote br button center cite code dd del div dl dt em figcaption figure font footer form
    h1 h2 h3 h4 h5 h6 header hr i iframe img input ins label li main nav noscript ol option p picture pre s samp script
    section select small source span strong style sub sup svg table tbody td th thead time tr tt u ul
"""


def _ids_of(document: LexborHTMLParser) -> tuple[int, dict[int, str]]:
    assert document.body is not None and document.body.first_child is not None
    return document.body.first_child.tag_id, {document.create_node(tag).tag_id: tag for tag in _USUAL.split()}


TEXT_ID, TAG_BY_ID = _ids_of(LexborHTMLParser("text"))
"""The `tag_id` of a text, and the usual tags by theirs. Others have to be asked for: the numbers of elements that HTML
does not know are of one page."""


def holds(node: LexborNode, tags: Set[str]) -> bool:
    """Whether an element, or one below it, has one of some tags."""
    return any(below.tag in tags for below in node.traverse())


def holds_one_text(node: LexborNode) -> bool:
    """Whether an element holds one text and nothing else, as most inline markup: there is nothing to select in it."""
    only = node.first_child
    return only is not None and only.is_text_node and only.next is None
