"""Sessions: creating, naming, finding and deleting them.

An id can be typed and sorted, a name is given by a person, a title is made of the prompt's first words.

A deletion removes the text from the tables, the search index and the file.  `secure_delete` overwrites freed pages.
FTS5 deletes lazily, so the index is merged into one segment without the deleted words, and the write-ahead log is
truncated.  While another process is reading, the log cannot be truncated; the text leaves it when the last process
closes the history.
"""

from __future__ import annotations

import re
import time
import unicodedata
import uuid
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ..errors import HistoryError, UsageError, nearest
from .values import Session, SessionKind, storable

if TYPE_CHECKING:
    import sqlite3

    from .database import Database

ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: it has no letters that look like digits
ID_LENGTH = 7
LAST = "last"
"""Names the session that was written last, wherever a session can be named."""
NAME_LENGTH = 64
TITLE_LENGTH = 60

_UNITS = {"h": 3600, "d": 86400, "w": 7 * 86400}

SESSION_COLUMNS = """
    sessions.*,
    (SELECT count(*) FROM turns WHERE turns.session_id = sessions.id AND NOT removed) AS turns,
    (SELECT coalesce(sum(total_tokens), 0) FROM turns WHERE turns.session_id = sessions.id AND NOT removed)
        AS total_tokens"""


def check_name(name: str) -> str:
    """The name as it is stored.  Raises UsageError when it cannot name a session."""
    name = typed_name(name)
    rules = f"Use letters, digits, '-', '_' and '.', at most {NAME_LENGTH} characters."
    if not name:
        raise UsageError("A session's name is empty.", hint=rules)
    if len(name) > NAME_LENGTH:
        raise UsageError(f"A session's name is too long ({len(name)} characters).", hint=rules)
    if not name[0].isalnum() or not all(each.isalnum() or each in "-_." for each in name):
        raise UsageError(f"{name!r} cannot be a session's name.", hint=f"{rules} It begins with a letter or digit.")
    if means_last(name):
        raise UsageError(f"{name!r} cannot be a session's name: it stands for the one that was written last.")
    if looks_like_id(name):
        raise UsageError(f"{name!r} cannot be a session's name: it looks like a session's id.")
    return name


def title_of(text: str) -> str:
    """A title from the first words of `text`: one line, cut between words, with "…" where something was left out."""
    start = text[: 20 * TITLE_LENGTH]
    words = "".join(each if each.isprintable() else " " for each in start).split()
    title = " ".join(words)
    if len(title) <= TITLE_LENGTH:
        return title
    cut = title.rfind(" ", TITLE_LENGTH // 2, TITLE_LENGTH)
    return title[: cut if cut > 0 else TITLE_LENGTH - 1].rstrip(" ,;:.!?-–—") + "…"


def parse_age(text: str) -> float:
    """The seconds of an age such as 12h, 30d or 2w.  Raises UsageError for anything else."""
    found = re.fullmatch(r"\s*([0-9]{1,6})\s*([hdw])\s*", text, re.IGNORECASE)
    if not found:
        raise UsageError(f"{text!r} is not an age.", hint="Give hours, days or weeks: 12h, 30d, 2w.")
    return float(int(found[1]) * _UNITS[found[2].lower()])


def find(database: Database, reference: str) -> sqlite3.Row:
    """The session with this name, this id, an id that begins so, or the `last` one.

    Raises UsageError when there is no such session or more than one.
    """
    typed = storable(typed_id(reference))
    name = storable(typed_name(reference))
    with database.reading():
        rows = database.read(
            f"""SELECT {SESSION_COLUMNS} FROM sessions WHERE name = :name OR id = :id
                OR (:id <> '' AND substr(id, 1, length(:id)) = :id) ORDER BY id""",
            {"name": name, "id": typed},
        )
        named = database.read("SELECT name FROM sessions WHERE name IS NOT NULL")
    exact = [each for each in rows if each["name"] == name] or [each for each in rows if each["id"] == typed]
    if not exact and means_last(reference):
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
    """Create a session, whose id sorts after all others.  Raises UsageError for an invalid or taken name."""
    checked = None if name is None else free_name(connection, name)
    now = time.time()
    session_id = id_of(int(now))
    newest = connection.execute("SELECT max(id) FROM sessions").fetchone()[0]
    if newest is not None and newest >= session_id:
        session_id = id_after(newest)
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
    """The name as it is stored.  Raises UsageError when it is invalid or taken by a session other than `but`."""
    checked = check_name(name)
    holder = connection.execute("SELECT id FROM sessions WHERE name = ?", (checked,)).fetchone()
    if holder and holder[0] != but:
        raise UsageError(f"The name {checked!r} is taken by the session {holder[0]}.")
    return checked


def find_exactly(connection: sqlite3.Connection, name: str) -> str | None:
    """The id of the session with exactly this name or id, or of the `last` one."""
    found = connection.execute(
        "SELECT id FROM sessions WHERE name = ? OR id = ?",
        (storable(typed_name(name)), storable(typed_id(name))),
    ).fetchone()
    if found is None and means_last(name):
        found = connection.execute("SELECT id FROM sessions ORDER BY last_write DESC LIMIT 1").fetchone()
    return str(found[0]) if found else None


def session_from(row: sqlite3.Row) -> Session:
    return Session(
        id=row["id"],
        kind=row["kind"],
        name=row["name"],
        title=row["title"],
        model=row["model"],
        system=row["system"],
        service_id=row["service_id"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        turns=row["turns"],
        total_tokens=row["total_tokens"],
    )


def next_write(connection: sqlite3.Connection) -> int:
    """The number of this write among those of all sessions: the order of writes does not depend on the clock."""
    return int(connection.execute("SELECT coalesce(max(last_write), 0) + 1 FROM sessions").fetchone()[0])


def delete_empty_sessions(database: Database, session_ids: Iterable[str]) -> None:
    """Delete those of the sessions that have no turns."""
    with database.writing() as connection:
        for session_id in session_ids:
            connection.execute(
                """DELETE FROM sessions WHERE id = :id
                    AND NOT EXISTS (SELECT 1 FROM turns WHERE session_id = :id)""",
                {"id": session_id},
            )


def delete_sessions(database: Database, session_ids: Sequence[str]) -> int:
    """Delete sessions with everything that belongs to them; return how many there were."""
    deleted = 0
    with database.writing() as connection:
        for session_id in session_ids:
            _unindex(connection, session_id)
            deleted += connection.execute("DELETE FROM sessions WHERE id = ?", (session_id,)).rowcount
        if deleted:
            connection.execute("INSERT INTO search (search) VALUES ('optimize')")
    if deleted:
        # The deletion is committed; shrinking the file and its log may have to wait for other processes.
        with suppress(HistoryError):
            database.maintain("PRAGMA incremental_vacuum")
            database.maintain("PRAGMA wal_checkpoint (TRUNCATE)")
    return deleted


def id_of(seconds: int) -> str:
    """The id of a session created at this Unix second; later seconds sort after earlier ones."""
    digits = []
    for _ in range(ID_LENGTH):
        seconds, digit = divmod(seconds, len(ID_ALPHABET))
        digits.append(ID_ALPHABET[digit])
    return "".join(reversed(digits))


def id_after(session_id: str) -> str:
    """The next id in sorting order."""
    seconds = 0
    for each in session_id:
        seconds = seconds * len(ID_ALPHABET) + ID_ALPHABET.index(each)
    return id_of(seconds + 1)


def typed_name(text: str) -> str:
    """A name as a person may have typed it, normalized as stored names are."""
    return unicodedata.normalize("NFC", text.strip())


def typed_id(text: str) -> str:
    """An id or its beginning as a person may have typed it, with letters that look like digits replaced by them."""
    return text.strip().lower().translate(str.maketrans("oil", "011"))


def means_last(text: str) -> bool:
    return typed_name(text).lower() == LAST


def looks_like_id(text: str) -> bool:
    typed = typed_id(text)
    return len(typed) == ID_LENGTH and typed[0].isdigit() and all(each in ID_ALPHABET for each in typed)


def _unindex(connection: sqlite3.Connection, session_id: str) -> None:
    connection.execute(
        """INSERT INTO search (search, rowid, prompt, answer)
            SELECT 'delete', id, prompt, answer FROM searchable WHERE session_id = ?""",
        (session_id,),
    )
