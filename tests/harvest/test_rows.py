from __future__ import annotations

import gzip
import io
import json
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made.harvest import harvest, index_of, picture, shape, write

from leafinstruct import plugins
from leafinstruct.document import Document, Harvested, LostImage, Part
from leafinstruct.errors import LeafError
from leafinstruct.harvest.sources import load_source
from leafinstruct.harvest.sources.obelics import SCHEMA, image_name, to_obelics
from leafinstruct.images.header import read_image
from leafinstruct.pipeline import SourceSettings

URL = "http://example.org/i/{}.png"


def only(made: Harvested) -> Document:
    (document,) = made.documents
    return document


def reasons(document: Document) -> list[tuple[int, str, str]]:
    return [(x.position, x.ref, x.reason) for x in document.lost]


def jsonl(rows: list[Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def test_kinds() -> None:
    named = {"warc", "html", "tutorial", "mmc4", "obelics", "comm", "multimodal_textbook", "steps", "huggingface"}
    assert named <= plugins.names(plugins.SOURCE)
    with pytest.raises(LeafError, match="unknown kind of source 'html_source'"):
        load_source(SourceSettings("s", "html_source", {}), Path())


# OBELICS


def obelics_row(images: list[str | None], texts: list[str | None], **general: Any) -> dict[str, Any]:
    about = [
        None
        if image is None
        else {
            "document_url": "https://a.org/p",
            "unformatted_src": image,
            "src": image,
            "formatted_filename": image.rpartition("/")[2],
            "alt_text": "an alt",
            "rendered_width": 300,
            "rendered_height": 200,
            "original_width": 600,
            "original_height": 400,
            "format": "png",
        }
        for image in images
    ]
    general = {"url": "https://a.org/p", "warc_filename": "w.warc.gz", "warc_record_offset": 1, **general}
    return {
        "images": images,
        "metadata": json.dumps(about),
        "general_metadata": json.dumps(general),
        "texts": texts,
    }


def test_obelics_as_published(tmp_path: Path) -> None:
    rows = [
        obelics_row([URL.format(1), None, URL.format(2), None], [None, "First.\n\nSecond.", None, "Third."]),
        obelics_row([None], ["one", "two"]),
        obelics_row([URL.format(1)], ["both"]),
        {**obelics_row([None], ["x"]), "metadata": "[oops"},
        {"images": None, "metadata": None, "general_metadata": None, "texts": None},
        obelics_row([], []),
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), tmp_path / "a.parquet")
    write(tmp_path, {"images/1.png": picture(1)})
    made = harvest("obelics", tmp_path, "a.parquet", images="images", license="CC-BY-4.0")
    first, *rest = made.documents
    assert shape(first) == ["0:[1.png]", "0:First.\n\nSecond.", "0:Third."]
    assert (first.url, first.site, first.license) == ("https://a.org/p", "a.org", "CC-BY-4.0")
    assert first.parts[0].alt == "an alt"
    assert first.path == "a.parquet#0"
    assert reasons(first) == [(2, URL.format(2), "missing")]
    assert [d.error for d in rest] == [
        "lists_differ_in_length",
        "image_and_text_in_one_place",
        "metadata_not_json",
        "missing_columns",
        "no_text",
    ]
    assert str(tmp_path / "images/2.png") in made.files, "an image that is put there later stales the chunk"


def made_documents() -> tuple[list[Document], Harvested]:
    images = [read_image(picture(n, kind=kind), f"img/{n}") for n, kind in enumerate(["PNG", "JPEG", "GIF"])]
    shas = [image.sha256 for image in images if not isinstance(image, str)]
    parts = (
        Part("text", text="A title", heading=1),
        Part("text", text="Intro text.\n\nOf two paragraphs."),
        Part("text", text="Step 1", step=1, heading=2),
        Part("image", "", shas[0], 'alt "quoted" ü', "A caption", "img/0", 1),
        Part("image", "", shas[1], "", "", "https://a.org/x.jpg", 1),
        Part("text", text="Then ☃ this.", step=2),
        Part("image", "", shas[0], "", "", "", 2),
    )
    lost = (LostImage(0, "a.png", "missing"), LostImage(4, "b.png", "status_404"), LostImage(7, "c.png", "svg"))
    about = {"source": "web", "site": "a.org", "url": "https://a.org/", "path": "a.warc.gz", "license": "CC-BY-4.0"}
    one = Document("1", **about, title="T", topic="cooking", language="de", parts=parts, lost=lost)
    two = Document("2", "web", "a.org", "", "", "", "", "", "", (Part("image", "", shas[2], url="img/2"),))
    three = Document("3", "web", "a.org", "", "", "", "", "", "", (), error="not_html")
    four = Document("4", "web", "a.org", "", "", "", "", "", "", (), (LostImage(0, "x", "missing"),))
    made = Harvested(images={i.sha256: i for i in images if not isinstance(i, str)})
    return [one, two, three, four], made


def test_obelics_round_trip(tmp_path: Path) -> None:
    """documents -> layout -> documents: all but what says where a document is from (id, source, path)."""
    documents, made = made_documents()
    table = to_obelics(documents, made.images)
    assert table.schema == SCHEMA
    row = table.to_pylist()[0]
    assert len(row["images"]) == len(row["texts"]) == len(json.loads(row["metadata"])) == 10
    assert all((image is None) != (text is None) for image, text in zip(row["images"], row["texts"], strict=True))
    pq.write_table(table, tmp_path / "view.parquet")
    write(tmp_path, {f"images/{image_name(i)}": i.bytes for i in made.images.values()})
    again = harvest("obelics", tmp_path, "view.parquet", images="images")
    assert [
        replace(d, id=o.id, source=o.source, path=o.path) for d, o in zip(again.documents, documents, strict=True)
    ] == (documents)
    assert {s: i.bytes for s, i in again.images.items()} == {s: i.bytes for s, i in made.images.items()}
    assert to_obelics(again.documents, again.images) == table


# MMC4


def mmc4_row(matched: list[int], sentences: int = 4, **more: Any) -> dict[str, Any]:
    infos = [
        {
            "image_name": f"{n}.png",
            "raw_url": URL.format(n),
            "matched_text_index": index,
            "matched_sim": 0.27,
            "face_detections": None,
        }
        for n, index in enumerate(matched)
    ]
    return {
        "text_list": [f"Sentence {n}." for n in range(sentences)],
        "url": "https://a.org/p",
        "image_info": infos,
        "similarity_matrix": [[0.2] * sentences for _ in matched],
        "could_have_url_duplicate": 0,
        **more,
    }


@pytest.mark.parametrize(
    ("side", "expected"),
    [
        (
            "before",
            ["0:Sentence 0.", "0:[0.png]", "0:[2.png]", "0:Sentence 1. Sentence 2.", "0:[1.png]", "0:Sentence 3."],
        ),
        ("after", ["0:Sentence 0. Sentence 1.", "0:[0.png]", "0:[2.png]", "0:Sentence 2. Sentence 3.", "0:[1.png]"]),
    ],
)
def test_mmc4(tmp_path: Path, side: str, expected: list[str]) -> None:
    write(tmp_path, {"a.jsonl": jsonl([mmc4_row([1, 3, 1])])} | {f"i/{n}.png": picture(n) for n in range(3)})
    made = harvest("mmc4", tmp_path, "a.jsonl", images="i", side=side)
    assert shape(only(made)) == expected


def test_mmc4_losses_and_bad_rows(tmp_path: Path) -> None:
    rows = [mmc4_row([0]), mmc4_row([4]), mmc4_row([0], text_list=None), [1], mmc4_row([0], text_list="words")]
    data = jsonl(rows[:3]) + b"{broken\n\n" + jsonl(rows[3:])
    write(tmp_path, {"a.jsonl": data})
    made = harvest("mmc4", tmp_path, "a.jsonl")
    assert reasons(made.documents[0]) == [(0, URL.format(0), "not_fetched")]
    assert [d.error for d in made.documents] == [
        "",
        "matched_text_index_out_of_range",
        "missing_columns",
        "not_json",
        "not_a_row",
        "",
    ]


@pytest.mark.parametrize("half", [b"\\ud800", b"\xed\xa0\x80"])
def test_half_a_surrogate_pair_becomes_a_replacement_character(tmp_path: Path, half: bytes) -> None:
    row = mmc4_row([0], url="https://a.org/HALF", text_list=["Sentence HALF \U0001f600."] * 4)
    write(tmp_path, {"a.jsonl": jsonl([row]).replace(b"HALF", half)})
    document = only(harvest("mmc4", tmp_path, "a.jsonl"))
    assert document.url == "https://a.org/\ufffd" and "\ufffd \U0001f600." in document.parts[0].text


def packed(data: bytes, ending: str) -> bytes:
    if ending == ".jsonl.gz":
        return gzip.compress(data)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("docs.jsonl", data)
    return data if ending == ".jsonl" else out.getvalue()


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz", ".jsonl.zip", ".parquet", ".json"])
def test_chunks_cover_each_row_once(tmp_path: Path, ending: str) -> None:
    rows = [mmc4_row([0], url=f"https://a.org/{n}", text_list=["ä" * (n % 97) * 40, "x"]) for n in range(60)]
    path = tmp_path / f"a{ending}"
    if ending == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=17)
    elif ending == ".json":
        path.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    else:
        path.write_bytes(packed(jsonl(rows), ending))
    source = load_source(SourceSettings("s", "mmc4", {"path": path.name, "partition": 3}), tmp_path)
    chunks = source.plan(None)
    assert len(chunks) > 4 and len({c.name for c in chunks}) == len(chunks)
    index = index_of(source, tmp_path)
    found = [d for chunk in chunks for d in source.harvest(chunk, index).documents]
    assert [d.url for d in found] == [f"https://a.org/{n}" for n in range(60)]
    assert len({d.id for d in found}) == 60


@pytest.mark.parametrize("ending", [".jsonl.gz", ".jsonl.zip", ".parquet", ".json", ".pth"])
def test_every_cut_ends_in_rows_and_a_reason(tmp_path: Path, ending: str) -> None:
    rows = [mmc4_row([0], url=f"https://a.org/{n}") for n in range(30)]
    path = tmp_path / f"a{ending}"
    if ending == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif ending == ".pth":
        torch_file(path, rows, False)
    else:
        path.write_bytes(json.dumps(rows).encode() if ending == ".json" else packed(jsonl(rows), ending))
    whole = path.read_bytes()
    whole = whole[: whole.rfind(b"https://a.org/29")] if ending == ".pth" else whole[:-1]  # a .pth ends with more
    for end in range(0, len(whole), len(whole) // 12):
        path.write_bytes(whole[:end])
        made = harvest("mmc4", tmp_path, path.name).documents
        assert [d.url for d in made if not d.error] == [f"https://a.org/{n}" for n in range(len(made) - 1)]
        assert made[-1].error


def test_an_address_and_a_name_that_lead_out(tmp_path: Path) -> None:
    row = mmc4_row([0])
    row["image_info"][0]["image_name"] = "../secret.png"
    write(tmp_path, {"in/a.jsonl": jsonl([row]), "secret.png": picture(), "in/i/x": b""})
    assert reasons(only(harvest("mmc4", tmp_path, "in/*.jsonl", images="in/i"))) == [(0, URL.format(0), "outside_tree")]
    with pytest.raises(LeafError, match="images: .* is not a folder"):
        harvest("mmc4", tmp_path, "in/*.jsonl", images="nowhere")


def test_names_of_files_outside_the_project(tmp_path: Path) -> None:
    write(tmp_path, {f"{n}/b/a.jsonl": jsonl([mmc4_row([0])]) for n in "xy"} | {"z/c.jsonl": jsonl([mmc4_row([0])])})
    (tmp_path / "project").mkdir()
    made = harvest("mmc4", tmp_path / "project", [f"{tmp_path}/*/b/a.jsonl", "../z/c.jsonl"])
    assert sorted(d.path for d in made.documents) == ["c.jsonl#0", "x/b/a.jsonl#0", "y/b/a.jsonl#0"]


# CoMM and Multimodal Textbook


def comm_row() -> dict[str, Any]:
    return {
        "summary_info": [
            {"type": "text", "text": "How to fold a boat"},
            {"type": "image", "url": URL.format(0), "image_path": "boat/0.png"},
        ],
        "step_info": [
            [
                {"type": "text", "text": "Fold it."},
                {"type": "image", "url": URL.format(1), "image_path": "boat/1.png"},
            ],
            [{"type": "image", "url": None, "image_path": None}, {"type": "text", "text": "Turn it."}],
        ],
    }


def torch_file(path: Path, rows: list[Any], zipped: bool) -> None:
    """What `torch.save` writes of a plain list (test_torch_writes_so), without the seconds that its import takes."""
    if zipped:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{path.stem}/data.pkl", pickle.dumps(rows, protocol=2))
            archive.writestr(f"{path.stem}/version", "3\n")
        return
    head = (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}})
    path.write_bytes(b"".join(pickle.dumps(value, protocol=2) for value in (*head, rows, [])))


@pytest.mark.slow
@pytest.mark.parametrize("zipped", [True, False])
def test_torch_writes_so(tmp_path: Path, zipped: bool) -> None:
    torch = pytest.importorskip("torch")
    torch.save([comm_row()], tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    assert len(harvest("comm", tmp_path, "a.pth").documents[0].lost) == 3
    torch_file(tmp_path / "b.pth", [comm_row()], zipped)
    assert torch.load(tmp_path / "b.pth") == [comm_row()]


@pytest.mark.parametrize("zipped", [True, False])
def test_comm(tmp_path: Path, zipped: bool) -> None:
    torch_file(tmp_path / "train.pth", [comm_row(), {"summary_info": []}], zipped)
    write(tmp_path, {"images/boat/0.png": picture(0), "images/boat/1.png": picture(1)})
    first, second = harvest("comm", tmp_path, "train.pth", images="images").documents
    assert shape(first) == ["0:How to fold a boat", "0:[0.png]", "1:Fold it.", "1:[1.png]", "2:Turn it."]
    assert reasons(first) == [(4, "", "missing")]
    assert second.error == "missing_columns"


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("evil-was-here"),))


def test_a_pickle_with_code_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch_file(tmp_path / "train.pth", [Evil()], True)
    assert only(harvest("comm", tmp_path, "train.pth")).error == "pickle_with_code"
    assert not (tmp_path / "evil-was-here").exists()


def test_multimodal_textbook(tmp_path: Path) -> None:
    frame = "-1uixJ1V-As/-1uixJ1V-As@10.0_55.0#2.jpg"
    sample = {
        "images": [frame, None, None],
        "texts": [None, "speech one", "speech two"],
        "text_ocr_list": [None, "speech one + board", "speech two"],
        "metadata": [{"image": frame}, None, None],
        "image_num": 1,
        "text_num": 4,
        "token_num": 300,
    }
    write(tmp_path, {"t.json": json.dumps([sample, sample]), f"images/{frame}": picture(kind="JPEG")})
    made = harvest("multimodal_textbook", tmp_path, "t.json", images="images")
    assert shape(made.documents[0])[1:] == ["0:speech one", "0:speech two"]
    assert made.documents[1].url == "https://www.youtube.com/watch?v=-1uixJ1V-As"
    made = harvest("multimodal_textbook", tmp_path, "t.json", images="images", ocr=True)
    assert shape(made.documents[0])[1:] == ["0:speech one + board", "0:speech two"]


# Step lists


def test_steps_with_methods(tmp_path: Path) -> None:
    row = {
        "title": "How to Boil an Egg",
        "url": "https://how.org/egg",
        "introduction": "Eggs are quick.",
        "methods": [
            {"name": "On the stove", "steps": [{"headline": "Boil water.", "text": "A lot.", "image": "a.png"}]},
            {"name": "In the oven", "steps": [{"headline": "Heat it.", "images": ["b.png", None]}, "Wait."]},
        ],
    }
    write(tmp_path, {"a.jsonl": jsonl([row, {"title": "x"}]), "i/a.png": picture(1), "i/b.png": picture(2)})
    first, second = harvest("steps", tmp_path, "a.jsonl", images="i").documents
    assert shape(first) == [
        "0:Eggs are quick.",
        "0:On the stove",
        "1:Boil water.",
        "1:A lot.",
        "1:[a.png]",
        "0:In the oven",
        "1:Heat it.",
        "1:[b.png]",
        "2:Wait.",
    ]
    assert [p.own_step for p in first.parts if p.step] == [(1, 1)] * 3 + [(2, 1)] * 2 + [(2, 2)]
    write(tmp_path, {"b.jsonl": jsonl([{**row, "parts": row["methods"], "methods": None}])})
    (third,) = harvest("steps", tmp_path, "b.jsonl", images="i").documents
    assert [p.step for p in third.parts if p.step] == [1, 1, 1, 2, 2, 3], "parts go on with the steps before them"
    assert [p.heading for p in first.parts][:2] == [0, 2]
    assert (first.title, first.site, second.error) == ("How to Boil an Egg", "how.org", "no_steps")


def vist_file(stories: int) -> dict[str, Any]:
    annotations = []
    for story in range(stories):
        for order in (3, 0, 1, 4, 2):
            one = {
                "original_text": f"Sentence {order}.",
                "album_id": "7",
                "photo_flickr_id": str(order),
                "setting": "first-2-pick-and-tell",
                "worker_id": "W",
                "story_id": str(story),
                "tier": "story-in-sequence",
                "worker_arranged_photo_order": order,
                "text": f"sentence {order} .",
                "storylet_id": f"{story}{order}",
            }
            annotations.append([one])
    images = [{"id": str(n), "album_id": "7", "url_o": URL.format(n), "title": "", "tags": ""} for n in range(5)]
    albums = [{"id": "7", "title": "A day out", "vist_label": "fair"}]
    return {"images": images, "albums": albums, "annotations": annotations, "info": {}, "type": "sis", "licenses": []}


def test_vist(tmp_path: Path) -> None:
    write(tmp_path, {"train.story-in-sequence.json": json.dumps(vist_file(30))})
    write(tmp_path, {f"images/{n}.{'png' if n == 2 else 'jpg'}": picture(n) for n in range(4)})
    made = harvest("steps", tmp_path, "train*.json", images="images", partition=7).documents
    assert len(made) == 30 and len({d.id for d in made}) == 30
    assert shape(made[9])[:4] == ["1:[0.png]", "1:Sentence 0.", "2:[1.png]", "2:Sentence 1."]
    assert reasons(made[9]) == [(8, URL.format(4), "missing")]
    assert made[0].title == "A day out"


# Hugging Face


def write_hub_folder(root: Path) -> None:
    from datasets import Dataset, Features, Image, List, Value

    features = Features({"words": Value("string"), "pics": List(Image()), "link": Value("string")})
    rows = [
        {
            "words": f"Look: <image> and {n} <image> done",
            "pics": [{"bytes": picture(n), "path": f"{n}.png"}, {"bytes": picture(n + 50), "path": None}],
            "link": f"https://a.org/{n}",
        }
        for n in range(10)
    ]
    rows[3]["pics"] = rows[3]["pics"][:1]
    data = Dataset.from_list(rows, features=features)
    (root / "set/data").mkdir(parents=True)
    data.select(range(6)).to_parquet(root / "set/data/train-00000-of-00002.parquet")
    data.select(range(6, 10)).to_parquet(root / "set/data/train-00001-of-00002.parquet")


def test_huggingface_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_hub_folder(tmp_path)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    columns = {"text": "words", "images": "pics", "url": "link"}
    source = load_source(SourceSettings("s", "huggingface", {"dataset": "set", "columns": columns}), tmp_path)
    source.check()
    made = [source.harvest(chunk, None) for chunk in source.plan(None)]
    documents = [d for one in made for d in one.documents]
    assert [len(one.documents) for one in made] == [6, 4]
    assert [d.url for d in documents] == [f"https://a.org/{n}" if n != 3 else "" for n in range(10)]
    assert [p.text for p in documents[2].parts if p.type == "text"] == ["Look:", "and 2", "done"]
    assert made[0].images[documents[2].images[1]].bytes == picture(52)
    assert documents[3].error == "markers_and_images_differ"
    files = harvest("huggingface", tmp_path, "set/data/*.parquet", columns=columns).documents
    assert [d.parts for d in files] == [d.parts for d in documents]
    with pytest.raises(LeafError, match=r"no column 'wordz' \(did you mean 'words'"):
        load_source(
            SourceSettings("s", "huggingface", {"dataset": "set", "columns": {"text": "wordz"}}), tmp_path
        ).check()


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"t": "A text", "i": "i/1.png"}, ["0:[1.png]", "0:A text"]),
        ({"t": ["one", None], "i": [None, "i/1.png"]}, ["0:one", "0:[1.png]"]),
        ({"t": ["one", "two"], "i": ["i/1.png", "i/2.png"]}, ["1:[1.png]", "1:one", "2:[2.png]", "2:two"]),
        ({"t": ["one", "two"], "i": ["i/1.png"]}, "lists_differ_in_length"),
        ({"t": 7, "i": None}, "other_layout"),
        ({"t": "x"}, "no_column_i"),
    ],
)
def test_huggingface_shapes(tmp_path: Path, row: dict[str, Any], expected: list[str] | str) -> None:
    write(tmp_path, {"a.jsonl": jsonl([row]), "i/1.png": picture(1), "i/2.png": picture(2)})
    document = only(harvest("huggingface", tmp_path, "a.jsonl", images=".", columns={"text": "t", "images": "i"}))
    assert (document.error or shape(document)) == expected


def test_huggingface_content_and_settings(tmp_path: Path) -> None:
    items = [{"type": "text", "text": "one"}, {"type": "image", "image": "i/1.png"}, {"type": "text", "content": "two"}]
    write(tmp_path, {"a.jsonl": jsonl([{"c": items}]), "i/1.png": picture(1)})
    made = harvest("huggingface", tmp_path, "a.jsonl", images=".", columns={"content": "c"})
    assert shape(only(made)) == ["0:one", "0:[1.png]", "0:two"]
    with pytest.raises(LeafError, match="columns: unknown key 'txt'"):
        harvest("huggingface", tmp_path, "a.jsonl", columns={"txt": "c"})
    with pytest.raises(LeafError, match="name the column for 'text'"):
        harvest("huggingface", tmp_path, "a.jsonl")
