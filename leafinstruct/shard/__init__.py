"""The shard stage: turns records into published Parquet files with images, a manifest and a card, and pushes them.

Two passes: `gather` reads light heads and `plan` makes splits and shards from them; then the rows are gathered and
`write` writes them one row group at a time. The corpus is never in memory.
"""
