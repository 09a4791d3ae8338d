from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given, settings
from made import core as made
from made import rewrite as rewrite_made

from leafinstruct import document as model
from leafinstruct.document import Content, Document, Image, ImageMeta, LostImage, Message, Part, Record
from leafinstruct.errors import did_you_mean


def through_parquet(table: pa.Table) -> pa.Table:
    import io

    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return pq.read_table(buffer)


def record(key: str = "r", places: int = 1, images: int = 1, meta: int = 1) -> Record:
    return Record(
        id=key, document="d", task="continue", source="s", path="p", url="u", site="x", license="",
            topic="", language="en",
        messages=(
            Message("user", (Content("text", "How?"),)),
            Message("assistant", (*[Content("image")] * places, Content("text", "So."))),
        ),
        images=("a" * 64,) * images,
        image_meta=(ImageMeta("a" * 64, "u", "", "", None),) * meta,
        scores=(("clip", 0.5), ("lm", None)),
        writer="template",
    )  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(rewrite_made.documents())
def test_documents_come_back_from_arrow_as_they_were(drawn: Document) -> None:
    lost = (LostImage(0, "../gone.png", "missing"), LostImage(len(drawn.parts), "x", "not_an_image"))
    broken = Document("zz", "s", "", "", "p", "", "", "", "", (), error="empty")
    whole = [broken, replace(drawn, lost=lost)]
    table = through_parquet(model.documents_to_table(whole))
    assert table.schema.remove_metadata() == model.DOCUMENT_SCHEMA
    assert list(model.documents_from_table(table)) == sorted(whole, key=lambda d: d.id)


def test_records_and_images_come_back_from_arrow_in_order() -> None:
    records = [record("b"), replace(record("a"), dropped_by="leaks")]
    table = through_parquet(model.records_to_table(records))
    assert list(model.records_from_table(table)) == [records[1], records[0]]
    one, two = (Image(c * 64, b"\xff" + c.encode(), "png", None, 3, "u") for c in "ba")
    rows = through_parquet(model.images_to_table([one, two, one])).to_pylist()
    assert [Image(**row) for row in rows] == [two, one]


def test_no_rows_still_have_the_schema() -> None:
    assert model.documents_to_table([]).schema == model.DOCUMENT_SCHEMA
    assert model.images_to_table([]).schema == model.IMAGE_SCHEMA
    assert model.records_to_table([]).schema == model.RECORD_SCHEMA


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "text"},
        {"type": "text", "text": "words", "image": "a" * 64},
        {"type": "image"},
        {"type": "image", "image": "a" * 63},
        {"type": "image", "image": "a" * 64, "text": "words"},
    ],
)
def test_a_part_is_a_text_or_an_image(fields: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="part has"):
        Part(**fields)


@pytest.mark.parametrize("counts", [(0, 1, 1), (1, 0, 1), (1, 1, 0), (2, 1, 1), (1, 2, 2)])
def test_image_places_images_and_meta_match_one_to_one(counts: tuple[int, int, int]) -> None:
    assert record("r", 2, 2, 2)
    with pytest.raises(ValueError, match="image places"):
        record("r", *counts)


def test_raw_positions_match_the_parts() -> None:
    whole = made.document("d", [made.text("a"), made.image("i")])
    assert whole.edited(whole.parts[1:], [1]).raw == (1,)
    with pytest.raises(ValueError, match="document d: 1 raw positions for 2 parts"):
        replace(whole, raw=(0,))


def test_ids_are_stable_and_tell_places_apart() -> None:
    assert model.document_id("web", "https://a.example/") == "90af04504049815747cd"
    places = [("web", "a"), ("web", "b"), ("we", "ba"), ("web", "a", 1)]
    assert len({model.document_id(*place) for place in places}) == 4


def test_digest_changes_with_what_a_reader_sees_and_only_then() -> None:
    words, shown = made.text("a", step=1), made.image("i", alt="boat", caption="A boat")
    whole = made.document("d", [words, shown], title="T", language="en")
    seen = whole.digest()
    unseen = {
        "id": "e", "source": "x", "site": "x", "url": "x", "path": "x", "license": "x", "topic": "x",
        "lost": (LostImage(0, "r", "missing"),), "raw": (0, 1),
    }  # fmt: skip
    for name, value in unseen.items():
        assert replace(whole, **{name: value}).digest() == seen, name
    assert replace(whole, parts=(words, replace(shown, url="elsewhere"))).digest() == seen
    for changed in [
        replace(whole, title="U"),
        replace(whole, language="de"),
        replace(whole, parts=(shown, words)),
        replace(whole, parts=(words,)),
        *(replace(whole, parts=(replace(words, **{k: v}), shown)) for k, v in [("text", "b"), ("step", 2)]),
        replace(whole, parts=(replace(words, heading=1), shown)),
        *(
            replace(whole, parts=(words, replace(shown, **{k: v})))
            for k, v in [("image", "b" * 64), ("alt", "x"), ("caption", "x")]
        ),
    ]:
        assert changed.digest() != seen, changed


def test_digest_of_values_does_not_mix_up_neighbors() -> None:
    assert model.digest(["ab", "c"]) != model.digest(["a", "bc"])
    assert model.digest({"a": 1, "b": 2}) == model.digest({"b": 2, "a": 1})
    assert model.digest(["\ud800"]) != model.digest(["?"])


def test_hints_name_the_nearest_or_all() -> None:
    assert did_you_mean("wrods", ["words", "size"]) == " (did you mean 'words'?)"
    assert did_you_mean("qqq", ["words", "size"]) == " (known: size, words)"
