"""Which characters of a line a person typed, and which came from elsewhere: a paste, an editor, a line of the history.

A path after an `@` sends a file to the service.  So it counts only where a person typed it, and never in a text that
somebody else may have written.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

FOREIGN = "\0"
"""Stands for a character that was not typed."""

_LONGEST_KEPT = 10_000  # characters
_MOST_KEPT = 1_000  # lines


@dataclass(frozen=True, slots=True)
class TypedLine:
    """A line sent with Enter; `by_hand` is the same with `FOREIGN` for each character that was not typed, except
    blanks.
    """

    text: str
    by_hand: str


class ByHand:
    """Follows a line while it changes.

    A key adds one character, and a completion adds what was offered: both count as typed.  Any longer insertion does
    not, unless the whole line was typed before: it is recalled from the history, or a deletion is undone.
    """

    def __init__(self) -> None:
        self._text = ""
        self._marks = b""  # 1 for each character that was typed
        self._known: dict[str, bytes] = {}

    def begin(self) -> None:
        """Begin an empty line."""
        self._text, self._marks = "", b""

    def change(
        self, text: str, *, pasted: bool = False, recalled: bool = False, offered: Collection[str] = (), cursor: int = 0
    ) -> None:
        """The line has become `text`; `offered` are beginnings of it, up to the cursor, that a completion may have
        made.
        """
        before, old = self._text, self._marks
        start = _common(before, text)
        end = _common(before[start:][::-1], text[start:][::-1])
        added = len(text) - start - end
        known = None if pasted else self._known.get(text)
        if known is not None and (recalled or added > 1):
            marks = known
        elif recalled:
            marks = bytes(len(text))
        else:
            by_hand = not pasted and (added == 1 or any(each.startswith(text[:cursor]) for each in offered))
            marks = old[:start] + (b"\1" if by_hand else b"\0") * added + old[len(before) - end :]
        self._text, self._marks = text, marks
        self._keep()

    def end(self, text: str) -> TypedLine:
        """The line as it was sent."""
        marks = self._marks if text == self._text else bytes(len(text))
        kept = (each if mark or each.isspace() else FOREIGN for each, mark in zip(text, marks, strict=True))
        by_hand = text if all(marks) else "".join(kept)
        return TypedLine(_in_utf8(text), _in_utf8(by_hand))

    def _keep(self) -> None:
        if "@" in self._text and len(self._text) <= _LONGEST_KEPT:  # for other characters it makes no difference
            self._known.pop(self._text, None)
            self._known[self._text] = self._marks
            if len(self._known) > _MOST_KEPT:
                del self._known[next(iter(self._known))]


def _common(one: str, other: str) -> int:
    """The length of the common beginning of two texts; fast, since a long paste must not slow down each key."""
    least, most = 0, min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        if one[least:middle] == other[least:middle]:
            least = middle
        else:
            most = middle - 1
    return least


def _in_utf8(text: str) -> str:
    """In a locale without UTF-8, the bytes of a letter arrive as surrogates."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
