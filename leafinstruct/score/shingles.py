"""Hashes of word n-grams, by which near-duplicates and benchmarks are found."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
KNOWN_WORDS = 500_000
"""Words whose hashes are cached, about 100 bytes each."""


class _Hashes(dict[str, int]):
    """64-bit hashes of words, made on first use."""

    def __missing__(self, word: str) -> int:
        if len(self) >= KNOWN_WORDS:
            self.clear()
        data = word.encode("utf-8", "surrogatepass")
        self[word] = found = int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")
        return found


_hashes = _Hashes()


def shingles(words: Sequence[str], size: int) -> np.ndarray:
    """uint64 [words - size + 1]: a hash of each run of `size` words, the same on every machine; empty if too few."""
    if len(words) < size:
        return np.zeros(0, np.uint64)
    hashes = np.fromiter(map(_hashes.__getitem__, words), np.uint64, len(words))
    total = hashes[: len(words) - size + 1].copy()
    for place in range(1, size):
        total *= MULTIPLIER
        total += hashes[place : place + len(total)]
    return total
