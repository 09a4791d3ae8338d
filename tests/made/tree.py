"""A small project for end-to-end tests: 16 documents in 4 repositories, some with faults, no models.

Every text and image is drawn from a seed of its own, so no two are alike unless a fault says so.
"""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import PIL.Image
import PIL.ImageDraw
import yaml

from leafinstruct.build import build
from leafinstruct.context import Context, RunTasks
from leafinstruct.document import documents_from_table, records_from_table
from leafinstruct.engine.local import run_tasks
from leafinstruct.pipeline import load_pipeline
from leafinstruct.progress import Progress
from leafinstruct.report.funnel import Funnel, funnel
from leafinstruct.run import Run

ROOT = Path(__file__).parents[2]
ONE_PIECE = ("edit", "next_state", "question")
"""Tasks that take one pair of steps or one section of a document."""
FILTERS = ["image", "seen", "repeats", "text", "pointers", "duplicates"]
NAMES = {
    "wood": ("birdhouse", "stool", "spoon", "frame"),
    "clay": ("bowl", "teapot", "tile", "vase"),
    "wool": ("scarf", "felt-ball", "sock", "blanket"),
    "glass": ("lamp", "bead", "window", "bottle"),
}
SENTENCES = (
    "Take the {a} {n} from the {p} and wipe it until no {m} is left on the {a2} side.",
    "You will need about {k} minutes before the {n} is {a} enough to touch with the {m}.",
    "While the {m} dries, draw a line along the {p} where the {n2} is going to sit.",
    "Most people hold the {n} in the left hand and turn the {a} {n2} slowly with the right.",
    "If the {p} looks {a}, add a little {m} and wait {k} minutes before you go on.",
    "Now press the {n} against the {n2}; it should feel {a} and not {a2} at the {p}.",
    "Keep the {m} away from the {p}, because a {a} {n} does not come clean again.",
    "With {k} short strokes the {n2} gets its {a} shape, and the {p} stays as it was.",
    "Nobody is in a hurry here: a {a} {p} forgives more than a {a2} {n2} ever does.",
    "Put the {n} down on the {p} and check that it is {a} from every side of the {n2}.",
)
_WORDS = {
    "n": "board strip handle ring corner blade plank wheel thread needle panel rim foot neck lid hook",
    "a": "smooth narrow warm heavy loose bright rough even dark soft firm thin round damp pale stiff",
    "p": "bench table edge shelf floor window oven tray box drawer basket wall shade bucket stand cloth",
    "m": "glue water wax sand oil dust soap paint clay varnish chalk steam paste ash powder foam",
}
WORDS = {key: words.split() for key, words in _WORDS.items()}


def sentences(name: str, count: int) -> list[str]:
    drawn = random.Random(name)
    order = drawn.sample(SENTENCES, len(SENTENCES))

    def one(template: str) -> str:
        words = {key: drawn.choice(WORDS[key]) for key in WORDS}
        n2, a2 = drawn.choice(WORDS["n"]), drawn.choice(WORDS["a"])
        return template.format(**words, n2=n2, a2=a2, k=drawn.randint(2, 90))

    return [one(order[i % len(order)]) for i in range(count)]


def picture(name: str, kind: str = "PNG", size: tuple[int, int] = (96, 80)) -> bytes:
    """A drawing of rectangles and lines, another one for each name."""
    drawn = random.Random(f"picture {name}")
    image = PIL.Image.new("RGB", size, tuple(drawn.randrange(256) for _ in range(3)))
    pen = PIL.ImageDraw.Draw(image)
    for _ in range(12):
        x, y = drawn.randrange(size[0]), drawn.randrange(size[1])
        color = tuple(drawn.randrange(256) for _ in range(3))
        pen.rectangle((x, y, x + drawn.randrange(4, 40), y + drawn.randrange(4, 40)), fill=color)
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def put(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def page(repository: Path, name: str, kind: str = "png") -> Path:
    """A clean tutorial of three steps with an image each."""
    lines = [f"# How to make a {name}", "", " ".join(sentences(f"{name} opening", 2)), ""]
    for step in (1, 2, 3):
        file = f"images/{name}-{step}.{kind}"
        put(repository / file, picture(f"{name} {step}", "JPEG" if kind == "jpg" else "PNG"))
        lines += [f"## Step {step}", "", " ".join(sentences(f"{name} {step}", 3)), "", f"![{name} {step}]({file})", ""]
    return put(repository / f"{name}.md", "\n".join(lines))


def make_tree(root: Path) -> Path:
    """The tree with its faults, one of each kind. Returns the folder of the repositories."""
    for site, names in NAMES.items():
        for index, name in enumerate(names):
            page(root / site, name, "jpg" if index % 2 else "png")
    put(root / "wood/images/stool-2.jpg", picture("tiny", "JPEG", (12, 12)))
    put(root / "clay/images/teapot-1.jpg", picture("teapot 1", "JPEG")[:700])
    put(root / "wool/images/sock-3.png", (root / "wool/images/sock-1.png").read_bytes())
    (root / "glass/images/bead-3.jpg").unlink()
    put(root / "wool/scarf.md", "# A scarf\n\nKnit it.\n\n![scarf](images/scarf-1.png)\n")
    put(root / "glass/lamp.md", "# A lamp\n\n" + " ".join(sentences("dark lamp", 6)) + "\n")
    copy = (root / "wood/birdhouse.md").read_text().replace("images/birdhouse", "images/bottle").replace(".png", ".jpg")
    put(root / "glass/bottle.md", copy)
    pointer = "The picture below shows where to cut the clay and how deep.\n\n![cut](images/gone.png)\n\n"
    put(root / "clay/vase.md", (root / "clay/vase.md").read_text().replace("## Step 1", f"{pointer}## Step 1"))
    return root


def make_project(folder: Path, tree: Path | None = None, **changes: Any) -> Path:
    """A project folder with its pipeline; without `tree` the made one is put beside it. Returns the pipeline file."""
    source = tree or make_tree(folder / "tree")
    pipeline: dict[str, Any] = {
        "name": "made",
        "sources": [{"name": "made", "kind": "tutorial", "path": f"{source}/*", "partition": 4}],
        "filters": FILTERS,
        "rewrite": {"writer": "template"},
        "shard": {"validation": 0.2, "test": 0.2},
    }
    return put(folder / "pipelines" / "made.yaml", yaml.safe_dump({**pipeline, **changes}))


def edit(pipeline: Path, **changes: Any) -> None:
    put(pipeline, yaml.safe_dump({**yaml.safe_load(pipeline.read_text()), **changes}))


def edit_filter(project: Path, name: str, old: str, new: str) -> None:
    """A filter of the project's own: the shipped one with one text replaced."""
    own = project / "filters" / f"{name}.yaml"
    text = (own if own.is_file() else ROOT / "filters" / f"{name}.yaml").read_text()
    assert old in text
    put(own, text.replace(old, new))


def run_here(function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], workers: int) -> Iterator[Any]:
    """An engine without processes of its own: what a test replaces in this one counts."""
    for task in tasks:
        yield function(*task)


def run_build(
    pipeline: Path,
    run: Path | str,
    stage: str = "shard",
    workers: int = 1,
    limit: int | None = None,
    tasks: RunTasks = run_tasks,
) -> Run:
    """A build from this process."""
    context = Context(Run(run), load_pipeline(pipeline), tasks, workers, limit, progress=Progress(quiet=True))
    build(context, stage)
    return context.run


def counts(run: Run) -> Funnel:
    found = funnel(run)
    assert found.balance() == []
    return found


def leafinstruct(
    *arguments: str, cwd: Path, before: str = "", env: Mapping[str, str] | None = None, check: int | None = None
) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own; `before` is Python that runs first in it."""
    code = f"{before}\nfrom leafinstruct.cli import main\nmain()\n"
    command = [sys.executable, "-c", code] if before else [sys.executable, "-m", "leafinstruct"]
    done = subprocess.run(
        [*command, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        env={**os.environ, **(env or {})},
        timeout=120,
    )
    assert check is None or done.returncode == check, done.stderr
    return done


def files(run: Run, *folders: str) -> dict[str, tuple[int, int]]:
    """Inode and time of each file of a run: both change when it is written again."""
    found = {}
    for folder in folders or ("",):
        for path in sorted(run.file(folder).rglob("*")):
            hidden = any(part.startswith(".") for part in path.relative_to(run.path).parts)
            if path.is_file() and not hidden:
                found[path.relative_to(run.path).as_posix()] = (path.stat().st_ino, path.stat().st_mtime_ns)
    return found


def shard_bytes(run: Run) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(run.file("shards").iterdir())}


def assert_one_to_one(run: Run) -> None:
    """Image parts and images match one to one, in order, in every file of the run."""
    from leafinstruct.shard.check import check

    for name in run.partitions():
        held = set(run.table(f"images/{name}.parquet", ["sha256"])["sha256"].to_pylist())
        raw = {d.id: d for d in documents_from_table(run.table(f"documents/{name}.parquet"))}
        assert {sha for d in raw.values() for sha in d.images} == held, name
        rows = run.table(f"decisions/{name}.parquet").to_pylist()
        decided = {(row["document"], row["part"]): row for row in rows if row["part"] is not None}
        shown = {(d.id, i): p.image for d in raw.values() for i, p in enumerate(d.parts) if p.type == "image"}
        assert {key: row["sha256"] for key, row in decided.items()} == shown, name
        edited = {d.id: d for d in documents_from_table(run.table(f"filtered/{name}.parquet"))}
        for document in edited.values():
            assert list(document.raw) == sorted(set(document.raw))
            for part, index in zip(document.parts, document.raw, strict=True):
                before = raw[document.id].parts[index]
                assert (part.type, part.image) == (before.type, before.image)
            places = [i for i, p in zip(document.raw, document.parts, strict=True) if p.type == "image"]
            kept = [part for (owner, part), row in decided.items() if owner == document.id and row["kept"]]
            assert places == sorted(kept), document.id
        records = list(records_from_table(run.table(f"records/{name}.parquet")))
        assert {r.document for r in records} == set(edited)
        for record in records:
            entries = [c for m in record.messages for c in m.content if c.type == "image"]
            wanted = [] if record.dropped_by else edited[record.document].images
            if record.task in ONE_PIECE and wanted:
                starts = range(len(wanted))
                assert list(record.images) in [wanted[i : i + len(record.images)] for i in starts], record.task
            else:
                assert list(record.images) == wanted
            assert [m.source_sha256 for m in record.image_meta] == list(record.images)
            assert len(entries) == len(record.images)
    report = check(run.file("shards"))
    assert report.ok, report.lines
    assert_published_one_to_one(run)


def assert_published_one_to_one(run: Run) -> None:
    from pyarrow import parquet

    made = {
        record.id: record
        for name in run.partitions()
        for record in records_from_table(run.table(f"records/{name}.parquet"))
        if not record.dropped_by
    }
    rows = [row for path in run.file("shards").glob("*.parquet") for row in parquet.read_table(path).to_pylist()]
    assert rows
    for row in rows:
        places = sum(part["type"] == "image" for message in row["messages"] for part in message["content"])
        assert places == len(row["images"]) == len(row["image_meta"])
        assert [m["source_sha256"] for m in row["image_meta"]] == list(made[row["id"]].images)
        for image in row["images"]:
            PIL.Image.open(io.BytesIO(image["bytes"])).load()
