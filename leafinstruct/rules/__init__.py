"""Rules: boolean expressions over score columns, the filters that hold them, and whether they can be decided."""
