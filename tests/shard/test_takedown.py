from __future__ import annotations

from pathlib import Path

import pytest
from made.shard import corpus, publish

from leafinstruct.errors import LeafError
from leafinstruct.removal import FILE, Removal, Removals, add_removals, load_removals
from leafinstruct.shard.plan import ShardSettings
from leafinstruct.shard.takedown import published, refuse_removed, takedown, takedown_lines


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    folder = tmp_path / "shards"
    folder.mkdir()
    records, images = corpus(12, 4)
    publish(folder, records, images, ShardSettings())
    return folder


def test_each_kind_names_its_rows(shards: Path) -> None:
    records, images = corpus(12, 4)
    one = records["id003"]
    by_kind = {
        kind: {row["id"] for row in published(shards, Removals([Removal(kind, value)]))}
        for kind, value in (("url", one.url), ("site", one.site), ("sha256", one.images[0]))
    }
    assert by_kind["url"] == by_kind["sha256"] == {"id003"}
    assert by_kind["site"] == {key for key, record in records.items() if record.site == one.site}


def test_takedown_is_kept_and_a_push_refuses(shards: Path, tmp_path: Path) -> None:
    records, _ = corpus(12, 4)
    found = takedown(tmp_path, shards, {"url": [records["id003"].url]}, "the author asked")
    assert [row["id"] for row in found["published"]] == ["id003"]
    assert any("id003" in line for line in takedown_lines(found))
    assert "  leafinstruct build --stage shard" in takedown_lines(found)
    assert takedown(tmp_path, shards, {"url": [records["id003"].url]}, "again")["added"] == 0
    (entry,) = load_removals(tmp_path).entries
    assert (entry.kind, entry.note) == ("url", "the author asked")
    with pytest.raises(LeafError, match="1 records were removed .* id003; run first: leafinstruct build --stage shard"):
        refuse_removed(shards, load_removals(tmp_path))
    refuse_removed(shards, Removals([Removal("site", "elsewhere")]))


def test_what_names_nothing_is_not_said_to_be_left_out(shards: Path, tmp_path: Path) -> None:
    lines = takedown_lines(takedown(tmp_path, shards, {"url": ["https://s3/id00"], "site": ["s9"]}, ""))
    assert lines[1:] == [
        "site s9: 0 documents match, 0 published records",
        "  the run holds no documents yet",
    ] or lines[1:3] == [
        "url https://s3/id00: 0 documents match, 0 published records",
        "  the run holds no documents yet",
    ]
    assert not any("leafinstruct build" in line for line in lines)


def test_nothing_named_and_a_broken_file(tmp_path: Path) -> None:
    with pytest.raises(LeafError, match="--url, --site or --sha256"):
        takedown(tmp_path, tmp_path, {}, "")
    add_removals(tmp_path, [Removal("url", "https://a")])
    with (tmp_path / FILE).open("a") as file:
        file.write('{"kind": "page", "value": "x"}\n')
    with pytest.raises(LeafError, match="line 2: kind is 'page'; use url, site, sha256"):
        load_removals(tmp_path)
    (tmp_path / FILE).write_text("oh\n")
    with pytest.raises(LeafError, match="line 1 is not a valid removal; fix or delete it"):
        load_removals(tmp_path)
