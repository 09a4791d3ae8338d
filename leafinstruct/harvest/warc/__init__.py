"""WARC files: their records, an index of URLs, and the record that a URL leads to."""
