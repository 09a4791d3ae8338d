from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from leafinstruct.score.lsh import Forest, SignatureStore


def signatures(seed: int, families: int, members: int, change: float) -> np.ndarray:
    """uint32 [families * members, 32]: members of a family differ from its first in about a share of the values."""
    draw = np.random.default_rng(seed)
    first = draw.integers(0, 2**32, (families, 1, 32), dtype=np.uint32)
    other = draw.integers(0, 2**32, (families, members, 32), dtype=np.uint32)
    rows = np.where(draw.random(other.shape) < change, other, first).reshape(-1, 32)
    return rows[draw.permutation(len(rows))]


def brute(matrix: np.ndarray, similarity: float, bands: int) -> list[int]:
    """Smallest row of each row's cluster, by comparing all pairs."""
    root = list(range(len(matrix)))
    for one, other in combinations(range(len(matrix)), 2):
        same = matrix[one] == matrix[other]
        if same.reshape(bands, -1).all(1).any() and same.mean() >= similarity and root[one] != root[other]:
            low, high = sorted((root[one], root[other]))
            root = [low if r == high else r for r in root]
    return root


def found(folder: Path, matrix: np.ndarray, similarity: float, bands: int = 8, size: int = 50) -> list[int]:
    with SignatureStore(folder, matrix.shape[1], bands) as store:
        for start in range(0, len(matrix), size):
            store.add(matrix[start : start + size])
        return store.clusters(np.arange(len(matrix), dtype=np.int32), similarity).roots().tolist()


@pytest.mark.parametrize("change", [0.0, 0.1, 0.25, 0.4])
@pytest.mark.parametrize("size", [1, 7, 500])
def test_clusters_are_those_of_all_pairs(tmp_path: Path, change: float, size: int) -> None:
    matrix = signatures(int(change * 100), 12, 8, change)
    expected = brute(matrix, 0.5, 8)
    assert found(tmp_path, matrix, 0.5, size=size) == expected
    assert len(set(expected)) < len(matrix)


def test_two_alike_rows_behind_one_another_in_a_bucket_are_found_past_a_third(tmp_path: Path) -> None:
    """The second shares a band with both and is like neither."""
    matrix = np.zeros((3, 32), np.uint32)
    matrix[1, 4:] = 1
    assert found(tmp_path, matrix, 0.9) == [0, 1, 0]


def test_no_rows_and_one_row(tmp_path: Path) -> None:
    assert found(tmp_path, np.zeros((0, 32), np.uint32), 0.5) == []
    assert found(tmp_path, np.zeros((1, 32), np.uint32), 0.5) == [0]


def test_the_root_is_the_smallest_whatever_the_order_of_links() -> None:
    forest = Forest(6)
    for pair in ((5, 4), (2, 3), (4, 3), (1, 1)):
        forest.link(*pair)
    assert forest.roots().tolist() == [0, 1, 2, 2, 2, 2]
