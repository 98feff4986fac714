"""The store: sessions and their turns as values.  The tables are known to the modules below only.

Every call is synchronous and takes about a millisecond; any thread may call.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from ..errors import BrokenHistoryError, HistoryError
from ..messages import Answer, Message
from . import catalogue, owners, recording
from .catalogue import SESSION_COLUMNS, session_from
from .database import Database, open_database, translated
from .journal import Journal
from .values import INTERRUPTED, Session, SessionKind

if TYPE_CHECKING:
    from .turns import SearchHit, SessionTurns, Turn

Result = TypeVar("Result")


class Store:
    """An open history.  `notice` is a sentence for the person when a broken file was renamed, else None."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock_file = database.lock_file
        self._journals: dict[int, Journal] = {}
        self._begun: set[str] = set()

    @classmethod
    def open(cls, path: Path, *, busy_timeout: float) -> Store:
        store = cls(open_database(path, busy_timeout=busy_timeout))
        store._settle_the_dead()
        return store

    @property
    def path(self) -> Path:
        return self._database.path

    @property
    def notice(self) -> str | None:
        return self._database.notice

    def close(self) -> None:
        """Close the file; a turn of this process that still runs is ended as interrupted.

        Deletes a session that was created here by its name, or whose question was never sent, if it has no turns.
        """
        for turn_id in list(self._journals):
            with suppress(HistoryError):
                self.fail_turn(turn_id, code=INTERRUPTED[0], message=INTERRUPTED[1])
        if self._begun:
            with suppress(HistoryError):
                catalogue.delete_empty_sessions(self._database, self._begun)
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Sessions

    def create_session(
        self,
        kind: SessionKind,
        *,
        name: str | None = None,
        model: str | None = None,
        system: str | None = None,
    ) -> Session:
        """Create a session.  Raises UsageError when the name is invalid or taken."""
        with self._database.writing() as connection:
            return catalogue.insert_session(connection, kind, name=name, model=model, system=system)

    def join_session(
        self, name: str, kind: SessionKind, *, model: str | None = None, system: str | None = None
    ) -> Session:
        """The session with that name or id; created when there is none with that name."""
        with self._database.writing() as connection:
            found = catalogue.find_exactly(connection, name)
            if found is None:
                begun = catalogue.insert_session(connection, kind, name=name, model=model, system=system)
                self._begun.add(begun.id)
                return begun
        return self.session(found)

    def find_session(self, reference: str) -> Session:
        """The session with this name, this id or an id that begins so.  Raises UsageError when there is none, or
        several.
        """
        return session_from(catalogue.find(self._database, reference))

    def session(self, session_id: str) -> Session:
        """The session with exactly that id.  Raises HistoryError when it does not exist any more."""
        row = self._database.read_one(f"SELECT {SESSION_COLUMNS} FROM sessions WHERE id = ?", (session_id,))
        if row is None:
            raise HistoryError(f"The session {session_id} was deleted from the history.")
        return session_from(row)

    def latest_session(self) -> Session | None:
        """The session with an answer that was written last, by any command: the one to continue."""
        row = self._database.read_one(
            f"""SELECT {SESSION_COLUMNS} FROM sessions WHERE EXISTS (
                    SELECT 1 FROM turns JOIN messages ON messages.id = turns.answer_message
                    WHERE turns.session_id = sessions.id AND NOT removed AND state <> 'running' AND content <> '')
                ORDER BY last_write DESC LIMIT 1"""
        )
        return session_from(row) if row else None

    def sessions(self, *, limit: int | None = None, before: float | None = None) -> list[Session]:
        """Sessions, those written last first; with `before`, only those last written before that Unix time."""
        rows = self._database.read(
            f"SELECT {SESSION_COLUMNS} FROM sessions WHERE :before IS NULL OR updated_at < :before"
            " ORDER BY last_write DESC LIMIT :limit",
            {"before": before, "limit": -1 if limit is None else limit},
        )
        return [session_from(each) for each in rows]

    def rename_session(self, session_id: str, name: str | None) -> Session:
        """Set or remove the name of a session.  Raises UsageError when the name is invalid or taken."""
        with self._database.writing() as connection:
            checked = None if name is None else catalogue.free_name(connection, name, but=session_id)
            connection.execute("UPDATE sessions SET name = ? WHERE id = ?", (checked, session_id))
        return self.session(session_id)

    def fork_session(
        self,
        session_id: str,
        *,
        up_to: int | None = None,
        name: str | None = None,
        kind: SessionKind = "chat",
    ) -> Session:
        """A new session with copies of the turns up to the one with number `up_to`, or of all that have ended."""
        with self._database.writing() as connection:
            source = self.session(session_id)
            forked = catalogue.insert_session(
                connection, kind, name=name, model=source.model, system=source.system, title=source.title
            )
            copied = connection.execute(
                """SELECT id FROM turns WHERE session_id = :id AND NOT removed AND state <> 'running'
                    AND (:up_to IS NULL OR number <= :up_to) ORDER BY number""",
                {"id": session_id, "up_to": up_to},
            ).fetchall()
            for number, (turn_id,) in enumerate(copied, start=1):
                recording.copy_turn(connection, turn_id, forked.id, number=number)
        return self.session(forked.id)

    def prompts(self, session_ids: Sequence[str]) -> set[str]:
        """The questions of those sessions, also those that were undone."""
        found: set[str] = set()
        for session_id in session_ids:
            rows = self._database.read(
                """SELECT content FROM messages JOIN turns ON turns.id = messages.turn_id
                    WHERE turns.session_id = ? AND messages.role = 'user'""",
                (session_id,),
            )
            found.update(row["content"] for row in rows)
        return found

    def delete_sessions(self, session_ids: Sequence[str]) -> int:
        """Delete sessions for good, and overwrite their text in the file; return how many there were."""
        return self._mended(lambda: catalogue.delete_sessions(self._database, session_ids))

    # Turns

    def begin_turn(
        self,
        session_id: str,
        prompt: Message,
        *,
        model: str | None = None,
        system: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> int:
        """Store a prompt before its request is sent; return the turn's id.

        `system` is the system message that is sent with it, None for none.
        """
        turn_id = recording.begin_turn(
            self._database,
            session_id,
            prompt=prompt,
            model=model,
            system=system,
            options=options or {},
            owner=self._owner(),
        )
        self._follow(turn_id)
        return turn_id

    def forget_turn(self, turn_id: int) -> bool:
        """Delete a turn whose request was never sent; returns False, and changes nothing, when it has any part of an
        answer.
        """
        pending = self._end_journal(turn_id)
        session_id = None if any(pending) else recording.forget_turn(self._database, turn_id)
        if session_id is not None:
            self._begun.add(session_id)
            return True
        self._follow(turn_id)
        self.journal(turn_id, pending[0], reasoning=pending[1])
        return False

    def note_model(self, turn_id: int, model: str) -> None:
        """Store the model of a running turn; its session continues with that model."""
        recording.note_model(self._database, turn_id, model)

    def begin_continuation(self, turn_id: int) -> None:
        """Mark a turn's partial answer as continued: what follows is appended, and the place is remembered.

        Raises UsageError when that turn has no partial answer.
        """
        owner = self._owner()
        self._mended(lambda: recording.begin_continuation(self._database, turn_id, owner=owner))
        self._follow(turn_id)

    def journal(self, turn_id: int, text: str, *, reasoning: str = "") -> None:
        """Store the next piece of a running answer.  Returns at once; the piece is in the file half a second later."""
        if turn_id in self._journals:
            self._journals[turn_id].add(text, reasoning)

    def add_message(self, turn_id: int, message: Message) -> None:
        """Store a message between prompt and answer: a function call as the model's message, or its result."""
        pending = self._journals[turn_id].end() if turn_id in self._journals else None
        recording.add_message(self._database, turn_id, message)
        if pending is not None:
            self._follow(turn_id)

    def finish_turn(self, turn_id: int, answer: Answer) -> None:
        """End a turn with its answer: as "complete" when the answer is, else as "partial".

        The text of an answer that is not held in memory is what was journaled.
        """
        pending = self._end_journal(turn_id)
        self._mended(lambda: recording.end_turn(self._database, turn_id, answer=answer, pending=pending))

    def fail_turn(self, turn_id: int, *, code: str, message: str, answer: Answer | None = None) -> None:
        """End a failed turn: as "partial" with the part of the answer that came, else as "failed".

        Without `answer`, that part is what was journaled.
        """
        pending = self._end_journal(turn_id)
        came, problem = answer or Answer(held=False), (code, message)
        self._mended(lambda: recording.end_turn(self._database, turn_id, answer=came, pending=pending, problem=problem))

    def undo_turn(self, session_id: str) -> Turn | None:
        """Mark the last turn as undone and return it; None when there is none."""
        last = self.last_turn(session_id)
        if last is None:
            return None
        self._mended(lambda: recording.remove_turn(self._database, last.id))
        return last

    def turn(self, turn_id: int) -> Turn:
        """The turn with that id.  Raises HistoryError when it does not exist any more."""
        found = self._turns("turns.id = ?", (turn_id,))
        if not found:
            raise HistoryError("This turn was deleted from the history.")
        return found[0]

    def last_turn(self, session_id: str) -> Turn | None:
        found = self._turns(
            """turns.id = (SELECT id FROM turns WHERE session_id = ? AND NOT removed
                ORDER BY number DESC LIMIT 1)""",
            (session_id,),
        )
        return found[0] if found else None

    def turns(self, session_id: str) -> list[Turn]:
        """All turns of a session in order, without undone ones."""
        return self._turns("turns.session_id = ? AND NOT removed", (session_id,))

    def conversation(self, session_id: str) -> SessionTurns:
        """A session with all its turns, read in one transaction."""
        from .turns import SessionTurns

        with self._database.reading():
            return SessionTurns(self.session(session_id), self.turns(session_id))

    def search(self, text: str, *, session_id: str | None = None, limit: int = 20) -> list[SearchHit]:
        """Turns that contain all words of `text`, the best first; it may have `"phrases"` and `begin*`.

        When no word matches, the text is searched for as it is, ignoring case.  Raises UsageError when `text` is empty.
        """
        from . import search

        return self._mended(lambda: search.search(self._database, text, session_id=session_id, limit=limit))

    def _turns(self, condition: str, parameters: Sequence[Any]) -> list[Turn]:
        from .turns import turn_from

        with self._database.reading():
            rows = self._database.read(
                f"SELECT turns.* FROM turns WHERE {condition} ORDER BY session_id, number",
                parameters,
            )
            messages = self._of_turns("messages", condition, parameters, order="position")
            journals = self._of_turns("journal", condition, parameters, order="journal.id")
        return [
            turn_from(
                row,
                messages.get(row["id"], []),
                journals.get(row["id"], []),
                alive=row["state"] == "running" and owners.is_alive(self._lock_file, row["owner"]),
            )
            for row in rows
        ]

    def _of_turns(
        self, table: str, condition: str, parameters: Sequence[Any], *, order: str
    ) -> dict[int, list[sqlite3.Row]]:
        found: dict[int, list[sqlite3.Row]] = {}
        for row in self._database.read(
            f"SELECT {table}.* FROM {table} JOIN turns ON turns.id = {table}.turn_id"
            f" WHERE {condition} ORDER BY {table}.turn_id, {order}",
            parameters,
        ):
            found.setdefault(row["turn_id"], []).append(row)
        return found

    def _settle_the_dead(self) -> None:
        running = self._database.read("SELECT id, owner FROM turns WHERE state = 'running'")
        dead = [turn_id for turn_id, owner in running if not owners.is_alive(self._lock_file, owner)]
        # In a history that cannot be written this fails; the turns are then read as interrupted all the same.
        with suppress(HistoryError):
            self._mended(lambda: recording.settle(self._database, dead))

    def _mended(self, work: Callable[[], Result]) -> Result:
        """Do work that writes the search index; if the index is broken, rebuild it from the texts and try once more."""
        try:
            return work()
        except BrokenHistoryError:
            recording.rebuild_index(self._database)
            return work()

    def _owner(self) -> int:
        with translated(self._database.path, "written"):
            return owners.hold(self._lock_file)

    def _follow(self, turn_id: int) -> None:
        def write(text: str, reasoning: str) -> None:
            recording.write_journal(self._database, turn_id, text=text, reasoning=reasoning)

        self._journals[turn_id] = Journal(write)

    def _end_journal(self, turn_id: int) -> tuple[str, str]:
        journal = self._journals.pop(turn_id, None)
        return journal.end() if journal else ("", "")
