"""What trials on a run share: a small project with a model server, its commands in processes of their own, and results.

The project has tutorials and pages in WARC files, a filter and a writer that ask the server, and so every kind of file
that a build makes. Results are lines of JSON in a file: a trial that is there is not made again.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import random
import re
import shutil
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import PIL.Image
import PIL.ImageDraw
import yaml

from leafinstruct.demo.warc import Response, write_warc

THINGS = ("birdhouse", "stool", "teapot", "vase", "scarf", "blanket", "lamp", "bottle")
SITES = 4
NOUNS = "board strip handle ring corner blade plank wheel thread needle panel rim foot neck lid hook bench table edge"
ADJECTIVES = "smooth narrow warm heavy loose bright rough even dark soft firm thin round damp pale stiff"
FRAMES = (
    "Take the {a} {n} from the {m} and wipe it until it is {b}.",
    "While it dries, draw a line where the {n} will meet the {m}.",
    "Most people hold the {a} {n} in one hand and turn the {m} slowly.",
    "If the {n} looks {a}, wait a little before you go on to the {m}.",
    "Nobody is in a hurry here: a {b} {n} forgives more than a {a} {m}.",
    "Press both together; the {n} should feel {a}, but never {b}.",
    "Check from every side that no {m} is left behind on the {a} {n}.",
)
SCORER = """
from leafinstruct.score.base import Column, ModelScorer

class Taste(ModelScorer):
    model = "llm"
    needs = frozenset({"generate"})
    columns = (Column("length", "document", "int", "characters", "how long the answer is"),)

    def load(self, pool):
        self.llm = pool.llm(self.model_settings)

    def score(self, items, open_image):
        for item in items:
            [answer] = self.llm.generate([[{"role": "user", "content": f"How to make a {item.document.title}"}]])
            yield {"document": item.document.id, "length": len(answer.text)}
"""


def picture(name: str) -> bytes:
    drawn, image = random.Random(name), PIL.Image.new("RGB", (96, 80), "white")
    pen = PIL.ImageDraw.Draw(image)
    for _ in range(12):
        x, y, color = drawn.randrange(90), drawn.randrange(70), tuple(drawn.randrange(256) for _ in range(3))
        pen.rectangle((x, y, x + drawn.randrange(4, 40), y + drawn.randrange(4, 40)), fill=color)
    out = io.BytesIO()
    image.save(out, "JPEG")
    return out.getvalue()


def sentences(name: str, count: int) -> str:
    drawn, made = random.Random(name), []
    for frame in drawn.sample(FRAMES, count):
        (n, m), (a, b) = drawn.sample(NOUNS.split(), 2), drawn.sample(ADJECTIVES.split(), 2)
        made.append(frame.format(n=n, m=m, a=a, b=b))
    return " ".join(made)


def make_project(folder: Path, url: str) -> Path:
    """Tutorials, two WARC files (pages, and their images), a filter and a pipeline. Returns the pipeline's file."""
    pages, images = [], []
    for number, name in enumerate(THINGS):
        site = folder / "tree" / f"site-{number % SITES}"
        (site / "images").mkdir(parents=True, exist_ok=True)
        text, html = f"# How to make a {name}\n\n{sentences(name, 4)}\n", f"<h1>How to paint a {name}</h1>"
        for step in range(3):
            (site / f"images/{name}-{step}.jpg").write_bytes(picture(f"{name} {step}"))
            text += f"\n## Step {step}\n\n{sentences(f'{name} {step}', 4)}\n\n![step](images/{name}-{step}.jpg)\n"
            address = f"https://site-{number % SITES}.example/{name}-{step}.jpg"
            images.append(Response(address, "image/jpeg", picture(f"page {name} {step}")))
            html += f"<p>{sentences(f'page {name} {step}', 5)}</p><p><img src='{address}' alt='step {step}'></p>"
        (site / f"{name}.md").write_text(text)
        page = f"<html lang=en><title>{name}</title><main>{html}</main></html>".encode()
        pages.append(Response(f"https://site-{number % SITES}.example/{name}.html", "text/html", page))
    write_warc(folder / "pages.warc.gz", pages)
    write_warc(folder / "images.warc.gz", images)
    (folder / "taste.py").write_text(SCORER)
    rule = "{name: short, drop: document, when: length < 1}"
    (folder / "filters").mkdir(exist_ok=True)
    (folder / "filters/taste.yaml").write_text(f"scorer: ./taste.py:Taste\nrules: [{rule}]\n")
    value = {
        "name": "trials",
        "sources": [
            {"name": "tree", "kind": "tutorial", "path": "tree/*", "partition": 4},
            {"name": "web", "kind": "warc", "path": ["pages.warc.gz", "images.warc.gz"]},
        ],
        "filters": ["image", "seen", "text", "duplicates", "taste"],
        "models": {"llm": {"backend": "openai", "model": "made", "base_url": url, "retries": 0}},
        "rewrite": {"writer": "llm", "tasks": {"howto": 1, "continue": 1, "illustrate": 1}},
        "shard": {"validation": 0.2, "test": 0.2, "max_shard_bytes": 40_000},
    }
    (folder / "pipelines").mkdir(exist_ok=True)
    path = folder / "pipelines/trials.yaml"
    path.write_text(yaml.safe_dump(value))
    return path


class Served:
    """A chat server on this machine, which answers with an instruction about the thing that a prompt is about."""

    def __init__(self) -> None:
        self.asked = 0
        served = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                served.asked += 1
                about = re.search(r"How to (make|paint) a ([\w-]+)", body)
                what = " a ".join(about.groups()) if about else "use a thing"
                said = f"Could you explain to me with pictures how people {what} at home?"
                message = {"content": json.dumps({"instruction": said})}
                data = json.dumps({"choices": [{"message": message, "finish_reason": "stop"}], "usage": {}}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign] - of those who are killed
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"


PROCESSES = multiprocessing.get_context("forkserver")
STAGES = ("harvest", "filter", "rewrite", "shard")
PROCESSES.set_forkserver_preload(
    ["leafinstruct.cli", "leafinstruct.engine", "leafinstruct.report.funnel", "leafinstruct.harvest.tutorials"]
    + ["leafinstruct.harvest.warc.pages", *(f"leafinstruct.{stage}.stage" for stage in STAGES)]
)
SECONDS = 120


def command(said: Path, arguments: Sequence[str], before: Callable[..., None] | None, *given: Any) -> None:
    """The command line in this process; what it says goes to a file. `before(*given)` runs first."""
    os.setsid()
    for number, stream in enumerate((sys.stdout, sys.stderr), 1):
        stream.flush()
        os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    sys.argv = ["leafinstruct", *arguments]
    if before:
        before(*given)
    from leafinstruct.cli import main

    main()


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code (minus the signal that ended it), and the lines it said."""

    code: int | None
    said: str

    @property
    def crashed(self) -> bool:
        return "Traceback" in self.said or self.code not in (0, 1, 2, 130, 143)


class Bed:
    """A project in a folder, its server, and `whole`: a run that nothing happened to."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.served = folder, Served()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.pipeline = make_project(folder, self.served.url)
        self.whole = folder / "whole"
        first = self.build(self.whole)
        assert first.code == 0, first.said
        self.shards = published(self.whole)

    def start(self, arguments: Sequence[str], before: Callable[..., None] | None = None, *given: Any) -> Any:
        said = self.folder / "said"
        said.unlink(missing_ok=True)
        process = PROCESSES.Process(target=command, args=(said, [*map(str, arguments)], before, *given))
        process.start()
        return process

    def end(self, process: Any) -> Ended:
        process.join(SECONDS)
        if process.is_alive():
            process.kill()
        said = self.folder / "said"
        return Ended(process.exitcode, said.read_text(errors="replace") if said.exists() else "")

    def arguments(self, run: Path, *more: str) -> list[str]:
        return ["build", str(self.pipeline), "--run", str(run), *(more or ("--workers", "1"))]

    def build(self, run: Path, *more: str) -> Ended:
        """A build with one worker in a process of its own, to its end."""
        return self.end(self.start(self.arguments(run, "--workers", "1", *more)))

    def same(self, run: Path) -> bool:
        """Whether shards, manifest and card are those of the whole run."""
        return published(run) == self.shards


def published(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((run / "shards").glob("*")) if path.is_file()}


@contextmanager
def results(path: Path) -> Iterator[tuple[set[int], Callable[[Mapping[str, Any]], None]]]:
    """Numbers of the trials whose results a file has, and a function that adds one."""
    done = {row["trial"] for row in read(path)}
    with path.open("a") as file:

        def add(row: Mapping[str, Any]) -> None:
            file.write(json.dumps(row, sort_keys=True) + "\n")
            file.flush()

        yield done, add


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def table(rows: Iterable[Mapping[str, Any]], by: str) -> list[str]:
    """Counts of results by a key of the rows, one line each, and of all."""
    rows = list(rows)
    columns = sorted({str(row["result"]) for row in rows})
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        for key in (str(row[by]), "all"):
            counts.setdefault(key, Counter())[row["result"]] += 1
    head = " | ".join([by, "trials", *columns])
    lines = [f"| {head} |", "|---" * (len(columns) + 2) + "|"]
    for key in [*sorted(counts.keys() - {"all"}), "all"]:
        cells = [key, str(counts[key].total()), *(str(counts[key][column]) for column in columns)]
        lines.append(f"| {' | '.join(cells)} |")
    return lines
