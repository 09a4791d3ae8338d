"""Make torchvision importable beside a CPU build of torch, in one virtual environment, at install time.

The registry's torchvision wheel is a CUDA build: its compiled library does not load beside CPU torch, and the
import then stops at "operator torchvision::nms does not exist". open_clip, timm and transformers need only its
image transforms, so it is enough to declare the two operators it registers shapes for. This belongs to the
installation of such a machine, never to the package: `python constraints/torchvision_cpu.py [SITE_PACKAGES ...]`.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

MODULE = "_torchvision_cpu_operators"

# Exit code 0: the compiled library loads; 3: it does not; 4: torch or torchvision is not installed.
PROBE = """
import importlib.util, pathlib, sys
found = importlib.util.find_spec("torchvision")
if found is None or importlib.util.find_spec("torch") is None:
    sys.exit(4)
import torch
try:
    torch.ops.load_library(str(pathlib.Path(found.origin).parent / "_C.so"))
except OSError:
    sys.exit(3)
"""

HOOK = '''"""Declares torchvision's operators nms and qnms when torchvision is imported and its library does not load.

Written by constraints/torchvision_cpu.py. Nothing here imports torch before torchvision itself is imported.
"""

import sys
from importlib.machinery import PathFinder

_KEEP = []  # a torch Library undeclares its operators when it is collected


def _declare(folder):
    import torch

    try:
        torch.ops.load_library(f"{folder}/_C.so")
    except OSError:
        library = torch.library.Library("torchvision", "FRAGMENT")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _KEEP.append(library)


class _Finder:
    """Finds torchvision where it is, and declares the operators just before its code runs."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        spec = PathFinder.find_spec(name, path, target) if name == "torchvision" else None
        if spec is None or spec.loader is None:
            return None
        run = spec.loader.exec_module

        def exec_module(module):
            if not _KEEP:
                _declare(spec.submodule_search_locations[0])
            run(module)

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, _Finder)
'''


def apply(site_packages: Path, library_loads: bool) -> str:
    """Write or remove the import hook in one site-packages folder; returns what was done."""
    files = {site_packages / f"{MODULE}.py": HOOK, site_packages / f"{MODULE}.pth": f"import {MODULE}\n"}
    if library_loads:
        present = [file for file in files if file.exists()]
        for file in present:
            file.unlink()
        return "import hook removed" if present else "nothing to do"
    stale = [file for file, text in files.items() if not file.exists() or file.read_text() != text]
    for file in stale:
        file.write_text(files[file])
    return "import hook written" if stale else "import hook already there"


def main(folders: list[str]) -> int:
    """Probe the torchvision of this Python, then set the hook in each folder (default: this Python's own)."""
    probe = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True)
    if probe.returncode not in (0, 3, 4):
        print(f"torchvision: probing failed: {probe.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return 1
    if probe.returncode == 4:
        print("torchvision: not installed beside torch, nothing to do")
        return 0
    loads = probe.returncode == 0
    why = "its library loads" if loads else "its library does not load beside this torch"
    for folder in folders or [sysconfig.get_paths()["purelib"]]:
        print(f"torchvision: {why}; {apply(Path(folder), loads)} ({folder})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
