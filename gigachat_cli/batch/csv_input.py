"""Records of a CSV table, one at a time, from lines that arrive one at a time."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import AsyncIterator

from ..errors import UsageError
from .source import LONGEST_LINE, InputLine, text_of

_LONGEST_RECORD = 1024 * 1024


class Records:
    """The records of a table.  After a broken one, the next line begins a new record: only the broken one is lost."""

    def __init__(self, lines: AsyncIterator[InputLine]) -> None:
        csv.field_size_limit(LONGEST_LINE)
        self._lines = lines
        self._again: deque[InputLine] = deque()  # lines read ahead for an unfinished record; the next one is the last
        self._delimiter = ""

    def __aiter__(self) -> Records:
        return self

    async def __anext__(self) -> tuple[InputLine, list[str] | UsageError]:
        first = await self._next()
        while first is not None and first.content is not None and not first.content.strip():
            first = await self._next()
        if first is None:
            raise StopAsyncIteration
        taken: list[InputLine] = [first]
        texts: list[str] = []
        size = 0
        while True:
            try:
                texts.append(text_of(taken[-1]))
                self._delimiter = self._delimiter or _delimiter_of(texts[0])
                return first, next(csv.reader([f"{text}\n" for text in texts], self._dialect, strict=True))
            except UsageError as problem:
                broken = problem
            except csv.Error as problem:
                broken = UsageError(f"it is no record of a table ({problem})")
                size += len(texts[-1])
                following = await self._until_quote(taken, texts, size) if "end of data" in str(problem) else None
                if following is not None:
                    taken.append(following)
                    continue
            self._again.extendleft(reversed(taken[1:]))
            return first, broken

    @property
    def _dialect(self) -> type[csv.Dialect]:
        return {",": csv.excel, "\t": csv.excel_tab, ";": _Semicolons}[self._delimiter]

    async def _until_quote(self, taken: list[InputLine], texts: list[str], size: int) -> InputLine | None:
        """The next line that may end the record; the lines before it are consumed."""
        while size <= _LONGEST_RECORD:
            line = await self._next()
            if line is None or line.content is None:
                if line is not None:
                    taken.append(line)
                return None
            if b'"' in line.content:
                return line
            taken.append(line)
            texts.append(line.content.decode("utf-8", "replace"))
            size += len(line.content)
        return None

    async def _next(self) -> InputLine | None:
        if self._again:
            return self._again.popleft()
        return await anext(self._lines, None)


class _Semicolons(csv.excel):
    delimiter = ";"


def _delimiter_of(header: str) -> str:
    """The delimiter of the cells: spreadsheets write semicolons where the comma is the decimal separator."""
    return max(",;\t", key=lambda each: (header.count(each), each == ","))
