"""Damaged input of every kind of file: each ends in documents or in a reason, none in a traceback.

LEAFINSTRUCT_FUZZ names how many damaged files of each kind are tried (20 without it).
"""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import random
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made.harvest import harvest, picture, record, warc_gz

from leafinstruct.harvest.formats.captions import parse_captions

TRIES = int(os.environ.get("LEAFINSTRUCT_FUZZ", "20"))
PAGE = b"<html><body><article><h1>T</h1><p>Some text of a page.</p><img src=/i.png></article></body></html>"
INFO = [{"image_name": "1.png", "raw_url": "http://x.org/1.png", "matched_text_index": 1, "matched_sim": 0.3}]
ROWS = [
    {"text_list": ["One.", "Two."], "image_info": INFO, "url": "http://x.org/", "similarity_matrix": [[0.1, 0.2]]}
    for _ in range(5)
]
STEPS = [{"title": "T", "steps": [{"headline": "H", "image": "1.png"}, "two"]}]
COMM = [{"summary_info": [{"type": "text", "text": "T"}], "step_info": [[{"type": "image", "url": "http://x/1"}]]}]


def parquet() -> bytes:
    rows = [
        {"images": ["http://x/1.png", None], "texts": [None, "x"], "metadata": "[null, null]", "general_metadata": "{}"}
    ]
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows * 20), out)
    return out.getvalue()


def zipped(name: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return out.getvalue()


LINES = b"".join(json.dumps(row).encode() + b"\n" for row in ROWS)
RECORDS = [record("http://a/1", PAGE), record("http://a/i.png", picture(), "image/png")]
FILES: dict[str, tuple[str, bytes]] = {
    "a.warc": ("warc", b"".join(RECORDS)),
    "a.warc.gz": ("warc", warc_gz(*RECORDS)),
    "a.jsonl": ("mmc4", LINES),
    "a.jsonl.gz": ("mmc4", gzip.compress(LINES)),
    "a.jsonl.zip": ("mmc4", zipped("a.jsonl", LINES)),
    "b.json": ("mmc4", json.dumps(ROWS).encode()),
    "a.parquet": ("obelics", parquet()),
    "a.pth": ("comm", zipped("a/data.pkl", pickle.dumps(COMM * 5, protocol=2))),
    "c.jsonl": ("steps", json.dumps(STEPS[0]).encode()),
    "v.json": ("steps", json.dumps({"images": [], "albums": [], "annotations": [[{"story_id": "1"}]]}).encode()),
}


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Bytes changed, cut, doubled or filled in, at one to eight places."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        place = chance.randrange(len(out) + 1)
        match chance.randrange(5):
            case 0:
                out[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                del out[place : place + chance.randint(1, 40)]
            case 2:
                out[place:place] = out[place : place + chance.randint(1, 40)]
            case 3:
                out[place:place] = chance.choice(
                    [b"null", b"-1", b"[", b"}", b'"', b"\0", b"\xff\xfe", b"9" * 30, b"\r\n"]
                )
            case 4:
                out[place:] = out[place:][: len(out) // 2] if chance.random() < 0.3 else out[place:]
    return bytes(out)


@pytest.mark.parametrize("name", FILES)
def test_damaged_files(tmp_path: Path, name: str) -> None:
    kind, data = FILES[name]
    chance = random.Random(name)
    assert any(not document.error for document in made(tmp_path, kind, name, data)) or name == "v.json"
    for _ in range(TRIES):
        made(tmp_path, kind, name, damaged(data, chance))


def made(root: Path, kind: str, name: str, data: bytes) -> list[object]:
    (root / name).write_bytes(data)
    documents = harvest(kind, root, name).documents
    assert all(document.error or document.parts or document.lost for document in documents)
    assert len({document.id for document in documents}) == len(documents)
    return list(documents)


def test_damaged_captions() -> None:
    chance = random.Random(1)
    text = b"WEBVTT\n\n00:00.000 --> 00:01.500\nFirst <i>we</i>\n\n2\n00:00:01,500 --> 00:00:02,000\nfold it.\n"
    for _ in range(TRIES):
        assert all(cue.text for cue in parse_captions(damaged(text, chance).decode("utf-8", "replace")))
