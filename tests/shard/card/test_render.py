"""The card says what it was given, no more, in a form that the Hub and `datasets` read."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from made.report import HOSTILE
from made.shard import corpus, publish
from markdown_it import MarkdownIt

from leafinstruct.shard.card.model import (
    AuditFacts,
    BenchmarkFacts,
    CardFacts,
    DefectFacts,
    FilterFacts,
    FunnelStep,
    ModelFacts,
    ProofFacts,
    RuleFacts,
    SourceFacts,
    SplitFacts,
)
from leafinstruct.shard.card.render import render_card
from leafinstruct.shard.plan import ShardSettings

EXAMPLE = [{"type": "text", "text": "Run:"}, {"type": "image", "text": ""}, {"type": "text", "text": "```sh\nls\n```"}]
FACTS = CardFacts(
    title="Garden: how-to",
    summary="Tutorials with <script>alert(1)</script> pictures.",
    license="CC-BY-4.0",
    languages=("en", "de"),
    splits=(
        SplitFacts("train", 1900, 5000, 2, 7_000_000, 6_000_000),
        SplitFacts("test", 100, 300, 1, 700_000, 600_000),
    ),
    sources=(SourceFacts("wiki | how", "warc", "CC-BY-4.0", 4000, 1500), SourceFacts("docs", "tree", "", 900, 500)),
    funnel=(FunnelStep("harvest", 4900, 20000, None), FunnelStep("rewrite", None, 5300, 2000)),
    filters=(
        FilterFacts("tiny images", "image_facts", (RuleFacts("width < 100 | height < 100", "MMC4: 150 px", 0, 812),)),
    ),
    dropped={"answer_leaked": 12, "shares_image_with_test": 40},
    models=(ModelFacts("openai/clip-vit-base-patch32", "3d74acf", "scores"),),
    examples=({"id": "a", "messages": [{"role": "user", "content": EXAMPLE}]},),
    notes=("site 'big' has 50 of 100 records",),
    known_gaps=("no video",),
    rebuild=("leafinstruct build pipelines/garden.yaml",),
    versions={"leafinstruct": "0.1.0"},
)


def header(card: str) -> dict:
    return yaml.safe_load(card.split("---\n")[1])


def test_header_is_what_the_hub_reads() -> None:
    found = header(render_card(FACTS))
    assert found["license"] == "cc-by-4.0"
    assert found["language"] == ["en", "de"]
    assert found["pretty_name"] == "Garden: how-to"
    assert found["size_categories"] == ["1K<n<10K"]
    assert found["configs"][0]["data_files"] == [
        {"split": "train", "path": "train-*.parquet"},
        {"split": "test", "path": "test-*.parquet"},
    ]
    assert found["dataset_info"]["splits"][1] == {"name": "test", "num_bytes": 700_000, "num_examples": 100}
    assert found["dataset_info"]["download_size"] == 6_600_000


def test_hub_library_accepts_the_header() -> None:
    hub = pytest.importorskip("huggingface_hub")
    data = hub.DatasetCard(render_card(FACTS)).data.to_dict()
    assert data["license"] == "cc-by-4.0" and data["task_categories"] == ["image-text-to-text", "any-to-any"]


@pytest.mark.parametrize(
    ("license", "id"),
    [
        ("Apache-2.0", "apache-2.0"),
        ("CC-BY-NC-SA-3.0", "cc-by-nc-sa-3.0"),
        ("CC-BY-SA-2.5", "other"),
        ("OFL-1.1", "ofl-1.1"),
        ("CDLA-Permissive-2.0", "cdla-permissive-2.0"),
        ("GPL-3.1", "other"),
        ("house rules", "other"),
    ],
)
def test_license_ids(license: str, id: str) -> None:
    found = header(render_card(replace(FACTS, license=license)))
    assert found["license"] == id
    assert found.get("license_name") == (license if id == "other" else None)


def test_body_has_every_fact() -> None:
    card = render_card(FACTS)
    for line in (
        "| train | 1,900 | 5,000 | 2 | 6.0 MB |",
        "| wiki \\| how | warc | CC-BY-4.0 | 4,000 | 1,500 | 75.0% |",
        "| docs | tree | not stated | 900 | 500 | 25.0% |",
        "| rewrite |  | 5,300 | 2,000 |",
        "| `width < 100 \\| height < 100` | MMC4: 150 px | 0 | 812 |",
        "| shares\\_image\\_with\\_test | 40 |",
        "| openai/clip-vit-base-patch32 | 3d74acf | scores |",
        "- site 'big' has 50 of 100 records",
        "- no video",
        "leafinstruct build pipelines/garden.yaml",
    ):
        assert line in card.splitlines(), line
    assert "<script>" not in card
    assert card.index("shares\\_image") < card.index("answer\\_leaked")


MEASURED = replace(
    FACTS,
    filters=(
        FilterFacts(
            "sizes",
            "image",
            (RuleFacts("tiny: drop image when w < 9", "own", 0, 812, {"image_tiny": 7}, 2),),
            "Sides of images.",
            {"image_tiny": 7},
        ),
        FilterFacts("clusters", "duplicates", (RuleFacts("near: one per cluster", "own", 3, 0),)),
    ),
    audit=AuditFacts(8, 0, 7, 8, (DefectFacts("image_tiny", "an image of some pixels", 8, 0.875, (0.5, 1.0)),)),
    benchmarks=(BenchmarkFacts("mmmu", ("bench/mmmu.jsonl",), 300, 4, 0, 4),),
    proof=ProofFacts("Toy scale.", (("filtered", "moss", 3, "1.000 ± 0.010", "-"),)),
)


def test_what_was_measured_stands_with_its_filter() -> None:
    card = render_card(MEASURED)
    for line in (
        "| `tiny: drop image when w < 9` | own | 0 | 812 | image\\_tiny 7 of 8 | 2 |",
        "| `near: one per cluster` | own | 3 | 0 |  |  |",
        "Detected by this filter alone: image\\_tiny 7 of 8.",
        "| image\\_tiny: an image of some pixels | 8 | 87.5% | 50.0% to 100.0% |",
        "| mmmu | bench/mmmu.jsonl | 300 | 4 | 0 | 4 |",
        "| filtered | moss | 3 | 1.000 ± 0.010 | - |",
    ):
        assert line in card.splitlines(), line
    assert "Of 8 documents without a defect, 7 lost nothing" in card
    assert "audit" not in render_card(FACTS)


def test_an_example_is_shown_as_it_is_written() -> None:
    assert (
        "## Examples\n\n### id a\n\nuser:\n\n````markdown\nRun:\n\n[image]\n\n```sh\nls\n```\n````\n\n## Known gaps"
        in render_card(FACTS)
    )


@pytest.mark.parametrize("markdown", HOSTILE, ids=lambda text: text[:24])
def test_no_example_breaks_the_card(markdown: str) -> None:
    """Whatever the Markdown of an example is, it is one block of code, and the card around it stays the same."""
    messages = [{"role": "user", "content": [{"type": "text", "text": markdown}]}]
    reader = MarkdownIt("commonmark").enable("table")
    wanted = reader.parse(render_card(FACTS))
    found = reader.parse(render_card(replace(FACTS, examples=({"id": "a", "messages": messages},))))
    assert [(one.type, one.content) for one in found if one.info != "markdown"] == [
        (one.type, one.content) for one in wanted if one.info != "markdown"
    ]
    (shown,) = [one.content for one in found if one.info == "markdown"]
    assert shown == re.sub("\r\n?", "\n", markdown).replace("\0", "\ufffd") + "\n"


def test_nothing_measured_nothing_said() -> None:
    empty = replace(
        FACTS, filters=(), dropped={}, models=(), examples=(), notes=(), known_gaps=(), rebuild=(), versions={}
    )
    titles = [line for line in render_card(empty).splitlines() if line.startswith("## ")]
    assert titles == ["## Splits", "## Sources and licenses", "## From documents to records"]


def test_datasets_loads_the_folder_by_its_card(tmp_path: Path) -> None:
    from datasets import load_dataset

    records, images = corpus(24, 8)
    folder = tmp_path / "shards"
    folder.mkdir()
    publish(folder, records, images, ShardSettings())
    listed = json.loads((folder / "manifest.json").read_bytes())["files"]
    splits = [
        SplitFacts(one["split"], one["rows"], one["images"], 1, one["arrow_bytes"], one["bytes"])
        for one in sorted(listed, key=lambda one: ("train", "validation", "test").index(one["split"]))
    ]
    (folder / "README.md").write_text(render_card(replace(FACTS, splits=tuple(splits))))
    data = load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert {name: len(data[name]) for name in data} == {one.name: one.rows for one in splits}
    assert data["train"][0]["images"][0].size == (24, 16)
