"""What `init` gives a user to edit: a pipeline, the filters and prompts it names, copied from what is shipped."""

from __future__ import annotations

import shutil
from pathlib import Path

from leafinstruct.bundled import find_file, package_folders
from leafinstruct.errors import LeafError

PIPELINE = "demo.yaml"


def init_project(folder: Path) -> list[Path]:
    """Copy the demo pipeline, all filters and prompts into `folder`. Files that are there are never overwritten:
    raises LeafError if the folder has pipelines or filters already."""
    for name in ("pipelines", "filters"):
        if (folder / name).exists():
            raise LeafError(f"{folder / name} is there already; choose an empty folder")
    pipeline = find_file(folder, "pipelines", PIPELINE)
    shipped = next(place for place in package_folders() if (place / "filters").is_dir())
    made = [folder / "pipelines" / PIPELINE]
    made[0].parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(pipeline, made[0])
    for source in [
        *sorted((shipped / "filters").glob("*.yaml")),
        *sorted((shipped / "pipelines" / "prompts").glob("*")),
    ]:
        target = folder / source.relative_to(shipped)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        made.append(target)
    return made
