from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from made.harvest import by_path, harvest, write

from leafinstruct.document import Image
from leafinstruct.harvest.formats.captions import Segment, parse_captions, passages, timed_steps

av = pytest.importorskip("av")

VTT = """WEBVTT
Kind: captions

NOTE a comment

1
00:00.000 --> 00:01.500 align:start
<v Ann>First we <c.yellow>fold</c> it

00:01.500 --> 00:02.000
First we fold it
&amp; press.

00:00:09.000 --> 00:00:10.000
Then turn.
"""
SRT = (
    "\ufeff1\r\n00:00:00,000 --> 00:00:02,000\r\n<i>First</i> {\\an8}we fold.\r\n\r\n"
    "2\r\n00:00:09,500 --> 00:00:10,000\r\nThen turn.\r\n"
)


def pattern(seed: int, blur: int) -> np.ndarray:
    """A checkered picture; `blur` smears it."""
    cells = np.random.default_rng(seed).integers(0, 2, (12, 16), dtype=np.uint8) * 200 + 20
    image = np.kron(cells, np.ones((10, 10), np.uint8)).astype(np.float32)
    for _ in range(blur):
        image = (image + np.roll(image, 1, 0) + np.roll(image, 1, 1) + np.roll(image, -1, 0)) / 4
    return np.repeat(image.astype(np.uint8)[:, :, None], 3, axis=2)


def film(path: Path, pictures: list[np.ndarray], rate: int = 4) -> None:
    """A video of these pictures, `rate` a second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=rate)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        stream.bit_rate = 4_000_000
        for picture in pictures:
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                out.mux(packet)
        for packet in stream.encode():
            out.mux(packet)


def gray(image: Image) -> np.ndarray:
    import io

    import PIL.Image

    return np.asarray(PIL.Image.open(io.BytesIO(image.bytes)).convert("L"), np.float32)


def test_captions() -> None:
    assert parse_captions(VTT) == [
        Segment(0.0, 1.5, "First we fold it"),
        Segment(1.5, 2.0, "& press."),
        Segment(9.0, 10.0, "Then turn."),
    ]
    assert parse_captions(SRT) == [Segment(0.0, 2.0, "First we fold."), Segment(9.5, 10.0, "Then turn.")]
    assert parse_captions("no captions at all") == []
    assert [s.text for s in passages(parse_captions(VTT))] == ["First we fold it & press.", "Then turn."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1\n00:01,000 --> 00:02,000\nOne.\n2\n00:02,000 --> 00:03,000\nTwo.\n", ["One.", "Two."]),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n \nOne<00:01.500><c> more</c>\n", ["One more"]),
        ("WEBVTT\n\nSTYLE\n::cue { x }\n\n00:01.000 --> 00:02.000\nOne.\n\nNOTE\nnot this\n --> nor this\n", ["One."]),
        (
            "WEBVTT\n\nthe end\n00:01.000 --> 00:02.000\nOne.\n\n2 - next\n00:03.000 --> 00:04.000\nTwo.",
            ["One.", "Two."],
        ),
        ("1\n00:01,000 --> 00:02,000\nOne\n\nmore\n\n2\n00:03,000 --> 00:04,000\nTwo", ["One more", "Two"]),
        ("1\n00:01,000 --> 00:02,000\n7\n\n2\n00:03,000 --> 00:04,000\n8", ["7", "8"]),
        ("0:00:01,0-->0:00:02,5 X1:1 X2:2\nOne\n", ["One"]),
    ],
)
def test_captions_as_they_are_written(text: str, expected: list[str]) -> None:
    assert [one.text for one in parse_captions(text)] == expected


def test_passages_end_with_a_sentence() -> None:
    cues = [Segment(n * 4.0, n * 4.0 + 4, f"word{n}" + ("." if n in (1, 3, 4) else "")) for n in range(6)]
    assert [s.text for s in passages(cues)] == ["word0 word1. word2 word3.", "word4. word5"]


def test_timed_steps(tmp_path: Path) -> None:
    """Two steps of a film: the first one cut into two shots, each blurred but for one frame."""
    long_shot = [pattern(1, 2)] * 6 + [pattern(1, 0)] * 2 + [pattern(1, 2)] * 6
    short_shot = [pattern(2, 0)] * 4
    second = [np.zeros((120, 160, 3), np.uint8)] * 4 + [pattern(3, 0)] * 8
    film(tmp_path / "films/xyz.mp4", long_shot + short_shot + second)
    annotations = [
        {"segment": [4, 8], "id": 1, "sentence": "turn it"},
        {"segment": [0, 4], "id": 0, "sentence": "fold it"},
        {"segment": [60, 70], "id": 2, "sentence": "eat it"},
    ]
    about = {"duration": 8.0, "subset": "training", "recipe_type": "113", "video_url": "https://v.org/xyz"}
    database = {"database": {"xyz": {**about, "annotations": annotations}}}
    write(tmp_path, {"steps.json": json.dumps(database)})
    made = harvest("video", tmp_path, "films", steps="steps.json")
    (document,) = made.documents
    assert [(p.type, p.text, p.step) for p in document.parts] == [
        ("image", "", 1),
        ("text", "fold it", 1),
        ("image", "", 2),
        ("text", "turn it", 2),
        ("text", "eat it", 3),
    ]
    assert [(x.position, x.reason) for x in document.lost] == [(4, "no_frame")]
    first, second_image = (gray(made.images[sha]) for sha in document.images)
    assert np.abs(first - pattern(1, 0)[:, :, 0]).mean() < 12, "the sharp frame of the longer shot"
    assert np.abs(second_image - pattern(3, 0)[:, :, 0]).mean() < 12, "no blank one"
    assert document.parts[0].url.startswith("xyz.mp4#t=") and document.url == "https://v.org/xyz"
    assert timed_steps(tmp_path / "steps.json", "other") == ([], {})


def test_videos_with_captions(tmp_path: Path) -> None:
    film(tmp_path / "films/a/talk.mp4", [pattern(1, 0)] * 20 + [pattern(2, 0)] * 24)
    film(tmp_path / "films/mute.mp4", [pattern(1, 0)] * 4)
    write(tmp_path, {"films/a/talk.de.srt": SRT, "films/a/talk.en.vtt": VTT, "films/bad.mp4": b"no video" * 99})
    write(tmp_path, {"films/bad.vtt": VTT})
    found = by_path(harvest("video", tmp_path, "films", language="en"))
    assert {path: d.error for path, d in found.items()} == {
        "films/a/talk.mp4": "",
        "films/bad.mp4": "unreadable_video",
        "films/mute.mp4": "no_captions",
    }
    talk = found["films/a/talk.mp4"]
    assert [p.text for p in talk.parts if p.type == "text"] == ["First we fold it & press.", "Then turn."]
    assert len(set(talk.images)) == 2 and {p.step for p in talk.parts} == {0}


def test_the_language_of_captions(tmp_path: Path) -> None:
    film(tmp_path / "films/talk.mp4", [pattern(1, 0)] * 8)
    write(tmp_path, {"films/talk.de.srt": SRT})
    (document,) = harvest("video", tmp_path, "films").documents
    assert document.language == "de" and not document.error
