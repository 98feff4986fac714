"""Rows: a table on a terminal, tab-separated lines in a pipe, a JSON array for scripts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..moments import iso_time, shown_time
from ..text import one_line
from .answers import as_json
from .columns import table
from .terminal import Terminal

MAX_CELL_CHARACTERS = 2000


def show_rows(rows: Sequence[dict[str, Any]], columns: Sequence[str], terminal: Terminal, *, as_array: bool) -> None:
    """Show rows of equal keys; `columns` are the keys of the table and of the lines, the array has all of them."""
    if as_array:
        terminal.write(f"{as_json(list(rows))}\n")
    elif terminal.stdout_is_terminal:
        head = [name.replace("_", " ").upper() for name in columns]
        cells = [[_cell(row.get(name)) for name in columns] for row in rows]
        terminal.write(table([head, *cells], width=terminal.width))
    else:
        terminal.write("".join("\t".join(_cell(row.get(name)) for name in columns) + "\n" for row in rows))


def time_teller(terminal: Terminal, *, as_json: bool) -> Callable[[float | None], str | None]:
    """The form of times in rows: the one for people on a terminal, else the one for programs."""
    return shown_time if terminal.stdout_is_terminal and not as_json else iso_time


def show_check(step: str, state: str, message: str, hint: str | None, terminal: Terminal) -> None:
    """One step of a check, shown when it is done."""
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


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return one_line(str(value), MAX_CELL_CHARACTERS)
