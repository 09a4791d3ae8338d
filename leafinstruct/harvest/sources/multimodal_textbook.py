"""Source `multimodal_textbook`: a JSON array with parallel lists `images` (keyframes) and `texts` (speech)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from leafinstruct.harvest.rows import Draft, Rows
from leafinstruct.harvest.sources.obelics import parallel

FRAME = re.compile(r"(?:^|/)([\w-]{11})@[\d.]+_[\d.]+#\d+\.\w+$")
"""`VIDEO/VIDEO@START_END#NUMBER.jpg`, where VIDEO is a YouTube id."""


class Source(Rows):
    """Multimodal Textbook. `images` is the folder of keyframes. `ocr: true` takes `text_ocr_list`, which adds text that
    OCR read in the frames, instead of the speech alone."""

    @dataclass(frozen=True)
    class Settings(Rows.Settings):
        ocr: bool = False
        """Whether texts are those read off the frames."""

    bytes_per_row: ClassVar[int] = 20 * 1024
    """11 GB of JSON hold 610,000 samples."""

    def draft(self, row: dict[str, Any]) -> Draft:
        texts = row.get("text_ocr_list") if self.settings.ocr and row.get("text_ocr_list") else row.get("texts")
        entries = parallel({"images": row.get("images"), "texts": texts}, [])
        video = next((m[1] for e in entries if e.is_image and (m := FRAME.search(e.name))), "")
        return Draft(entries, url=f"https://www.youtube.com/watch?v={video}" if video else "")
