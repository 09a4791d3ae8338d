"""Deprecated location of `parse_captions`, which is now in `harvest.formats.captions`."""

from leafinstruct.deprecated import moved

__getattr__ = moved(__name__, {"parse_captions": "leafinstruct.harvest.formats.captions"})
