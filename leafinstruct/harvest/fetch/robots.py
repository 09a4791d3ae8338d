"""What a host allows: robots.txt by RFC 9309, and the opt-outs `noai` and `noimageai` of a response or a page."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

AGENT = "leafinstruct"
READ = 500 * 1024
"""Bytes of robots.txt that are read (RFC 9309, 2.5: at least 500 KiB)."""
MAX_DELAY = 30.0
"""Longest Crawl-delay in seconds that is honored; a longer one is shortened to this."""
ALLOWED, UNREADABLE, RULES = "allowed", "unreadable", "rules"
OPT_OUT = frozenset({"noai", "noimageai"})
META = re.compile(r"<meta\b[^>]*\bname=[\"']?(?:robots|leafinstruct)\b[^>]*>", re.IGNORECASE)
CONTENT = re.compile(r"\bcontent=(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))", re.IGNORECASE)


@dataclass(frozen=True)
class Verdict:
    """The robots.txt of one host: `parsed` rules, or one answer for all paths."""

    kind: str
    parsed: Any = None

    def reason(self, url: str) -> str:
        """Why a URL must not be requested, or ""."""
        if self.kind == UNREADABLE:
            return "robots_unreadable"
        try:
            allowed = self.parsed is None or self.parsed.can_fetch(url, AGENT)
        except Exception:  # rules that the parser took and cannot apply
            return "robots_unreadable"
        return "" if allowed else "robots_disallow"

    @property
    def delay(self) -> float:
        """Seconds between two requests that the host asks for, MAX_DELAY at most."""
        try:
            stated = float(self.parsed.crawl_delay(AGENT) or 0) if self.parsed is not None else 0.0
        except Exception:  # no number, or none that a fraction can hold
            return 0.0
        return min(max(stated, 0.0), MAX_DELAY) if math.isfinite(stated) else 0.0


def verdict_of(kind: str, body: str) -> Verdict:
    if kind != RULES:
        return Verdict(kind)
    from protego import Protego

    try:
        return Verdict(kind, Protego.parse(body))
    except Exception:  # a parser of what any server may send
        return Verdict(UNREADABLE)


def kind_of(status: int) -> str:
    """RFC 9309, 2.3.1: a missing file (any 4xx but 429) allows everything, a server in trouble allows nothing."""
    if 200 <= status < 300:
        return RULES
    return ALLOWED if 400 <= status < 500 and status != 429 else UNREADABLE


def opted_out(headers: Iterable[str]) -> bool:
    """Whether values of X-Robots-Tag contain noai or noimageai, for all agents or for ours (`leafinstruct: noai`)."""
    for header in headers:
        agent = ""
        for piece in header.lower().split(","):
            name, colon, rest = piece.partition(":")
            if colon and name.strip() != "unavailable_after":
                agent, piece = name.strip(), rest
            if piece.strip() in OPT_OUT and agent in ("", "*", AGENT):
                return True
    return False


def page_opted_out(html: str) -> bool:
    """Whether a page's meta elements for robots contain noai or noimageai."""
    contents = (CONTENT.search(meta) for meta in META.findall(html))
    return any(opted_out([next(g for g in found.groups() if g is not None)]) for found in contents if found)
