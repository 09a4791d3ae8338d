"""The harvest stage: turns sources into documents with their images in reading order; it judges nothing."""
