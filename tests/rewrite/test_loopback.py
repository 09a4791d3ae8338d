"""Clean-up, topic and variety by seed in a whole build, with a served model on the loopback."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from made.rewrite import SHIPPED
from made.tree import make_project, make_tree, run_build

from leafinstruct.document import Record, records_from_table
from leafinstruct.rewrite.prompt import load_prompt
from leafinstruct.rewrite.task import tasks
from leafinstruct.run import Run

ADVERT = "Subscribe to our newsletter."


class Served:
    """Deletes the advertisement and, without being right to, the first sentence; asks for what the title names."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                text = outer.answer(body["messages"][-1]["content"])
                choice = {"message": {"content": text}, "finish_reason": "stop"}
                data = json.dumps({"choices": [choice]}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None: ...

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}/v1"

    def answer(self, asked: str) -> str:
        if "numbers shall be deleted" in asked:
            adverts = re.findall(rf"^\[(\d+)\] {re.escape(ADVERT)}", asked, re.MULTILINE)
            return json.dumps({"delete": [1, *map(int, adverts)]})
        self.asked.append(asked)
        title = asked.split("<document>\n")[1].split("\n")[0]
        said = f'Could you explain to me with pictures: "{title}"?'
        return json.dumps({"instruction": said, "title": title, "topic": " ".join(title.split()[-1:])})


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    yield made
    made.http.shutdown()
    made.http.server_close()


def built(served: Served, folder: Path, run: Path, **changes: object) -> list[Record]:
    prompts = {"prompt": "prompts/instruction.md", "clean": "prompts/clean.md"}
    rewrite = {"writer": "llm", **prompts, "tasks": {"howto": 1}, "topic": True, **changes}
    models = {"llm": {"backend": "openai", "model": "made", "base_url": served.url}}
    pipeline = make_project(folder, folder / "tree", rewrite=rewrite, models=models)
    made: Run = run_build(pipeline, run, "rewrite")
    return [r for n in made.partitions() for r in records_from_table(made.table(f"records/{n}.parquet"))]


def test_clean_up_topic_and_seed_over_a_server(served: Served, tmp_path: Path) -> None:
    tree = make_tree(tmp_path / "tree")
    pages = list(tree.rglob("*.md"))
    for page in pages:
        page.write_text(f"{page.read_text(encoding='utf-8').rstrip()}\n\n{ADVERT}\n", encoding="utf-8")
    kept = [r for r in built(served, tmp_path, tmp_path / "run") if not r.dropped_by]
    answers = [c.text for r in kept for m in r.messages if m.role == "assistant" for c in m.content]
    assert kept and not any(ADVERT in text for text in answers)
    assert all(r.topic for r in kept)

    first = served.asked[:]
    prompt = load_prompt(SHIPPED, tasks())
    for choices in (prompt.personas, prompt.lengths, prompt.styles):
        drawn = [next(line for line in choices if line in asked) for asked in first]
        assert len(set(drawn)) > 1
    served.asked.clear()
    built(served, tmp_path, tmp_path / "run")
    assert not served.asked, "the same seed asks nothing again"
    built(served, tmp_path, tmp_path / "run", seed=1)
    assert len(served.asked) == len(first) and set(served.asked) != set(first)
