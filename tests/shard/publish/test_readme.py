"""The card over one that is there: our numbers are new, and nothing that a person wrote is lost."""

from __future__ import annotations

import pytest
import yaml

from leafinstruct.errors import LeafError
from leafinstruct.shard.publish.readme import SECTIONS, merged

OURS = """---
license: cc0-1.0
language:
- en
tags:
- leafinstruct
pretty_name: made
size_categories:
- n<1K
configs:
- config_name: default
  data_files:
  - split: train
    path: train-*.parquet
---

# made

All about it.

## Splits

| split | records |
|---|---|
| train | 9 |

## Examples

```
## not a section

a step
```

## Known gaps

- none

<!-- made from 0123456789abcdef -->
"""
FIRST = merged(OURS, None).text
NEW = OURS.replace("| train | 9 |", "| train | 10 |").replace("n<1K", "1K<n<10K")
BY_HAND = {
    "gate": (
        FIRST.replace("---\n", "---\nextra_gated_prompt: Ask.\nextra_gated_fields:\n  Company: text\n", 1),
        "Ask.",
    ),
    "errata": (FIRST + "\n## Errata\n\nRow 7 is wrong.\n", "Row 7 is wrong."),
    "between": (FIRST.replace("## Known gaps", "## Uses\n\nFor research.\n\n## Known gaps"), "For research."),
    "paragraph": (FIRST.replace("- none", "- none\n\nNo dogs either."), "No dogs either."),
    "at the top": (FIRST.replace("# made", "> Retracted.\n\n# made"), "> Retracted."),
    "a fence": (FIRST + "\n## Use\n\n```python\n# made\n\n## Splits\n```\n", "```python\n# made\n\n## Splits\n```"),
    "a fence that does not end": (FIRST + "\n## Use\n\n```\nopen\n", "open"),
    "underlined": (FIRST + "\nErrata\n======\n\nRow 7\n", "Errata\n======"),
    "a comment": (FIRST + "\n<!-- first\n\nsecond -->\n", "<!-- first\n\nsecond -->"),
    "comments in the header": (FIRST.replace("license:", "# by our lawyer\nlicense:"), "# by our lawyer"),
    "the end of a line": (FIRST.replace("---\n", "---\nviewer: false  # too slow\n", 1), "viewer: false  # too slow"),
    "windows": (f"{FIRST}\n## Errata\n\nRow 7 is wrong.\n".replace("\n", "\r\n"), "## Errata\n\nRow 7 is wrong."),
    "a byte order mark": ("\ufeff" + FIRST + "\n## Errata\n\nRow 7\n", "Row 7"),
    "another language": (FIRST + "\n## 勘误\n\n第七行错误。\n", "第七行错误。"),
    "a nicer name": (FIRST.replace("pretty_name: made", "pretty_name: The Garden"), "pretty_name: The Garden"),
    "another license": (FIRST.replace("license: cc0-1.0", "license: cc-by-4.0"), "license: cc-by-4.0"),
    "a configuration": (
        FIRST.replace("configs:\n", "configs:\n- config_name: raw\n  data_files: raw/*.parquet\n"),
        "config_name: raw",
    ),
    "no header": ("# By hand\n\nextra text\n", "extra text"),
    "an empty header": ("---\n---\nextra text\n", "extra text"),
    "in one line": ("---\n{viewer: false, tags: [x]}\n---\n", "viewer: false"),
    "anchors": ("---\na: &x [1]\nb: *x\n---\n", "a: &x [1]\nb: *x"),
    "without our list": (
        "\n".join(line for line in FIRST.splitlines() if "<!--" not in line) + "\n## Errata\n\nRow 7 is wrong.\n",
        "Row 7 is wrong.",
    ),
    "an earlier version": (OURS + "\n## Errata\n\nRow 7 is wrong.\n", "Row 7 is wrong."),
}


@pytest.mark.parametrize("what", BY_HAND)
def test_what_was_written_by_hand_is_kept(what: str) -> None:
    there, wanted = BY_HAND[what]
    card = merged(NEW, there)
    assert wanted in card.text and card.kept
    assert "| train | 10 |" in card.text and "| train | 9 |" not in card.text
    header = yaml.safe_load(card.text.split("---\n")[1])
    assert header["size_categories"] == ["1K<n<10K"]
    assert header["configs"][0]["data_files"][0]["path"] == "train-*.parquet"
    assert merged(NEW, card.text).text == card.text
    assert wanted in merged(OURS, card.text).text


def test_nothing_by_hand_nothing_kept() -> None:
    assert merged(OURS, FIRST).text == FIRST and merged(OURS, FIRST).kept == ()
    assert merged(NEW, FIRST).text == merged(NEW, None).text and merged(NEW, OURS).text == merged(NEW, None).text


def test_sections_stay_where_they_were() -> None:
    text = merged(NEW, BY_HAND["between"][0]).text
    assert text.index("a step") < text.index("For research.") < text.index("- none")


def test_examples_keep_nothing_of_records_that_may_be_gone() -> None:
    there = FIRST.replace("a step\n", "a step of a page that was taken down\n")
    assert "taken down" not in merged(NEW, there).text


def test_a_key_that_is_not_measured_any_more_goes() -> None:
    named = OURS.replace("license: cc0-1.0", "license: other\nlicense_name: mine")
    assert "license_name" not in merged(OURS, merged(named, None).text).text


@pytest.mark.parametrize("header", ["a: [", "just words", "- a\n- b"])
def test_a_header_that_cannot_be_read(header: str) -> None:
    with pytest.raises(LeafError, match=r"README\.md: the header of the card over there .*fix it there"):
        merged(OURS, f"---\n{header}\n---\n# x\n")


def test_the_titles_are_those_of_the_card() -> None:
    from pathlib import Path

    import leafinstruct.shard.card.render as render

    source = Path(render.__file__).read_text(encoding="utf-8")
    assert all(f'"{title}"' in source for title in SECTIONS)
