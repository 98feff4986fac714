"""Recording that never costs an answer: the first fault is told once, and nothing more is tried after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..errors import BrokenHistoryError, HistoryError
from ..messages import Answer, Message, Notice
from .values import Session, SessionKind

if TYPE_CHECKING:
    from .store import Store

BUSY_TIMEOUT = 5.0


class Recorder:
    """Records one turn after another.  `report` gets a warning when something could not be recorded.

    With `store`, that open history is used and stays the caller's to close; otherwise the one at `path` is
    opened with the first turn.  `session` and `turn_id` are those that are recorded, None while nothing is.
    """

    def __init__(self, path: Path, report: Callable[[Notice], None], *, store: Store | None = None) -> None:
        self.session: Session | None = None
        self.turn_id: int | None = None
        self._path = path
        self._report = report
        self._given = store
        self._store = store
        self._failed = False

    def begin(
        self,
        prompt: Message,
        kind: SessionKind,
        *,
        session: Session | None = None,
        model: str | None = None,
        system: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Put the prompt down, in that session or in a new one; it is in the file when this returns."""

        def record(store: Store) -> None:
            self.session = session or store.create_session(kind, model=model, system=system)
            self.turn_id = store.begin_turn(self.session.id, prompt, model=model, system=system, options=options)

        self._try(record, anew=session is None)

    def note_model(self, model: str) -> None:
        """Note the model that the turn is asked of, where that was not known when it began."""
        self._in_turn(lambda store, turn_id: store.note_model(turn_id, model))

    def resume(self, turn_id: int, session: Session) -> None:
        """Go on with the partial answer of a turn of that session.  What follows is appended to it.

        Raises UsageError when that turn has none, for then there is nothing to ask for.
        """

        def record(store: Store) -> None:
            store.begin_continuation(turn_id)
            self.session, self.turn_id = session, turn_id

        self._try(record)

    def journal(self, text: str, *, reasoning: str = "") -> None:
        """Note the next piece of the answer; returns at once."""
        if self.turn_id is not None and self._store is not None:
            self._store.journal(self.turn_id, text, reasoning=reasoning)

    def add_message(self, message: Message) -> None:
        """Put down a function call or its result, between the prompt and the answer."""
        self._in_turn(lambda store, turn_id: store.add_message(turn_id, message))

    def finish(self, answer: Answer) -> None:
        """End the turn with its answer."""
        self._in_turn(lambda store, turn_id: store.finish_turn(turn_id, answer))

    def fail(self, code: str, message: str, *, answer: Answer | None = None) -> None:
        """End the turn that went wrong, with what came of the answer: `answer`, else what was journaled."""
        self._in_turn(lambda store, turn_id: store.fail_turn(turn_id, code=code, message=message, answer=answer))

    def forget(self) -> bool:
        """Take a question back that never left; whether it was one.

        Where anything came of it, or the question is an older one, it stays.
        """
        gone: list[bool] = []
        self._in_turn(lambda store, turn_id: gone.append(store.forget_turn(turn_id)))
        if not any(gone):
            return False
        self.turn_id = None
        return True

    def close(self) -> None:
        if self._store is not None and self._given is None:
            self._store.close()
        self._store = self._given

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _in_turn(self, record: Callable[[Store, int], None]) -> None:
        turn_id = self.turn_id
        if turn_id is not None:
            self._try(lambda store: record(store, turn_id))

    def _try(self, record: Callable[[Store], None], *, anew: bool = False) -> None:
        if self._failed:
            return
        try:
            try:
                record(self._opened())
            except BrokenHistoryError:
                # What is broken further inside shows only now.  A new conversation can begin in a fresh file.
                if not anew or self._given is not None:
                    raise
                self._set_aside()
                record(self._opened())
        except HistoryError as problem:
            self._failed = True
            self.session = self.turn_id = None
            self._report(Notice("warning", f"{problem.message} This is not recorded."))

    def _opened(self) -> Store:
        if self._store is None:
            from .store import Store

            self._store = Store.open(self._path, busy_timeout=BUSY_TIMEOUT)
            if self._store.notice:
                self._report(Notice("warning", self._store.notice))
        return self._store

    def _set_aside(self) -> None:
        from .database import set_aside

        self.close()
        notice = set_aside(self._path, busy_timeout=BUSY_TIMEOUT)
        if notice:
            self._report(Notice("warning", notice))
