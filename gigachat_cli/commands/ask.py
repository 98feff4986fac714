"""The work of `ask`: from a question to an answer on stdout, and into the history."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, aclosing, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import paths
from ..conversation import Conversation, continuation_request, exchanges_from, named_model
from ..conversation.prompt import read_prompt, read_system
from ..conversation.watching import with_files
from ..errors import HistoryError, UsageError, nearest
from ..messages import Chunk, Message, Notice
from ..render import answers
from ..sessions import Recorder, open_store
from .context import Context
from .fields import called_functions, request_fields
from .flags import AskFlags

if TYPE_CHECKING:
    from ..conversation.attachments import Attachment
    from ..conversation.functions import FunctionOptions, Functions
    from ..conversation.generated import FileSaver
    from ..conversation.schema import Schema
    from ..engine import GigaChat
    from ..render.terminal import Terminal
    from ..sessions import Session
    from ..sessions.store import Store


STDIN = "-"
_MOST_HELD = 256 * 1024  # characters


@dataclass(frozen=True, slots=True)
class Question:
    """What `ask` was told on its command line, but for the settings.  `format` None leaves it to them."""

    words: tuple[str, ...]
    system: str | None
    stdin: bool
    editor: bool
    continued: bool
    session: str | None
    resume: bool
    log: bool
    fields: tuple[str, ...]
    stream: bool
    format: str | None
    extract: bool
    usage: bool
    output_file: Path | None
    force: bool
    dry_run: bool
    functions: FunctionOptions | None = None
    attach: tuple[str, ...] = ()
    picture: Picture | None = None
    web: bool = False
    tools: tuple[str, ...] = ()
    reasoning: str | None = None
    schema: str | None = None
    schema_retries: int | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """What `image` wants beyond an answer: a picture, at `place` if a person named one, or alone on stdout."""

    place: Path | None = None
    on_stdout: bool = False


def question_of(words: Sequence[str], flags: AskFlags) -> Question:
    """The question that a command line means.  Raises UsageError for flags that contradict each other."""
    if flags.json and flags.output not in (None, "json"):
        raise UsageError(f"--json and --output {flags.output} contradict each other.", hint="Leave one of them out.")
    return Question(
        words=tuple(words),
        system=flags.system,
        stdin=not flags.no_stdin,
        editor=flags.editor,
        fields=flags.fields,
        stream=not flags.no_stream,
        format=flags.output or ("json" if flags.json else "text" if flags.raw else None),
        continued=flags.continued,
        session=flags.session,
        resume=flags.resume,
        log=not flags.no_log,
        extract=flags.extract,
        usage=flags.usage,
        output_file=flags.output_file,
        force=flags.force,
        dry_run=flags.dry_run,
        functions=called_functions(flags),
        attach=tuple(map(str, flags.attach)),
        web=flags.web,
        tools=flags.tools,
        reasoning=flags.reasoning,
        schema=flags.schema,
        schema_retries=flags.schema_retries,
    )


def answer(question: Question, context: Context) -> None:
    """Ask, and show the answer.  Raises what went wrong; what came was written by then."""
    terminal, settings = context.terminal, context.settings
    format = _format(question, context)
    fields = request_fields(question.fields, web=question.web, tools=question.tools, reasoning=question.reasoning)
    schema = _schema(question, fields, context.terminal)
    system = _system(question, terminal)
    file = answers.OutputFile(question.output_file, force=question.force) if question.output_file else None
    if file is None:
        terminal.check_stdout()
    picture = question.picture
    if picture is not None and picture.on_stdout:
        terminal.check_stdout_for_bytes()
        if format == "json":
            raise UsageError("The picture and --json both go to stdout.", hint="Leave -O - or --json out.")
    if picture is not None and picture.place is not None:
        from ..conversation.saving import check_place

        check_place(picture.place, force=question.force)
    if question.editor and not question.dry_run:
        context.need_key()  # before anything is typed
    prompt = _prompt(question, context)
    if picture is not None:
        from ..conversation.generated import drawing_request

        prompt = drawing_request(prompt)
    attached = _attached(question, context)
    if attached:
        from ..conversation.attachments import placeholders, with_texts

        prompt = with_texts(prompt, attached)
    with ExitStack() as stack:
        functions = stack.enter_context(_functions(question, context))
        if not question.dry_run:
            context.need_key()  # a question that cannot leave is not recorded
        remembered = stack.enter_context(_Remembered(question, context))
        conversation = remembered.conversation
        conversation.functions = functions
        if functions is None and schema is None:  # nothing needs the text again
            conversation.most_held = _MOST_HELD
        if schema is not None:
            conversation.schema, conversation.schema_retries = schema, _retries(question)
        if system is not None:
            conversation.system = system
        if question.dry_run:
            fields = schema.fields(fields) if schema else fields
            fields = functions.fields(fields) if functions else fields
            message = Message("user", prompt, attachments=placeholders(attached) if attached else ())
            _show_request(conversation.outgoing(message), question, context, fields)
            return
        client = context.client()
        saver = _saver(client, question, context)
        if question.resume:
            request = continuation_request(conversation.exchanges[-1].answer.text)
            chunks = conversation.resume(
                client, request, stream=question.stream, fields=fields, turn_id=remembered.turn_id
            )
        else:
            chunks = (
                _with_uploads(conversation, client, prompt, attached, question, context, fields)
                if attached
                else conversation.send(client, prompt, stream=question.stream, fields=fields)
            )
        writer = answers.writer(
            format,
            terminal,
            extract=question.extract,
            file=file,
            settings=settings,
            session=lambda: conversation.session.id if conversation.session else None,
            structured=schema is not None,
        )
        if picture is not None and picture.on_stdout:  # where no word may stand beside it
            writer = answers.TextAnswer(lambda text: None)
        if attached:
            from .agreement import announce

            announce(attached, terminal)
        try:
            context.run(_answer(client, with_files(chunks, saver), writer, context, usage=question.usage))
        finally:
            if file is not None:
                file.close()
        if picture is not None:
            saver().check()
            if picture.on_stdout and (drawn := saver().first) is not None:
                terminal.write_bytes(Path(drawn.path).read_bytes())


async def _answer(
    client: GigaChat,
    chunks: AsyncGenerator[Chunk, None],
    writer: answers.TextAnswer,
    context: Context,
    *,
    usage: bool,
) -> None:
    async with client:
        shown = await answers.show(chunks, writer, context.terminal)
    if usage:
        context.terminal.say(answers.usage_line(shown.usage))


async def _with_uploads(
    conversation: Conversation,
    client: GigaChat,
    prompt: str,
    attached: list[Attachment],
    question: Question,
    context: Context,
    fields: dict[str, Any],
) -> AsyncGenerator[Chunk, None]:
    """The answer's chunks, after the uploads that it takes."""
    from ..conversation.attachments import upload_all

    show = context.terminal.beside_spinner
    ids = await upload_all(client, attached, conversation.outgoing(), show=show)
    message = Message("user", prompt, attachments=ids)
    async with aclosing(conversation.send(client, message, stream=question.stream, fields=fields)) as chunks:
        async for chunk in chunks:
            yield chunk


def _system(question: Question, terminal: Terminal) -> str | None:
    if question.system is None or question.dry_run:
        return read_system(question.system)
    from .agreement import ATTACH_IT, read_agreed

    return read_agreed(question.system, terminal, otherwise=ATTACH_IT)


def _attached(question: Question, context: Context) -> list[Attachment]:
    if not question.attach:
        return []
    if question.resume:
        raise UsageError("--resume goes on with an answer and takes no --attach.", hint="Leave one of them out.")
    from ..conversation.attachments import read_attachments  # a plain question does without it

    if STDIN in question.attach:
        context.wait_for_stdin()
    found = read_attachments(question.attach, context.terminal.notice)
    if not question.dry_run:
        from .agreement import agree

        agree(found, context.terminal)
    return found


def _saver(client: GigaChat, question: Question, context: Context) -> Callable[[], FileSaver]:
    """What saves the files of the answer, made when it is wanted."""

    @cache
    def made() -> FileSaver:
        from ..conversation.generated import FileSaver

        terminal, picture = context.terminal, question.picture
        # Where the picture is what was asked for, a failure is the problem of the whole command.
        notify = terminal.notice if picture is None else _untold
        return FileSaver(
            client,
            notify,
            show=terminal.beside_spinner,
            place=picture.place if picture else None,
            force=question.force,
        )

    return made


def _untold(notice: Notice) -> None:
    """Told elsewhere."""


def _format(question: Question, context: Context) -> str:
    """The output format: what was asked for, else by the setting `markdown` and where stdout goes."""
    if question.schema is not None and (question.extract or question.format == "markdown"):
        flag = "--extract" if question.extract else "markdown output"
        raise UsageError(f"--schema prints JSON alone and does not go with {flag}.", hint="Leave one of them out.")
    if question.format is None:
        wanted = context.settings.markdown
        plain = question.extract or question.output_file is not None or question.schema is not None
        rendered = wanted == "always" or (wanted == "auto" and context.terminal.moves_on_stdout)
        return "markdown" if rendered and not plain else "text"
    if question.format not in answers.FORMATS:
        near = nearest(question.format, list(answers.FORMATS))
        raise UsageError(
            f"--output must be one of {', '.join(answers.FORMATS)}, not '{question.format}'.",
            hint=f"Did you mean {near}?" if near else None,
        )
    if question.extract and question.format != "text":
        raise UsageError(
            f"--extract prints code alone and does not go with {question.format} output.", hint="Leave one of them out."
        )
    return question.format


def _prompt(question: Question, context: Context) -> str:
    if question.resume:
        if question.words or question.editor:
            raise UsageError("--resume goes on with the last answer and takes no prompt.", hint="Leave the words out.")
        return ""
    stdin = question.stdin and STDIN not in question.attach
    return read_prompt(question.words, stdin=stdin, editor=question.editor, silence=context.silence)


def _schema(question: Question, fields: dict[str, Any], terminal: Terminal) -> Schema | None:
    if question.schema is None:
        if question.schema_retries is not None:
            raise UsageError("--schema-retries goes with --schema.")
        return None
    if question.resume:
        raise UsageError("--resume goes on with an answer and takes no --schema.", hint="Leave one of them out.")
    _retries(question)
    from ..conversation.schema import read_schema  # slow to import

    if not question.dry_run:
        from .agreement import agree_to_schema

        agree_to_schema(question.schema, terminal)
    schema = read_schema(question.schema)
    schema.fields(fields)
    return schema


def _retries(question: Question) -> int:
    from ..conversation.schema import DEFAULT_RETRIES

    retries = DEFAULT_RETRIES if question.schema_retries is None else question.schema_retries
    if retries < 0:
        raise UsageError("--schema-retries must be a number from 0 on.")
    return retries


def _functions(question: Question, context: Context) -> AbstractContextManager[Functions | None]:
    if question.functions is None:
        return nullcontext()
    if question.functions.file is None:
        raise UsageError("--approve, --max-rounds and --function-timeout go with --functions.")
    if question.resume:
        raise UsageError("--resume goes on with an answer and takes no --functions.", hint="Leave one of them out.")
    from .approval import opened  # a plain question does without it

    return opened(question.functions, context)


def _show_request(messages: list[Message], question: Question, context: Context, fields: dict[str, Any]) -> None:
    """The exact request as JSON, without the secret, and without sending it."""
    model = context.known_model
    if model is None:
        context.terminal.notice(
            Notice("progress", "The model is chosen from the account's list when the request is sent.")
        )
    request = context.client().chat_request(messages, model=model, stream=question.stream, **fields)
    shown = {
        "method": request.method,
        "url": request.url,
        "headers": {**request.headers, "Authorization": "Bearer ***"},
        "body": {"model": model, **json.loads(request.body or b"{}")},
    }
    context.terminal.write_safely(json.dumps(shown, ensure_ascii=False, indent=2) + "\n")


class _Remembered:
    """The conversation that a question belongs to, with what records it, open for as long as the question takes.

    Raises HistoryError when an old conversation is wanted and the history cannot be read; without one, nothing that
    is wrong with the history costs the answer.
    """

    def __init__(self, question: Question, context: Context) -> None:
        settings = context.settings
        self.turn_id: int | None = None
        self._store: Store | None = None
        log = question.log and settings.log and not question.dry_run
        session: Session | None = None
        exchanges = []
        if question.continued and question.session is not None:
            raise UsageError("--continue and --session do not go together.", hint="Leave one of them out.")
        if question.continued or question.session is not None or question.resume:
            self._store = open_store(paths.history_file())
            if self._store.notice:
                raise HistoryError(self._store.notice, hint="Ask without --continue, --session and --resume.")
            session = self._wanted(self._store, question)
            exchanges = exchanges_from(self._store.turns(session.id))
        of_session = session.model if session and settings.origin("model").kind != "flag" else None
        notify = context.terminal.notice
        self._recorder = Recorder(paths.history_file(), notify, store=self._store) if log else None
        self.conversation = Conversation(
            kind="ask",
            named_model=named_model(settings.model, of_session=of_session),
            recorder=self._recorder,
            session=session,
            exchanges=exchanges,
            system=session.system if session else None,
            context_tokens=settings.context_tokens,
            notify=notify,
        )

    def __enter__(self) -> _Remembered:
        return self

    def __exit__(self, *raised: object) -> None:
        if self._recorder is not None:
            self._recorder.close()
        if self._store is not None:
            self._store.close()

    def _wanted(self, store: Store, question: Question) -> Session:
        if question.session is not None:
            session: Session | None = store.join_session(question.session, "ask")
        else:
            session = store.latest_session()
        if session is None:
            raise UsageError("There is no conversation to go on with.", hint="Ask something first.")
        if question.resume:
            last = store.last_turn(session.id)
            if last is None or last.state != "partial":
                raise UsageError("The last answer was not cut: there is nothing to go on with.")
            self.turn_id = last.id
        return session
