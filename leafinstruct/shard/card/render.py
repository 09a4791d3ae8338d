"""Renders the data card: what a run measured about its shards, as the page that the Hub shows, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from leafinstruct.shard.card.hub_licenses import HUB_LICENSES
from leafinstruct.shard.card.model import (
    AuditFacts,
    BenchmarkFacts,
    CardFacts,
    FilterFacts,
    FunnelStep,
    ProofFacts,
    SourceFacts,
    SplitFacts,
)


def render_card(facts: CardFacts) -> str:
    """The card as Markdown with the YAML header that the Hub and `datasets` read. Text from outside is escaped."""
    sections = [
        f"# {_text(facts.title)}\n\n{_text(facts.summary)}",
        _section("Splits", _splits(facts.splits), facts.notes),
        _section("Sources and licenses", _sources(facts.sources)),
        _section("From documents to records", _funnel(facts.funnel)),
        _section("Filters", _filters(facts.filters, facts.audit)),
        _section("Audit of the filters", _audit(facts.audit)),
        _section("Benchmark contamination", _benchmarks(facts.benchmarks)),
        _section("Records dropped while rewriting and splitting", _counts(facts.dropped)),
        _section(
            "Models",
            _table(("model", "revision", "used for"), [(m.name, m.revision, m.used_for) for m in facts.models]),
        ),
        _section("Training results", _proof(facts.proof)),
        _section("Examples", "\n\n".join(map(_example, facts.examples))),
        _section("Known gaps", "", facts.known_gaps),
        _section("How to rebuild", _rebuild(facts.rebuild, facts.versions)),
    ]
    return f"---\n{_header(facts)}---\n\n" + "\n\n".join(section for section in sections if section) + "\n"


_SIZE_CLASSES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"))


def _header(facts: CardFacts) -> str:
    known = facts.license.lower() in HUB_LICENSES
    rows = sum(split.rows for split in facts.splits)
    header: dict[str, Any] = {"license": facts.license.lower() if known else "other"}
    if not known:
        header["license_name"] = facts.license
    header |= {
        "language": list(facts.languages),
        "task_categories": list(facts.task_categories),
        "tags": list(facts.tags),
        "pretty_name": facts.title,
        "size_categories": [next((name for limit, name in _SIZE_CLASSES if rows < limit), "n>10M")],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": split.name, "path": f"{split.name}-*.parquet"} for split in facts.splits],
            }
        ],
        "dataset_info": {
            "splits": [
                {"name": split.name, "num_bytes": split.arrow_bytes, "num_examples": split.rows}
                for split in facts.splits
            ],
            "download_size": sum(split.file_bytes for split in facts.splits),
            "dataset_size": sum(split.arrow_bytes for split in facts.splits),
        },
    }
    return yaml.safe_dump(header, sort_keys=False, allow_unicode=True, width=1000)


def _section(title: str, body: str, points: Iterable[str] = ()) -> str:
    """A section, or "" if it would be empty."""
    listed = "\n".join(f"- {_text(point)}" for point in points)
    text = "\n\n".join(part for part in (body, listed) if part)
    return f"## {title}\n\n{text}" if text else ""


def _splits(splits: Sequence[SplitFacts]) -> str:
    rows = [(s.name, s.rows, s.images, s.files, f"{s.file_bytes / 1e6:,.1f} MB") for s in splits]
    return _table(("split", "records", "images", "files", "size"), rows)


def _sources(sources: Sequence[SourceFacts]) -> str:
    total = sum(source.records for source in sources)
    rows = [
        (s.name, s.kind, s.license or "not stated", s.documents, s.records, f"{s.records / total:.1%}" if total else "")
        for s in sources
    ]
    return _table(("source", "kind", "license", "documents", "records", "share of records"), rows)


def _funnel(steps: Sequence[FunnelStep]) -> str:
    rows = [(s.step, *("" if n is None else n for n in (s.documents, s.images, s.records))) for s in steps]
    return _table(("after", "documents", "images", "records"), rows)


def _filters(filters: Sequence[FilterFacts], audit: AuditFacts | None) -> str:
    head = ["rule", "origin", "documents dropped", "images dropped"]
    head += ["detected in the audit", "false positives"] if audit else []
    rows_of = {defect.name: defect.rows for defect in audit.defects} if audit else {}
    parts = ["Each document and image is counted for the first rule that dropped it."] if filters else []
    for one in filters:
        rows = []
        for rule in one.rules:
            measured = () if rule.detected is None else (_shares(rule.detected, rows_of), rule.false_positives)
            blank = ("",) * (len(head) - 4 - len(measured))
            counts = (rule.dropped_documents, rule.dropped_images)
            rows.append((f"`{rule.rule}`", rule.origin, *counts, *measured, *blank))
        parts += [f"### {_text(one.name)}", _text(one.about), f"Scorer: `{one.scorer}`", _table(head, rows)]
        if one.alone is not None:
            parts.append(f"Detected by this filter alone: {_text(_shares(one.alone, rows_of) or 'nothing')}.")
    return "\n\n".join(part for part in parts if part)


def _shares(detected: Mapping[str, int], rows: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count} of {rows[name]}" for name, count in detected.items())


def _audit(audit: AuditFacts | None) -> str:
    if audit is None:
        return ""
    head = ("defect", "documents", "detected", "95% interval")
    rows = [
        (
            f"{d.name}: {d.about}",
            d.rows,
            f"{d.recall:.1%}",
            "{:.1%} to {:.1%}".format(*d.interval) if d.interval else "",
        )
        for d in audit.defects
    ]
    return (
        f"Known defects were planted in {audit.documents} kept documents (seed {audit.seed}). Of "
        f"{audit.clean_rows} documents without a defect, {audit.clean_kept} lost nothing.\n\n{_table(head, rows)}"
    )


def _benchmarks(benchmarks: Sequence[BenchmarkFacts]) -> str:
    head = ("filter", "benchmark files", "documents compared", "with its text", "with its images", "dropped")
    rows = [(b.name, ", ".join(b.files), b.documents, b.with_text, b.with_images, b.dropped) for b in benchmarks]
    return _table(head, rows)


def _proof(proof: ProofFacts | None) -> str:
    if proof is None:
        return ""
    table = _table(("data", "adapter", "trainings", "image loss", "text loss"), proof.rows)
    return f"{_text(proof.scale)} Held-out loss in nats per token, mean and standard deviation.\n\n{table}"


def _counts(dropped: Mapping[str, int]) -> str:
    return _table(("reason", "records"), sorted(dropped.items(), key=lambda item: (-item[1], item[0])))


def _example(example: Mapping[str, Any]) -> str:
    """A record: what it is, then each message as its Markdown is written, with a line in place of each image."""
    about = " · ".join(f"{key} {value}" for key, value in example.items() if key != "messages")
    parts = [f"### {_text(about)}"]
    for message in example["messages"]:
        shown = "\n\n".join("[image]" if c["type"] == "image" else c["text"] for c in message["content"])
        parts += [f"{_text(message['role'])}:", _quoted(shown, "markdown")]
    return "\n\n".join(parts)


def _quoted(text: str, language: str) -> str:
    """The text as code, in a fence longer than any in it. No text from outside can end such a block."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}"


def _rebuild(commands: Sequence[str], versions: Mapping[str, str]) -> str:
    block = "```sh\n" + "\n".join(commands) + "\n```" if commands else ""
    return "\n\n".join(part for part in (block, _table(("program", "version"), list(versions.items()))) if part)


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table, numbers to the right; "" without rows."""
    if not rows:
        return ""
    numbers = [all(isinstance(row[i], int) or row[i] == "" for row in rows) for i in range(len(head))]
    lines = [head, ["---:" if number else "---" for number in numbers]]
    lines += [[f"{cell:,}" if isinstance(cell, int) else _text(cell) for cell in row] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _text(value: str) -> str:
    """One line that cannot end a table cell or open a tag."""
    line = " ".join(value.split())
    if line[:1] == line[-1:] == "`":
        return line.replace("|", "\\|")
    return re.sub(r"([|\[\]*_`\\])", r"\\\1", line.replace("&", "&amp;").replace("<", "&lt;"))
