"""The door through which everything comes in that the service says: JSON, headers, identifiers.

Whatever is not the text of an answer loses its controls and every secret of ours, and an identifier must look like
one.  The text of an answer stays as it came: a script gets its exact bytes, a terminal has a filter of its own, and
the model, which is never sent a key, has none to repeat.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..bounded import brackets, json_value
from ..calls import json_with_calls
from ..errors import TooLargeError, UsageError
from ..masking import MASK, from_outside
from ..text import one_line

MOST_VALUES = 5_000_000
"""Values of one JSON reply: vectors of some thousand texts have so many numbers."""

MOST_OBJECTS = 500_000
"""Objects and arrays of one JSON reply, each of which takes more time and memory than a hundred numbers."""

LONGEST_NAME = 300
"""Characters of a name or a title that the service gives to something."""

_EXACT = frozenset({"content", "text", "reasoning_content", "arguments"})
"""The keys of an answer's own text, in both contracts."""

_IDENTIFIER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._:/@+=-]{0,254}[A-Za-z0-9=])?")
_WORD = re.compile(r"[^\W\d][\w.-]{0,63}")
_SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}")


def answered(content: bytes | str) -> dict[str, Any] | None:
    """The JSON object that the service answered with, fit to be shown; None when it is anything else.

    Raises TooLargeError for one of too many values.
    """
    _check_count(content)
    found = _with_calls(content)
    return None if found is None else {key: _clean(value, exact=key in _EXACT) for key, value in found.items()}


def answered_json(content: bytes | str) -> Any:
    """Any JSON that the service answered with, fit to be shown; None when it is none.

    Raises TooLargeError for one of too many values.
    """
    _check_count(content)
    try:
        return _clean(json_value(content), exact=False)
    except ValueError:
        return None


def json_object(content: bytes | str) -> dict[str, Any] | None:
    """The JSON object that `content` is, or None when it is anything else, however hostile."""
    try:
        found = json_value(content)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


class Headers(Mapping[str, str]):
    """The headers of an answer by their names, each fit to be shown when it is asked for: few of them are."""

    def __init__(self, found: Mapping[str, str]) -> None:
        self._found = found  # in any letters: the library's mapping overlooks the case

    def __getitem__(self, name: str) -> str:
        return from_outside(self._found[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def _check_count(content: bytes | str) -> None:
    """Reading JSON cannot be stopped: what would take long, or memory that a machine lacks, is not begun."""
    if len(content) <= MOST_OBJECTS:
        return
    commas = content.count(",") if isinstance(content, str) else content.count(b",")
    if commas > MOST_VALUES or brackets(content) > MOST_OBJECTS:
        raise TooLargeError(
            f"The service's answer is too large: it has more than {MOST_VALUES} values, or {MOST_OBJECTS} objects."
        )


def _with_calls(content: bytes | str) -> dict[str, Any] | None:
    """As `json_object`; what is wrong with the arguments of a call is for the call to tell."""
    try:
        text = content if isinstance(content, str) else content.decode()
        if '"arguments"' not in text:
            return json_object(text)
        found = json_with_calls(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def identifier(found: object) -> str | None:
    """An id or a name that the service made; None for what is none: with blanks, odd signs, or a masked secret."""
    return found if isinstance(found, str) and _IDENTIFIER.fullmatch(found) else None


def word(found: object) -> str | None:
    """A word of the service's own: a reason, a state, a function; None for what is none."""
    return found if isinstance(found, str) and _WORD.fullmatch(found) else None


def file_id(found: object) -> str | None:
    """The id of a file, which is one segment of a path; None for what is none."""
    return found if isinstance(found, str) and _SEGMENT.fullmatch(found) else None


def typed_file_id(typed: str) -> str:
    """The id of a file that a person named.  Raises UsageError for what is none."""
    if file_id(typed) is None:
        raise UsageError(
            f"{one_line(typed, 80) or 'An empty text'} is not the id of a file.",
            hint="'gigachat files list' shows those of the account.",
        )
    return typed


def model_name(found: object) -> str | None:
    """The name of a model, which a stand of one's own may have called anything; None for what cannot be asked for."""
    if not isinstance(found, str) or not found.strip() or len(found) > LONGEST_NAME:
        return None
    return found if found.isprintable() and MASK not in found else None


def label(found: object, *, most: int = LONGEST_NAME) -> str:
    """What the service calls something, in one line of at most so many characters; empty when it does not say."""
    return one_line(found, most) if isinstance(found, str) else ""


def _clean(value: Any, *, exact: bool) -> Any:
    if isinstance(value, str):
        return value if exact else from_outside(value)
    if isinstance(value, list):
        return [_clean(each, exact=exact) for each in value]
    if isinstance(value, dict):
        # Parts of a content are objects with keys of their own; the arguments of a call are all the model's.
        return {key: each if key == "arguments" else _clean(each, exact=key in _EXACT) for key, each in value.items()}
    return value
