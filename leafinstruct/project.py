"""What `init` copies for the user to edit: the demo pipeline, all shipped filters and prompts, and the schemas."""

from __future__ import annotations

import shutil
from pathlib import Path

from leafinstruct.bundled import find_file, package_folders
from leafinstruct.errors import LeafError

PIPELINE = "demo.yaml"
SCHEMAS = ("pipelines/pipeline.schema.json", "filters/filter.schema.json")
"""For editors: the first line of each shipped YAML file names its own."""


def init_project(folder: Path) -> list[Path]:
    """Copy the demo pipeline, all filters, prompts and JSON Schemas into `folder`. Existing files are never
    overwritten: raises LeafError if the folder already has pipelines or filters."""
    for name in ("pipelines", "filters"):
        if (folder / name).exists():
            raise LeafError(f"{folder / name} already exists; choose an empty folder")
    pipeline = find_file(folder, "pipelines", PIPELINE)
    shipped = next(place for place in package_folders() if (place / "filters").is_dir())
    made = [folder / "pipelines" / PIPELINE]
    made[0].parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(pipeline, made[0])
    for source in [
        *sorted((shipped / "filters").glob("*.yaml")),
        *(shipped / name for name in SCHEMAS),
        *sorted((shipped / "pipelines" / "prompts").glob("*")),
    ]:
        target = folder / source.relative_to(shipped)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        made.append(target)
    return made
