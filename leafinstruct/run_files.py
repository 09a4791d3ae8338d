"""The page of the docs that lists the files of a run, with every column of their tables: from the code that writes
them."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from leafinstruct import layout, plugins
from leafinstruct.document import (
    DOCUMENT_SCHEMA,
    IMAGE_SCHEMA,
    RECORD_SCHEMA,
    RECORD_SCORE,
    Content,
    Described,
    Document,
    Image,
    ImageMeta,
    LostImage,
    Message,
    Part,
    Record,
    schema_of,
)
from leafinstruct.json_schema import field_docs
from leafinstruct.score.base import ABOUT, KEY, CorpusScorer, ModelScorer, Scorer

Meanings = Mapping[str, str]
"""What columns, and fields inside them, mean, by their path: `parts`, `parts[].text`."""
FILTER = "FILTER-HASH"
PLACEHOLDERS = {"partition": "PARTITION", "folder": FILTER, "plan": "HASH", "model": "HASH", "writer": "HASH"}
"""What stands on the page for a parameter of `layout`; for others its name in capitals."""
STAGES = ("harvest", "filter", "rewrite", "shard", "train", "build", "report", "audit", "prove", "push")
"""What writes files: the stages, then all builds, then commands."""
INTRO = """\
# Run files

Every file of a run, as `leafinstruct schema run` lists them. Words in capitals stand for names: PARTITION for a piece
of a source, such as `web-00001`, FILTER-HASH for the name of a filter and 8 hex digits.

Tables are Parquet. Those of a partition have the same name in each folder, and their rows are in the order of ids. Each
table but the shards has a key `leafinstruct` in its metadata: JSON with the `fingerprint` of what it was made from, the
`digest` of its content, its number of `rows`, and `extra` facts of its stage. Before its footer is a gap of 24 bytes,
which other readers skip: `LEAFSUM1` and the XXH3 (128 bits) of all other bytes of the file. From Python,
`leafinstruct.open_run` reads the tables, and [a damaged one is named](runs.md).

## Files

| file | written by | contents |
|---|---|---|
"""
SCORES = f"""\
## Scores

`{layout.scores(FILTER, "PARTITION")}` has the scores of one filter for a partition, `{layout.corpus(FILTER)}` those
of a filter that needs all documents. Every such table begins with these columns:

"""
MODEL_SCORES = "\nThe scores of a model have one more, which is the last:\n\n"
SIGNATURES = "The signatures of a partition, in {file}:"


@dataclass(frozen=True, slots=True)
class Table:
    """A Parquet table: its files, the columns, and what they mean."""

    files: tuple[str, ...]
    about: str
    schema: pa.Schema
    meanings: Meanings
    of: str = ""
    """What tells it from other tables in the same place."""


def page() -> str:
    """All files of a run as Markdown, for the docs."""
    listed = sorted(files_of_layout(), key=lambda one: STAGES.index(one[1]))
    files = "".join(f"| `{file}` | `{stage}` | {about} |\n" for file, stage, about in listed)
    sections = [INTRO + files, *map(_section, tables()), _scores(), *(_keys(*one) for one in json_files())]
    return "\n".join(sections)


def files_of_layout() -> Iterator[tuple[str, str, str]]:
    """Each file or folder that `layout` names, the stage or command that writes it, and its contents."""
    body = ast.parse(Path(layout.__file__).read_text(encoding="utf-8")).body
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.FunctionDef):
            name, told = node.name, ast.get_docstring(node) or ""
        elif isinstance(node, ast.Assign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            name, told = ast.unparse(node.targets[0]), str(after.value.value)
        else:
            continue
        stage, colon, about = " ".join(told.split()).partition(": ")
        if colon:
            yield _place(getattr(layout, name)), stage.lower(), _sentence(about)


def _place(named: Any) -> str:
    """The path that a constant or a function of `layout` gives; folders end in a slash."""
    if isinstance(named, str):
        return named
    path: str = named(*(PLACEHOLDERS.get(name, name.upper()) for name in inspect.signature(named).parameters))
    return path if path.endswith((layout.SUFFIX, layout.SUM_SUFFIX, "NAME")) else f"{path}/"


def tables() -> list[Table]:
    """The tables of a run, except scores."""
    from leafinstruct.filter.decisions import DECISION, DECISION_VALUE
    from leafinstruct.harvest.formats.tables import ARRAY_INDEX
    from leafinstruct.harvest.stage import ASKED, COSTLY
    from leafinstruct.harvest.warc.index import INDEX
    from leafinstruct.rewrite.answer_leak import MARGIN
    from leafinstruct.rewrite.dedup import REPEATED
    from leafinstruct.rewrite.generations import GENERATION

    part, index = "PARTITION", layout.in_folder(layout.indexes("SOURCE"), "FILE")
    document = _fields("", Document) | _fields("parts[].", Part) | _fields("lost[].", LostImage)
    record = _fields("", Record) | _message_fields() | _fields("image_meta[].", ImageMeta)
    record |= _meanings("scores[].", RECORD_SCORE)
    decision = _meanings("", DECISION) | _meanings("values[].", DECISION_VALUE)
    edited, written = (layout.documents(part), layout.filtered(part)), (layout.written(part), layout.records(part))
    return [
        Table(edited, "One row per document, raw and as edited.", DOCUMENT_SCHEMA, document),
        Table((layout.images(part),), "One row per distinct image.", IMAGE_SCHEMA, _fields("", Image)),
        _table(index, "One row per record, in the order of the file.", INDEX, "of a WARC file"),
        _table(index, "One row per element.", ARRAY_INDEX, "of a JSON array"),
        _table(
            layout.asked(part),
            "One row per lookup. New indexes make the partition stale only if they answer otherwise.",
            ASKED,
        ),
        _table(layout.costly(part), "One row per input. Missing where there is none.", COSTLY),
        Table(
            (layout.decisions(part),),
            "One row per document, each followed by one row per image part.",
            schema_of(DECISION),
            decision,
        ),
        _table(layout.generations("HASH", part), "One row per answer of a language model.", GENERATION),
        _table(layout.leak_margins("HASH", part), "One row per record.", MARGIN),
        Table(
            written,
            "One row per document that the filters kept: a record, or why there is none. `written` is the state before "
            "requests are compared over all partitions.",
            RECORD_SCHEMA,
            record,
        ),
        _table(layout.REPEATED_REQUESTS, "One row per request that repeats another.", REPEATED),
        _shards(),
    ]


def _shards() -> Table:
    """The published table."""
    from leafinstruct.shard.schema import (
        PUBLISHED,
        PUBLISHED_IMAGE,
        PUBLISHED_META,
        PUBLISHED_SCHEMA,
        TEXT_COLUMNS,
    )

    record = _fields("", Record)
    meanings = {name: record[name] for name in TEXT_COLUMNS} | _meanings("", PUBLISHED) | _message_fields()
    meanings |= _meanings("images[].", PUBLISHED_IMAGE) | _meanings("image_meta[].", PUBLISHED_META)
    meanings |= _meanings("scores[].", RECORD_SCORE)
    file = layout.shard(f"SPLIT-00000-of-00001{layout.SUFFIX}")
    return Table((file,), "One row per record, as published.", PUBLISHED_SCHEMA, meanings)


def _table(file: str, about: str, columns: Described, of: str = "") -> Table:
    return Table((file,), about, schema_of(columns), _meanings("", columns), of)


def _meanings(prefix: str, columns: Described) -> dict[str, str]:
    return {f"{prefix}{name}": about for name, (_, about) in columns.items()}


def _fields(prefix: str, kind: type[Any]) -> dict[str, str]:
    return {f"{prefix}{name}": about for name, about in field_docs(kind).items()}


def _message_fields() -> dict[str, str]:
    return _fields("messages[].", Message) | _fields("messages[].content[].", Content)


def json_files() -> Iterator[tuple[str, Meanings]]:
    """JSON files whose keys the page lists; of other files, only the contents in words."""
    from leafinstruct.build import TIMING
    from leafinstruct.harvest.stage import PLAN
    from leafinstruct.places import PLACES
    from leafinstruct.shard.stage import PROVENANCE
    from leafinstruct.shard.write import MANIFEST

    yield layout.RUN, PLAN
    yield layout.TIMINGS, TIMING
    yield layout.PLACES, PLACES
    yield layout.SHARDS_MANIFEST, {**MANIFEST, **{f"provenance.{key}": about for key, about in PROVENANCE.items()}}


# As Markdown


def _section(table: Table) -> str:
    heading = ", ".join(f"`{file}`" for file in table.files)
    return f"## {heading} {table.of}".rstrip() + f"\n\n{table.about}\n\n{_columns(table.schema, table.meanings)}"


def _keys(file: str, keys: Meanings) -> str:
    rows = "".join(f"| `{key}` | {_sentence(about)} |\n" for key, about in keys.items())
    return f"## `{file}`\n\n| key | meaning |\n|---|---|\n{rows}"


def _columns(schema: pa.Schema, meanings: Meanings) -> str:
    rows = [f"| `{path}` | {kind} | {_sentence(meanings[path])} |\n" for path, kind in columns_of(schema)]
    return f"| column | type | meaning |\n|---|---|---|\n{''.join(rows)}"


def columns_of(schema: pa.Schema) -> Iterator[tuple[str, str]]:
    """Path and type of each column, and after it of the fields inside it."""
    for field in schema:
        yield from _column(field.name, field.type)


def _column(path: str, kind: pa.DataType) -> Iterator[tuple[str, str]]:
    yield path, _type(kind)
    inner = path
    while pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        kind, inner = kind.value_type, f"{inner}[]"
    if pa.types.is_struct(kind):
        for field in kind:
            yield from _column(f"{inner}.{field.name}", field.type)


def _type(kind: pa.DataType) -> str:
    if pa.types.is_fixed_size_list(kind):
        return f"list of {kind.list_size} {_type(kind.value_type)}"
    if pa.types.is_list(kind):
        return f"list of {_type(kind.value_type)}"
    return "struct" if pa.types.is_struct(kind) else str(kind).replace("double", "float64")


def _scores() -> str:
    own = schema_of(ABOUT), _meanings("", ABOUT)
    head = SCORES + _columns(*own) + MODEL_SCORES + _columns(schema_of(KEY), _meanings("", KEY))
    names = sorted(plugins.bundled_names(plugins.SCORER))
    return "\n".join([head, *(_scorer(name, plugins.own(plugins.SCORER, name)) for name in names)])


def _scorer(name: str, kind: type[Scorer]) -> str:
    asks = " It asks a model." if issubclass(kind, ModelScorer) else ""
    file = layout.corpus(FILTER) if issubclass(kind, CorpusScorer) else layout.scores(FILTER, "PARTITION")
    rows = "".join(f"| `{c.name}` | {c.grain} | {c.type} | {c.unit} | {_sentence(c.about)} |\n" for c in kind.columns)
    table = f"| column | about | type | unit | meaning |\n|---|---|---|---|---|\n{rows}"
    found = f"### Scorer `{name}`\n\nIn `{file}`.{asks}\n\n{table}"
    if issubclass(kind, CorpusScorer):
        where = SIGNATURES.format(file=f"`{layout.scores(FILTER, 'PARTITION')}`")
        found += f"\n{where}\n\n{_columns(kind.map_schema, _meanings('', kind.map_columns))}"
    return found


def _sentence(text: str) -> str:
    """A meaning as a sentence in a cell of a table."""
    text = text.replace("|", "\\|")
    first = text.split(" ")[0]
    begin = text if "_" in first else f"{text[:1].upper()}{text[1:]}"
    return begin if begin.endswith(".") else f"{begin}."
