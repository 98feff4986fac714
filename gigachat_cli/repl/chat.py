"""One chat: what it knows, and what a person can have it do.  Commands and the loop stand on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .. import paths
from ..conversation import Conversation, Exchange, continuation_request, exchanges_from
from ..errors import GigaChatError, UsageError
from ..messages import Answer, Chunk, Notice
from ..sessions import HistoryError, Recorder, Session, open_store
from ..settings import Settings
from . import keyboard

if TYPE_CHECKING:
    from ..engine import GigaChat
    from ..render.terminal import Terminal
    from ..sessions.store import Store
    from ..sessions.turns import Turn


class Chat:
    """A conversation at a terminal.

    `connect` makes the client, at the first question; with `log` false nothing is recorded.  `fields` are further
    request fields, as `/set` changes them.
    """

    def __init__(
        self, terminal: Terminal, settings: Settings, connect: Callable[[], GigaChat], *, log: bool, raw: bool
    ) -> None:
        self.terminal = terminal
        self.settings = settings
        self.fields: dict[str, Any] = {}
        self.raw = raw
        self.log = log
        self.multiline = False
        self.prefilled = ""
        self.last_question: str | None = None
        self._connect = connect
        self._answering: asyncio.Task[Answer] | None = None
        self._interrupted = False
        self.conversation = self._begun(None)

    @cached_property
    def client(self) -> GigaChat:
        return self._connect()

    @cached_property
    def store(self) -> Store:
        """The history.  Raises HistoryError when it cannot be read."""
        store = open_store(paths.history_file())
        if store.notice:
            self.terminal.notice(Notice("warning", store.notice))
        return store

    @cached_property
    def recorder(self) -> Recorder | None:
        """What writes the conversation down; None when nothing is to be recorded, or nothing can be."""
        if not self.log:
            return None
        try:
            return Recorder(self.store.path, self.terminal.notice, store=self.store)
        except HistoryError as problem:
            self.terminal.notice(Notice("warning", f"{problem.message} This chat is not recorded."))
            return None

    async def close(self) -> None:
        if "recorder" in self.__dict__ and self.recorder is not None:
            self.recorder.close()
        if "store" in self.__dict__:
            self.store.close()
        if "client" in self.__dict__:
            await self.client.close()

    # Questions and answers

    async def ask(self, question: str) -> None:
        """Send a question and show its answer, or what went wrong."""
        self.last_question = question
        self._ready()
        await self._show(self.conversation.send(self.client, question, fields=self.fields))

    async def resume(self) -> None:
        """Go on with the last answer, which was cut.  Raises UsageError when there is none."""
        if not self.conversation.exchanges or self.conversation.exchanges[-1].answer.complete:
            raise UsageError("There is no cut answer to go on with.")
        self._ready()
        request = continuation_request(self.conversation.exchanges[-1].answer.text)
        chunks = self.conversation.resume(self.client, request, fields=self.fields, turn_id=self._last_turn_id())
        await self._show(chunks)

    def interrupt(self) -> None:
        """Ctrl-C: stop the answer that comes, if one does."""
        if self._answering is not None:
            self._interrupted = True
            self._answering.cancel()

    def last_answer(self, number: int = 1) -> Answer:
        """The last answer, or the one `number` before the end.  Raises UsageError when there are not so many."""
        exchanges = self.conversation.exchanges
        if not 1 <= number <= len(exchanges):
            raise UsageError(
                f"There is no answer number {number} from the end." if exchanges else "There is no answer."
            )
        return exchanges[-number].answer

    # Sessions

    def undo(self) -> Exchange | None:
        """Take back the last question that was answered, here and in the history."""
        taken = self.conversation.undo()
        session = self.conversation.session
        if taken is not None and session is not None and self.recorder is not None:
            # Questions after it that went without an answer go with it.
            while (undone := self.store.undo_turn(session.id)) and not (undone.answer and undone.answer.text):
                pass
        return taken

    def enter(self, *, continued: bool, name: str | None, model: str | None, system: str | None) -> None:
        """Begin where the command line says: with the latest session, with a named one, or anew.

        Raises UsageError when both are wanted or there is no session to go on with, HistoryError when the history
        cannot be read.
        """
        if continued and name is not None:
            raise UsageError("--continue and --session do not go together.", hint="Leave one of them out.")
        if continued or name is not None:
            session = self.store.latest_session() if name is None else self.store.join_session(name, "chat")
            if session is None:
                raise UsageError("There is no conversation to continue.", hint="Begin one: gigachat chat")
            self.join(session)
        if model is not None:
            self.conversation.model = model
        if system is not None:
            self.conversation.system = system

    def join(self, session: Session) -> None:
        """Go on with a session of the history."""
        self.conversation = self._begun(session, exchanges_from(self.store.turns(session.id)))

    def clear(self) -> None:
        """Begin a new session, with the same model and system message."""
        before = self.conversation
        self.conversation = self._begun(None)
        self.conversation.model, self.conversation.system = before.model, before.system

    def turns(self) -> list[Turn]:
        """The turns of this session as they are recorded."""
        session = self.conversation.session
        return self.store.turns(session.id) if session else []

    def toolbar(self) -> str:
        """Model, session, tokens: one quiet line."""
        parts = [self.conversation.model]
        session = self.conversation.session
        if session is not None:
            parts.append(session.name or session.title or session.id)
        if self.conversation.last_usage is not None:
            parts.append(f"{self.conversation.last_usage.total_tokens} tokens, {self.conversation.total_tokens} in all")
        if not self.log:
            parts.append("not recorded")
        if self.multiline:
            parts.append("Alt-Enter sends")
        return " · ".join(parts)

    def say(self, text: str) -> None:
        """A line for the person."""
        self.terminal.say(text)

    def show_problem(self, problem: GigaChatError) -> None:
        from ..render.problems import show_problem

        show_problem(problem, self.terminal, as_object=False)

    def _begun(self, session: Session | None, exchanges: Iterable[Exchange] = ()) -> Conversation:
        return Conversation(
            kind="chat",
            model=(session.model if session else None) or self.settings.model,
            system=session.system if session else None,
            session=session,
            exchanges=list(exchanges),
            context_tokens=self.settings.context_tokens,
            notify=self.terminal.notice,
        )

    def _ready(self) -> None:
        # The history is opened with the first question, so that the prompt need not wait for it.
        self.conversation.recorder = self.recorder

    def _last_turn_id(self) -> int | None:
        session = self.conversation.session
        if session is None or self.recorder is None:
            return None
        last = self.store.last_turn(session.id)
        return last.id if last else None

    async def _show(self, chunks: AsyncGenerator[Chunk, None]) -> None:
        from ..render import answers

        writer = answers.writer("text" if self.raw else "markdown", self.terminal, settings=self.settings)
        self._interrupted = False
        self._answering = asyncio.create_task(answers.show(chunks, writer, self.terminal))
        try:
            with keyboard.held():
                await self._answering
        except asyncio.CancelledError:
            if not self._interrupted:
                raise
        except GigaChatError as problem:
            self.show_problem(problem)
        finally:
            self._answering = None
        self.terminal.write("\n")
