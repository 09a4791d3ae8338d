"""What the rules of verification catch of violations planted for each of them, and what they hit among look-alikes.

    python benchmarks/quality/verify_rules.py [--seed N] [--each N] [--blind SET]

Prints JSON: for each rule `violations`, `detected` (by this rule), `stopped` (by any rule), `lookalikes`, `hit` (by
this rule), `refused` (by any), and the texts it `missed` or hit by mistake (`wrong`). Planted are the texts of
`planted_requests.yaml` or, with --blind, of the set 1 or 2 that was written without knowing the patterns.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from typing import Any

import blind_cases
from planter import Planter
from sample_cases import case_of

from leafinstruct.rewrite.verify import RULES, verify


def table(seed: int = 0, each: int = 20) -> dict[str, dict[str, Any]]:
    """For each rule the counts named in the module's docstring."""
    planter = Planter(seed)
    found = {}
    for rule in RULES:
        cases = [(kind, case_of(p)) for kind in (True, False) for p in planter.make(rule, not kind, each)]
        found[rule] = counts((kind, bool(RULES[rule](c)), verify(c) is not None, c.instruction) for kind, c in cases)
    beyond = planter.deletions(each) | {"not_unique": planter.repeated(each)}
    return found | {rule: counts((bad, hit, hit, "") for bad, hit in rows) for rule, rows in beyond.items()}


def blind_table(number: int = 1) -> dict[str, dict[str, Any]]:
    """The same for the texts written without knowing the patterns."""
    return {rule: counts(blind_cases.outcomes(rule, number)) for rule in blind_cases.rules(number)}


def counts(rows: Iterable[tuple[bool, bool, bool, str]]) -> dict[str, Any]:
    """Of rows (violation, hit by the rule, refused by any, text)."""
    rows = list(rows)
    bad, good = [r[1:] for r in rows if r[0]], [r[1:] for r in rows if not r[0]]
    return {
        "violations": len(bad),
        "detected": sum(hit for hit, _, _ in bad),
        "stopped": sum(refused for _, refused, _ in bad),
        "lookalikes": len(good),
        "hit": sum(hit for hit, _, _ in good),
        "refused": sum(refused for _, refused, _ in good),
        "missed": [text for hit, _, text in bad if not hit],
        "wrong": [text for hit, _, text in good if hit],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--each", type=int, default=20)
    parser.add_argument("--blind", type=int, choices=list(blind_cases.FILES))
    arguments = parser.parse_args()
    found = blind_table(arguments.blind) if arguments.blind else table(arguments.seed, arguments.each)
    print(json.dumps(found, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
