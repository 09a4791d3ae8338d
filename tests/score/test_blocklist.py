from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made import core as made

from leafinstruct.errors import LeafError
from leafinstruct.score.blocklist import DEFAULT_WORDS, Scorer


def scorer(root: Path, **settings: Any) -> Scorer:
    made_one = Scorer(settings)
    made_one.read_files(root)
    return made_one


def score(found: Scorer, text: str = "Fold the sheet.", **more: Any) -> dict[str, Any]:
    (row,) = found.score(made.document("d", [made.text(text)] if text else [], **more))
    return row


def test_listed_words_are_counted_whole_and_in_any_case(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("# not wanted\nGlue # sticky\n\ntape\n")
    own = scorer(tmp_path, word_files=["words.txt"], adult=False)
    row = score(own, "Glue and GLUE, but no glued tapes: porn.")
    assert (row["count"], row["words"]) == (2, 0.25)
    assert score(scorer(tmp_path, word_files=["./words.txt"]), "glue porn")["count"] == 2
    assert score(scorer(tmp_path, adult=False), "glue porn")["count"] == 0
    assert score(own, "")["words"] == 0.0


@pytest.mark.parametrize("language", [("blowjob",), ("fotze",), ("salope",), ("follada",)])
def test_the_built_in_list_speaks_four_languages(language: tuple[str]) -> None:
    assert set(language) <= DEFAULT_WORDS


def test_the_built_in_list_leaves_kitchen_and_body_alone(tmp_path: Path) -> None:
    harmless = "Chicken breast, cock-a-leekie, sex education, a bite of cake, dick, ass, la corrida, un baiser, nude"
    assert score(scorer(tmp_path), harmless)["count"] == 0


@pytest.mark.parametrize(
    ("site", "url", "listed"),
    [
        ("bad.example", "", True),
        ("www.bad.example", "", True),
        ("shop.bad.example", "", True),
        ("notbad.example", "", False),
        ("example", "", False),
        ("", "https://good.example/ads/page?x=1", True),
        ("", "https://good.example/ads", True),
        ("", "https://good.example/adsense/page", False),
        ("owner/repository", "", True),
    ],
)
def test_sites_and_beginnings_of_addresses(tmp_path: Path, site: str, url: str, listed: bool) -> None:
    (tmp_path / "sites.txt").write_text("bad.example\nhttps://good.example/ads/\nowner/repository\n")
    assert score(scorer(tmp_path, site_files=["sites.txt"]), site=site, url=url)["site"] is listed


def test_scores_hang_on_what_lists_hold_not_on_where_they_lie(tmp_path: Path) -> None:
    for name, words in [("a", "glue\ntape"), ("b", "tape\nglue\n"), ("c", "glue")]:
        (tmp_path / name).write_text(words)
    hashes = {name: scorer(tmp_path, word_files=[name]).hash8() for name in "abc"}
    assert hashes["a"] == hashes["b"] != hashes["c"]


def test_a_list_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LeafError, match=r"nowhere\.txt"):
        scorer(tmp_path, word_files=["nowhere.txt"])


def test_a_list_saved_with_a_byte_order_mark_loses_no_entry(tmp_path: Path) -> None:
    (tmp_path / "sites.txt").write_bytes(b"\xef\xbb\xbfa.example\r\nb.example\r\n")
    found = scorer(tmp_path, site_files=["sites.txt"])
    assert [score(found, site=f"{name}.example", url="")["site"] for name in "abc"] == [True, True, False]
