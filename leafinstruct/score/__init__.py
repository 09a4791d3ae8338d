"""Scorers: numbers about documents and images, one module for each family. They store and never judge."""
