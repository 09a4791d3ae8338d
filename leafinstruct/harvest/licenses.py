"""Which license a text names: SPDX identifiers for the common open ones, "" for what is not recognized."""

from __future__ import annotations

import re

MARKS: tuple[tuple[str, str], ...] = (
    (r"creative commons (?:legal code\s+)?cc0|cc0 1\.0 universal|publicdomain/zero/1\.0", "CC0-1.0"),
    (r"attribution-noncommercial-sharealike (\d\.\d)|licenses/by-nc-sa/(\d\.\d)", "CC-BY-NC-SA-{}"),
    (r"attribution-noncommercial-noderiv\w* (\d\.\d)|licenses/by-nc-nd/(\d\.\d)", "CC-BY-NC-ND-{}"),
    (r"attribution-noncommercial (\d\.\d)|licenses/by-nc/(\d\.\d)", "CC-BY-NC-{}"),
    (r"attribution-noderiv\w* (\d\.\d)|licenses/by-nd/(\d\.\d)", "CC-BY-ND-{}"),
    (r"attribution-sharealike (\d\.\d)|licenses/by-sa/(\d\.\d)", "CC-BY-SA-{}"),
    (r"attribution (\d\.\d) (?:international|unported|generic|\(cc by)|licenses/by/(\d\.\d)", "CC-BY-{}"),
    (r"this is free and unencumbered software released into the public domain", "Unlicense"),
    (r"apache license,? version (2\.0)", "Apache-{}"),
    (r"gnu affero general public license version (3)", "AGPL-{}.0-only"),
    (r"gnu lesser general public license version (3)", "LGPL-{}.0-only"),
    (r"gnu general public license version ([23])", "GPL-{}.0-only"),
    (r"gnu free documentation license version (1\.[123])", "GFDL-{}-only"),
    (r"mozilla public license,? version (2\.0)", "MPL-{}"),
    (r"permission is hereby granted, free of charge, to any person obtaining a copy", "MIT"),
    (r"permission to use, copy, modify, and/or distribute this software", "ISC"),
    (r"redistributions? of source code must retain[\s\S]{0,1500}neither the name", "BSD-3-Clause"),
    (r"redistributions? of source code must retain", "BSD-2-Clause"),
)
PATTERNS = tuple((re.compile(mark), name) for mark, name in MARKS)
READ = 20_000
"""Characters of a license file that are read: all of these marks occur near its beginning."""
IDENTIFIERS = re.compile(
    r"(?:CC0-1\.0|CC-BY(?:-NC)?(?:-SA|-ND)?-\d\.\d|MIT(?:-0)?|Apache-2\.0|BSD-[23]-Clause|Unlicense|ISC|MPL-2\.0|"
    r"(?:L|A)?GPL-[23]\.\d(?:-only|-or-later)?|GFDL-1\.[123](?:-only|-or-later)?|LicenseRef-[\w.-]+)$",
    re.IGNORECASE,
)
SHORT = re.compile(r"^(?:creative commons )?cc[ -]?(by(?:-nc)?(?:-sa|-nd)?)[ -]?v?(\d\.\d)", re.IGNORECASE)


def identify(text: str) -> str:
    """SPDX identifier of the license whose text or URL this is, or ""."""
    plain = re.sub(r"\s+", " ", text[:READ].lower())
    for pattern, name in PATTERNS:
        if found := pattern.search(plain):
            return name.format(next((g for g in found.groups() if g), ""))
    return ""


def normalize(stated: str) -> str:
    """A stated license as SPDX where it is recognized, otherwise in the page's own words (200 characters at most)."""
    stated = stated.strip()
    if IDENTIFIERS.match(stated):
        return stated
    if short := SHORT.match(stated):
        return f"CC-{short[1].upper()}-{short[2]}"
    return identify(stated) or stated[:200]
