from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from made.shard import corpus, publish

from leafinstruct.errors import LeafError
from leafinstruct.shard.plan import ShardSettings
from leafinstruct.shard.publish.licenses import license_counts, refuse_licenses, refused_licenses

OPEN = ["CC0-1.0", "cc-by-4.0", "CC-BY-SA-2.5", "CC-BY-ND-4.0", "MIT", "Apache-2.0", "GPL-3.0-only", "BSD-3-Clause",
        "GFDL-1.3-or-later", "Unlicense", "OFL-1.1", "odc-by", "Public Domain"]  # fmt: skip
REFUSED = ["CC-BY-NC-4.0", "CC-BY-NC-SA-3.0", "cc-by-nc-nd-4.0", "Free for non-commercial use", "noncommercial",
           "unknown", "All rights reserved", "LicenseRef-mine", "GPL-3.1"]  # fmt: skip


def test_what_needs_to_be_allowed() -> None:
    assert refused_licenses(dict.fromkeys(OPEN, 1), []) == {}
    assert list(refused_licenses(dict.fromkeys(REFUSED, 1), [])) == REFUSED
    assert refused_licenses(dict.fromkeys(REFUSED, 1), [name.upper() for name in REFUSED]) == {}


def test_counts_are_listed_with_the_flags(tmp_path: Path) -> None:
    records, images = corpus(12, 4)
    stated = ["", "none", "CC-BY-NC-4.0", "All rights reserved"] + ["CC0-1.0"] * 8
    rows = {key: replace(one, license=name) for (key, one), name in zip(records.items(), stated, strict=True)}
    publish(tmp_path, rows, images, ShardSettings())
    assert license_counts(tmp_path) == {"CC0-1.0": 8, "unknown": 2, "All rights reserved": 1, "CC-BY-NC-4.0": 1}
    with pytest.raises(LeafError, match="2 records unknown, 1 record All rights reserved, 1 record CC-BY-NC") as caught:
        refuse_licenses(tmp_path, [])
    assert "--allow-license unknown --allow-license 'All rights reserved' --allow-license CC-BY-NC-4.0" in str(
        caught.value
    )
    with pytest.raises(LeafError, match="non-commercial: 1 record CC-BY-NC-4.0;"):
        refuse_licenses(tmp_path, ["unknown", "all rights reserved"])
    refuse_licenses(tmp_path, ["unknown", "all rights reserved", "cc-by-nc-4.0"])
