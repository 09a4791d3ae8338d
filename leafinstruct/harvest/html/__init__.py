"""Pages: which part of one is its content, and that as texts and images in reading order."""

from leafinstruct.deprecated import moved

__getattr__ = moved(__name__, {"parse_html": "leafinstruct.harvest.html.page"})
