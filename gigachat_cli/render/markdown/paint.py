"""Paints rows on a terminal: finished ones once, open ones again where they changed, with few bytes.

The cursor only moves relatively, never above the open rows, so the scrollback stays intact, and everything before the
answer too.  The cursor rests at the end of the last row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice

from .rows import Row, Run, cells, is_ambiguous

_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"
_SHORTEST_SKIP = 12  # moving right costs up to five bytes; shorter beginnings are written again


class Painter:
    """Knows which open rows are on the screen, and updates them."""

    def __init__(self, write: Callable[[str], None], width: int, *, synchronized: bool) -> None:
        self._write = write
        self._width = width
        self._synchronized = synchronized
        self._shown: list[Row] = []  # the open rows on the screen
        self._above: Row | None = None  # the row before them, if it is not yet ended

    @property
    def shown(self) -> Sequence[Row]:
        return self._shown

    def paint(self, settled: Sequence[Row], open_rows: Sequence[Row]) -> None:
        """Show rows in place of the open ones shown before; settled ones are not touched again."""
        rows = [*settled, *open_rows]
        shown = self._shown
        same = 0
        for old, new in zip(shown, rows, strict=False):
            if old != new:
                break
            same += 1
        if same == len(shown):
            self._emit(self._following(rows, same), moves=False)
        elif same == len(shown) - 1 and same < len(rows) and (added := _added(shown[same], rows[same])) is not None:
            self._emit(_ansi(added) + self._following(rows, same + 1), moves=False)
        else:
            self._emit(self._changed(rows, same), moves=True)
        if settled:
            self._above = settled[-1]
        elif shown and not rows:
            self._above = None  # the cursor is where the first of them began
        self._shown = list(open_rows)

    def settle(self, rows: Sequence[Row]) -> None:
        """Make the first open rows, which are these, final; if the last one is joined, the next row continues at its
        end.
        """
        if rows:
            self._above = rows[-1]
            del self._shown[: len(rows)]

    def finish(self) -> None:
        """Leave everything as it is, and put the cursor on a new line."""
        if self._shown or self._above is not None:
            self._write("\r\n")
        self._shown, self._above = [], None

    def resize(self, width: int) -> None:
        self._width = width

    def _emit(self, text: str, *, moves: bool) -> None:
        if text:
            # What only adds to the end cannot flicker.
            self._write(f"{_BEGIN}{text}{_END}" if moves and self._synchronized else text)

    def _following(self, rows: Sequence[Row], start: int) -> str:
        """Write rows below those on the screen."""
        if start >= len(rows):
            return ""
        previous = rows[start - 1] if start else self._above
        parts: list[str] = []
        for row in islice(rows, start, None):
            if previous is not None and not previous.joined:
                parts.append("\r\n")
            parts.append(row.ansi())
            previous = row
        return "".join(parts)

    def _changed(self, rows: Sequence[Row], same: int) -> str:
        shown = self._shown
        up = len(shown) - 1 - same
        parts = [f"\x1b[{up}A" if up else "", "\r"]
        fewer = len(rows) < len(shown) or any(row.cells > self._width for row in rows[same : len(shown)])
        if fewer:
            parts.append("\x1b[J")
            if same == len(rows) and same:
                # The cursor belongs at the end of the last remaining row.
                parts.append(f"\x1b[A\r{rows[-1].ansi()}")
            first = rows[same].ansi() if same < len(rows) else ""
            return "".join(parts) + first + self._following(rows, same + 1)
        for index in range(same, len(shown)):
            # After a full row the cursor is still in it: only the next character begins the row below.
            wraps = index > same and rows[index - 1].joined
            if index > same and not wraps:
                parts.append("\r\n")
            if rows[index] == shown[index]:
                is_left = not (index == len(shown) - 1 or rows[index].joined or wraps)
                parts.append("" if is_left else rows[index].ansi())
            elif wraps:
                parts.append(rows[index].ansi() + ("\x1b[K" if rows[index].cells < self._width else ""))
            else:
                parts.append(self._replaced(shown[index], rows[index]))
        return "".join(parts) + self._following(rows, len(shown))

    def _replaced(self, old: Row, new: Row) -> str:
        """Write a row over another one, from the column where they differ; the cursor is at its beginning."""
        skipped, rest = _common_beginning(old, new)
        move = f"\x1b[{skipped}C" if skipped else ""
        if new.cells >= self._width and not new.ambiguous:
            return move + _ansi(rest)  # erasing from the last column would erase its glyph
        if new.ambiguous or old.ambiguous:
            return f"\x1b[K{new.ansi()}"
        erase = "\x1b[K" if old.cells > new.cells else ""
        return move + _ansi(rest) + erase


def _ansi(runs: Sequence[Run]) -> str:
    return "".join(f"{ink.open}{text}{ink.close}" for text, ink in runs)


def _added(old: Row, new: Row) -> list[Run] | None:
    """What a row has at its end beyond another one, or nothing when they differ elsewhere."""
    if not old.runs:
        return list(new.runs)
    count = len(old.runs)
    if len(new.runs) < count or new.runs[: count - 1] != old.runs[: count - 1]:
        return None
    (old_text, old_ink), (new_text, new_ink) = old.runs[-1], new.runs[count - 1]
    if old_ink != new_ink or not new_text.startswith(old_text) or old.joined:
        return None
    added = new_text[len(old_text) :]
    if added and is_ambiguous(added[0]):
        return None  # it may combine with the glyph before it
    return [*([(added, new_ink)] if added else []), *new.runs[count:]]


def _common_beginning(old: Row, new: Row) -> tuple[int, list[Run]]:
    """The number of cells that two rows have in common at their beginning, and the rest of the new one."""
    skipped = 0
    for index, (text, ink) in enumerate(new.runs):
        if index < len(old.runs) and old.runs[index] == (text, ink) and not is_ambiguous(text):
            skipped += cells(text)
            continue
        common = 0
        if index < len(old.runs) and old.runs[index][1] == ink and not is_ambiguous(text):
            other = old.runs[index][0]
            while common < min(len(text), len(other)) and text[common] == other[common]:
                common += 1
            common = text.rfind(" ", 0, common) + 1  # never inside a glyph
        skipped += cells(text[:common])
        if skipped < _SHORTEST_SKIP:
            break
        return skipped, [(text[common:], ink), *new.runs[index + 1 :]]
    return 0, list(new.runs)
