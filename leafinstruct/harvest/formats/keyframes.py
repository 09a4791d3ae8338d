"""The keyframe of a video segment: the sharpest frame of its longest shot."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from leafinstruct.document import Image
from leafinstruct.errors import LeafError
from leafinstruct.harvest.formats.captions import Segment
from leafinstruct.images.header import read_image

SPACING = 0.5
"""Seconds between two sampled frames, at least."""
SAMPLES = 40
WIDTH = 160
CUT = 25.0
"""Mean difference of two samples' gray values (0 to 255) above which they are two shots (own choice: pans stay below
15)."""
FLAT = 4.0
"""Standard deviation of gray values below which a frame is blank, as in fades."""
QUALITY = 92
EXACT = 2 | 0x40000 | 0x80000
"""Flags of FFmpeg's scaler: bilinear, accurate rounding, bit-exact. Without them its kernels round differently from one
processor to another, and a frame is another JPEG there."""


@dataclass
class Shot:
    """Samples without a cut between them; `best` is the sharpest full frame."""

    count: int = 0
    sharpness: float = -1.0
    best: Any = None


def open_video(path: Path) -> Any:
    """The opened container. Raises LeafError without PyAV, and PyAV's own errors for a file that is not a video."""
    try:
        import av
    except ImportError:
        raise LeafError("source video needs av, which is not installed; pip install leafinstruct[video]") from None
    return av.open(str(path))


def key_frames(path: Path, segments: Iterable[Segment]) -> Iterator[Image | str]:
    """For each segment its keyframe as a JPEG, or no_frame where the video has none."""
    with open_video(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for segment in segments:
            frame = _key_frame(container, stream, segment)
            yield "no_frame" if frame is None else _image(frame, f"{path.name}#t={frame.time:.2f}")


def _key_frame(container: Any, stream: Any, segment: Segment) -> Any:
    shots = [Shot()]
    before: np.ndarray | None = None
    for frame in _samples(container, stream, segment):
        gray = _gray(frame)
        if before is not None and before.shape == gray.shape and np.abs(gray - before).mean() > CUT:
            shots.append(Shot())
        before = gray
        shot = shots[-1]
        shot.count += 1
        sharpness = _sharpness(gray) if gray.std() > FLAT else -0.5
        if sharpness > shot.sharpness:
            shot.sharpness, shot.best = sharpness, frame
    shown = [shot for shot in shots if shot.sharpness >= 0] or shots
    return max(shown, key=lambda shot: (shot.count, shot.sharpness)).best


def _samples(container: Any, stream: Any, segment: Segment) -> Iterator[Any]:
    """Frames of a segment, SPACING seconds apart, or further apart to get about SAMPLES of them."""
    spacing = max(SPACING, (segment.end - segment.start) / SAMPLES)
    container.seek(int(segment.start / stream.time_base), stream=stream, backward=True)
    due = segment.start
    for frame in container.decode(stream):
        if frame.time is None or frame.time < due - 1e-3:
            continue
        if frame.time > segment.end and due > segment.start:
            return
        yield frame
        due = frame.time + spacing


def _gray(frame: Any) -> np.ndarray:
    height = max(2, round(frame.height * WIDTH / frame.width / 2) * 2)
    small = frame.reformat(width=WIDTH, height=height, format="gray", interpolation=EXACT)
    return small.to_ndarray().astype(np.float32)


def _sharpness(gray: np.ndarray) -> float:
    """Variance of the Laplacian (Pech-Pacheco et al., 2000)."""
    inner = gray[1:-1, 1:-1]
    laplacian = gray[:-2, 1:-1] + gray[2:, 1:-1] + gray[1:-1, :-2] + gray[1:-1, 2:] - 4 * inner
    return float(laplacian.var())


def _image(frame: Any, url: str) -> Image | str:
    picture = frame.to_image(interpolation=EXACT)
    if rotation := getattr(frame, "rotation", 0):  # recorded on its side, as phones do
        picture = picture.rotate(rotation, expand=True)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY)
    return read_image(out.getvalue(), url)
