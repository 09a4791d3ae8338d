"""Settings that are wrong: each is one line that names file and key, before any source is opened: there is none."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from made.tree import leafinstruct, make_project

from leafinstruct.errors import LeafError
from leafinstruct.pipeline import load_pipeline
from leafinstruct.settings import read_yaml

NAN = float("nan")
PIPELINE: list[tuple[dict[str, Any], str]] = [
    # top level
    ({"sorces": []}, "unknown key 'sorces'"),
    ({"filters": []}, "filters: the list is empty"),
    ({"filters": "text"}, "filters: expected a list"),
    ({"filters": None}, "key 'filters' is missing"),
    ({"filters": ["txt"]}, "did you mean 'text'"),
    ({"filters": ["text", "text"]}, "'text' is listed twice"),
    ({"sources": []}, "sources: the list is empty"),
    ({"sources": {"name": "a"}}, "sources: expected a list"),
    ({"sources": ["tree"]}, "each source needs 'name' and 'kind'"),
    # models
    ({"models": []}, "models: expected keys and values"),
    ({"models": {"clp": {"model": "a/b"}}}, "unknown key 'clp'"),
    ({"models": {"clip": {"batch_size": 8}}}, "needs 'model'"),
    ({"models": {"clip": {"model": 3}}}, "needs 'model'"),
    (
        {"models": {"clip": {"model": "a/b", "batch_sze": 512}}},
        "unknown setting 'batch_sze' (did you mean 'batch_size'",
    ),
    ({"models": {"clip": {"model": "a/b", "batch_size": 0}}}, "'batch_size' is 0; it takes a whole number, 1 or more"),
    ({"models": {"clip": {"model": "a/b", "batch_size": "8"}}}, "'batch_size' is '8'"),
    ({"models": {"clip": {"model": "a/b", "device": "gpu"}}}, "'device' is 'gpu'; it takes auto or cpu or cuda"),
    ({"models": {"llm": {"model": "a/b", "backend": "vlm"}}}, "did you mean 'vllm'"),
    (
        {"models": {"llm": {"model": "a/b", "backend": "openai", "timeout": 0}}},
        "'timeout' is 0; it takes a number, above",
    ),
    ({"models": {"llm": {"model": "a/b", "backend": "openai", "timeout": NAN}}}, "'timeout' is nan"),
    ({"models": {"llm": {"model": "a/b", "backend": "openai", "languages": "English"}}}, "languages: 'English'"),
    # rewrite
    ({"rewrite": []}, "rewrite: expected keys and values"),
    ({"rewrite": {"writer": "templat"}}, "'writer' is 'templat'; it takes llm or template (did you mean 'template'"),
    ({"rewrite": {"leak_margin": "high"}}, "'leak_margin' is 'high'; it takes a number"),
    ({"rewrite": {"leak_margin": NAN}}, "'leak_margin' is nan; it takes a finite number"),
    ({"rewrite": {"tasks": ["howto"]}}, "'tasks' is ['howto']; it takes keys and values"),
    ({"rewrite": {"tasks": {"howtoo": 1}}}, "did you mean 'howto'"),
    ({"rewrite": {"tasks": {"howto": -1}}}, "tasks"),
    ({"rewrite": {"tasks": {"howto": "often"}}}, "tasks"),
    ({"rewrite": {"prompt": 3}}, "'prompt' is 3; it takes a text"),
    ({"rewrite": {"writer": "llm", "prompt": "prompts/none.md"}}, "prompt: "),
    ({"rewrite": {"max_tokens": 0}}, "'max_tokens' is 0; it takes a whole number, 1 or more"),
    ({"rewrite": {"max_tokens": 1.5}}, "'max_tokens' is 1.5; it takes a whole number"),
    ({"rewrite": {"min_words": 9, "max_words": 3}}, "max_words: 3"),
    ({"rewrite": {"temperature": -1}}, "'temperature' is -1"),
    ({"rewrite": {"topic": "yes"}}, "'topic' is 'yes'; it takes true or false"),
    # shard
    ({"shard": 3}, "shard: expected keys and values"),
    ({"shard": {"validaton": 0.1}}, "did you mean 'validation'"),
    ({"shard": {"validation": 1.5}}, "'validation' is 1.5; it takes a number, below 1"),
    ({"shard": {"validation": 0.6, "test": 0.6}}, "must be below 1"),
    ({"shard": {"validation": NAN}}, "'validation' is nan"),
    ({"shard": {"caps": 3}}, "'caps' is 3; it takes keys and values"),
    ({"shard": {"caps": {"sites": 0.1}}}, "did you mean 'site'"),
    ({"shard": {"caps": {"site": "few"}}}, "caps"),
    ({"shard": {"caps": {"site": 0}}}, "caps: site is 0"),
    ({"shard": {"max_shard_bytes": "300 MB"}}, "'max_shard_bytes' is '300 MB'"),
    ({"shard": {"seed": 7}}, "'seed' is 7; it takes a text"),
    # train and ray
    ({"train": {"stepps": 3}}, "did you mean 'steps'"),
    ({"train": {"steps": 0}}, "'steps' is 0; it takes a whole number, 1 or more"),
    ({"train": {"precision": "bf16"}}, "'precision' is 'bf16'; it takes float32 or bfloat16"),
    ({"train": {"learning_rate": float("inf")}}, "'learning_rate' is inf"),
    ({"train": {"target_modules": "q_proj"}}, "'target_modules' is 'q_proj'; it takes a list"),
    ({"ray": {"actor": 2}}, "did you mean 'actors'"),
    ({"ray": {"actors": 0}}, "'actors' is 0; it takes a whole number, 1 or more"),
]
SOURCE: list[tuple[dict[str, Any], str]] = [
    ({"kind": "tutorail"}, "did you mean 'tutorial'"),
    ({"partition": 0}, "'partition' is 0; it takes a whole number, 1 or more"),
    ({"partition": "many"}, "'partition' is 'many'; it takes a whole number"),
    ({"licence": "MIT"}, "unknown setting 'licence' (did you mean 'license'"),
    ({"path": 3}, "'path.0' is 3"),
    ({"kind": "html", "fetch": {"perhost": 1}}, "did you mean 'per_host'"),
    ({"kind": "html", "fetch": {"timeout": NAN}}, "'fetch.timeout' is nan"),
    ({"kind": "mmc4", "side": "left"}, "'side' is 'left'; it takes before or after"),
]
FILTER: list[tuple[dict[str, Any], str]] = [
    ({"scorer": "text", "ruels": []}, "unknown setting 'ruels' (did you mean 'rules'"),
    ({"scorer": 3}, "'scorer' is 3; it takes a text"),
    ({"scorer": "text", "settings": {"sample_char": 3}}, "did you mean 'sample_chars'"),
    ({"scorer": "text", "settings": {"sample_chars": -1}}, "'sample_chars' is -1; it takes a whole number, 1 or more"),
    ({"scorer": "duplicates", "settings": {"similarity": NAN}}, "'settings.similarity' is nan"),
    ({"scorer": "text", "rules": [{"name": "a", "drop": "documnt", "when": "words < 3"}]}, "did you mean 'document'"),
    ({"scorer": "text", "rules": [{"name": "a", "drop": "document"}]}, "needs either 'when' or 'one_per'"),
    ({"scorer": "text", "rules": [{"name": "a", "drop": "document", "when": []}]}, "'when' is []"),
]


def refused(path: Path, said: str, file: str) -> None:
    done = leafinstruct("build", str(path), "--stage", "harvest", "--run", str(path.parent / "run"), cwd=path.parent)
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert (done.returncode, len(lines)) == (2, 1), done.stderr[-1500:]
    assert file in lines[0] and said in lines[0], lines[0]
    assert not (path.parent / "run" / "documents").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("keys", "said"), PIPELINE, ids=lambda value: str(value)[:60])
def test_a_pipeline_is_refused_in_one_line(tmp_path: Path, keys: dict[str, Any], said: str) -> None:
    refused(make_project(tmp_path, tmp_path / "no tree", **keys), said, "made.yaml")


@pytest.mark.slow
@pytest.mark.parametrize(("keys", "said"), SOURCE, ids=lambda value: str(value)[:60])
def test_a_source_is_refused_in_one_line(tmp_path: Path, keys: dict[str, Any], said: str) -> None:
    source = {"name": "made", "kind": "tutorial", "path": "tree/*", **keys}
    refused(make_project(tmp_path, tmp_path / "no tree", sources=[source]), said, "made.yaml")


@pytest.mark.slow
@pytest.mark.parametrize(("content", "said"), FILTER, ids=lambda value: str(value)[:60])
def test_a_filter_is_refused_in_one_line(tmp_path: Path, content: dict[str, Any], said: str) -> None:
    path = make_project(tmp_path, tmp_path / "no tree", filters=["odd"])
    folder = tmp_path / "filters"
    folder.mkdir(exist_ok=True)
    (folder / "odd.yaml").write_text(yaml.safe_dump(content))
    refused(path, said, "odd.yaml")


YAML: list[tuple[str, str]] = [
    ("", "expected keys and values at the top, found NoneType"),
    ("- a\n- b\n", "expected keys and values at the top, found list"),
    ("name: a\nname: b\n", "line 2: not valid YAML: the key 'name' is there twice"),
    ("shard: {test: 0.1, test: 0.2}\n", "line 1: not valid YAML: the key 'test' is there twice"),
    ("shard:\n  no: 0.1\n", "line 2: not valid YAML: the key 'no' is read as False; put it in quotes"),
    ("3: x\n", "the key '3' is read as 3; put it in quotes"),
    (f"about: {'9' * 5000}\n", "not valid YAML: Exceeds the limit"),
    ("shard: &s {test: *s}\n", "nested more than 30 deep"),
    (f"about: {'[' * 3000}{']' * 3000}\n", "not valid YAML: "),
    ("about: a\x07b\n", "not valid YAML: "),
    (f"name: 0x{'f' * 4000}\n", "a whole number is larger than any setting takes"),
    ("about: [!!bool maybe]\n", "not valid YAML: "),
    ("about: !!map [a]\n", "not valid YAML: "),
    (
        "about:\n  a0: &a0 [x, x]\n" + "".join(f"  a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 27)),
        "it has more than 100000 values",
    ),
    ("about: [a\n", "not valid YAML: "),
    ("\tname: a\n", "not valid YAML: "),
    ("about: !!python/object:os.system x\n", "not valid YAML: could not determine a constructor"),
    ("name: ../../x\n", "name: '../../x' is part of a folder's name"),
    ("name: yes\n", "name: True is part of a folder's name"),
    ("name: [a]\n", "name: ['a'] is part of a folder's name"),
    (f"name: {'x' * 300}\n", "is part of a folder's name"),
    (f"filters: [{'x' * 300}]\n", "not the name of a file"),
]


@pytest.mark.parametrize(("text", "said"), YAML, ids=[repr(text)[:40] for text, _ in YAML])
def test_a_file_that_is_no_pipeline(tmp_path: Path, text: str, said: str) -> None:
    path = make_project(tmp_path, tmp_path / "no tree")
    own = text.partition(":")[0]
    rest = {key: value for key, value in yaml.safe_load(path.read_text()).items() if key != own}
    path.write_text(text if said.startswith("expected keys") else text + yaml.safe_dump(rest))
    with pytest.raises(LeafError) as refused_with:
        load_pipeline(path)
    assert said in str(refused_with.value) and "\n" not in str(refused_with.value), refused_with.value
    assert "made.yaml" in str(refused_with.value)


def test_a_date_is_a_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a library has changed how PyYAML reads dates for the whole process."""
    path = tmp_path / "dates.yaml"
    path.write_text("a: 2020-11-29\nb: 2020-13-45\nc: 2020-11-29 10:00:00\n")
    wanted = {"a": "2020-11-29", "b": "2020-13-45", "c": "2020-11-29 10:00:00"}
    assert read_yaml(path) == wanted
    known = yaml.SafeLoader.yaml_implicit_resolvers
    monkeypatch.setitem(known, "2", [("tag:yaml.org,2002:null", re.compile("2020.*"))])
    assert read_yaml(path) == wanted


def test_a_rule_is_not_lost_to_a_second_one(tmp_path: Path) -> None:
    path = make_project(tmp_path, tmp_path / "no tree", filters=["odd"])
    (tmp_path / "filters").mkdir()
    rules = "rules: [{name: a, drop: document, when: words < 3}]\n"
    (tmp_path / "filters/odd.yaml").write_text(f"scorer: text\n{rules}{rules}")
    with pytest.raises(LeafError, match="odd.yaml, line 3: not valid YAML: the key 'rules' is there twice"):
        load_pipeline(path)
