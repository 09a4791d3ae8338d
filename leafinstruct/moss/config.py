"""The adapters by name, the size of each, and the ranks that give two of them the same number of parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from leafinstruct.errors import LeafError, did_you_mean
from leafinstruct.moss.neighbors import ImageTokenPositions, ImageTokens, corner, neighbor_table, raster_table

if TYPE_CHECKING:
    import torch

VARIANTS = {
    "linear": "one LoRA for all tokens",
    "separate": "a LoRA for text tokens and another for image tokens",
    "moss": "text LoRA; image tokens: a kernel x kernel convolution as down-projection",
    "depthwise": "text LoRA; image tokens: a kernel x kernel filter for each input channel, then a LoRA",
    "bottleneck": "text LoRA; image tokens: a LoRA with a convolution in rank space (Conv-LoRA, Zhong et al. 2024)",
    "raster1d": "text LoRA; image tokens: as moss, but its taps are the preceding tokens in raster order (a control)",
}
CONVOLUTIONS = ("moss", "depthwise", "bottleneck", "raster1d")


def check_variant(name: str) -> None:
    """Raises LeafError if there is no adapter of that name."""
    if name not in VARIANTS:
        raise LeafError(f"adapter {name!r}: use one of {', '.join(VARIANTS)}{did_you_mean(name, VARIANTS)}")


@dataclass(frozen=True, slots=True)
class MossConfig:
    """Which adapter, its size, and which layers get it. Text token x: `W x + s B_t A_t x`. Image token at p: `W x_p + s
    B_i z_p`, sums over the taps o, s = alpha / r:

    - `separate`: z_p = A x_p
    - `moss`, `raster1d`: z_p = sum_o A_o x_(p-o)
    - `depthwise`: z_p = A sum_o (f_o * x_(p-o))
    - `bottleneck`: z_p = A x_p + GELU(sum_o K_o A x_(p-o))

    `image_r` is the rank on the image side (0: same as `r`); the scale is the same on both sides, so that another rank
    is another capacity and not another step size. `dropout` acts on the input of A. `target_modules` are last names of
    linear layers in the backbone, as in PEFT, except in submodules named in `exclude_modules`; `modules_to_save` are
    last names of modules trained and saved in full.
    """

    image_tokens: ImageTokens
    variant: str = "moss"
    r: int = 8
    image_r: int = 0
    alpha: float = 16.0
    dropout: float = 0.0
    kernel: int = 2
    target_modules: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
    exclude_modules: tuple[str, ...] = ("vqmodel",)
    modules_to_save: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_variant(self.variant)
        if self.r < 1 or self.kernel < 1 or self.image_r < 0:
            raise LeafError(f"adapter {self.variant}: r is {self.r} and kernel {self.kernel}; both must be 1 or more")
        if not 0 <= self.dropout < 1:
            raise LeafError(f"adapter {self.variant}: dropout is {self.dropout}; it must be 0 or more and below 1")

    @property
    def scale(self) -> float:
        return self.alpha / self.r

    @property
    def image_rank(self) -> int:
        return self.image_r or self.r

    @property
    def taps(self) -> int:
        """Number of tokens that the image side reads for one, itself included."""
        return self.kernel**2 if self.variant in CONVOLUTIONS else 1

    @property
    def reach(self) -> int:
        """Distance of the farthest tap, in tokens back in raster order."""
        if self.variant == "raster1d":
            return self.taps - 1
        return (self.kernel - 1) * (self.image_tokens.columns + 1) if self.taps > 1 else 0

    def table(self, places: ImageTokenPositions) -> torch.Tensor:
        """The tokens that each image token reads, int64 [taps, M], itself first; M for none."""
        if self.variant == "raster1d":
            return raster_table(places, self.taps, self.image_tokens)
        return neighbor_table(places, corner(self.kernel if self.taps > 1 else 1), self.image_tokens)

    def size(self, inputs: int, outputs: int) -> int:
        """Parameters of the adapter of one layer with this many inputs and outputs."""
        text, image, taps = self.r * (inputs + outputs), self.image_rank, self.taps
        if self.variant == "linear":
            return text
        sizes = {
            "separate": image * (inputs + outputs),
            "depthwise": image * (inputs + outputs) + taps * inputs,
            "bottleneck": image * (inputs + outputs) + taps * image**2,
        }
        return text + sizes.get(self.variant, image * (taps * inputs + outputs))


def total_size(config: MossConfig, layers: Sequence[tuple[int, int]]) -> int:
    """Adapter parameters over layers given as (inputs, outputs)."""
    return sum(config.size(*layer) for layer in layers)


def match(config: MossConfig, budget: int, layers: Sequence[tuple[int, int]]) -> MossConfig:
    """The configuration with the largest rank whose adapters have at most `budget` parameters over `layers`: the image
    rank changes and the text rank stays, except for `linear`, which has one rank for both. The scale stays.

    Raises LeafError if not even rank 1 fits.
    """

    def at(rank: int) -> MossConfig:
        if config.variant == "linear":
            return replace(config, r=rank, alpha=config.scale * rank)
        return replace(config, image_r=rank)

    rank = 0
    while total_size(at(rank + 1), layers) <= budget:
        rank += 1
    if not rank:
        raise LeafError(
            f"adapter {config.variant}: {budget} parameters are too few; rank 1 needs {total_size(at(1), layers)}"
        )
    return at(rank)
