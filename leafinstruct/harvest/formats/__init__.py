"""Formats other than HTML: Markdown in its dialects, notebooks, reStructuredText, captions, keyframes, tables of rows."""
