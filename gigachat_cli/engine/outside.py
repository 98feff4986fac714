"""The door through which everything comes in that the service says: JSON, headers, identifiers.

Whatever is not the text of an answer loses its controls and every secret of ours, and an identifier must look like
one.  The text of an answer stays as it came: a script gets its exact bytes, a terminal has a filter of its own, and
the model, which is never sent a key, has none to repeat.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Self, TypeVar

import msgspec

from ..bounded import brackets, json_value, number, whole
from ..calls import json_with_calls
from ..errors import ServiceError, TooLargeError, UsageError
from ..masking import MASK, from_outside
from ..text import one_line

T = TypeVar("T")

MOST_VALUES = 5_000_000
"""Values of one JSON reply: vectors of some thousand texts have so many numbers."""

MOST_OBJECTS = 500_000
"""Objects and arrays of one JSON reply, each of which takes more time and memory than a hundred numbers."""

_MOST_MENDED = 100
"""Odd places of one reply that are overlooked; each costs a reading of the whole."""

_AT = re.compile(r" - at `\$(.*)`\Z")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")


Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""A whole number as a type of a field; one that no counter reaches is none."""


class Count(int):
    """A whole number as a type of a field; 0 for what is none, and for one that no counter reaches."""

    @classmethod
    def of(cls, found: object) -> Self:
        return cls(whole(found) or 0)


class Floor(int):
    """A number as a type of a field, without its fraction."""

    @classmethod
    def of(cls, found: object) -> Self:
        """Raises TypeError for what is none."""
        return cls(number(found))  # type: ignore[arg-type]  # None raises it


class Identifier(str):
    """An id or a name that the service made; empty for what is none: with blanks, odd signs, or a masked secret."""

    form = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._:/@+=-]{0,254}[A-Za-z0-9=])?")

    @classmethod
    def of(cls, found: object) -> Self:
        return cls(found) if isinstance(found, str) and cls.form.fullmatch(found) else cls()


class Word(Identifier):
    """A word of the service's own: a reason, a state, a function; empty for what is none."""

    form = re.compile(r"[^\W\d][\w.-]{0,63}")


class FileId(Identifier):
    """The id of a file, which is one segment of a path; empty for what is none."""

    form = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}")


class ModelName(str):
    """The name of a model, which a stand of one's own may have called anything; empty for what cannot be asked for."""

    @classmethod
    def of(cls, found: object) -> Self:
        if not isinstance(found, str) or not found.strip() or len(found) > Label.most:
            return cls()
        return cls(found) if found.isprintable() and MASK not in found else cls()


class Label(str):
    """What the service calls something, in one line; empty when it does not say."""

    most = 300  # characters

    @classmethod
    def of(cls, found: object) -> Self:
        return cls(one_line(found, cls.most) if isinstance(found, str) else "")


class FileName(Label):
    """The name of a file: what a file system does not take loses its middle, not its suffix."""

    most = 1000


def read(content: bytes | str, kind: type[T], what: str) -> T:
    """A reply as a value of `kind`: what it has no field for is ignored, what is missing has its default.

    `what` it should be completes the error, as "a balance".  Raises ServiceError, which names the field, and
    TooLargeError for a reply of too many values.
    """
    _check_count(content)
    try:
        return _read(content, kind)
    except (ValueError, msgspec.MsgspecError) as problem:
        odd = str(problem) if _AT.search(str(problem)) else ""
        said = f" ({one_line(odd, 120)})" if odd else ""
        raise ServiceError(f"The service answered with something that is not {what}{said}.") from None


def understood(content: bytes | str, kind: type[T]) -> T | None:
    """As `read`, but what is odd within counts as missing, an odd row too; None when the whole is none of the kind.

    So no answer is lost for what stands beside it.  Raises TooLargeError.
    """
    _check_count(content)
    try:
        return _read(content, kind)
    except (ValueError, msgspec.MsgspecError):
        pass
    try:
        return converted(_value(content), kind)
    except ValueError:
        return None


def converted(found: Any, kind: type[T]) -> T | None:
    """As `understood`, of a JSON value that was read; what is odd within is taken out of it."""
    for _ in range(_MOST_MENDED):
        try:
            return msgspec.convert(found, kind, dec_hook=_field)
        except msgspec.ValidationError as problem:
            if not _remove(found, str(problem)):
                return None
    return None


def kept(content: bytes, kind: type[T]) -> T | None:
    """As `understood`, of a file of our own; None as well for one that is too large."""
    try:
        return understood(content, kind)
    except TooLargeError:
        return None


def written(value: object) -> bytes:
    """A value as JSON for a file of our own; what is no text, as in the name of a file, becomes a question mark."""
    try:
        return msgspec.json.encode(value, enc_hook=str)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value, enc_hook=str), ensure_ascii=False).encode("utf-8", "replace")


def as_object(value: msgspec.Struct) -> dict[str, Any]:
    """The fields of a value by their names, for JSON."""
    return msgspec.structs.asdict(value)


def _read(content: bytes | str, kind: type[T]) -> T:
    """Raises ValueError for what is no JSON, and msgspec's own error for what is not of the kind."""
    # The decoder keeps the last of two equal names, which the arguments of a call must not have, and takes neither
    # lone surrogates, which two events may share, nor numbers beyond all counting: these are read the slower way.
    if ("arguments" if isinstance(content, str) else b"arguments") not in content:  # type: ignore[operator]
        try:
            found: T = _decoder(kind).decode(content)  # type: ignore[arg-type]  # a type can be hashed
            return found
        except (ValueError, msgspec.MsgspecError, RecursionError):
            pass
    return msgspec.convert(_value(content), kind, dec_hook=_field)


def _value(content: bytes | str) -> Any:
    """Raises ValueError."""
    text = content if isinstance(content, str) else content.decode()
    return json_with_calls(text) if '"arguments"' in text else json_value(text)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, dec_hook=_field)


def _field(kind: Any, found: object) -> object:
    """Raises TypeError for what counts as missing."""
    return kind.of(from_outside(found) if isinstance(found, str) else found)


def _remove(found: Any, problem: str) -> bool:
    """Take what the problem is about out of a value; False when that is the value itself."""
    place = _AT.search(problem)
    # A value of an object of any keys is said to be at `[...]`: the object goes as a whole.
    steps = [name or int(at) for name, at in _STEP.findall(place[1].partition("[...]")[0])] if place else []
    if not steps:
        return False
    for step in steps[:-1]:
        found = found[step]
    del found[steps[-1]]
    return True


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


def typed_file_id(typed: str) -> str:
    """The id of a file that a person named.  Raises UsageError for what is none."""
    if not FileId.of(typed):
        raise UsageError(
            f"{one_line(typed, 80) or 'An empty text'} is not the id of a file.",
            hint="'gigachat files list' shows those of the account.",
        )
    return typed
