"""Loads language models by the name of their back-end."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import field, make_dataclass
from typing import Any, get_type_hints

from leafinstruct.errors import LeafError, did_you_mean
from leafinstruct.models.llm import BACKENDS, Llm
from leafinstruct.models.packages import require
from leafinstruct.settings import ModelSettings


def load_llm(backend: str, model: str, **settings: Any) -> Llm:
    """Load `model` in `backend` (a key of BACKENDS); `settings` are those of the back-end's class.

    Raises LeafError for an unknown back-end or setting, a package that is not installed, or missing weights.
    """
    kind = _backend_class(backend)
    allowed = [name for name in inspect.signature(kind).parameters if name != "model"]
    for name in settings:
        if name not in allowed:
            hint = did_you_mean(name, allowed)
            raise LeafError(f"back-end {backend}: unknown setting {name!r}; it has {', '.join(allowed)}{hint}")
    return kind(model, **settings)


def context_of(backend: str, options: Mapping[str, Any]) -> int | None:
    """The most tokens that a model reads, including the answer, by the settings of its back-end; None if not set."""
    setting = inspect.signature(_backend_class(backend)).parameters.get("max_model_len")
    return None if setting is None else int(options.get("max_model_len", setting.default))


def _backend_class(backend: str) -> Callable[..., Llm]:
    if backend == "vllm":
        from leafinstruct.models.vllm import VllmLlm

        return VllmLlm
    if backend == "transformers":
        from leafinstruct.models.transformers import TransformersLlm

        return TransformersLlm
    if backend == "openai":
        from leafinstruct.models.openai import OpenAiLlm

        return OpenAiLlm
    raise LeafError(f"back-end {backend!r}: use one of {', '.join(BACKENDS)}{did_you_mean(backend, BACKENDS)}")


def check_llm(where: str, model: ModelSettings | None, needs: frozenset[str], who: str) -> None:
    """Raises LeafError, beginning with the pipeline's file `where`, unless the model has the capabilities `needs`."""
    if model is None:
        raise LeafError(f"{where}: {who} needs a language model; add models: llm: to the pipeline")
    if model.backend not in BACKENDS:
        hint = did_you_mean(model.backend, BACKENDS)
        raise LeafError(f"{where}: models: llm: unknown backend '{model.backend}'{hint}")
    lacking = ", ".join(sorted(needs - BACKENDS[model.backend]))
    if lacking:
        able = " or ".join(name for name, has in BACKENDS.items() if needs <= has)
        raise LeafError(f"{where}: {who} needs {lacking}, which backend '{model.backend}' lacks; use {able}")
    if model.backend != "openai":
        require(model.backend, "gpu] or leafinstruct[cpu" if model.backend == "vllm" else "train")


def options_of(kind: str, backend: Any) -> type[Any]:
    """Settings of a model of a pipeline besides its name, as a dataclass: the keywords of the class that loads it.

    Raises LeafError for an unknown back-end of a language model.
    """
    if kind == "clip":
        from leafinstruct.models.clip import Clip

        loads: Any = Clip
    else:
        if backend not in BACKENDS:
            raise LeafError(f"unknown backend '{backend}'{did_you_mean(str(backend), BACKENDS)}")
        loads = _backend_class(backend)
    hints = get_type_hints(loads.__init__, include_extras=True)
    known = [p for p in inspect.signature(loads).parameters.values() if p.name != "model"]
    return make_dataclass("Options", [(p.name, hints[p.name], field(default=p.default)) for p in known], frozen=True)
