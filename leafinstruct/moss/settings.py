"""The settings of a training, and its report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from msgspec import Meta

from leafinstruct.errors import LeafError
from leafinstruct.moss.config import check_variant
from leafinstruct.settings import Count, Positive, Share

TINY = ("tiny", "tiny-continuous")
PRECISIONS = ("float32", "bfloat16")
TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_POSITIVE = ("r", "kernel", "steps", "batch", "hidden", "layers", "grid", "patch", "codes", "threads")


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """Settings of a training. Defaults suit a hundred records on a laptop's CPU: two minutes.

    `model`: `tiny`, `tiny-continuous`, or an Emu3 or Chameleon checkpoint by hub id or folder; `hidden` to `codes`
    apply to the tiny ones. Images become grid x grid patches of patch x patch pixels: 64 tokens each. `context` is in
    tokens (of a tiny model: a byte of text each). `packed` fills every row of a batch with as many windows as fit in
    `context`, so that all steps have the same number of tokens. `held_out` rows of validation (then test) are used for
    validation and pairing: 60 gave z above 10 on good shards. Every `validate_every` steps they are validated in
    between, and every `checkpoint_every` steps all that resuming needs is written (0: never).
    """

    variant: str = "moss"
    r: Positive = 8
    image_r: Count = 0
    alpha: float = 16.0
    dropout: Share = 0.0
    kernel: Positive = 2
    target_modules: tuple[str, ...] = TARGETS
    model: str = "tiny"
    precision: Literal["float32", "bfloat16"] = "float32"
    gradient_checkpointing: bool = False
    steps: Positive = 60
    batch: Positive = 6
    packed: bool = False
    learning_rate: Annotated[float, Meta(gt=0)] = 5e-3
    warmup: Count = 10
    clip: Annotated[float, Meta(gt=0)] = 1.0
    context: Positive = 1024
    hidden: Positive = 128
    layers: Positive = 3
    grid: Positive = 8
    patch: Positive = 4
    codes: Positive = 256
    held_out: Count = 60
    validate_every: Count = 0
    checkpoint_every: Count = 0
    samples: Count = 3
    temperature: Annotated[float, Meta(ge=0)] = 0.7
    seed: int = 0
    threads: Positive = 1

    def __post_init__(self) -> None:
        check_variant(self.variant)
        for name in _POSITIVE:
            if getattr(self, name) < 1:
                raise LeafError(f"train: {name} is {getattr(self, name)}; it must be 1 or more")
        if self.hidden % 4:
            raise LeafError(f"train: hidden is {self.hidden}; it must be a multiple of 4")
        if self.model in TINY and self.context < 2 * (self.grid**2 + 4):
            raise LeafError(f"train: context {self.context} is too short for images of {self.grid**2} tokens; raise it")
        if self.precision not in PRECISIONS:
            raise LeafError(f"train: precision {self.precision!r}: use one of {', '.join(PRECISIONS)}")


@dataclass(frozen=True, slots=True)
class TrainReport:
    """The outcome of a training. Losses are of the assistant's tokens only, text (nats) and image (`image_unit`)
    separately, None without such tokens: `first` of the first step, `last` the mean of the last 10, `validation` after
    training. `data` has the counts of each split (SplitCounts), `windows_trained` distinct windows at most,
    `tokens_trained` with repeats and padding. `samples` are paths within the folder, `codebook` (of model `tiny`) has
    `mean_error` (0 to 255), and `free_running` (of model `tiny-continuous`) squared errors with true and own images fed
    in."""

    model: str
    variant: str
    steps: int
    seconds: float
    seconds_per_step: float
    trainable_parameters: int
    adapter_parameters: int
    total_parameters: int
    image_unit: str
    first: dict[str, float | None]
    last: dict[str, float | None]
    validation: dict[str, float | None]
    pairing: dict[str, float | int | None]
    data: dict[str, dict[str, Any]]
    windows_trained: int
    tokens_trained: int
    codebook: dict[str, float | int] | None
    free_running: dict[str, float | int] | None
    samples: list[str]
    config: dict[str, Any]
