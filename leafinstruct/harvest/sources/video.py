"""Source `video`: local videos with captions next to them (`NAME.vtt`, `NAME.en.srt`), or with timed steps in a file.

A document is a video: for each step or passage of speech one keyframe, then its text.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from leafinstruct.document import Document, Image, LostImage, Part, document_id
from leafinstruct.errors import LeafError
from leafinstruct.harvest.bounds import shared
from leafinstruct.harvest.charset import decode_text
from leafinstruct.harvest.files import is_regular, read_regular
from leafinstruct.harvest.formats.captions import Segment, parse_captions, passages, timed_steps
from leafinstruct.harvest.formats.keyframes import key_frames
from leafinstruct.harvest.links import Tree
from leafinstruct.harvest.metadata import plain_language
from leafinstruct.harvest.sources import tutorial
from leafinstruct.harvest.tree_files import MAX_BYTES, Input

ENDINGS = (".mp4", ".m4v", ".mkv", ".webm", ".mov", ".avi", ".mpg", ".mpeg", ".ogv")
CAPTIONS = (".vtt", ".srt")
VIDEOS = 8
"""Videos in a partition: each takes as long as hundreds of pages."""


class Source(tutorial.Source):
    """Videos. Settings: path (folders), steps (a JSON file of timed steps, by video name), license, language (of the
    captions to take, if there are several, and of the documents), topic, partition."""

    imports = (__name__,)

    @dataclass(frozen=True)
    class Settings(tutorial.Source.Settings):
        partition: Annotated[int, Meta(ge=1)] = VIDEOS
        steps: str = ""
        """JSON file of timed steps, by video name."""

    def check(self) -> None:
        super().check()
        if self.steps_file is not None and not self.steps_file.is_file():
            raise LeafError(f"source {self.name}: steps: {self.steps_file} does not exist; check the path")
        try:
            import av  # noqa: F401
        except ImportError:
            raise LeafError(
                f"source {self.name}: package av is not installed; pip install leafinstruct[video]"
            ) from None

    @cached_property
    def steps_file(self) -> Path | None:
        given = self.settings.steps
        return (self.root / str(given)).absolute() if given else None

    def inputs(self) -> list[Input]:
        about = (self.steps_file,) if self.steps_file is not None else ()
        found = []
        for site, root in self.repositories().items():
            for folder, folders, names in os.walk(root):
                folders[:] = sorted(f for f in folders if not f.startswith("."))
                here = Path(folder)
                for name in sorted(names):
                    if name.lower().endswith(ENDINGS):
                        path = (here / name).relative_to(root).as_posix()
                        captions = self._captions(here, Path(name).stem, names)
                        found.append(Input(site, root, path, (here / name, *captions), about))
        return found

    def _captions(self, folder: Path, stem: str, names: list[str]) -> list[Path]:
        """The captions of a video: in the source's language, else without one in their name, else the first."""
        pattern = re.compile(rf"{re.escape(stem)}(?:\.([\w-]+))?(?:{'|'.join(CAPTIONS)})$", re.IGNORECASE)
        matches = {name: m[1] or "" for name in sorted(names) if (m := pattern.match(name))}
        wanted = self.language.lower()
        best = sorted(matches, key=lambda n: (not wanted or plain_language(matches[n]) != wanted, matches[n] != "", n))
        return [folder / best[0]] if best else []

    def _document(self, one: Input, tree: Tree) -> tuple[Document, dict[str, Image]]:
        video = one.files[0]
        segments, about, reason = self._segments(one)
        parts: list[Part] = []
        lost: list[LostImage] = []
        images: dict[str, Image] = {}
        try:
            if not is_regular(video):
                raise OSError("no regular file")
            with shared():  # a long video takes what it takes
                frames = list(key_frames(video, segments))
            for number, (segment, frame) in enumerate(zip(segments, frames, strict=True), 1):
                step = number if about else 0
                if isinstance(frame, Image):
                    images[frame.sha256] = frame
                    parts.append(Part("image", image=frame.sha256, url=frame.url, step=step))
                else:
                    lost.append(LostImage(len(parts), f"{video.name}#t={segment.start:.2f}", frame))
                parts.append(Part("text", text=segment.text, step=step))
        except LeafError:
            raise
        except Exception:  # PyAV has an error for each of FFmpeg's, and raises IndexError without a video
            reason, parts, lost, images = "unreadable_video", [], [], {}
        document = Document(
            id=document_id(self.name, one.where),
            source=self.name,
            site=one.site,
            url=str(about.get("video_url") or ""),
            path=one.where,
            license=self.license,
            title=str(about.get("title") or about.get("class") or re.sub(r"[-_]+", " ", video.stem)),
            topic=self.topic,
            language=self.language or _language(one),
            parts=tuple(parts),
            lost=tuple(lost),
            error=reason,
        )
        return document, images

    def _segments(self, one: Input) -> tuple[list[Segment], dict[str, Any], str]:
        """Timed steps if the file has any for this video, else passages of its captions; or why there are none."""
        if self.steps_file is not None:
            try:
                steps, about = timed_steps(self.steps_file, one.files[0].stem)
            except (OSError, ValueError, TypeError, KeyError, IndexError):
                return [], {}, "steps_file_damaged"
            if steps:
                return steps, about, ""
        if len(one.files) == 1:
            return [], {}, "no_captions"
        try:
            text = decode_text(read_regular(one.files[1], MAX_BYTES))
        except OSError:
            return [], {}, "unreadable"
        found = passages(parse_captions(text or ""))
        return found, {}, "" if found else "no_captions"


def _language(one: Input) -> str:
    """The language in the captions' file name (`NAME.de.vtt`)."""
    middle = one.files[1].name.removeprefix(one.files[0].stem).split(".")[1:-1] if len(one.files) > 1 else []
    return plain_language(middle[0]) if middle else ""
