"""Addresses in one form."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

DEFAULT_PORTS = {("http", 80), ("https", 443), ("", 80), ("", 443)}
TRACKING = re.compile(r"utm_\w+|gclid|gclsrc|dclid|gbraid|wbraid|fbclid|msclkid|yclid|twclid|igshid|mc_[ce]id|_ga|_gl")
"""Parameters that say where a visitor came from (own list)."""
SAFE = "/~:@!$&'()*+,;="


def plain_url(url: str) -> str:
    """Host, path and query of an address as all its spellings share them; "" for an empty one.

    Scheme, user, www., default port, closing slash, tracking parameters, the order of parameters and a fragment do not
    count, but a fragment that begins with ! or / does: such sites keep their pages there.
    """
    url = url.strip()
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
        host = (parts.hostname or "").rstrip(".").removeprefix("www.")
        port = parts.port
    except ValueError:  # no address: it is equal to itself
        return url
    place = host if port is None or (parts.scheme, port) in DEFAULT_PORTS else f"{host}:{port}"
    path = quote(unquote(parts.path.replace("%2F", "%252F").replace("%2f", "%252F")), safe=SAFE).rstrip("/")
    kept = sorted(
        pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not TRACKING.fullmatch(pair[0].lower())
    )
    query = f"?{urlencode(kept)}" if kept else ""
    fragment = f"#{parts.fragment.rstrip('/')}" if parts.fragment.startswith(("!", "/")) else ""
    return f"{place}{path}{query}{fragment}"
