"""Formats other than HTML: Markdown, reStructuredText, captions, key frames, tables of rows."""
