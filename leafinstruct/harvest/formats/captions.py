"""Timed text of a video: captions (WebVTT, SubRip), and timed steps as YouCook2 publishes them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from leafinstruct.text.sentences import ends_sentence

TIME = r"(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
TIMES = re.compile(rf"\s*{TIME}\s*-->\s*{TIME}")
NOTE = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")
TAG = re.compile(r"<[^>\n]*>|\{\\[^}\n]*\}")
LEAST, MOST, PAUSE = 10.0, 60.0, 3.0
"""Seconds of speech in a passage, minimum and maximum, and the silence that ends one (own choice: a passage of ten
seconds is two or three sentences)."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment of a video: start and end in seconds, and its text."""

    start: float
    end: float
    text: str


def parse_captions(text: str) -> list[Segment]:
    """Cues of a VTT or SRT file in order, without markup; a line that rolling captions repeat is kept once.

    A cue goes from its times to the next ones, without the number or name before these: many files lack the blank line
    between cues, or have some inside of one.
    """
    cues: list[Segment] = []
    before: list[str] = []
    for start, end, lines in _cues(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")):
        texts = [" ".join(html.unescape(TAG.sub("", line)).split()) for line in lines]
        texts = [line for line in texts if line]
        new = [line for line in texts if line not in before[-2:]]
        before = texts or before
        if new and end >= start:
            cues.append(Segment(start, end, " ".join(new)))
    return cues


def _cues(lines: Iterable[str]) -> Iterator[tuple[float, float, list[str]]]:
    """Start, end and lines of each cue. In VTT a line of spaces is no blank one, and blocks of notes and styles stand
    between cues."""
    here: tuple[float, float, list[str]] | None = None
    blank, note = True, False
    for line in lines:
        if found := TIMES.match(line):
            if here is not None:
                yield here[0], here[1], _without_name(here[2])
            here = _seconds(found.groups()[:4]), _seconds(found.groups()[4:]), []
            note = False
        elif blank and NOTE.match(line):
            note = True
        elif here is not None and not (note and line):
            here[2].append(line)
        blank = not line
        note = note and not blank
    if here is not None:
        yield here


def _without_name(lines: list[str]) -> list[str]:
    """The lines of a cue without the number or the name of the next one, which is its last line."""
    named = len(lines) > 1 and lines[-1].strip() and (lines[-1].strip().isdigit() or not lines[-2])
    return lines[:-1] if named else lines


def _seconds(groups: Iterable[str | None]) -> float:
    hours, minutes, seconds, part = groups
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0) + float(f"0.{part}")


def passages(cues: Iterable[Segment]) -> list[Segment]:
    """Cues joined into passages. A passage ends where a sentence ends after LEAST seconds, at a PAUSE, or before MOST
    seconds are exceeded."""
    made: list[Segment] = []
    run: list[Segment] = []
    for cue in cues:
        if run and (cue.start - run[-1].end >= PAUSE or cue.end - run[0].start > MOST):
            made.append(_joined(run))
            run = []
        run.append(cue)
        if cue.end - run[0].start >= LEAST and ends_sentence(cue.text):
            made.append(_joined(run))
            run = []
    return made + ([_joined(run)] if run else [])


def _joined(run: list[Segment]) -> Segment:
    return Segment(run[0].start, run[-1].end, " ".join(cue.text for cue in run))


@lru_cache(maxsize=2)
def _steps_file(path: str, mtime_ns: int) -> dict[str, Any]:
    whole = json.loads(Path(path).read_text(encoding="utf-8"))
    found = whole.get("database", whole)
    if not isinstance(found, dict):
        raise ValueError("expected an object of videos")
    return found


def timed_steps(path: Path, video: str) -> tuple[list[Segment], dict[str, Any]]:
    """Steps of one video, and the file's entry about it; both empty for a video that is not in the file.

    The layout of YouCook2: `database`, by video: `annotations`, each with `segment` [start, end] in seconds and
    `sentence`. Raises ValueError, TypeError or KeyError for another layout.
    """
    about = _steps_file(str(path), path.stat().st_mtime_ns).get(video)
    if about is None:
        return [], {}
    steps = [
        Segment(float(one["segment"][0]), float(one["segment"][1]), str(one["sentence"]).strip())
        for one in about["annotations"]
    ]
    return sorted((s for s in steps if s.text), key=lambda s: s.start), about
