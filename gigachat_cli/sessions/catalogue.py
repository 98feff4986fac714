"""Sessions by name and id: how they are begun and how they are found again."""

from __future__ import annotations

import sqlite3
import time
import uuid

from ..errors import UsageError, nearest
from . import names
from .database import Database, storable
from .recording import next_write
from .rows import SESSION_COLUMNS
from .values import Session, SessionKind


def find(database: Database, reference: str) -> sqlite3.Row:
    """The session of a name, an id or the beginning of an id, or the `last` one.

    Raises UsageError for none and for several.
    """
    typed = storable(names.typed_id(reference))
    name = storable(names.typed_name(reference))
    with database.reading():
        rows = database.read(
            f"""SELECT {SESSION_COLUMNS} FROM sessions WHERE name = ?1 OR id = ?2
                OR (?2 <> '' AND substr(id, 1, length(?2)) = ?2) ORDER BY id""",
            (name, typed),
        )
        named = database.read("SELECT name FROM sessions WHERE name IS NOT NULL")
    exact = [each for each in rows if each["name"] == name] or [each for each in rows if each["id"] == typed]
    if not exact and names.means_last(reference):
        last = database.read(f"SELECT {SESSION_COLUMNS} FROM sessions ORDER BY last_write DESC LIMIT 1")
        if not last:
            raise UsageError("There is no session yet.", hint="Ask something first: gigachat ask 'Hello'")
        return last[0]
    if exact or len(rows) == 1:
        return (exact or rows)[0]
    if rows:
        listed = "; ".join(f"{each['id']} {each['title']}".strip() for each in rows[-5:])
        more = f"; and {len(rows) - 5} more" if len(rows) > 5 else ""
        raise UsageError(f"{reference!r} stands for several sessions: {listed}{more}.")
    near = nearest(reference, [each["name"] for each in named])
    raise UsageError(
        f"There is no session {reference!r}.",
        hint=f"Did you mean {near!r}?" if near else "‹sessions› lists them all.",
    )


def insert_session(
    connection: sqlite3.Connection,
    kind: SessionKind,
    *,
    name: str | None = None,
    model: str | None = None,
    system: str | None = None,
    title: str = "",
) -> Session:
    """Begin a session, whose id sorts after all others.  Raises UsageError for its name."""
    checked = None if name is None else free_name(connection, name)
    now = time.time()
    session_id = names.id_of(int(now))
    newest = connection.execute("SELECT max(id) FROM sessions").fetchone()[0]
    if newest is not None and newest >= session_id:
        session_id = names.id_after(newest)
    system = system and storable(system)
    session = Session(session_id, kind, checked, title, model, system, str(uuid.uuid4()), now, now)
    connection.execute(
        """INSERT INTO sessions
            (id, kind, name, title, model, system, service_id, created_at, updated_at, last_write)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (session_id, kind, checked, title, model, system, session.service_id, now, now, next_write(connection)),
    )
    return session


def free_name(connection: sqlite3.Connection, name: str, *, but: str | None = None) -> str:
    """The name as it is stored.  Raises UsageError when it is none, or another session's than `but`."""
    checked = names.check_name(name)
    holder = connection.execute("SELECT id FROM sessions WHERE name = ?", (checked,)).fetchone()
    if holder and holder[0] != but:
        raise UsageError(f"The name {checked!r} is taken by the session {holder[0]}.")
    return checked


def find_exactly(connection: sqlite3.Connection, name: str) -> str | None:
    """The id of the session of exactly that name or id, or of the `last` one."""
    found = connection.execute(
        "SELECT id FROM sessions WHERE name = ? OR id = ?",
        (storable(names.typed_name(name)), storable(names.typed_id(name))),
    ).fetchone()
    if found is None and names.means_last(name):
        found = connection.execute("SELECT id FROM sessions ORDER BY last_write DESC LIMIT 1").fetchone()
    return str(found[0]) if found else None
