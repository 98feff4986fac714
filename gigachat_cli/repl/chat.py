"""One chat: what it knows, and what a person can have it do.  Commands and the loop stand on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .. import paths
from ..conversation import Conversation, Exchange, NamedModel, Question, exchanges_from, named_model
from ..conversation.service_tools import tools_of
from ..errors import ClosedPipeError, GigaChatError, HistoryError, UsageError, nearest
from ..messages import Answer, Chunk, Message, Notice
from ..sessions import Recorder, Session, open_store
from ..settings import Settings
from ..text import in_quotes, one_line, visible
from .keyboard import Keyboard
from .model_names import ModelNames

if TYPE_CHECKING:
    from ..conversation.attachments import Attachment
    from ..conversation.functions import FunctionOptions, Functions
    from ..conversation.generated import FileSaver
    from ..engine import GigaChat
    from ..render.terminal import Terminal
    from ..sessions.store import Store
    from .picker import Choice


_ATTACH_HINT = "Type the path after the @, or use /attach."


class Chat:
    """A conversation at a terminal.

    `connect` makes the client, at the first question; `known_model` tells the model that answers when none is named,
    as far as that is known without a request; with `log` false nothing is recorded.  `fields` are further
    request fields, as `/set` changes them; `gather` is entered while an answer comes, and keeps what is typed;
    `reply` puts a question of ours meanwhile.  `functions` are those that the model may call; what is `attached` goes
    with the next question that is typed.
    """

    def __init__(
        self,
        terminal: Terminal,
        settings: Settings,
        connect: Callable[[], GigaChat],
        *,
        log: bool,
        raw: bool,
        known_model: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.terminal = terminal
        self.settings = settings
        self.fields: dict[str, Any] = {}
        self.format = "text" if raw or settings.markdown == "never" else "markdown"
        self.log = log
        self.multiline = False
        self.keyboard = Keyboard(escapes=terminal.moves_on_stdout)
        self.gather: Callable[[], AbstractContextManager[None]] = nullcontext
        self.reply: Callable[[str], Awaitable[str | None]] = _nobody
        self.pick: Callable[[Sequence[Choice], str], Awaitable[str | None]] | None = None
        """Has a person choose of a list, where the terminal can show one."""
        self.complete_anew: Callable[[], None] = _nothing
        self.model_names = ModelNames(lambda: self.client, lambda: self.complete_anew())
        self.functions: Functions | None = None
        self.attached: list[Attachment] = []
        self.written: str | None = None
        """The session that an answer of this chat was recorded in last."""
        self._connect = connect
        self._known_model = known_model
        self._answering: asyncio.Task[Any] | None = None
        self._interrupted = False
        self.conversation = self._begun(None)

    @cached_property
    def function_options(self) -> FunctionOptions:
        """What the command line said of functions."""
        from ..conversation.functions import FunctionOptions

        return FunctionOptions()

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
        await self.model_names.leave_off()
        if self.functions is not None:
            self.functions.library.close()
        if "recorder" in self.__dict__ and self.recorder is not None:
            self.recorder.close()
        if "store" in self.__dict__:
            self.store.close()
        if "client" in self.__dict__:
            await self.client.close()

    # Questions and answers

    async def ask(self, prompt: str | Message, *, attachments: Sequence[Attachment] = ()) -> None:
        """Send a question and show its answer, or what went wrong."""
        # The history is opened with the first question, so that the prompt need not wait for it.
        self.conversation.recorder = self.recorder
        question = Question(prompt, attachments=tuple(attachments), functions=self.functions, fields=self.fields)
        await self._show(self.conversation.ask(self.client, question))

    async def ask_typed(self, question: str, *, by_hand: str | None) -> None:
        """Send a question with what is attached; each `@path` that was typed `by_hand` is attached too.

        Raises UsageError for a file that cannot be attached; nothing is sent then.
        """
        if by_hand is not None and "@" in question:
            from ..conversation.attachments import mentioned, only_mentioned

            named = mentioned(by_hand)
            left = only_mentioned(question, named)
            if left:
                names = ", ".join(map(visible, left))
                self.say(self.terminal.folded(f"gigachat: Not attached, as it was not typed: {names}. {_ATTACH_HINT}"))
            if not await self.attach_agreed(named):
                return
        if self.attached:
            from ..conversation.attachments import what_goes

            self.terminal.notice(what_goes(self.attached))
        before = self.conversation.unanswered, len(self.conversation.exchanges)
        await self.ask(question, attachments=self.attached)
        if before != (self.conversation.unanswered, len(self.conversation.exchanges)):
            self.attached = []  # they went with it; where an upload failed they are still to go

    def attach(self, paths: Sequence[str]) -> None:
        """Attach files to the next question.  Raises UsageError for what cannot be attached."""
        from ..conversation.attachments import checked, read_attachments

        known = {each.path for each in self.attached}
        found = [each for each in read_attachments(paths, _untold) if each.path not in known]
        self.attached = checked([*self.attached, *found], self.terminal.notice)

    async def attach_agreed(self, paths: Sequence[str]) -> bool:
        """Attach files as `attach` does; the person is asked about each that looks like a secret.

        Whether they all were agreed to: when not, none of them is attached.
        """
        from ..conversation.attachments import secret_question

        before = self.attached
        self.attach(paths)
        for each in self.attached:
            if each.secret and each not in before and not await self.agrees(secret_question(each)):
                self.attached = before
                return False
        return True

    async def agrees(self, question: str) -> bool:
        """Whether the person says yes; anything else is a no, and is told to be one."""
        from ..conversation.secret_files import is_yes

        typed: list[str | None] = []

        async def put() -> None:
            self.keyboard.forget_typed()
            typed.append(await self.reply(f"{self.terminal.folded(f'gigachat: {question} [y/N]')} "))

        await self.stoppable(put())
        if typed and is_yes(typed[0] or ""):
            return True
        self.say("gigachat: It was not agreed to; nothing was sent.")
        return False

    async def resume(self) -> None:
        """Go on with the last answer, which was cut.  Raises UsageError when there is none."""
        exchanges = self.conversation.exchanges
        if not exchanges or exchanges[-1].answer.complete:
            raise UsageError("There is no cut answer to go on with.")
        self.conversation.recorder = self.recorder
        begun = exchanges[-1].answer.text
        self.say(self.quiet("— continued —"))
        rest = self.conversation.resume(self.client, fields=self.fields)
        await self._show(_after(open_fence(begun), rest) if self.format == "markdown" else rest)

    async def stoppable(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that Ctrl-C may stop.  Raises what it raises."""
        self._interrupted = False
        self._answering = asyncio.create_task(work)
        try:
            await self._answering
        except asyncio.CancelledError:
            if not self._interrupted or _is_ending():
                raise
            self.say("gigachat: Stopped.")
        finally:
            self._answering = None

    def interrupt(self) -> None:
        """Ctrl-C: stop the answer that comes, or what else there is to stop."""
        if self._answering is not None:
            self._interrupted = True
            self._answering.cancel()

    def interrupt_at_once(self) -> None:
        """As `interrupt`, in the midst of work that does not wait for anything; raises CancelledError there."""
        if self._answering is not None and asyncio.current_task() is self._answering:
            self._interrupted = True
            raise asyncio.CancelledError

    def last_answer(self, number: int = 1) -> Answer:
        """The last answer, or the one `number` before the end.  Raises UsageError when there are not so many."""
        exchanges = self.conversation.exchanges
        if not 1 <= number <= len(exchanges):
            raise UsageError(f"There is no answer {number} from the end." if exchanges else "There is no answer yet.")
        return exchanges[-number].answer

    def last_prompt(self) -> Message:
        """The last question, answered or not.  Raises UsageError when there is none."""
        asked = [*self.conversation.exchanges, *filter(None, [self.conversation.unanswered])]
        if not asked:
            raise UsageError("There is no question yet.")
        return asked[-1].prompt

    def undo(self) -> Exchange | None:
        """Take back the last question, with its answer if it has one, here and in the history."""
        taken = self.conversation.undo()
        session = self.conversation.session
        if taken is not None and taken.turn_id is not None and session is not None and self.recorder is not None:
            # Later questions that stayed without an answer go with it; another program's are left alone.
            last = self.store.last_turn(session.id)
            while last is not None and last.id >= taken.turn_id and last.state != "running":
                self.store.undo_turn(session.id)
                last = self.store.last_turn(session.id)
            if self.written == session.id and not self.conversation.exchanges:
                self.written = None
        return taken

    # Sessions

    def enter(self, *, continued: bool, name: str | None, model: str | None, system: str | None) -> None:
        """Begin where the command line says: with the latest session, with a named one, or anew.

        Raises UsageError when both are wanted or there is no session to go on with, HistoryError when the history
        cannot be read.
        """
        if continued and name is not None:
            raise UsageError("--continue and --session do not go together.", hint="Leave one of them out.")
        if continued or name is not None:
            store = open_store(paths.history_file())
            if store.notice:  # what was to be gone on with is in the file that was set aside
                raise HistoryError(store.notice, hint="Begin anew: gigachat chat")
            self.store = store
            if name is None:
                session = store.latest_session()
            else:
                session = store.join_session(name, "chat") if self.log else store.find_session(name)
            if session is None:
                raise UsageError("There is no conversation to continue.", hint="Begin one: gigachat chat")
            self.join(session)
        if model is not None:
            self.conversation.named_model = NamedModel(model)
        if system is not None:
            self.conversation.system = system

    def session_of(self, name: str) -> Session:
        """The session of a name, an id, or the beginning of an id; begun under that name when there is none.

        Raises UsageError for what cannot be a name, for what stands for several, and for an unknown one when nothing
        is recorded.
        """
        typed = name.strip()
        exact = in_quotes(typed)
        typed = typed if exact is None else exact
        try:
            return self.store.find_session(typed)
        except UsageError as unknown:
            several = any(each.id.startswith(typed.lower()) for each in self.store.sessions())
            if several or not self.log:
                raise
            near = nearest(typed, [each.name for each in self.store.sessions() if each.name])
            if near is not None and exact is None:
                unknown.hint = f'Did you mean {near}? In quotes it begins a session: /session "{typed}"'
                raise
        before = self.conversation
        return self.store.join_session(typed, "chat", model=self.model, system=before.system)

    def session_id(self) -> str | None:
        """The session that goes on; None before it has begun."""
        return self.conversation.session.id if self.conversation.session is not None else None

    def join(self, session: Session) -> None:
        """Go on with a session of the history."""
        self.conversation = self._begun(session, exchanges_from(self.store.turns(session.id)))

    def clear(self) -> None:
        """Begin a new session, with the same model and system message."""
        before = self.conversation
        self.conversation = self._begun(None)
        self.conversation.named_model, self.conversation.system = before.named_model, before.system

    # What a person sees

    def toolbar(self) -> str:
        """Model, session, tokens: one quiet line."""
        parts = [self.model or "model not chosen yet"]
        session = self.conversation.session
        if session is not None:
            parts.append(session.name or session.title or session.id)
        if self.conversation.last_usage is not None:
            parts.append(f"{self.conversation.last_usage.total_tokens} tokens, {self.conversation.total_tokens} in all")
        elif self.conversation.total_tokens:
            parts.append(f"{self.conversation.total_tokens} tokens in all")
        if self.attached:
            parts.append(f"{len(self.attached)} attached")
        parts.extend(tools_of(self.fields))
        if not self.log:
            parts.append("not recorded")
        if self.multiline:
            parts.append("Alt-Enter sends")
        return " · ".join(one_line(part, 60) for part in parts)

    @property
    def model(self) -> str | None:
        """The model that answers, as far as it is known by now."""
        return self.conversation.model or self._known_model()

    @property
    def model_shown(self) -> str:
        """The model for a line of text."""
        chosen = "" if self.conversation.named_model else " (chosen from the account's list)"
        return (
            f"{visible(self.model)}{chosen}" if self.model else "chosen from the account's list at the first question"
        )

    def say(self, text: str) -> None:
        """A line for the person."""
        self.terminal.say(text)

    def quiet(self, text: str) -> str:
        """The text dimmed, where there are colours."""
        return f"\x1b[2m{text}\x1b[22m" if self.terminal.color_on_stderr else text

    def show_problem(self, problem: GigaChatError) -> None:
        from ..render.problems import show_problem

        show_problem(problem, self.terminal, as_object=False)

    def _begun(self, session: Session | None, exchanges: Iterable[Exchange] = ()) -> Conversation:
        return Conversation(
            kind="chat",
            named_model=named_model(self.settings.model, of_session=session.model if session else None),
            system=session.system if session else None,
            session=session,
            exchanges=list(exchanges),
            context_tokens=self.settings.context_tokens,
            notify=self.terminal.notice,
            show=self.terminal.beside_spinner,
            files=self._saver,
        )

    def _saver(self, client: GigaChat) -> FileSaver:
        from ..conversation.generated import FileSaver

        return FileSaver(client, self.terminal.notice, show=self.terminal.beside_spinner)

    async def _show(self, chunks: AsyncGenerator[Chunk, None]) -> None:
        from ..render import answers

        await self.model_names.leave_off()
        writer = answers.writer(self.format, self.terminal, settings=self.settings)
        self._interrupted = False
        self._answering = asyncio.create_task(answers.show(chunks, writer, self.terminal))
        try:
            with self.keyboard.answering(), self.gather():
                await self._answering
        except asyncio.CancelledError:
            if not self._interrupted or _is_ending():
                raise
            exchanges = self.conversation.exchanges
            if self.conversation.unanswered is not None or not exchanges:
                self.say("gigachat: Stopped before an answer came.")
        except GigaChatError as problem:
            if _is_ending():  # the terminal is gone, and the signal that says so is on its way
                raise asyncio.CancelledError from None
            if isinstance(problem, ClosedPipeError):
                raise
            self.show_problem(problem)
        finally:
            self._answering = None
            self._note_written()
        self.terminal.write("\n")

    def _note_written(self) -> None:
        conversation = self.conversation
        answered = conversation.exchanges and conversation.unanswered is None
        if answered and conversation.exchanges[-1].turn_id is not None and conversation.session is not None:
            self.written = conversation.session.id


def _untold(notice: Notice) -> None:
    """Told elsewhere."""


def _nothing() -> None:
    """Nothing is to be done."""


async def _nobody(question: str) -> str | None:
    return None


def open_fence(text: str) -> str:
    """The line that opened the code block in which a text breaks off, with its newline; empty when it ends in none."""
    fence = ""
    for line in text.split("\n"):
        stripped = line.strip()
        if not fence and stripped.startswith(("```", "~~~")):
            fence = stripped
        elif fence and set(stripped) == {fence[0]} and len(stripped) >= len(fence) - len(fence.lstrip(fence[0])):
            fence = ""
    return f"{fence}\n" if fence else ""


async def _after(beginning: str, chunks: AsyncGenerator[Chunk, None]) -> AsyncGenerator[Chunk, None]:
    """The chunks, to be shown as if `beginning` had come before: in a code block that was cut, the rest is code."""
    try:
        async for chunk in chunks:
            if chunk.text and beginning:
                chunk, beginning = replace(chunk, text=beginning + chunk.text), ""
            yield chunk
    finally:
        await chunks.aclose()


def _is_ending() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
