from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import leafinstruct
from leafinstruct.document import Document, Image, LostImage, Part, documents_to_table
from leafinstruct.harvest.valid import valid_document, valid_image
from leafinstruct.text.printable import CONTROL, printable, printable_json, printable_line
from leafinstruct.text.valid import INVALID, TAG, valid, valid_line

ANY = st.text(st.characters(codec=None, categories=["Cc", "Cf", "Cn", "Cs", "L", "N", "Zs", "Zl"]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("a\ud83db", "a\ufffdb"),
        ("\udc00", "\ufffd"),
        ("\ud83d\ude00", "\U0001f600"),
        ("st\udcffol", "st\ufffdol"),
        ("a\0b\x1b[2Jc\x9bd\x7f", "ab[2Jcd"),
        ("a\r\nb\rc\x85d", "a\nb\nc\nd"),
        ("a\x0cb\x0bc", "a b c"),
        ("a\ufffeb\uffffc\ufdd0d", "abcd"),
        ("Fold.\U000e0041\U000e0064\U000e0064 \U000e007fGlue.", "Fold. Glue."),
        ("\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f!",) * 2,
        ("\u8fbb\U000e0100", "\u8fbb\U000e0100"),
        ("right \u202e to left", "right \u202e to left"),
    ],
)
def test_valid(text: str, expected: str) -> None:
    assert valid(text) == expected


@settings(deadline=None)
@given(ANY)
def test_valid_text_can_be_stored_and_stays(text: str) -> None:
    found = valid(text)
    assert found.encode() and not INVALID.search(TAG.sub("", found)) or found == ""
    assert valid(found) == found and valid_line(valid_line(text)) == valid_line(text)
    assert "\n" not in valid_line(text)


@settings(deadline=None)
@given(ANY)
def test_what_is_printed_obeys_nothing(text: str) -> None:
    for shown in (printable(text), printable_line(text), printable_json(json.dumps(text, ensure_ascii=False))):
        assert not {ord(one) for one in shown} & set(CONTROL)
        shown.encode()
    assert "\n" not in printable_line(text)
    assert json.loads(printable_json(json.dumps(text, ensure_ascii=False))) == json.loads(json.dumps(text))


@settings(deadline=None)
@given(ANY, ANY, st.one_of(st.integers(), st.floats(), st.booleans(), st.none(), st.text()))
def test_any_document_can_be_written(text: str, line: str, number: object) -> None:
    parts = (
        Part("text", text=text or "x", step=number, heading=number),  # type: ignore[arg-type]
        Part("image", image="0" * 64, alt=text, caption=text, url=line),
    )
    lost = (LostImage(0, line, line),)
    made = valid_document(Document("id", line, line, line, line, line, line, line, line, parts, lost, error=line))
    [row] = documents_to_table([made]).to_pylist()
    assert "\n" not in row["title"] + row["url"] + row["path"] + row["error"] + row["lost"][0]["ref"]
    assert row["parts"][0]["text"] and 0 <= row["parts"][0]["heading"] <= 6
    assert valid_document(made) is made
    assert valid_image(Image("0" * 64, b"", "PNG", 1, 1, line)).url == valid_line(line)


def test_only_one_function_prints() -> None:
    """Any other would print what a terminal obeys."""
    root = Path(leafinstruct.__file__).parent
    found = {}
    for path in root.rglob("*.py"):
        calls = [n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Call)]
        count = sum(isinstance(call.func, ast.Name) and call.func.id == "print" for call in calls)
        if count:
            found[path.relative_to(root).as_posix()] = count
    assert found == {"report/terminal.py": 1, "stopping.py": 1}
