"""Checks that rules can be decided: their columns exist, come from no later filter and have a fitting type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from leafinstruct.errors import LeafError, did_you_mean
from leafinstruct.rules.expression import ExpressionError, Name
from leafinstruct.rules.filter import Filter, Rule
from leafinstruct.score.base import Column

DOCUMENT_FIELDS = ("source", "site", "license", "title", "topic", "language")
"""Fields of the document itself that rules may read, such as `document.license`."""


def check_rules(filters: Sequence[Filter], columns: Mapping[str, Column]) -> None:
    """Raises LeafError for the first rule that cannot be decided; `columns` are all score columns by full name."""
    fields = {f"document.{name}" for name in DOCUMENT_FIELDS}
    seen: set[str] = {"document"}
    for owner in filters:
        seen.add(owner.name)
        for rule in owner.rules:
            where = f"{owner.path}: rules: {rule.name}: "
            names = rule.when.names if rule.when else (Name(rule.one_per),)
            for name in names:
                if not name.column:
                    continue
                column = owner.full_name(name.column)
                if column not in columns and column not in fields:
                    known = {c.removeprefix(f"{owner.name}.") for c in {*columns, *fields}}
                    raise LeafError(f"{where}unknown column '{name.column}'{did_you_mean(name.column, known)}")
                if column.partition(".")[0] not in seen:
                    raise LeafError(
                        f"{where}column '{name.column}' comes from a later filter; move this filter after it"
                    )
                _check_grain(where, rule, name, columns.get(column))
            _check_types(where, columns, owner, rule)


def _check_types(where: str, columns: Mapping[str, Column], owner: Filter, rule: Rule) -> None:
    """Raises LeafError for texts used as numbers, found by evaluating the rule on one made-up row."""
    examples = {"text": np.array([""]), "bool": np.array([False]), "int": np.array([0]), "float": np.array([0.0])}

    def kind(name: Name) -> str:
        column = columns.get(owner.full_name(name.column)) if name.column else None
        return column.type if column else "text" if name.column else "int"

    if rule.when is None:
        if kind(Name(rule.one_per)) != "text":
            raise LeafError(f"{where}one_per needs a column that names a group, such as duplicates.cluster")
        return
    for name in rule.when.names:
        if name.function and kind(name) == "text":
            raise LeafError(f"{where}'{name}': {name.function} needs a column of numbers; '{name.column}' is a text")
    try:
        value = rule.when.evaluate({n: examples["float" if n.function else kind(n)] for n in rule.when.names})
    except ExpressionError as error:
        raise LeafError(f"{where}'{rule.when.text}': {error}") from None
    if np.asarray(value).dtype.kind != "b":
        raise LeafError(f"{where}'{rule.when.text}' is neither true nor false; compare it with a value")


def _check_grain(where: str, rule: Rule, name: Name, column: Column | None) -> None:
    grain = column.grain if column else "document"
    if name.function and (rule.drop == "image" or grain != "image"):
        raise LeafError(f"{where}'{name}' needs an image column and a document rule")
    if not name.function and rule.drop == "document" and grain == "image":
        raise LeafError(f"{where}'{name}' is about images; a document rule needs mean({name}), min({name}), ...")
