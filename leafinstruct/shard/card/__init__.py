"""The data card: what it tells as objects, where the numbers come from, and how it is written."""
