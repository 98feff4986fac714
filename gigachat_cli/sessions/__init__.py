"""The history: questions and answers in one SQLite file, written while they stream, searchable, and kept after a kill.

The package's public names.  It is light to import: sqlite3 and the modules that use it are loaded by `open_store` and
by a `Recorder`'s first write.  The values that reading returns are in `sessions.turns`.
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
    """Open the history at `path`, creating and migrating it when needed; the caller closes the store.

    A broken file is renamed and a new one is created; the store's `notice` then says so.  Raises HistoryError when the
    history cannot be opened: a path that cannot be written, a full disk, a file of a newer version, a lock that is not
    released.
    """
    from .store import Store

    return Store.open(path, busy_timeout=busy_timeout)


def schema_markdown() -> str:
    """The documentation of the database's tables, as Markdown: the content of docs/reference/history-schema.md."""
    from .migrations import schema_markdown as made

    return made()
