"""Good shards pass; each damage is named by the check that is there for it, and by no other."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made.shard import corpus, picture, publish
from PIL import Image as PILImage

from leafinstruct.errors import LeafError
from leafinstruct.shard.check import CHECKS, check
from leafinstruct.shard.plan import ShardSettings

Rows = list[dict]


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    records, images = corpus(24, 8)
    publish(tmp_path, records, images, ShardSettings(min_shards=2))
    return tmp_path


def train(folder: Path, number: int = 0) -> Path:
    return sorted(folder.glob("train-*.parquet"))[number]


def other(folder: Path) -> Path:
    return sorted(folder.glob("test-*.parquet"))[0]


def rewrite(path: Path, change: Callable[[Rows], object]) -> None:
    """Change the rows of a shard, keep its schema, and put the manifest right."""
    table = pq.read_table(path)
    rows = table.to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    relist(path.parent)


def relist(folder: Path) -> None:
    listed = json.loads((folder / "manifest.json").read_bytes())
    for entry in listed["files"]:
        path = folder / entry["file"]
        entry |= {"bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        entry["rows"] = pq.read_metadata(path).num_rows
    (folder / "manifest.json").write_text(json.dumps(listed))


def put(row: dict, data: bytes, number: int = 0) -> None:
    """Another image in a row, with its sha256 in image_meta."""
    row["images"][number]["bytes"] = data
    row["image_meta"][number]["sha256"] = hashlib.sha256(data).hexdigest()


def encoded(kind: str, **save: object) -> bytes:
    buffer = io.BytesIO()
    picture(99).save(buffer, kind, **save)
    return buffer.getvalue()


def with_exif() -> bytes:
    tags = PILImage.Exif()
    tags[0x013B] = "Jane Doe"
    return encoded("JPEG", exif=tags)


def cut_short(folder: Path) -> None:
    train(folder).write_bytes(train(folder).read_bytes()[:-40])


def lose_a_shard(folder: Path) -> None:
    train(folder, 1).unlink()
    listed = json.loads((folder / "manifest.json").read_bytes())
    listed["files"] = [entry for entry in listed["files"] if (folder / entry["file"]).exists()]
    (folder / "manifest.json").write_text(json.dumps(listed))


def lose_a_column(folder: Path) -> None:
    pq.write_table(pq.read_table(train(folder)).drop_columns("license"), train(folder))
    relist(folder)


def add_a_content_key(folder: Path) -> None:
    table = pq.read_table(train(folder))
    content = pa.struct([("type", pa.string()), ("text", pa.string()), ("image", pa.string())])
    kind = pa.list_(pa.struct([("role", pa.string()), ("content", pa.list_(content))]))
    at = table.schema.get_field_index("messages")
    rows = pa.array(table["messages"].to_pylist(), kind)
    pq.write_table(table.set_column(at, pa.field("messages", kind), rows), train(folder))
    relist(folder)


def lose_the_features(folder: Path) -> None:
    pq.write_table(pq.read_table(train(folder)).replace_schema_metadata(None), train(folder))
    relist(folder)


def other_features(folder: Path) -> None:
    table = pq.read_table(train(folder))
    changed = table.schema.metadata[b"huggingface"].replace(b'"_type": "Image"', b'"_type": "Audio"')
    pq.write_table(table.replace_schema_metadata({b"huggingface": changed}), train(folder))
    relist(folder)


def no_rows(folder: Path) -> None:
    rewrite(train(folder), lambda rows: rows.clear())


def flip_a_checksum(folder: Path) -> None:
    listed = json.loads((folder / "manifest.json").read_bytes())
    listed["files"][0]["sha256"] = "0" * 64
    (folder / "manifest.json").write_text(json.dumps(listed))


def wrong_row_count(folder: Path) -> None:
    listed = json.loads((folder / "manifest.json").read_bytes())
    listed["files"][0]["rows"] += 1
    (folder / "manifest.json").write_text(json.dumps(listed))


def lose_the_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def id_of_another_split(folder: Path) -> None:
    first = pq.read_table(other(folder))["id"][0].as_py()
    rewrite(train(folder), lambda rows: (rows.__setitem__(slice(1, None), []), rows[0].update(id=first)))


def reverse_the_rows(folder: Path) -> None:
    rewrite(train(folder), lambda rows: rows.reverse())


def null_text(folder: Path) -> None:
    rewrite(train(folder), lambda rows: rows[0]["messages"][0]["content"][1].update(text=None))


def null_image(folder: Path) -> None:
    empty = hashlib.sha256(b"").hexdigest()
    rewrite(
        train(folder),
        lambda rows: (rows[0]["images"][0].update(bytes=None), rows[0]["image_meta"][0].update(sha256=empty)),
    )


def text_in_an_image_entry(folder: Path) -> None:
    rewrite(train(folder), lambda rows: rows[0]["messages"][0]["content"][1].update(text="<image>"))


def blank_text(folder: Path) -> None:
    rewrite(train(folder), lambda rows: rows[0]["messages"][0]["content"][0].update(text=" \n"))


def leave_a_fence_open(folder: Path) -> None:
    rewrite(train(folder), lambda rows: rows[0]["messages"][1]["content"][0].update(text="Run\n\n```sh\nls\n"))


def lose_the_head_of_a_table(folder: Path) -> None:
    rows_alone = "Sizes:\n\n| a | 1 |\n| b | 2 |"
    rewrite(train(folder), lambda rows: rows[0]["messages"][0]["content"][0].update(text=rows_alone))


def swap_roles(folder: Path) -> None:
    def change(rows: Rows) -> None:
        for message in rows[0]["messages"]:
            message["role"] = {"user": "assistant", "assistant": "user"}[message["role"]]

    rewrite(train(folder), change)


def silence_the_assistant(folder: Path) -> None:
    def change(rows: Rows) -> None:
        asked, answered = rows[0]["messages"]
        asked["content"] += answered["content"]
        answered["content"] = []

    rewrite(train(folder), change)


def one_place_too_many(folder: Path) -> None:
    rewrite(train(folder), lambda rows: rows[0]["messages"][1]["content"].append({"type": "image", "text": ""}))


def truncate_an_image(folder: Path) -> None:
    rewrite(train(folder), lambda rows: put(rows[0], encoded("JPEG")[:-80]))


def images_of_another_row(folder: Path) -> None:
    def change(rows: Rows) -> None:
        rows[0]["images"], rows[1]["images"] = rows[1]["images"], rows[0]["images"]

    rewrite(train(folder), change)


def reverse_the_images(folder: Path) -> None:
    rewrite(train(folder), lambda rows: rows[0]["images"].reverse())


def repeat_the_first_image(folder: Path) -> None:
    rewrite(train(folder), lambda rows: rows[0]["images"].__setitem__(1, rows[0]["images"][0]))


def wrong_width(folder: Path) -> None:
    rewrite(train(folder), lambda rows: rows[0]["image_meta"][0].update(width=25))


def lose_an_image_meta(folder: Path) -> None:
    rewrite(train(folder), lambda rows: rows[0]["image_meta"].pop())


def leave_exif(folder: Path) -> None:
    rewrite(train(folder), lambda rows: put(rows[0], with_exif()))


def site_of_another_split(folder: Path) -> None:
    site = pq.read_table(other(folder))["site"][0].as_py()
    rewrite(train(folder), lambda rows: rows[0].update(site=site))


def image_of_another_split(folder: Path) -> None:
    data = pq.read_table(other(folder))["images"][0].as_py()[0]["bytes"]
    rewrite(train(folder), lambda rows: put(rows[0], data))


DAMAGES: dict[Callable[[Path], None], set[str]] = {
    cut_short: {"files", "manifest"},
    lose_a_shard: {"files"},
    lose_a_column: {"schema"},
    add_a_content_key: {"schema"},
    lose_the_features: {"huggingface"},
    other_features: {"huggingface"},
    no_rows: {"rows"},
    flip_a_checksum: {"manifest"},
    wrong_row_count: {"manifest"},
    lose_the_manifest: {"manifest"},
    id_of_another_split: {"ids"},
    reverse_the_rows: {"order"},
    null_text: {"nulls"},
    null_image: {"nulls", "decode"},
    text_in_an_image_entry: {"content"},
    blank_text: {"content"},
    leave_a_fence_open: {"markdown"},
    lose_the_head_of_a_table: {"markdown"},
    swap_roles: {"roles"},
    silence_the_assistant: {"answer"},
    one_place_too_many: {"placeholders"},
    truncate_an_image: {"decode"},
    images_of_another_row: {"image_meta"},
    reverse_the_images: {"image_meta"},
    repeat_the_first_image: {"image_meta"},
    wrong_width: {"image_meta"},
    lose_an_image_meta: {"image_meta"},
    leave_exif: {"metadata"},
    site_of_another_split: {"sites"},
    image_of_another_split: {"leaks"},
}


def test_good_shards_pass_every_check(shards: Path) -> None:
    report = check(shards)
    assert report.ok and report.failed == ()
    assert (report.rows, report.images) == (24, 48)
    assert all(result.ran for result in report.results)
    assert len(report.lines) >= 1 + len(CHECKS)
    assert all(line.startswith("ok ") for line in report.lines[1 : 1 + len(CHECKS)])


def test_whole_markdown_passes_and_a_fault_says_where(shards: Path) -> None:
    whole = "1. Run `a | b`:\n\n   ```sh\n   a | b\n   ```\n\n| a | b |\n| --- | --- |\n| 1 | 2 |"
    rewrite(train(shards), lambda rows: rows[0]["messages"][1]["content"][0].update(text=whole))
    assert check(shards).ok
    leave_a_fence_open(shards)
    result = next(result for result in check(shards).results if result.name == "markdown")
    assert result.failures == 1
    assert result.examples[0].endswith("a text of message 1 (assistant): line 3: code fence without its other half")


def test_rows_with_control_tokens_are_named(shards: Path) -> None:
    assert check(shards).control_token_rows == 0
    text = "Close each turn with <|im_end|>, and write <image> where it belongs, as [INST] does."
    rewrite(train(shards), lambda rows: rows[1]["messages"][1]["content"].append({"type": "text", "text": text}))
    report = check(shards)
    assert report.control_token_rows == 1 and report.control_tokens[0].endswith(": <|im_end|>, <image>, [INST]")
    assert any("control_tokens: break" in line for line in report.lines)


def test_two_texts_that_are_neighbors_are_named(shards: Path) -> None:
    rewrite(train(shards), lambda rows: rows[0]["messages"][0]["content"].insert(0, {"type": "text", "text": "How?"}))
    result = next(result for result in check(shards).results if result.name == "content")
    assert result.failures == 1 and "two texts of the user follow each other" in result.examples[0]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_damage_is_named(shards: Path, damage: Callable[[Path], None]) -> None:
    damage(shards)
    report = check(shards)
    assert not report.ok
    assert set(report.failed) == DAMAGES[damage]
    assert json.loads(json.dumps(report.to_dict()))["ok"] is False
    failing = [line for line in report.lines if line.startswith("FAIL")]
    assert len(failing) == len(DAMAGES[damage])


def test_every_check_has_a_damage() -> None:
    assert {name for names in DAMAGES.values() for name in names} == set(CHECKS)


def test_one_file(shards: Path) -> None:
    report = check(train(shards))
    assert report.ok and report.files == 1
    assert {result.name for result in report.results if not result.ran} == {"manifest", "leaks"}


@pytest.mark.parametrize("place", ["", "nowhere"])
def test_nothing_to_check(tmp_path: Path, place: str) -> None:
    with pytest.raises(LeafError, match="no Parquet file here"):
        check(tmp_path / place)


def test_examples_are_few_and_say_where(shards: Path) -> None:
    rewrite(train(shards), lambda rows: [row["image_meta"][0].update(width=1) for row in rows])
    result = next(result for result in check(shards).results if result.name == "image_meta")
    assert result.failures == pq.read_metadata(train(shards)).num_rows > 3 == len(result.examples)
    assert result.examples[0].startswith(f"{train(shards).name} row 0 (id")
    assert "image_meta has 1 x 16, the displayed size is 24 x 16" in result.examples[0]
