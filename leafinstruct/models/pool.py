"""The models of a build: loaded on first use, shared by all users, one at a time in memory."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from leafinstruct.errors import LeafError, own_code
from leafinstruct.settings import ModelSettings

if TYPE_CHECKING:
    from leafinstruct.models.clip import Clip
    from leafinstruct.models.llm import Llm


class Pool:
    """Holds at most one loaded model; a request for another one closes it first."""

    def __init__(self) -> None:
        self._key: ModelSettings | None = None
        self._model: Any = None
        self.loading = 0.0
        """Seconds spent loading since a caller last set this to 0."""
        self.changes = 0
        """How often a model was loaded or closed: a model taken from the pool before the last change is closed."""

    def clip(self, settings: ModelSettings | None) -> Clip:
        """The dual encoder named in the pipeline. Raises LeafError if none is named."""
        if settings is None:
            raise LeafError("no dual encoder in the pipeline; add models: clip: to it")
        if settings != self._key:
            from leafinstruct.models.clip import Clip

            self.close()
            start = time.perf_counter()
            self._hold(settings, Clip(settings.name, **dict(settings.options)))
            self.loading += time.perf_counter() - start
        return self._model

    def llm(self, settings: ModelSettings | None) -> Llm:
        """The language model named in the pipeline. Raises LeafError if none is named."""
        if settings is None:
            raise LeafError("no language model in the pipeline; add models: llm: to it")
        if settings != self._key:
            from leafinstruct.models.backends import backend_of, load_llm

            self.close()
            start = time.perf_counter()
            self._hold(settings, load_llm(backend_of(settings), settings.name, **dict(settings.options)))
            self.loading += time.perf_counter() - start
        return self._model

    def _hold(self, settings: ModelSettings, model: Any) -> None:
        self._key, self._model = settings, model
        self.changes += 1

    def close(self) -> None:
        """Free the memory of the loaded model, if any."""
        model = self._model
        if hasattr(model, "close"):
            with own_code(getattr(self._key, "code", ""), f"model {getattr(model, 'name', '')!r}: close"):
                model.close()
        self._key = self._model = None
        self.changes += 1
