"""The card of a run, written again if its content has changed: shards, the audit, trainings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leafinstruct import layout
from leafinstruct.pipeline import Pipeline
from leafinstruct.run import Run, fingerprint
from leafinstruct.shard.card.model import CardFacts
from leafinstruct.shard.card.render import render_card
from leafinstruct.shard.card.statistics import card_facts

VERSION = 5
"""Increase it whenever the same facts would make another card."""


def write_card(run: Run, pipeline: Pipeline, manifest: Mapping[str, Any]) -> CardFacts:
    """Count, and commit `shards/data_card.md`; returns its content."""
    facts = card_facts(run, pipeline, manifest)
    run.commit_text(layout.shard(layout.CARD), f"{render_card(facts)}\n{_mark(run, pipeline, manifest)}\n")
    return facts


def refresh_card(run: Run, pipeline: Pipeline, manifest: Mapping[str, Any]) -> None:
    """Write the card again if it was made from something else."""
    card = layout.shard(layout.CARD)
    there = run.read(card).decode("utf-8") if run.exists(card) else ""
    if not there.endswith(f"{_mark(run, pipeline, manifest)}\n"):
        write_card(run, pipeline, manifest)


def _mark(run: Run, pipeline: Pipeline, manifest: Mapping[str, Any]) -> str:
    """A comment with the fingerprint of everything the card was made from; the Hub does not show it."""
    origins = [[rule.origin for rule in owner.rules] for owner in pipeline.filters]
    made_from = fingerprint(
        VERSION, manifest, origins, [run.json(name) for name in (layout.AUDIT, layout.PROOF_REPORT)]
    )
    return f"<!-- made from {made_from} -->"
