"""Rules: boolean expressions over score columns, the filters that hold them, and checks that they can be decided."""
