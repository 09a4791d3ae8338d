"""The math of each adapter inside one linear layer: its parameters, and what it adds to the layer's output.

The image side has two steps. `project` depends on a token alone, and is what cached decoding remembers of past tokens;
`mix` reads the projections of a token's taps by the neighbor table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leafinstruct.moss.config import MossConfig

if TYPE_CHECKING:
    import torch


def make_parameters(linear: Any, config: MossConfig) -> torch.nn.ParameterDict:
    """Down-projections [r, in] (with taps: [taps, r, in]) uniform as in LoRA, up-projections [out, r] zero. Taps and
    filters start as a delta, so that training begins as a plain LoRA; the kernel of `bottleneck` is uniform."""
    import torch

    bound = linear.in_features**-0.5  # LoRA's kaiming_uniform_(a=sqrt(5))

    def down(*shape: int) -> torch.Tensor:
        return linear.weight.new_empty(*shape, linear.in_features).uniform_(-bound, bound)

    def up(rank: int) -> torch.Tensor:
        return linear.weight.new_zeros(linear.out_features, rank)

    if config.variant == "linear":
        return torch.nn.ParameterDict({"down": down(config.r), "up": up(config.r)})
    taps, rank = config.taps, config.image_rank
    made = {"text_down": down(config.r), "text_up": up(config.r), "image_up": up(rank)}
    if config.variant in ("depthwise", "bottleneck"):
        made["image_down"] = down(rank)
        kernel = linear.weight.new_zeros(taps, linear.in_features)
        kernel[0] = 1
        if config.variant == "bottleneck":
            kernel = linear.weight.new_empty(taps, rank, rank).uniform_(-1, 1) * (taps * rank) ** -0.5
        made["image_kernel"] = kernel
    else:
        made["image_down"] = down(taps, rank)
        made["image_down"][1:] = 0
    return torch.nn.ParameterDict(made)


def low_rank(x: torch.Tensor, down: torch.Tensor, up: torch.Tensor) -> torch.Tensor:
    """`up down x` for x [n, in]: a LoRA without its scale, [n, out]."""
    from torch.nn.functional import linear

    return linear(linear(x, down), up)


def project(moss: Any, variant: str, x: torch.Tensor) -> torch.Tensor:
    """What taps read of image tokens x [n, in]: [n, taps, r], `depthwise` [n, in], `bottleneck` [n, r]."""
    from torch.nn.functional import linear

    if variant == "depthwise":
        return x
    if variant == "bottleneck":
        return linear(x, moss["image_down"])
    taps, rank, width = moss["image_down"].shape
    return linear(x, moss["image_down"].view(taps * rank, width)).view(-1, taps, rank)


def mix(moss: Any, variant: str, projected: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    """What the image side adds for each of n tokens, [n, out]. `projected` holds N tokens; table [taps, n] holds the
    index of each tap in them, N outside the image."""
    import torch
    from torch.nn.functional import gelu, linear

    taps = len(table)
    if taps == 1:  # no neighbor is read: the table picks each token itself
        return linear(projected[table[0]].squeeze(1), moss["image_up"])
    padded = torch.cat([projected, projected.new_zeros(1, *projected.shape[1:])])  # "outside" is this zero row
    if variant == "depthwise":
        filtered = sum(padded.index_select(0, table[tap]) * moss["image_kernel"][tap] for tap in range(taps))
        return low_rank(filtered, moss["image_down"], moss["image_up"])
    if variant == "bottleneck":
        read = padded.index_select(0, table.T.flatten()).view(table.shape[1], -1)
        kernel = moss["image_kernel"].transpose(0, 1).flatten(1)
        return linear(projected.index_select(0, table[0]) + gelu(linear(read, kernel)), moss["image_up"])
    rows = padded.view(-1, padded.shape[-1])
    columns = torch.arange(taps, device=table.device).unsqueeze(1)
    read = rows.index_select(0, (table * taps + columns).flatten()).view(taps, table.shape[1], -1)
    return linear(read.sum(0), moss["image_up"])
