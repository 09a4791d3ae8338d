"""The old location of functions that are now in `leafinstruct.images.pixels`."""

from leafinstruct.deprecated import moved

__getattr__ = moved(__name__, {"perceptual_hash": "leafinstruct.images.pixels"})
