"""Texts of several rows: matrices, cases and aligned equations, placed side by side on one middle row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .rows import cells

_BRACKETS = {
    "(": "⎛⎜⎝",
    ")": "⎞⎟⎠",
    "[": "⎡⎢⎣",
    "]": "⎤⎥⎦",
    "{": "⎧⎪⎩",
    "}": "⎫⎪⎭",
    "|": "│││",
    "‖": "‖‖‖",
    "⌊": "││⎣",
    "⌋": "││⎦",
    "⌈": "⎡││",
    "⌉": "⎤││",
    "⟨": "⟨⟨⟨",
    "⟩": "⟩⟩⟩",
}
_MIDDLES = {"{": "⎨", "}": "⎬"}


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of one width in cells; `middle` is the row on the line of the text around it."""

    rows: tuple[str, ...]
    middle: int = 0

    @property
    def width(self) -> int:
        return cells(self.rows[0])


def grid(rows: Sequence[Sequence[str]], alignments: str, gap: str, rules: Sequence[int] = ()) -> Grid:
    """Arrange cells in columns; `alignments` has l, c or r for each, and its last one repeats.

    `rules` are the columns that have a line before them; a row without cells is a line.
    """
    count = max(map(len, rows))
    full = [[*row, *[""] * (count - len(row))] if row else [] for row in rows]
    widths = [max(cells(row[column]) for row in full if row) for column in range(count)]
    gaps = ["" if not column else f"{gap}│{gap}" if column in rules else gap for column in range(count)]
    lines = [
        "".join(
            gaps[column] + _aligned(row[column], widths[column], alignments[min(column, len(alignments) - 1)])
            for column in range(count)
        )
        if row
        else "".join(gaps[column].replace(" ", "─").replace("│", "┼") + "─" * widths[column] for column in range(count))
        for row in full
    ]
    return _squared(lines, (len(lines) - 1) // 2)


def bracketed(inner: Grid, left: str, right: str) -> Grid:
    """Put brackets as tall as the grid around it; an empty bracket is left out."""
    tall = [_tall(sign, len(inner.rows)) for sign in (left, right)]
    space = " " if left == "{" and not right else ""
    rows = [f"{before}{space}{row}{after}" for before, row, after in zip(tall[0], inner.rows, tall[1], strict=True)]
    return _squared(rows, inner.middle)


def beside(parts: Sequence[Grid]) -> Grid:
    """Set grids side by side, their middle rows on one line."""
    above = max(part.middle for part in parts)
    below = max(len(part.rows) - part.middle for part in parts)
    rows = [""] * (above + below)
    for part in parts:
        first = above - part.middle
        for index in range(len(rows)):
            inside = first <= index < first + len(part.rows)
            rows[index] += part.rows[index - first] if inside else " " * part.width
    return _squared(rows, above)


def _tall(sign: str, height: int) -> list[str]:
    if not sign or height == 1:
        return [sign] * height
    parts = _BRACKETS.get(sign, sign * 3)
    column = [parts[0], *[parts[1]] * (height - 2), parts[2]]
    if sign in _MIDDLES and height > 2:
        column[(height - 1) // 2] = _MIDDLES[sign]
    return column


def _aligned(text: str, width: int, alignment: str) -> str:
    left = {"l": 0, "r": width - cells(text)}.get(alignment, (width - cells(text)) // 2)
    return " " * left + text + " " * (width - left - cells(text))


def _squared(rows: Sequence[str], middle: int) -> Grid:
    width = max(map(cells, rows))
    return Grid(tuple(row + " " * (width - cells(row)) for row in rows), middle)
