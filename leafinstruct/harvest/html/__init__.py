"""HTML pages: finds the content of a page, and reads it as texts and images in order."""

from leafinstruct.deprecated import moved

__getattr__ = moved(__name__, {"parse_html": "leafinstruct.harvest.html.page"})
