"""Shards in other formats, one module for each."""
