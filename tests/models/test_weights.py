"""Names of models to weights: what is found, what is refused with one line, and what a fingerprint notices."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from leafinstruct.errors import LeafError
from leafinstruct.models import packages, weights
from leafinstruct.models.weights import cache_folder, fingerprint, resolve


def model_folder(root: Path, name: str = "m", weight: bytes = b"w" * (3 << 20)) -> Path:
    folder = root / name
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(weight)
    (folder / "config.json").write_text(json.dumps({"model": str(folder.resolve())}))
    return folder


def test_folder(tmp_path: Path) -> None:
    folder = model_folder(tmp_path)
    found = resolve(str(folder))
    assert (found.path, found.kind, found.name) == (str(folder.resolve()), "folder", str(folder))
    assert resolve(f"local-dir:{folder}").revision == found.revision == fingerprint(folder)


def test_fingerprint_sees_weights_and_text_but_not_the_place(tmp_path: Path) -> None:
    first = fingerprint(model_folder(tmp_path, "a"))
    assert fingerprint(model_folder(tmp_path, "b")) == first
    (tmp_path / "b" / "README.md").write_text("words")
    assert fingerprint(tmp_path / "b") == first
    for name, place in (("head", 0), ("end", (3 << 20) - 1)):
        changed = bytearray(b"w" * (3 << 20))
        changed[place] = 0
        assert fingerprint(model_folder(tmp_path, name, bytes(changed))) != first
    (tmp_path / "b" / "tokenizer.json").write_text("{}")
    assert fingerprint(tmp_path / "b") != first


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", "~/nowhere-at-all", "local-dir:nowhere"])
def test_missing_folder_is_named(name: str) -> None:
    with pytest.raises(LeafError, match="no such folder: .*nowhere"):
        resolve(name)


def test_folder_without_weights(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(LeafError, match=r"no weights in it .*safetensors"):
        resolve(str(tmp_path))


@pytest.mark.parametrize("name", ["word", "a/b/c", "a b/c", "https://example.org/model", ""])
def test_names_of_no_known_form(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if name == "":
        pytest.raises(LeafError, resolve, name)  # the current folder, which holds no weights
        return
    with pytest.raises(LeafError, match="neither a folder nor a hub id"):
        resolve(name)


def test_hub_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    refs = tmp_path / "models--org--name" / "refs"
    refs.mkdir(parents=True)
    (refs / "main").write_text("c" * 40)
    found = resolve("org/name")
    assert (found.path, found.revision, found.kind, found.requested) == ("org/name", "c" * 40, "hub", None)
    assert resolve("hf-hub:org/name").path == "org/name"
    pinned = resolve("org/name@" + "d" * 40)
    assert (pinned.revision, pinned.requested) == ("d" * 40, "d" * 40)


def test_open_clip_names_are_told_from_hub_ids() -> None:
    if weights.package_folder("open_clip") is None:
        pytest.skip("open_clip is not installed")
    found = resolve("ViT-B-32/laion2b_s34b_b79k")
    assert (found.kind, found.path, found.revision) == ("open_clip", "ViT-B-32/laion2b_s34b_b79k", "laion2b_s34b_b79k")
    assert resolve("hf-hub:ViT-B-32/name@" + "a" * 40).kind == "hub"


def test_unknown_demo_model(tmp_path: Path) -> None:
    with pytest.raises(LeafError, match="demo:clip-lite0, demo:clip-lite2, demo:smollm2-135m"):
        resolve("demo:clip-lite9", tmp_path)


@pytest.mark.parametrize("name", packages.NAMES)
def test_missing_package_names_the_extra(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "package_folder", lambda package: None)
    with pytest.raises(LeafError, match=r"needs the package .*install leafinstruct\[demo\]"):
        resolve(f"demo:{name}", tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [f"{name}.lock"]  # nothing half made is left


def test_assembly_is_whole_or_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stops(name: str, part: Path) -> None:
        (part / "model.safetensors").write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(packages, "_language_model", stops)
    with pytest.raises(KeyboardInterrupt):
        packages.assembled("smollm2-135m", tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["smollm2-135m.lock"]


def test_moved_dual_encoder_is_pointed_at_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "clip-lite0"
    folder.mkdir()
    text = {"hf_model_name": "/before", "hf_tokenizer_name": "/before"}
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": {"text_cfg": text}}))
    packages.assembled("clip-lite0", tmp_path)
    moved = json.loads((folder / "open_clip_config.json").read_text())["model_cfg"]["text_cfg"]
    assert set(moved.values()) == {str(folder.resolve())}


def test_cache_folder_is_the_users_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAFINSTRUCT_CACHE", "/some/where")
    assert cache_folder() == Path("/some/where")
    monkeypatch.delenv("LEAFINSTRUCT_CACHE")
    assert cache_folder() == Path.home() / ".cache" / "leafinstruct" / "models"


def test_modules_import_nothing_heavy() -> None:
    names = ["weights", "packages", "device", "clip", "llm", "local", "openai", "vllm", "transformers"]
    code = "import sys\n" + "".join(f"import leafinstruct.models.{name}\n" for name in names)
    code += "print([n for n in ('torch', 'open_clip', 'vllm', 'transformers', 'pandas', 'PIL') if n in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_an_assembled_model_is_known_by_what_it_was_made_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by its bytes: their last bits differ by processor, and scores would be stale on another machine."""
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    monkeypatch.setattr(packages, "assembled", lambda name, cache: tmp_path)
    before = resolve("demo:clip-lite0", tmp_path).revision
    monkeypatch.setattr(packages, "version", lambda package: "1.0")
    packages._note_revision("clip-lite0", tmp_path)
    noted = resolve("demo:clip-lite0", tmp_path).revision
    (tmp_path / "model.safetensors").write_bytes(b"rounded otherwise")
    assert resolve("demo:clip-lite0", tmp_path).revision == noted != before
    monkeypatch.setattr(packages, "version", lambda package: "1.1")
    packages._note_revision("clip-lite0", tmp_path)
    assert resolve("demo:clip-lite0", tmp_path).revision != noted
