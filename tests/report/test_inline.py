"""The sample page shows a picture inside of its sentence."""

from __future__ import annotations

from leafinstruct.report.markdown import PLACE, Picture, interleaved


def test_a_picture_between_texts_of_a_line_is_in_their_paragraph() -> None:
    key, shot = Picture('<img alt="" src="k">', "<p>Enter</p>"), Picture('<img alt="" src="s">', "<p>shot</p>")
    made = interleaved(["Press ", key, " **now**.", shot, "Done"])
    assert 'Press <img class="inline" alt="" src="k"> <strong>now</strong>.' in made
    assert made.count("<p>shot</p>") == 1 and "<p>Enter</p>" not in made
    assert made.index("</strong>") < made.index('src="s"') < made.index("Done")


def test_a_text_cannot_take_the_place_of_a_picture() -> None:
    key = Picture('<img alt="" src="k">')
    made = interleaved([f"Press {PLACE} ", key, " now", f"{PLACE}"])
    assert made.count("<img") == 1 and PLACE not in made
