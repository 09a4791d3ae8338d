"""Small records and images for the tests of the shard stage."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
from PIL import Image as PILImage

from leafinstruct.document import Content, Image, ImageMeta, Message, Record
from leafinstruct.shard.plan import ShardSettings, plan_shards
from leafinstruct.shard.split import RecordHead
from leafinstruct.shard.write import WrittenShard, manifest, write_shard

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")


def picture(seed: int, size: tuple[int, int] = (24, 16)) -> PILImage.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return PILImage.fromarray(pixels)


def image(seed: int, **save: object) -> Image:
    kind = FORMATS[seed % 4]
    buffer = io.BytesIO()
    picture(seed).save(buffer, kind, **save)
    data = buffer.getvalue()
    return Image(hashlib.sha256(data).hexdigest(), data, kind.lower(), 24, 16, f"https://example.org/{seed}")


def record(key: str, images: list[Image], site: str = "example.org", scores: tuple = (("clip", 0.123456),)) -> Record:
    asked = (Content("text", f"How is {key} made? It begins like this."), *[Content("image")] * (len(images) > 1))
    answered = (Content("text", f"Next step of {key}."), *[Content("image")] * (len(images) - (len(images) > 1)))
    return Record(
        id=key,
        document=f"document-{key}",
        task="continue",
        source="made",
        path=f"{site}/{key}.html",
        url=f"https://{site}/{key}",
        site=site,
        license="CC-BY-4.0",
        topic="craft",
        language="en",
        messages=(Message("user", asked), Message("assistant", answered)),
        images=tuple(one.sha256 for one in images),
        image_meta=tuple(ImageMeta(one.sha256, one.url, "CC-BY-4.0", "", 0.31415926) for one in images),
        scores=scores,
        writer="template",
    )


def corpus(count: int, sites: int) -> tuple[dict[str, Record], dict[str, Image]]:
    """Records of two images each, none shared."""
    images = {n: image(n) for n in range(2 * count)}
    records = {
        f"id{n:03d}": record(f"id{n:03d}", [images[2 * n], images[2 * n + 1]], f"s{n % sites}") for n in range(count)
    }
    return records, {one.sha256: one for one in images.values()}


def head(one: Record, size: int = 1000, cluster: str = "") -> RecordHead:
    return RecordHead(one.id, one.document, one.site, one.topic, one.images, size, cluster)


def publish(folder: Path, records: dict[str, Record], images: dict[str, Image], settings: ShardSettings) -> None:
    """The whole stage in a folder: plan, shards, manifest."""
    written: dict[str, WrittenShard] = {}
    for shard in plan_shards(map(head, records.values()), settings).shards:
        with (folder / shard.name).open("wb") as out:
            rows = (records[key] for key in shard.ids)
            written[shard.name] = write_shard(out, rows, images.__getitem__, ["clip", "words"], "demo-1")
    (folder / "manifest.json").write_bytes(manifest(written, {"pipeline": "demo"}))


def published(folder: Path, card: str = "# Card\n") -> Path:
    """A folder with the shards of twelve records and a card."""
    folder.mkdir()
    publish(folder, *corpus(12, 4), ShardSettings())
    (folder / "data_card.md").write_text(card)
    return folder
