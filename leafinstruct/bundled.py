"""Finds files in the project, or else among those shipped with the package."""

from __future__ import annotations

from pathlib import Path

from leafinstruct.errors import LeafError, did_you_mean

LONGEST_NAME = 250
"""Bytes; file systems allow 255."""


def package_folders() -> list[Path]:
    """Where the shipped pipelines and filters are: in an installed wheel, or at the top of a clone."""
    here = Path(__file__).parent
    return [here / "project", here.parent]


def find_file(root: Path, folder: str, name: str) -> Path:
    """`folder/name` in the project, else as shipped. Raises LeafError with the nearest known name."""
    if "\0" in name or len(name.encode(errors="replace")) > LONGEST_NAME:
        raise LeafError(f"{folder}/{name[:60]!r}: not the name of a file")
    places = [root, *package_folders()]
    for place in places:
        if (place / folder / name).is_file():
            return place / folder / name
    known = {p.stem for place in places for p in (place / folder).glob("*.yaml")}
    raise LeafError(f"{folder}/{name} is not there{did_you_mean(Path(name).stem, known)}")
