"""Old import locations: supported for one release, with a DeprecationWarning."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any


class OldName(DeprecationWarning):
    """A name of an earlier release, understood for one more; the message has the new one."""


def moved(module: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """A `__getattr__` for `module`: imports each of `names` from the module it moved to, with a DeprecationWarning."""
    return partial(_find, module, names)


def _find(module: str, names: Mapping[str, str], name: str) -> Any:
    if name not in names:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    warnings.warn(f"{module}.{name} has moved to {names[name]}", OldName, stacklevel=2)
    return getattr(import_module(names[name]), name)
