"""Near-duplicate search against datasketch: the same documents, word 3-grams, permutations, bands and threshold.

usage: minhash.py [--documents N] [--words N] [--repeats 5] [--peer PYTHON] [--memory N N ...]

A tenth of the documents are copies with one word in thirty changed. Both sides start from texts and end with clusters;
datasketch signs with `MinHash.bulk`, asks `MinHashLSH` for candidates and checks them by `jaccard`. Pairs run one after
the other in alternating order in one process. --peer names the Python of an environment with datatrove and orjson; its
four steps from JSON lines to JSON lines run in one process over word 3-grams and its own 14 bands of 8, without imports
and start; it takes pairs that agree in a band for alike, so that our 32 bands of 4 would make it join unrelated texts.
With --memory each size runs by itself in a process of its own, its signatures waiting in Parquet as in a run, and the
peak of resident memory while clusters are made is told. Prints one JSON object: CPU seconds as medians, ratios as
medians with the smallest and largest, and how far the clusters agree.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from leafinstruct.document import Document, Part
from leafinstruct.score.duplicates import Scorer
from leafinstruct.score.lsh import Forest
from leafinstruct.text.words import words

PARTITION = 100
PEER = """
import os, sys, tempfile
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import minhash
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

def once(source, out):
    how, read = minhash.MinhashConfig(n_grams=3), JsonlReader(source)
    steps = [
        (1, [read, minhash.MinhashDedupSignature(out + "/signed", how)]),
        (how.num_buckets, [minhash.MinhashDedupBuckets(out + "/signed", out + "/pairs", config=how)]),
        (1, [minhash.MinhashDedupCluster(out + "/pairs", out + "/remove", how)]),
        (1, [read, minhash.MinhashDedupFilter(out + "/remove"), JsonlWriter(out + "/kept", compression=None)]),
    ]
    for number, (tasks, step) in enumerate(steps):
        LocalPipelineExecutor(step, tasks=tasks, workers=1, logging_dir=f"{out}/log{number}").run()
    return sum(len(open(file.path).readlines()) for file in os.scandir(out + "/kept"))

if __name__ == "__main__":
    for line in sys.stdin:
        with tempfile.TemporaryDirectory() as out:
            start = sum(os.times()[:4])
            kept = once(sys.argv[1], out)
            print("TIMES", sum(os.times()[:4]) - start, kept, flush=True)
"""


def word(number: int) -> str:
    """A word of letters alone: datatrove takes all numbers for the same."""
    return "w" + "".join("abcdefghij"[int(digit)] for digit in str(number))


def documents(count: int, words: int) -> Iterator[Document]:
    draw = random.Random(0)
    text: list[str] = []
    for number in range(count):
        if number % 10 != 9:
            text = [word(int(draw.paretovariate(0.6)) % 20000) for _ in range(words)]
        else:
            text = [w if draw.random() > 1 / 30 else "changed" for w in text]
        yield Document(f"{number:07}", "", "", "", "", "", "", "", "en", (Part("text", text=" ".join(text)),))


def ours(corpus: Sequence[Document]) -> dict[str, str | None]:
    scorer = Scorer({})
    maps = (scorer.map(corpus[at : at + PARTITION]) for at in range(0, len(corpus), PARTITION))
    return {row["document"]: row["cluster"] for row in scorer.reduce(maps)}


def theirs(corpus: Sequence[Document]) -> dict[str, str | None]:
    from datasketch import MinHash, MinHashLSH

    settings = Scorer({}).settings
    width = settings.permutations // settings.bands
    index = MinHashLSH(num_perm=settings.permutations, params=(settings.bands, width))
    shingles = []
    for document in corpus:
        found = words(document.text)
        size = settings.ngram
        shingles.append([" ".join(found[i : i + size]).encode() for i in range(len(found) - size + 1)])
    signed = MinHash.bulk(shingles, num_perm=settings.permutations)
    forest = Forest(len(corpus))
    for row, signature in enumerate(signed):
        for other in index.query(signature):
            if signature.jaccard(signed[other]) >= settings.similarity:
                forest.link(row, other)
        index.insert(row, signature)
    roots = forest.roots().tolist()
    sizes = [0] * len(corpus)
    for root in roots:
        sizes[root] += 1
    return {d.id: corpus[r].id if sizes[r] > 1 else None for d, r in zip(corpus, roots, strict=True)}


def compare(corpus: Sequence[Document], repeats: int) -> dict[str, Any]:
    seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
    clusters: dict[str, dict[str, str | None]] = {}
    for run in (ours, theirs):  # imports are no part of it
        run(corpus[:PARTITION])
    for turn in range(repeats):
        pair = [("ours", ours), ("theirs", theirs)]
        for name, run in pair if turn % 2 else pair[::-1]:
            start = time.process_time()
            clusters[name] = run(corpus)
            seconds[name].append(time.process_time() - start)
    ratios = sorted(t / o for o, t in zip(seconds["ours"], seconds["theirs"], strict=True))
    same = sum(clusters["theirs"][name] == group for name, group in clusters["ours"].items())
    return {
        "documents": len(corpus),
        "leafinstruct_s": round(sorted(seconds["ours"])[repeats // 2], 2),
        "datasketch_s": round(sorted(seconds["theirs"])[repeats // 2], 2),
        "datasketch_over_leafinstruct": round(ratios[repeats // 2], 2),
        "interval": [round(ratios[0], 2), round(ratios[-1], 2)],
        "same_cluster_share": round(same / len(corpus), 4),
        "clustered": sum(group is not None for group in clusters["ours"].values()),
    }


def compare_peer(python: str, corpus: Sequence[Document], repeats: int) -> dict[str, Any]:
    """CPU seconds of ours and of a process of the peer over the same texts on disk, in alternating pairs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in").mkdir()
        lines = (json.dumps({"id": document.id, "text": document.text}) + "\n" for document in corpus)
        (folder / "in" / "texts.jsonl").write_text("".join(lines))
        (folder / "peer.py").write_text(PEER)
        process = subprocess.Popen(
            [python, str(folder / "peer.py"), str(folder / "in")],
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdin and process.stdout
        mine, theirs, kept = [], [], 0
        for _ in range(repeats + 1):  # the first is for imports
            start = time.process_time()
            clusters = ours(corpus)
            mine.append(time.process_time() - start)
            process.stdin.write("\n")
            process.stdin.flush()
            told = next((line.split() for line in process.stdout if line.startswith("TIMES")), None)
            if told is None:
                sys.exit("the peer ended; run its script by hand to see why")
            theirs.append(float(told[1]))
            kept = int(told[2])
        process.kill()
    ratios = sorted(t / m for m, t in zip(mine[1:], theirs[1:], strict=True))
    stand = {group for group in clusters.values() if group}
    return {
        "leafinstruct_s": round(sorted(mine[1:])[repeats // 2], 2),
        "datatrove_s": round(sorted(theirs[1:])[repeats // 2], 2),
        "datatrove_over_leafinstruct": round(ratios[repeats // 2], 2),
        "interval": [round(ratios[0], 2), round(ratios[-1], 2)],
        "kept": {"leafinstruct": sum(g is None for g in clusters.values()) + len(stand), "datatrove": kept},
    }


def reduce_alone(folder: Path) -> None:
    """Make clusters of the signatures in a folder as the filter stage does; tell the peak of memory in MiB."""
    scorer = Scorer({})
    rows = scorer.table(scorer.reduce(pq.read_table(file) for file in sorted(folder.glob("*.parquet"))))
    # What getrusage tells would be the parent's peak where that is higher.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert peak
    print(json.dumps({"rows": rows.num_rows, "peak_mib": round(int(peak[1]) / 1024, 1)}))


def memory(size: int, words: int) -> dict[str, Any]:
    scorer = Scorer({})
    with tempfile.TemporaryDirectory() as name:
        held: list[Document] = []
        for number, document in enumerate(documents(size, words), 1):
            held.append(document)
            if len(held) == PARTITION or number == size:
                pq.write_table(scorer.map(held), Path(name) / f"{number:08}.parquet", compression="zstd")
                held = []
        ran = subprocess.run([sys.executable, __file__, "--reduce", name], check=True, capture_output=True, text=True)
    return json.loads(ran.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--words", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peer", help="Python of an environment with datatrove and orjson")
    parser.add_argument("--memory", type=int, nargs="*", default=[])
    parser.add_argument("--reduce", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.reduce:
        reduce_alone(asked.reduce)
        return
    found = compare(list(documents(asked.documents, asked.words)), asked.repeats)
    if asked.peer:
        found["peer"] = compare_peer(asked.peer, list(documents(asked.documents, asked.words)), asked.repeats)
    print(json.dumps({**found, "memory": [memory(size, asked.words) for size in asked.memory]}, indent=1))


if __name__ == "__main__":
    main()
