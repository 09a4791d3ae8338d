"""Formats other than HTML: Markdown and its dialects, notebooks, reStructuredText, captions, rows of tables."""
