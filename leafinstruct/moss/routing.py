"""Which token goes through which adapter: decided once per pass from `input_ids`, before the backbone runs.

Also what cached decoding needs besides keys and values. It is attached to the key-value cache itself, so that stock
`generate()` finds it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from leafinstruct.errors import LeafError
from leafinstruct.moss.config import MossConfig
from leafinstruct.moss.neighbors import ImageTokenPositions, find_positions

if TYPE_CHECKING:
    import torch

_PAST = "moss_past"  # attribute of a key-value cache


@dataclass(slots=True)
class ConvolutionCache:
    """What a convolution must remember: the ids so far [batch, time]; which image tokens (indices in
    `ImageTokenPositions`) a later token may still read, sorted; and for each adapted layer their projections, one row
    each."""

    ids: torch.Tensor
    kept: torch.Tensor
    projected: dict[str, torch.Tensor] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """One forward pass: flat positions (batch * time) of text and image tokens, the place of each flat position in the
    concatenation of both, the neighbor table of its image tokens, whose indices count remembered tokens first, and
    (with a cache) which of remembered and new tokens to remember after it. All int64."""

    text: torch.Tensor
    image: torch.Tensor
    back: torch.Tensor
    table: torch.Tensor
    keep: torch.Tensor | None = None


@dataclass(slots=True)
class Routing:
    """What the hook before the backbone passes to the hooks on its linear layers."""

    config: MossConfig
    enabled: bool = True
    route: Route | None = None
    cache: ConvolutionCache | None = None

    def begin(self, input_ids: torch.Tensor, past: Any) -> None:
        """Route a pass over input_ids [batch, time] that continue `past`, a key-value cache of transformers or None.

        Raises LeafError if the cache holds tokens whose projections were not remembered.
        """
        import torch

        layout, seen_before = self.config.image_tokens, 0 if past is None else past.get_seq_length()
        self.cache = None if past is None else _remembered(past, seen_before, input_ids)
        seen = input_ids if self.cache is None else torch.cat([self.cache.ids, input_ids], dim=1)
        places = find_positions(seen, layout)
        table = self.config.table(places)
        if self.cache is None:
            self.route = make_route(input_ids, places, table)
            return
        route = make_route(input_ids, places, table, seen_before)
        new = (places.time >= seen_before).nonzero().squeeze(1)
        held = torch.cat([self.cache.kept, new])
        local = torch.full((len(places.time) + 1,), len(held), device=held.device)
        local[held] = torch.arange(len(held), device=held.device)
        keep = _readable(places, layout.size, self.config.reach)[held]
        self.route = Route(route.text, route.image, route.back, local[route.table], keep.nonzero().squeeze(1))
        self.cache.ids, self.cache.kept = seen, held[keep]


def _remembered(past: Any, length: int, input_ids: torch.Tensor) -> ConvolutionCache:
    """The convolution cache of a key-value cache of that length; an empty one gets a new one."""
    import torch

    if length == 0:
        kept = torch.empty(0, dtype=torch.long, device=input_ids.device)
        setattr(past, _PAST, ConvolutionCache(input_ids[:, :0], kept))
        past.reorder_cache = _no_reordering
    cache: ConvolutionCache | None = getattr(past, _PAST, None)
    if cache is None or cache.ids.shape != (len(input_ids), length):
        raise LeafError(
            "MoSS convolves over earlier tokens, which this key-value cache does not hold: "
            "begin with an empty cache of your own (past_key_values=DynamicCache()), or pass use_cache=False"
        )
    return cache


def _no_reordering(*_: object) -> None:
    raise LeafError("MoSS adapters cannot decode by beam search, which reorders the batch: use num_beams=1")


def _readable(places: ImageTokenPositions, size: int, far: int) -> torch.Tensor:
    """Bool [M]: whether a later token, at most `far` tokens on in the same image, may read this one."""
    import torch

    if not len(places.image):
        return torch.zeros(0, dtype=torch.bool, device=places.image.device)
    ends = torch.zeros(int(places.image.max()) + 1, dtype=torch.long, device=places.image.device)
    ends.scatter_reduce_(0, places.image, places.raster, "amax")
    end = ends[places.image]
    newest = torch.zeros(int(places.batch.max()) + 1, dtype=torch.long, device=places.image.device)
    newest.scatter_reduce_(0, places.batch, places.image, "amax")
    return (places.image == newest[places.batch]) & (end < size - 1) & (places.raster > end - far)


def make_route(input_ids: torch.Tensor, places: ImageTokenPositions, table: torch.Tensor, past: int = 0) -> Route:
    """The route of the tokens in input_ids, the last of a sequence whose first `past` tokens were passed before."""
    import torch

    batch, time = input_ids.shape
    image = places.batch * time + places.time
    if past:
        now = places.time >= past
        image, table = places.batch[now] * time + places.time[now] - past, table[:, now]
    is_text = torch.ones(batch * time, dtype=torch.bool, device=input_ids.device)
    is_text[image] = False
    text = is_text.nonzero().squeeze(1)
    back = torch.empty(batch * time, dtype=torch.long, device=input_ids.device)
    back[torch.cat([text, image])] = torch.arange(batch * time, device=input_ids.device)
    return Route(text, image, back, table)
