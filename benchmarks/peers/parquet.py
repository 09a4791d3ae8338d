"""How fast shards are written, beside bare pyarrow and `datasets` on the same rows, and what memory that takes.

    python benchmarks/peers/parquet.py [--rows 400] [--pairs 5]

Each row has two JPEG images of about 100 kB (noise, so that nothing compresses) and 3,000 characters of text.
Ours goes from records and image files' bytes to a shard: it strips metadata, hashes, builds columns, writes. Bare
pyarrow gets the finished Arrow table and writes it with the same row groups, compression and page index; `bare_sha256`
also hashes the bytes that go out, as a manifest wants: that is our writer on a finished table. `defaults` is pyarrow's
`write_table` of that table with its own settings, and `datasets` gets a Dataset of it and writes `to_parquet`.
Turns alternate, to a disk-backed file each; CPU seconds of the process; ratios per turn, as median, least and most.
`memory_mb` is the peak resident growth in MB while 1x and 8x rows are written, each in a process of its own.
Prints JSON.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import io
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from PIL import Image as PILImage

from leafinstruct.document import Content, Image, ImageMeta, Message, Record
from leafinstruct.shard.write import _writer, write_shard
from leafinstruct.sums import Hashing

POOL = 32
SCORES = ["clip", "words"]


def pictures() -> dict[str, Image]:
    found = {}
    for seed in range(POOL):
        pixels = np.random.default_rng(seed).integers(0, 256, (290, 290, 3), dtype=np.uint8)
        out = io.BytesIO()
        PILImage.fromarray(pixels).save(out, "JPEG", quality=90)
        data = out.getvalue()
        found[hashlib.sha256(data).hexdigest()] = Image(
            hashlib.sha256(data).hexdigest(), data, "jpeg", 290, 290, f"https://example.org/{seed}"
        )
    return found


def records(count: int, shas: list[str]) -> Iterator[Record]:
    words = np.random.default_rng(0).choice([f"word{n}" for n in range(2000)], (64, 230))
    texts = [" ".join(row) for row in words]
    for n in range(count):
        two = (shas[n % POOL], shas[(n * 7 + 1) % POOL])
        said = (Content("text", texts[n % 64]), Content("image"))
        answered = (Content("text", texts[(n * 5 + 3) % 64]), Content("image"))
        meta = tuple(ImageMeta(sha, f"https://example.org/{sha}", "CC-BY-4.0", "A made picture", 0.3) for sha in two)
        yield Record(
            id=f"{n:08d}", document=f"d{n}", task="continue", source="made",
            path=f"{n}.html", url=f"https://example.org/{n}",
            site="example.org", license="CC-BY-4.0", topic="craft", language="en",
            messages=(Message("user", said), Message("assistant", answered)), images=two, image_meta=meta,
            scores=(("clip", 0.25), ("words", 460.0)), writer="template",
        )  # fmt: skip


def ours(path: Path, rows: Iterable[Record], images: dict[str, Image]) -> None:
    with path.open("wb") as out:
        write_shard(out, rows, images.__getitem__, SCORES, "bench-1")


def seconds(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def speed(count: int, pairs: int, folder: Path) -> dict[str, object]:
    from datasets import Dataset

    images = pictures()
    rows = list(records(count, list(images)))
    ours(folder / "first.parquet", rows, images)
    table = pq.read_table(folder / "first.parquet")
    with pq.ParquetFile(folder / "first.parquet") as file:
        group = file.metadata.row_group(0).num_rows
    dataset = Dataset(table)

    def bare(hashed: bool) -> None:
        with (folder / "bare.parquet").open("wb") as out:
            sink = Hashing(hashlib.sha256(), out) if hashed else out
            with _writer(sink) as writer:
                writer.write_table(table, row_group_size=group)

    ways: dict[str, Callable[[], object]] = {
        "ours": lambda: ours(folder / "ours.parquet", rows, images),
        "bare": lambda: bare(False),
        "bare_sha256": lambda: bare(True),
        "defaults": lambda: pq.write_table(table, folder / "defaults.parquet", row_group_size=group),
        "datasets": lambda: dataset.to_parquet(str(folder / "datasets.parquet")),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(pairs + 1):  # the first warms up
        order = list(ways) if turn % 2 else list(reversed(ways))
        for name in order:
            spent = seconds(ways[name])
            if turn:
                times[name].append(spent)
    size = (folder / "ours.parquet").stat().st_size
    ratios = {
        f"ours_per_{name}": spread([t / o for t, o in zip(times[name], times["ours"], strict=True)], 3)
        for name in ways
        if name != "ours"
    }
    on_the_table = zip(times["defaults"], times["bare_sha256"], strict=True)
    ratios["writer_per_defaults"] = spread([theirs / own for theirs, own in on_the_table], 3)
    rates = {name: spread([size / 1e6 / t for t in found], 0) for name, found in times.items()}
    return {"rows": count, "file_mb": round(size / 1e6, 1), "row_group": group, "mb_per_cpu_second": rates} | ratios


def spread(values: list[float], places: int) -> dict[str, float]:
    """Median, least and most."""
    found = {"median": statistics.median(values), "least": min(values), "most": max(values)}
    return {name: round(value, places) for name, value in found.items()}


def peak_mb() -> float:
    """Of this process alone: what getrusage says includes the process that started it. Linux only."""
    line = next(one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _grow(count: int, folder: str, answer: multiprocessing.SimpleQueue) -> None:
    images = pictures()
    ours(Path(folder) / "warm.parquet", records(8, list(images)), images)
    before = peak_mb()
    ours(Path(folder) / "memory.parquet", records(count, list(images)), images)
    answer.put(peak_mb() - before)


def memory(count: int, folder: Path) -> float:
    context = multiprocessing.get_context("spawn")
    answer = context.SimpleQueue()
    process = context.Process(target=_grow, args=(count, str(folder), answer))
    process.start()
    process.join()
    return round(answer.get(), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--pairs", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        result = speed(args.rows, args.pairs, folder)
        result["memory_mb"] = {f"{times}x": memory(times * args.rows, folder) for times in (1, 8)}
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
