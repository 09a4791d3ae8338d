"""Old names of columns and rules: supported for one release, with a notice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from leafinstruct.rules.filter import Filter, Rule

RULES = {
    "clip.stranger": "clip.off_topic_image",
    "clip_demo.strange_gallery": "clip_demo.off_topic_gallery",
    "clip_demo.stranger": "clip_demo.off_topic_image",
    "clip_demo.stranger_photo": "clip_demo.off_topic_photo",
    "image.advert": "image.ad_banner_size",
    "image.too_long": "image.extreme_aspect_ratio",
    "judge.poor": "judge.low_quality",
    "lm.unlikely": "lm.low_likelihood",
    "lm_demo.unlikely": "lm_demo.low_likelihood",
    "obelics.again": "obelics.duplicate_image",
    "ratios.repeated_paragraphs": "ratios.duplicate_paragraph_ratio",
    "ratios.trailing_off": "ratios.ellipsis_line_ratio",
    "repeats.again": "repeats.duplicate_image",
    "repeats.again_encoded": "repeats.reencoded_duplicate_image",
    "seen.furniture": "seen.boilerplate_image",
    "shared_images.catalogue": "shared_images.catalog",
    "text.furniture": "text.boilerplate_phrases",
}
"""Current names of shipped rules by their names in the decisions of older runs."""


def current_rule(label: str) -> str:
    """The current name of a rule (`FILTER.RULE`) that dropped something in an older run."""
    prefix, colon, rule = label.rpartition(":")
    return f"{prefix}{colon}{RULES.get(rule, rule)}"


def with_current_columns(filters: Sequence[Filter]) -> tuple[tuple[Filter, ...], tuple[str, ...]]:
    """The filters with current column names in their rules, and a one-line notice for each old name."""
    renamed = {
        f"{owner.name}.{old}": f"{owner.name}.{now}"
        for owner in filters
        if owner.scorer
        for old, now in owner.scorer.renamed.items()
    }
    notices: list[str] = []
    return tuple(_current(owner, renamed, notices) for owner in filters), tuple(notices)


def _current(owner: Filter, renamed: dict[str, str], notices: list[str]) -> Filter:
    rules = tuple(_current_rule(owner, rule, renamed, notices) for rule in owner.rules)
    return owner if rules == owner.rules else replace(owner, rules=rules)


def _current_rule(owner: Filter, rule: Rule, renamed: dict[str, str], notices: list[str]) -> Rule:
    read = [name.column for name in rule.when.names if name.column] if rule.when else [rule.one_per]
    old = {name: renamed[owner.full_name(name)] for name in read if owner.full_name(name) in renamed}
    if not old:
        return rule
    new = {name: full if "." in name else full.partition(".")[2] for name, full in old.items()}
    for name, now in new.items():
        notices.append(f"{owner.path}: rules: {rule.name}: column '{name}' is now called '{now}'; rename it")
    if rule.when is None:
        return replace(rule, one_per=new[rule.one_per])
    return replace(rule, when=rule.when.renamed(new))
