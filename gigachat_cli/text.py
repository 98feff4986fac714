"""Text from outside, made safe to show: for a terminal, and for one line of a problem."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

MAX_PROBLEM_CHARACTERS = 300

_ESC = "\x1b"
BIDI_CONTROLS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNSAFE = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{BIDI_CONTROLS}]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_STRING_INTRODUCERS = "]PX^_"  # OSC, DCS, SOS, PM, APC after ESC
_C1_AS_ESC = {"\x90": "P", "\x98": "X", "\x9b": "[", "\x9d": "]", "\x9e": "^", "\x9f": "_"}
_MOST_MARKS = 2  # on one letter, as Vietnamese and Thai have them; more would hide what is around them
_LOOKS_EMPTY = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\U00016fe4\U0001d159"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
"""Variation selectors, fillers and blank signs: drawn as nothing, though Unicode counts them among what is seen."""
_PASTE_MARKS = re.compile(r"(?:\x1b?\[|\x9b)20[01]~")
_LONGEST_CSI = 256
_LONGEST_STRING = 4096


def without_paste_marks(text: str) -> str:
    """A text that was pasted, without the marks that a terminal may put around it (bracketed paste)."""
    return _PASTE_MARKS.sub("", text)


class TerminalFilter:
    """Takes every control out of a text that arrives in pieces, but newline and tab.

    Removed are C0, DEL, C1, escape sequences of every kind, and the controls of text direction.  A sequence that is
    split between pieces is removed all the same; one that never ends (at a line end, after 4096 characters, or at
    the end of the text) is shown as the harmless characters that it is made of, so no text is ever swallowed.
    """

    def __init__(self) -> None:
        self._pending = ""  # an escape sequence so far: "\x1b", or "\x1b[" and its rest

    def feed(self, text: str) -> str:
        """The part of the text that can be shown already."""
        if not self._pending and not _UNSAFE.search(text):
            return text
        text, self._pending = self._pending + text, ""
        shown: list[str] = []
        at = 0
        while found := _UNSAFE.search(text, at):
            shown.append(text[at : found.start()])
            character = found[0]
            at = found.end()
            if character != _ESC and character not in _C1_AS_ESC:
                continue
            end = _end_of_sequence(text, found.start())
            if end is None:  # more may come
                self._pending = text[found.start() :]
                return "".join(shown)
            at = max(end, at)
        shown.append(text[at:])
        return "".join(shown)

    def close(self) -> str:
        """What was held back, as plain text; the filter is as new."""
        held, self._pending = self._pending, ""
        return _UNSAFE.sub("", held)


def safe(text: str) -> str:
    """A whole text, safe for a terminal."""
    terminal_filter = TerminalFilter()
    return terminal_filter.feed(text) + terminal_filter.close()


def one_line(text: str, limit: int = MAX_PROBLEM_CHARACTERS) -> str:
    """A text from outside as one safe line of at most `limit` characters."""
    # More than can be shown is not looked at: a gateway's page may be large.
    line = " ".join(safe(text[: limit * 20]).split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def mended(text: str) -> str:
    """The text with each pair of surrogates as the one character that it means, and a lone one as U+FFFD."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class SurrogateJoiner:
    """`mended` for a text that arrives in pieces: a pair may be split between two of them."""

    def __init__(self) -> None:
        self._first = ""  # half of a pair, whose other half may come

    def feed(self, text: str) -> str:
        if not text:
            return text
        text, self._first = self._first + text, ""
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._first = text[:-1], text[-1]
        return mended(text)

    def close(self) -> str:
        """What stands for a half that stayed alone; the joiner is as new."""
        first, self._first = self._first, ""
        return mended(first)


def visible(text: str) -> str:
    """The text with an escape for each character that is not plainly seen, so that it can stand in a line.

    Escaped are controls, those of text direction, characters without width, tags, variation selectors, line and
    paragraph separators, every blank but a single space between two other characters, letters that look like a
    blank, and marks that stand on no letter or on two others.  A backslash stays one: where an escape must be told
    from its letters, give text whose own backslashes are doubled, such as JSON.
    """
    if text.isascii() and text.isprintable() and "  " not in text and text == text.strip():
        return text
    shown: list[str] = []
    end = len(text.rstrip(" "))
    previous, marks = " ", 0  # a blank at the start follows a blank, as it were
    for at, each in enumerate(text):
        if each == " ":
            plain, marks = previous != " " and at < end, 0
        elif each.isascii():
            plain, marks = each.isprintable(), 0
        elif (kind := _kind(each)) == "mark":
            plain = (previous.isalnum() or marks > 0) and marks < _MOST_MARKS
            marks += plain
        else:
            plain, marks = kind == "seen", 0
        shown.append(each if plain else "\\x20" if each == " " else each.encode("unicode_escape").decode())
        previous = each
    return "".join(shown)


def in_quotes(text: str) -> str | None:
    """What stands between double quotes; None when it does not."""
    return text[1:-1] if len(text) > 2 and text[0] == text[-1] == '"' else None


@lru_cache(4096)
def _kind(character: str) -> Literal["seen", "hidden", "mark"]:
    """Whether a character is seen by itself, or is a mark that is drawn upon the one before it."""
    import unicodedata  # large

    category = unicodedata.category(character)
    if category == "Me" or character in _LOOKS_EMPTY or not character.isprintable():
        return "hidden"  # a mark that encloses is one that covers
    return "mark" if category in ("Mn", "Mc") else "seen"


def _end_of_sequence(text: str, start: int) -> int | None:
    """Where the escape sequence at `start` ends; `start` + 1 when it is none after all; None when it goes on."""
    if text[start] == _ESC:
        if start + 1 == len(text):
            return None
        kind, at = text[start + 1], start + 2
    else:
        kind, at = _C1_AS_ESC[text[start]], start + 1
    if kind == "[":
        return _end_of_csi(text, start, at)
    if kind in _STRING_INTRODUCERS:
        return _end_of_string(text, start, at)
    if " " <= kind <= "/":  # ESC ( 0 and its like: intermediates, then one final
        while at < len(text) and " " <= text[at] <= "/" and at - start < _LONGEST_CSI:
            at += 1
        if at == len(text):
            return None
        return at + 1 if "0" <= text[at] <= "~" else start + 1
    return at if "0" <= kind <= "~" else start + 1


def _end_of_csi(text: str, start: int, at: int) -> int | None:
    while at < len(text) and at - start < _LONGEST_CSI:
        if "@" <= text[at] <= "~":
            return at + 1
        if not " " <= text[at] <= "?":
            return start + 1
        at += 1
    return None if at == len(text) else start + 1


def _end_of_string(text: str, start: int, at: int) -> int | None:
    limit = min(len(text), start + _LONGEST_STRING)
    while at < limit:
        character = text[at]
        if character in "\x07\x9c":
            return at + 1
        if character == _ESC:
            if at + 1 == len(text):
                return None
            return at + 2 if text[at + 1] == "\\" else at
        if character in _C1_AS_ESC:  # a new sequence begins; each text is looked at once, however hostile
            return at
        if character == "\n":
            return start + 1
        at += 1
    return None if at < start + _LONGEST_STRING else start + 1
