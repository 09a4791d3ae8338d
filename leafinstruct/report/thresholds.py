"""Thresholds of a rule: the comparisons of its expression, and the distance of a score from each.

The report lists the documents and images closest to a threshold first.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

import numpy as np

from leafinstruct.rules.expression import Expression, Name

SIGNS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True, slots=True)
class Threshold:
    """One comparison of a rule: the name it reads, the sign, and the number it compares with."""

    name: Name
    sign: str
    value: float


def thresholds(expression: Expression) -> list[Threshold]:
    """Comparisons of one name with one number, in order of appearance. Other comparisons have no threshold."""
    found = []
    for node in ast.walk(ast.parse(expression.text, mode="eval")):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            for left, operation, right in zip(sides, node.ops, sides[1:], strict=False):
                sign = SIGNS.get(type(operation))
                if sign and (threshold := _threshold(left, sign, right) or _threshold(right, MIRRORED[sign], left)):
                    found.append(threshold)
    return found


def _threshold(side: ast.expr, sign: str, other: ast.expr) -> Threshold | None:
    match other:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() | float() as number):
            value = float(number)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            value = -float(number)
        case _:
            return None
    match side:
        case ast.Name() | ast.Attribute():
            return Threshold(Name(ast.unparse(side)), sign, value)
        case ast.Call(func=ast.Name(id="count"), args=[]):
            return Threshold(Name("", "count"), sign, value)
        case ast.Call(func=ast.Name(id=function), args=[column]):
            return Threshold(Name(ast.unparse(column), function), sign, value)
    return None


def distances(values: np.ndarray, threshold: float) -> np.ndarray:
    """Distance of each value from the threshold in standard deviations of the values; infinite where it is null."""
    spread = float(np.nanstd(values)) if np.isfinite(values).any() else 0.0
    far = np.abs(values - threshold) / (spread or 1.0)
    return np.where(np.isfinite(far), far, np.inf)
