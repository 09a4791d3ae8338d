"""The harvest stage: sources become documents with their images in reading order; nothing is judged."""
