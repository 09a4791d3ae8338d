"""Where each image token stands in its image, and which tokens a causal convolution reads for it.

The convolution is a table of indices, not a reshape: several images in a row, padding and unfinished images are all
the same code, and that no tap looks ahead can be read off the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

Offsets = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class ImageTokens:
    """Which ids are image tokens (`first` to `first + count - 1`), and the grid of patches every image has."""

    first: int
    count: int
    rows: int
    columns: int

    @property
    def size(self) -> int:
        """Tokens of one image."""
        return self.rows * self.columns


@dataclass(frozen=True, slots=True)
class Places:
    """The M image tokens of a batch, ordered by time, then by row of the batch. All tensors int64, shape [M].

    `batch` and `time` index into input_ids; `image` numbers the images of the batch; `row` and `column` are in patches.
    """

    batch: torch.Tensor
    time: torch.Tensor
    image: torch.Tensor
    row: torch.Tensor
    column: torch.Tensor


def corner(kernel: int) -> list[tuple[int, int]]:
    """Offsets (rows up, columns left) of a kernel x kernel window whose bottom-right tap is the token itself.

    The token itself comes first. Only up and left: the raster-causal kernel of MoSS, section 4.3.
    """
    return [(up, left) for up in range(kernel) for left in range(kernel)]


def find_places(input_ids: torch.Tensor, layout: ImageTokens) -> Places:
    """Places of the image tokens in input_ids [batch, time].

    A run of image tokens is cut into images of `layout.size` tokens; the last one may be unfinished. A sequence must
    therefore not begin in the middle of an image.
    """
    import torch

    is_image = (input_ids >= layout.first) & (input_ids < layout.first + layout.count)
    time = torch.arange(input_ids.shape[1], device=input_ids.device).expand_as(input_ids)
    before = torch.nn.functional.pad(is_image, (1, 0))[:, :-1]
    run_start = torch.where(is_image & ~before, time, 0).cummax(dim=1).values
    in_run = time - run_start
    image = (is_image & (in_run % layout.size == 0)).flatten().cumsum(0).view_as(input_ids) - 1
    when, which = is_image.T.nonzero(as_tuple=True)
    place = in_run[which, when] % layout.size
    return Places(which, when, image[which, when], place // layout.columns, place % layout.columns)


def neighbour_table(places: Places, offsets: Offsets, layout: ImageTokens) -> torch.Tensor:
    """For each offset and image token the index (into `places`) of the token there, or M where the image ends.

    Shape [len(offsets), M], int64. ValueError if an offset points at a token that comes later in raster order.
    """
    import torch

    ahead = [(up, left) for up, left in offsets if up < 0 or (up == 0 and left < 0)]
    if ahead:
        raise ValueError(f"offsets {ahead} read tokens that come later: the convolution would leak the answer")
    count = len(places.image)
    images = int(places.image.max()) + 1 if count else 0
    index_at = torch.full((images * layout.size,), count, device=places.image.device)
    start = places.image * layout.size
    index_at[start + places.row * layout.columns + places.column] = torch.arange(count, device=places.image.device)
    taps = []
    for up, left in offsets:
        row, column = places.row - up, places.column - left
        inside = (row >= 0) & (column >= 0) & (column < layout.columns)
        taps.append(torch.where(inside, index_at[torch.where(inside, start + row * layout.columns + column, 0)], count))
    return torch.stack(taps)
