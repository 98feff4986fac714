"""Deleting for good: what was deleted can be read neither from the tables, nor the search index, nor the file.

`secure_delete` overwrites what is freed.  The search index forgets lazily, so it is merged into one piece
that no longer holds the words; and the log is emptied into the file.  A process that reads at that very
moment keeps the log alive: then the text goes with it, when the last process closes the history.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from ..errors import HistoryError
from .database import Database
from .recording import unindex_session


def delete_empty_sessions(database: Database, session_ids: Iterable[str]) -> None:
    """Delete those of the sessions in which nothing was ever asked."""
    with database.writing() as connection:
        for session_id in session_ids:
            connection.execute(
                """DELETE FROM sessions WHERE id = ?1
                    AND NOT EXISTS (SELECT 1 FROM turns WHERE session_id = ?1)""",
                (session_id,),
            )


def delete_sessions(database: Database, session_ids: Sequence[str]) -> int:
    """Delete sessions with all that belongs to them; return how many there were."""
    deleted = 0
    with database.writing() as connection:
        for session_id in session_ids:
            unindex_session(connection, session_id)
            deleted += connection.execute("DELETE FROM sessions WHERE id = ?", (session_id,)).rowcount
        if deleted:
            connection.execute("INSERT INTO search (search) VALUES ('optimize')")
    if deleted:
        # The deletion stands; that the file shrinks and the log is emptied may have to wait for other processes.
        with suppress(HistoryError):
            database.maintain("PRAGMA incremental_vacuum")
            database.maintain("PRAGMA wal_checkpoint (TRUNCATE)")
    return deleted
