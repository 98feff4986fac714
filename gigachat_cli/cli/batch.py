"""`gigachat batch`: many prompts from a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError, nearest
from . import options
from .helping import App, Group

if TYPE_CHECKING:
    from ..commands.context import Context


_WANTING = ("run", "status", "fetch")
"""The commands that do nothing by themselves: alone, the word may have been meant as a file."""


class _RunByDefault(Group):
    """`batch FILE …` is `batch run FILE …`: whatever is not the name of a command begins what `run` is given."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # as in cli/app
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            self._refuse_misspelt(args)
            args = ["run", *args]
        elif len(args) == 1 and args[0] in _WANTING and not ctx.resilient_parsing and Path(args[0]).is_file():
            raise UsageError(
                f"'gigachat batch {args[0]}' is a command, which wants more.",
                hint=f"For the file of that name: gigachat batch ./{args[0]}",
            )
        return super().parse_args(ctx, args)

    def _refuse_misspelt(self, args: list[str]) -> None:
        """A word that is no file and nearly a command is that command, misspelt."""
        word = args[0]
        near = nearest(word, list(self.commands))
        if near and not word.startswith("-") and not Path(word).exists():
            raise UsageError(
                f"There is no file and no command {word}.",
                hint=f"Did you mean 'gigachat batch {near}'?",
            )


batch = App(
    cls=_RunByDefault,
    help="""Ask many prompts from a file.

    'gigachat batch FILE' is short for 'gigachat batch run FILE', with the same options. 'status', 'fetch' and 'list'
    are for batches of --remote. A file that has the name of a command is ./run, ./status, ./fetch or ./list.
    """,
)

BatchId = Annotated[str, typer.Argument(metavar="ID", help="Id of a remote batch.", show_default=False)]


@batch.command()
def run(
    input: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="JSON lines (.jsonl), a table (.csv, .tsv), lines (.txt), or -.", show_default=False
        ),
    ],
    output_file: Annotated[
        Path | None,
        typer.Option(
            "--output-file",
            "-O",
            metavar="PATH",
            help="Write the rows there; - is stdout, as without it.",
            show_default=False,
            callback=options.unless_stdout,
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an output file that was begun.")] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Go on, and ask the items that failed again.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing output file.")] = False,
    template: Annotated[
        str | None,
        typer.Option(
            "--template",
            metavar="TEXT|@FILE",
            help='A prompt with fields, as in "Translate: {text}".',
            show_default=False,
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option("--format", metavar="FORMAT", help="jsonl, csv or text, whatever the name says."),
    ] = None,
    concurrency: Annotated[
        int | None,
        typer.Option("--concurrency", metavar="N", help="Requests at once; 1 for personal accounts, else 10."),
    ] = None,
    remote: Annotated[
        bool, typer.Option("--remote", help="Hand it to the service's own batch API, and print its id.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count items and tokens, and send nothing.")] = False,
    model: options.Model = None,
    system: options.System = None,
    temperature: options.Temperature = None,
    top_p: options.TopP = None,
    max_tokens: options.MaxTokens = None,
    repetition_penalty: options.RepetitionPenalty = None,
    option: options.Option = None,
    functions: options.FunctionFile = None,
    approve: options.Approve = None,
    max_rounds: options.MaxRounds = None,
    schema: options.Schema = None,
    schema_retries: options.SchemaRetries = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
    scope: options.Scope = None,
    base_url: options.BaseUrl = None,
    proxy: options.Proxy = None,
    timeout: options.Timeout = None,
    max_retries: options.MaxRetries = None,
) -> None:
    """Ask every item of a file, and write a JSON line for each, in the order of the input.

    An item is a prompt in quotes, or an object with "prompt" or "messages", its own options ("model", "system",
    "temperature", …) and an "id"; in a table, columns of these names. What fails becomes a row with its error, and
    the exit code is 6. With -O every answer is on disk at once: after Ctrl-C, a kill or an error, --resume asks what
    is missing and nothing twice.
    """
    from ..commands.batch import Batch, run_batch
    from ..commands.context import Context

    called = None
    if any(each is not None for each in (functions, approve, max_rounds)):
        from ..conversation.functions import function_options

        called = function_options(functions, approve, max_rounds, None)
    flags = {
        "model": model,
        "temperature": temperature,
        "top_p": top_p,
        "max_tokens": max_tokens,
        "repetition_penalty": repetition_penalty,
        "scope": scope,
        "base_url": base_url,
        "proxy": proxy,
        "timeout": timeout,
        "max_retries": max_retries,
    }
    run_batch(
        Batch(
            input=input,
            output_file=output_file,
            resume=resume,
            retry_failed=retry_failed,
            force=force,
            template=template,
            format=format,
            system=system,
            fields=tuple(option or ()),
            concurrency=concurrency,
            remote=remote,
            dry_run=dry_run,
            as_json=json,
            functions=called,
            schema=schema,
            schema_retries=schema_retries,
        ),
        Context(flags, quiet=quiet, debug=debug),
    )


@batch.command()
def status(
    batch_id: BatchId,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
    scope: options.Scope = None,
    base_url: options.BaseUrl = None,
    proxy: options.Proxy = None,
    timeout: options.Timeout = None,
    max_retries: options.MaxRetries = None,
) -> None:
    """Tell how far a remote batch is."""
    from ..commands.batch_remote import show_task

    context = _context(scope, base_url, proxy, timeout, max_retries, quiet=quiet, debug=debug)
    show_task(batch_id, context, as_json=json)


@batch.command()
def fetch(
    batch_id: BatchId,
    output_file: Annotated[
        Path | None,
        typer.Option(
            "--output-file",
            "-O",
            metavar="PATH",
            help="Write the rows there; - is stdout, as without it.",
            show_default=False,
            callback=options.unless_stdout,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing output file.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it is completed.")] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
    scope: options.Scope = None,
    base_url: options.BaseUrl = None,
    proxy: options.Proxy = None,
    timeout: options.Timeout = None,
    max_retries: options.MaxRetries = None,
) -> None:
    """Write the rows of a remote batch that is completed, joined to the lines of its input."""
    from ..commands.batch_remote import fetch as fetch_rows

    context = _context(scope, base_url, proxy, timeout, max_retries, quiet=quiet, debug=debug)
    fetch_rows(batch_id, output_file, context, force=force, wait=wait)


@batch.command("list")
def list_(
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
    scope: options.Scope = None,
    base_url: options.BaseUrl = None,
    proxy: options.Proxy = None,
    timeout: options.Timeout = None,
    max_retries: options.MaxRetries = None,
) -> None:
    """List the account's remote batches."""
    from ..commands.batch_remote import list_tasks

    list_tasks(_context(scope, base_url, proxy, timeout, max_retries, quiet=quiet, debug=debug), as_json=json)


def _context(
    scope: str | None,
    base_url: str | None,
    proxy: str | None,
    timeout: str | None,
    max_retries: str | None,
    *,
    quiet: bool,
    debug: bool,
) -> Context:
    from ..commands.context import Context

    flags = {"scope": scope, "base_url": base_url, "proxy": proxy, "timeout": timeout, "max_retries": max_retries}
    return Context(flags, quiet=quiet, debug=debug)
