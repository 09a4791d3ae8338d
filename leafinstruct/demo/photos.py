"""Photographs of the bundled sample, cut from images in installed packages, which are located and not imported."""

from __future__ import annotations

import functools
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qsl

from PIL import Image

from leafinstruct.demo.draw import encode
from leafinstruct.errors import LeafError

_SCIKIT_IMAGE = (
    "astronaut.png brick.png camera.png chelsea.png coffee.png coins.png grass.png gravel.png horse.png moon.png"
)
PHOTOS: dict[str, tuple[str, str]] = {
    **{name.partition(".")[0]: ("skimage", f"data/{name}") for name in _SCIKIT_IMAGE.split()},
    "motorcycle_left": ("skimage", "data/motorcycle_left.png"),
    "motorcycle_right": ("skimage", "data/motorcycle_right.png"),
    "hubble": ("skimage", "data/hubble_deep_field.jpg"),
    "rocket": ("skimage", "data/rocket.jpg"),
    "china": ("sklearn", "datasets/images/china.jpg"),
    "flower": ("sklearn", "datasets/images/flower.jpg"),
    "hopper": ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
}


def photo_path(name: str) -> Path:
    """The file of a photograph. Raises LeafError if its package, or the file in it, is missing."""
    package, inside = PHOTOS[name]
    spec = find_spec(package)
    for root in (spec.submodule_search_locations or []) if spec else []:
        if (path := Path(root) / inside).is_file():
            return path
    raise LeafError(
        f"the sample's photograph {inside!r} of the package {package!r} is missing: install leafinstruct[demo]"
    )


@functools.lru_cache(maxsize=32)
def _opened(name: str) -> Image.Image:
    return Image.open(photo_path(name)).convert("RGB")


def photo(spec: str, zoom: float = 1.0) -> bytes:
    """The bytes of `NAME?crop=left,top,right,bottom&size=width&flip=1`; the crop is in percent of the photograph.

    JPEG unless `format=png`. `zoom` changes the pixel size only. Raises LeafError if the package is not installed.
    """
    name, _, query = spec.partition("?")
    values = dict(parse_qsl(query))
    image = _opened(name)
    left, top, right, bottom = (float(x) / 100 for x in values.get("crop", "0,0,100,100").split(","))
    image = image.crop(
        (round(left * image.width), round(top * image.height), round(right * image.width), round(bottom * image.height))
    )
    width = round(int(values.get("size", image.width)) * zoom)
    image = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
    if values.get("flip"):
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return encode(image, values.get("format", "jpg"))
