"""The old location of functions that are now in `leafinstruct.filter`."""

from leafinstruct.deprecated import moved

__getattr__ = moved(
    __name__,
    {
        "apply": "leafinstruct.filter.edits",
        "decisions_table": "leafinstruct.filter.decisions",
        "evaluate": "leafinstruct.filter.rules",
        "make_view": "leafinstruct.filter.frame",
    },
)
