"""Fetching images over HTTP against a server on the loopback that misbehaves: outcomes, kill and restart, throughput.

    python benchmarks/peers/fetch.py outcomes [--urls 5000]
    python benchmarks/peers/fetch.py pairs --img2dataset VENV/bin/img2dataset [--urls 5000] [--pairs 5]

`outcomes` asks for URLs of every kind (redirects, hangs, lies about type and size, 404, 429, 503 with Retry-After,
robots.txt, opt-outs) in a process that is killed half-way and started again; `pairs` runs this fetcher and img2dataset
in turns on plain images, both without re-encoding, both with the same number of connections. Each prints JSON.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

CONNECTIONS = 64
KINDS = (
    *["image"] * 10,
    *(
        "moved",
        "busy",
        "busylong",
        "gone",
        "error",
        "type",
        "noimage",
        "svg",
        "short",
        "huge",
        "noai",
        "denied",
        "circle",
    ),
)
EXPECTED = {
    "image": "",
    "moved": "",
    "busy": "",
    "type": "",
    "busylong": "status_503",
    "gone": "status_404",
    "error": "status_500",
    "noimage": "not_an_image",
    "svg": "svg",
    "short": "cut_short",
    "huge": "too_many_bytes",
    "noai": "opted_out",
    "denied": "robots_disallow",
    "circle": "redirect_loop",
    "hang": "timeout",
}
HANGS = 64
"""Addresses that never answer: each costs the whole time-out of every try."""


def serve(port: Any, images: list[bytes]) -> None:
    """The server: the first word of a path says how it behaves. /_counts tells how often each path was asked."""
    import asyncio

    from aiohttp import web

    counts: Counter[str] = Counter()
    times: list[float] = []

    def image(number: int, **more: Any) -> web.Response:
        body = images[number % len(images)] + str(number).encode()  # behind the end of a JPEG: another file, same image
        return web.Response(body=body, **{"content_type": "image/jpeg", **more})

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/_counts":
            found = {"counts": dict(counts), "seconds": times[-1] - times[0] if times else 0}
            counts.clear()
            times.clear()
            return web.json_response(found)
        if request.path == "/robots.txt":
            return web.Response(text="User-agent: *\nDisallow: /denied/\n")
        counts[request.path] += 1
        times.append(time.monotonic())
        kind, _, rest = request.path.lstrip("/").partition("/")
        number = int(rest.partition(".")[0])
        match kind:
            case "image":
                return image(number)
            case "moved":
                raise web.HTTPFound(f"/image/{number + 10_000_000}.jpg")
            case "circle":
                raise web.HTTPFound(f"/circle/{number + 10_000_000}.jpg")
            case "busy":
                if counts[request.path] > 1:
                    return image(number)
                return web.Response(status=429 if number % 2 else 503, headers={"Retry-After": "0.05"})
            case "busylong":
                return web.Response(status=503, headers={"Retry-After": "7200"})
            case "gone":
                return web.Response(status=404)
            case "error":
                return web.Response(status=500)
            case "type":
                return image(number, content_type="text/html")
            case "noimage":
                return web.Response(body=b"<html>sorry</html>", content_type="image/jpeg")
            case "svg":
                return web.Response(body=b"<svg xmlns='http://www.w3.org/2000/svg'/>", content_type="image/svg+xml")
            case "noai":
                return image(number, headers={"X-Robots-Tag": "noindex, noimageai"})
            case "hang":
                await asyncio.sleep(600)
        stream = web.StreamResponse(headers={"Content-Length": str(10**9 if kind == "huge" else 10**5)})
        await stream.prepare(request)
        await stream.write(images[0][:2000])
        request.transport.close() if request.transport else None
        return stream

    application = web.Application()
    application.router.add_get("/{path:.*}", answer)

    async def main() -> None:
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        port.value = runner.addresses[0][1]
        await asyncio.sleep(10**6)

    asyncio.run(main())


def photographs(count: int = 64) -> list[bytes]:
    """JPEGs of 400 x 300, about 20 KB each."""
    import io

    import numpy as np
    import PIL.Image

    made = []
    for seed in range(count):
        noise = np.random.default_rng(seed).integers(0, 255, (38, 50, 3), dtype=np.uint8)
        image = PIL.Image.fromarray(noise).resize((400, 300), PIL.Image.Resampling.BICUBIC)
        out = io.BytesIO()
        image.save(out, "JPEG", quality=85)
        made.append(out.getvalue())
    return made


def client(listed: str, folder: str) -> None:
    """Fetch the URLs of a file into a cache; what the killed and restarted process runs."""
    from leafinstruct.harvest.fetch.cache import Cache
    from leafinstruct.harvest.fetch.fetch import fetch
    from leafinstruct.harvest.fetch.settings import FetchSettings
    from leafinstruct.progress import Progress

    settings = FetchSettings(private=True, connections=CONNECTIONS, per_host=CONNECTIONS, timeout=3.0, tries=2)
    with Path(listed).open(encoding="utf-8") as lines:
        fetch((line.strip() for line in lines), settings, Progress(quiet=True), Cache(Path(folder)))


def counts_of(address: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{address}/_counts") as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def run_client(listed: Path, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, __file__, "client", str(listed), str(folder)])


def outcomes(address: str, count: int, work: Path) -> dict[str, Any]:
    from leafinstruct.harvest.fetch.cache import Cache

    kinds = [KINDS[n % len(KINDS)] for n in range(count - HANGS)]
    kinds += ["hang"] * HANGS
    urls = [f"{address}/{kind}/{n}.jpg" for n, kind in enumerate(kinds)]
    listed, folder = work / "urls.txt", work / "cache"
    listed.write_text("\n".join(urls), encoding="utf-8")
    start = time.monotonic()
    first = run_client(listed, folder)
    time.sleep(1.0)
    cache = Cache(folder)
    while cache.db.execute("SELECT count(*) FROM outcomes").fetchone()[0] < count // 3 and first.poll() is None:
        time.sleep(0.02)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    before = counts_of(address)["counts"]
    known = {url.removeprefix(address) for (url,) in cache.db.execute("SELECT url FROM outcomes")}
    run_client(listed, folder).wait()
    after = counts_of(address)["counts"]
    found = Counter[tuple[str, str]]()
    for url, kind in zip(urls, kinds, strict=True):
        outcome = cache.outcome(url)
        found[kind, outcome.reason if outcome else "no outcome"] += 1
    served = [p for p in before if p in after and EXPECTED[p.split("/")[1]] in ("", "not_an_image", "svg")]
    return {
        "urls": count,
        "seconds": round(time.monotonic() - start, 1),
        "outcomes": {kind: {r or "image": n for (k, r), n in found.items() if k == kind} for kind in EXPECTED},
        "as expected": sum(n for (kind, reason), n in found.items() if reason == EXPECTED[kind]),
        "done when killed": len(known),
        "of those asked again after the restart": len(known & after.keys()),
        "asked in both processes (were on their way when killed)": len(
            [p for p in served if not p.startswith("/busy")]
        ),
    }


def pairs(address: str, count: int, rounds: int, peer: str, work: Path) -> dict[str, Any]:
    listed = work / "urls.txt"
    listed.write_text("\n".join(f"{address}/image/{n}.jpg" for n in range(count)), encoding="utf-8")
    spent: dict[str, list[tuple[float, float, float]]] = {"leafinstruct": [], "img2dataset": []}
    for number in range(rounds):
        for name in sorted(spent, reverse=number % 2 == 1):
            folder = work / f"{name}-{number}"
            start, cpu = time.monotonic(), children_cpu()
            if name == "leafinstruct":
                run_client(listed, folder).wait()
            else:
                options = (
                    f"--url_list {listed} --output_folder {folder} --processes_count 1 --thread_count {CONNECTIONS}"
                )
                options += (
                    " --resize_mode no --disable_all_reencoding True --enable_wandb False --number_sample_per_shard"
                )
                subprocess.run([peer, *options.split(), str(count)], check=True, capture_output=True)
            wall = time.monotonic() - start
            told = counts_of(address)
            assert sum(told["counts"].values()) == count, f"{name} asked for {sum(told['counts'].values())} of {count}"
            spent[name].append((wall, told["seconds"], children_cpu() - cpu))
            shutil.rmtree(folder)
    views = ("whole command", "first to last request", "CPU seconds")
    rates = {}
    for name, runs in spent.items():
        rates[name] = {view: [round(count / run[n]) for run in runs] for n, view in enumerate(views)}
    matched = list(zip(*spent.values(), strict=True))
    ratios = {view: [other[n] / own[n] for own, other in matched] for n, view in enumerate(views)}
    return {
        "urls": count,
        "images a second": rates,
        "times as fast (median, least, most)": {
            view: [round(f(values), 2) for f in (statistics.median, min, max)] for view, values in ratios.items()
        },
    }


def children_cpu() -> float:
    """CPU seconds of the processes that ended so far: of the clients, not of the server."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    if sys.argv[1:2] == ["client"]:
        return client(*sys.argv[2:4])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["outcomes", "pairs"])
    parser.add_argument("--urls", type=int, default=5000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--img2dataset", default="img2dataset")
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    port = context.Value("i", 0)
    server = context.Process(target=serve, args=(port, photographs()), daemon=True)
    server.start()
    while not port.value:
        time.sleep(0.05)
    address = f"http://127.0.0.1:{port.value}"
    with tempfile.TemporaryDirectory() as folder:
        if options.what == "outcomes":
            found = outcomes(address, options.urls, Path(folder))
        else:
            found = pairs(address, options.urls, options.pairs, options.img2dataset, Path(folder))
    print(json.dumps(found, indent=1))
    server.terminate()


if __name__ == "__main__":
    main()
