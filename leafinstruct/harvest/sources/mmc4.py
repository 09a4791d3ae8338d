"""Source `mmc4`: jsonl of sentences (`text_list`) and of images, each matched to one sentence (`image_info`).

MMC4 records which sentence an image belongs to, not on which side of it: its own example loaders show the image first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from leafinstruct.harvest.formats.tables import BadRow
from leafinstruct.harvest.rows import Draft, Entry, Rows, text_of


class Source(Rows):
    """MMC4. `images` may be a folder with the files that `image_name` names; `side` is `before` (as in published
    loaders) or `after`: the place of an image relative to its sentence."""

    @dataclass(frozen=True)
    class Settings(Rows.Settings):
        side: Literal["before", "after"] = "before"
        """Where an image is relative to its sentence."""

    def draft(self, row: dict[str, Any]) -> Draft:
        sentences, infos = row.get("text_list"), row.get("image_info")
        if sentences is None or infos is None:
            raise BadRow("missing_columns")
        matched: dict[int, list[Entry]] = {}
        for info in infos:
            index = info["matched_text_index"]
            if not isinstance(index, int) or not 0 <= index < max(len(sentences), 1):
                raise BadRow("matched_text_index_out_of_range")
            entry = Entry(url=str(info.get("raw_url") or ""), name=str(info.get("image_name") or ""))
            matched.setdefault(index, []).append(entry)
        return Draft(self._entries(sentences, matched), url=text_of(row.get("url")))

    def _entries(self, sentences: list[Any], matched: dict[int, list[Entry]]) -> list[Entry]:
        """Sentences between two images are one text."""
        after = self.settings.side == "after"
        entries: list[Entry] = []
        run: list[str] = []
        for index in range(max(len(sentences), 1)):
            sentence = text_of(sentences[index]) if sentences else ""
            if after and sentence:
                run.append(sentence)
            if images := matched.get(index, []):
                entries += [Entry(" ".join(run))] if run else []
                entries += images
                run = []
            if not after and sentence:
                run.append(sentence)
        return entries + ([Entry(" ".join(run))] if run else [])
