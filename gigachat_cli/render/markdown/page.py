"""The page: finished lines become rows, after the bullets and bars of the lists and quotes around them.

It also puts the space between blocks: one empty row, but inside lists only where the text has one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .look import Look
from .rows import PLAIN, Row, Run, Runs, merge, soft_rows

_BULLETS = "•◦▪"
_BULLET_CELLS = 3
_TASK = re.compile(r"\A\[[ xX]\](?: |(?=\n)|\Z)")
_NARROWEST = 2  # a wide glyph must always fit


@dataclass(slots=True)
class Quote:
    """A block quote: a bar before each row."""

    bar: Run
    fresh: bool = True

    @property
    def first(self) -> Run:
        return self.bar

    @property
    def rest(self) -> Run:
        return self.bar


@dataclass(slots=True)
class ListItem:
    """A list item: a bullet or number before its first row, blanks before the others."""

    first: Run
    rest: Run
    fresh: bool = True


Container = Quote | ListItem


class Page:
    """The rows of one answer at one width, and the containers that are open at its end."""

    def __init__(self, look: Look, width: int) -> None:
        self.look = look
        self.width = width
        self.containers: list[Container] = []
        self._rows: list[Row] = []
        self._gap: list[Row] = []
        self._started = False
        self._continues = False

    @property
    def prose_width(self) -> int:
        """The cells that are left for prose inside the open containers."""
        return max(_NARROWEST, self.look.prose_width(self.width) - self._prefix_cells())

    def begin(self, *, blank_before: bool, sibling: bool = False) -> None:
        """Begin a block; `sibling` is an item that continues its list."""
        parent = self.containers[-1] if self.containers else None
        empty = not self._started if parent is None else parent.fresh
        if not empty and (blank_before or not (sibling or isinstance(parent, ListItem))):
            self._gap = self._dress([[]])

    def open_quote(self) -> None:
        bar = "▌ " if self._fits(2) else ""
        self.containers.append(Quote((bar, self.look.named("bullet"))))

    def open_item(self, number: int | None) -> None:
        """Open a list item; bullets have no number."""
        if number is None:
            depth = sum(isinstance(container, ListItem) for container in self.containers)
            mark = f" {_BULLETS[depth % len(_BULLETS)]} "
        else:
            mark = f"{number:>2}. "
        if not self._fits(len(mark)):
            mark = ""
        self.containers.append(ListItem((mark, self.look.named("bullet")), (" " * len(mark), PLAIN)))

    def close(self) -> None:
        """Close the innermost container; an item without content keeps its bullet."""
        container = self.containers[-1]
        if container.fresh and isinstance(container, ListItem):
            self.settle([[]])
        self.containers.pop()

    def settle(self, lines: Sequence[Runs]) -> None:
        """Add finished lines."""
        if lines:
            self.settle_rows(self.preview(lines))

    def settle_rows(self, rows: Sequence[Row], *, unfinished: bool = False) -> None:
        """Add rows made by `preview` as they are.

        After an unfinished one, the next line continues where it ends, without a bullet or a bar.
        """
        if rows:
            self._rows.extend(rows)
            if unfinished:
                self._rows[-1] = replace(rows[-1], joined=True)
            only_gap = len(rows) <= len(self._gap)
            self._gap = []
            self._continues = unfinished
            self._started = True
            for container in self.containers:
                container.fresh = container.fresh and only_gap

    def preview(self, lines: Sequence[Runs]) -> list[Row]:
        """The rows that lines would become, with the empty row before them where one is needed."""
        return [*self._gap, *self._dress(lines)] if lines else []

    @property
    def gap_rows(self) -> int:
        """How many empty rows come before the next line."""
        return len(self._gap)

    def resize(self, width: int) -> None:
        self.width = width

    def take_task_box(self, text: str) -> str:
        """If the text of an item begins with the box of a task, show the box in place of the item's bullet; a number
        stays.
        """
        item = self.containers[-1] if self.containers else None
        box = _TASK.match(text) if isinstance(item, ListItem) and item.fresh else None
        if box is None or not isinstance(item, ListItem):
            return text
        sign = "☐" if box[0][1] == " " else "☑"
        if len(item.first[0]) != _BULLET_CELLS:
            return f"{sign} {text[box.end() :]}"
        item.first = (f" {sign} ", item.first[1])
        return text[box.end() :]

    def take(self) -> list[Row]:
        """The rows settled since the last call."""
        rows, self._rows = self._rows, []
        return rows

    def prefix_length(self) -> int:
        """How many characters stand before the next line."""
        return 0 if self._continues else sum(len(container.rest[0]) for container in self.containers)

    def _prefix_cells(self) -> int:
        return sum(len(container.rest[0]) for container in self.containers)

    def _fits(self, cells: int) -> bool:
        return self.look.prose_width(self.width) - self._prefix_cells() - cells >= _NARROWEST

    def _dress(self, lines: Sequence[Runs]) -> list[Row]:
        rows: list[Row] = []
        first = merge(container.first if container.fresh else container.rest for container in self.containers)
        rest = merge(container.rest for container in self.containers)
        for index, line in enumerate(lines):
            prefix = rest if index else [] if self._continues else first
            if line:
                rows += soft_rows([*prefix, *line], self.width)
            else:
                rows += soft_rows(_without_trailing_blanks(prefix), self.width)
        return rows


def _without_trailing_blanks(runs: Sequence[Run]) -> Runs:
    kept = list(runs)
    while kept and not kept[-1][0].strip():
        kept.pop()
    return [*kept[:-1], (kept[-1][0].rstrip(), kept[-1][1])] if kept else []
