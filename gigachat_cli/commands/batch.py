"""The work of `batch`: from a file of prompts to a file of answers, here or by the service's own batch API."""

from __future__ import annotations

import gc
import hashlib
import os
import stat
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractContextManager, AsyncExitStack, aclosing, asynccontextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import paths
from ..batch import origins
from ..batch.items import Item, Reading, Template, read_items
from ..batch.progress import items_of, shown, summary_line, summary_object
from ..batch.row_file import Found, RowFile
from ..batch.run import Counts, run
from ..batch.source import BatchInput
from ..conversation.prompt import read_system
from ..errors import GigaChatError, ItemsFailedError, UsageError
from ..messages import Notice
from ..render.answers import as_json
from ..render.reports import show_object, show_rows
from ..render.terminal import Terminal
from .agreement import GIVE_TEXT, agree_to_files, agree_to_schema, read_agreed
from .batch_items import asking
from .context import Context
from .fields import called_functions, request_fields
from .flags import BatchFlags

if TYPE_CHECKING:
    from ..conversation.functions import FunctionOptions, Functions
    from ..conversation.schema import Schema
    from ..engine import GigaChat

_CHARACTERS_A_TOKEN = 3.5  # documented: three to four, of Russian and of English
_FAILED_HINT = "Their rows say why; --retry-failed asks them again."
_BAD_LINES_TOLD = 10
_MOST_AT_ONCE = 1000


def run_batch(input: str, flags: BatchFlags, context: Context) -> None:
    """Ask all items.  Raises ItemsFailedError when some failed, and what ended the batch before its end."""
    path = None if input == "-" else Path(input)
    options = called_functions(flags)
    output = flags.output_file
    _check(flags, options, path, output, context.terminal)
    text = _text(flags.template, flags, context)
    template = Template(text) if text is not None else None
    reading = Reading(format=flags.format, template=template, system=_text(flags.system, flags, context))
    fields = request_fields(flags.fields)
    if path is not None and not flags.dry_run:
        agree_to_files([path], context.terminal)
    schema = _schema(flags, context.terminal)
    if schema is not None:
        schema.fields(fields)
    format = reading.format_of(path)
    source = BatchInput(path, silence=context.silence)
    try:
        if flags.dry_run:
            _count(read_items(source, format, reading), fields, flags, context)
        elif flags.remote:
            from .batch_remote import submit  # the only way that needs it

            submit(_with_fields(read_items(source, format, reading), fields), context, as_json=flags.json)
        else:
            _run(flags, options, path, context, source, format, reading, fields, schema, output)
    finally:
        source.close()


def _check(
    flags: BatchFlags, options: FunctionOptions | None, path: Path | None, output: Path | None, terminal: Terminal
) -> None:
    again = "--retry-failed" if flags.retry_failed else "--resume" if flags.resume else None
    if again and output is None:
        raise UsageError(f"{again} needs the output file that was begun.", hint="Name it with --output-file.")
    if again and flags.force:
        raise UsageError(f"{again} and --force contradict each other.", hint="Leave one of them out.")
    if flags.concurrency is not None and not 1 <= flags.concurrency <= _MOST_AT_ONCE:
        raise UsageError(f"--concurrency must be a whole number from 1 to {_MOST_AT_ONCE}.")
    if flags.remote and (output is not None or again):
        raise UsageError("--remote writes no output.", hint="Get it later with 'gigachat batch fetch ID -O FILE'.")
    if output is not None:
        _check_apart(path, output)
        for named in (flags.system, flags.template, flags.schema and f"@{flags.schema}"):
            if named is not None and named.startswith("@"):
                _check_apart(paths.expanded(named[1:]), output)
    if options is not None and options.file is None:
        raise UsageError("--approve and --max-rounds go with --functions.", hint="Name a file of functions with it.")
    if options is not None and options.approve is None:
        raise UsageError(
            "Nobody can be asked while a batch runs.",
            hint="Say which functions may run with --approve: all, none, or their names.",
        )
    if options is not None and flags.remote:
        raise UsageError(
            "The service cannot call functions of this machine.", hint="Leave --functions or --remote out."
        )
    if output is None:
        terminal.check_stdout()


def _check_apart(path: Path | None, output: Path) -> None:
    """Raise UsageError when the output, or what is kept beside it, is the input under whatever name."""
    try:
        given = path.stat() if path is not None else os.fstat(sys.stdin.fileno())
    except (OSError, AttributeError, ValueError):
        return  # there is none, or it is told where it is read
    if not stat.S_ISREG(given.st_mode):
        return
    for place in (output, *(output.parent / f"{output.name}.{kept}" for kept in ("journal", "previous"))):
        with suppress(OSError):
            if os.path.samestat(place.stat(), given):
                raise UsageError(f"{place} is the input.", hint="Name another file with --output-file.")


def _text(given: str | None, flags: BatchFlags, context: Context) -> str | None:
    """A text, or the content of the file after an `@`."""
    if flags.dry_run:
        return read_system(given)
    return read_agreed(given, context.terminal, otherwise=GIVE_TEXT)


def _run(
    flags: BatchFlags,
    options: FunctionOptions | None,
    path: Path | None,
    context: Context,
    source: BatchInput,
    format: str,
    reading: Reading,
    fields: dict[str, Any],
    schema: Schema | None,
    output: Path | None,
) -> None:
    settings, terminal = context.settings, context.terminal
    # Short runs go without the collector; a long one would grow.  What was imported need not be looked at.
    gc.freeze()
    gc.enable()
    concurrency = flags.concurrency or settings.slots
    # An item that takes several requests is not begun anew: there each request is repeated for itself.
    begins_anew = options is None and schema is None
    # Of the one queue for all processes of the machine.
    client = context.client(settings.replace(max_connections=max(concurrency, settings.slots)))

    async def work(functions: Functions | None) -> Counts:
        ask = asking(
            client,
            functions=functions,
            schema=schema,
            schema_retries=flags.schema_retries,
            max_retries=0 if begins_anew else None,
            notify=terminal.notice,
        )
        async with _one_writer(output), client:
            file = (
                RowFile(output, resume=flags.resume, force=flags.force, retry_failed=flags.retry_failed)
                if output
                else None
            )
            found = file.found if file else Found()
            if file is not None and output is not None:
                try:
                    await _check_origin(path, found, output)
                except BaseException:
                    file.close(finished=False)
                    raise
            counts = Counts(answered=found.rows - found.failed, failed=found.failed, before=found.rows)
            items = _with_fields(
                read_items(source, format, reading, after=found.after, expected=found.expected), fields
            )
            finished = False
            try:
                async with shown(counts, terminal, size=source.size):
                    await run(
                        items,
                        ask,
                        client.kept_slots(),
                        file or _Stdout(terminal),
                        counts,
                        concurrency=concurrency,
                        max_retries=settings.max_retries if begins_anew else 0,
                        taken_over=file.taken_over if file else lambda line: None,
                    )
                finished = True
            except GigaChatError as problem:
                if file is not None and not isinstance(problem, UsageError):
                    problem.add_hint(_go_on(counts))
                raise
            except BaseException:
                if file is not None:
                    terminal.say(f"gigachat: {_go_on(counts)}")
                raise
            finally:
                if file is not None:
                    file.close(finished=finished)
            if file is not None and output is not None and file.last is not None:
                await origins.note(output, *file.last)
            return counts

    with _functions(options, context) as functions:
        counts = context.run(work(functions))
    _tell(counts, flags, terminal)


def _functions(options: FunctionOptions | None, context: Context) -> AbstractContextManager[Functions | None]:
    if options is None:
        return nullcontext()
    from .approval import opened  # slow to import

    # Thousands of calls, shown, would tell a person nothing.
    return opened(options, context, shows=False)


async def _check_origin(path: Path | None, found: Found, output: Path) -> None:
    """Raises UsageError when the output that is gone on with was made from another input."""
    if not found.expected and found.rows and (note := origins.noted(output)) is not None:
        found.expected = dict([note])
    await origins.check(path, found.expected, rows=found.rows > 0, output=output)


def _schema(flags: BatchFlags, terminal: Terminal) -> Schema | None:
    """Raises UsageError for a schema that is none."""
    if flags.schema is None:
        if flags.schema_retries is not None:
            raise UsageError("--schema-retries goes with --schema.")
        return None
    if flags.remote:
        raise UsageError("The service's batch API asks only once.", hint="Leave --schema or --remote out.")
    if flags.schema_retries is not None and flags.schema_retries < 0:
        raise UsageError("--schema-retries must be a number from 0 on.")
    from ..conversation.schema import read_schema  # slow to import

    if not flags.dry_run:
        agree_to_schema(flags.schema, terminal)
    return read_schema(flags.schema)


def _go_on(counts: Counts) -> str:
    return f"{items_of(counts.done)} are done; go on with --resume." if counts.done else ""


def _tell(counts: Counts, flags: BatchFlags, terminal: Terminal) -> None:
    if counts.failed:
        raise ItemsFailedError(summary_line(counts), hint=_FAILED_HINT if flags.output_file else "Their rows say why.")
    if terminal.quiet:
        return
    if flags.json:
        terminal.say(as_json({"summary": summary_object(counts)}))
    else:
        terminal.say(f"gigachat: {summary_line(counts)}")


class _Stdout:
    """Rows to stdout; nothing is kept for later."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def keep(self, line: int, crc: int, row: str) -> None:
        """A row before its turn waits in the window alone."""

    def write(self, line: int, crc: int, rows: str, *, count: int) -> None:
        self._terminal.write_safely(rows)


async def _with_fields(items: AsyncGenerator[Item, None], fields: dict[str, Any]) -> AsyncGenerator[Item, None]:
    """The items with the request fields of the command line, where they have none of their own."""
    async with aclosing(items):
        async for item in items:
            yield replace(item, fields={**fields, **item.fields}) if fields else item


@asynccontextmanager
async def _one_writer(output: Path | None) -> AsyncIterator[None]:
    """Raises UsageError when another process writes the same output."""
    from ..engine.locks import LockTimeout, hold_one

    async with AsyncExitStack() as stack:
        if output is not None:
            try:
                with suppress(OSError):  # a folder without locks costs no answer
                    await stack.enter_async_context(hold_one([_lock_file(output)], patience=0))
            except LockTimeout:
                raise UsageError(f"Another gigachat writes {output}.", hint="Wait for it, or end it.") from None
        yield


def _lock_file(output: Path) -> Path:
    name = hashlib.sha256(str(output.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return paths.locks_dir() / f"batch-{name}.lock"


def _count(items: AsyncGenerator[Item, None], fields: dict[str, Any], flags: BatchFlags, context: Context) -> None:
    """Count what would be sent."""
    giga = context.client(context.settings.replace(access_token="counted"))  # noqa: S106  # nothing is sent

    async def counted() -> dict[str, int]:
        asked = bad = characters = 0
        async with aclosing(items):
            async for item in _with_fields(items, fields):
                problem = item.problem or _unsendable(giga, item)
                bad += problem is not None
                if problem is None:
                    asked += 1
                    characters += item.characters
                elif bad <= _BAD_LINES_TOLD:
                    context.terminal.notice(Notice("warning", str(problem)))
        tokens = round(characters / _CHARACTERS_A_TOKEN)
        return {"items": asked, "bad_lines": bad, "characters": characters, "estimated_prompt_tokens": tokens}

    row = context.run(counted())
    if flags.json:
        show_object(row, context.terminal)
    else:
        show_rows([row], tuple(row), context.terminal, as_array=False)


def _unsendable(giga: GigaChat, item: Item) -> UsageError | None:
    try:
        giga.chat_request(item.messages, model=item.model, stream=False, **item.fields)
    except UsageError as problem:
        return problem
    return None
