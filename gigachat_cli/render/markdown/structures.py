"""Structures of LaTeX with several parts: accents, negations, matrices, cases, aligned equations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from unicodedata import normalize

from .grids import bracketed, grid
from .setting import Piece, linear
from .symbols import ACCENTS, NEGATED

_ALONG = "\u0305\u0332\u0338\u0336\u20e5"  # marks that make one line over, under or through several letters
_LONGEST_BAR = 30
_ARROWS_ABOVE = "\u20d7\u20d6\u20e1\u20d0\u20d1"
_GAP = "  "


def trimmed(pieces: list[Piece]) -> list[Piece]:
    """Without the blanks at its ends."""
    while pieces and pieces[0].kind == "space":
        pieces = pieces[1:]
    while pieces and pieces[-1].kind == "space":
        pieces = pieces[:-1]
    return pieces


def negated(pieces: Sequence[Piece]) -> Piece:
    text = linear(pieces)
    return Piece("relation", NEGATED.get(text) or (f"{text[0]}\u0338{text[1:]}" if text else "¬"))


def accented(name: str, pieces: Sequence[Piece]) -> Piece:
    text, mark = linear(pieces), ACCENTS[name]
    if not text:
        return Piece("letter", "")
    if name == "overline" and text.isdigit():  # the period of a decimal fraction
        return Piece("letter", f"({text})")
    if len(text) == 1:
        return Piece("letter", normalize("NFC", text + ("\u0304" if name == "overline" else mark)))
    if mark in _ALONG and len(text) <= _LONGEST_BAR:
        return Piece("letter", "".join(letter + mark for letter in text))
    if text.isalnum() and mark in _ARROWS_ABOVE:
        return Piece("letter", text + mark)
    if len(text) == 3 and text.isalpha() and name == "widehat":  # an angle or an arc by three points
        return Piece("letter", f"{text[:2]}{mark}{text[2]}")
    return Piece("letter", f"{name}({text})")


def arc(pieces: Sequence[Piece]) -> Piece:
    """An arc named by its points, as in geometry."""
    return Piece("letter", f"⌒{linear(pieces)}")


def one_above(above: Sequence[Piece], below: Sequence[Piece], bracket: str) -> Piece:
    """Two texts above each other without a line between them, which in round brackets are a binomial coefficient."""
    if bracket in "C(":
        return Piece("letter", f"C({linear(above)}, {linear(below)})")
    return Piece("letter", f"{bracket}{linear(above)}; {linear(below)}{'}' if bracket == '{' else ']'}")


def _cells(lines: Sequence[Sequence[Sequence[Piece]]]) -> list[list[str]]:
    return [[linear(cell) for cell in line] for line in lines]


def _flat(texts: Sequence[Sequence[str]]) -> str:
    return "; ".join(" ".join(filter(None, line)) for line in texts if line)


def as_matrix(lines: list[list[list[Piece]]], brackets: str, columns: str) -> Piece:
    texts = _cells(lines)
    left, right = brackets.replace(" ", "") or "", ""
    if left:
        left, right = left[0], left[-1]
    letters = re.sub(r"[^lcr|]", "", columns)
    alignments = letters.replace("|", "") or "c"
    rules = [len(letters[:place].replace("|", "")) for place, letter in enumerate(letters) if letter == "|"]
    shown = grid(texts, alignments, _GAP if not rules else " ", [rule for rule in rules if 0 < rule < len(alignments)])
    return Piece("letter", f"{left}{_flat(texts)}{right}", bracketed(shown, left, right))


def as_cases(lines: list[list[list[Piece]]], *, right: bool) -> Piece:
    lines = [line for line in lines if line]
    texts = [[f"{line[0].rstrip(',')}," if len(line) > 1 and line[1] else line[0], *line[1:]] for line in _cells(lines)]
    shown = grid(texts, "l", " ")
    flat = _flat(texts)
    if right:
        return Piece("letter", f"{flat}}}", bracketed(shown, "", "}"))
    return Piece("letter", f"{{{flat}", bracketed(shown, "{", ""))


def as_aligned(lines: list[list[list[Piece]]]) -> Piece:
    lines = [line for line in lines if line]
    count = max(map(len, lines))
    texts = [[_with_edges(cell) for cell in line] for line in lines] if count > 1 else _cells(lines)
    texts = [[line[0].lstrip(), *line[1:]] for line in texts]
    shown = grid(texts, "rl" * count if count > 1 else "l", "")
    flat = "; ".join("".join(line).strip() for line in texts)
    return Piece("letter", flat, shown)


def _with_edges(cell: Sequence[Piece]) -> str:
    """The text of a cell with the blanks at its ends, as the next cell continues it."""
    text = linear(cell)
    if not text:
        return ""
    first, last = cell[0], cell[-1]
    before = " " if first.kind in ("space", "gap", "relation") else ""
    after = " " if last.kind in ("space", "gap", "relation") else ""
    return f"{before}{text}{after}"
