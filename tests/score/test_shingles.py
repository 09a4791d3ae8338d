from __future__ import annotations

from leafinstruct.score.shingles import shingles


def test_runs_of_words_are_equal_exactly_where_the_words_are() -> None:
    words = ["a", "b", "c", "a", "b", "c", "b", "a", "c"]
    found = shingles(words, 3).tolist()
    runs = [tuple(words[i : i + 3]) for i in range(7)]
    assert len(found) == 7
    assert all((found[i] == found[j]) == (runs[i] == runs[j]) for i in range(7) for j in range(7))


def test_hashes_are_the_same_on_every_machine() -> None:
    assert shingles(["fold", "it"], 1).tolist() == [7596641437701240845, 15169487896183239943]


def test_too_few_words_have_none() -> None:
    assert shingles(["fold"], 2).tolist() == shingles([], 1).tolist() == []
