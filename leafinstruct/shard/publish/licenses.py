"""Which licenses the records of shards have, and those that are published only if they are allowed by name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from leafinstruct.errors import LeafError
from leafinstruct.shard.card.hub_licenses import HUB_LICENSES

UNKNOWN = "unknown"
NONE_STATED = {"", "unknown", "none", "noassertion", "n/a", "null"}
NON_COMMERCIAL = re.compile(r"(?<![a-z])nc(?![a-z])|non-?\s?commercial", re.IGNORECASE)
KNOWN = re.compile(
    r"cc0-1\.0|cc-pdm-1\.0|cc-by(-sa|-nd)?-\d\.\d(-[a-z]{2,3})?|mit(-0)?|apache-\d\.\d|bsd-\d-clause|0bsd|unlicense|isc|"
    r"mpl-\d\.\d|[la]?gpl-([123]\.0|2\.1)(\+|-only|-or-later)?|gfdl-1\.[123](-invariants|-no-invariants)?(-only|-or-later)?|"
    r"pddl-1\.0|odbl-1\.0|odc-by-1\.0|public domain|wtfpl|zlib|psf-2\.0|python-2\.0|ogl-uk-\d\.\d|etalab-\d\.\d",
    re.IGNORECASE,
)
"""Names of licenses that permit redistribution, besides those in the Hub's list."""


def license_counts(shards: Path) -> dict[str, int]:
    """Records by license; `unknown` for those without one."""
    counts = Counter[str]()
    for file in sorted(shards.glob("*.parquet")):
        for row in pc.value_counts(pq.read_table(file, columns=["license"])["license"].combine_chunks()).to_pylist():
            stated = (row["values"] or "").strip()
            counts[UNKNOWN if stated.lower() in NONE_STATED else stated] += row["counts"]
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def refused_licenses(counts: Mapping[str, int], allowed: Iterable[str]) -> dict[str, int]:
    """Those of the counts that are unknown, not recognized or non-commercial, and not allowed by name."""
    names = {name.strip().lower() for name in allowed}
    return {name: count for name, count in counts.items() if name.lower() not in names and not _open(name)}


def refuse_licenses(shards: Path, allowed: Iterable[str]) -> None:
    """Raises LeafError if a record has a license that is unknown or non-commercial and not allowed by name."""
    if refused := refused_licenses(license_counts(shards), allowed):
        listed = ", ".join(f"{count} record{'s' * (count > 1)} {name[:60]}" for name, count in refused.items())
        flags = " ".join(f"--allow-license {_quoted(name)}" for name in refused)
        raise LeafError(
            f"{shards}: licenses that are unknown or non-commercial: {listed}; drop such documents with the filter "
            f"license, or allow them by name: {flags}"
        )


def _open(name: str) -> bool:
    if NON_COMMERCIAL.search(name):
        return False
    return bool(KNOWN.fullmatch(name)) or name.lower() in HUB_LICENSES - {UNKNOWN}


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[\w.+-]+", name) else "'" + name.replace("'", "'\\''") + "'"
