"""What was asked and answered, kept in one SQLite file: recorded in steps, searchable, and still there after a kill.

This is the narrow door.  It is light at import: sqlite3 and all that touches it are loaded by `open_store`
and by the first thing that a `Recorder` does.  The values that reading gives are in `sessions.turns`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .catalogue import check_name, parse_age, title_of
from .recorder import Recorder
from .values import Session, SessionKind, TurnState

if TYPE_CHECKING:
    from .store import Store

__all__ = [
    "Recorder",
    "Session",
    "SessionKind",
    "TurnState",
    "check_name",
    "open_store",
    "parse_age",
    "schema_markdown",
    "title_of",
]

BUSY_TIMEOUT = 5.0
"""Seconds to wait for another process that writes."""


def open_store(path: Path, *, busy_timeout: float = BUSY_TIMEOUT) -> Store:
    """Open the history at `path`, making and migrating it when needed; the caller closes the store.

    A broken file is set aside and a fresh one begun; the store's `notice` then says so.  Raises HistoryError
    when there is no history to be had: an unwritable place, a full disk, a newer version's file, a lock that
    stays.
    """
    from .store import Store

    return Store.open(path, busy_timeout=busy_timeout)


def schema_markdown() -> str:
    """The documentation of the database's tables, as Markdown: the content of docs/reference/history-schema.md."""
    from .schema import schema_markdown as made

    return made()
