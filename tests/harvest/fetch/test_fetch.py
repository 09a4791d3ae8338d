from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from made.fetch_server import serve
from made.harvest import harvest, picture, write

from leafinstruct.document import Image
from leafinstruct.errors import LeafError
from leafinstruct.harvest.fetch import robots
from leafinstruct.harvest.fetch.addresses import as_requested, is_public, plain_address
from leafinstruct.harvest.fetch.cache import Cache, Outcome
from leafinstruct.harvest.fetch.fetch import fetch
from leafinstruct.harvest.fetch.settings import FetchSettings, fetch_settings
from leafinstruct.harvest.index import Index
from leafinstruct.progress import Progress
from leafinstruct.run import Run
from leafinstruct.settings import read

QUIET = Progress(quiet=True)
OPEN = FetchSettings(private=True, timeout=1.0, tries=2, per_host=16)


def ask(cache: Cache, *urls: str, settings: FetchSettings = OPEN) -> dict[str, Outcome | None]:
    fetch(iter(urls), settings, QUIET, cache)
    return {url: cache.outcome(url) for url in urls}


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    pytest.importorskip("aiohttp")
    return Cache(tmp_path / "fetched")


EXPECTED = {
    "image/1": "",
    "lies/text": "",
    "lies/image": "not_an_image",
    "svg/x": "svg",
    "status/404": "status_404",
    "status/410": "status_410",
    "status/500": "status_500",
    "busy/429": "",
    "busy/503": "",
    "busyforlong/": "status_503",
    "to/image/2": "",
    "to/to/image/2": "",
    "to/status/451": "status_451",
    "circle/0": "redirect_loop",
    "hang/": "timeout",
    "drip/": "timeout",
    "short/": "cut_short",
    "huge/said": "too_many_bytes",
    "huge/unsaid": "too_many_bytes",
    "noai/noai": "opted_out",
    "noai/noindex,noimageai": "opted_out",
    "noai/otherbot:_noai": "",
    "garbage/": "bad_response",
    "to/file:///etc/passwd": "scheme_refused",
}
ONCE = ["status/404", "status/410", "lies/image", "circle/0", "huge/said", "busyforlong/", "noai/noai"]


@pytest.mark.slow
def test_outcome_of_each_address(cache: Cache) -> None:
    with serve() as server:
        found = ask(cache, *(f"{server.address}/{path}" for path in EXPECTED))
        reasons = {url.removeprefix(f"{server.address}/"): o.reason if o else None for url, o in found.items()}
        assert reasons == EXPECTED
        asked = {path: server.asked[f"/{path}"] for path in EXPECTED}
        assert {path: asked[path] for path in ONCE} == dict.fromkeys(ONCE, 1), "what will not change is asked once"
        assert asked["status/500"] == asked["hang/"] == asked["busy/429"] == 2
        assert server.asked["/robots.txt"] == 1
        (agent,) = server.agents
        assert agent.startswith("leafinstruct/") and "Mozilla" not in agent
        image = cache.image(f"{server.address}/to/image/2")
        assert isinstance(image, Image) and image.bytes == picture(2)
        assert found[f"{server.address}/to/image/2"].final == f"{server.address}/image/2"  # type: ignore[union-attr]
        before = server.asked.copy()
        assert not fetch((f"{server.address}/{path}" for path in EXPECTED), OPEN, QUIET, cache)
        assert server.asked == before, "nothing is asked twice"


def test_failures_that_pass_are_tried_another_day(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.put("http://a/1", Outcome("timeout"))
    cache.put("http://a/2", Outcome("status_404"))
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 25 * 3600)
    assert cache.outcome("http://a/1") is None
    assert cache.outcome("http://a/2") == Outcome("status_404")


def test_addresses_are_requested_as_given(cache: Cache) -> None:
    given = [
        "foo%27bar.jpg",
        "http%3A%2F%2Fexample.org%2Fa.jpg",
        "c.jpg?Signature=qZ0%2BPP2g%3D&t=application%2Fgzip",
        "p%28test%29.jpg?a=1+2&b=%7E",
        "%E3%82%A2.jpg%3Alarge",
    ]
    with serve() as server:
        ask(cache, *(f"{server.address}/signed/{path}" for path in given))
        ask(cache, f"{server.address}/to/signed/x%27y.jpg?sig=%2B")
        asked = {path.removeprefix("/signed/") for path in server.asked if path.startswith("/signed/")}
    assert asked == {*given, "x%27y.jpg?sig=%2B"}


@pytest.mark.parametrize(
    ("url", "requested"),
    [
        ("http://a.org", "http://a.org/"),
        ("http://a.org?x=1", "http://a.org/?x=1"),
        ("HTTP://a.org:8080/ä b.jpg?ü=1 2", "http://a.org:8080/%C3%A4%20b.jpg?%C3%BC=1%202"),
        ("http://a.org/a/../b/./c{1}.jpg", "http://a.org/b/c%7B1%7D.jpg"),
        ("http://a.org\\a\\b.jpg?c\\d", "http://a.org/a/b.jpg?c\\d"),
        ("http://a.org/100%.jpg", "http://a.org/100%.jpg"),
        ("http://[2001:db8::1]/x", "http://[2001:db8::1]/x"),
    ],
)
def test_what_no_request_can_hold_is_escaped(url: str, requested: str) -> None:
    pytest.importorskip("yarl")
    assert str(as_requested(plain_address(url)[0])) == requested


def test_hosts_are_requested_in_their_ascii_form() -> None:
    pytest.importorskip("yarl")
    assert as_requested("http://straße.example/x").raw_host == "xn--strae-oqa.example"


def test_of_several_addresses_the_first_that_answers_is_taken(cache: Cache) -> None:
    with serve() as server:

        def at(*paths: str) -> tuple[str, ...]:
            return tuple(f"{server.address}/{path}" for path in paths)

        chains = [
            at("status/404", "image/1", "image/2"),
            at("status/404", "lies/image", "image/3"),
            at("image/4", "image/5"),
            at("status/410"),
        ]
        for _ in range(2):
            fetch(chains, OPEN, QUIET, cache)
        asked = {path.lstrip("/") for path in server.asked if path != "/robots.txt"}
        assert set(server.asked.values()) == {1}
    assert asked == {"status/404", "image/1", "lies/image", "image/3", "image/4", "status/410"}
    found = [cache.first_image(chain) for chain in chains]
    assert [one.bytes for one in found if isinstance(one, Image)] == [picture(1), picture(3), picture(4)]
    assert found[3] == "status_410"


def test_a_full_disk_is_no_fact_about_an_image(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with serve() as server:
        url = f"{server.address}/image/5"
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            with pytest.raises(LeafError, match=r"outcomes\.sqlite: the cache .*No space left on device.*: free its"):
                fetch([url], OPEN, QUIET, cache)
        assert cache.outcome(url) is None, "the next build asks again"
        ask(cache, url)
        assert isinstance(cache.image(url), Image)


def test_a_damaged_cache_is_named(tmp_path: Path) -> None:
    made = Cache(tmp_path)
    for number in range(200):
        made.put(f"http://a/{number}", Outcome("status_404"))
    made.close()
    path, data = tmp_path / "outcomes.sqlite", bytearray((tmp_path / "outcomes.sqlite").read_bytes())
    data[4096:] = bytes(len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(LeafError, match=r"outcomes\.sqlite: the cache of fetched images fails"):
        Cache(tmp_path).image("http://a/7")
    path.write_bytes(b"no database" * 100)
    with pytest.raises(LeafError, match=r"outcomes\.sqlite: the cache of fetched images fails"):
        Cache(tmp_path)


def test_bytes_that_are_gone_are_not_an_image(cache: Cache) -> None:
    with serve() as server:
        url = f"{server.address}/image/5"
        ask(cache, url)
        (pack,) = (cache.folder / "packs").iterdir()
        pack.write_bytes(pack.read_bytes()[:100])
        assert cache.image(url) == "not_fetched"
        ask(cache, url)
        assert isinstance(cache.image(url), Image)


def test_images_lie_in_packs_each_once(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leafinstruct.harvest.fetch.cache.PACK", 200)
    with serve() as server:
        urls = [f"{server.address}/image/{n}" for n in (*range(8), *range(8))]
        twice = [f"{server.address}/to/image/{n}" for n in range(8)]
        ask(cache, *urls, *twice)
        held = {url: cache.image(url) for url in (*urls, *twice)}
    assert all(isinstance(image, Image) for image in held.values())
    kept = {image.sha256: len(image.bytes) for image in held.values() if isinstance(image, Image)}
    packs = [pack.stat().st_size for pack in (cache.folder / "packs").iterdir()]
    assert sum(packs) == sum(kept.values())
    assert len(packs) > 1


# robots.txt


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (404, "", ""),
        (403, "", ""),
        (200, "User-agent: *\nDisallow: /private\n", ""),
        (200, "User-agent: *\nDisallow: /image\n", "robots_disallow"),
        (200, "User-agent: *\nDisallow: /\n\nUser-agent: leafinstruct\nDisallow:\n", ""),
        (200, "User-agent: *\nAllow: /image/*1$\nDisallow: /\n", ""),
        (200, "\ufeff<html>no rules at all", ""),
        (500, "", "robots_unreadable"),
        (429, "", "robots_unreadable"),
        (0, "", "robots_unreadable"),
    ],
)
def test_robots(cache: Cache, status: int, body: str, reason: str) -> None:
    with serve((status, body)) as server:
        (outcome,) = ask(cache, f"{server.address}/image/1").values()
        assert outcome is not None and outcome.reason == reason
        assert server.asked["/image/1"] == (reason == "")


def test_robots_of_where_a_redirect_leads(cache: Cache) -> None:
    with serve() as first, serve((200, "User-agent: *\nDisallow: /\n")) as second:
        (outcome,) = ask(cache, f"{first.address}/to/{second.address}/image/1").values()
        assert outcome is not None and outcome.reason == "robots_disallow"
        assert not second.asked["/image/1"]


def test_crawl_delay(cache: Cache) -> None:
    with serve((200, "User-agent: *\nCrawl-delay: 0.3\n")) as server:
        ask(cache, *(f"{server.address}/image/{n}" for n in range(4)))
        gaps = [b - a for a, b in zip(server.times, server.times[1:], strict=False)]
        assert len(gaps) == 3 and min(gaps) > 0.25


@pytest.mark.parametrize(
    ("headers", "out"),
    [
        (["noindex"], False),
        (["noindex, NoAI"], True),
        (["googlebot: noindex, noai"], False),
        (["leafinstruct: noimageai"], True),
        (["googlebot: nofollow", "noai"], True),
        (["unavailable_after: 25 Jun 2030, noai"], True),
    ],
)
def test_opt_out_headers(headers: list[str], out: bool) -> None:
    assert robots.opted_out(headers) is out


def test_opt_out_of_pages() -> None:
    assert robots.page_opted_out("<head><META content='noindex, noimageai' name=robots></head>")
    assert not robots.page_opted_out("<meta name=robots content=noindex><meta name=description content=noai>")


# Addresses


PRIVATE = (
    "127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 0.0.0.0 100.64.0.1 224.0.0.1 239.1.1.1 240.0.0.1 "
    "255.255.255.255 192.0.2.1 198.18.0.1 ::1 :: fe80::1 fe80::1%eth0 fc00::1 ff02::1 2001:db8::1 ::ffff:127.0.0.1 "
    "::ffff:10.0.0.1 64:ff9b::7f00:1 2002:7f00:1:: ::127.0.0.1 nonsense"
)


@pytest.mark.parametrize("address", PRIVATE.split())
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", "scheme_refused"),
        ("ftp://a.org/x.png", "scheme_refused"),
        ("data:image/png;base64,AAAA", "scheme_refused"),
        ("http://a.org/" + "x" * 5000, "address_too_long"),
        ("http://user:secret@a.org/x", "bad_address"),
        ("http:///x.png", "bad_address"),
        ("http://[::1", "bad_address"),
        ("http://a.org:99999/x", "bad_address"),
        ("x.png", "bad_address"),
        ("", "bad_address"),
    ],
)
def test_addresses_that_are_never_asked(url: str, reason: str) -> None:
    assert plain_address(url) == ("", reason)
    assert plain_address("//a.org/x#part") == ("https://a.org/x", "")


CLOSED = FetchSettings(timeout=2.0, tries=2)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "[::1]", "[::ffff:7f00:1]"]
)
def test_private_hosts_are_refused(cache: Cache, host: str) -> None:
    with serve() as server:
        url = f"http://{host}:{server.server_address[1]}/image/1"
        (outcome,) = ask(cache, url, settings=CLOSED).values()
        assert outcome is not None and outcome.reason == "private_address"
        assert not server.asked


def test_names_and_redirects_that_lead_inside(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """`public.test` is let through to the loopback, as if it were public; what it redirects to is not."""
    from leafinstruct.harvest.fetch import addresses

    with serve() as server:
        port = server.server_address[1]
        real, resolve = addresses.is_public, addresses.PublicResolver.resolve
        inside: list[str] = []

        async def named(self: addresses.PublicResolver, host: str, port: int = 0, family: int = 0) -> list[object]:
            if host == "public.test":
                made = {"hostname": host, "host": "127.0.0.1", "port": port, "family": socket.AF_INET}
                return [made | {"proto": 0, "flags": 0}]
            inside.append(host)
            return list(await resolve(self, "localhost", port, socket.AF_INET))

        monkeypatch.setattr(addresses.PublicResolver, "resolve", named)
        monkeypatch.setattr(addresses, "public_socket", lambda info: _socket(info))
        base = f"http://public.test:{port}"
        urls = [
            f"{base}/to/http://{host}:{port}/image/1" for host in ("127.0.0.1", "rebound.test", "0.0.0.0", "10.0.0.9")
        ]
        found = ask(cache, f"{base}/image/1", *urls, settings=CLOSED)
        assert found[f"{base}/image/1"] is not None and found[f"{base}/image/1"].reason == ""  # type: ignore[union-attr]
        assert {o.reason for u, o in found.items() if o and "/to/" in u} == {"private_address"}
        assert server.asked["/image/1"] == 1 and inside == ["rebound.test"]
        assert not real("127.0.0.1")


def _socket(info: tuple[object, ...]) -> socket.socket:
    made = socket.socket(info[0], info[1], info[2])  # type: ignore[arg-type]
    made.setblocking(False)
    return made


def test_a_socket_is_the_last_place_to_refuse() -> None:
    from leafinstruct.harvest.fetch.addresses import Refused, public_socket

    with pytest.raises(Refused):
        public_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 80)))
    public_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("8.8.8.8", 80))).close()


# Kill and restart; sources

KILLED = """
import sys
from pathlib import Path
from leafinstruct.harvest.fetch.fetch import fetch
from leafinstruct.harvest.fetch.settings import FetchSettings
from leafinstruct.harvest.fetch.cache import Cache
from leafinstruct.progress import Progress
address, folder = sys.argv[1:]
urls = (f"{address}/image/{n}" for n in range(900))
fetch(urls, FetchSettings(private=True, per_host=4), Progress(quiet=True), Cache(Path(folder)))
"""


def test_nothing_is_fetched_twice_after_a_kill(cache: Cache) -> None:
    with serve() as server:
        child = subprocess.Popen([sys.executable, "-c", KILLED, server.address, str(cache.folder)])
        while sum(server.asked.values()) < 300 and child.poll() is None:
            time.sleep(0.01)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        done = {u for (u,) in cache.db.execute("SELECT url FROM outcomes")}
        assert 200 < len(done) < 900
        urls = [f"{server.address}/image/{n}" for n in range(900)]
        fetch(iter(urls), FetchSettings(private=True, per_host=16), QUIET, cache)
        assert all(server.asked[u.removeprefix(server.address)] == 1 for u in done)
        twice = [path for path, count in server.asked.items() if count > 1]
        assert len(twice) <= 4, "only what was on its way when the process died"
        assert all(isinstance(cache.image(url), Image) for url in urls)


def test_sources_take_images_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("aiohttp")
    from leafinstruct.harvest.sources import load_source
    from leafinstruct.pipeline import SourceSettings

    monkeypatch.setenv("LEAFINSTRUCT_FETCHED", str(tmp_path / "fetched"))
    with serve() as server:
        infos = [
            {"image_name": f"{n}.png", "raw_url": url, "matched_text_index": 0}
            for n, url in enumerate([f"{server.address}/image/1", f"{server.address}/status/404", "file:///etc/passwd"])
        ]
        row = {"text_list": ["One."], "url": "https://a.org/p", "image_info": infos}
        write(tmp_path, {"a.jsonl": json.dumps(row)})
        settings = {"path": "a.jsonl", "fetch": {"private": True}}
        source = load_source(SourceSettings("s", "mmc4", settings), tmp_path)
        (chunk,) = source.plan(None)
        urls = list(source.addresses(chunk, Index(Run(tmp_path), {})))
        fetch(urls, fetch_settings("s", source.settings.fetch), QUIET)
        (document,) = harvest("mmc4", tmp_path, "a.jsonl", fetch={"private": True}).documents
        assert [p.url for p in document.parts if p.type == "image"] == [f"{server.address}/image/1"]
        assert [x.reason for x in document.lost] == ["status_404", "scheme_refused"]


def test_settings(tmp_path: Path) -> None:
    pytest.importorskip("aiohttp")
    assert fetch_settings("s", True) == FetchSettings()
    assert "me@example.org" in fetch_settings("s", read(FetchSettings, {"contact": "me@example.org"})).agent
    for given, said in [
        ({"perhost": 1}, "did you mean 'per_host'"),
        ({"tries": 0}, "'tries' is 0; it takes .* 1 or more"),
    ]:
        with pytest.raises(LeafError, match=said):
            read(FetchSettings, given)
