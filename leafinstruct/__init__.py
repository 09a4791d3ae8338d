"""leafinstruct turns web pages and tutorials into instruction data with interleaved text and images.

`import leafinstruct as li` loads nothing heavy: each name below is imported when it is first used.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from leafinstruct.version import __version__

if TYPE_CHECKING:
    from leafinstruct.api import OpenedRun, build, check, extract, open_run
    from leafinstruct.document import Document, Harvested, Image, LostImage, Part, Record, document_id
    from leafinstruct.errors import LeafError
    from leafinstruct.harvest.base import Chunk, Source
    from leafinstruct.harvest.extract import ExtractedPage, PagePart
    from leafinstruct.images.header import read_image
    from leafinstruct.models.llm import Generation, Llm
    from leafinstruct.pipeline import Pipeline, load_pipeline, with_rules
    from leafinstruct.rewrite.task import Task, Turn
    from leafinstruct.score.base import (
        Column,
        CorpusScorer,
        DocumentScorer,
        GalleryScorer,
        ImageScorer,
        Item,
        ModelScorer,
    )

__all__ = [
    "__version__",
    "Chunk",
    "Column",
    "CorpusScorer",
    "Document",
    "DocumentScorer",
    "ExtractedPage",
    "GalleryScorer",
    "Generation",
    "Harvested",
    "Image",
    "ImageScorer",
    "Item",
    "LeafError",
    "LostImage",
    "Llm",
    "ModelScorer",
    "OpenedRun",
    "PagePart",
    "Part",
    "Pipeline",
    "Record",
    "Source",
    "Task",
    "Turn",
    "build",
    "check",
    "document_id",
    "extract",
    "load_pipeline",
    "open_run",
    "read_image",
    "with_rules",
]

_HOMES = {
    "api": ("OpenedRun", "build", "check", "extract", "open_run"),
    "document": ("Document", "Harvested", "Image", "LostImage", "Part", "Record", "document_id"),
    "errors": ("LeafError",),
    "harvest.base": ("Chunk", "Source"),
    "harvest.extract": ("ExtractedPage", "PagePart"),
    "images.header": ("read_image",),
    "models.llm": ("Generation", "Llm"),
    "pipeline": ("Pipeline", "load_pipeline", "with_rules"),
    "rewrite.task": ("Task", "Turn"),
    "score.base": ("Column", "CorpusScorer", "DocumentScorer", "GalleryScorer", "ImageScorer", "Item", "ModelScorer"),
}
_HOME = {name: f"{__name__}.{module}" for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """`leafinstruct.build` is the function, though the package has a module of this name: importing the module does
    not put it in the function's place."""

    @property
    def build(self) -> Any:
        return __getattr__("build")

    @build.setter
    def build(self, module: ModuleType) -> None:
        return


sys.modules[__name__].__class__ = _Package
