"""Where shards go: the Hugging Face Hub, a folder, an object store."""
