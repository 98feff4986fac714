"""The work of `ask`: from a question to an answer on stdout, and into the history."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import paths
from ..conversation import Conversation, Question, exchanges_from, named_model
from ..conversation.prompt import read_prompt, read_system
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
class Picture:
    """What `image` wants beyond an answer: a picture, at `place` if a person named one, or alone on stdout."""

    place: Path | None = None
    on_stdout: bool = False


def answer(words: Sequence[str], flags: AskFlags, context: Context, *, picture: Picture | None = None) -> None:
    """Ask, and show the answer; with `picture` that is a picture.

    Raises UsageError for flags that contradict each other, and what went wrong; what came was written by then.
    """
    terminal, settings = context.terminal, context.settings
    format = _format(flags, context)
    options = called_functions(flags)
    fields = request_fields(flags.fields, web=flags.web, tools=flags.tools, reasoning=flags.reasoning)
    schema = _schema(flags, fields, terminal)
    system = _system(flags, terminal)
    file = answers.OutputFile(flags.output_file, force=flags.force) if flags.output_file else None
    if file is None:
        terminal.check_stdout()
    if picture is not None:
        _check_place(picture, flags, terminal, format)
    if flags.editor and not flags.dry_run:
        context.need_key()  # before anything is typed
    prompt = _prompt(words, flags, context)
    if picture is not None:
        from ..conversation.generated import drawing_request

        prompt = drawing_request(prompt)
    attached = _attached(flags, context)
    with ExitStack() as stack:
        functions = stack.enter_context(_functions(options, flags, context))
        if not flags.dry_run:
            context.need_key()  # a question that cannot leave is not recorded
        saver = _saver(context, picture, force=flags.force)
        remembered = stack.enter_context(_Remembered(flags, context, saver))
        conversation = remembered.conversation
        if system is not None:
            conversation.system = system
        question = Question(
            prompt,
            attachments=tuple(attached),
            functions=functions,
            schema=schema,
            schema_retries=flags.schema_retries,
            fields=fields,
            stream=not flags.no_stream,
            most_held=_MOST_HELD if functions is None and schema is None else None,  # nothing needs the text again
        )
        if flags.dry_run:
            _show_request(conversation.outgoing(question.message()), question, context)
            return
        client = context.client()
        if flags.resume:
            chunks = conversation.resume(client, stream=question.stream, fields=fields, turn_id=remembered.turn_id)
        else:
            chunks = conversation.ask(client, question)
        writer = answers.writer(
            format,
            terminal,
            extract=flags.extract,
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
            context.run(_answer(client, chunks, writer, context, usage=flags.usage))
        finally:
            if file is not None:
                file.close()
        if picture is not None:
            drawn = (conversation.saver or saver(client)).first_of_all()
            if picture.on_stdout:
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


def _check_place(picture: Picture, flags: AskFlags, terminal: Terminal, format: str) -> None:
    """Raises UsageError where the picture cannot go where it is to go."""
    if picture.on_stdout:
        terminal.check_stdout_for_bytes()
        if format == "json":
            raise UsageError("The picture and --json both go to stdout.", hint="Leave -O - or --json out.")
    if picture.place is not None:
        from ..conversation.saving import check_place

        check_place(picture.place, force=flags.force)


def _system(flags: AskFlags, terminal: Terminal) -> str | None:
    if flags.system is None or flags.dry_run:
        return read_system(flags.system)
    from .agreement import ATTACH_IT, read_agreed

    return read_agreed(flags.system, terminal, otherwise=ATTACH_IT)


def _attached(flags: AskFlags, context: Context) -> list[Attachment]:
    if not flags.attach:
        return []
    if flags.resume:
        raise UsageError("--resume goes on with an answer and takes no --attach.", hint="Leave one of them out.")
    from ..conversation.attachments import read_attachments  # a plain question does without it

    named = [str(each) for each in flags.attach]
    if STDIN in named:
        context.wait_for_stdin()
    found = read_attachments(named, context.terminal.notice)
    if not flags.dry_run:
        from .agreement import agree

        agree(found, context.terminal)
    return found


def _saver(context: Context, picture: Picture | None, *, force: bool) -> Callable[[GigaChat], FileSaver]:
    """Makes what saves the files of the answer."""

    def made(client: GigaChat) -> FileSaver:
        from ..conversation.generated import FileSaver

        terminal = context.terminal
        # Where the picture is what was asked for, a failure is the problem of the whole command.
        notify = terminal.notice if picture is None else _untold
        place = picture.place if picture else None
        return FileSaver(client, notify, show=terminal.beside_spinner, place=place, force=force)

    return made


def _untold(notice: Notice) -> None:
    """Told elsewhere."""


def _format(flags: AskFlags, context: Context) -> str:
    """The output format: what was asked for, else by the setting `markdown` and where stdout goes."""
    if flags.json and flags.output not in (None, "json"):
        raise UsageError(f"--json and --output {flags.output} contradict each other.", hint="Leave one of them out.")
    format = flags.output or ("json" if flags.json else "text" if flags.raw else None)
    if flags.schema is not None and (flags.extract or format == "markdown"):
        flag = "--extract" if flags.extract else "markdown output"
        raise UsageError(f"--schema prints JSON alone and does not go with {flag}.", hint="Leave one of them out.")
    if format is None:
        wanted = context.settings.markdown
        plain = flags.extract or flags.output_file is not None or flags.schema is not None
        rendered = wanted == "always" or (wanted == "auto" and context.terminal.moves_on_stdout)
        return "markdown" if rendered and not plain else "text"
    if format not in answers.FORMATS:
        near = nearest(format, list(answers.FORMATS))
        raise UsageError(
            f"--output must be one of {', '.join(answers.FORMATS)}, not '{format}'.",
            hint=f"Did you mean {near}?" if near else None,
        )
    if flags.extract and format != "text":
        raise UsageError(
            f"--extract prints code alone and does not go with {format} output.", hint="Leave one of them out."
        )
    return format


def _prompt(words: Sequence[str], flags: AskFlags, context: Context) -> str:
    if flags.resume:
        if words or flags.editor:
            raise UsageError("--resume goes on with the last answer and takes no prompt.", hint="Leave the words out.")
        return ""
    stdin = not flags.no_stdin and STDIN not in map(str, flags.attach)
    return read_prompt(words, stdin=stdin, editor=flags.editor, silence=context.silence)


def _schema(flags: AskFlags, fields: dict[str, Any], terminal: Terminal) -> Schema | None:
    if flags.schema is None:
        if flags.schema_retries is not None:
            raise UsageError("--schema-retries goes with --schema.")
        return None
    if flags.resume:
        raise UsageError("--resume goes on with an answer and takes no --schema.", hint="Leave one of them out.")
    if flags.schema_retries is not None and flags.schema_retries < 0:
        raise UsageError("--schema-retries must be a number from 0 on.")
    from ..conversation.schema import read_schema  # slow to import

    if not flags.dry_run:
        from .agreement import agree_to_schema

        agree_to_schema(flags.schema, terminal)
    schema = read_schema(flags.schema)
    schema.fields(fields)
    return schema


def _functions(
    options: FunctionOptions | None, flags: AskFlags, context: Context
) -> AbstractContextManager[Functions | None]:
    if options is None:
        return nullcontext()
    if options.file is None:
        raise UsageError("--approve, --max-rounds and --function-timeout go with --functions.")
    if flags.resume:
        raise UsageError("--resume goes on with an answer and takes no --functions.", hint="Leave one of them out.")
    from .approval import opened  # a plain question does without it

    return opened(options, context)


def _show_request(messages: list[Message], question: Question, context: Context) -> None:
    """The exact request as JSON, without the secret, and without sending it."""
    model = context.known_model
    if model is None:
        context.terminal.notice(
            Notice("progress", "The model is chosen from the account's list when the request is sent.")
        )
    request = context.client().chat_request(messages, model=model, stream=question.stream, **question.request_fields())
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

    def __init__(self, flags: AskFlags, context: Context, saver: Callable[[GigaChat], FileSaver]) -> None:
        settings = context.settings
        self.turn_id: int | None = None
        self._store: Store | None = None
        log = settings.log and not (flags.no_log or flags.dry_run)
        session: Session | None = None
        exchanges = []
        if flags.continued and flags.session is not None:
            raise UsageError("--continue and --session do not go together.", hint="Leave one of them out.")
        if flags.continued or flags.session is not None or flags.resume:
            self._store = open_store(paths.history_file())
            if self._store.notice:
                raise HistoryError(self._store.notice, hint="Ask without --continue, --session and --resume.")
            session = self._wanted(self._store, flags)
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
            show=context.terminal.beside_spinner,
            files=saver,
        )

    def __enter__(self) -> _Remembered:
        return self

    def __exit__(self, *raised: object) -> None:
        if self._recorder is not None:
            self._recorder.close()
        if self._store is not None:
            self._store.close()

    def _wanted(self, store: Store, flags: AskFlags) -> Session:
        if flags.session is not None:
            session: Session | None = store.join_session(flags.session, "ask")
        else:
            session = store.latest_session()
        if session is None:
            raise UsageError("There is no conversation to go on with.", hint="Ask something first.")
        if flags.resume:
            last = store.last_turn(session.id)
            if last is None or last.state != "partial":
                raise UsageError("The last answer was not cut: there is nothing to go on with.")
            self.turn_id = last.id
        return session
