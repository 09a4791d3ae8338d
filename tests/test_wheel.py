"""The wheel in a fresh environment with the core alone: no torch, no open_clip, no vllm, no transformers, no clone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml
from made.tree import FILTERS, ROOT, make_tree
from made.wheel import example_project, plugin_wheel

pytestmark = pytest.mark.slow

EXTRAS = ("torch", "open_clip", "vllm", "transformers", "timm", "sklearn", "skimage", "matplotlib", "gguf")
"""What the core must do without."""
IMPORT_ALL = """
import importlib, json, pkgutil, sys
import leafinstruct
from leafinstruct.document import LeafError
found, refused = [], {}
for module in pkgutil.walk_packages(leafinstruct.__path__, "leafinstruct."):
    if module.name == "leafinstruct.__main__":
        continue
    try:
        importlib.import_module(module.name)
        found.append(module.name)
    except LeafError as error:
        refused[module.name] = str(error)
print(json.dumps({"found": found, "refused": refused, "where": leafinstruct.__file__}))
"""
CORE = """
import importlib.metadata, json, re
def needed(name, seen):
    name = re.sub(r"[-_.]+", "-", name).lower()
    if name in seen:
        return seen
    try:
        found = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return seen
    seen[name] = [str(found.locate_file(file)) for file in found.files or []]
    for line in found.requires or []:
        if "extra ==" not in line:
            needed(re.match(r"[\\w.-]+", line)[0], seen)
    return seen
print(json.dumps(needed("leafinstruct", {})))
"""


def run(*command: str | Path, cwd: Path) -> str:
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True, env=env)
    assert done.returncode == 0, f"{command}\n{done.stdout[-1000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT, cwd=out)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that sees the wheel, and of what is installed here the core's dependencies and nothing else.

    The dependencies are linked, file by file as their metadata lists them: a download would take minutes.
    """
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    python = folder / "bin" / "python"
    packages = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip())
    needed: dict[str, list[str]] = json.loads(run(sys.executable, "-c", CORE, cwd=folder))
    here = Path(run(sys.executable, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip())
    del needed["leafinstruct"]
    for files in needed.values():
        for name in {Path(file).relative_to(here).parts[0] for file in files if Path(file).is_relative_to(here)}:
            if (here / name).exists() and not (packages / name).exists() and name != "__pycache__":
                (packages / name).symlink_to(here / name)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    return python


def test_the_wheel_carries_what_init_copies(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("filters", "pipelines"):
        for path in (ROOT / folder).rglob("*.*"):
            assert f"leafinstruct/project/{path.relative_to(ROOT).as_posix()}" in names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "runs/"))]
    assert "leafinstruct/py.typed" in names, "type checkers of users read the annotations"


def test_the_source_archive_holds_what_the_tests_need(tmp_path: Path) -> None:
    run(sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", tmp_path, ROOT, cwd=tmp_path)
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        names = {Path(*Path(name).parts[1:]).as_posix() for name in archive.getnames()}
    assert {name.partition("/")[0] for name in names} - {".gitignore"} == {
        *("leafinstruct", "filters", "pipelines", "tests", "benchmarks", "constraints", "docs"),
        *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "data_card.md"),
        *("pyproject.toml", "Makefile", "mkdocs.yml", "PKG-INFO"),
    }
    for folder in ("leafinstruct", "filters", "pipelines", "tests", "benchmarks", "constraints", "docs"):
        files = [path for path in (ROOT / folder).rglob("*.*") if path.is_file() and "__pycache__" not in path.parts]
        assert {path.relative_to(ROOT).as_posix() for path in files} <= names


def test_nothing_heavy_is_visible(python: Path, tmp_path: Path) -> None:
    code = f"import importlib.util; print([n for n in {EXTRAS} if importlib.util.find_spec(n)])"
    assert run(python, "-c", code, cwd=tmp_path).strip() == "[]"


def test_every_module_imports_or_names_its_extra(python: Path, tmp_path: Path) -> None:
    report = json.loads(run(python, "-c", IMPORT_ALL, cwd=tmp_path))
    assert not report["where"].startswith(str(ROOT)), "the package of the wheel, not of the clone"
    assert all("leafinstruct[" in line for line in report["refused"].values()), report["refused"]
    modules = {p.relative_to(ROOT).with_suffix("").as_posix() for p in (ROOT / "leafinstruct").rglob("*.py")}
    names = {m.replace("/", ".").removesuffix(".__init__") for m in modules} - {"leafinstruct", "leafinstruct.__main__"}
    assert {*report["found"], *report["refused"]} >= names


def test_init_and_build_outside_the_clone(python: Path, tmp_path: Path) -> None:
    run(python, "-m", "leafinstruct", "init", "x", cwd=tmp_path)
    folder = tmp_path / "x"
    make_tree(folder / "tree")
    pipeline = folder / "pipelines/demo.yaml"
    changed = yaml.safe_load(pipeline.read_text())
    changed["sources"] = [{"name": "mine", "kind": "tutorial", "path": "tree/*"}]
    changed["models"] = {}
    changed["filters"] = FILTERS
    changed["rewrite"] = {"writer": "template"}
    pipeline.write_text(yaml.safe_dump(changed))
    harvested = run(python, "-m", "leafinstruct", "build", "--stage", "harvest", "--json", cwd=folder)
    assert json.loads(harvested)["documents"] == 16
    built = run(python, "-m", "leafinstruct", "build", "--stage", "shard", "--workers", "2", "--json", cwd=folder)
    assert json.loads(built)["records"] == 11
    assert json.loads(run(python, "-m", "leafinstruct", "check", "runs/demo/shards", "--json", cwd=folder))["ok"]


@pytest.mark.parametrize("stage", ["filter", "rewrite"])
def test_the_shipped_pipeline_names_the_extra_it_needs(python: Path, tmp_path: Path, stage: str) -> None:
    run(python, "-m", "leafinstruct", "init", "x", cwd=tmp_path)
    done = subprocess.run(
        [python, "-m", "leafinstruct", "build", "--stage", stage],
        cwd=tmp_path / "x",
        capture_output=True,
        text=True,
        env={**os.environ, "LEAFINSTRUCT_CACHE": str(tmp_path / "cache")},
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1, done.stderr
    assert "leafinstruct[" in done.stderr


def test_plugins_of_all_kinds_from_another_wheel(python: Path, tmp_path: Path) -> None:
    packages = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path).strip())
    with zipfile.ZipFile(plugin_wheel(tmp_path / "plugins")) as archive:
        archive.extractall(packages)
    counts = {}
    for own_files in (True, False):
        folder = example_project(tmp_path / f"project-{own_files}", own_files)
        built = run(python, "-m", "leafinstruct", "build", "--workers", "2", "--json", "--quiet", cwd=folder)
        counts[own_files] = json.loads(built)
    assert counts[True] == counts[False] and counts[True]["records"] == 2
    names = "[sorted(plugins.names(kind)) for kind in (plugins.SOURCE, plugins.SCORER, plugins.TASK, plugins.LLM)]"
    listed = run(python, "-c", f"from leafinstruct import plugins; print({names})", cwd=tmp_path)
    assert all(f"'{name}'" in listed for name in ("cards", "plain_words", "show_and_tell", "echo"))
    before = set((folder / "runs/cards/scores").iterdir())
    helper = packages / "card_plugins/my_helpers.py"
    helper.write_text(helper.read_text().replace("or 1", "or 2"))  # an update of the package
    run(python, "-m", "leafinstruct", "build", "--stage", "filter", "--workers", "1", "--quiet", cwd=folder)
    made = set((folder / "runs/cards/scores").iterdir()) - before
    assert [path.name.rpartition("-")[0] for path in made] == ["plain_words"]


@pytest.mark.parametrize("file", ["my_scorer.py", "my_source.py", "my_task.py", "my_backend.py"])
def test_users_code_is_typed_strictly_against_the_wheel(file: str, python: Path, tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    folder = example_project(tmp_path / "project", own_files=True)
    cache = ("--cache-dir", str(python.parents[1] / "mypy"))
    run(sys.executable, "-m", "mypy", "--strict", "--python-executable", python, *cache, folder / file, cwd=folder)


def test_a_wrong_type_is_found(python: Path, tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    folder = example_project(tmp_path / "project", own_files=True)
    text = (folder / "my_scorer.py").read_text().replace('"float", "words"', '"flaot", "words"')
    (folder / "my_scorer.py").write_text(text)
    command = [sys.executable, "-m", "mypy", "--strict", "--python-executable", str(python), "my_scorer.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 1 and '"Literal[' in done.stdout and "flaot" in done.stdout
