"""Where captions were read before formats had a floor of their own."""

from leafinstruct.deprecated import moved

__getattr__ = moved(__name__, {"parse_captions": "leafinstruct.harvest.formats.captions"})
