"""Lists of the history for a person at a terminal: sessions, and the hits of a search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..moments import shown_time
from ..text import TerminalFilter, one_line, safe, visible
from .columns import columns, hanging, shortened

if TYPE_CHECKING:
    from ..sessions import Session
    from ..sessions.turns import SearchHit
    from .terminal import Terminal

_BOLD, _NOT_BOLD = "\x1b[1m", "\x1b[22m"
_NAME_CELLS = 20


def session_list(found: Sequence[Session], terminal: Terminal, *, current: str | None = None) -> str:
    """Sessions as a table that fits the terminal; the one with the id `current` is marked."""
    rows = [
        (
            f"{'›' if each.id == current else ' '} {visible(each.id)}",
            shortened(visible(each.name or ""), _NAME_CELLS),
            f"{each.turns} turn{'' if each.turns == 1 else 's'}",
            shown_time(each.updated_at),
            one_line(each.title),
        )
        for each in found
    ]
    return columns(rows, width=terminal.width, indent="")


def hit_list(found: Sequence[SearchHit], terminal: Terminal) -> str:
    """The hits of a search, each with its snippet below; the found words are bold where the terminal can show it."""
    shown = []
    for hit in found:
        head = f"  {visible(hit.session_name or hit.session_id)}  {shown_time(hit.started_at)}  {one_line(hit.title)}"
        snippet = _marked(hit) if terminal.color_on_stdout else safe(hit.snippet)
        shown.append(shortened(head, terminal.width - 1) + "\n")
        shown.append(hanging(snippet, width=terminal.width, indent="      "))
    return "".join(shown)


def _marked(hit: SearchHit) -> str:
    # One filter for all pieces: an escape sequence may extend over several.
    terminal_filter = TerminalFilter()
    shown, place = "", 0
    for start, end in hit.matches:
        shown += terminal_filter.feed(hit.snippet[place:start])
        # Each word by itself, so that a line break between two is no problem.
        words = terminal_filter.feed(hit.snippet[start:end]).split(" ")
        shown += " ".join(f"{_BOLD}{word}{_NOT_BOLD}" for word in words)
        place = end
    return shown + terminal_filter.feed(hit.snippet[place:]) + terminal_filter.close()
