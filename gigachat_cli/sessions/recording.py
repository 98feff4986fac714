"""The steps of recording a turn: begin, continue, journal, finish or fail."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ..errors import HistoryError, UsageError
from ..messages import Answer, Message
from .catalogue import next_write, title_of
from .database import Database
from .values import INTERRUPTED, TurnState, call_text, insert_message, json_text, list_from, storable

_TAKEN_IN = 1_000_000
"""Characters of an answer that its message holds, as many as the search index reads; see `schema`."""


def begin_turn(
    database: Database,
    session_id: str,
    *,
    prompt: Message,
    model: str | None,
    system: str | None,
    options: Mapping[str, Any],
    owner: int,
) -> int:
    """Store the prompt as a running turn; return the turn's id."""
    with database.writing() as connection:
        _touch(connection, session_id)
        connection.execute(
            """UPDATE sessions SET model = coalesce(?, model), system = ?,
                title = CASE title WHEN '' THEN ? ELSE title END WHERE id = ?""",
            (model, system and storable(system), title_of(storable(prompt.content)), session_id),
        )
        turn_id = int(
            connection.execute(
                """INSERT INTO turns (session_id, number, state, owner, model, system, options, started_at)
                    SELECT ?, (SELECT coalesce(max(number), 0) + 1 FROM turns WHERE session_id = ?),
                        'running', ?, ?, ?, ?, ?
                    RETURNING id""",
                (session_id, session_id, owner, model, system and storable(system), json_text(options), time.time()),
            ).fetchone()[0]
        )
        insert_message(connection, turn_id, prompt)
    return turn_id


def note_model(database: Database, turn_id: int, model: str) -> None:
    """Store the model of a running turn; its session continues with that model."""
    with database.writing() as connection:
        turn = _turn(connection, turn_id)
        connection.execute("UPDATE turns SET model = ? WHERE id = ?", (storable(model), turn_id))
        connection.execute("UPDATE sessions SET model = ? WHERE id = ?", (storable(model), turn["session_id"]))


def begin_continuation(database: Database, turn_id: int, *, owner: int) -> None:
    """Mark a partial answer as continued by another request.  Raises UsageError when the turn has no partial answer."""
    with database.writing() as connection:
        turn = _turn(connection, turn_id)
        if turn["state"] != "partial":
            raise UsageError("There is no interrupted answer to go on with.")
        with _reindexed(connection, turn_id):
            message_id = _take_in(connection, turn, room=None)
            text = _answer_text(connection, message_id)
            if not text:
                raise UsageError("There is no interrupted answer to go on with.")
            seams = [*list_from(turn["seams"]), len(text)]
            connection.execute(
                "UPDATE turns SET state = 'running', owner = ?, seams = ?, ended_at = NULL WHERE id = ?",
                (owner, json_text(seams), turn_id),
            )
        _touch(connection, turn["session_id"])


def write_journal(database: Database, turn_id: int, *, text: str, reasoning: str) -> None:
    with database.writing() as connection:
        connection.execute(
            "INSERT INTO journal (turn_id, text, reasoning) VALUES (?, ?, ?)",
            (turn_id, storable(text), storable(reasoning)),
        )


def add_message(database: Database, turn_id: int, message: Message) -> None:
    """Store a message between the prompt and the answer; the pieces journaled so far belong to that message."""
    with database.writing() as connection:
        _turn(connection, turn_id)
        insert_message(connection, turn_id, message)
        connection.execute("DELETE FROM journal WHERE turn_id = ?", (turn_id,))


def end_turn(
    database: Database,
    turn_id: int,
    *,
    answer: Answer,
    pending: tuple[str, str] = ("", ""),
    problem: tuple[str, str] | None = None,
) -> None:
    """Store the answer, or the part of it that came, in place of the journal.

    For an answer that is not held in memory, its text is the journal and the `pending` text and reasoning.
    """
    with database.writing() as connection:
        turn = _turn(connection, turn_id)
        if not answer.held and any(pending):
            connection.execute(
                "INSERT INTO journal (turn_id, text, reasoning) VALUES (?, ?, ?)",
                (turn_id, storable(pending[0]), storable(pending[1])),
            )
        _end(connection, turn, answer=answer, problem=problem)


def settle(database: Database, turn_ids: Sequence[int]) -> None:
    """End running turns whose process is gone, with the answer that their journal holds."""
    for turn_id in turn_ids:
        with database.writing() as connection:
            turn = _turn(connection, turn_id)
            if turn["state"] == "running":
                _end(connection, turn, answer=Answer(held=False), problem=INTERRUPTED)


def forget_turn(database: Database, turn_id: int) -> str | None:
    """Delete a running turn that has only its question, and return its session; None when the turn has more."""
    with database.writing() as connection:
        turn = _turn(connection, turn_id)
        (messages,) = connection.execute("SELECT count(*) FROM messages WHERE turn_id = ?", (turn_id,)).fetchone()
        if messages > 1 or turn["state"] != "running" or _has_text(connection, turn_id, "journal"):
            return None
        connection.execute("DELETE FROM turns WHERE id = ?", (turn_id,))
        connection.execute(
            """UPDATE sessions SET title = '' WHERE id = :id
                AND NOT EXISTS (SELECT 1 FROM turns WHERE session_id = :id)""",
            {"id": turn["session_id"]},
        )
        return str(turn["session_id"])


def remove_turn(database: Database, turn_id: int) -> None:
    """Mark a turn as undone: it is no longer sent, shown or found."""
    with database.writing() as connection:
        with _reindexed(connection, turn_id):
            connection.execute("UPDATE turns SET removed = 1 WHERE id = ?", (turn_id,))
        _touch(connection, _turn(connection, turn_id)["session_id"])


def copy_turn(connection: sqlite3.Connection, turn_id: int, session_id: str, *, number: int) -> None:
    """Copy an ended turn, with its messages, into another session."""
    copied = _copied(connection, "turns", turn_id, {"session_id": session_id, "number": number, "owner": None})
    turn = _turn(connection, copied)
    for (message_id,) in connection.execute(
        "SELECT id FROM messages WHERE turn_id = ? ORDER BY position", (turn_id,)
    ).fetchall():
        message_copied = _copied(connection, "messages", message_id, {"turn_id": copied})
        if message_id == turn["answer_message"]:
            connection.execute("UPDATE turns SET answer_message = ? WHERE id = ?", (message_copied, copied))
    for (piece_id,) in connection.execute(
        "SELECT id FROM journal WHERE turn_id = ? ORDER BY id", (turn_id,)
    ).fetchall():
        _copied(connection, "journal", piece_id, {"turn_id": copied})
    _index(connection, copied)


def rebuild_index(database: Database) -> None:
    """Rebuild the search index from the texts."""
    with database.writing() as connection:
        connection.execute("INSERT INTO search (search) VALUES ('rebuild')")


def _end(connection: sqlite3.Connection, turn: sqlite3.Row, *, answer: Answer, problem: tuple[str, str] | None) -> None:
    if not answer.held:
        _end_journaled(connection, turn, answer=answer, problem=problem)
        return
    turn_id = turn["id"]
    seams = list_from(turn["seams"])
    # A process that was taken for dead can still end its turn: the whole answer replaces the settled part.
    kept = _answer_text(connection, turn["answer_message"])[: seams[-1] if seams else 0]
    if seams and not answer.text:
        seams.pop()
    text = kept + storable(answer.text)
    with _reindexed(connection, turn_id):
        message_id = _write_answer(connection, turn, answer=answer, text=text, continued=bool(kept))
        _close(connection, turn, answer=answer, problem=problem, text=bool(text), message_id=message_id, seams=seams)
        _add_usage(connection, turn, answer=answer, continued=bool(kept))
        connection.execute("DELETE FROM journal WHERE turn_id = ?", (turn_id,))
    _touch(connection, turn["session_id"])


def _end_journaled(
    connection: sqlite3.Connection, turn: sqlite3.Row, *, answer: Answer, problem: tuple[str, str] | None
) -> None:
    """End a turn whose answer is in the journal, after the part that its message already holds.

    The rest of a large answer stays in the journal: its pieces are never joined in memory.
    """
    seams = list_from(turn["seams"])
    continued = bool(seams)
    if seams and not _has_text(connection, turn["id"], "journal"):
        seams.pop()
    with _reindexed(connection, turn["id"]):
        message_id = _take_in(connection, turn, room=_TAKEN_IN)
        call = call_text(answer.function_call)
        if message_id is None and (answer.complete or call):
            message_id = insert_message(connection, turn["id"], Message("assistant", ""))
        if call:
            connection.execute(
                "UPDATE messages SET function_call = ?, functions_state_id = ? WHERE id = ?",
                (call, answer.functions_state_id, message_id),
            )
        text = _has_text(connection, turn["id"], "journal") or bool(
            connection.execute("SELECT 1 FROM messages WHERE id = ? AND content <> ''", (message_id,)).fetchone()
        )
        _close(connection, turn, answer=answer, problem=problem, text=text, message_id=message_id, seams=seams)
        _add_usage(connection, turn, answer=answer, continued=continued)
    _touch(connection, turn["session_id"])


def _has_text(connection: sqlite3.Connection, turn_id: int, table: str) -> bool:
    found = connection.execute(f"SELECT 1 FROM {table} WHERE turn_id = ? AND text <> '' LIMIT 1", (turn_id,))
    return found.fetchone() is not None


def _take_in(connection: sqlite3.Connection, turn: sqlite3.Row, *, room: int | None) -> int | None:
    """Move the first pieces of the journal into the answer's message, up to `room` characters; None moves all.

    Return the message's id, None when there is neither a message nor a piece.
    """
    message_id: int | None = turn["answer_message"]
    left = sys.maxsize if room is None else room - _length(connection, message_id)
    texts, reasonings, last, rest = [], [], None, None
    for piece_id, text, reasoning in connection.execute(
        "SELECT id, text, reasoning FROM journal WHERE turn_id = ? ORDER BY id", (turn["id"],)
    ):
        last = piece_id - 1
        if len(text) + len(reasoning) > left:
            if not reasoning and left > 0:
                texts.append(text[:left])
                rest = (text[left:], piece_id)
            break
        texts.append(text)
        reasonings.append(reasoning)
        left -= len(text) + len(reasoning)
        last = piece_id
    if last is None:
        return message_id
    taken = ("".join(texts), "".join(reasonings))
    if message_id is None:
        message_id = insert_message(connection, turn["id"], Message("assistant", taken[0]), reasoning=taken[1])
    else:
        connection.execute(
            "UPDATE messages SET content = content || ?, reasoning = reasoning || ? WHERE id = ?", (*taken, message_id)
        )
    connection.execute("DELETE FROM journal WHERE turn_id = ? AND id <= ?", (turn["id"], last))
    if rest is not None:
        connection.execute("UPDATE journal SET text = ? WHERE id = ?", rest)
    return message_id


def _length(connection: sqlite3.Connection, message_id: int | None) -> int:
    found = connection.execute(
        "SELECT length(content) + length(reasoning) FROM messages WHERE id = ?", (message_id,)
    ).fetchone()
    return int(found[0]) if found else 0


def _close(
    connection: sqlite3.Connection,
    turn: sqlite3.Row,
    *,
    answer: Answer,
    problem: tuple[str, str] | None,
    text: bool,
    message_id: int | None,
    seams: Sequence[int],
) -> None:
    connection.execute(
        """UPDATE turns SET state = ?, owner = NULL, ended_at = ?, answer_message = ?, seams = ?,
            model = coalesce(?, model), finish_reason = coalesce(?, finish_reason),
            request_id = coalesce(?, request_id), problem_code = ?, problem = ? WHERE id = ?""",
        (
            _state(answer, text=text, failed=problem is not None),
            time.time(),
            message_id,
            json_text(seams),
            answer.model,
            answer.finish_reason,
            answer.request_id,
            problem and problem[0],
            problem and storable(problem[1]),
            turn["id"],
        ),
    )


def _state(answer: Answer, *, text: bool, failed: bool) -> TurnState:
    if answer.complete and not failed:
        return "complete"
    return "partial" if text or not failed else "failed"


def _write_answer(
    connection: sqlite3.Connection, turn: sqlite3.Row, *, answer: Answer, text: str, continued: bool
) -> int | None:
    call, state_id = call_text(answer.function_call), answer.functions_state_id
    if turn["answer_message"] is not None:
        # The reasoning of a continuation is appended; otherwise it is the whole reasoning of the same answer.
        earlier = "reasoning || " if continued else ""
        connection.execute(
            f"""UPDATE messages SET content = ?, reasoning = {earlier}?, function_call = ?,
                functions_state_id = ? WHERE id = ?""",
            (text, storable(answer.reasoning), call, state_id, turn["answer_message"]),
        )
        return int(turn["answer_message"])
    if not (text or answer.reasoning or call or answer.complete):
        return None
    message = Message("assistant", text, None, (), answer.function_call, state_id)
    return insert_message(connection, turn["id"], message, reasoning=answer.reasoning)


def _add_usage(connection: sqlite3.Connection, turn: sqlite3.Row, *, answer: Answer, continued: bool) -> None:
    if answer.usage is None:
        return
    for name in ("prompt_tokens", "completion_tokens", "total_tokens", "precached_prompt_tokens"):
        before = (turn[name] or 0) if continued else 0
        connection.execute(
            f"UPDATE turns SET {name} = ? WHERE id = ?",
            (before + getattr(answer.usage, name), turn["id"]),
        )


def _turn(connection: sqlite3.Connection, turn_id: int) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute("SELECT * FROM turns WHERE id = ?", (turn_id,)).fetchone()
    if row is None:
        raise HistoryError("This turn was deleted from the history while it ran.")
    return row


def _answer_text(connection: sqlite3.Connection, message_id: int | None) -> str:
    found = connection.execute("SELECT content FROM messages WHERE id = ?", (message_id,)).fetchone()
    return str(found[0]) if found else ""


def _touch(connection: sqlite3.Connection, session_id: str) -> None:
    changed = connection.execute(
        "UPDATE sessions SET updated_at = ?, last_write = ? WHERE id = ?",
        (time.time(), next_write(connection), session_id),
    ).rowcount
    if not changed:
        raise HistoryError(f"The session {session_id} was deleted from the history.")


@contextmanager
def _reindexed(connection: sqlite3.Connection, turn_id: int) -> Iterator[None]:
    """Update the search index around a change of a turn: remove its old text, then add its new text.

    The index stores no text of its own: to remove a text it must be given the text, so that comes before the change.
    """
    connection.execute(
        """INSERT INTO search (search, rowid, prompt, answer)
            SELECT 'delete', id, prompt, answer FROM searchable WHERE id = ?""",
        (turn_id,),
    )
    yield
    _index(connection, turn_id)


def _index(connection: sqlite3.Connection, turn_id: int) -> None:
    connection.execute(
        "INSERT INTO search (rowid, prompt, answer) SELECT id, prompt, answer FROM searchable WHERE id = ?",
        (turn_id,),
    )


def _copied(connection: sqlite3.Connection, table: str, row_id: int, changes: Mapping[str, Any]) -> int:
    row = connection.execute(f"SELECT * FROM {table} WHERE id = ?", (row_id,)).fetchone()
    values = {**dict(row), **changes}
    del values["id"]
    marks = ", ".join("?" for _ in values)
    inserted = connection.execute(
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})",
        tuple(values.values()),
    )
    assert inserted.lastrowid is not None
    return inserted.lastrowid
