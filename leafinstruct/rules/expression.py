"""Boolean expressions of rules: a small part of Python's syntax, checked node by node and never given to `eval`.

Allowed: and, or, not, comparisons, `in` with a list of constants, + - * /, numbers, strings, column names with or
without their filter (`words`, `text.words`), and, in document rules, functions over the document's images.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

FUNCTIONS = {
    "count": "number of kept images",
    "mean": "mean of an image column over the kept images",
    "min": "smallest value of an image column over the kept images",
    "max": "largest value of an image column over the kept images",
    "sum": "sum of an image column over the kept images",
    "dropped": "sum of an image column over the dropped images",
}
COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: np.divide,
}


class ExpressionError(ValueError):
    """The text is not a valid rule expression; the message says why."""


@dataclass(frozen=True, slots=True)
class Name:
    """What an expression reads: a column, or a function of one (`column` is "" for `count()`)."""

    column: str
    function: str = ""

    def __str__(self) -> str:
        return f"{self.function}({self.column})" if self.function else self.column


class Expression:
    """A parsed rule. `names` are the columns and functions it reads, in order of appearance."""

    def __init__(self, text: str) -> None:
        self.text = " ".join(str(text).split())
        try:
            self._tree = ast.parse(self.text, mode="eval").body
            self.names = tuple(dict.fromkeys(_names(self._tree)))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            if isinstance(error, ExpressionError):
                raise
            raise ExpressionError(f"'{self.text[:80]}' is not an expression") from None

    def evaluate(self, values: Mapping[Name, Any]) -> Any:
        """Value over arrays: `values` has an array for each of `names`, all of one length.

        Raises ExpressionError for a text used as a number or truth value, or the reverse.
        """
        return _evaluate(self._tree, values)

    def renamed(self, names: Mapping[str, str]) -> Expression:
        """The same expression with other column names; `names` maps them as they are written in it."""
        return Expression(ast.unparse(_Renamed(names).visit(ast.parse(self.text, mode="eval").body)))


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._renamed(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return self._renamed(node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        node.args = [self.visit(argument) for argument in node.args]  # the name of a function is not a column
        return node

    def _renamed(self, node: ast.expr) -> ast.expr:
        now = self.names.get(ast.unparse(node))
        return ast.parse(now, mode="eval").body if now else node


def _names(node: ast.expr) -> Iterator[Name]:
    """The names below a node; raises ExpressionError for what is not allowed."""
    match node:
        case ast.BoolOp(values=values):
            for value in values:
                yield from _names(value)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield from _names(operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
            yield from _names(left)
            yield from _names(right)
        case ast.Compare(left=left, ops=ops, comparators=sides):
            yield from _names(left)
            for compare, side in zip(ops, sides, strict=True):
                if isinstance(compare, ast.In | ast.NotIn) and len(ops) == 1:
                    _constants(side)
                elif type(compare) in COMPARE:
                    yield from _names(side)
                else:
                    raise ExpressionError(f"'{ast.unparse(node)}': this comparison is not allowed")
        case ast.Constant(value=bool() | int() | float() | str()):
            return
        case ast.Name() | ast.Attribute(value=ast.Name()):
            yield Name(_column(node))
        case ast.Call(func=ast.Name(id=function), args=arguments, keywords=[]):
            yield _function(function, arguments)
        case _:
            raise ExpressionError(f"'{ast.unparse(node)}' is not allowed in a rule")


def _column(node: ast.expr) -> str:
    name = ast.unparse(node)
    if "__" in name:
        raise ExpressionError(f"'{name}' is not a column name")
    return name


def _function(function: str, arguments: list[ast.expr]) -> Name:
    if function not in FUNCTIONS:
        raise ExpressionError(f"unknown function '{function}' (known: {', '.join(FUNCTIONS)})")
    if function == "count" and not arguments:
        return Name("", "count")
    if function != "count" and len(arguments) == 1:
        match arguments[0]:
            case ast.Name() | ast.Attribute(value=ast.Name()) as column:
                return Name(_column(column), function)
    raise ExpressionError(f"'{function}' takes {'no argument' if function == 'count' else 'one image column'}")


def _constants(node: ast.expr) -> list[Any]:
    if not isinstance(node, ast.List | ast.Tuple | ast.Set):
        raise ExpressionError(f"'in' needs a list such as [\"en\", \"de\"], not '{ast.unparse(node)}'")
    values = []
    for item in node.elts:
        match item:
            case ast.Constant(value=bool() | int() | float() | str() as value):
                values.append(value)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                values.append(-value)
            case _:
                raise ExpressionError(f"'{ast.unparse(item)}': a list may hold only numbers and strings")
    if len({isinstance(value, str) for value in values}) > 1:
        raise ExpressionError(f"'{ast.unparse(node)}': a list may hold numbers or strings, not both")
    return values


def _is_text(value: Any) -> bool:
    return np.asarray(value).dtype.kind == "U"


def _number(value: Any) -> Any:
    """A value as a number; truth values count as 0 and 1, as in Python (in numpy their sum is `or`)."""
    array = np.asarray(value)
    if array.dtype.kind == "U":
        raise ExpressionError("a text is not a number")
    return array.astype(np.int64) if array.dtype.kind == "b" else array


def _truth(value: Any) -> Any:
    if _is_text(value):
        raise ExpressionError("a text is neither true nor false; compare it with another text")
    return np.asarray(value).astype(bool)


def _alike(a: Any, b: Any) -> None:
    if _is_text(a) != _is_text(b):
        raise ExpressionError("a text cannot be compared with a number")


def _evaluate(node: ast.expr, values: Mapping[Name, Any]) -> Any:
    match node:
        case ast.BoolOp() | ast.UnaryOp(op=ast.Not()) | ast.Compare():
            return _holds(node, values, True)
        case ast.UnaryOp(operand=operand):
            return -_number(_evaluate(operand, values))
        case ast.BinOp(left=left, op=op, right=right):
            with np.errstate(divide="ignore", invalid="ignore"):
                return ARITHMETIC[type(op)](_number(_evaluate(left, values)), _number(_evaluate(right, values)))
        case ast.Constant(value=value):
            return value
        case ast.Call(func=ast.Name(id=function), args=arguments):
            return values[_function(function, arguments)]
        case _:
            return values[Name(ast.unparse(node))]


def _holds(node: ast.expr, values: Mapping[Name, Any], sense: bool) -> Any:
    """Where a condition is known to be true or, with `sense` False, known to be false.

    A comparison with NaN (an aggregate over no images, 0/0) is neither, like null in SQL: `mean(x) < 3` and
    `not mean(x) < 3` both fail to hold for a document without images.
    """
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _holds(operand, values, not sense)
        case ast.BoolOp(op=op, values=parts):
            joined = np.logical_and if isinstance(op, ast.And) == sense else np.logical_or
            return joined.reduce(np.broadcast_arrays(*[_holds(part, values, sense) for part in parts]))
        case ast.Compare(left=left, ops=ops, comparators=sides):
            joined = np.logical_and if sense else np.logical_or
            a, results = _evaluate(left, values), []
            for compare, side in zip(ops, sides, strict=True):
                result, a = _compared(a, compare, side, values, sense)
                results.append(result)
            return joined.reduce(np.broadcast_arrays(*results))
        case _:
            value = _evaluate(node, values)
            truth = _truth(value)
            return (truth if sense else np.logical_not(truth)) & _known(value)


def _compared(a: Any, compare: ast.cmpop, side: ast.expr, values: Mapping[Name, Any], sense: bool) -> tuple[Any, Any]:
    """One comparison of `a` with the value of `side` (in the given sense), and that value."""
    if isinstance(compare, ast.In | ast.NotIn):
        listed = _constants(side)
        if listed:
            _alike(a, listed[0])
        return (np.isin(a, listed) == (isinstance(compare, ast.In) == sense)) & _known(a), listed
    b = _evaluate(side, values)
    _alike(a, b)
    return (np.asarray(COMPARE[type(compare)](a, b)) == sense) & _known(a) & _known(b), b


def _known(value: Any) -> Any:
    array = np.asarray(value)
    return ~np.isnan(array) if array.dtype.kind == "f" else np.ones(array.shape, dtype=bool)
