"""Two people rate the same records: a page to rate on, a table for each rater, and inter-annotator agreement.

The five aspects are those of InterleavedBench (text quality, perceptual quality, image coherence, text-image coherence,
helpfulness), each rated from 0 to 3 as in its human study.
"""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from leafinstruct.errors import LeafError
from leafinstruct.places import sha256_of
from leafinstruct.report.sample import Shown, page, pictures_of, record_html
from leafinstruct.run import Run

ASPECTS = {
    "text_quality": "the text is fluent, complete and free of noise",
    "perceptual_quality": "the images are clear and complete",
    "image_coherence": "the images belong together in style and content",
    "text_image_coherence": "each image fits the text around it",
    "helpfulness": "the answer does what the request asks for",
}
SCALE = (0, 1, 2, 3)
"""0 bad, 1 weak, 2 good, 3 very good."""
COLUMNS = ("id", *ASPECTS, "note")
RESAMPLES = 2000
SCRIPT = """
const aspects = %s, ids = %s, key = location.pathname + '/ratings';
const held = JSON.parse(localStorage.getItem(key) || '{}');
for (const input of document.querySelectorAll('input[type=radio]')) {
  if (held[input.name] === input.value) input.checked = true;
  input.onchange = () => { held[input.name] = input.value; localStorage.setItem(key, JSON.stringify(held)); };
}
document.getElementById('save').onclick = () => {
  const rows = ids.map(id => [id, ...aspects.map(a => held[id + '/' + a] || ''), ''].join(','));
  const text = ['id,' + aspects.join(',') + ',note', ...rows].join('\\n') + '\\n';
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], {type: 'text/csv'}));
  link.download = 'ratings.csv';
  link.click();
};
"""


def write_review(run: Run, shown: Sequence[Shown], folder: Path) -> list[Path]:
    """Write `review.html` and an empty table for each of two raters. Raises LeafError rather than overwrite
    a table."""
    tables = [folder / f"rater-{number}.csv" for number in (1, 2)]
    for path in tables:
        if path.exists():
            raise LeafError(f"{path} exists already and may contain ratings; choose another folder with --out")
    folder.mkdir(parents=True, exist_ok=True)
    page_file = folder / "review.html"
    page_file.write_text(review_page(run, shown), encoding="utf-8")
    for path in tables:
        path.write_text(_empty_table(shown), encoding="utf-8")
    return [page_file, *tables]


def delete_unchanged(pages: Mapping[str, str]) -> list[str]:
    """Delete those of some files, with the SHA-256 (hex) they were written with, that nobody has changed since, such as
    by rating; returns them."""
    found = [one for one, sha256 in pages.items() if Path(one).is_file() and sha256_of(Path(one)) == sha256]
    for one in found:
        Path(one).unlink()
    return found


def review_page(run: Run, shown: Sequence[Shown]) -> str:
    """The records with five questions each, without what could bias a rater (source, writer, scores)."""
    pictures = pictures_of(run, shown)
    asked = "".join(f"<li><b>{_plain(name)}</b>: {html.escape(about)}</li>" for name, about in ASPECTS.items())
    body = [
        f"<p>Rate each record from 0 (bad) to 3 (very good).</p><ul>{asked}</ul>"
        "<button id=save>Save as CSV</button><p>This browser keeps your ratings until you save them.</p>"
    ]
    for number, one in enumerate(shown, 1):
        fields = "".join(_choices(one.record.id, name) for name in ASPECTS)
        body.append(
            f'<article><p class="facts">{number} of {len(shown)} · {html.escape(one.record.id)}</p>'
            f"{record_html(one.record, pictures)}{fields}</article>"
        )
    ids = json.dumps([one.record.id for one in shown]).replace("<", "\\u003c")
    return page("Review", "".join(body), SCRIPT % (json.dumps(list(ASPECTS)), ids))


def _choices(record: str, aspect: str) -> str:
    name = html.escape(f"{record}/{aspect}", quote=True)
    marks = "".join(f'<label><input type=radio name="{name}" value="{n}">{n}</label> ' for n in SCALE)
    return f"<fieldset><legend>{_plain(aspect)}</legend>{marks}</fieldset>"


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _empty_table(shown: Sequence[Shown]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([one.record.id, *[""] * (len(COLUMNS) - 1)] for one in shown)
    return out.getvalue()


# Agreement


def agreement(one: Path, two: Path) -> dict[str, Any]:
    """For each aspect, over records that both rated: `n`, `mean` of both with a 95% interval, each rater's mean,
    `exact` (share of equal ratings), `kappa` and `weighted_kappa` with intervals (None where undefined).

    Raises LeafError for a file that is not a table of ratings or has ratings outside the scale.
    """
    first, second = read_ratings(one), read_ratings(two)
    shared = [key for key in first if key in second]
    if not shared:
        raise LeafError(f"{one} and {two} rate no record in common")
    return {
        "records": len(shared),
        "aspects": {name: _aspect(name, [(first[k][name], second[k][name]) for k in shared]) for name in ASPECTS},
    }


def read_ratings(path: Path) -> dict[str, dict[str, int | None]]:
    """Ratings by record id and aspect; None where there is none."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LeafError(f"{path}: cannot be read ({error})") from None
    missing = [name for name in ("id", *ASPECTS) if not rows or name not in rows[0]]
    if missing:
        raise LeafError(f"{path}: no column {missing[0]}; the columns of a table of ratings are {', '.join(COLUMNS)}")
    return {row["id"]: {name: _rating(path, row, name) for name in ASPECTS} for row in rows}


def _rating(path: Path, row: dict[str, str | None], name: str) -> int | None:
    text = (row[name] or "").strip()
    if not text:
        return None
    if text not in map(str, SCALE):
        raise LeafError(f"{path}: record {row['id']}: {name} is {text!r}; give {SCALE[0]} to {SCALE[-1]}")
    return int(text)


def _aspect(name: str, pairs: Sequence[tuple[int | None, int | None]]) -> dict[str, Any]:
    import numpy as np

    both = np.array([(a, b) for a, b in pairs if a is not None and b is not None], dtype=np.int64).reshape(-1, 2)
    if not len(both):
        return {"n": 0}
    draws = np.random.default_rng(0).integers(0, len(both), (RESAMPLES, len(both)))
    found: dict[str, Any] = {
        "n": len(both),
        "mean": round(float(both.mean()), 3),
        "mean_interval": _interval([float(both[d].mean()) for d in draws]),
        "means": [round(float(m), 3) for m in both.mean(axis=0)],
        "exact": round(float((both[:, 0] == both[:, 1]).mean()), 3),
    }
    for key, weighted in (("kappa", False), ("weighted_kappa", True)):
        value = kappa(both, weighted)
        found[key] = None if value is None else round(value, 3)
        spread = [k for d in draws if (k := kappa(both[d], weighted)) is not None]
        found[f"{key}_interval"] = _interval(spread) if value is not None else None
    return found


def kappa(pairs: Any, weighted: bool) -> float | None:
    """Cohen's kappa of ratings int [n, 2] (Cohen 1960), or with quadratic weights of disagreement (Cohen 1968): 1 minus
    observed over expected disagreement. None if none is expected: all ratings are equal."""
    import numpy as np

    size = len(SCALE)
    observed = np.zeros((size, size))
    np.add.at(observed, (pairs[:, 0], pairs[:, 1]), 1)
    observed /= len(pairs)
    expected = np.outer(observed.sum(axis=1), observed.sum(axis=0))
    apart = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    weight = apart**2 if weighted else apart > 0
    by_chance = float((weight * expected).sum())
    return None if by_chance == 0 else 1 - float((weight * observed).sum()) / by_chance


def _interval(values: Sequence[float]) -> list[float]:
    """2.5 and 97.5 percentiles of resampled values (bootstrap over records, Efron 1979)."""
    import numpy as np

    low, high = np.percentile(values, [2.5, 97.5])
    return [round(float(low), 3), round(float(high), 3)]


def agreement_lines(found: dict[str, Any]) -> list[str]:
    lines = [f"{found['records']} records rated by both"]
    for name, row in found["aspects"].items():
        if not row["n"]:
            lines.append(f"{_plain(name):22} not rated by both")
            continue
        mean = f"mean {row['mean']:.2f} [{row['mean_interval'][0]:.2f}, {row['mean_interval'][1]:.2f}]"
        kappas = ", ".join(f"{_plain(key)} {_kappa(row, key)}" for key in ("kappa", "weighted_kappa"))
        lines.append(f"{_plain(name):22} n {row['n']:>4}  {mean}  exact agreement {row['exact']:.0%}  {kappas}")
    return lines


def _kappa(row: dict[str, Any], key: str) -> str:
    if row[key] is None:
        return "undefined (all ratings are equal)"
    low, high = row[f"{key}_interval"]
    return f"{row[key]:.2f} [{low:.2f}, {high:.2f}]"
