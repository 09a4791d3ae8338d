"""Publishes shards to the Hugging Face Hub, a folder or an object store."""
