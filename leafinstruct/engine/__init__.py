"""Engines run a function over partitions; the functions and the files they write are the same on all of them."""
