"""The old location of functions that are now in `leafinstruct.filter`."""

from leafinstruct.deprecated import moved

__getattr__ = moved(
    __name__,
    {
        "apply": "leafinstruct.filter.edits",
        "decisions_table": "leafinstruct.filter.decisions",
        "candidates": "leafinstruct.filter.representatives",
        "choose": "leafinstruct.filter.representatives",
        "evaluate": "leafinstruct.filter.rules",
        "one_per_columns": "leafinstruct.filter.representatives",
        "Verdicts": "leafinstruct.filter.rules",
        "make_view": "leafinstruct.filter.frame",
    },
)
