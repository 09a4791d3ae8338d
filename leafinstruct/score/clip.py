"""How well each image goes with the text around it and with its document, by a dual encoder (open_clip).

The scale belongs to the model: a threshold found with one says nothing about another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from leafinstruct.document import Document
from leafinstruct.score.base import Column, Item, ModelScorer, Row

if TYPE_CHECKING:
    import PIL.Image

    from leafinstruct.models.pool import Pool


class Scorer(ModelScorer):
    version = 1
    model = "clip"
    columns = (
        Column("near", "image", "float", "cosine", "image and best window of the texts beside it, alt and caption"),
        Column("page", "image", "float", "cosine", "image and best window of the title and whole text read"),
    )

    @dataclass(frozen=True)
    class Settings:
        windows: int = 6
        """Windows of a document's text that are read, spread evenly; a window is what the model reads at once."""
        near_windows: int = 2
        """Windows read of the text on either side of an image, those nearest to it."""

    def load(self, pool: Pool) -> None:
        self.clip = pool.clip(self.model_settings)

    def score(self, items: Sequence[Item], open_image: Callable[[str], PIL.Image.Image]) -> Iterator[Row]:
        plans = [self._plan(item) for item in items]
        texts = list(dict.fromkeys(t for plan in plans for t in plan.texts()))
        vectors = dict(zip(texts, self.clip.embed_texts(texts), strict=True)) if texts else {}
        shas = sorted({item.document.parts[part].image for item in items for part in item.parts})
        images, errors = self._embed_images(shas, open_image)
        pages = [np.stack([vectors[t] for t in plan.page]) if plan.page else None for plan in plans]
        for item, plan, page in zip(items, plans, pages, strict=True):
            document = item.document
            for index, near_texts in plan.near.items():
                sha = document.parts[index].image
                row: Row = {"document": document.id, "part": index, "error": errors.get(sha)}
                if sha in images:
                    near = [vectors[t] for t in near_texts]
                    row["near"] = float(np.max(np.stack(near) @ images[sha])) if near else None
                    row["page"] = float(np.max(page @ images[sha])) if page is not None else None
                yield row

    def _embed_images(
        self, shas: Sequence[str], open_image: Callable[[str], PIL.Image.Image]
    ) -> tuple[dict[str, np.ndarray], dict[str, str]]:
        errors: dict[str, str] = {}
        good: list[str] = []

        def readable() -> Iterator[PIL.Image.Image]:
            for sha in shas:
                try:
                    pixels = open_image(sha)
                except OSError as error:
                    errors[sha] = str(error)
                else:
                    good.append(sha)
                    yield pixels

        vectors = self.clip.embed_images(readable())
        return dict(zip(good, vectors, strict=True)), errors

    def _plan(self, item: Item) -> Plan:
        document = item.document
        windows = self.clip.text_windows("\n".join([document.title, document.text]))
        near = {index: self._near(document, index) for index in sorted(item.parts)}
        return Plan(page=spread(windows, self.settings.windows), near=near)

    def _near(self, document: Document, index: int) -> list[str]:
        """Alt text, caption, and the nearest windows of the nearest text before and after an image."""
        part, count = document.parts[index], self.settings.near_windows
        texts = [t for t in (part.alt, part.caption) if t.strip()]
        before = next((p.text for p in reversed(document.parts[:index]) if p.type == "text"), "")
        after = next((p.text for p in document.parts[index + 1 :] if p.type == "text"), "")
        texts += self.clip.text_windows(before)[-count:] if before else []
        texts += self.clip.text_windows(after)[:count] if after else []
        return list(dict.fromkeys(texts))


@dataclass
class Plan:
    """The texts of one document that are embedded: windows of the page, and those near each image part."""

    page: list[str]
    near: dict[int, list[str]]

    def texts(self) -> list[str]:
        return self.page + [t for near in self.near.values() for t in near]


def spread(items: list[str], count: int) -> list[str]:
    """At most `count` of the items, evenly spread, the first always among them."""
    if len(items) <= count:
        return items
    return [items[int(i)] for i in np.linspace(0, len(items) - 1, count).round()]
