"""Recording that never fails an answer: the first error is reported once, and nothing is recorded after it."""

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

    With `store`, that open history is used, and the caller closes it; otherwise the one at `path` is opened with the
    first turn.  `session` and `turn_id` are those being recorded, None while nothing is.
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
        """Store the prompt, in that session or in a new one; it is in the file when this returns."""

        def record(store: Store) -> None:
            self.session = session or store.create_session(kind, model=model, system=system)
            self.turn_id = store.begin_turn(self.session.id, prompt, model=model, system=system, options=options)

        self._try(record, anew=session is None)

    def note_model(self, model: str) -> None:
        """Store the turn's model, when it was not known at its beginning."""
        self._in_turn(lambda store, turn_id: store.note_model(turn_id, model))

    def resume(self, turn_id: int, session: Session) -> None:
        """Continue the partial answer of a turn of that session: what follows is appended to it.

        Raises UsageError when the turn has no partial answer.
        """

        def record(store: Store) -> None:
            store.begin_continuation(turn_id)
            self.session, self.turn_id = session, turn_id

        self._try(record)

    def journal(self, text: str, *, reasoning: str = "") -> None:
        """Store the next piece of the answer; returns at once."""
        if self.turn_id is not None and self._store is not None:
            self._store.journal(self.turn_id, text, reasoning=reasoning)

    def add_message(self, message: Message) -> None:
        """Store a function call or its result, between the prompt and the answer."""
        self._in_turn(lambda store, turn_id: store.add_message(turn_id, message))

    def finish(self, answer: Answer) -> None:
        """End the turn with its answer."""
        self._in_turn(lambda store, turn_id: store.finish_turn(turn_id, answer))

    def fail(self, code: str, message: str, *, answer: Answer | None = None) -> None:
        """End a failed turn with its partial answer: `answer`, else what was journaled."""
        self._in_turn(lambda store, turn_id: store.fail_turn(turn_id, code=code, message=message, answer=answer))

    def forget(self) -> bool:
        """Delete the current question if its request was never sent; return whether it was deleted.

        A question with any part of an answer stays, and so does one that was resumed.
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
                # Some damage is found only at a write.  A new conversation can begin in a new file.
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
