"""One conversation with the model, from a question to its answer, recorded on the way.

A question is in the history before its request leaves, an answer while it comes.  What is sent again later is every
exchange that has an answer, a partial one as it stands; a question without an answer stays in the history alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..errors import (
    GigaChatError,
    InvalidRequestError,
    PromptTooLongError,
    UnknownFileError,
    UnknownModelError,
    UsageError,
)
from ..keys import check_keyless
from ..messages import (
    Answer,
    AnswerBuilder,
    Chunk,
    Message,
    Notice,
    Usage,
    footnotes,
    with_answered_calls,
    with_footnotes,
)
from ..sessions import title_of
from ..text import one_line
from .question import Question
from .watching import with_files

if TYPE_CHECKING:
    from ..engine import GigaChat
    from ..sessions import Recorder, Session, SessionKind
    from ..sessions.turns import Turn
    from .generated import FileSaver

INTERRUPTED = ("interrupted", "The answer was interrupted.")
_CHARACTERS_A_TOKEN = 3  # a careful guess for Russian and English; only the service knows


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question with its answer, whole or partial, and what was said between the two.

    `seams` are the places in the answer's text, in characters, where another request went on with it; `turn_id` is
    its turn in the history, None when it is not recorded.
    """

    prompt: Message
    answer: Answer
    between: tuple[Message, ...] = ()
    seams: tuple[int, ...] = ()
    turn_id: int | None = None

    @property
    def messages(self) -> list[Message]:
        answer = self.answer
        said = Message(
            "assistant",
            answer.text,
            function_call=answer.function_call,
            functions_state_id=answer.functions_state_id,
        )
        return with_answered_calls([self.prompt, *self.between, said])


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A model that was named: `origin` is where, unless that is a setting.

    One `of_session` was named in the past: where the service does not know it any more, another one answers.
    """

    name: str
    origin: str = ""
    of_session: bool = False


class Conversation:
    """What was said so far.  `recorder` writes it down; without one, or when it fails, memory is all there is.

    `named_model` is the one to ask, None for the choice from the account's list.  `context_tokens` is how much the
    model can take, where that is known: above it the oldest exchanges are left out of the request, never out of the
    history.  `opening` are messages that were before all of it.  `show` gets a line on how far an upload is; `files`
    makes what saves the files of an answer, whose tags stay in its text without it.  `unanswered` is the last
    question, when nothing came of it.
    """

    def __init__(
        self,
        *,
        kind: SessionKind = "ask",
        named_model: NamedModel | None,
        recorder: Recorder | None = None,
        session: Session | None = None,
        opening: Sequence[Message] = (),
        exchanges: Sequence[Exchange] = (),
        system: str | None = None,
        context_tokens: int | None = None,
        notify: Callable[[Notice], None] = lambda notice: None,
        show: Callable[[str], None] = lambda line: None,
        files: Callable[[GigaChat], FileSaver] | None = None,
    ) -> None:
        self.named_model = named_model
        self._asked_model: str | None = None
        self.system = system
        self.session = session
        self.exchanges = list(exchanges)
        self.unanswered: Exchange | None = None
        self.last_usage: Usage | None = None
        self.total_tokens = session.total_tokens if session else 0
        self._kind: SessionKind = kind
        self.recorder = recorder
        self._opening = tuple(opening)
        self._show = show
        self._files = files
        self.saver: FileSaver | None = None
        """What saved the files of the last answer, where it had any."""
        self._context_tokens = context_tokens
        self._notify = notify
        self._left_out = 0
        self._renewed_ids: dict[str, str] = {}

    @property
    def model(self) -> str | None:
        """The model that answers, as far as it is known by now."""
        return self.named_model.name if self.named_model else self._asked_model

    def outgoing(self, prompt: Message | None = None) -> list[Message]:
        """The messages that are sent: the system message, the exchanges that fit, and the question."""
        sent = [Message("system", self.system)] if self.system else []
        sent.extend(self._opening)
        for exchange in self.exchanges[self._left_out :]:
            sent.extend(exchange.messages)
        if prompt:
            sent.append(prompt)
        if self._renewed_ids:
            from .attachments import renamed  # known by now

            sent = [renamed(message, self._renewed_ids) for message in sent]
        return sent

    def ask(self, client: GigaChat, question: Question) -> AsyncGenerator[Chunk, None]:
        """The answer to a question, chunk by chunk.  Raises what the engine raises, and records that too.

        The chunks come from the requests (`_requested`), through the rounds of functions and the tries of a schema
        (`_answered`), the record (`_recorded`), and what saves their files.
        """
        return self._with_files(client, self._asked(client, question))

    def resume(
        self,
        client: GigaChat,
        *,
        stream: bool = True,
        fields: Mapping[str, Any] | None = None,
        turn_id: int | None = None,
    ) -> AsyncGenerator[Chunk, None]:
        """The rest of the last answer, which was cut.

        `turn_id` is its turn in the history, where the exchange does not say.  Raises UsageError when there is no
        such answer.
        """
        if not self.exchanges or self.exchanges[-1].answer.complete:
            raise UsageError("There is no answer to go on with.", hint="Only one that was cut can be continued.")
        request = continuation_request(self.exchanges[-1].answer.text)
        question = Question(request, stream=stream, fields=fields or {})
        return self._with_files(client, self._resumed(client, question, turn_id))

    async def _asked(self, client: GigaChat, question: Question) -> AsyncGenerator[Chunk, None]:
        prompt = await self._uploaded(client, question)
        check_keyless(prompt.content)
        turn_id = None
        if self.recorder is not None:
            self._asked_model = model = self.named_model.name if self.named_model else client.known_model()
            self.recorder.begin(
                prompt, self._kind, session=self.session, model=model, system=self.system, options=question.fields
            )
            self.session = _titled(self.recorder.session or self.session, prompt)
            turn_id = self.recorder.turn_id
        self.unanswered = Exchange(prompt, Answer(), turn_id=turn_id)
        builder = AnswerBuilder(question.most_held)
        between: list[Message] = []

        def add(message: Message) -> None:
            between.append(message)
            builder.forget_text()
            if self.recorder is not None:
                self.recorder.add_message(message)

        def kept(*, ended: bool) -> Answer:
            """The answer as it is kept: with its sources, which have no other place in the history.

            One that can be gone on with stays as it is, for what follows goes to its end.
            """
            answer = builder.answer(ended=ended)
            return with_footnotes(answer) if answer.complete and question.schema is None else answer

        chunks = self._recorded(self._answered(client, question, prompt, between, add), builder, self.recorder, kept)
        if question.schema is not None:
            from .schema import only_what_fits

            chunks = only_what_fits(chunks, question.schema, lambda: builder.answer(ended=True))
        ended = False
        async with aclosing(chunks):
            try:
                async for chunk in chunks:
                    yield chunk
                ended = True
            finally:
                answer = kept(ended=ended)
                if answer.text:  # a call that nobody ran is no answer to go on from
                    self.exchanges.append(Exchange(prompt, answer, tuple(between), turn_id=turn_id))
                    self.unanswered = None

    async def _resumed(self, client: GigaChat, question: Question, turn_id: int | None) -> AsyncGenerator[Chunk, None]:
        begun = self.exchanges[-1]
        turn_id = begun.turn_id if turn_id is None else turn_id
        recorder = self.recorder if turn_id is not None and self.session is not None else None
        if recorder is not None and turn_id is not None and self.session is not None:
            recorder.resume(turn_id, self.session)
        builder = AnswerBuilder()

        def kept(*, ended: bool) -> Answer:
            answer = builder.answer(ended=ended)
            return with_footnotes(answer) if answer.complete else answer

        requested = self._requested(client, question, question.message(), (), question.fields)
        ended = False
        async with aclosing(self._recorded(requested, builder, recorder, kept)) as recorded:
            try:
                async for chunk in recorded:
                    yield chunk
                ended = True
            finally:
                rest = kept(ended=ended)
                if rest.text:
                    seams = (*begun.seams, len(begun.answer.text))
                    whole = replace(rest, text=begun.answer.text + rest.text)
                    self.exchanges[-1] = replace(begun, answer=whole, seams=seams)

    def undo(self) -> Exchange | None:
        """Take the last question back, in memory, and its answer if it has one; None when there is none."""
        if self.unanswered is not None:
            taken, self.unanswered = self.unanswered, None
            return taken
        if not self.exchanges:
            return None
        self._left_out = min(self._left_out, len(self.exchanges) - 1)
        return self.exchanges.pop()

    async def _uploaded(self, client: GigaChat, question: Question) -> Message:
        """The message of the question, whose attachments the service has by now."""
        if not question.attachments:
            return question.message()
        from .attachments import upload_all  # a plain question does without it

        return question.message(await upload_all(client, question.attachments, self.outgoing(), show=self._show))

    def _with_files(self, client: GigaChat, chunks: AsyncGenerator[Chunk, None]) -> AsyncGenerator[Chunk, None]:
        files = self._files
        if files is None:
            return chunks

        def saver() -> FileSaver:
            self.saver = files(client)
            return self.saver

        self.saver = None
        return with_files(chunks, saver)

    async def _recorded(
        self,
        chunks: AsyncGenerator[Chunk, None],
        builder: AnswerBuilder,
        recorder: Recorder | None,
        kept: Callable[..., Answer],
    ) -> AsyncGenerator[Chunk, None]:
        """The chunks, each journaled before it is shown, and the end of the turn, whichever it is."""
        try:
            async with aclosing(chunks):
                async for chunk in chunks:
                    builder.add(chunk)
                    if recorder is not None:
                        recorder.journal(chunk.text, reasoning=chunk.reasoning)
                    yield chunk
        except GigaChatError as problem:
            self._count(builder.answer(ended=False))
            if recorder is not None and problem.never_left and recorder.forget():
                if self.unanswered is not None:
                    self.unanswered = replace(self.unanswered, turn_id=None)
            elif recorder is not None:
                recorder.fail(problem.code, problem.message, answer=kept(ended=False))
            raise
        except (asyncio.CancelledError, GeneratorExit, KeyboardInterrupt, SystemExit):
            if recorder is not None:
                recorder.fail(*INTERRUPTED, answer=kept(ended=False))
            raise
        answer = builder.answer(ended=True)
        self._count(answer)
        if recorder is not None:
            if not answer.held and answer.complete:
                recorder.journal(footnotes(answer))
            recorder.finish(kept(ended=True))

    def _count(self, answer: Answer) -> None:
        if answer.usage is not None:
            self.last_usage = answer.usage
            self.total_tokens += answer.usage.total_tokens

    def _answered(
        self,
        client: GigaChat,
        question: Question,
        prompt: Message,
        between: Sequence[Message],
        add: Callable[[Message], None],
    ) -> AsyncGenerator[Chunk, None]:
        """The answer to a question, with what comes before it: calls of functions, and answers that do not fit.

        `add` is told of each message of those, and `between` holds them by then.
        """
        fields = question.fields if question.schema is None else question.schema.fields(question.fields)

        def asked() -> AsyncGenerator[Chunk, None]:
            before = tuple(between)
            if question.functions is None:
                return self._requested(client, question, prompt, before, fields)
            from .functions import in_rounds  # a plain question does without it

            def request(calls: Sequence[Message], more: Mapping[str, Any]) -> AsyncGenerator[Chunk, None]:
                return self._requested(client, question, prompt, (*before, *calls), more)

            return in_rounds(question.functions, request, fields, add)

        if question.schema is None:
            return asked()
        from .schema import DEFAULT_RETRIES, in_tries

        retries = DEFAULT_RETRIES if question.schema_retries is None else question.schema_retries
        return in_tries(question.schema, asked, add, retries=retries)

    async def _requested(
        self,
        client: GigaChat,
        question: Question,
        prompt: Message,
        between: Sequence[Message],
        fields: Mapping[str, Any],
    ) -> AsyncGenerator[Chunk, None]:
        """The answer to as much of the conversation as the model takes: the newest exchanges, if not all."""
        if self.session is not None:
            client.session_id = self.session.service_id
        before = self._left_out
        self._leave_out_by_count(prompt)
        renewed = False
        model = self.named_model.name if self.named_model else await client.model()
        while True:
            begun = False
            self._note_model(model)
            try:
                chunks = client.stream(
                    [*self.outgoing(prompt), *between],
                    model=model,
                    stream=question.stream,
                    slot=question.slot,
                    max_retries=question.max_retries,
                    # A call of a function that there is not is answered by `Functions`, which knows those there are.
                    any_call=question.functions is not None,
                    **fields,
                )
                async with aclosing(chunks):
                    async for chunk in chunks:
                        if not begun and self._left_out > before:
                            self._notify(Notice("warning", _left_out(self._left_out)))
                        begun = True
                        yield chunk
                return
            except UnknownModelError as problem:
                other = None if begun else await self._other_model(client, model, problem)
                if other is None:
                    self._left_out = before
                    raise
                model = other
            except (PromptTooLongError, InvalidRequestError, UnknownFileError) as problem:
                if not (begun or renewed) and await self._renew_attachments(client, prompt, problem):
                    renewed = True
                    continue
                older = len(self.exchanges) - self._left_out
                if begun or older < 1 or not isinstance(problem, PromptTooLongError):
                    self._left_out = before
                    raise
                self._left_out += (older + 1) // 2

    async def _other_model(self, client: GigaChat, refused: str, problem: UnknownModelError) -> str | None:
        """The model to ask instead of one that the service does not know; None when that is for the person to say."""
        named = self.named_model
        if named is not None and not named.of_session:
            if named.origin and problem.hint:
                problem.add_hint(f"The name comes from {named.origin}.")
            return None
        other = await client.other_model(refused)
        if other is not None and named is not None:
            self.named_model = None
            gone = f"The model {one_line(refused)} of this session is gone; {one_line(other)} answers."
            self._notify(Notice("warning", gone))
        return other

    def _note_model(self, model: str) -> None:
        """Keep the model that is asked, here and in the history."""
        if model != self._asked_model:
            self._asked_model = model
            if self.recorder is not None:
                self.recorder.note_model(model)

    async def _renew_attachments(self, client: GigaChat, prompt: Message, problem: GigaChatError) -> bool:
        """Whether the refused request has attachments that were gone on the server, and are there again."""
        sent = self.outgoing(prompt)
        if not any(message.attachments for message in sent):
            return False
        from .attachments import explain_refusal, renew_gone

        explain_refusal(problem)
        renewed = await renew_gone(client, sent, notify=self._notify)
        self._renewed_ids = {old: renewed.get(new, new) for old, new in self._renewed_ids.items()} | renewed
        return bool(renewed)

    def _leave_out_by_count(self, prompt: Message) -> None:
        if self._context_tokens is None:
            return
        sizes = [sum(_tokens(message) for message in exchange.messages) for exchange in self.exchanges]
        room = self._context_tokens - _tokens(prompt) - (_tokens(Message("system", self.system)) if self.system else 0)
        while self._left_out < len(sizes) and sum(sizes[self._left_out :]) > room:
            self._left_out += 1


def named_model(setting: str | None, *, of_session: str | None = None) -> NamedModel | None:
    """The model of a session that is gone on with, else that of the settings; None where neither names one."""
    if of_session:
        return NamedModel(of_session, "this session", of_session=True)
    return NamedModel(setting) if setting else None


def exchanges_from(turns: Sequence[Turn]) -> list[Exchange]:
    """What is sent again of the turns of a history: each that has an answer, a partial one as it stands."""
    return [
        Exchange(turn.prompt, turn.answer, turn.messages[1:-1], turn.seams, turn.id)
        for turn in turns
        if turn.state != "running" and turn.answer and turn.answer.text
    ]


def continuation_request(answer: str) -> str:
    """How to ask for the rest of an answer, in its own language."""
    russian = sum("а" <= character <= "я" for character in answer.lower()) > len(answer) // 4
    if russian:
        return "Продолжи ровно с того места, где ответ оборвался. Ничего не повторяй и ничего не добавляй от себя."
    return "Go on exactly where the answer broke off. Repeat nothing and add no remarks."


def _titled(session: Session | None, prompt: Message) -> Session | None:
    """The session as the history knows it by now: titled by its first question."""
    return session if session is None or session.title else replace(session, title=title_of(prompt.content))


def _left_out(count: int) -> str:
    if count == 1:
        return "The oldest turn no longer fits and was left out."
    return f"The oldest {count} turns no longer fit and were left out."


def _tokens(message: Message) -> int:
    return len(message.content) // _CHARACTERS_A_TOKEN + 4
