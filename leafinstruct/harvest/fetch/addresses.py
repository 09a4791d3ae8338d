"""Which URLs may be requested for an image: http(s) on public hosts only, checked on the IP address a name resolves to.

This keeps a page from making a harvest reach into the network it runs in.
"""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit

from leafinstruct.text.urls import ascii_host, with_slashes
from leafinstruct.text.valid import INVALID

if TYPE_CHECKING:
    from aiohttp.abc import ResolveResult
    from yarl import URL

MAX_ADDRESS = 4096
"""Characters; servers refuse longer URLs (a common limit is 8 KB for all request headers)."""
ASCII = "".join(chr(code) for code in range(0x20, 0x7F))
IN_PATH = "".join(c for c in ASCII if c not in ' "#<>?^`{}')
IN_QUERY = "".join(c for c in ASCII if c not in " \"#<>'")
"""What browsers leave as it is in the path and in the query of a request; % begins an escape that is there already."""
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Refused(OSError):
    """An IP address that must not be connected to; the argument is the reason that is counted."""


def plain_address(url: str) -> tuple[str, str]:
    """(URL without fragment, "") or ("", reason): bad_address, address_too_long, scheme_refused. Its escapes stay as
    they are: a server that signs its addresses wants them back as given."""
    url = with_slashes(url.strip())
    if len(url) > MAX_ADDRESS:
        return "", "address_too_long"
    if INVALID.search(url):
        return "", "bad_address"
    if url.startswith("//"):
        url = f"https:{url}"
    try:
        split = urlsplit(url)
        if split.scheme.lower() not in ("http", "https"):
            return "", "scheme_refused" if split.scheme else "bad_address"
        if not split.hostname or split.username is not None or (split.port is not None and not split.port):
            return "", "bad_address"
    except ValueError:
        return "", "bad_address"
    return url.partition("#")[0], ""


def as_requested(url: str) -> URL:
    """A URL as browsers request it (WHATWG URL): escapes that it has stay as they are, and only what no request can
    hold is escaped; the host in its IDNA form. Raises ValueError for what is no URL."""
    from yarl import URL

    split = urlsplit(url)
    host = ascii_host(split.hostname or "")
    port = f":{split.port}" if split.port is not None else ""
    path = quote(split.path, safe=IN_PATH) or "/"
    if "/." in path:
        path = urlsplit(urljoin(f"http://{host}/", path)).path
    query = f"?{quote(split.query, safe=IN_QUERY)}" if split.query else ""
    return URL(f"{split.scheme.lower()}://{host}{port}{path}{query}", encoded=True)


def location(header: str) -> str:
    """The URL in a `Location` header. Bytes beyond ASCII are percent-escaped, as browsers do."""
    data = header.encode("utf-8", "surrogateescape")
    return quote(data, safe=ASCII)


def is_public(address: str) -> bool:
    """Whether an IP address is public: not private, loopback, link-local, multicast, reserved or unspecified, nor an
    IPv6 form of such an IPv4 address."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        within = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if ip in NAT64 or int(ip) >> 32 == 0:  # translated, or the old IPv4-compatible form
            within.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
        inner = [i for i in within if i is not None]
        if inner:
            return all(is_public(str(i)) for i in inner)
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_link_local)


class PublicResolver:
    """Resolves names to public IP addresses; raises `Refused` if none is left. The connection uses exactly these
    addresses, so a name that resolves differently a moment later gains nothing. Has the methods of aiohttp's
    resolvers."""

    def __init__(self) -> None:
        from aiohttp.resolver import ThreadedResolver

        self.inner = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self.inner.resolve(host, port, family)
        public = [one for one in found if is_public(one["host"])]
        if not public:
            raise Refused("private_address")
        return public

    async def close(self) -> None:
        await self.inner.close()


def public_socket(address: tuple[Any, ...]) -> socket.socket:
    """The socket of one connection. Raises `Refused`: the last check, which covers literal IP addresses too."""
    family, kind, protocol, _, place = address
    if not is_public(str(place[0])):
        raise Refused("private_address")
    made = socket.socket(family=family, type=kind, proto=protocol)
    made.setblocking(False)
    return made


def is_refused_literal(url: str) -> bool:
    """Whether the host of a URL is an IP address that is not public, or no host at all."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return True
    with suppress(OSError, ValueError):
        host = socket.inet_ntoa(socket.inet_aton(host))  # 127.1, 2130706433 and 0x7f000001 are all the same machine
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return not is_public(host)
