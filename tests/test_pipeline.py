from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from made import core as made

from leafinstruct.bundled import find_file, package_folders
from leafinstruct.errors import LeafError
from leafinstruct.filter.representatives import one_per_columns
from leafinstruct.pipeline import default_pipeline, load_pipeline
from leafinstruct.score.base import ImageScorer

SHIPPED = next(place for place in package_folders() if (place / "filters").is_dir())
WORDS = [made.rule("short", "document", "words < 3")]


def error(folder: Path, filters: dict[str, Any], /, **keys: Any) -> str:
    with pytest.raises(LeafError) as caught:
        made.pipeline(folder, filters, **keys)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_pipeline_is_read_as_written(tmp_path: Path) -> None:
    built = made.pipeline(tmp_path, {"one": [*WORDS, made.rule("small", "image", "size < 5", missing="keep")]})
    assert (built.name, built.root) == ("made", tmp_path)
    assert [(s.name, s.kind, dict(s.settings)) for s in built.sources] == [("made", "tutorial", {"path": "*"})]
    short, small = made.named(built, "one").rules
    assert (short.drop, short.missing, short.origin) == ("document", "drop", "own")
    assert (small.drop, small.missing) == ("image", "keep")
    assert built.columns()["one.size"].grain == "image"


def test_user_scorer_comes_from_a_file_of_the_project(tmp_path: Path) -> None:
    scorer = made.named(made.pipeline(tmp_path, {"one": WORDS}), "one").scorer
    assert scorer is not None
    assert type(scorer).__name__ == "Made"
    assert scorer.identity()["scorer"] == "scorers.Made" and scorer.identity()["code"] == scorer.code != ""


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ([{**WORDS[0], "wen": "words < 3"}], ["rules: short: unknown setting 'wen'", "did you mean 'when'?"]),
        ([{"drop": "image", "when": "size < 1"}], ["rules: ?: setting 'name' is missing"]),
        ([made.rule("a", "picture", "size < 1")], ["rules: a: setting 'drop' is 'picture'", "image or document"]),
        ([made.rule("a", "image", "size < 1", missing="no")], ["rules: a: setting 'missing' is 'no'", "drop or keep"]),
        ([made.rule("a", "image")], ["rules: a: needs either 'when' or 'one_per'"]),
        ([made.rule("a", "document", "words < 1", one_per="group")], ["rules: a: needs either 'when' or 'one_per'"]),
        ([made.rule("a", "image", one_per="group")], ["rules: a: one_per", "drop: document"]),
        ([made.rule("a", "document", one_per="words")], ["rules: a: one_per needs a column that names a group"]),
        ([made.rule("a", "document", "wrods < 1")], ["rules: a: unknown column 'wrods'", "did you mean 'words'?"]),
        ([made.rule("a", "document", "one.wrds < 1")], ["unknown column 'one.wrds'", "did you mean"]),
        ([made.rule("a", "document", "document.licence == 'x'")], ["did you mean 'document.license'?"]),
        ([made.rule("a", "document", "size < 1")], ["rules: a: 'size' is about images", "mean(size)"]),
        ([made.rule("a", "image", "mean(size) < 1")], ["rules: a: 'mean(size)' needs an image column"]),
        ([made.rule("a", "image", "count() < 1 and dropped(size) < 1")], ["rules: a: 'dropped(size)' needs"]),
        ([made.rule("a", "document", "mean(words) < 1")], ["rules: a: 'mean(words)' needs an image column"]),
        ([made.rule("a", "document", "median(size) < 1")], ["rules: a: unknown function 'median'", "known: count"]),
        ([made.rule("a", "document", "words[0]")], ["rules: a: 'words[0]' is not allowed"]),
        ([made.rule("a", "document", "tone > 3")], ["rules: a: 'tone > 3'", "text"]),
        ([made.rule("a", "document", "words + 1")], ["rules: a: 'words + 1' is neither true nor false"]),
        ([made.rule("a", "image", "size < 1"), made.rule("a", "image", "size < 2")], ["rules: 'a' is listed twice"]),
        (["short"], ["setting 'rules.0' is 'short'; it takes keys and values", "'short'"]),
    ],
)
def test_errors_in_rules_name_file_and_rule(tmp_path: Path, rules: list[Any], words: list[str]) -> None:
    message = error(tmp_path, {"one": rules})
    assert message.startswith(str(tmp_path / "filters" / "one.yaml"))
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"scorer": "imgae"}, ["unknown scorer 'imgae'", "did you mean 'image'?"]),
        ({"scorer": "base"}, ["unknown scorer 'base'"]),
        ({"scorer": "text", "settings": {"sample_char": 3}}, ["'sample_char'", "did you mean 'sample_chars'?"]),
        (
            {"scorer": "text", "settings": {"sample_chars": "many"}},
            ["'sample_chars' is 'many'", "it takes a whole number"],
        ),
        ({"scorer": "text", "settings": {"sample_chars": True}}, ["'sample_chars' is True"]),
        ({"scorer": "text", "settings": [3]}, ["setting 'settings' is [3]; it takes keys and values"]),
        ({"scorer": "image", "ruels": []}, ["unknown setting 'ruels'", "did you mean 'rules'?"]),
        ({"scorer": "image", "rules": 3}, ["setting 'rules' is 3; it takes a list"]),
        ({"scorer": "./gone.py:Made"}, ["'./gone.py:Made'", "gone.py is not there"]),
        ({"scorer": "./scorers.py:Mode"}, ["scorers.py has no scorer Mode", "did you mean 'Made'?"]),
        ({"scorer": "./scorers.py:Column"}, ["scorers.py has no scorer Column"]),
        ({"scorer": "./broken.py:Made"}, ["broken.py does not load: SyntaxError"]),
    ],
)
def test_errors_in_filters_name_file_and_key(tmp_path: Path, content: dict[str, Any], words: list[str]) -> None:
    (tmp_path / "broken.py").write_text("def (")
    message = error(tmp_path, {"one": content})
    assert message.startswith(str(tmp_path / "filters" / "one.yaml"))
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"sorces": []}, ["unknown key 'sorces'", "did you mean 'sources'?"]),
        ({"sources": []}, ["sources: the list is empty"]),
        ({"sources": "tutorials"}, ["sources: expected a list, found str"]),
        ({"sources": [{"name": "a"}]}, ["sources: each source needs 'name' and 'kind'"]),
        ({"sources": [{"name": "a/b", "kind": "warc"}]}, ["sources: name 'a/b' becomes part of file names"]),
        ({"sources": [{"name": "a", "kind": "warc"}] * 2}, ["sources: 'a' is listed twice"]),
        ({"filters": ["one", "one"]}, ["filters: 'one' is listed twice"]),
        ({"filters": ["oen"]}, ["filters: filters/oen.yaml is not there", "did you mean 'one'?"]),
        ({"filters": ["imgae"]}, ["did you mean 'image'?"]),
        ({"shard": [1]}, ["shard: expected keys and values, found list"]),
        ({"models": {"clp": {"model": "x"}}}, ["models: unknown key 'clp'", "did you mean 'clip'?"]),
        ({"models": {"clip": {}}}, ["models: clip: needs 'model'"]),
        ({"models": 3}, ["models: expected keys and values, found 3"]),
        ({"filters": ["clip"]}, ["filter 'clip' needs a model; add models: clip:"]),
    ],
)
def test_errors_in_the_pipeline_name_file_and_key(tmp_path: Path, keys: dict[str, Any], words: list[str]) -> None:
    message = error(tmp_path, {"one": WORDS}, **keys)
    assert message.startswith(str(tmp_path / "pipelines" / "made.yaml"))
    for word in words:
        assert word in message


def test_a_rule_reads_no_later_filter(tmp_path: Path) -> None:
    early = [made.rule("a", "document", "two.words < 3")]
    message = error(tmp_path, {"one": early, "two": WORDS})
    assert "one.yaml: rules: a: column 'two.words' comes from a later filter" in message
    assert made.pipeline(tmp_path / "other", {"two": WORDS, "one": early})


def test_several_rules_choose_among_documents(tmp_path: Path) -> None:
    rules = [made.rule("alone", "document", one_per="group"), made.rule("other", "document", one_per="tone")]
    assert one_per_columns(made.pipeline(tmp_path, {"one": rules})) == ["one.group", "one.tone"]


def test_a_model_that_is_missing_is_named_before_anything_starts(tmp_path: Path) -> None:
    path = made.project(tmp_path, {"one": WORDS}, models={"clip": {"model": str(tmp_path / "gone")}})
    with pytest.raises(LeafError, match="gone"):
        load_pipeline(path)
    assert load_pipeline(path, resolve_models=False).models["clip"].name == str(tmp_path / "gone")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("sources: [\nfilters: {", "line 2"),
        ("name: a\n\tfilters: b", "line 2"),
        ("- a\n- b", "expected keys and values at the top, found list"),
        ("", "expected keys and values at the top"),
        ("name: \xff".encode("latin-1"), "not UTF-8"),
    ],
)
def test_yaml_that_is_none_names_the_line(tmp_path: Path, content: str | bytes, words: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(LeafError) as caught:
        load_pipeline(path)
    assert str(path) in str(caught.value)
    assert words in str(caught.value)


def test_a_pipeline_that_is_not_there_gets_a_hint(tmp_path: Path) -> None:
    path = made.project(tmp_path, {"one": WORDS})
    with pytest.raises(LeafError, match=r"maed\.yaml is not there \(did you mean 'made'\?\)"):
        load_pipeline(path.with_name("maed.yaml"))


def test_default_pipeline_is_demo_or_the_only_one(tmp_path: Path) -> None:
    with pytest.raises(LeafError, match="leafinstruct init"):
        default_pipeline(tmp_path)
    only = made.project(tmp_path, {"one": WORDS})
    assert default_pipeline(tmp_path) == only
    only.with_name("other.yaml").write_text("")
    with pytest.raises(LeafError, match="holds 2 pipelines"):
        default_pipeline(tmp_path)
    only.with_name("demo.yaml").write_text("")
    assert default_pipeline(tmp_path) == only.with_name("demo.yaml")


def test_a_projects_own_filter_goes_before_the_shipped_one(tmp_path: Path) -> None:
    assert find_file(tmp_path, "filters", "image.yaml") == SHIPPED / "filters" / "image.yaml"
    made.project(tmp_path, {"image": WORDS})
    assert find_file(tmp_path, "filters", "image.yaml") == tmp_path / "filters" / "image.yaml"


def test_settings_change_where_scores_lie_and_rules_do_not(tmp_path: Path) -> None:
    def folder(name: str, content: dict[str, Any]) -> str:
        return made.named(made.pipeline(tmp_path / name, {"one": content}), "one").folder

    plain = folder("a", {"scorer": "text"})
    assert plain == folder("b", {"scorer": "text", "rules": WORDS, "settings": {"sample_chars": 2000}})
    assert plain != folder("c", {"scorer": "text", "settings": {"sample_chars": 2001}})


SHIPPED_FILTERS = sorted(p.stem for p in (SHIPPED / "filters").glob("*.yaml"))
MODELS = {"clip": {"model": "demo:clip-lite0"}, "llm": {"model": "demo:smollm2-135m"}}


@pytest.mark.parametrize("name", SHIPPED_FILTERS)
def test_shipped_filter_loads_and_says_where_its_thresholds_come_from(name: str, tmp_path: Path) -> None:
    others = ("image", "seen", "repeats", "text", "ratios", "blocklist", "pointers", "duplicates")
    before = [other for other in others if other != name]
    built = made.pipeline(tmp_path, {}, filters=[*before, name], models=MODELS)
    shipped = made.named(built, name)
    assert shipped.path == SHIPPED / "filters" / f"{name}.yaml"
    assert shipped.about
    assert shipped.rules
    assert not [rule.name for rule in shipped.rules if not rule.origin]


@pytest.mark.parametrize("path", sorted((SHIPPED / "pipelines").glob("*.yaml")), ids=lambda p: p.stem)
def test_shipped_pipeline_loads(path: Path) -> None:
    built = load_pipeline(path, resolve_models=False)
    assert built.columns()
    order = [isinstance(f.scorer, ImageScorer) for f in built.filters if f.scorer]
    models = [bool(f.scorer.model) for f in built.filters if f.scorer]
    assert order[0], "images are judged first, so that document rules look at what is left"
    assert models == sorted(models), "what asks a model comes after what is cheap"


def test_shipped_filters_read_as_yaml_strings() -> None:
    for name in SHIPPED_FILTERS:
        for entry in yaml.safe_load((SHIPPED / "filters" / f"{name}.yaml").read_text())["rules"]:
            assert isinstance(entry["name"], str), f"{name}: {entry['name']!r} is read as something else"
