"""Rows: a table on a terminal, tab-separated lines in a pipe, a JSON array for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..text import one_line
from .answers import as_json
from .terminal import Terminal

MAX_CELL_CHARACTERS = 2000
_LEAST = 8  # cells that are left for the last column, in which a word has room
_NARROWEST = 24  # in which a sentence can be read


def show_rows(rows: Sequence[dict[str, Any]], columns: Sequence[str], terminal: Terminal, *, as_array: bool) -> None:
    """Show rows of equal keys; `columns` are the keys of the table and of the lines, the array has all of them."""
    if as_array:
        terminal.write(f"{as_json(list(rows))}\n")
    elif terminal.stdout_is_terminal:
        terminal.write(_table(rows, columns, terminal.width))
    else:
        terminal.write("".join("\t".join(_cell(row.get(name)) for name in columns) + "\n" for row in rows))


def show_check(step: str, state: str, message: str, hint: str | None, terminal: Terminal) -> None:
    """One step of a check, as it is made."""
    if not terminal.stdout_is_terminal:
        terminal.write("\t".join(_cell(each) for each in (state, step, message, hint)) + "\n")
        return
    mark, color = {"ok": ("✓", "32"), "warning": ("!", "33"), "failure": ("✗", "31")}[state]
    line = terminal.folded(f"{mark} {_cell(step)}: {_cell(message)}", on_stdout=True)
    if terminal.color_on_stdout:
        line = line.replace(mark, f"\x1b[{color}m{mark}\x1b[0m", 1)
    terminal.write(f"{line}\n")
    if hint:
        terminal.write(terminal.folded(f"  {_cell(hint)}", on_stdout=True) + "\n")


def show_object(found: dict[str, Any], terminal: Terminal) -> None:
    """One JSON object."""
    terminal.write(f"{as_json(found)}\n")


def _table(rows: Sequence[dict[str, Any]], columns: Sequence[str], width: int) -> str:
    """Columns side by side; where they are too wide, cells stand below their row.  No word is broken."""
    cells = [[name.replace("_", " ").upper() for name in columns]]
    cells += [[_cell(row.get(name)) for name in columns] for row in rows]
    widths = _widths(cells, width)
    lines: list[str] = []
    for row in cells:
        *left, last = row
        if any(_cells(cell) > wide for cell, wide in zip(left, widths, strict=False)):
            lines += [row[0], *_below(row[1:], width)]
            continue
        before = "".join(cell + " " * (wide - _cells(cell) + 2) for cell, wide in zip(left, widths, strict=False))
        room = width - _cells(before)
        parts = _wrapped(last, room)
        if (len(parts) > 1 and room < _NARROWEST) or max(map(_cells, parts)) > room:
            lines += [before.rstrip(), *_below([last], width)]
        else:
            lines.append(f"{before}{parts[0]}".rstrip())
            lines += [" " * _cells(before) + each for each in parts[1:]]
    return "\n".join(lines) + "\n"


def _below(cells: Sequence[str], width: int) -> list[str]:
    return [f"    {part}" for cell in cells if cell for part in _wrapped(cell, width - 4)]


def _widths(cells: Sequence[Sequence[str]], width: int) -> list[int]:
    """The widths of the columns, without the widest rows as long as there is no room for the last column."""
    sizes = [list(map(_cells, row)) for row in cells]
    widest = [sorted({row[number] for row in sizes}) for number in range(len(sizes[0]))]
    while True:
        widths = [each[-1] for each in widest]
        left = widths[:-1]
        if not left or sum(left) + 2 * len(left) + min(_LEAST, widths[-1]) <= width:
            return widths
        at = max(range(len(left)), key=lambda number: (len(widest[number]) > 1, left[number]))
        if len(widest[at]) == 1:
            return widths
        widest[at].pop()


def _wrapped(text: str, room: int) -> list[str]:
    """A text in lines of at most so many cells, broken at its blanks alone."""
    if _cells(text) <= room:
        return [text]
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and _cells(longer) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return one_line(str(value), MAX_CELL_CHARACTERS)


def _cells(text: str) -> int:
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # wide glyphs count twice

    return cell_len(text)
