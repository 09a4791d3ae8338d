"""Where rules were decided before `filter/` had a room of its own."""

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
