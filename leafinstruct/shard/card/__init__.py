"""The data card: its content as objects, how its numbers are counted, and how it is rendered."""
