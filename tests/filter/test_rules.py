from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import core as made

from leafinstruct.document import Document, LostImage, Part
from leafinstruct.filter.decisions import DECISION_SCHEMA, decisions_table
from leafinstruct.filter.edits import apply
from leafinstruct.filter.frame import View, make_view
from leafinstruct.filter.representatives import choose
from leafinstruct.filter.rules import Verdicts, evaluate
from leafinstruct.pipeline import Pipeline

rule = made.rule
Values = Mapping[str, Any]


def view(built: Pipeline, documents: Sequence[Document], **tables: Sequence[Values]) -> View:
    """Documents with score rows by filter name."""
    found: dict[str, Any] = {}
    for name, rows in tables.items():
        found |= made.scores(built, name, rows)
    return make_view(documents, built, found)


def sizes(name: str, *values: float | None, **about: Any) -> tuple[Document, list[Values]]:
    """A document with a text and an image for each value of `size`, and its rows of the made scorer."""
    parts = [p for i in range(len(values)) for p in (made.text(f"t{i}"), made.image(f"{name}{i}"))]
    rows: list[Values] = [{"document": name, "part": 2 * i + 1, "size": v} for i, v in enumerate(values)]
    return made.document(name, parts or [made.text("t")]), [{"document": name, **about}, *rows]


def decide(built: Pipeline, *cases: tuple[Document, list[Values]], **more: Any) -> Verdicts:
    rows = [row for _, found in cases for row in found]
    return evaluate(built, view(built, [d for d, _ in cases], one=rows), **more)


def test_a_bad_image_goes_and_the_document_stays(tmp_path: Path) -> None:
    built = made.pipeline(tmp_path, {"one": [rule("small", "image", "size < 5")]})
    verdicts = decide(built, sizes("a", 9.0, 1.0), sizes("b", 7.0))
    assert verdicts.document_by.tolist() == ["", ""]
    assert verdicts.image_by.tolist() == ["", "one.small", ""]
    assert verdicts.images_alive.tolist() == [True, False, True]
    assert verdicts.image_at(1) == ("a", 3)


def test_first_rule_drops_and_all_that_fail_are_kept(tmp_path: Path) -> None:
    rules = [rule("low", "image", "size < 5"), rule("lower", "image", "size < 3"), rule("odd", "image", "size == 4")]
    rules += [rule("few", "document", "count() < 2"), rule("short", "document", "words < 9")]
    built = made.pipeline(tmp_path, {"one": rules})
    verdicts = decide(built, sizes("a", 1.0, 4.0, 8.0, words=3))
    assert verdicts.image_by.tolist() == ["one.low", "one.low", ""]
    assert verdicts.failed_images == [["one.low", "one.lower"], ["one.low", "one.odd"], []]
    assert verdicts.document_by.tolist() == ["one.few"]
    assert verdicts.failed_documents == [["one.few", "one.short"]]
    assert verdicts.images_alive.tolist() == [False] * 3, "images of a dropped document are not kept"


@pytest.mark.parametrize(
    ("when", "dropped"),
    [
        ("count() == 2", True),
        ("mean(size) == 7", True),
        ("min(size) == 6", True),
        ("max(size) == 8", True),
        ("sum(size) == 14", True),
        ("dropped(size) == 3", True),
        ("count() == 3 or mean(size) < 6 or min(size) < 6 or sum(size) > 14 or dropped(size) > 3", False),
    ],
)
def test_aggregates_are_over_the_images_that_are_left(tmp_path: Path, when: str, dropped: bool) -> None:
    built = made.pipeline(tmp_path, {"one": [rule("low", "image", "size < 5"), rule("all", "document", when)]})
    verdicts = decide(built, sizes("a", 6.0, 1.0, 8.0, 2.0), sizes("b"))
    assert verdicts.document_by[0] == ("one.all" if dropped else "")


def test_a_document_rule_before_an_image_rule_sees_what_is_left_in_the_end(tmp_path: Path) -> None:
    built = made.pipeline(
        tmp_path, {"one": [rule("none", "document", "count() < 1"), rule("low", "image", "size < 5")]}
    )
    assert decide(built, sizes("a", 1.0), sizes("b", 9.0)).document_by.tolist() == ["one.none", ""]


def test_a_document_without_images_is_no_case_of_a_missing_score(tmp_path: Path) -> None:
    built = made.pipeline(tmp_path, {"one": [rule("dull", "document", "mean(size) < 5 or dropped(size) > 0")]})
    assert decide(built, sizes("a"), sizes("b", None), sizes("c", 9.0, None)).document_by.tolist() == [
        "",
        "score_missing:one.dull",
        "",
    ]


@pytest.mark.parametrize("when", ["mean(size) < 5", "not (mean(size) > 5)", "max(size) != 5", "min(size) not in [1]"])
def test_a_rule_on_an_aggregate_over_nothing_does_not_hold(tmp_path: Path, when: str) -> None:
    built = made.pipeline(tmp_path, {"one": [rule("low", "image", "size < 2"), rule("r", "document", when)]})
    assert decide(built, sizes("a"), sizes("b", 1.0), sizes("c", 3.0)).document_by.tolist() == ["", "", "one.r"]


@pytest.mark.parametrize(("missing", "by"), [("drop", "score_missing:one.r"), ("keep", "")])
def test_null_is_neither_true_nor_false(tmp_path: Path, missing: str, by: str) -> None:
    for number, when in enumerate(["size < 5", "not size < 5", "size != 5"]):
        built = made.pipeline(tmp_path / str(number), {"one": [rule("r", "image", when, missing=missing)]})
        assert decide(built, sizes("a", None)).image_by.tolist() == [by], when
    of_documents = ["words < 5", "odds < .5", "tone == 'x'", "tone != 'x'", "tone not in ['x']"]
    for when in [*of_documents, "words < 5 or document.site == 'a.example'"]:
        built = made.pipeline(tmp_path / "d", {"one": [rule("r", "document", when, missing=missing)]})
        assert decide(built, sizes("a", words=None)).document_by.tolist() == [by], when


def test_scores_that_were_never_made_are_missing(tmp_path: Path) -> None:
    built = made.pipeline(tmp_path, {"one": [rule("low", "image", "size < 5"), rule("short", "document", "words < 5")]})
    verdicts = evaluate(built, make_view([sizes("a", 9.0)[0]], built, {}))
    assert verdicts.image_by.tolist() == ["score_missing:one.low"]
    assert verdicts.document_by.tolist() == ["score_missing:one.short"]


def test_whole_numbers_beside_nulls_stay_whole(tmp_path: Path) -> None:
    built = made.pipeline(tmp_path, {"one": [rule("r", "document", "words == 9007199254740993", missing="keep")]})
    assert decide(built, sizes("a", words=None), sizes("b", words=3)).document_by.tolist() == ["", ""]


def test_image_rules_read_document_columns_and_fields(tmp_path: Path) -> None:
    rules = [rule("r", "image", "size < words and document.site == 'a.example'")]
    built = made.pipeline(tmp_path, {"one": rules})
    assert decide(built, sizes("a", 1.0, 5.0, words=3), sizes("b", 1.0, words=0)).image_by.tolist() == ["one.r", "", ""]


def test_rows_by_sha256_go_to_the_image_wherever_it_stands(tmp_path: Path) -> None:
    built = made.pipeline(tmp_path, {"one": [rule("low", "image", "size < 5", missing="keep")]})
    shown = [made.image("x"), made.image("y")]
    documents = [made.document("a", shown), made.document("b", [*shown[::-1], shown[0]])]
    rows = [{"sha256": shown[0].image, "size": 1.0}]
    verdicts = evaluate(built, view(built, documents, one=rows))
    assert verdicts.image_by.tolist() == ["one.low", "", "", "one.low", "one.low"]


def test_what_harvest_could_not_read_is_dropped_by_that(tmp_path: Path) -> None:
    built = made.pipeline(tmp_path, {"one": [rule("short", "document", "words < 5")]})
    case = made.document("a", error="empty"), []
    assert decide(built, case, sizes("b", words=9)).document_by.tolist() == ["harvest:empty", ""]


def gated(folder: Path) -> Pipeline:
    return made.pipeline(
        folder,
        {
            "one": [rule("low", "image", "size < 5"), rule("none", "document", "count() < 1")],
            "seen": {"scorer": "./scorers.py:Seen", "rules": [rule("far", "image", "context_similarity < .5")]},
            "end": [rule("late", "image", "one.flag > 0", missing="keep"), rule("few", "document", "one.words < 9")],
        },
        models={"clip": {"model": "m"}},
    )


def test_what_a_gate_drops_stays_dropped_and_is_judged_no_more(tmp_path: Path) -> None:
    built = gated(tmp_path)
    cases = [sizes("a", 1.0, words=1), sizes("b", 9.0, 2.0, words=99), sizes("c", 9.0, words=99)]
    rows = [r for _, found in cases for r in found]
    near = [
        {"document": "b", "part": 1, "context_similarity": 0.9},
        {"document": "c", "part": 1, "context_similarity": 0.1},
    ]
    verdicts = evaluate(built, view(built, [d for d, _ in cases], one=rows, seen=near))
    assert verdicts.document_by.tolist() == ["one.none", "", "one.none"]
    assert verdicts.failed_documents[0] == ["one.none"], "rules behind the gate do not look at it"
    assert verdicts.failed_documents[2] == ["one.none"], "c loses its image behind the gate and falls at the end"
    assert verdicts.image_by.tolist()[0::3] == ["one.low", "seen.far"]
    assert verdicts.failed_images[0] == ["one.low"]
    assert verdicts.images_alive.tolist() == [False, True, False, False]


def test_upto_stops_before_a_filter(tmp_path: Path) -> None:
    built = gated(tmp_path)
    verdicts = decide(built, sizes("a", 9.0, words=1), sizes("b", 1.0, words=99), upto=1)
    assert verdicts.document_by.tolist() == ["", "one.none"]
    assert verdicts.images_alive.tolist() == [True, False]


def test_without_gates_all_rules_look_at_everything(tmp_path: Path) -> None:
    built = gated(tmp_path)
    verdicts = decide(built, sizes("a", 1.0, words=1), gated=False)
    assert verdicts.failed_images == [["one.low", "score_missing:seen.far"]]
    assert verdicts.failed_documents == [["one.none", "end.few"]]


def grouped(folder: Path) -> Pipeline:
    rules = [
        rule("low", "image", "size < 5"),
        rule("alone", "document", one_per="group"),
        rule("odd", "document", "odds > .5", missing="keep"),
    ]
    far = {"scorer": "./scorers.py:Seen", "rules": [rule("far", "image", "context_similarity < .5", missing="keep")]}
    return made.pipeline(folder, {"one": rules, "seen": far}, models={"clip": {"model": "m"}})


def chosen(built: Pipeline, *cases: tuple[Document, list[Values]]) -> dict[str, dict[str, str]]:
    """The choice, with each document in a partition of its own and in reverse."""
    views = [view(built, [d], one=rows) for d, rows in reversed(cases)]
    return choose(built, views, words="one.words")


def test_the_document_with_most_surviving_images_stands_for_its_cluster(tmp_path: Path) -> None:
    built = grouped(tmp_path)
    cases = [
        sizes("a", 1.0, 1.0, 9.0, group="g", words=50),
        sizes("b", 9.0, 9.0, group="g", words=10),
        sizes("c", 9.0, group="h", words=10),
        sizes("d", 9.0, words=10),
    ]
    found = chosen(built, *cases)
    assert found == {"one.group": {"g": "b", "h": "c"}}
    verdicts = decide(built, *cases, chosen=found)
    assert verdicts.document_by.tolist() == ["one.alone", "", "", ""]
    assert decide(built, *cases).document_by.tolist() == [""] * 4, "without a choice the rule is skipped"


def test_what_one_rule_drops_stands_for_nothing_in_the_next(tmp_path: Path) -> None:
    rules = [rule("first", "document", one_per="group"), rule("second", "document", one_per="tone")]
    built = made.pipeline(tmp_path, {"one": rules})
    cases = [
        sizes("a", 9.0, 9.0, 9.0, group="g"),
        sizes("b", 9.0, 9.0, group="g", tone="t"),
        sizes("c", 9.0, tone="t"),
        sizes("d", tone="t"),
    ]
    found = chosen(built, *cases)
    assert found == {"one.group": {"g": "a"}, "one.tone": {"t": "c"}}
    assert decide(built, *cases, chosen=found).document_by.tolist() == ["", "one.first", "", "one.second"]


def test_then_words_then_the_smallest_id(tmp_path: Path) -> None:
    built = grouped(tmp_path)
    assert chosen(built, sizes("a", 9.0, group="g", words=5), sizes("b", 9.0, group="g", words=6)) == {
        "one.group": {"g": "b"}
    }
    assert chosen(built, sizes("a", 9.0, group="g", words=6), sizes("b", 9.0, group="g", words=6)) == {
        "one.group": {"g": "a"}
    }


def test_a_document_that_cheap_rules_dropped_stands_for_nothing(tmp_path: Path) -> None:
    built = grouped(tmp_path)
    cases = [sizes("a", 9.0, 9.0, group="g", words=99, odds=0.9), sizes("b", 9.0, group="g", words=1, odds=0.1)]
    found = chosen(built, *cases)
    assert found == {"one.group": {"g": "b"}}
    verdicts = decide(built, *cases, chosen=found)
    assert verdicts.document_by[1] == ""
    assert set(verdicts.failed_documents[0]) == {"one.alone", "one.odd"}


def test_a_model_does_not_choose(tmp_path: Path) -> None:
    built = grouped(tmp_path)
    (a, first), (b, second) = sizes("a", 9.0, 9.0, group="g"), sizes("b", 9.0, group="g")
    near = [
        {"document": "a", "part": 1, "context_similarity": 0.1},
        {"document": "a", "part": 3, "context_similarity": 0.1},
    ]
    assert choose(built, [view(built, [a, b], one=[*first, *second], seen=near)]) == {"one.group": {"g": "a"}}


def test_decisions_tell_the_numbers_that_decided(tmp_path: Path) -> None:
    rules = [
        rule("low", "image", "size < words"),
        rule("few", "document", "count() < 2 and mean(size) > 2 and tone == 'dry' and dropped(size) > 0"),
    ]
    built = made.pipeline(tmp_path, {"one": rules})
    table = decisions_table(decide(built, sizes("b", 9.0, words=3), sizes("a", 7.0, 1.23456, words=3, tone="dry")))
    assert table.schema == DECISION_SCHEMA
    rows = table.to_pylist()
    assert [(r["document"], r["part"]) for r in rows] == [("a", None), ("a", 1), ("a", 3), ("b", None), ("b", 1)]
    about, kept, low, other, alive = rows
    assert (about["kept"], about["dropped_by"], about["failed_rules"]) == (False, "one.few", ["one.few"])
    values = {v["name"]: v["value"] if v["text"] is None else v["text"] for v in about["values"]}
    assert values == {"count()": 1.0, "mean(one.size)": 7.0, "one.tone": "dry", "dropped(one.size)": 1.2346}
    assert (kept["kept"], kept["dropped_by"], kept["failed_rules"]) == (False, "document", [])
    assert (low["dropped_by"], low["sha256"]) == ("one.low", made.image("a1").image)
    assert [(v["name"], v["value"]) for v in low["values"]] == [("one.size", 1.2346), ("one.words", 3.0)]
    assert (other["dropped_by"], alive["dropped_by"]) == ("score_missing:one.few", "document")


def test_decisions_of_nothing_have_the_schema(tmp_path: Path) -> None:
    built = made.pipeline(tmp_path, {"one": [rule("low", "image", "size < 5"), rule("few", "document", "count() < 2")]})
    assert decisions_table(evaluate(built, make_view([], built, {}))).schema == DECISION_SCHEMA
    assert decisions_table(decide(built, sizes("a"))).to_pylist()[0]["dropped_by"] == "one.few"


# What is left of a document

LONG = "The valve in the picture below is open only while the float stands lower than the rim of the second basin."


def left(*parts: Part, keep: set[int], lost: Sequence[LostImage] = (), **more: Any) -> tuple[list[str], list[int]]:
    edited = apply(made.document("d", parts, lost, **more), frozenset(keep))
    return [p.text or "#" for p in edited.parts], list(edited.raw)


def test_sentences_that_only_point_go_with_their_image() -> None:
    parts = [made.text("Fold it. See the picture below. Then turn it."), made.image("i"), made.text("Done.")]
    assert left(*parts, keep={1}) == (["Fold it. See the picture below. Then turn it.", "#", "Done."], [0, 1, 2])
    assert left(*parts, keep=set()) == (["Fold it. Then turn it.", "Done."], [0, 2])


def test_a_text_that_only_points_goes_whole() -> None:
    parts = [made.image("i"), made.text("See the picture above."), made.text("Turn it.")]
    assert left(*parts, keep=set()) == (["Turn it."], [2])


def test_a_sentence_that_says_more_stays() -> None:
    assert left(made.text(LONG), made.image("i"), keep=set()) == ([LONG], [0])


def test_a_pointer_goes_with_the_image_it_means() -> None:
    parts = [made.image("i"), made.text("Compare Figure 2. See the picture above."), made.image("j")]
    assert left(*parts, keep={0}) == (["#", "See the picture above."], [0, 1])
    assert left(*parts, keep={2}) == (["Compare Figure 2.", "#"], [1, 2])


def test_a_pointer_at_an_image_that_harvest_lost_goes_too() -> None:
    parts = [made.text("Fold it. See the picture below."), made.text("Turn it."), made.image("i")]
    assert left(*parts, keep={2}, lost=[LostImage(1, "x.png", "missing")])[0] == ["Fold it.", "Turn it.", "#"]
    assert left(*parts, keep={2})[0][0] == "Fold it. See the picture below."
    assert left(made.text("Fold it. See the picture below."), keep=set())[0] == ["Fold it."]


def test_lists_keep_their_lines() -> None:
    parts = [made.text("- Fold it.\n- See the picture below.\n- Turn it."), made.image("i")]
    assert left(*parts, keep=set())[0] == ["- Fold it.\n- Turn it."]


def test_an_edited_document_has_the_detected_language_whatever_its_page_states() -> None:
    for stated in ("", "de", "en-us"):
        assert apply(made.document("d", [made.text("Un texte")], language=stated), frozenset(), "fr").language == "fr"
    stated = made.document("d", [made.text(LONG)], language="de-at")
    assert apply(stated, frozenset()).language == "en", "without a filter that detects it"
    assert apply(made.document("d", [made.text("Klein")], language="de-at"), frozenset()).language == "de"


POINTERS = ("See the picture below.", "Look at the photo above.", "Siehe Abbildung 2.", "Voir figure 1.")
SENTENCES = ("Fold the left flap down.", LONG, "It costs 3.5 grams, e.g. of salt.", "折る。", "Nun wenden!")


@st.composite
def documents(draw: st.DrawFn) -> tuple[Document, frozenset[int]]:
    parts: list[Part] = []
    for number in range(draw(st.integers(0, 9))):
        if draw(st.booleans()):
            parts.append(made.image(str(draw(st.integers(0, 4)))))
        else:
            chosen = draw(st.lists(st.sampled_from(POINTERS + SENTENCES), min_size=1, max_size=4))
            joined = draw(st.sampled_from([" ", "\n", "\n\n"])).join(chosen)
            parts.append(made.text(joined, heading=draw(st.sampled_from([0, 0, 0, 2])), step=number))
    lost = [LostImage(i, "gone.png", "missing") for i in draw(st.sets(st.integers(0, len(parts)), max_size=2))]
    places = [i for i, p in enumerate(parts) if p.type == "image"]
    keep = draw(st.sets(st.sampled_from(places))) if places else set()
    return made.document("d", parts, lost), frozenset(keep)


def without_pointers(text: str) -> str:
    for pointer in POINTERS:
        text = text.replace(pointer, "")
    return "".join(text.split())


@settings(max_examples=100, deadline=None)
@given(documents())
def test_images_match_one_to_one_and_no_text_is_lost(case: tuple[Document, frozenset[int]]) -> None:
    whole, keep = case
    edited = apply(whole, keep)
    assert [i for i, p in zip(edited.raw, edited.parts, strict=True) if p.type == "image"] == sorted(keep)
    assert edited.images == [whole.parts[i].image for i in sorted(keep)]
    assert list(edited.raw) == sorted(set(edited.raw))
    texts = {i: p for i, p in zip(edited.raw, edited.parts, strict=True) if p.type == "text"}
    for index, part in enumerate(whole.parts):
        if part.type == "image":
            continue
        now = texts.get(index)
        if now is None:
            assert not without_pointers(part.text), "text went that was no pointer"
            continue
        assert (now.step, now.heading) == (part.step, part.heading)
        assert without_pointers(now.text) == without_pointers(part.text)
        if part.heading or len(keep) == len(whole.images) and whole.images and not whole.lost:
            assert now.text == part.text, "nothing went, so nothing is cut"
