"""How well each image fits the text around it, its document and its position in it, by a dual encoder.

The scale depends on the model: a threshold found with one does not apply to another. The columns `context_contrast` and
`page_contrast` subtract the similarity to any text, so that they compare better between images and between models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from leafinstruct.document import Document
from leafinstruct.score.background_texts import TEXTS
from leafinstruct.score.base import Column, Item, ModelScorer, Row
from leafinstruct.settings import Positive
from leafinstruct.text.plain import reading

if TYPE_CHECKING:
    import PIL.Image

    from leafinstruct.models.clip import Clip
    from leafinstruct.models.pool import Pool

Vectors = Mapping[str, np.ndarray]


class Scorer(ModelScorer):
    version = 7
    model = "clip"
    columns = (
        Column(
            "context_similarity",
            "image",
            "float",
            "cosine",
            "image and best window of the text around it, alt text and caption",
        ),
        Column("page_similarity", "image", "float", "cosine", "image and best window of the title and whole text read"),
        Column("caption", "image", "float", "cosine", "image and the better of its own alt text and caption"),
        Column(
            "context_contrast",
            "image",
            "float",
            "cosine",
            "context_similarity minus the image's mean similarity to texts on other subjects",
        ),
        Column("page_contrast", "image", "float", "cosine", "image and mean of the text read, minus the same mean"),
        Column(
            "position_contrast",
            "image",
            "float",
            "cosine",
            "image and best window of the text around it, minus the mean of this at the other image positions",
        ),
        Column("siblings", "image", "float", "cosine", "mean similarity to the document's other images"),
        Column("neighbors", "image", "float", "cosine", "mean similarity to adjacent images minus siblings (CoMM)"),
    )
    renamed: ClassVar[Mapping[str, str]] = {
        "near": "context_similarity",
        "page": "page_similarity",
        "near_above": "context_contrast",
        "page_above": "page_contrast",
        "place": "position_contrast",
        "neighbours": "neighbors",
    }

    @dataclass(frozen=True)
    class Settings:
        windows: Positive = 6
        """Windows of a document's text that are read, spread evenly; a window is what the model reads at once."""
        near_windows: Positive = 2
        """Windows read of the text on either side of an image, nearest to it."""
        order: bool = True
        """Whether an image is compared with the document's other images and positions, all of which are then embedded;
        otherwise the last three columns are null."""

    def load(self, pool: Pool) -> None:
        self.clip: Clip = pool.clip(self.model_settings)
        self.background = self.clip.embed_texts(TEXTS).mean(axis=0)

    def score(self, items: Sequence[Item], open_image: Callable[[str], PIL.Image.Image]) -> Iterator[Row]:
        """Rows of the items. Each distinct image and text is embedded once, in batches over documents."""
        plans = [self._plan(item) for item in items]
        texts = list(dict.fromkeys(t for plan in plans for t in plan.texts()))
        vectors = dict(zip(texts, self.clip.embed_texts(texts), strict=True)) if texts else {}
        shas = {item.document.parts[place].image for item, p in zip(items, plans, strict=True) for place in p.near}
        images, errors = self._embed_images(sorted(shas), open_image)
        for item, plan in zip(items, plans, strict=True):
            order = _order(item.document, plan, images, vectors) if self.settings.order else {}
            page = np.stack([vectors[t] for t in plan.page]) if plan.page else None
            for part in sorted(item.parts):
                sha = item.document.parts[part].image
                row: Row = {"document": item.document.id, "part": part, "error": errors.get(sha)}
                if sha in images:
                    row |= self._similarities(images[sha], plan, part, page, vectors) | order.get(part, {})
                yield row

    def _similarities(
        self, image: np.ndarray, plan: Plan, part: int, page: np.ndarray | None, vectors: Vectors
    ) -> dict[str, float | None]:
        """An image compared with the texts of its document and with those on other subjects."""
        background = float(image @ self.background)
        near = _best(image, plan.near[part] + plan.own[part], vectors)
        return {
            "context_similarity": near,
            "page_similarity": None if page is None else float((page @ image).max()),
            "caption": _best(image, plan.own[part], vectors),
            "context_contrast": None if near is None else near - background,
            "page_contrast": None if page is None else float(_unit(page.mean(axis=0)) @ image) - background,
        }

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
        document = reading(item.document)
        windows = self.clip.text_windows("\n".join([document.title, document.text]))
        places = [i for i, p in enumerate(document.parts) if p.is_figure] if self.settings.order else item.parts
        near = {index: self._near(document, index) for index in sorted(places)}
        own = {i: [t for t in (document.parts[i].alt, document.parts[i].caption) if t.strip()] for i in item.parts}
        return Plan(page=spread(windows, self.settings.windows), near=near, own=own)

    def _near(self, document: Document, index: int) -> list[str]:
        """The nearest windows of the nearest text before and after an image."""
        count = self.settings.near_windows
        before = next((p.text for p in reversed(document.parts[:index]) if p.type == "text"), "")
        after = next((p.text for p in document.parts[index + 1 :] if p.type == "text"), "")
        texts = self.clip.text_windows(before)[-count:] if before else []
        texts += self.clip.text_windows(after)[:count] if after else []
        return list(dict.fromkeys(texts))


@dataclass
class Plan:
    """The texts of one document that are embedded: windows of the page, those near each image part that is compared,
    and the alt text and caption of each image part that is scored."""

    page: list[str]
    near: dict[int, list[str]]
    own: dict[int, list[str]]

    def texts(self) -> list[str]:
        return self.page + [t for group in (self.near, self.own) for texts in group.values() for t in texts]


def _order(document: Document, plan: Plan, images: Vectors, vectors: Vectors) -> dict[int, dict[str, float | None]]:
    """For each image part how much better it fits its own position, and how similar the document's other images are.

    After CoMM (arXiv 2406.10462), whose score of a sequence is the mean similarity of neighbors minus that of all
    pairs; here for each image, so that rules can take the mean.
    """
    parts = [part for part in plan.near if document.parts[part].image in images]
    if len(parts) < 2:
        return {}
    shown = np.stack([images[document.parts[part].image] for part in parts])
    alike = shown @ shown.T
    fits = np.array([[_best(image, plan.near[other], vectors) for other in parts] for image in shown], dtype=float)
    rows: dict[int, dict[str, float | None]] = {}
    for i, part in enumerate(parts):
        others = np.arange(len(parts)) != i
        elsewhere = fits[i][others & ~np.isnan(fits[i])]
        adjacent = [j for j in (i - 1, i + 1) if 0 <= j < len(parts)]
        siblings = float(alike[i][others].mean())
        rows[part] = {
            "position_contrast": float(fits[i, i] - elsewhere.mean())
            if len(elsewhere) and not np.isnan(fits[i, i])
            else None,
            "siblings": siblings,
            "neighbors": float(alike[i][adjacent].mean()) - siblings,
        }
    return rows


def _best(image: np.ndarray, texts: Sequence[str], vectors: Vectors) -> float | None:
    return max((float(vectors[t] @ image) for t in texts), default=None)


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-6)


def spread(items: list[str], count: int) -> list[str]:
    """At most `count` of the items, evenly spread, always with the first."""
    if len(items) <= count:
        return items
    return [items[int(i)] for i in np.linspace(0, len(items) - 1, count).round()]


def assign(similarity: np.ndarray) -> list[int]:
    """For sources whose images have no order: the text of each image, by linear assignment, as MMC4 places them.

    `similarity` is float [images, texts]. Each text takes at most one image as long as there are texts; the other
    images are assigned to the text most similar to them (arXiv 2304.06939). Empty if there are no texts.
    """
    from scipy.optimize import linear_sum_assignment

    if not similarity.shape[1]:
        return []
    places = similarity.argmax(axis=1)
    images, texts = linear_sum_assignment(similarity, maximize=True)
    places[images] = texts
    return [int(place) for place in places]
