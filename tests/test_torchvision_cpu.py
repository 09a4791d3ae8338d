"""The install-time script that makes torchvision importable beside CPU torch: what it writes, and when it does not."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[1] / "constraints" / "torchvision_cpu.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("torchvision_cpu", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_written_once_and_removed_when_not_needed(script: ModuleType, tmp_path: Path) -> None:
    assert script.apply(tmp_path, library_loads=False) == "import hook written"
    first = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert sorted(first) == [f"{script.MODULE}.pth", f"{script.MODULE}.py"]
    assert script.apply(tmp_path, library_loads=False) == "import hook already there"
    (tmp_path / f"{script.MODULE}.py").write_text("older")
    assert script.apply(tmp_path, library_loads=False) == "import hook written"
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == first
    assert script.apply(tmp_path, library_loads=True) == "import hook removed"
    assert script.apply(tmp_path, library_loads=True) == "nothing to do" and not list(tmp_path.iterdir())


def test_operators_are_declared_at_the_import_and_not_before(script: ModuleType, tmp_path: Path) -> None:
    """With a torch and a torchvision of our own: the latter, like the real one, needs the operators to be imported."""
    script.apply(tmp_path, library_loads=False)
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text(
        "declared = []\n"
        "class library:\n"
        "    class Library:\n"
        "        def __init__(self, *names): assert names == ('torchvision', 'FRAGMENT')\n"
        "        def define(self, schema): declared.append(schema.split('(')[0])\n"
        "class ops:\n"
        "    @staticmethod\n"
        "    def load_library(path): raise OSError(path)\n"
    )
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text(
        "import torch\nassert torch.declared == ['nms', 'qnms'], torch.declared\n"
    )
    code = (
        f"import sys, site; sys.path.insert(0, {str(tmp_path)!r}); site.addsitedir({str(tmp_path)!r})\n"
        "import importlib.util; assert importlib.util.find_spec('torchvision')\n"
        "assert 'torch' not in sys.modules\n"
        "import torchvision; print(len(sys.modules['torch'].declared))\n"
    )
    result = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True)
    assert (result.stdout.strip(), result.stderr) == ("2", "")
