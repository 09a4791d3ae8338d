"""What is in an element, asked without a selector: to parse one takes longer than to look at most elements."""

from __future__ import annotations

from collections.abc import Set

from selectolax.lexbor import LexborNode


def holds(node: LexborNode, tags: Set[str]) -> bool:
    """Whether an element, or one below it, has one of some tags."""
    return any(below.tag in tags for below in node.traverse())


def holds_one_text(node: LexborNode) -> bool:
    """Whether an element holds one text and nothing else, as most inline markup: there is nothing to select in it."""
    only = node.first_child
    return only is not None and only.is_text_node and only.next is None
