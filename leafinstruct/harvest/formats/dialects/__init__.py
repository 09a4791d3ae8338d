"""What the dialects of Markdown have beyond CommonMark: one module a mechanism.

All of them end in tags: a directive, an admonition, a tab or a shortcode becomes a tag with its words as attributes, as
MDX writes it, and `lowering` turns tags into plain HTML, once for a page.
"""
