"""MoSS adapters: their configuration, how they get into a model's linear layers, and how they are saved and loaded.

Plain torch hooks, no wrapper classes: the base model keeps its class, its weights' names and its `forward`. One hook
before the backbone reads `input_ids` and routes each token; a hook on each linear layer adds that token's adapter.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leafinstruct.document import LeafError
from leafinstruct.moss.neighbours import ImageTokens, Places, corner, find_places, neighbour_table

if TYPE_CHECKING:
    import torch

VARIANTS = ("linear", "separate", "moss")
WEIGHTS_FILE, CONFIG_FILE = "adapter_model.safetensors", "adapter_config.json"


def check_variant(name: str) -> None:
    """LeafError if there is no adapter of that name."""
    if name not in VARIANTS:
        raise LeafError(f"adapter {name!r}: use one of {', '.join(VARIANTS)}")


@dataclass(frozen=True, slots=True)
class MossConfig:
    """`linear`: one LoRA for all tokens. `separate`: one for text tokens, one for image tokens. `moss`: linear for
    text tokens, and for image tokens a kernel x kernel convolution in the down-projection.

    Text token x: `W x + s B_t A_t x`. Image token at p: `W x_p + s B_i sum_o A_o x_(p-o)`, o over the offsets up and
    left, s = alpha / r. `target_modules` are last names of linear layers in the backbone; `modules_to_save` are last
    names of modules trained and saved whole.
    """

    image_tokens: ImageTokens
    variant: str = "moss"
    r: int = 8
    alpha: float = 16.0
    kernel: int = 2
    target_modules: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
    modules_to_save: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_variant(self.variant)
        if self.r < 1 or self.kernel < 1:
            raise LeafError(f"adapter {self.variant}: r is {self.r} and kernel {self.kernel}; both must be 1 or more")

    @property
    def scale(self) -> float:
        return self.alpha / self.r

    @property
    def offsets(self) -> list[tuple[int, int]]:
        """Taps of the image tokens' down-projection; a separate linear LoRA is a kernel of one tap."""
        return corner(self.kernel if self.variant == "moss" else 1)


@dataclass(slots=True)
class ConvolutionCache:
    """What cached decoding must remember beside keys and values: the ids so far [batch, time], and for each adapted
    layer the projected image tokens [M, taps, r] of the past."""

    ids: torch.Tensor | None = None
    projected: dict[str, torch.Tensor] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """One forward pass: flat positions (batch * time) of text and image tokens, where each flat position stands in
    the concatenation of both, and the neighbour table of its image tokens."""

    text: torch.Tensor
    image: torch.Tensor
    back: torch.Tensor
    table: torch.Tensor


@dataclass(slots=True)
class Routing:
    """What the hook before the backbone tells the hooks on its linear layers."""

    config: MossConfig
    route: Route | None = None
    cache: ConvolutionCache | None = None

    def begin(self, input_ids: torch.Tensor, past: int) -> None:
        """Route a pass over input_ids [batch, time] that follow `past` tokens held in a key-value cache."""
        import torch

        seen = input_ids
        if past:
            if self.cache is None or self.cache.ids is None or self.cache.ids.shape[1] != past:
                raise LeafError(
                    "MoSS convolves over earlier tokens: pass use_cache=False, or decode inside decoding(model)"
                )
            seen = torch.cat([self.cache.ids, input_ids], dim=1)
        if self.cache is not None:
            self.cache.ids = seen
        places = find_places(seen, self.config.image_tokens)
        table = neighbour_table(places, self.config.offsets, self.config.image_tokens)
        self.route = make_route(input_ids, places, table, past)


def make_route(input_ids: torch.Tensor, places: Places, table: torch.Tensor, past: int) -> Route:
    """The route of the tokens in input_ids, the last of a sequence whose first `past` tokens were passed before."""
    import torch

    batch, time = input_ids.shape
    now = places.time >= past
    image = places.batch[now] * time + places.time[now] - past
    is_text = torch.ones(batch * time, dtype=torch.bool, device=input_ids.device)
    is_text[image] = False
    text = is_text.nonzero().squeeze(1)
    back = torch.empty(batch * time, dtype=torch.long, device=input_ids.device)
    back[torch.cat([text, image])] = torch.arange(batch * time, device=input_ids.device)
    return Route(text, image, back, table[:, now])


def inject(model: torch.nn.Module, config: MossConfig) -> torch.nn.Module:
    """Add adapters to a causal LM of transformers, in place: all else is frozen but `modules_to_save`.

    Adapters start as nothing (the up-projection is zero) and the kernel as a delta. LeafError if the model has
    adapters already or no layer has a name of `target_modules`.
    """
    if hasattr(model, "moss_routing"):
        raise LeafError("the model has MoSS adapters already: inject into a fresh model")
    model.requires_grad_(False)
    backbone: Any = model.base_model
    routing = Routing(config)
    found = [(name, m) for name, m in backbone.named_modules() if name.rpartition(".")[2] in config.target_modules]
    if not found:
        raise LeafError(f"no layer of the model is named {', '.join(config.target_modules)}: set target_modules")
    for name, linear in found:
        linear.add_module("moss", _parameters(linear, config))
        linear.register_forward_hook(_layer_hook(name, routing))
    for name, module in model.named_modules():
        if name.rpartition(".")[2] in config.modules_to_save:
            module.requires_grad_(True)
    backbone.register_forward_pre_hook(_backbone_hook(routing), with_kwargs=True)
    model.moss_routing = routing  # type: ignore[assignment]
    return model


def routing_of(model: torch.nn.Module) -> Routing:
    """The routing of an injected model; LeafError if it has no adapters."""
    routing = getattr(model, "moss_routing", None)
    if not isinstance(routing, Routing):
        raise LeafError("the model has no MoSS adapters: call inject(model, config) first")
    return routing


@contextmanager
def decoding(model: torch.nn.Module) -> Iterator[None]:
    """Within it, passes with a key-value cache see the convolution's past too; one sequence (or batch) per block.

    The order of the batch must stay: no beam search.
    """
    routing = routing_of(model)
    routing.cache = ConvolutionCache()
    try:
        yield
    finally:
        routing.cache = None


def merge(model: torch.nn.Module) -> None:
    """Always LeafError: routing goes by token and the convolution mixes positions, so no one matrix holds both."""
    raise LeafError(f"adapter {routing_of(model).config.variant}: MoSS adapters cannot be merged into the weights")


def _parameters(linear: Any, config: MossConfig) -> torch.nn.Module:
    """Down-projections [r, in] (image: [taps, r, in]) uniform as LoRA's, up-projections [out, r] zero."""
    import torch

    bound = linear.in_features**-0.5  # LoRA's kaiming_uniform_(a=sqrt(5))

    def down(*taps: int) -> torch.Tensor:
        return linear.weight.new_empty(*taps, config.r, linear.in_features).uniform_(-bound, bound)

    def up() -> torch.Tensor:
        return linear.weight.new_zeros(linear.out_features, config.r)

    if config.variant == "linear":
        return torch.nn.ParameterDict({"down": down(), "up": up()})
    image_down = down(len(config.offsets))
    image_down[1:] = 0
    return torch.nn.ParameterDict({"text_down": down(), "text_up": up(), "image_down": image_down, "image_up": up()})


def _backbone_hook(routing: Routing) -> Any:
    def before(_module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        input_ids = kwargs.get("input_ids", args[0] if args else None)
        if input_ids is None:
            raise LeafError("MoSS routes tokens by input_ids: call the model with input_ids, not inputs_embeds")
        past = kwargs.get("past_key_values")
        if routing.config.variant != "linear":
            routing.begin(input_ids, past.get_seq_length() if past is not None else 0)

    return before


def _layer_hook(name: str, routing: Routing) -> Any:
    def after(linear: Any, args: tuple[Any, ...], output: torch.Tensor) -> torch.Tensor:
        # Parameters are read from the module, not closed over: a deep copy of the model then uses its own.
        flat = args[0].reshape(-1, args[0].shape[-1])
        add = (
            _shared(linear.moss, flat)
            if routing.config.variant == "linear"
            else _routed(linear.moss, flat, name, routing)
        )
        return output + routing.config.scale * add.view_as(output)

    return after


def _shared(moss: Any, flat: torch.Tensor) -> torch.Tensor:
    from torch.nn.functional import linear

    return linear(linear(flat, moss["down"]), moss["up"])


def _routed(moss: Any, flat: torch.Tensor, name: str, routing: Routing) -> torch.Tensor:
    import torch
    from torch.nn.functional import linear

    route = routing.route
    if route is None or len(route.back) != len(flat):
        raise RuntimeError(f"{name}: called outside a forward pass of the backbone")
    text = linear(linear(flat.index_select(0, route.text), moss["text_down"]), moss["text_up"])
    if routing.cache is not None and not len(route.image):
        return text  # most steps of decoding
    taps, r, width = moss["image_down"].shape
    projected = linear(flat.index_select(0, route.image), moss["image_down"].view(taps * r, width)).view(-1, taps, r)
    if routing.cache is not None:
        past = routing.cache.projected.get(name)
        projected = projected if past is None else torch.cat([past, projected])
        routing.cache.projected[name] = projected
    padded = torch.cat([projected, projected.new_zeros(1, taps, r)])  # the table's "outside" is this zero row
    image = sum(
        (padded[:, tap].index_select(0, route.table[tap]) for tap in range(1, taps)),
        start=padded[:, 0].index_select(0, route.table[0]),
    )
    return torch.cat([text, linear(image, moss["image_up"])]).index_select(0, route.back)


def adapter_state(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """All that training changes, by name: adapters and modules to save."""
    saved = routing_of(model).config.modules_to_save
    return {
        name: value
        for name, value in model.state_dict().items()
        if ".moss." in name or any(part in saved for part in name.split("."))
    }


def save_pretrained(model: torch.nn.Module, folder: Path) -> None:
    """Write `adapter_model.safetensors` and `adapter_config.json`, whose `peft_type` MOSS keeps PEFT from reading it as
    plain LoRA."""
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    state = {name: value.detach().clone().contiguous() for name, value in adapter_state(model).items()}
    (folder / WEIGHTS_FILE).write_bytes(save(state, metadata={"format": "pt"}))
    config = {"peft_type": "MOSS", **asdict(routing_of(model).config)}
    (folder / CONFIG_FILE).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def load_config(folder: Path) -> MossConfig:
    """The configuration in a folder; LeafError if the file is missing or not ours."""
    file = folder / CONFIG_FILE
    if not file.is_file():
        raise LeafError(f"{file}: no such file; name a folder written by `leafinstruct train`")
    values = json.loads(file.read_text(encoding="utf-8"))
    if values.pop("peft_type", None) != "MOSS":
        raise LeafError(f"{file}: peft_type is not MOSS; this adapter belongs to another library")
    values["image_tokens"] = ImageTokens(**values["image_tokens"])
    for key in ("target_modules", "modules_to_save"):
        values[key] = tuple(values[key])
    return MossConfig(**values)


def from_pretrained(model: torch.nn.Module, folder: Path) -> torch.nn.Module:
    """Inject the adapters saved in a folder into a fresh copy of the model they were trained on.

    LeafError if the saved tensors are not exactly those of this model, in name and shape.
    """
    from safetensors.torch import load_file

    inject(model, load_config(folder))
    saved, own = load_file(folder / WEIGHTS_FILE), adapter_state(model)
    wrong = [
        name
        for name in {**own, **saved}
        if name not in own or name not in saved or own[name].shape != saved[name].shape
    ]
    if wrong:
        raise LeafError(f"{folder / WEIGHTS_FILE}: {wrong[0]} does not fit the model ({len(wrong)} such tensors)")
    model.load_state_dict(saved, strict=False)
    return model
