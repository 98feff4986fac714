"""A function call as the model makes it: its arguments are understood whole, or not at all.

JSON lets much pass that no function should be run on: a name that is given twice, NaN, a number that is infinite as
soon as it is read.  What is not understood stays beside the call as it came, and the call says why.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

_DEEPEST = 64
_MOST_CHARACTERS = 1024 * 1024  # of all texts in the arguments; more can hardly be shown to who is asked
_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "true or false"),
    (str, "a text"),
    (int, "a number"),
    (float, "a number"),
    (list, "a list"),
)


Decision = Literal["once", "always", "never"]
"""Whether a call may run: this one, all of its function from here on, or none of them."""

_TOO_LONG = f"are longer than {_MOST_CHARACTERS // 2**20} MiB"


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A function that the model wants called, with its arguments by name.

    With a `problem` they were not understood: it completes "its arguments …", there are none, and `raw` is what came.
    """

    name: str
    arguments: Mapping[str, Any]
    problem: str = ""
    raw: str = ""

    def as_object(self) -> dict[str, Any]:
        """The call as an object for JSON; what was not understood stands beside it."""
        unread = {"problem": self.problem, "raw": self.raw} if self.problem else {}
        return {"name": self.name, "arguments": dict(self.arguments), **unread}


class Repeated(dict[str, Any]):
    """A JSON object in which a name is given more than once; `name` is the first of those."""

    name = ""


def json_with_calls(text: str) -> Any:
    """The value of a JSON text that may hold calls.

    An object with a repeated name is known as such; NaN, Infinity and a number that is too large are numbers that are
    not finite.  Raises ValueError.
    """
    try:
        return _CALLS.decode(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_call(name: str, given: object) -> FunctionCall:
    """The call of a function with arguments as they came: an object, or the text of one (documented: both)."""
    name = name.encode("utf-8", "replace").decode()  # lone surrogates are no text
    found, problem = given, ""
    if isinstance(given, str) and len(given) > _MOST_CHARACTERS:
        problem = _TOO_LONG
    elif isinstance(given, str):
        try:
            found = json_with_calls(given)
        except ValueError:
            problem = "are not JSON, or only a part of it"
    problem = problem or _problem(found)
    if not problem:
        assert isinstance(found, Mapping)
        return FunctionCall(name, found)
    raw = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False, default=str)
    return FunctionCall(name, {}, problem, raw.encode("utf-8", "replace").decode())


def unfinished(call: FunctionCall, problem: str) -> FunctionCall:
    """The same call, which is not to be run for this reason."""
    if call.problem:
        return call
    return FunctionCall(call.name, {}, problem, json.dumps(dict(call.arguments), ensure_ascii=False))


def _problem(found: object) -> str:
    """Why arguments are none; empty when they are."""
    if not isinstance(found, Mapping):
        kind = next((words for kind, words in _KINDS if isinstance(found, kind)), "missing" if found is None else "")
        return "are missing" if kind == "missing" else f"are {kind}, not an object"
    level: list[object] = [found]
    left = _MOST_CHARACTERS
    for _ in range(_DEEPEST):
        inner: list[object] = []
        for each in level:
            if isinstance(each, Repeated):
                return f"give {json.dumps(each.name)} twice"
            if isinstance(each, Mapping):
                inner += each
                inner += each.values()
            elif isinstance(each, list):
                inner += each
            elif problem := _odd(each):
                return problem
            elif isinstance(each, str) and (left := left - len(each)) < 0:
                return _TOO_LONG
        if not inner:
            return ""
        level = inner
    return f"are more than {_DEEPEST} levels deep"


def _odd(value: object) -> str:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return "hold characters that are no text"
    elif isinstance(value, int | float):
        try:
            finite = isfinite(value)
        except OverflowError:  # an integer that no float takes
            finite = False
        if not finite:
            return "hold a number that is none, or too large"
    return ""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    repeated = Repeated(found)
    names = [name for name, _ in pairs]
    repeated.name = next(name for at, name in enumerate(names) if name in names[:at])
    return repeated


def _integer(digits: str) -> float:
    try:
        return int(digits)
    except ValueError:  # Python reads no more than 4300 digits
        return float("-inf" if digits.startswith("-") else "inf")


_CALLS = json.JSONDecoder(parse_int=_integer, object_pairs_hook=_object)
