"""The neighbor table against a plain reading of the grid, and its refusal to look ahead."""

from __future__ import annotations

import pytest

from leafinstruct.moss.neighbors import (
    ImageTokenPositions,
    ImageTokens,
    corner,
    find_positions,
    neighbor_table,
    raster_table,
)

torch = pytest.importorskip("torch")
LAYOUT = ImageTokens(first=10, count=5, rows=2, columns=3)
# One whole image, text, two images without a text between them, the second unfinished; and a row that is all text.
IDS = [[1, 10, 11, 12, 13, 14, 10, 2, 11, 11, 11, 11, 11, 11, 12, 12, 12, 12], [1] * 18, [10] * 6 + [3] * 12]


def by_hand(places: ImageTokenPositions, offsets: list[tuple[int, int]], columns: int) -> list[list[int]]:
    tokens = [(i, *divmod(p, columns)) for i, p in zip(places.image.tolist(), places.raster.tolist(), strict=True)]
    index = {token: i for i, token in enumerate(tokens)}
    return [[index.get((i, r - up, c - left), len(tokens)) for i, r, c in tokens] for up, left in offsets]


def test_places_number_images_and_cut_runs() -> None:
    places = find_positions(torch.tensor(IDS), LAYOUT)
    found = sorted(zip(*(t.tolist() for t in (places.batch, places.time, places.image)), strict=True))
    assert [f[:2] for f in found] == [(0, t) for t in range(1, 7)] + [(0, t) for t in range(8, 18)] + [
        (2, t) for t in range(6)
    ]
    assert [f[2] for f in found] == [0] * 6 + [1] * 6 + [2] * 4 + [3] * 6
    order = list(zip(places.time.tolist(), places.batch.tolist(), strict=True))
    assert order == sorted(order)


@pytest.mark.parametrize("kernel", [1, 2, 3])
def test_table_is_the_grid_and_never_looks_ahead(kernel: int) -> None:
    places = find_positions(torch.tensor(IDS), LAYOUT)
    table = neighbor_table(places, corner(kernel), LAYOUT)
    assert table.tolist() == by_hand(places, corner(kernel), LAYOUT.columns)
    own = torch.arange(len(places.image))
    assert table[0].equal(own)
    outside = table == len(own)
    assert (outside | (table <= own)).all()
    assert outside.any() or kernel == 1


def test_top_right_is_allowed_and_stays_in_its_row() -> None:
    places = find_positions(torch.tensor(IDS), LAYOUT)
    offsets = [(0, 0), (1, -1)]
    assert neighbor_table(places, offsets, LAYOUT).tolist() == by_hand(places, offsets, LAYOUT.columns)


@pytest.mark.parametrize("offset", [(0, -1), (-1, 0), (-1, 1)])
def test_offset_that_looks_ahead_is_refused(offset: tuple[int, int]) -> None:
    places = find_positions(torch.tensor(IDS), LAYOUT)
    with pytest.raises(ValueError, match="later"):
        neighbor_table(places, [(0, 0), offset], LAYOUT)


def test_no_image_gives_an_empty_table() -> None:
    places = find_positions(torch.tensor([[1, 2]]), LAYOUT)
    assert neighbor_table(places, corner(2), LAYOUT).shape == (4, 0)


@pytest.mark.parametrize("length", [1, 4])
def test_raster_taps_cross_rows_and_not_images(length: int) -> None:
    places = find_positions(torch.tensor(IDS), LAYOUT)
    tokens = list(zip(places.image.tolist(), places.raster.tolist(), strict=True))
    index = {token: i for i, token in enumerate(tokens)}
    expected = [[index.get((i, p - back), len(tokens)) for i, p in tokens] for back in range(length)]
    assert raster_table(places, length, LAYOUT).tolist() == expected


def test_ends_of_rows_stand_between_the_tokens_of_an_image() -> None:
    """As Emu3 writes an image: an end-of-line token after every row, then text."""
    layout = ImageTokens(first=10, count=5, rows=2, columns=3, row_end=9)
    ids = [[1, 10, 11, 12, 9, 13, 14, 10, 9, 2, 11, 11, 11, 9, 12, 9, 9, 9]]
    places = find_positions(torch.tensor(ids), layout)
    assert places.image.tolist() == [0] * 6 + [1] * 4
    assert places.raster.tolist() == [0, 1, 2, 3, 4, 5, 0, 1, 2, 3]
    assert neighbor_table(places, [(1, 0)], layout).tolist() == [[10, 10, 10, 0, 1, 2, 10, 10, 10, 6]]
    assert layout.span == 8
