"""The position of each image token in its image, and the tokens that a causal convolution reads for it.

The convolution is a table of indices, not a reshape: several images in a row, padding and unfinished images all use the
same code, and the table shows that no tap looks ahead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

Offset = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ImageTokens:
    """Which ids are image tokens (`first` to `first + count - 1`), and the grid of patches that every image has.
    `row_end` is an id that may occur between the tokens of an image without ending it (Emu3's end of line); it is not
    an image token."""

    first: int
    count: int
    rows: int
    columns: int
    row_end: int | None = None

    @property
    def size(self) -> int:
        """Image tokens of one image."""
        return self.rows * self.columns

    @property
    def span(self) -> int:
        """Tokens from an image's first to its last, row ends included."""
        return self.size + (self.rows if self.row_end is not None else 0)


@dataclass(frozen=True, slots=True)
class ImageTokenPositions:
    """The M image tokens of a batch, ordered by time, then by row of the batch. All tensors int64 [M].

    `batch` and `time` index into input_ids; `image` numbers the images of the batch, row by row; `raster` counts the
    tokens of its image before it.
    """

    batch: torch.Tensor
    time: torch.Tensor
    image: torch.Tensor
    raster: torch.Tensor


def corner(kernel: int) -> list[Offset]:
    """Offsets (rows up, columns left) of a kernel x kernel window whose bottom-right tap is the token itself.

    The token itself comes first. Only up and left: the raster-causal kernel of MoSS, section 4.3. A tap beyond the
    image's border reads zero.
    """
    return [(up, left) for up in range(kernel) for left in range(kernel)]


def find_positions(input_ids: torch.Tensor, layout: ImageTokens) -> ImageTokenPositions:
    """Positions of the image tokens in input_ids [batch, time].

    A run of image tokens is cut into images of `layout.size` tokens; the last one may be unfinished. A sequence must
    therefore not begin in the middle of an image.
    """
    import torch

    is_image = (input_ids >= layout.first) & (input_ids < layout.first + layout.count)
    so_far = is_image.cumsum(dim=1)
    breaks = ~is_image if layout.row_end is None else ~is_image & (input_ids != layout.row_end)
    raster = so_far - torch.where(breaks, so_far, 0).cummax(dim=1).values - 1
    image = (is_image & (raster % layout.size == 0)).flatten().cumsum(0).view_as(input_ids) - 1
    when, which = is_image.T.nonzero(as_tuple=True)
    return ImageTokenPositions(which, when, image[which, when], raster[which, when] % layout.size)


def neighbor_table(places: ImageTokenPositions, offsets: Sequence[Offset], layout: ImageTokens) -> torch.Tensor:
    """For each offset and image token the index (into `places`) of the token there, or M outside the image.

    Shape [len(offsets), M], int64. Raises ValueError if an offset points at a token that comes later in raster order.
    """
    import torch

    ahead = [(up, left) for up, left in offsets if up < 0 or (up == 0 and left < 0)]
    if ahead:
        raise ValueError(f"offsets {ahead} read tokens that come later: the convolution would leak the answer")
    count = len(places.image)
    index_at, start = _index_at(places, layout)
    row, column = places.raster // layout.columns, places.raster % layout.columns
    taps = []
    for up, left in offsets:
        inside = (row - up >= 0) & (column - left >= 0) & (column - left < layout.columns)
        tap = start + places.raster - up * layout.columns - left
        taps.append(torch.where(inside, index_at[torch.where(inside, tap, 0)], count))
    return torch.stack(taps)


def raster_table(places: ImageTokenPositions, length: int, layout: ImageTokens) -> torch.Tensor:
    """Like `neighbor_table`, for taps 0 to length - 1 tokens back in raster order, across row ends: what a 1-D
    convolution reads, which does not know the grid. Shape [length, M], int64."""
    import torch

    index_at, start = _index_at(places, layout)
    back = torch.arange(length, device=places.raster.device).unsqueeze(1)
    inside = places.raster >= back
    return torch.where(inside, index_at[torch.where(inside, start + places.raster - back, 0)], len(places.image))


def _index_at(places: ImageTokenPositions, layout: ImageTokens) -> tuple[torch.Tensor, torch.Tensor]:
    """For each place of each image, end to end, the index of its token (M if it is not written yet); and where each
    token's image starts in that list. Both int64."""
    import torch

    count = len(places.image)
    images = int(places.image.max()) + 1 if count else 0
    index_at = torch.full((max(images, 1) * layout.size,), count, device=places.image.device)
    start = places.image * layout.size
    index_at[start + places.raster] = torch.arange(count, device=places.image.device)
    return index_at, start
