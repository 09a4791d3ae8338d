"""MoSS adapters: injected into a model's linear layers, switched off, saved and loaded.

Plain torch hooks, no wrapper classes: the base model keeps its class, weight names and `forward`. One hook before the
backbone reads `input_ids` and routes each token; a hook on each linear layer adds the output of that token's adapter.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leafinstruct.errors import LeafError
from leafinstruct.moss.config import MossConfig
from leafinstruct.moss.layers import low_rank, make_parameters, mix, project
from leafinstruct.moss.neighbors import ImageTokens
from leafinstruct.moss.routing import Routing

if TYPE_CHECKING:
    import torch

WEIGHTS_FILE, CONFIG_FILE = "adapter_model.safetensors", "adapter_config.json"


def target_layers(model: torch.nn.Module, config: MossConfig) -> list[tuple[str, Any]]:
    """Name and module of each linear layer of the backbone that gets an adapter. Raises LeafError if there is none."""
    backbone: Any = model.base_model
    found = [
        (name, module)
        for name, module in backbone.named_modules()
        if name.rpartition(".")[2] in config.target_modules and not set(name.split(".")) & set(config.exclude_modules)
    ]
    if not found:
        raise LeafError(f"no layer of the model is named {', '.join(config.target_modules)}: set target_modules")
    return found


def layer_sizes(model: torch.nn.Module, config: MossConfig) -> list[tuple[int, int]]:
    """(inputs, outputs) of each layer that gets an adapter, for `config.match`."""
    return [(linear.in_features, linear.out_features) for _, linear in target_layers(model, config)]


def inject(model: torch.nn.Module, config: MossConfig) -> torch.nn.Module:
    """Add adapters to a causal LM of transformers, in place: everything but `modules_to_save` is frozen.

    Adapters add zero at first (the up-projection is zero). Raises LeafError if the model has adapters already or no
    layer has a name in `target_modules`.
    """
    if hasattr(model, "moss_routing"):
        raise LeafError("the model has MoSS adapters already: inject into a fresh model")
    found = target_layers(model, config)
    model.requires_grad_(False)
    routing = Routing(config)
    for name, linear in found:
        linear.add_module("moss", make_parameters(linear, config))
        linear.register_forward_hook(_layer_hook(name, routing))
    for name, module in model.named_modules():
        if name.rpartition(".")[2] in config.modules_to_save:
            module.requires_grad_(True)
    backbone: Any = model.base_model
    backbone.register_forward_pre_hook(_backbone_hook(routing), with_kwargs=True)
    model.moss_routing = routing  # type: ignore[assignment]
    return model


def routing_of(model: torch.nn.Module) -> Routing:
    """The routing of an injected model. Raises LeafError if it has no adapters."""
    routing = getattr(model, "moss_routing", None)
    if not isinstance(routing, Routing):
        raise LeafError("the model has no MoSS adapters: call inject(model, config) first")
    return routing


@contextmanager
def disabled(model: torch.nn.Module) -> Iterator[None]:
    """Inside this context the adapters add nothing; modules to save stay as trained."""
    routing = routing_of(model)
    routing.enabled = False
    try:
        yield
    finally:
        routing.enabled = True


def parameter_counts(model: torch.nn.Module) -> dict[str, int]:
    """`adapter` parameters, all `trainable` ones (with modules to save), and the `total`."""
    parameters = dict(model.named_parameters())
    return {
        "adapter": sum(p.numel() for name, p in parameters.items() if ".moss." in name),
        "trainable": sum(p.numel() for p in parameters.values() if p.requires_grad),
        "total": sum(p.numel() for p in parameters.values()),
    }


def merge(model: torch.nn.Module) -> None:
    """Fold the adapters of variant `linear` into the weights and remove them. Raises LeafError for any other variant:
    it routes by token and its convolution mixes positions, which no single matrix can express."""
    import torch

    routing = routing_of(model)
    if routing.config.variant != "linear":
        raise LeafError(f"adapter {routing.config.variant}: cannot be merged into the weights; only linear can")
    with torch.no_grad():
        for _, linear in target_layers(model, routing.config):
            linear.weight += routing.config.scale * linear.moss["up"] @ linear.moss["down"]
            del linear.moss
    routing.enabled = False


def _backbone_hook(routing: Routing) -> Any:
    def before(_module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if routing.config.variant == "linear" or not routing.enabled:
            return
        input_ids = kwargs.get("input_ids", args[0] if args else None)
        if input_ids is None:
            raise LeafError("MoSS routes tokens by input_ids: call the model with input_ids, not inputs_embeds")
        routing.begin(input_ids, kwargs.get("past_key_values"))

    return before


def _layer_hook(name: str, routing: Routing) -> Any:
    def after(linear: Any, args: tuple[Any, ...], output: torch.Tensor) -> torch.Tensor:
        if not routing.enabled:
            return output
        # Parameters are read from the module, not closed over: a deep copy of the model then uses its own.
        flat = args[0].reshape(-1, args[0].shape[-1])
        if linear.training and routing.config.dropout:
            from torch.nn.functional import dropout

            flat = dropout(flat, routing.config.dropout)
        if routing.config.variant == "linear":
            add = low_rank(flat, linear.moss["down"], linear.moss["up"])
        else:
            add = _routed(linear.moss, flat, name, routing)
        return output + routing.config.scale * add.view_as(output)

    return after


def _routed(moss: Any, flat: torch.Tensor, name: str, routing: Routing) -> torch.Tensor:
    import torch

    route, cache, variant = routing.route, routing.cache, routing.config.variant
    if route is None or len(route.back) != len(flat):
        raise RuntimeError(f"{name}: called outside a forward pass of the backbone")
    text = low_rank(flat.index_select(0, route.text), moss["text_down"], moss["text_up"])
    if cache is None:
        projected = project(moss, variant, flat.index_select(0, route.image))
    elif len(route.image) or name in cache.projected:
        projected = project(moss, variant, flat.index_select(0, route.image))
        past = cache.projected.get(name)
        projected = projected if past is None else torch.cat([past, projected])
        cache.projected[name] = projected[route.keep]
    if not len(route.image):
        return text  # most steps of decoding
    image = mix(moss, variant, projected, route.table)
    return torch.cat([text, image]).index_select(0, route.back)


def adapter_state(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """All tensors that training changes, by name: adapters and modules to save."""
    saved = routing_of(model).config.modules_to_save
    return {
        name: value
        for name, value in model.state_dict().items()
        if ".moss." in name or any(part in saved for part in name.split("."))
    }


def save_pretrained(model: torch.nn.Module, folder: Path) -> None:
    """Write `adapter_model.safetensors` and `adapter_config.json`; its `peft_type` MOSS keeps PEFT from reading it as
    plain LoRA."""
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    state = {name: value.detach().cpu().clone().contiguous() for name, value in adapter_state(model).items()}
    (folder / WEIGHTS_FILE).write_bytes(save(state, metadata={"format": "pt"}))
    config = {"peft_type": "MOSS", **asdict(routing_of(model).config)}
    (folder / CONFIG_FILE).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def load_config(folder: Path) -> MossConfig:
    """The configuration in a folder. Raises LeafError if the file is missing or not ours."""
    file = folder / CONFIG_FILE
    if not file.is_file():
        raise LeafError(f"{file}: no such file; name a folder written by `leafinstruct train`")
    values = json.loads(file.read_text(encoding="utf-8"))
    if values.pop("peft_type", None) != "MOSS":
        raise LeafError(f"{file}: peft_type is not MOSS: the adapter belongs to another library")
    values["image_tokens"] = ImageTokens(**values["image_tokens"])
    for key in ("target_modules", "exclude_modules", "modules_to_save"):
        values[key] = tuple(values[key])
    return MossConfig(**values)


def from_pretrained(model: torch.nn.Module, folder: Path) -> torch.nn.Module:
    """Inject the adapters saved in a folder into a fresh copy of the model they were trained on.

    Raises LeafError if the saved tensors are not exactly those of this model, in name and shape.
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
        raise LeafError(
            f"{folder / WEIGHTS_FILE}: {wrong[0]} does not fit the model ({len(wrong)} such tensors); "
            "load the model it was trained on"
        )
    model.load_state_dict(saved, strict=False)
    return model
