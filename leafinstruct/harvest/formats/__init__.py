"""Formats other than HTML: Markdown, reStructuredText, captions, keyframes, tables of rows."""
