"""URLs in one form, by which their spellings are compared; and the host of a URL."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urljoin, urlsplit

from leafinstruct.text.valid import replace_surrogates

DEFAULT_PORTS = {("http", 80), ("https", 443), ("", 80), ("", 443)}
TRACKING = re.compile(r"utm_\w+|gclid|gclsrc|dclid|gbraid|wbraid|fbclid|msclkid|yclid|twclid|igshid|mc_[ce]id|_ga|_gl")
"""Parameters that track where a visitor came from (own list)."""
AUTHORITY = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//")
OPAQUE = re.compile(r"(?:about|blob|cid|data|javascript|mailto|tel|urn):", re.IGNORECASE)
"""Schemes without a host."""
BEFORE_QUERY = re.compile(r"[^?#]*")
ESCAPED_SLASH = re.compile("%2f", re.IGNORECASE)
SAFE = "/~:@!$&'()*+,;="
UNSAFE = re.compile(r"[\s()<>\[\]\\^`{|}\"\x00-\x1f\x7f\u200b-\u200f\u2028-\u202f\ufdd0-\ufdef\ufeff]")
RAW = "surrogateescape"
"""Percent escapes that are not UTF-8 keep their bytes: different ones make different URLs."""
KNOWN = 4096


@lru_cache(maxsize=KNOWN)
def url_key(url: str) -> str:
    """Host, path and query of a URL in a form that all its spellings share; "" for an empty one.

    Scheme, user, www., default port, trailing slash, tracking parameters, the order of parameters, escapes, how accents
    are composed, `..` and the fragment do not count; a fragment that begins with ! or / does, because some sites name
    pages that way. A string that is not a URL, or that has no host, is its own key.
    """
    url = replace_surrogates(url.strip())
    if OPAQUE.match(url):
        return url
    if "\\" in url:
        url = with_slashes(url)
    url = url.replace("&amp;", "&")  # as copied from a page's source
    try:
        parts = urlsplit(url if AUTHORITY.match(url) else f"//{url}")
        place = _place(parts)
    except ValueError:
        return url
    between = (
        quote(composed(unquote(piece, errors=RAW)), safe=SAFE, errors=RAW) for piece in ESCAPED_SLASH.split(parts.path)
    )
    path = "%2F".join(between).rstrip("/")
    if "/." in path or "//" in path:
        path = posixpath.normpath(path).replace("//", "/").rstrip("/")
    query = ""
    if parts.query:
        pairs = parse_qsl(parts.query, keep_blank_values=True, errors=RAW)
        kept = sorted(
            (composed(name), composed(value)) for name, value in pairs if not TRACKING.fullmatch(name.lower())
        )
        query = f"?{urlencode(kept, errors=RAW)}" if kept else ""
    fragment = f"#{parts.fragment.rstrip('/')}" if parts.fragment.startswith(("!", "/")) else ""
    return f"{place}{path}{query}{fragment}"


@lru_cache(maxsize=KNOWN)
def site_keys(site: str) -> frozenset[str]:
    """What a site may be called in the form that all spellings share: host with path and, for a URL, the host alone; a
    name that is no host is its own key. Empty for an empty name."""
    site = replace_surrogates(site.strip())
    whole = url_key(site)
    if not AUTHORITY.match(site):
        return frozenset({whole} - {""})
    try:
        return frozenset({whole, _place(urlsplit(site))} - {""})
    except ValueError:
        return frozenset({whole})


def composed(text: str) -> str:
    """Letters with their accents as one character each: some systems write them as two in names of files."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def with_slashes(url: str) -> str:
    """A URL with slashes for the backslashes before its query, as browsers read it."""
    return BEFORE_QUERY.sub(lambda path: path[0].replace("\\", "/"), url, count=1)


def web_address(href: str, base: str) -> str:
    """The absolute http address of a link on a page, escaped so that Markdown can hold it; "" for any other target,
    such as a place on the page itself."""
    href = replace_surrogates(href.strip())
    if not href or href[0] == "#":
        return ""
    try:
        address = urljoin(base, href)
        parts = urlsplit(address)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return ""
    return UNSAFE.sub(lambda found: quote(found[0]), address)


def host_of(url: str) -> str:
    """The host of a URL in lower case, with a port that is not the scheme's default; "" if it has none."""
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return ""
    return host if port is None or (parts.scheme, port) in DEFAULT_PORTS else f"{host}:{port}"


def _place(parts: SplitResult) -> str:
    """Host without www., and a port that is not the scheme's default. Raises ValueError."""
    host = ascii_host(unquote(parts.hostname or "").rstrip(".").removeprefix("www."))
    return host if parts.port is None or (parts.scheme, parts.port) in DEFAULT_PORTS else f"{host}:{parts.port}"


def ascii_host(host: str) -> str:
    """A host as browsers resolve it: names with other letters than ASCII in their IDNA form, IPv6 addresses in
    brackets."""
    if "%" in host and ":" not in host:
        host = unquote(host)
    if host.isascii():
        return f"[{host}]" if ":" in host else host
    import idna

    try:
        return idna.encode(host, uts46=True).decode()
    except UnicodeError:
        return host
