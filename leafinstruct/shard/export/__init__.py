"""Exports shards to other formats, one module for each."""
