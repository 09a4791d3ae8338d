"""A project's own scorer, source, task and back-end: by file, with helpers, hashed, and wrong in one line."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from made.tree import ROOT, edit, make_project, page, put

import leafinstruct as li
from leafinstruct import context, plugins
from leafinstruct.code_digest import code_of
from leafinstruct.context import Context
from leafinstruct.engine.local import run_tasks
from leafinstruct.run import Run

SOURCE = """
from pathlib import Path
from helper import TITLE
import leafinstruct as li

class Lines(li.Source):
    def plan(self, known):
        return [li.Chunk(path.stem, (str(path),)) for path in self.paths()]

    def harvest(self, chunk, index):
        [file] = chunk.inputs
        made = li.Harvested()
        for number, line in enumerate(Path(file).read_text().splitlines()):
            parts = (li.Part("text", line), )
            made.documents.append(li.Document(
                id=li.document_id(self.name, f"{chunk.name}/{number}"), source=self.name, site="here", url="",
                path=f"{chunk.name}/{number}", license=self.license, title=TITLE, topic="", language="en", parts=parts,
            ))
        return made
"""
TASK = """
import leafinstruct as li
from helper import FIRST

def divide(document):
    if len(document.parts) < 2:
        return None
    return (li.Turn(given=tuple(range(FIRST)), answer=tuple(range(FIRST, len(document.parts)))),)

POEM = li.Task("poem", "the first part is given", divide, phrases={"en": ("Now go on with {0} for me, please.",)})
"""
BACKEND = """
import json
import leafinstruct as li

class Parrot(li.Llm):
    def __init__(self, model: str, *, batch_size: int = 4, word: str = "please") -> None:
        super().__init__(model, "1", batch_size)
        self.word = word

    def count_tokens(self, text):
        return len(text.split())

    def excerpt(self, text, max_tokens):
        words = text.split()[:max_tokens]
        return " ".join(words), len(words)

    def generate_batch(self, prompts, schema, max_tokens, temperature, seed):
        request = f"Show me how to make a spoon or a stool {self.word}, with pictures."
        answer = json.dumps({"instruction": request, "topic": "craft"})
        return [li.Generation(answer, 10, 10, "stop") for _ in prompts]
"""


SCORER = """
from dataclasses import dataclass
from helper import FIRST
from leafinstruct import Column, DocumentScorer

class Mine(DocumentScorer):
    columns = (Column("v", "document", "int", "", "made"),)

    @dataclass(frozen=True)
    class Settings:
        depth: int = 1

    def score(self, document):
        return [{"v": FIRST}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("spoon", "stool"):
        page(tmp_path / "tree" / "wood", name)
    put(tmp_path / "helper.py", "TITLE = 'Lines'\nFIRST = 1\n")
    put(tmp_path / "my_source.py", SOURCE)
    put(tmp_path / "my_task.py", TASK)
    put(tmp_path / "my_backend.py", BACKEND)
    put(tmp_path / "lines/one.txt", "A line of text.\nAnother line of text.\n")
    return tmp_path


LINES = [{"name": "lines", "kind": "./my_source.py:Lines", "path": "lines/*.txt", "license": "CC0-1.0"}]


def test_a_source_with_its_helper_is_harvested_again_when_either_is_edited(folder: Path) -> None:
    pipeline = make_project(folder, folder / "tree", sources=LINES, filters=["text"])

    def documents() -> list[str]:
        return [d.title for d in li.build(pipeline, folder / "run", stage="harvest").documents()]

    assert documents() == ["Lines", "Lines"]
    put(folder / "helper.py", "TITLE = 'Other'\nFIRST = 1\n")
    assert documents() == ["Other", "Other"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("return made", "raise KeyError('x')"), "lines: harvest of chunk one: KeyError: 'x' (my_source.py, line 19)"),
        (("return made", "return None"), "source lines: harvest of chunk one gave NoneType; it returns a Harvested"),
        (('/{number}"), source', '"), source'), "source lines: harvest of chunk one: 2 documents have the id"),
        (('li.Part("text", line)', 'li.Part("image", image="a" * 64)'), "which is not in `images`"),
        (
            ("parts = (li.Part(", 'made.images["a" * 64] = OTHER; parts = (li.Part("image", image="a" * 64), li.Part('),
            "has bytes of another SHA-256",
        ),
        (('li.Part("text", line)', 'li.Part("text", "")'), "ValueError: a text part has text and no image"),
        (("title=TITLE", "title=3"), "harvest of chunk one: ArrowTypeError"),
        (
            ("for path in self.paths()]", "for path in 2 * self.paths()]"),
            "plan: two chunks are called 'one'; give each",
        ),
        (("path.stem", "str(path)"), "needs a short name without slashes"),
        (("[li.Chunk(path.stem, (str(path),))", "[(path.stem, (str(path),))"), "it returns a list of Chunk"),
        (("def plan(self, known):", "def plan(self, known):\n        1 / 0"), "source lines: plan: ZeroDivisionError"),
        (("def plan(", "def plans("), "kind of source Lines does not define plan"),
        (("class Lines(li.Source)", "class Lines"), "has no kind of source Lines; it must be a subclass of Source"),
        (("self.paths()]", "self.paths()] + 1 / 0"), "source lines: plan: ZeroDivisionError"),
        (
            ("def harvest(", "def __init__(self, *a): ...\n    def harvest("),
            "its __init__ does not call super().__init__",
        ),
        (("made = li", "__import__('sys').exit(3)\n        made = li"), "harvest of chunk one: SystemExit: 3"),
        (("import TITLE", "import TITEL"), "ImportError: cannot import name 'TITEL' from 'helper'"),
    ],
)
def test_a_source_that_does_wrong(change: tuple[str, str], said: str, folder: Path) -> None:
    assert change[0] in SOURCE
    other = 'OTHER = li.Image("a" * 64, b"b", "PNG", 1, 1, "")\n'
    put(folder / "my_source.py", SOURCE.replace(*change) + other)
    pipeline = make_project(folder, folder / "tree", sources=LINES, filters=["text"])
    with pytest.raises(li.LeafError) as refused:
        li.build(pipeline, folder / "run", stage="harvest")
    assert said in str(refused.value) and "\n" not in str(refused.value)


def with_task(folder: Path) -> Path:
    tasks = {"./my_task.py:POEM": 1}
    return make_project(folder, folder / "tree", filters=["text"], rewrite={"writer": "template", "tasks": tasks})


def test_a_task_writes_records_anew_when_its_helper_is_edited(folder: Path) -> None:
    pipeline = with_task(folder)

    def records() -> list[li.Record]:
        return list(li.build(pipeline, folder / "run", stage="rewrite", workers=1).records())

    first = records()
    assert {record.task for record in first} == {"poem"} and len(first) == 2
    assert first[0].messages[0].content[0].text.startswith("Now go on with How to make a s")
    given = [len(record.messages[0].content[1].text) for record in first]
    put(folder / "helper.py", "TITLE = 'Lines'\nFIRST = 2\n")
    assert all(len(b.messages[0].content[1].text) > a for a, b in zip(given, records(), strict=True))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("    if len", "    raise KeyError('x')\n    if len"), "task poem: KeyError: 'x' (my_task.py, line 6)"),
        (("return (li.Turn", "return 3, (li.Turn"), "it returns a tuple of one or more Turn, or None"),
        (("range(FIRST, len(document.parts))", "range(FIRST, 99)"), "the position"),
        (("answer=tuple(range(FIRST, len(document.parts)))", "answer=()"), "a turn without an answer"),
        (("answer=tuple(range(FIRST,", "answer=tuple(range(0,"), "parts twice or out of their order"),
        (("given=tuple(range(FIRST))", "given=None"), "task poem: TypeError: "),
        (("    if len", "    __import__('sys').exit(3)\n    if len"), "task poem: SystemExit: 3"),
    ],
)
def test_a_task_that_fails_about_documents(
    change: tuple[str, str], said: str, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert change[0] in TASK
    put(folder / "my_task.py", TASK.replace(*change))
    run = li.build(with_task(folder), folder / "run", stage="rewrite")
    assert run.funnel().dropped_rewriting == {"rewrite:task_failed": 2} and run.funnel().balance() == []
    [line] = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert re.match(r"rewrite: no record for \w+ \(.*\.md\): task poem: ", line) and said in line
    assert line.endswith("; nor for 1 other")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('li.Task("poem"', 'li.Task("howto"'), "another task is called 'howto'; rename it"),
        (('li.Task("poem"', 'li.Task("a poem"'), "its name 'a poem' is not a name"),
        (("Now go on with {0}", "Now go on with {1}"), "phrases: IndexError"),
        (("Now go on with {0}", "Now go on with {x}"), "phrases: KeyError: 'x'"),
        (("Now go on with {0}", "Now go on"), "has no {0} for the title"),
        (('("Now go on with {0} for me, please.",)', '"Now {0}"'), "phrases of 'en' are a tuple of texts"),
        (("POEM =", "poem ="), "has no task POEM (did you mean 'poem'?)"),
        (("POEM = li.Task", "POEM = li.Turn((), ())\nOTHER = li.Task"), "no task POEM; it must be an instance of Task"),
    ],
)
def test_a_task_that_cannot_be(change: tuple[str, str], said: str, folder: Path) -> None:
    put(folder / "my_task.py", TASK.replace(*change))
    with pytest.raises(li.LeafError) as refused:
        li.build(with_task(folder), folder / "run", stage="harvest")
    assert said in str(refused.value) and "rewrite: tasks: " in str(refused.value)


def test_a_missing_package_is_no_fact_about_a_document(folder: Path) -> None:
    put(folder / "my_task.py", TASK.replace("    if len", "    import nonesuch\n    if len"))
    with pytest.raises(li.LeafError, match="task poem: ModuleNotFoundError: No module named 'nonesuch'"):
        li.build(with_task(folder), folder / "run", stage="rewrite")


def test_a_task_that_is_turned_off_keeps_its_section_of_the_prompt(folder: Path) -> None:
    shipped = (ROOT / "pipelines/prompts/instruction.md").read_text()
    put(folder / "pipelines/mine.md", shipped.replace("# retry", "# poem\n\nAsk for more.\n\n# retry"))
    tasks = {"howto": 1, "./my_task.py:POEM": 0}
    models = {"llm": {"model": "m", "backend": "./my_backend.py:Parrot"}}
    rewrite = {"writer": "llm", "prompt": "mine.md", "tasks": tasks}
    pipeline = make_project(folder, folder / "tree", filters=["text"], rewrite=rewrite, models=models)
    assert li.build(pipeline, folder / "run", stage="rewrite").funnel().records == 1


def test_documents_of_two_chunks_with_one_id(folder: Path) -> None:
    put(folder / "lines/two.txt", "A third line.\n")
    put(folder / "my_source.py", SOURCE.replace('f"{chunk.name}/{number}"', 'f"{number}"'))
    pipeline = make_project(folder, folder / "tree", sources=LINES, filters=["text"])
    with pytest.raises(li.LeafError, match="source lines: 2 documents have the id .*; see document_id"):
        li.build(pipeline, folder / "run", stage="harvest")


def with_backend(folder: Path, **more: Any) -> Path:
    model = {"model": "bird", "backend": "./my_backend.py:Parrot", **more}
    return make_project(folder, folder / "tree", filters=["text"], models={"llm": model}, rewrite={"writer": "llm"})


def test_a_backend_answers_and_is_asked_again_when_it_is_edited(folder: Path) -> None:
    def instruction(**more: Any) -> str:
        run = li.build(with_backend(folder, **more), folder / "run", stage="rewrite")
        return str(next(run.records()).messages[0].content[0].text)

    assert "please" in instruction()
    put(folder / "my_backend.py", BACKEND.replace('"please"', '"thanks"'))
    assert "thanks" in instruction()
    assert len(list((folder / "run/generations").iterdir())) == 2


@pytest.mark.parametrize(
    ("change", "more", "said"),
    [
        (("", ""), {"wrod": "x"}, "models: llm: unknown setting 'wrod' (did you mean 'word'?)"),
        (("", ""), {"word": 3}, "models: llm: setting 'word' is 3; it takes a text"),
        (("return [li", "return [] and [li"), {}, "model 'bird': 0 answers to 2 prompts"),
        (
            ('li.Generation(answer, 10, 10, "stop")', "answer"),
            {},
            "'bird': an answer is str; generate_batch gives a Gen",
        ),
        (("super().__init__", "print"), {}, "its __init__ does not call super().__init__"),
        (("batch_size: int", "batch_size: 'Nonesuch'"), {}, "back-end Parrot: types of its keywords: NameError"),
        (
            ("    def count", "    capabilities = 'generate'\n    def count"),
            {},
            "capabilities is 'generate'; it takes a set",
        ),
        (("", ""), {"batch_size": 0}, "models: llm: setting 'batch_size' is 0; it takes a whole number, 1 or more"),
        (("", ""), {"backend": False}, "models: llm: setting 'backend' is False; it takes a text"),
        (("answer = ", "1 / 0\n        answer = "), {}, "'bird': ZeroDivisionError: division by zero (my_backend.py"),
        (("self.word =", "1 / 0\n        self.word ="), {}, "model 'bird' does not load in back-end Parrot: ZeroDivis"),
        (
            ("batch_size: int = 4", "batch_size"),
            {},
            "Parrot: its keyword 'batch_size' needs a type and a default",
        ),
        (("def excerpt", "def excerpts"), {}, "backend Parrot does not define excerpt"),
        (("(li.Llm)", ""), {}, "has no backend Parrot; it must be a subclass of Llm"),
    ],
)
def test_a_backend_that_does_wrong(change: tuple[str, str], more: dict[str, Any], said: str, folder: Path) -> None:
    assert change[0] in BACKEND
    put(folder / "my_backend.py", BACKEND.replace(*change) if change[0] else BACKEND)
    with pytest.raises(li.LeafError) as refused:
        li.build(with_backend(folder, **more), folder / "run", stage="rewrite")
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_half_of_an_emoji_in_an_answer_does_not_end_the_build(folder: Path) -> None:
    put(folder / "my_backend.py", BACKEND.replace("with pictures.", "with pictures \\ud83d."))
    run = li.build(with_backend(folder), folder / "run", stage="rewrite")
    assert "\ufffd" in next(run.records()).messages[0].content[0].text


def test_what_a_backend_cannot_do_is_said_before_any_work(folder: Path) -> None:
    pipeline = with_backend(folder)
    edit(pipeline, filters=["text", "lm"])
    with pytest.raises(li.LeafError, match="'lm' needs prompt_logprobs, which backend './my_backend.py:Parrot' lacks"):
        li.build(pipeline, folder / "run", stage="filter")
    assert not (folder / "run" / "documents").exists()


def test_code_reaches_all_modules_of_the_project_and_no_other(tmp_path: Path) -> None:
    lines = ["from . import near", "import far.away", "import json, leafinstruct", "def f():", "    import late"]
    put(tmp_path / "plug/mine.py", "\n".join(lines))
    calls = ["from importlib import import_module as load", "load(name='named')", "load('.relative', __package__)"]
    put(tmp_path / "plug/near.py", "\n".join(calls))
    put(tmp_path / "far/__init__.py", "")
    put(tmp_path / "far/away.py", "from .beside import x\n")
    put(tmp_path / "far/beside.py", "x = 1\n")
    put(tmp_path / "far/unused.py", "x = 1\n")
    put(tmp_path / "late.py", "import far, folder.inner\n")
    put(tmp_path / "folder/inner.py", "")
    put(tmp_path / "named.py", "not python(")
    put(tmp_path / "plug/relative.py", "")
    put(tmp_path / "leafinstruct.py", "")
    roots = [tmp_path / "plug", tmp_path]
    found = code_of(tmp_path / "plug/mine.py", roots)
    names = ("plug/near", "plug/relative", "far/__init__", "far/away", "far/beside", "late", "folder/inner", "named")
    assert set(found.modules) == {f"{name}.py" for name in names}
    for name in names:
        file = tmp_path / f"{name}.py"
        put(file, file.read_text() + "# more\n")
        changed = code_of(tmp_path / "plug/mine.py", roots)
        assert changed.digest != found.digest, file
        found = changed


MINE = """
from leafinstruct import DocumentScorer
IMPORT

class Mine(DocumentScorer):
    columns = ()
    def score(self, document):
        LATER
        return V
"""
WAYS = {
    "helper.py": "from helper import V",
    "lib/h.py": "from lib import h; V = h.V",
    "lib/a.py": "import lib.a; V = lib.a.V",
    "pack/__init__.py": "from pack import V",
    "pack/deep/er.py": "from pack.deep.er import *",
    "sub/near.py": "from near import V",
    "sub/kit/core.py": "from kit import V",
    "sub/close.py": "from .close import V",
    "sub/beside.py": "from . import beside; V = beside.V",
}


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("file", WAYS)
def test_each_way_to_import_is_read_again_after_an_edit(file: str, later: bool, tmp_path: Path) -> None:
    if later and "*" in WAYS[file]:
        return
    if file.startswith("pack/deep"):
        put(tmp_path / "pack/__init__.py", "")
    put(tmp_path / "sub/kit/__init__.py", "from kit.core import V\nimport common\n" if "kit" in file else "")
    put(tmp_path / "sub/common.py", "")
    places = ("LATER", "IMPORT") if later else ("IMPORT", "LATER")
    code = MINE.replace(places[0], WAYS[file]).replace(places[1], "pass")
    put(tmp_path / "sub/mine.py", code)
    digests = []
    for number in (1, 2, 1):
        put(tmp_path / file, f"V = {number}\n")  # of the same length, within a second
        plugin = plugins.load(plugins.SCORER, "./sub/mine.py:Mine", tmp_path, li.DocumentScorer)
        assert plugin.value.score(None, None) == number
        digests.append(plugin.code)
    assert digests[0] == digests[2] != digests[1]


def test_projects_and_folders_with_helpers_of_one_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the helper is imported late, or another one is in the current folder."""
    code = MINE.replace("IMPORT", "pass").replace("LATER", "from helper import V")
    put(tmp_path / "here/helper.py", "V = 0\n")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.syspath_prepend("")
    loaded = {}
    for place in ("a", "b", "b/inner", "c"):
        put(tmp_path / place / "helper.py", f"V = '{place}'\n")
        put(tmp_path / place / "mine.py", code)
        root, spec = (tmp_path / "b", "./inner/mine.py:Mine") if "/" in place else (tmp_path / place, "./mine.py:Mine")
        loaded[place] = plugins.load(plugins.SCORER, spec, root, li.DocumentScorer).value
    assert {place: kind.score(None, None) for place, kind in loaded.items()} == {place: place for place in loaded}
    assert not [place for place in sys.path if place.startswith(str(tmp_path / "a"))]


def test_a_module_of_the_project_comes_first_for_the_project_alone(tmp_path: Path) -> None:
    put(tmp_path / "statistics.py", "V = 7\n")
    put(tmp_path / "mine.py", MINE.replace("IMPORT", "from statistics import V").replace("LATER", "pass"))
    assert plugins.load(plugins.SCORER, "./mine.py:Mine", tmp_path, li.DocumentScorer).value.score(None, None) == 7
    import statistics

    assert statistics.mean([1]) == 1


def test_a_folder_without_init_replaces_no_package(tmp_path: Path) -> None:
    put(tmp_path / "numpy/other.py", "")
    code = MINE.replace("IMPORT", "import numpy, tests_of_ours.one").replace("LATER", "V = float(numpy.pi)")
    put(tmp_path / "tests_of_ours/one.py", "")
    put(tmp_path / "mine.py", code)
    kind = plugins.load(plugins.SCORER, "./mine.py:Mine", tmp_path, li.DocumentScorer).value
    assert 3 < kind.score(None, None) < 4


@pytest.mark.parametrize("place", ["v1.0/mine.py", ".hidden/mine.py", "json.py", "time.py"])
def test_odd_places_and_names_of_files(place: str, tmp_path: Path) -> None:
    put(tmp_path / place, MINE.replace("IMPORT", "import json, time").replace("LATER", "V = json.loads('3')"))
    kind = plugins.load(plugins.SCORER, f"./{place}:Mine", tmp_path, li.DocumentScorer).value
    assert kind.score(None, None) == 3


def test_files_of_one_project_are_executed_once(tmp_path: Path) -> None:
    """So that classes and states of a shared helper are the same for all of them."""
    put(tmp_path / "helper.py", "V = object()\n")
    for name in ("a", "b", "sub/c"):
        put(tmp_path / f"{name}.py", MINE.replace("IMPORT", "pass").replace("LATER", "from helper import V"))
    found = [
        plugins.load(plugins.SCORER, f"./{name}.py:Mine", tmp_path, li.DocumentScorer).value.score(None, None)
        for name in ("a", "b", "sub/c", "a", "b")
    ]
    assert len(set(map(id, found))) == 1


def test_a_helper_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    put(tmp_path / "mine.py", MINE.replace("IMPORT", "from helper import V").replace("LATER", "pass"))
    put(tmp_path / "helper.py", "W = 1\n")
    with pytest.raises(li.LeafError, match="cannot import name 'V' from 'helper'"):
        plugins.load(plugins.SCORER, "./mine.py:Mine", tmp_path, li.DocumentScorer)
    put(tmp_path / "helper.py", "V = 1\n")
    assert plugins.load(plugins.SCORER, "./mine.py:Mine", tmp_path, li.DocumentScorer).value.score(None, None) == 1


def test_threads_that_load_at_once(tmp_path: Path) -> None:
    put(tmp_path / "helper.py", "V = 1\n")
    put(tmp_path / "mine.py", MINE.replace("IMPORT", "from helper import V").replace("LATER", "pass"))

    def load(number: int) -> Any:
        put(tmp_path / "other.py", f"# {number}")
        return plugins.load(plugins.SCORER, "./mine.py:Mine", tmp_path, li.DocumentScorer).value.score(None, None)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(load, range(40))) == [1] * 40


@pytest.mark.parametrize("file", ["mine.x.py", "mine", "m\0.py", "m" * 300 + ".py"])
def test_a_file_that_cannot_be_code(file: str, tmp_path: Path) -> None:
    if len(file) < 100 and "\0" not in file:
        put(tmp_path / file, "")
    with pytest.raises(li.LeafError) as refused:
        plugins.load(plugins.SCORER, f"./{file}:Mine", tmp_path, li.DocumentScorer)
    assert "\n" not in str(refused.value)


UNGUARDED = """
import leafinstruct as li
print("started")
li.build({pipeline!r}, {run!r}, stage="filter", workers=2)
"""


@pytest.mark.slow
def test_a_script_without_a_guard_is_told_so(tmp_path: Path) -> None:
    pipeline = make_project(tmp_path)
    script = put(tmp_path / "go.py", UNGUARDED.format(pipeline=str(pipeline), run=str(tmp_path / "run")))
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=100)
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 1 and "out of memory" not in done.stderr
    assert last.startswith("leafinstruct.errors.LeafError: ") and 'below `if __name__ == "__main__":`' in last
    assert done.stderr.count("Traceback") == 1, "the workers say nothing"
    body = textwrap.indent(UNGUARDED.format(pipeline=str(pipeline), run=str(tmp_path / "run")), "    ")
    put(script, f"if __name__ == '__main__':{body}")
    guarded = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=100)
    assert guarded.returncode == 0 and guarded.stdout == "started\n", guarded.stderr


@pytest.mark.parametrize("file", ["mine.py", "helper.py", "pipelines/made.yaml", "filters/mine.yaml"])
def test_a_worker_that_starts_after_an_edit_does_nothing(file: str, folder: Path) -> None:
    pipeline = make_project(folder, folder / "tree", filters=["text", "mine"])
    put(folder / "filters/mine.yaml", "scorer: ./mine.py:Mine\nsettings: {}\n")
    put(folder / "mine.py", SCORER)
    job = Context(Run(folder / "run"), li.load_pipeline(pipeline), run_tasks).job
    assert job.open()[0].digest() == job.digest
    text = (folder / file).read_text()
    edited = {"mine.yaml": "scorer: ./mine.py:Mine\nsettings: {depth: 2}\n", "made.yaml": f"about: x\n{text}"}
    put(folder / file, edited.get(Path(file).name, f"{text}# edited\n"))
    context._open.cache_clear()  # as in a new process
    with pytest.raises(li.LeafError, match="was changed since the build began; load the pipeline and build again"):
        job.open()


def test_a_pipeline_with_other_rules_is_built_with_them(tmp_path: Path) -> None:
    pipeline = make_project(tmp_path)
    run = li.build(pipeline, tmp_path / "run", stage="filter")
    stricter = li.with_rules(run.pipeline, {"text.too_short": "words < 100000"})
    again = li.build(stricter, tmp_path / "run", stage="filter")
    assert again.funnel().kept_documents == 0 < run.funnel().documents
    assert again.decisions().equals(run.decide(stricter))
