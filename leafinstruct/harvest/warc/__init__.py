"""WARC files: their records, an index of addresses, and what a page's addresses lead to."""
