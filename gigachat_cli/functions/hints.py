"""Type hints: as JSON Schema, and as the types that JSON arguments are converted to.

The service takes a subset of JSON Schema, as its official clients show: each schema has a type, each object its
properties, enums are strings, and there is neither anyOf nor $ref.
"""

from __future__ import annotations

import dataclasses
import datetime
import inspect
import json
import math
import types
from collections import abc
from enum import Enum
from pathlib import Path
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from .documentation import documentation

_PLAIN: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
_WORDS = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
    "array": "a list",
    "object": "an object",
}
_FORMATS: dict[Any, str] = {datetime.datetime: "date-time", datetime.date: "date", datetime.time: "time"}
_LISTS = (list, set, frozenset, tuple, abc.Sequence, abc.Iterable, abc.Collection, abc.Set)
_ANYTHING = (Any, object, inspect.Parameter.empty)
_OBJECTS = (dict, abc.Mapping, abc.MutableMapping)


class HintError(ValueError):
    """A type hint that has no JSON Schema, with a sentence that names it."""


class ArgumentError(ValueError):
    """An argument that does not fit its type hint, with a sentence for the model."""


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """A member of a dataclass or of a TypedDict."""

    name: str
    hint: Any
    required: bool


def schema_of(hint: Any, inside: tuple[Any, ...] = ()) -> dict[str, Any]:
    """The JSON Schema of a hint; `inside` are the classes that contain it, to detect recursion.  Raises HintError."""
    if hint in _ANYTHING:
        raise HintError("it may be anything, and the service wants a type")
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Annotated, Required, NotRequired):
        schema = schema_of(arguments[0], inside)
        said = next((each for each in arguments[1:] if isinstance(each, str)), None)
        return _described(schema, said, arguments[0]) if said else schema
    if origin is Literal:
        return _choice(arguments)
    if origin in (Union, types.UnionType):
        return _union([each for each in arguments if each is not type(None)], inside)
    whole = origin or hint
    if whole in _LISTS:
        return {"type": "array", "items": _items(whole, arguments, inside)}
    if whole in _OBJECTS:
        known = len(arguments) == 2 and arguments[1] not in _ANYTHING
        values = {"additionalProperties": schema_of(arguments[1], inside)} if known else {}
        return {"type": "object", "properties": {}} | values
    if not isinstance(hint, type):
        raise HintError(f"the type {hint} cannot be described")
    if hint is type(None):
        raise HintError("it may be nothing but null")
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    if issubclass(hint, Enum):
        return _choice([each.value for each in hint])
    if hint in _FORMATS:
        return {"type": "string", "format": _FORMATS[hint]}
    if issubclass(hint, Path):
        return {"type": "string"}
    if is_typeddict(hint) or dataclasses.is_dataclass(hint):
        if hint in inside:
            raise HintError(f"the type {hint.__name__} holds itself")
        return _record(hint, (*inside, hint))
    raise HintError(f"the type {hint.__name__} cannot be described")


Make = abc.Callable[[Any, Any], Any]
"""Makes a set, a tuple or a dataclass instance of its values."""


def made(kind: Any, given: Any) -> Any:
    """The real value, to call a function with."""
    return kind(**given) if isinstance(given, dict) else kind(given)


def as_found(kind: Any, given: Any) -> Any:
    """Only the values, to check them: creating a dataclass instance would run code of the file."""
    return given


def value_of(found: Any, hint: Any, place: str, make: Make = made) -> Any:
    """The value of a JSON argument; `place` names it in the message of an ArgumentError."""
    if hint in _ANYTHING:
        return found
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Annotated, Required, NotRequired):
        return value_of(found, arguments[0], place, make)
    if origin is Literal:
        return _chosen(found, {_key(each): each for each in arguments}, place)
    if origin in (Union, types.UnionType):
        return _first_fitting(found, arguments, place, make)
    whole = origin or hint
    if whole in _LISTS:
        return _listed(found, whole, arguments, place, make)
    if whole in _OBJECTS:
        _demand(isinstance(found, dict), found, "object", place)
        values = arguments[1] if len(arguments) == 2 else Any
        return {name: value_of(each, values, f"{place}.{name}", make) for name, each in found.items()}
    if hint in _PLAIN:
        return _plain(found, hint, place)
    if issubclass(hint, Enum):
        return _chosen(found, {_key(each.value): each for each in hint}, place)
    if hint in _FORMATS:
        _demand(isinstance(found, str), found, "string", place)
        try:
            return hint.fromisoformat(found)
        except ValueError:
            raise ArgumentError(
                f"{place} must be a {_FORMATS[hint]} as ISO 8601 writes it, not {_shown(found)}"
            ) from None
    if issubclass(hint, Path):
        return make(hint, _plain(found, str, place))
    _demand(isinstance(found, dict), found, "object", place)
    given = values_of(found, fields_of(hint), f"{place}.", make)
    return given if is_typeddict(hint) else make(hint, given)


def values_of(
    found: abc.Mapping[str, Any], fields: abc.Sequence[Field], place: str = "", make: Make = made
) -> dict[str, Any]:
    """The values of fields by name, none missing and none unknown.  Raises ArgumentError."""
    known = {each.name: each for each in fields}
    for name in found:
        if name not in known:
            raise ArgumentError(f"{place}{name} is unknown; there are {', '.join(known) or 'none'}")
    for each in fields:
        if each.required and each.name not in found:
            raise ArgumentError(f"{place}{each.name} is missing")
    return {name: value_of(value, known[name].hint, f"{place}{name}", make) for name, value in found.items()}


def fields_of(record: type) -> list[Field]:
    """The members of a dataclass or of a TypedDict."""
    hints = get_type_hints(record, include_extras=True)
    if is_typeddict(record):
        required = getattr(record, "__required_keys__", frozenset(hints))
        # With string annotations, the class does not know about NotRequired, but the annotations do.
        return [
            Field(name, hint, name in required and get_origin(hint) is not NotRequired) for name, hint in hints.items()
        ]
    missing = dataclasses.MISSING
    return [
        Field(each.name, hints[each.name], each.default is missing and each.default_factory is missing)
        for each in dataclasses.fields(record)
        if each.init
    ]


def object_schema(fields: abc.Sequence[Field], said: abc.Mapping[str, str], inside: tuple[Any, ...]) -> dict[str, Any]:
    """The JSON Schema of an object; `said` has the descriptions of its members by name.  Raises HintError."""
    properties = {}
    for each in fields:
        try:
            properties[each.name] = schema_of(each.hint, inside)
        except HintError as problem:
            raise HintError(f"{each.name}: {problem}") from None
        if said.get(each.name):
            properties[each.name] = _described(properties[each.name], said[each.name], each.hint)
    required = [each.name for each in fields if each.required]
    return {"type": "object", "properties": properties} | ({"required": required} if required else {})


def _record(record: type, inside: tuple[Any, ...]) -> dict[str, Any]:
    text = record.__dict__.get("__doc__") or ""
    if text.startswith(f"{record.__name__}("):  # the docstring that dataclass generates where there is none
        text = ""
    found = documentation(text)
    schema = object_schema(fields_of(record), found.parameters, inside)
    return schema | ({"description": found.description} if found.description else {})


def _choice(given: abc.Iterable[Any]) -> dict[str, Any]:
    """The schema of one value out of some; values other than strings go into the description, as enums are strings."""
    values = [each for each in given if each is not None]
    kinds = {_PLAIN.get(type(each)) for each in values}
    if None in kinds or not values:
        raise HintError("a choice must be of texts, numbers, true and false")
    if len(kinds) > 1:
        raise HintError("a choice must be of one type")
    (kind,) = kinds
    if kind == "string":
        return {"type": kind, "enum": values}
    return {"type": kind, "description": f"One of {', '.join(map(_shown, values))}."}


def _described(schema: dict[str, Any], said: str, hint: Any) -> dict[str, Any]:
    """The schema with a description, which goes before the list of values in it."""
    choice = schema.get("description", "") if _is_choice(hint) else ""
    return {**schema, "description": f"{said} {choice}".strip()}


def _is_choice(hint: Any) -> bool:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Annotated, Required, NotRequired):
        return _is_choice(arguments[0])
    if origin in (Union, types.UnionType):
        return any(map(_is_choice, arguments))
    return origin is Literal or (isinstance(hint, type) and issubclass(hint, Enum))


def _items(whole: Any, hints: tuple[Any, ...], inside: tuple[Any, ...]) -> dict[str, Any]:
    """The schema of a list's items; strings for a list of any items."""
    wanted = [each for each in hints if each is not Ellipsis]
    if not wanted or any(each in _ANYTHING for each in wanted):
        return {"type": "string"}
    schemas = [schema_of(each, inside) for each in wanted]
    if any(each != schemas[0] for each in schemas):
        raise HintError(f"the items of a {whole.__name__} must be of one type")
    return schemas[0]


def _union(hints: list[Any], inside: tuple[Any, ...]) -> dict[str, Any]:
    """The one schema that fits all members of a union: a string where one of them is, or where all are kinds of
    strings.
    """
    schemas: list[dict[str, Any]] = []
    for each in hints:
        schema = schema_of(each, inside)
        if schema not in schemas:
            schemas.append(schema)
    if {"type": "number"} in schemas and {"type": "integer"} in schemas:
        schemas.remove({"type": "integer"})
    if len(schemas) == 1:
        return schemas[0]
    text = {"type": "string"}
    if text in schemas or (schemas and all(each["type"] == "string" and "enum" not in each for each in schemas)):
        return text
    raise HintError("it may be of several types, and the service takes one")


def _first_fitting(found: Any, hints: tuple[Any, ...], place: str, make: Make) -> Any:
    if found is None and type(None) in hints:
        return None
    wanted = [each for each in hints if each is not type(None)]
    # Exact types first: 1 for `float | int` is an int, "1" for `int | str` a string.
    for each in sorted(wanted, key=lambda hint: type(found) is not hint):
        try:
            return value_of(found, each, place, make)
        except ArgumentError as problem:
            if len(wanted) == 1:
                raise
            last = str(problem)
    raise ArgumentError(f"{place} fits none of its types; the last: {last}")


def _listed(found: Any, whole: Any, arguments: tuple[Any, ...], place: str, make: Make) -> Any:
    _demand(isinstance(found, list), found, "array", place)
    if whole is tuple and arguments and arguments[-1] is not Ellipsis:
        if len(found) != len(arguments):
            raise ArgumentError(f"{place} must have {len(arguments)} items, not {len(found)}")
        hints: abc.Sequence[Any] = arguments
    else:
        hints = [arguments[0] if arguments else Any] * len(found)
    values = [value_of(each, hints[number], f"{place}[{number}]", make) for number, each in enumerate(found)]
    kind = set if whole is abc.Set else whole
    if kind not in (set, frozenset, tuple):
        return values
    return make(kind, values)


def _plain(found: Any, hint: Any, place: str) -> Any:
    kind = _PLAIN[hint]
    if hint is int and isinstance(found, float) and found.is_integer():
        return int(found)
    if hint is float and isinstance(found, int) and not isinstance(found, bool):
        try:
            number = float(found)
        except OverflowError:
            number = math.inf
        if number != found:
            raise ArgumentError(f"{place} must be a number that Python can hold, not {_shown(found)}")
        return number
    _demand(type(found) is hint, found, kind, place)
    return found


def _chosen(found: Any, choices: dict[Any, Any], place: str) -> Any:
    key = _key(found) if isinstance(found, str | int | float) else None
    if key not in choices:
        raise ArgumentError(
            f"{place} must be one of {', '.join(_shown(each[1]) for each in choices)}, not {_shown(found)}"
        )
    return choices[key]


def _key(value: Any) -> tuple[bool, Any]:
    return isinstance(value, bool), value  # True == 1


def _demand(fits: bool, found: Any, kind: str, place: str) -> None:
    if not fits:
        raise ArgumentError(f"{place} must be {_WORDS[kind]}, not {_shown(found)}")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:79]}…"
