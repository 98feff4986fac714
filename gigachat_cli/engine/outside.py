"""The door through which everything comes in that the service says: JSON, headers, identifiers.

Whatever is not the text of an answer loses its controls and every secret of ours, and an identifier must look like
one.  The text of an answer stays as it came: a script gets its exact bytes, a terminal has a filter of its own, and
the model, which is never sent a key, has none to repeat.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Annotated, Any, TypeVar

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

LONGEST_NAME = 300
"""Characters of a name or a title that the service gives to something."""

_MOST_MENDED = 100
"""Odd places of one reply that are overlooked; each costs a reading of the whole."""

_AT = re.compile(r" - at `\$(.*)`\Z")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")

_LONGEST_FILE_NAME = 1000  # characters; what a file system does not take loses its middle, not its suffix

_IDENTIFIER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._:/@+=-]{0,254}[A-Za-z0-9=])?")
_WORD = re.compile(r"[^\W\d][\w.-]{0,63}")
_SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}")


Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""A whole number as a type of a field; one that no counter reaches is none."""


class Count(int):
    """A whole number as a type of a field; 0 for what is none, and for one that no counter reaches."""


class Floor(int):
    """A number as a type of a field, without its fraction."""


class Identifier(str):
    """`identifier` as a type of a field; empty for what is none."""


class Word(str):
    """`word` as a type of a field; empty for what is none."""


class FileId(str):
    """`file_id` as a type of a field; empty for what is none."""


class ModelName(str):
    """`model_name` as a type of a field; empty for what is none."""


class LongLabel(str):
    """The name of a file, in one line of at most 1000 characters; empty for what is none."""


class Label(str):
    """`label` as a type of a field; empty for what is none."""


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


def _field(kind: type, found: object) -> object:
    """Raises ValueError for what counts as missing."""
    if kind is Floor:
        return Floor(number(found))  # type: ignore[arg-type]  # None raises TypeError, which is as good
    return Count(whole(found) or 0) if kind is Count else kind(_FIELDS[kind](found) or "")


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


def _labelled(found: object) -> str:
    return label(from_outside(found)) if isinstance(found, str) else ""


def _cleaned(check: Callable[[object], str | None]) -> Callable[[object], str | None]:
    return lambda found: check(from_outside(found)) if isinstance(found, str) else None


_FIELDS: dict[type, Callable[[object], str | None]] = {
    Identifier: _cleaned(identifier),
    Word: _cleaned(word),
    FileId: _cleaned(file_id),
    ModelName: _cleaned(model_name),
    Label: _labelled,
    LongLabel: lambda found: label(from_outside(found), most=_LONGEST_FILE_NAME) if isinstance(found, str) else "",
}
