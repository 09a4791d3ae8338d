"""One typed reader for settings of YAML files. An error names the file, the key, what was found and what is allowed.

Settings are frozen dataclasses: their annotations are checked, give the JSON Schema, and are what the docs list.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import yaml
from msgspec import Meta

from leafinstruct.errors import LeafError, did_you_mean, one_line

Kind = TypeVar("Kind")
Positive = Annotated[int, Meta(ge=1)]
Count = Annotated[int, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]

MODELS = ("clip", "llm", "second_llm")
"""Models that a pipeline names. A filter whose scorer uses `llm` may set `model: second_llm`."""


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """A model as named in the pipeline, with its revision on this machine (empty until looked up)."""

    name: str
    revision: str = ""
    backend: str = ""
    options: tuple[tuple[str, Any], ...] = ()
    languages: tuple[str, ...] = ()
    """Codes of the languages it supports; documents in others are skipped. Empty: it is asked about all."""
    code: str = ""
    """Digest of the code of a back-end that is not built in."""
    root: str = ""
    """The project's folder, for a back-end in one of its files."""

    def facts(self) -> dict[str, Any]:
        """All that can change the model's answers, and its languages."""
        found = asdict(self)
        del found["root"]
        if self.backend == "openai":  # how a server is reached, and what it can read, is no matter of what it answers
            found["options"] = tuple(one for one in self.options if one[0] not in ("headers", "max_model_len"))
        if not self.code:
            del found["code"]
        return found


DATE = "tag:yaml.org,2002:timestamp"


class _Yaml(yaml.SafeLoader):
    """Plain values; each key once, and a text. A date is a text too. Has its own table of what plain words mean: some
    libraries change that of SafeLoader for the whole process."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        if not isinstance(node, yaml.MappingNode):
            raise yaml.MarkedYAMLError(problem="expected keys and values", problem_mark=node.start_mark)
        seen: set[str] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)  # type: ignore[no-untyped-call]
            if not isinstance(key, str):
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key_node.value!r} is read as {key!r}; put it in quotes",
                    problem_mark=key_node.start_mark,
                )
            if key in seen:
                raise yaml.MarkedYAMLError(problem=f"the key '{key}' is there twice", problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


_Yaml.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag != DATE]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

DEEPEST, MOST_VALUES, LARGEST = 30, 100_000, 2**63
"""Levels of keys and lists inside each other, values of a file, and whole numbers: above any that is meant."""


def _is_too_deep(text: str) -> bool:
    """Whether brackets are open inside each other so deep that parsing them would take long for nothing."""
    depth = 0
    for bracket in re.finditer(r"[\[{\]}]", text):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > 10 * DEEPEST:
            return True
    return False


def _excess(value: Any) -> str:
    """What is too much about the values of a file, as where an alias holds itself; "" if nothing is."""
    waiting, seen = [(value, 0)], 0
    while waiting:
        one, depth = waiting.pop()
        seen += 1
        if depth > DEEPEST:
            return f"keys or lists are nested more than {DEEPEST} deep"
        if seen > MOST_VALUES:
            return f"it has more than {MOST_VALUES} values"
        if isinstance(one, int) and abs(one) > LARGEST:
            return "a whole number is larger than any setting takes"
        inner = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        waiting += [(value, depth + 1) for value in inner]
    return ""


def read_yaml(path: Path) -> dict[str, Any]:
    """Keys and values of a YAML file. Raises LeafError naming the file, and the line of what is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
        if _is_too_deep(text):
            raise RecursionError
        value = yaml.load(text, _Yaml)
        if excess := _excess(value):
            raise LeafError(f"{path}: {excess}")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise LeafError(f"{path}{line}: not valid YAML: {one_line(str(getattr(error, 'problem', error)))}") from None
    except UnicodeDecodeError:
        raise LeafError(f"{path}: not UTF-8 text") from None
    except OSError as error:
        raise LeafError(f"{path}: cannot be read ({error.strerror or error})") from None
    except LeafError:
        raise
    except RecursionError:
        raise LeafError(f"{path}: not valid YAML: nested more than {DEEPEST} deep") from None
    except Exception as error:  # a number that cannot be, a tag that does not fit
        raise LeafError(f"{path}: not valid YAML: {one_line(str(error))}") from None
    if not isinstance(value, dict):
        raise LeafError(f"{path}: expected keys and values at the top, found {type(value).__name__}")
    return value


def check_keys(path: Path, where: str, raw: Any, allowed: Iterable[str], required: Iterable[str] = ()) -> None:
    if not isinstance(raw, dict):
        raise LeafError(f"{path}: {where}expected keys and values, found {raw!r}")
    for key in raw:
        if key not in allowed:
            raise LeafError(f"{path}: {where}unknown key '{key}'{did_you_mean(str(key), allowed)}")
    for key in required:
        if raw.get(key) is None:
            raise LeafError(f"{path}: {where}key '{key}' is missing")


def list_of(path: Path, raw: Mapping[str, Any], key: str) -> list[Any]:
    if not isinstance(raw[key], list):
        raise LeafError(f"{path}: {key}: expected a list, found {type(raw[key]).__name__}")
    if not raw[key]:
        raise LeafError(f"{path}: {key}: the list is empty")
    return raw[key]


def mapping_of(path: Path, raw: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = raw.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise LeafError(f"{path}: {key}: expected keys and values, found {type(value).__name__}")
    return value


def check_unique(path: Path, where: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise LeafError(f"{path}: {where}: '{name}' is listed twice; rename or remove one")


def read(kind: type[Kind], values: Any, where: str = "") -> Kind:
    """A settings dataclass from keys and values, as YAML gives them. Nothing is converted: "3" is no number, true is no
    1; a list becomes a tuple, a whole number a fraction where one is declared.

    Raises LeafError, beginning with `where`, for an unknown key, a value of another type or out of the range that the
    field's annotation gives (`Annotated[int, Meta(ge=1)]`), and for what is not finite.
    """
    import msgspec

    if values is None:
        values = {}
    if not isinstance(values, Mapping):
        raise LeafError(f"{where}expected keys and values, found {values!r}")
    _check_names(kind, values, where)
    for path, value in _numbers(values, ()):
        if not math.isfinite(value):
            raise LeafError(f"{where}setting '{'.'.join(path)}' is {value}; it takes a finite number")
    try:
        return msgspec.convert(dict(values), kind, strict=True, dec_hook=_other_types)
    except msgspec.ValidationError as error:
        raise LeafError(f"{where}{_in_words(str(error), values)}") from None
    except LeafError as error:  # from the dataclass itself: values that do not go together
        raise LeafError(f"{where}{error}") from None


def _check_names(kind: type[Any], values: Mapping[Any, Any], where: str) -> None:
    """Keys of this dataclass and of those within it."""
    known = {field.name for field in fields(kind)}
    types = get_type_hints(kind)
    for key, value in values.items():
        if key not in known:
            raise LeafError(f"{where}unknown setting '{key}'{did_you_mean(str(key), known)}")
        kinds = (types[key], *get_args(types[key]))
        words = [word for one in kinds if get_origin(one) is Literal for word in get_args(one)]
        if words and value not in words and value is not None:
            allowed = " or ".join(map(str, words))
            raise LeafError(f"{where}setting '{key}' is {value!r}; it takes {allowed}{_meant(value, words)}")
        inner = [one for one in kinds if is_dataclass(one)]
        if isinstance(value, Mapping) and len(inner) == 1 and isinstance(inner[0], type):
            _check_names(inner[0], value, f"{where}{key}: ")


def _meant(value: Any, words: Iterable[Any]) -> str:
    """The nearest of the words, where one is near."""
    hint = did_you_mean(str(value), map(str, words))
    return hint if "did you mean" in hint else ""


def _numbers(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
    if isinstance(value, float):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _numbers(inner, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _numbers(inner, path)


def _other_types(kind: type[Any], value: Any) -> Any:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise TypeError(f"Expected `{getattr(kind, '__name__', kind)}`, got `{type(value).__name__}`")


WORDS = {"int": "a whole number", "float": "a number", "str": "a text", "bool": "true or false", "array": "a list"}
WORDS |= {"object": "keys and values", "null": "nothing"}
LIMITS = {">=": "{} or more", "<=": "{} at most", ">": "above {}", "<": "below {}"}


def _in_words(message: str, values: Mapping[str, Any]) -> str:
    """What msgspec says of a value, for who wrote the file: the key, what was found, what is allowed."""
    said, _, path = message.partition(" - at `$")
    keys = [part for part in re.split(r"[.\[\]`]+", path) if part]
    if missing := re.fullmatch(r"Object missing required field `(\w+)`", said):
        return f"setting '{'.'.join([*keys, missing[1]])}' is missing"
    found: Any = values
    for key in keys:
        found = found[int(key)] if isinstance(found, list | tuple) and key.isdigit() else _value_of(found, key)
    name = ".".join(keys)
    expected = re.match(r"Expected `([^`]+)`(?: of length)?(?: (>=|<=|>|<) (\S+))?", said)
    if not expected:
        return f"setting '{name}' is {found!r}; {said[:1].lower()}{said[1:]}"
    kinds = " or ".join(WORDS.get(one.strip(), one.strip()) for one in expected[1].split("|"))
    limit = f", {LIMITS[expected[2]].format(expected[3])}" if expected[2] else ""
    if "of length" in said:
        limit = f" with {LIMITS[expected[2] or '>='].format(expected[3])} entries"
    return f"setting '{name}' is {found!r}; it takes {kinds}{limit}"


def _value_of(found: Any, key: str) -> Any:
    return found.get(key, found) if isinstance(found, Mapping) else found
