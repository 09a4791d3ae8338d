"""Old names of columns and rules: read for one release, and gone from everything shipped."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from made import core as made

import leafinstruct as li
from leafinstruct import plugins
from leafinstruct.errors import LeafError
from leafinstruct.pipeline import load_pipeline
from leafinstruct.rules.renamed import RULES, current_rule

ROOT = Path(__file__).parents[2]
SCORERS = {
    name: import_module(f"leafinstruct.score.{name}").Scorer for name in sorted(plugins.bundled_names(plugins.SCORER))
}
PROSE = (".py", ".md", ".yaml", ".html", ".js", ".css")
DISTINCTIVE = (
    *("furniture", "pairs_repeat", "ends_astray", "stops_open", "longest_tail"),
    *("trailing_off", "stranger", "passed_over"),
)
"""Retired words that mean nothing else, looked for in all code and prose; the others by where they stand."""


def test_old_columns_are_read_under_their_new_names_and_said(tmp_path: Path) -> None:
    old = made.rule("menu", "document", "furniture > 3 or text.longest_tail > 2 and text.language in ['furniture']")
    built = made.pipeline(tmp_path, {"text": {"scorer": "text", "rules": [old]}})
    (rule,) = built.filters[0].rules
    assert rule.when is not None
    assert rule.when.text == "boilerplate_rate > 3 or (text.trailing_images > 2 and text.language in ['furniture'])"
    assert [notice.partition("rules: ")[2] for notice in built.notices] == [
        "menu: column 'furniture' is now called 'boilerplate_rate'; rename it",
        "menu: column 'text.longest_tail' is now called 'text.trailing_images'; rename it",
    ]


RENAMED = [(name, old, new) for name, kind in SCORERS.items() for old, new in kind.renamed.items()]


@pytest.mark.parametrize(("name", "old", "new"), RENAMED)
def test_every_old_column_is_read_and_its_new_name_said(tmp_path: Path, name: str, old: str, new: str) -> None:
    column = next(column for column in SCORERS[name].columns if column.name == new)
    when = old if column.type == "bool" else f"{old} > 0.5"
    path = made.project(
        tmp_path,
        {"own": {"scorer": name, "rules": [made.rule("r", column.grain, when)]}},
        models={"clip": {"model": "none"}, "llm": {"model": "none"}},
    )
    built = load_pipeline(path, resolve_models=False)
    (rule,) = built.filters[0].rules
    assert rule.when and [read.column for read in rule.when.names] == [new]
    assert [notice.partition("rules: ")[2] for notice in built.notices] == [
        f"r: column '{old}' is now called '{new}'; rename it"
    ]


def test_scripts_are_warned_of_old_columns(tmp_path: Path) -> None:
    old = made.rule("flat", "document", "mean(flat) > 0.5")
    path = made.project(tmp_path, {"image": {"scorer": "image", "rules": [old]}})
    (tmp_path / "page").mkdir()
    (tmp_path / "page/index.md").write_text("# A page")
    with pytest.warns(DeprecationWarning, match="column 'flat' is now called 'uniform_area_ratio'") as told:
        run = li.build(path, tmp_path / "run", stage="harvest", quiet=True)
    assert [one.filename for one in told] == [__file__]
    with pytest.warns(DeprecationWarning, match="column 'flat'"):
        li.open_run(run.run.path, path)


@pytest.mark.parametrize("old", RULES)
def test_every_old_rule_leads_to_a_shipped_one_and_scripts_are_warned(tmp_path: Path, old: str) -> None:
    owner, _, rule = RULES[old].partition(".")
    raw = yaml.safe_load((ROOT / "filters" / f"{owner}.yaml").read_text(encoding="utf-8"))
    assert rule in [entry["name"] for entry in raw["rules"]]
    text = made.pipeline(tmp_path, {"mine": [made.rule("r", "document", "words > 3")]})
    with (
        pytest.warns(DeprecationWarning, match=f"rule '{old}' is now called '{RULES[old]}'"),
        pytest.raises(LeafError, match=f"no rule '{RULES[old]}'"),
    ):
        li.with_rules(text, {old: "words > 3"})


def test_new_names_give_no_notice(tmp_path: Path) -> None:
    built = made.pipeline(tmp_path, {"text": {"scorer": "text", "rules": [made.rule("m", "document", "words > 3")]}})
    (rule,) = built.filters[0].rules
    assert built.notices == () and rule.when and rule.when.text == "words > 3"


def test_columns_in_functions_are_read_too(tmp_path: Path) -> None:
    old = made.rule("flat", "document", "mean(flat) > 0.5")
    built = made.pipeline(tmp_path, {"image": {"scorer": "image", "rules": [old]}})
    (rule,) = built.filters[0].rules
    assert rule.when and rule.when.text == "mean(uniform_area_ratio) > 0.5"


def test_decisions_of_older_runs_have_todays_names() -> None:
    assert current_rule("text.furniture") == "text.boilerplate_phrases"
    assert current_rule("score_missing:clip.stranger") == "score_missing:clip.off_topic_image"
    assert current_rule("text.words") == "text.words" and current_rule("") == ""


@pytest.mark.parametrize("name", sorted(SCORERS))
def test_no_scorer_declares_a_retired_name(name: str) -> None:
    kind = SCORERS[name]
    declared = {column.name for column in kind.columns}
    assert set(kind.renamed.values()) <= declared
    assert declared.isdisjoint(kind.renamed)


@pytest.mark.parametrize("file", sorted((ROOT / "filters").glob("*.yaml")), ids=lambda file: file.stem)
def test_no_shipped_filter_uses_a_retired_name(file: Path) -> None:
    raw = yaml.safe_load(file.read_text(encoding="utf-8"))
    own = SCORERS[raw["scorer"]].renamed if raw.get("scorer") else {}
    retired = {rule.partition(".")[2] for rule in RULES}
    full = {f"{name}.{old}" for name, kind in SCORERS.items() for old in kind.renamed} | {f"clip_demo.{o}" for o in own}
    for rule in raw["rules"]:
        assert rule["name"] not in (retired - {"too_long"})
        read = re.findall(r"[A-Za-z_][\w.]*", str(rule.get("when", "")) + " " + str(rule.get("one_per", "")))
        assert not set(read) & (set(own) | full), rule["name"]
    assert raw.get("scorer") != "image" or "too_long" not in [rule["name"] for rule in raw["rules"]]


def test_shipped_pipelines_load_without_a_notice() -> None:
    for path in sorted((ROOT / "pipelines").glob("*.yaml")):
        assert load_pipeline(path, resolve_models=False).notices == ()


def prose() -> list[Path]:
    kept = {"renamed.py", "test_renamed.py", "CHANGELOG.md"}
    folders = ("leafinstruct", "filters", "pipelines", "docs", "benchmarks", "tests")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in PROSE]
    found += [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "data_card.md", "pyproject.toml", "Makefile")]
    sample = ROOT / "leafinstruct" / "demo" / "texts"
    return [
        path for path in found if path.name not in kept and sample not in path.parents and "requests" not in path.stem
    ]


def test_distinctive_retired_words_are_gone() -> None:
    pattern = re.compile(rf"(?<![a-z])(?:{'|'.join(DISTINCTIVE)})s?(?![a-z])", re.IGNORECASE)
    old = re.compile(r'^\s+"\w+": "\w+",$')  # a scorer's own table of what was renamed
    found = {
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:90]}"
        for path in prose()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line) and not old.match(line)
    }
    assert found == set()
