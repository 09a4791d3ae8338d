"""Loads language models by their back-end: a built-in one, one in a file of the project, or an entry point."""

from __future__ import annotations

import inspect
from dataclasses import field, make_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from leafinstruct import plugins
from leafinstruct.errors import LeafError, own_code
from leafinstruct.models.llm import ALL, BACKENDS, Llm
from leafinstruct.models.packages import require
from leafinstruct.settings import ModelSettings, read


def load_backend(spec: str, root: Path) -> plugins.Plugin:
    """The class of a back-end: a name (a key of BACKENDS, or an entry point), or `./file.py:Class` relative to `root`.
    Raises LeafError."""
    plugin = plugins.load(plugins.LLM, spec, root, Llm)
    able = plugin.value.capabilities
    if not isinstance(able, frozenset | set) or not able <= ALL:
        raise LeafError(f"'{spec}': capabilities is {able!r}; it takes a set of {', '.join(sorted(ALL))}")
    return plugin


def backend_of(model: ModelSettings) -> type[Llm]:
    """The class that loads a model of the pipeline."""
    return load_backend(model.backend, Path(model.root)).value


def load_llm(backend: str | type[Llm], model: str, **settings: Any) -> Llm:
    """Load `model` in a back-end, by its name or class; `settings` are the keywords of the class.

    Raises LeafError for an unknown back-end or setting, a package that is not installed, or missing weights.
    """
    kind = load_backend(backend, Path()).value if isinstance(backend, str) else backend
    read(options_of(kind), settings, f"back-end {getattr(backend, '__name__', backend)}: ")
    with own_code("any", f"model {model!r} does not load in back-end {kind.__name__}"):
        loaded = kind(model, **settings)
        if not hasattr(loaded, "batch_size"):
            raise LeafError(f"back-end {kind.__name__}: its __init__ does not call super().__init__")
    return loaded


def context_of(model: ModelSettings) -> int | None:
    """The most tokens that a model reads, including the answer, by the settings of its back-end; None if not set."""
    setting = inspect.signature(backend_of(model)).parameters.get("max_model_len")
    found = None if setting is None else dict(model.options).get("max_model_len", setting.default)
    return None if found is None else int(found)


def body_of(model: ModelSettings) -> dict[str, Any]:
    """Fields of every request that the pipeline sets besides those of sampling; empty if there are none."""
    return dict(dict(model.options).get("body") or {}) if model.backend == "openai" else {}


def check_llm(where: str, model: ModelSettings | None, needs: frozenset[str], who: str) -> None:
    """Raises LeafError, beginning with the pipeline's file `where`, unless the model has the capabilities `needs`."""
    if model is None:
        raise LeafError(f"{where}: {who} needs a language model; add models: llm: to the pipeline")
    has = BACKENDS[model.backend] if model.backend in BACKENDS else backend_of(model).capabilities
    lacking = ", ".join(sorted(needs - has))
    if lacking:
        able = " or ".join(name for name, found in BACKENDS.items() if needs <= found)
        raise LeafError(f"{where}: {who} needs {lacking}, which backend '{model.backend}' lacks; use {able}")
    if model.backend in PACKAGES:
        require(model.backend, PACKAGES[model.backend])


PACKAGES = {"vllm": "gpu] or leafinstruct[cpu", "transformers": "train"}
"""Built-in back-ends that need a package of their name, and the extra that installs it."""


def options_of(loads: type[Any]) -> type[Any]:
    """Settings of a model besides its name, as a dataclass: the keywords of the class that loads it. Raises LeafError
    for a keyword without type or default."""
    with own_code("any", f"back-end {loads.__name__}: types of its keywords"):
        hints = get_type_hints(loads.__init__, include_extras=True)
    known = [p for p in inspect.signature(loads).parameters.values() if p.name != "model"]
    for one in known:
        if one.default is inspect.Parameter.empty or one.name not in hints:
            raise LeafError(f"back-end {loads.__name__}: its keyword {one.name!r} needs a type and a default")
    return make_dataclass("Options", [(p.name, hints[p.name], field(default=p.default)) for p in known], frozen=True)
