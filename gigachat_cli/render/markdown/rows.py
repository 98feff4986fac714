"""Rows of cells: styled runs of text, their widths, and how prose is wrapped.

A run is a piece of text and its ink.  A line is a list of runs without a width; a row is one line of the screen.
Widths are in cells of the terminal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

from rich.cells import cell_len, get_character_cell_size, split_graphemes


@dataclass(frozen=True, slots=True)
class Ink:
    """The escape sequences written before and after a text; both are empty for plain text."""

    open: str
    close: str


PLAIN = Ink("", "")

TAB_STOP = 8
"""Cells between the tab stops of a terminal."""

Run = tuple[str, Ink]
Runs = list[Run]


@dataclass(frozen=True, slots=True)
class Line:
    """A wrapped line of prose, and the text at its end: a newline, blanks or nothing."""

    runs: Runs
    end: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the screen.

    A joined row is followed by the rest of the same line without a newline: the terminal wraps it itself, so that
    copying gives the line back in one piece.
    """

    runs: tuple[Run, ...]
    cells: int
    joined: bool = False

    @property
    def ambiguous(self) -> bool:
        return any(is_ambiguous(text) for text, _ in self.runs)

    def ansi(self) -> str:
        return "".join(f"{ink.open}{text}{ink.close}" for text, ink in self.runs)


# Marks on which terminals disagree: joiners, variation selectors, flags, skin tones, scripts with spacing marks.
_AMBIGUOUS = re.compile(
    "[^\u0020-\u00ac\u00ae-\u058f\u1e00-\u1fff\u2000-\u200a\u2010-\u2027\u2030-\u205e\u2070-\u218f"
    "\u2190-\u22ff\u2500-\u25fc\u3000-\u3163\u3165-\u9fff\uac00-\ud7a3\uff01-\uff60\U0001d400-\U0001d7ff]"
)
# What old terminals draw as separate glyphs: joined emoji, flags, skin tones, and an empty letter.
_DRAWN_APART = re.compile("[\u200d\u3164\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff]")
_LONGEST_GRAPHEME = 40  # characters; more in one glyph count as a cell, so that every row ends
# A row may begin with a wide glyph, but not with the punctuation after it.
_WIDE = "\u2e80-\u2fff\u3040-\u9fff\uac00-\ud7a3\uff21-\uff5a"
_WIDE_MARKS = "\u3001\u3002\uff0c\uff0e\uff01\uff1f\uff1a\uff1b\uff09\u300d\u300f\u3011"
_PIECES = re.compile(f" +|\n|[{_WIDE}][{_WIDE_MARKS}]*|[^ \n{_WIDE}]+")
_OF_ADDRESSES = ("://", "www.", "mailto:")
_WIDE_WORD = re.compile(f"[{_WIDE}]")


def is_ambiguous(text: str) -> bool:
    """Whether terminals may disagree about the width of this text; tabs count, as their stops can be set."""
    return "\t" in text if text.isascii() else _AMBIGUOUS.search(text) is not None


def clear_beginning(runs: Iterable[Run]) -> Runs:
    """The beginning of a text up to the first glyph on whose width terminals may disagree."""
    clear: Runs = []
    for text, ink in runs:
        if is_ambiguous(text):
            glyphs = (glyph for glyph, _ in _graphemes(text))
            if begun := "".join(takewhile(lambda glyph: not is_ambiguous(glyph), glyphs)):
                clear.append((begun, ink))
            break
        clear.append((text, ink))
    return clear


def cells(text: str) -> int:
    """The width of a text, the larger one where terminals disagree, so that no row overflows."""
    return len(text) if text.isascii() else _wide_cells(text)


def total_cells(runs: Iterable[Run]) -> int:
    return sum(cells(text) for text, _ in runs)


def wrap(runs: Iterable[Run], width: int, *, whole_addresses: bool = True) -> list[Line]:
    """Wrap prose greedily at blanks, between wide glyphs, and inside words that are wider than a row.

    An address is not broken: it gets a line of its own, which is wider and which the terminal wraps, so that it can be
    clicked and copied in one piece.  Without `whole_addresses`, for a cell of a table, no line is wider.

    The last line's end has the blanks that came after it, so that wrapping can continue from there.
    """
    return _Wrapping(width, whole_addresses=whole_addresses).wrap(runs)


def words(text: str) -> list[str]:
    """The parts of a text that wrapping does not break when they fit in a row."""
    return [piece for piece in _PIECES.findall(text) if piece[0] not in " \n"]


def unwrap(lines: Iterable[Line]) -> Runs:
    """The runs from which lines were wrapped."""
    runs: Runs = []
    for line in lines:
        runs.extend(line.runs)
        if line.end:
            runs.append((line.end, PLAIN))
    return runs


def merge(runs: Iterable[Run]) -> Runs:
    """Join neighbours of the same ink, so that no escape sequence is written twice."""
    merged: Runs = []
    for text, ink in runs:
        if merged and merged[-1][1] == ink:
            merged[-1] = (merged[-1][0] + text, ink)
        elif text:
            merged.append((text, ink))
    return merged


def soft_rows(runs: Runs, width: int) -> list[Row]:
    """Split a line that the terminal itself wraps into the rows that it will take.

    In a line that fits and begins at the margin, tabs stay tabs, for terminals that copy them.
    """
    if any("\t" in text for text, _ in runs):
        text = "".join(text for text, _ in runs)
        size = cells(text.expandtabs(TAB_STOP))
        if size < width and text[: text.rfind("\t")].isascii():
            return [Row(tuple(merge(runs)), size)]
        runs = without_tabs(runs)
    size = total_cells(runs)
    if size <= width:
        return [Row(tuple(merge(runs)), size)]
    rows: list[Row] = []
    row: Runs = []
    column = 0
    for text, ink in runs:
        for part, size in _fill(text, width, column):
            if column + size > width and column:
                rows.append(Row(tuple(merge(row)), column, joined=True))
                row, column = [], 0
            row.append((part, ink))
            column += size
    rows.append(Row(tuple(merge(row)), column))
    return rows


def without_tabs(runs: Runs) -> Runs:
    """The runs of a line with blanks up to each tab stop."""
    expanded: Runs = []
    column = 0
    for text, ink in runs:
        offset = column % TAB_STOP
        expanded.append(((" " * offset + text).expandtabs(TAB_STOP)[offset:], ink))
        column += len(expanded[-1][0])
    return expanded


@lru_cache(maxsize=8192)
def _wide_cells(text: str) -> int:
    size = max(cell_len(text), len(text) // _LONGEST_GRAPHEME)
    if _DRAWN_APART.search(text):
        return max(size, sum(_alone(each) for each in text))
    return size


def _alone(character: str) -> int:
    """The cells of a character that combines with nothing."""
    return 2 if character > "\u200d" and _DRAWN_APART.match(character) else get_character_cell_size(character)


def _graphemes(text: str) -> Iterator[tuple[str, int]]:
    for start, end, _ in split_graphemes(text)[0]:
        for begin in range(start, end, _LONGEST_GRAPHEME):
            part = text[begin : min(end, begin + _LONGEST_GRAPHEME)]
            yield part, cells(part)


def _fill(text: str, width: int, column: int) -> Iterator[tuple[str, int]]:
    """Cut a text into pieces, the first one filling the row from this column on."""
    if text.isascii():
        start, room = 0, width - column or width
        while start < len(text):
            piece = text[start : start + room]
            yield piece, len(piece)
            start, room = start + room, width
        return
    piece, size, room = "", 0, width - column
    for grapheme, grapheme_cells in _graphemes(text):
        if size + grapheme_cells > room:
            if piece:
                yield piece, size
            piece, size, room = "", 0, width
        piece += grapheme
        size += grapheme_cells
    if piece:
        yield piece, size


class _Wrapping:
    """One pass of greedy wrapping: a row being filled, and the word that comes next."""

    def __init__(self, width: int, *, whole_addresses: bool) -> None:
        self._width = max(1, width)
        self._whole_addresses = whole_addresses
        self._lines: list[Line] = []
        self._row: Runs = []
        self._column = 0
        self._gap: Run | None = None
        self._word: Runs = []
        self._word_cells = 0

    def wrap(self, runs: Iterable[Run]) -> list[Line]:
        for text, ink in runs:
            for piece in _PIECES.findall(text):
                first = piece[0]
                if first == "\n":
                    self._place_word()
                    self._end_row("\n")
                elif first == " ":
                    self._place_word()
                    self._gap = (self._gap[0] + piece, ink) if self._gap else (piece, ink)
                elif first > "\u2e7f" and _WIDE_WORD.match(first):
                    self._place_word()
                    self._word, self._word_cells = [(piece, ink)], cells(piece)
                else:
                    if self._word and _WIDE_WORD.match(self._word[-1][0]):
                        self._place_word()
                    self._word.append((piece, ink))
                    self._word_cells += cells(piece)
        self._place_word()
        self._end_row(self._gap[0] if self._gap else "")
        return self._lines

    def _place_word(self) -> None:
        if not self._word:
            return
        gap_cells = len(self._gap[0]) if self._gap else 0
        if self._row and self._column + gap_cells + self._word_cells > self._width:
            self._end_row(self._gap[0] if self._gap else "")
        elif self._row and self._gap:
            self._row.append(self._gap)
            self._column += gap_cells
        self._gap = None
        if self._word_cells > self._width and not self._stays_whole():
            self._fold_word()
        else:
            self._row.extend(self._word)
            self._column += self._word_cells
        self._word, self._word_cells = [], 0

    def _stays_whole(self) -> bool:
        # Where terminals disagree about its width, the number of its rows is unknown.
        word = "".join(text for text, _ in self._word)
        return self._whole_addresses and any(part in word for part in _OF_ADDRESSES) and not is_ambiguous(word)

    def _fold_word(self) -> None:
        for text, ink in self._word:
            for part, size in _fill(text, self._width, self._column):
                if self._row and self._column + size > self._width:
                    self._end_row("")
                self._row.append((part, ink))
                self._column += size

    def _end_row(self, end: str) -> None:
        self._lines.append(Line(merge(self._row), end))
        self._row, self._column, self._gap = [], 0, None
