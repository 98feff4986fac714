"""The window that keeps the order: rows come as their items end, and are written in the order of the input.

It is bounded in items and in bytes: while one item is slow, only so many others are sent.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from .items import Item

_MOST_BYTES = 32 * 1024 * 1024


class RowSink(Protocol):
    """Where the rows are written."""

    def keep(self, line: int, crc: int, row: str) -> None:
        """Store a row that is ready before its turn; it comes again, by `write`."""

    def write(self, line: int, crc: int, rows: str, *, count: int) -> None:
        """Write the next `count` rows, the last of which belongs to `line`."""


class _Place:
    __slots__ = ("crc", "line", "row")

    def __init__(self, line: int, crc: int) -> None:
        self.line, self.crc = line, crc
        self.row: str | None = None


class Window:
    """Keeps the order of rows on their way to `sink`; at most `size` items are running or waiting."""

    def __init__(self, sink: RowSink, *, size: int) -> None:
        self._sink = sink
        self._size = size
        self._bytes = 0
        self._places: deque[_Place] = deque()
        self._by_line: dict[int, _Place] = {}
        self._moved = asyncio.Event()

    @property
    def has_room(self) -> bool:
        return len(self._places) < self._size and self._bytes < _MOST_BYTES

    async def moved(self) -> None:
        """Wait until rows have been written, or `wake` is called."""
        self._moved.clear()
        await self._moved.wait()

    def wake(self) -> None:
        """Wake whoever waits."""
        self._moved.set()

    def begin(self, item: Item) -> None:
        """Add an item; items are added in the order of the input."""
        place = _Place(item.line, item.crc)
        self._places.append(place)
        self._by_line[item.line] = place

    def end(self, item: Item, row: str, *, kept: bool = False) -> None:
        """Take the item's row; `kept` means that the sink has stored it already.  Raises what the sink raises."""
        place = self._by_line.pop(item.line)
        place.row = row
        if place is not self._places[0]:
            self._bytes += len(row)
            if not kept:
                self._sink.keep(place.line, place.crc, row)
            return
        rows = [row]
        self._places.popleft()
        while self._places and (ready := self._places[0].row) is not None:
            place = self._places.popleft()
            self._bytes -= len(ready)
            rows.append(ready)
        self._sink.write(place.line, place.crc, "".join(rows), count=len(rows))
        self._moved.set()
