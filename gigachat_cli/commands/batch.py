"""The work of `batch`: from a file of prompts to a file of answers, here or by the service's own batch API."""

from __future__ import annotations

import gc
import hashlib
import os
import stat
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import paths
from ..batch import origins
from ..batch.items import Item, Reading, Template, read_items
from ..batch.progress import items_of, shown, summary_line, summary_object
from ..batch.row_file import Found, RowFile
from ..batch.run import Ask, Counts, run
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
    from ..conversation.functions import FunctionOptions
    from ..conversation.schema import Schema
    from ..engine import GigaChat

_CHARACTERS_A_TOKEN = 3.5  # documented: three to four, of Russian and of English
_FAILED_HINT = "Their rows say why; --retry-failed asks them again."
_BAD_LINES_TOLD = 10
_MOST_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Batch:
    """What `batch` was told on its command line, but for the settings."""

    input: str
    output_file: Path | None
    resume: bool
    retry_failed: bool
    force: bool
    template: str | None
    format: str | None
    system: str | None
    fields: tuple[str, ...]
    concurrency: int | None
    remote: bool
    dry_run: bool
    as_json: bool
    functions: FunctionOptions | None = None
    schema: str | None = None
    schema_retries: int | None = None


def batch_of(input: str, flags: BatchFlags) -> Batch:
    """The batch that a command line means."""
    return Batch(
        input=input,
        output_file=flags.output_file,
        resume=flags.resume,
        retry_failed=flags.retry_failed,
        force=flags.force,
        template=flags.template,
        format=flags.format,
        system=flags.system,
        fields=flags.fields,
        concurrency=flags.concurrency,
        remote=flags.remote,
        dry_run=flags.dry_run,
        as_json=flags.json,
        functions=called_functions(flags),
        schema=flags.schema,
        schema_retries=flags.schema_retries,
    )


def run_batch(batch: Batch, context: Context) -> None:
    """Ask all items.  Raises ItemsFailedError when some failed, and what ended the batch before its end."""
    path = None if batch.input == "-" else Path(batch.input)
    output = batch.output_file
    _check(batch, path, output, context.terminal)
    text = _text(batch.template, batch, context)
    template = Template(text) if text is not None else None
    reading = Reading(format=batch.format, template=template, system=_text(batch.system, batch, context))
    fields = request_fields(batch.fields)
    if path is not None and not batch.dry_run:
        agree_to_files([path], context.terminal)
    schema = _schema(batch, context.terminal)
    if schema is not None:
        schema.fields(fields)
    format = reading.format_of(path)
    source = BatchInput(path, silence=context.silence)
    try:
        if batch.dry_run:
            _count(read_items(source, format, reading), fields, batch, context)
        elif batch.remote:
            from .batch_remote import submit  # the only way that needs it

            submit(_with_fields(read_items(source, format, reading), fields), context, as_json=batch.as_json)
        else:
            _run(batch, context, source, format, reading, fields, schema, output)
    finally:
        source.close()


def _check(batch: Batch, path: Path | None, output: Path | None, terminal: Terminal) -> None:
    again = "--retry-failed" if batch.retry_failed else "--resume" if batch.resume else None
    if again and output is None:
        raise UsageError(f"{again} needs the output file that was begun.", hint="Name it with --output-file.")
    if again and batch.force:
        raise UsageError(f"{again} and --force contradict each other.", hint="Leave one of them out.")
    if batch.concurrency is not None and not 1 <= batch.concurrency <= _MOST_AT_ONCE:
        raise UsageError(f"--concurrency must be a whole number from 1 to {_MOST_AT_ONCE}.")
    if batch.remote and (output is not None or again):
        raise UsageError("--remote writes no output.", hint="Get it later with 'gigachat batch fetch ID -O FILE'.")
    if output is not None:
        _check_apart(path, output)
        for named in (batch.system, batch.template, batch.schema and f"@{batch.schema}"):
            if named is not None and named.startswith("@"):
                _check_apart(paths.expanded(named[1:]), output)
    if batch.functions is not None and batch.functions.file is None:
        raise UsageError("--approve and --max-rounds go with --functions.", hint="Name a file of functions with it.")
    if batch.functions is not None and batch.functions.approve is None:
        raise UsageError(
            "Nobody can be asked while a batch runs.",
            hint="Say which functions may run with --approve: all, none, or their names.",
        )
    if batch.functions is not None and batch.remote:
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


def _text(given: str | None, batch: Batch, context: Context) -> str | None:
    """A text, or the content of the file after an `@`."""
    if batch.dry_run:
        return read_system(given)
    return read_agreed(given, context.terminal, otherwise=GIVE_TEXT)


def _run(
    batch: Batch,
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
    concurrency = batch.concurrency or settings.slots
    # An item that takes several requests is not begun anew: there each request is repeated for itself.
    retries = settings.max_retries if batch.functions is None and schema is None else 0
    client = context.client(
        settings.replace(
            max_connections=max(concurrency, settings.slots),  # of the one queue for all processes of the machine
            max_retries=settings.max_retries - retries,
        )
    )

    async def work() -> Counts:
        async with _one_writer(output), client:
            file = (
                RowFile(output, resume=batch.resume, force=batch.force, retry_failed=batch.retry_failed)
                if output
                else None
            )
            found = file.found if file else Found()
            if file is not None and output is not None:
                try:
                    await _check_origin(batch, found, output)
                except BaseException:
                    file.close(finished=False)
                    raise
            counts = Counts(answered=found.rows - found.failed, failed=found.failed, before=found.rows)
            items = _with_fields(
                read_items(source, format, reading, after=found.after, expected=found.expected), fields
            )
            finished = False
            try:
                async with _ask(client, batch, schema, terminal) as ask, shown(counts, terminal, size=source.size):
                    await run(
                        items,
                        ask,
                        client.kept_slots(),
                        file or _Stdout(terminal),
                        counts,
                        concurrency=concurrency,
                        max_retries=retries,
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

    _tell(context.run(work()), batch, terminal)


async def _check_origin(batch: Batch, found: Found, output: Path) -> None:
    """Raises UsageError when the output that is gone on with was made from another input."""
    if not found.expected and found.rows and (note := origins.noted(output)) is not None:
        found.expected = dict([note])
    await origins.check(
        None if batch.input == "-" else Path(batch.input), found.expected, rows=found.rows > 0, output=output
    )


def _schema(batch: Batch, terminal: Terminal) -> Schema | None:
    """Raises UsageError for a schema that is none."""
    if batch.schema is None:
        if batch.schema_retries is not None:
            raise UsageError("--schema-retries goes with --schema.")
        return None
    if batch.remote:
        raise UsageError("The service's batch API asks only once.", hint="Leave --schema or --remote out.")
    if batch.schema_retries is not None and batch.schema_retries < 0:
        raise UsageError("--schema-retries must be a number from 0 on.")
    from ..conversation.schema import read_schema  # slow to import

    if not batch.dry_run:
        agree_to_schema(batch.schema, terminal)
    return read_schema(batch.schema)


def _ask(client: GigaChat, batch: Batch, schema: Schema | None, terminal: Terminal) -> AbstractAsyncContextManager[Ask]:
    return asking(client, terminal, functions=batch.functions, schema=schema, schema_retries=batch.schema_retries)


def _go_on(counts: Counts) -> str:
    return f"{items_of(counts.done)} are done; go on with --resume." if counts.done else ""


def _tell(counts: Counts, batch: Batch, terminal: Terminal) -> None:
    if counts.failed:
        raise ItemsFailedError(summary_line(counts), hint=_FAILED_HINT if batch.output_file else "Their rows say why.")
    if terminal.quiet:
        return
    if batch.as_json:
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


def _count(items: AsyncGenerator[Item, None], fields: dict[str, Any], batch: Batch, context: Context) -> None:
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
    if batch.as_json:
        show_object(row, context.terminal)
    else:
        show_rows([row], tuple(row), context.terminal, as_array=False)


def _unsendable(giga: GigaChat, item: Item) -> UsageError | None:
    try:
        giga.chat_request(item.messages, model=item.model, stream=False, **item.fields)
    except UsageError as problem:
        return problem
    return None
