from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leafinstruct.rules.expression import FUNCTIONS, Expression, ExpressionError, Name


def value(text: str, **columns: object) -> object:
    expression = Expression(text)
    result = expression.evaluate({name: np.array([columns[str(name)]]) for name in expression.names})
    return np.broadcast_to(result, (1,))[0].item()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < 3 and b > 1", True),
        ("a < 3 or b > 9", True),
        ("not a < 3", False),
        ("1 < a <= 2 < b", True),
        ("a == 2 and a != 3 and b >= 5", True),
        ("a + b * 2 - 1 == 11", True),
        ("-a + 2 == 0", True),
        ("a / b == 0.4", True),
        ("a in [1, 2]", True),
        ("a in (-2, 2.0)", True),
        ("a not in {1, 2}", False),
        ("t == 'en'", True),
        ("t in ['en', 'de']", True),
        ("t not in []", True),
        ("(a > 1) + (b > 1) + (b > 9) >= 2", True),
        ("True", True),
    ],
)
def test_allowed_forms(text: str, expected: bool) -> None:
    assert value(text, a=2.0, b=5.0, t="en") is expected


def test_names_come_in_order_and_once() -> None:
    text = (
        "words > 3 and text.words > 1 and words < 9 and dropped(pointers.essential_references) > count() + mean(size)"
    )
    assert Expression(text).names == (
        Name("words"),
        Name("text.words"),
        Name("pointers.essential_references", "dropped"),
        Name("", "count"),
        Name("size", "mean"),
    )
    assert [str(n) for n in Expression("count() > max(clip.context_similarity)").names] == [
        "count()",
        "max(clip.context_similarity)",
    ]


@pytest.mark.parametrize("function", sorted(set(FUNCTIONS) - {"count"}))
def test_each_function_is_read_as_a_name(function: str) -> None:
    assert Expression(f"{function}(clip.context_similarity) > 0").names == (Name("clip.context_similarity", function),)


def test_text_is_one_line() -> None:
    assert Expression("a < 1\n   and b > 2\n").text == "a < 1 and b > 2"


@pytest.mark.parametrize(
    "text",
    [
        "print(1)",
        "__import__('os').system('touch pwned')",
        "().__class__.__bases__[0].__subclasses__()",
        "text.words.real > 1",
        "mean(a.b.c) > 1",
        "mean(f().x) > 1",
        "mean(a)(b)",
        "a.b() > 1",
        "lambda: 1",
        "[w for w in words]",
        "any(w for w in words)",
        "words[0] > 1",
        "f'{words}' == 'x'",
        "(w := 3) > 1",
        "a if b else c",
        "a in b",
        "a in 'abc'",
        "a in [b]",
        "a in [None]",
        "a in [1, 'x']",
        "1 in [1] < 2",
        "a is None",
        "a % 2 == 0",
        "a ** 9",
        "a // 2",
        "a @ b",
        "a & b",
        "~a",
        "+a",
        "a << 9",
        "None",
        "...",
        "b'x' == a",
        "1j",
        "[1, 2]",
        "{'a': 1}",
        "*a",
        "await a",
        "__class__ == 1",
        "text.__class__ == 1",
        "mean(__builtins__) > 1",
        "count(a) > 1",
        "mean() > 1",
        "mean(a, b) > 1",
        "mean(3) > 1",
        "mean(a, key=b)",
        "mean(*a)",
        "",
        "a <",
        "a = 1",
        "a; b",
        "import os",
        "a\0b",
        "not " * 20000 + "a",
        "(" * 500 + "a" + ")" * 500,
    ],
)
def test_anything_else_is_an_error_and_runs_nothing(
    text: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*arguments: object) -> None:
        raise AssertionError("executed")

    for name in ("eval", "exec", "print", "any"):
        monkeypatch.setattr(f"builtins.{name}", never)
    monkeypatch.setattr("os.system", never)
    with pytest.raises(ExpressionError):
        Expression(text)


def test_error_names_the_form_and_what_is_known() -> None:
    with pytest.raises(ExpressionError, match=r"'words\[0\]' is not allowed in a rule"):
        Expression("words[0] > 1")
    with pytest.raises(ExpressionError, match=r"unknown function 'median' \(known: count, mean"):
        Expression("median(a) > 1")


@pytest.mark.parametrize(
    "text", ["t > 3", "t == 3", "a == 'en'", "t in [1]", "a in ['x']", "t + a > 1", "-t > 1", "not t", "t and a > 1"]
)
def test_texts_do_not_stand_for_numbers(text: str) -> None:
    with pytest.raises(ExpressionError, match="text"):
        value(text, a=2.0, t="en")


NUMBERS = st.one_of(st.integers(-4, 4), st.sampled_from([0.5, -1.5, 2.25]))


def wrapped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def join(form: str, *operators: str) -> st.SearchStrategy[str]:
        return st.builds(lambda o, a, b: form.format(o=o, a=a, b=b), st.sampled_from(operators), inner, inner)

    return st.one_of(
        join("({a} {o} {b})", "+", "-", "*"),
        join("({a} {o} {b})", "<", "<=", ">", ">=", "==", "!="),
        join("(1 < {a} {o} {b})", "<", "=="),
        st.builds(lambda a: f"(-{a})", inner),
        st.builds(lambda a, o: f"({a} {o} [1, -2, 0.5])", inner, st.sampled_from(["in", "not in"])),
    )


ATOMS = st.one_of(st.sampled_from(["a", "b", "f.c"]), NUMBERS.map(lambda n: f"({n})"))
TERMS = st.recursive(ATOMS, wrapped, max_leaves=5)
RULES = st.recursive(
    st.builds(lambda a, o, b: f"({a} {o} {b})", TERMS, st.sampled_from(["<", ">=", "=="]), TERMS),
    lambda r: st.one_of(
        st.builds(lambda a, o, b: f"({a} {o} {b})", r, st.sampled_from(["and", "or"]), r), r.map(lambda a: f"(not {a})")
    ),
    max_leaves=4,
)


@settings(max_examples=80, deadline=None)
@given(RULES, st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=4))
def test_values_are_those_of_python(text: str, rows: list[tuple[float, float, float]]) -> None:
    expression = Expression(text)
    columns = {"a": 0, "b": 1, "f.c": 2}
    found = expression.evaluate({n: np.array([row[columns[str(n)]] for row in rows]) for n in expression.names})
    found = np.broadcast_to(found, (len(rows),)).astype(bool).tolist()
    expected = [bool(eval(text, {}, {"a": a, "b": b, "f": SimpleNamespace(c=c)})) for a, b, c in rows]
    assert found == expected, text


def test_division_by_zero_is_no_error() -> None:
    assert value("a / b > 1", a=2.0, b=0.0) is True
    assert value("a / b > 1", a=0.0, b=0.0) is False
    assert math.isinf(value("a / b", a=-1.0, b=0.0))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("m < 3", False),
        ("not m < 3", False),
        ("not (m < 3 and a > 1)", False),
        ("not (m < 3 and a > 5)", True),
        ("not (m < 3 or a > 5)", False),
        ("m < 3 or a == 2", True),
        ("m != 3", False),
        ("not m == 3", False),
        ("m not in [1, 2]", False),
        ("not 1 < m < 3", False),
        ("not 5 < a < m", True),
        ("m + 1 < 3 or not m - 1 > 3", False),
    ],
)
def test_what_compares_with_nothing_is_neither_true_nor_false(text: str, holds: bool) -> None:
    assert value(text, m=math.nan, a=2.0) is holds
