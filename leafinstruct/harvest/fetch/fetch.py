"""Fetches images for sources that only hold URLs: asynchronous, polite, and each URL requested once.

Outcomes go to the cache (cache.py), from which partitions are harvested; nothing here makes a document.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from leafinstruct.document import Image
from leafinstruct.errors import LeafError
from leafinstruct.harvest.fetch import robots
from leafinstruct.harvest.fetch.settings import FetchSettings
from leafinstruct.images.header import MAX_BYTES, read_image
from leafinstruct.progress import Progress
from leafinstruct.text.urls import host_of
from leafinstruct.timing import retry_after

if TYPE_CHECKING:
    import aiohttp

    from leafinstruct.harvest.fetch.cache import Cache, Outcome
    from leafinstruct.harvest.fetch.frontier import Frontier, Task

REDIRECTS = (301, 302, 303, 307, 308)
MAX_REDIRECTS = 5
BUSY = (429, 503)
RETRIED = (408, 429, 500, 502, 503, 504)
LONGEST = 60.0
"""Longest Retry-After in seconds to wait for; a host that asks for more is left for another day."""
REPORT_SECONDS = 15.0


def fetch(
    urls: Iterable[str | tuple[str, ...]], settings: FetchSettings, progress: Progress, cache: Cache | None = None
) -> Counter[str]:
    """Request each URL that has no outcome yet and store its outcome; of a tuple, one after the other until one has an
    image. Returns counts by reason ("" for an image) of the URLs requested now."""
    from leafinstruct.harvest.fetch.cache import Cache

    fetcher = _Fetcher(settings, cache or Cache.default(), progress)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(fetcher.run(urls))
    except BaseExceptionGroup as error:
        if cause := _of_cache(error):
            raise cause from error
        raise
    return fetcher.counts


def _of_cache(error: BaseException) -> LeafError | None:
    if isinstance(error, BaseExceptionGroup):
        return next((found for one in error.exceptions if (found := _of_cache(one))), None)
    return error if isinstance(error, LeafError) else None


def _loop_factory() -> Any:
    """uvloop where it is installed: the event loop takes half the time of a request."""
    if find_spec("uvloop") is None:
        return None
    import uvloop

    return uvloop.new_event_loop


class FetchFailed(Exception):
    """Ends one try with an outcome other than an image. `wait`: seconds that the host asks for."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait


class RetryLater(Exception):
    """The pause that the host wants between requests is not over yet."""

    def __init__(self, wait: float) -> None:
        super().__init__(wait)
        self.wait = wait


class _Fetcher:
    def __init__(self, settings: FetchSettings, cache: Cache, progress: Progress) -> None:
        self.settings = settings
        self.cache = cache
        self.progress = progress
        self.counts: Counter[str] = Counter()
        self.verdicts: dict[str, asyncio.Task[robots.Verdict]] = {}
        self.free_at: dict[str, float] = {}
        self.next: dict[str, list[tuple[str, ...]]] = {}
        """For URLs that wait or are being requested: what to request if they have no image."""
        self.reported = time.monotonic()

    async def run(self, urls: Iterable[str | tuple[str, ...]]) -> None:
        import aiohttp

        from leafinstruct.harvest.fetch.addresses import PublicResolver, plain_address, public_socket
        from leafinstruct.harvest.fetch.frontier import Frontier

        guard: dict[str, Any] = {"resolver": PublicResolver(), "socket_factory": public_socket}
        connector = aiohttp.TCPConnector(
            limit=self.settings.connections, ttl_dns_cache=300, **({} if self.settings.private else guard)
        )
        headers = {"User-Agent": self.settings.agent, "Accept": "image/*,*/*;q=0.5", "Accept-Encoding": "identity"}
        chains = ((one,) if isinstance(one, str) else one for one in urls)
        plain = (tuple(a for a, reason in map(plain_address, chain) if not reason) for chain in chains)
        firsts = (first for chain in plain if (first := self._first(chain)))
        frontier = Frontier(firsts, lambda url: self.cache.outcome(url) is None, self.settings.per_host)
        jar = aiohttp.DummyCookieJar()
        async with (
            aiohttp.ClientSession(connector=connector, headers=headers, cookie_jar=jar) as self.http,
            asyncio.TaskGroup() as group,
        ):
            for _ in range(self.settings.connections):
                group.create_task(self._worker(frontier))

    def _first(self, chain: tuple[str, ...]) -> str:
        """The URL of a chain to request now; "" if one has its image, or all have none."""
        for place, url in enumerate(chain):
            known = self.cache.outcome(url)
            if known is None:
                self.next.setdefault(url, []).append(chain[place + 1 :])
                return url
            if not known.reason:
                break
        return ""

    async def _worker(self, frontier: Frontier) -> None:
        while (task := await frontier.next()) is not None:
            try:
                async with asyncio.timeout(self.settings.timeout):
                    image, final = await self._image(task, frontier)
                self._store(task, self._outcome(task, image, final))
            except FetchFailed as stop:
                if self._again(task, stop, frontier):
                    continue
                self._store(task, self._outcome(task, stop.reason, ""))
            except TimeoutError:
                if self._again(task, FetchFailed("timeout"), frontier):
                    continue
                self._store(task, self._outcome(task, "timeout", ""))
            except RetryLater as later:
                frontier.again(replace(task, tries=task.tries - 1), later.wait, False)
                continue
            except LeafError:  # of the cache, not of this URL
                raise
            except Exception as error:  # whatever a server makes a library raise is this URL's outcome
                self._store(task, self._outcome(task, f"failed_{type(error).__name__}", ""))
            for chain in self.next.pop(task.url, ()):
                if following := self._first((task.url, *chain)):
                    frontier.add(following)
            frontier.done(task)

    def _again(self, task: Task, stop: FetchFailed, frontier: Frontier) -> bool:
        """Schedule another try of a transient failure, after a pause that doubles, or that the host asked for."""
        status = int(stop.reason[7:]) if stop.reason.startswith("status_") else 0
        transient = status in RETRIED or stop.reason in ("timeout", "unreachable", "cut_short")
        if not transient or task.tries >= self.settings.tries or stop.wait > LONGEST:
            return False
        frontier.again(task, stop.wait or 2.0 ** (task.tries - 1), status in BUSY)
        return True

    def _outcome(self, task: Task, got: Image | str, final: str) -> Outcome:
        from leafinstruct.harvest.fetch.cache import Outcome

        if isinstance(got, Image):
            return Outcome("", got.sha256, final, task.tries)
        return Outcome(got, "", final, task.tries)

    def _store(self, task: Task, outcome: Outcome) -> None:
        self.cache.put(task.url, outcome)
        self.counts[outcome.reason] += 1
        if time.monotonic() - self.reported > REPORT_SECONDS:
            self.reported = time.monotonic()
            self.progress.say(f"fetch: {self.counts.total()} URLs requested, {self.counts['']} images")

    async def _image(self, task: Task, frontier: Frontier) -> tuple[Image | str, str]:
        """The image of a URL or a reason, and where its redirects ended."""
        url = task.url
        for _ in range(MAX_REDIRECTS + 1):
            await self._allowed(url, frontier)
            async with self._get(url) as response:
                if response.status in REDIRECTS:
                    url = _redirected(url, response)
                    continue
                if response.status in RETRIED:
                    raise FetchFailed(f"status_{response.status}", retry_after(response.headers.get("Retry-After", "")))
                if response.status != 200:
                    return f"status_{response.status}", url
                if robots.opted_out(response.headers.getall("X-Robots-Tag", [])):
                    return "opted_out", url
                data = await self._body(response, MAX_BYTES)
            return self._keep(data, url), url
        return "redirect_loop", url

    def _keep(self, data: bytes, url: str) -> Image | str:
        """The image in a body, stored, or why it is not one. Runs in the event loop's thread: handing it to another
        cost more (both compete for the interpreter's lock) than reading a header and appending to an open file."""
        got = read_image(data, url)
        if isinstance(got, Image):
            self.cache.keep(got.sha256, data)
        return got

    def _get(self, url: str) -> _Request:
        from leafinstruct.harvest.fetch.addresses import is_refused_literal

        if not self.settings.private and is_refused_literal(url):
            raise FetchFailed("private_address")
        return _Request(self.http, url)

    async def _body(self, response: aiohttp.ClientResponse, most: int) -> bytes:
        if (response.content_length or 0) > most:
            raise FetchFailed("too_many_bytes")
        data = bytearray()
        async for piece in response.content.iter_any():
            data += piece
            if len(data) > most:
                raise FetchFailed("too_many_bytes")
        return bytes(data)

    async def _allowed(self, url: str, frontier: Frontier) -> None:
        """Raises FetchFailed for a URL that its host's robots.txt does not allow. The file is read once per host."""
        split = urlsplit(url)
        origin = f"{split.scheme}://{split.netloc}"
        if origin not in self.verdicts:
            self.verdicts[origin] = asyncio.create_task(self._verdict(origin))
        verdict = await asyncio.shield(self.verdicts[origin])
        if reason := verdict.reason(url):
            raise FetchFailed(reason)
        if verdict.delay:
            now, free = time.monotonic(), self.free_at.get(origin, 0.0)
            if free > now:
                raise RetryLater(free - now)
            self.free_at[origin] = now + verdict.delay
            frontier.slow_down(host_of(url), verdict.delay)

    async def _verdict(self, origin: str) -> robots.Verdict:
        if (known := self.cache.robots(origin)) is not None:
            return robots.verdict_of(*known)
        kind, body = robots.UNREADABLE, ""
        try:
            async with asyncio.timeout(self.settings.timeout):
                kind, body = await self._robots(f"{origin}/robots.txt")
        except TimeoutError:
            kind = robots.UNREADABLE
        except FetchFailed as stop:
            if stop.reason in ("private_address", "no_such_host"):  # more specific than unreadable rules
                raise
        except Exception:  # whatever a server makes a library raise
            kind = robots.UNREADABLE
        self.cache.put_robots(origin, kind, body)
        return robots.verdict_of(kind, body)

    async def _robots(self, url: str) -> tuple[str, str]:
        for _ in range(MAX_REDIRECTS + 1):
            async with self._get(url) as response:
                if response.status in REDIRECTS:
                    url = _redirected(url, response)
                    continue
                kind = robots.kind_of(response.status)
                if kind != robots.RULES:
                    return kind, ""
                data = bytearray()
                async for piece in response.content.iter_any():
                    data += piece
                    if len(data) > robots.READ:
                        break
                return kind, bytes(data[: robots.READ]).decode("utf-8", "replace")
        return robots.UNREADABLE, ""


def _redirected(url: str, response: aiohttp.ClientResponse) -> str:
    """Where a redirect leads. Raises FetchFailed if that is no URL that may be requested."""
    from leafinstruct.harvest.fetch.addresses import location, plain_address

    try:
        joined = urljoin(url, location(response.headers.get("Location", "")))
    except ValueError:
        raise FetchFailed("bad_address") from None
    target, reason = plain_address(joined)
    if reason:
        raise FetchFailed(reason)
    return target


class _Request:
    """One GET without redirects; failures are raised as FetchFailed."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        from leafinstruct.harvest.fetch.addresses import as_requested

        try:
            self.context = http.get(as_requested(url), allow_redirects=False)
        except ValueError:
            raise FetchFailed("bad_address") from None

    async def __aenter__(self) -> aiohttp.ClientResponse:
        try:
            return await self.context.__aenter__()
        except Exception as error:
            raise _stop(error) from None

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        await self.context.__aexit__(kind, error, trace)
        if isinstance(error, Exception) and not isinstance(error, FetchFailed | TimeoutError | LeafError):
            found = _stop(error)
            wrong = (
                not isinstance(found, FetchFailed) or found.reason == "bad_address"
            )  # the URL was good enough to ask
            raise FetchFailed("bad_response") if wrong else found from None


def _stop(error: Exception) -> Exception:
    """The exception to raise for a client error; errors other than the network's are returned unchanged."""
    import aiohttp

    from leafinstruct.harvest.fetch.addresses import Refused

    causes = [error, error.__cause__, getattr(error, "os_error", None)]
    if any(isinstance(cause, Refused) for cause in causes):
        return FetchFailed("private_address")
    if isinstance(error, aiohttp.InvalidURL | ValueError):
        return FetchFailed("bad_address")
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError | ssl.SSLError):
        return FetchFailed("bad_certificate")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return FetchFailed("no_such_host")
    if isinstance(error, TimeoutError):
        return FetchFailed("timeout")
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ServerDisconnectedError):
        return FetchFailed("cut_short")
    if isinstance(error, aiohttp.ClientResponseError):
        return FetchFailed("bad_response")
    return FetchFailed("unreachable") if isinstance(error, aiohttp.ClientError | OSError) else error
