"""The shard stage: records become published Parquet files with their images, a manifest, a card, and a push to the Hub.

Two passes: `gather` reads light heads, `plan` makes splits and shards from them, `write` gathers the rows again and
writes them a row group at a time; the corpus is never in memory.
"""
