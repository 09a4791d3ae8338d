"""Where pixels were looked at before `images/` had a room of its own."""

from leafinstruct.deprecated import moved

__getattr__ = moved(__name__, {"perceptual_hash": "leafinstruct.images.pixels"})
