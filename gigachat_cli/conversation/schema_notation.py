"""A short notation for schemas: `name, age int, tags [str]` instead of a screen of JSON Schema.

    fields:  field, field, …            an object with these fields
    field:   NAME [TYPE]                a text, unless a type is named; NAME? may be left out of the answer
    type:    str · int · float · bool · [TYPE] a list, of texts when empty · {fields} an object

At the top stand fields, `{fields}`, or a list such as `[{name, age int}]`.
"""

from __future__ import annotations

import re
from typing import Any

from ..errors import UsageError, nearest

_TYPES = {
    "str": "string",
    "string": "string",
    "text": "string",
    "int": "integer",
    "integer": "integer",
    "float": "number",
    "number": "number",
    "bool": "boolean",
    "boolean": "boolean",
}
_TOKEN = re.compile(r"\s*(?:([^\W\d][\w-]*)|([\[\]{},?])|(\S))")
_DEEPEST = 20

HINT = 'As in: --schema "name, age int, tags [str]"; or give JSON Schema, or a file of it.'


def schema_from(notation: str) -> dict[str, Any]:
    """The JSON Schema that the notation stands for.  Raises UsageError for what is none."""
    reader = _Reader(notation)
    schema = reader.type(0) if reader.next in ("{", "[") else reader.fields("", 0)
    if reader.next:
        raise reader.unexpected()
    return schema


class _Reader:
    """The words and signs of a notation, one after another; `next` is the one to come, empty at the end."""

    def __init__(self, notation: str) -> None:
        found = [(match.start(match.lastindex or 0), match[match.lastindex or 0]) for match in _tokens(notation)]
        self._tokens = found[::-1]
        self._notation = notation

    @property
    def next(self) -> str:
        return self._tokens[-1][1] if self._tokens else ""

    def take(self, wanted: str = "") -> str:
        if not self._tokens or (wanted and self.next != wanted):
            raise self.unexpected(wanted)
        return self._tokens.pop()[1]

    def unexpected(self, wanted: str = "") -> UsageError:
        instead = f"'{self.next}'" if self.next else "its end"
        expected = f", where {wanted} was expected" if wanted else ""
        where = f" (character {self._tokens[-1][0] + 1})" if self._tokens else ""
        return UsageError(f"The schema's notation has {instead}{where}{expected}: {self._notation}", hint=HINT)

    def fields(self, end: str, depth: int) -> dict[str, Any]:
        properties: dict[str, Any] = {}
        required: list[str] = []
        while True:
            name = self._name()
            if name in properties:
                raise UsageError(f"The schema's notation names {name} twice.", hint=HINT)
            if self.next == "?":
                self.take()
            else:
                required.append(name)
            properties[name] = self.type(depth) if self.next not in (",", end) else {"type": "string"}
            if self.next != ",":
                break
            self.take(",")
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}

    def type(self, depth: int) -> dict[str, Any]:
        if depth > _DEEPEST:
            raise UsageError("The schema's notation is nested too deeply.", hint=HINT)
        if self.next == "[":
            self.take()
            items = self.type(depth + 1) if self.next != "]" else {"type": "string"}
            self.take("]")
            return {"type": "array", "items": items}
        if self.next == "{":
            self.take()
            schema = self.fields("}", depth + 1)
            self.take("}")
            return schema
        if not re.match(r"[^\W\d]", self.next):
            raise self.unexpected("a type")
        word = self.take()
        if word not in _TYPES:
            near = nearest(word.lower(), list(_TYPES))
            raise UsageError(
                f"The schema's notation knows no type {word}.",
                hint=f"Did you mean {near}?" if near else "Types are str, int, float, bool, [TYPE] and {fields}.",
            )
        return {"type": _TYPES[word]}

    def _name(self) -> str:
        if not re.match(r"[^\W\d]", self.next):
            raise self.unexpected("a name")
        return self.take()


def _tokens(notation: str) -> list[re.Match[str]]:
    return [match for match in _TOKEN.finditer(notation) if match.lastindex]
