"""A source of the project's own: study cards in CSV files, one document for each file.

Each row has a front, a back and the name of a picture next to the file. `plan` says what becomes a partition, `harvest`
makes its documents. Bad input becomes a lost image or a document with an error; nothing is raised for it.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from my_helpers import as_title

import leafinstruct as li


class Cards(li.Source):
    @dataclass(frozen=True)
    class Settings(li.Source.Settings):
        """Settings of the entry in the pipeline: those of every source, and one more."""

        delimiter: str = ","

    def plan(self, known: int | None) -> list[li.Chunk]:
        return [li.Chunk(path.stem, (str(path),)) for path in self.paths()]

    def harvest(self, chunk: li.Chunk, index: object) -> li.Harvested:
        made = li.Harvested()
        [name] = chunk.inputs
        file = Path(name)
        with file.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines, delimiter=self.settings.delimiter))
        parts: list[li.Part] = []
        lost: list[li.LostImage] = []
        for step, row in enumerate(rows, 1):
            parts.append(li.Part("text", f"{row['front']}\n\n{row['back']}", step=step))
            picture = file.parent / row["picture"]
            made.files.add(str(picture))  # another picture under this name makes the partition stale
            found = li.read_image(picture.read_bytes(), picture.name) if picture.is_file() else "missing"
            if isinstance(found, str):
                lost.append(li.LostImage(len(parts), row["picture"], found))
                continue
            made.images[found.sha256] = found
            parts.append(li.Part("image", image=found.sha256, alt=row["front"], url=picture.name, step=step))
        document = li.Document(
            id=li.document_id(self.name, file.name),
            source=self.name,
            site="cards",
            url="",
            path=file.name,
            license=self.license,
            title=as_title(file.stem),
            topic=self.topic,
            language=self.language,
            parts=tuple(parts),
            lost=tuple(lost),
        )
        made.documents.append(document)
        return made
