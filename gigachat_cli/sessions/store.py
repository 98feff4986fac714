"""The store: sessions and their turns, in the words of the values.  How they lie in the file is known below.

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
    from .turns import Conversation, SearchHit, Turn

Result = TypeVar("Result")


class Store:
    """An open history.  `notice` is a sentence for the person when a broken file was set aside, else None."""

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
        """Close the file; a turn of ours that still runs is ended as interrupted.

        A session that a name began here, or whose question never left, is gone then if nothing was asked in it.
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
        """Begin a conversation.  Raises UsageError for a name that cannot be one or is taken."""
        with self._database.writing() as connection:
            return catalogue.insert_session(connection, kind, name=name, model=model, system=system)

    def join_session(
        self, name: str, kind: SessionKind, *, model: str | None = None, system: str | None = None
    ) -> Session:
        """The session of that name or id, begun when there is none of that name."""
        with self._database.writing() as connection:
            found = catalogue.find_exactly(connection, name)
            if found is None:
                begun = catalogue.insert_session(connection, kind, name=name, model=model, system=system)
                self._begun.add(begun.id)
                return begun
        return self.session(found)

    def find_session(self, reference: str) -> Session:
        """The session of a name, an id, or the beginning of an id.  Raises UsageError for none and for several."""
        return session_from(catalogue.find(self._database, reference))

    def session(self, session_id: str) -> Session:
        """The session of exactly that id.  Raises HistoryError when it is gone."""
        row = self._database.read_one(f"SELECT {SESSION_COLUMNS} FROM sessions WHERE id = ?", (session_id,))
        if row is None:
            raise HistoryError(f"The session {session_id} was deleted from the history.")
        return session_from(row)

    def latest_session(self) -> Session | None:
        """The conversation that any command wrote last and that has an answer, which can be gone on with."""
        row = self._database.read_one(
            f"""SELECT {SESSION_COLUMNS} FROM sessions WHERE EXISTS (
                    SELECT 1 FROM turns JOIN messages ON messages.id = turns.answer_message
                    WHERE turns.session_id = sessions.id AND NOT removed AND state <> 'running' AND content <> '')
                ORDER BY last_write DESC LIMIT 1"""
        )
        return session_from(row) if row else None

    def sessions(self, *, limit: int | None = None, before: float | None = None) -> list[Session]:
        """Sessions, those written last first; `before` leaves those last written before that Unix time."""
        rows = self._database.read(
            f"SELECT {SESSION_COLUMNS} FROM sessions WHERE ?1 IS NULL OR updated_at < ?1"
            " ORDER BY last_write DESC LIMIT ?2",
            (before, -1 if limit is None else limit),
        )
        return [session_from(each) for each in rows]

    def rename_session(self, session_id: str, name: str | None) -> Session:
        """Give a session another name, or none.  Raises UsageError when the name cannot be one or is taken."""
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
                """SELECT id FROM turns WHERE session_id = ?1 AND NOT removed AND state <> 'running'
                    AND (?2 IS NULL OR number <= ?2) ORDER BY number""",
                (session_id, up_to),
            ).fetchall()
            for number, (turn_id,) in enumerate(copied, start=1):
                recording.copy_turn(connection, turn_id, forked.id, number=number)
        return self.session(forked.id)

    def prompts(self, session_ids: Sequence[str]) -> set[str]:
        """The questions of those sessions, those taken back included."""
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
        """Delete sessions for good, and scrub their text from the file; return how many there were."""
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
        """Put a prompt down before its request leaves; return the turn's id.

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
        """Delete a turn whose question never left; False, and nothing is changed, where anything came of it."""
        pending = self._end_journal(turn_id)
        session_id = None if any(pending) else recording.forget_turn(self._database, turn_id)
        if session_id is not None:
            self._begun.add(session_id)
            return True
        self._follow(turn_id)
        self.journal(turn_id, pending[0], reasoning=pending[1])
        return False

    def note_model(self, turn_id: int, model: str) -> None:
        """Note the model that a running turn is asked of; its session goes on with that one."""
        recording.note_model(self._database, turn_id, model)

    def begin_continuation(self, turn_id: int) -> None:
        """Let another request go on with a turn's partial answer: what follows is appended, with a visible seam.

        Raises UsageError when that turn has no interrupted answer.
        """
        owner = self._owner()
        self._mended(lambda: recording.begin_continuation(self._database, turn_id, owner=owner))
        self._follow(turn_id)

    def journal(self, turn_id: int, text: str, *, reasoning: str = "") -> None:
        """Note the next piece of a running answer.  Returns at once; it is in the file half a second later."""
        if turn_id in self._journals:
            self._journals[turn_id].add(text, reasoning)

    def add_message(self, turn_id: int, message: Message) -> None:
        """Put down a message between prompt and answer: a function call as the model's message, or its result."""
        pending = self._journals[turn_id].end() if turn_id in self._journals else None
        recording.add_message(self._database, turn_id, message)
        if pending is not None:
            self._follow(turn_id)

    def finish_turn(self, turn_id: int, answer: Answer) -> None:
        """End a turn with its answer: "complete" when the answer is, else "partial".

        The text of one that is not held is what was journaled.
        """
        pending = self._end_journal(turn_id)
        self._mended(lambda: recording.end_turn(self._database, turn_id, answer=answer, pending=pending))

    def fail_turn(self, turn_id: int, *, code: str, message: str, answer: Answer | None = None) -> None:
        """End a turn that went wrong: "partial" with what came of the answer, else "failed".

        Without `answer`, what was journaled is what came.
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
        """The turn of that id.  Raises HistoryError when it is gone."""
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
        """All turns of a session in order, without those undone."""
        return self._turns("turns.session_id = ? AND NOT removed", (session_id,))

    def conversation(self, session_id: str) -> Conversation:
        """A session with all its turns, as one moment of the history."""
        from .turns import Conversation

        with self._database.reading():
            return Conversation(self.session(session_id), self.turns(session_id))

    def search(self, text: str, *, session_id: str | None = None, limit: int = 20) -> list[SearchHit]:
        """Turns with all the words of `text`, the best first; `"a phrase"` and `begin*` are understood.

        What no word matches is looked for letter by letter.  Raises UsageError when `text` is empty.
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
        # A history that cannot be written is still read, and reading takes the dead for dead.
        with suppress(HistoryError):
            self._mended(lambda: recording.settle(self._database, dead))

    def _mended(self, work: Callable[[], Result]) -> Result:
        """Do what needs the search index; when that is what is broken, it is made anew from the texts, once."""
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
