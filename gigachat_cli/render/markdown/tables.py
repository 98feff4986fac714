"""Tables: columns with light rules between them, or one record below the other on a narrow screen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from markdown_it.token import Token

from .inline import Inline
from .look import Look
from .rows import PLAIN, Line, Run, Runs, cells, total_cells, words, wrap
from .table_lines import split_row

_GUTTER = " │ "
_NARROWEST = 6  # cells a column needs on average; with less, records are easier to read
_HANGING = 2  # cells that the later lines of a record's field stand further right
_RECORD_RULE = 12
_LEAST_SLACK = 4
_UNWRAPPED = 1_000_000


@dataclass(frozen=True, slots=True)
class Table:
    """The cells of a table as runs. Alignments are `left`, `right`, `center` or empty."""

    head: list[Runs]
    alignments: list[str]
    rows: list[list[Runs]]


def read_table(tokens: Sequence[Token], inline: Inline) -> Table:
    """Read the tokens of one table."""
    rows: list[list[Runs]] = []
    alignments: list[str] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "th_open":
            alignments.append(str(token.attrs.get("style", "")).removeprefix("text-align:"))
        elif token.type == "inline":
            base = inline.look.style("text" if len(rows) > 1 else "table_head")
            rows[-1].append(inline.runs(token.content, base))
    return Table(rows[0], alignments, rows[1:])


def read_row(line: str, columns: int, inline: Inline) -> list[Runs]:
    """Read a row of a table from its line; missing cells are left out, cells beyond the columns are dropped."""
    parts = split_row(line, columns)[:columns]
    return [inline.runs(part, inline.look.style("text")) for part in parts]


class Needs:
    """The cells that the columns of a table need: for their texts unwrapped, and at least, for their longest words."""

    def __init__(self, head: Sequence[Runs]) -> None:
        self.natural = [1] * len(head)
        self.least = [1] * len(head)
        self.add(head)

    def add(self, cells: Sequence[Runs]) -> None:
        """Add the head or a row."""
        self.natural = _wider(self.natural, (_widest(wrap(cell, _UNWRAPPED)) for cell in cells))
        self.least = _wider(self.least, map(_longest_word, cells))

    def widen(self, width: int) -> None:
        """Divide the room that is left on the screen among columns that are about to be fixed, for later rows."""
        share = max(0, self._room(width) - sum(self.natural)) // len(self.natural)
        self.natural = [size + min(share, max(_LEAST_SLACK, size)) for size in self.natural]

    def widths(self, width: int) -> list[int] | None:
        """The widths of the columns on a screen of `width` cells; None where there is no room for columns."""
        room = self._room(width)
        if sum(self.natural) <= room:
            return list(self.natural)
        if room < max(sum(self.least), _NARROWEST * len(self.natural)):
            return None
        return _shared(room, self.least, self.natural)

    def _room(self, width: int) -> int:
        return width - len(_GUTTER) * (len(self.natural) - 1)


class TableLayout:
    """The columns of one table; widths are chosen for the rows known when it is created.

    Without room for columns a row becomes a record: one line `header: value` per column.
    """

    def __init__(self, table: Table, look: Look, width: int, needs: Needs | None = None) -> None:
        self._table = table
        self._width = width
        self._faint = look.named("faint")
        if needs is None:
            needs = Needs(table.head)
            for cells in table.rows:
                needs.add(cells)
        self.widths = needs.widths(width)
        self._natural = needs.natural

    def lines(self) -> list[Runs]:
        """Lay the whole table out."""
        table = self._table
        if not table.rows and self.widths is None:
            return self.row([[] for _ in table.head], first=True)
        rows = (self.row(cells, first=not index) for index, cells in enumerate(table.rows))
        return [*self.head(), *(line for lines in rows for line in lines)]

    def head(self) -> list[Runs]:
        if self.widths is None:
            return []
        rule = "─┼─".join("─" * width for width in self.widths)
        return [*self._columns(self._table.head, self.widths), [(rule, self._faint)]]

    def head_alone(self) -> list[Runs]:
        """The header before there is any row: in one line, unless its columns are clear."""
        if self.widths == self._natural:
            return self.head()
        joined = [run for name in self._table.head for run in [*name, (_GUTTER, self._faint)]]
        return [line.runs for line in wrap(joined[:-1], self._width)]

    def row(self, cells: Sequence[Runs], *, first: bool) -> list[Runs]:
        """Lay one row out; a rule separates records, but does not precede the first one."""
        if self.widths is None:
            return self._record(cells, first=first)
        return self._columns(cells, self.widths)

    def _columns(self, cells: Sequence[Runs], widths: Sequence[int]) -> list[Runs]:
        wrapped = [wrap(cell, width, whole_addresses=False) for cell, width in zip(cells, widths, strict=False)]
        lines: list[Runs] = []
        for index in range(max(map(len, wrapped), default=1)):
            line: Runs = []
            for column, width in enumerate(widths):
                if column:
                    line.append((_GUTTER, self._faint))
                given = column < len(wrapped) and index < len(wrapped[column])
                content = wrapped[column][index].runs if given else []
                line += _aligned(content, width, self._table.alignments[column])
            lines.append(_stripped(line))
        return lines

    def _record(self, cells: Sequence[Runs], *, first: bool) -> list[Runs]:
        lines: list[Runs] = [] if first else [[("─" * min(_RECORD_RULE, self._width), self._faint)]]
        for name, cell in zip(self._table.head, cells, strict=False):
            wide = max(1, self._width - _HANGING)
            for number, line in enumerate(wrap([*name, (": ", PLAIN), *cell], wide)):
                # An address that is wider than the rest stays where it can be copied in one piece.
                indented = number and total_cells(line.runs) <= wide
                lines.append([(" " * _HANGING, PLAIN), *line.runs] if indented else line.runs)
        return lines


def _wider(widths: Sequence[int], found: Iterable[int]) -> list[int]:
    """The larger of each two; a row may lack cells at its end."""
    return [max(width, size) for width, size in zip_longest(widths, found, fillvalue=1)]


def _widest(lines: Sequence[Line]) -> int:
    return max(total_cells(line.runs) for line in lines)


def _longest_word(cell: Runs) -> int:
    """The cells of the longest text that is not broken: a word, a number, an address."""
    return max(map(cells, words("".join(text for text, _ in cell))), default=1)


def _shared(room: int, least: Sequence[int], most: Sequence[int]) -> list[int]:
    """Divide the room evenly among columns, so that each has at least its minimum and at most its maximum."""
    widths = list(least)
    open_ones = set(range(len(widths)))
    while open_ones:
        left = room - sum(widths[column] for column in range(len(widths)) if column not in open_ones)
        shares = {
            column: left // len(open_ones) + (index < left % len(open_ones))
            for index, column in enumerate(sorted(open_ones))
        }
        for column, share in shares.items():
            widths[column] = min(max(share, least[column]), most[column])
        # The limits that moved more cells apply; the columns within the others get another share then.
        surplus = sum(widths[column] for column in open_ones) - left
        if not surplus:
            break
        open_ones = {
            column
            for column, share in shares.items()
            if not (widths[column] > share if surplus > 0 else widths[column] < share)
        }
    return widths


def _aligned(content: Runs, width: int, alignment: str) -> Runs:
    left, right = 0, max(0, width - total_cells(content))
    if alignment == "right":
        left, right = right, 0
    elif alignment == "center":
        left, right = right // 2, right - right // 2
    before: list[Run] = [(" " * left, PLAIN)] if left else []
    after: list[Run] = [(" " * right, PLAIN)] if right else []
    return [*before, *content, *after]


def _stripped(line: Runs) -> Runs:
    """Remove the blanks at the end of a line."""
    kept = list(line)
    while kept and not kept[-1][0].strip():
        kept.pop()
    if kept:
        kept[-1] = (kept[-1][0].rstrip(), kept[-1][1])
    return kept
