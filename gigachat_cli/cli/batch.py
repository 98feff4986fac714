"""`gigachat batch`: many prompts from a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..commands.flags import BatchFlags, FetchFlags
from ..errors import UsageError, nearest
from .helping import App, Group
from .parameters import BATCH_SAMPLING, CONNECTION, FUNCTIONS, OUTPUT, takes

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
@takes(
    BatchFlags,
    "output_file resume retry_failed force template format concurrency remote dry_run model system",
    BATCH_SAMPLING,
    "fields",
    FUNCTIONS,
    "schema schema_retries",
    OUTPUT,
    CONNECTION,
)
def run(
    context: "Context",
    flags: BatchFlags,
    input: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="JSON lines (.jsonl), a table (.csv, .tsv), lines (.txt), or -.", show_default=False
        ),
    ],
) -> None:
    """Ask every item of a file, and write a JSON line for each, in the order of the input.

    An item is a prompt in quotes, or an object with "prompt" or "messages", its own options ("model", "system",
    "temperature", …) and an "id"; in a table, columns of these names. What fails becomes a row with its error, and
    the exit code is 6. With -O every answer is on disk at once: after Ctrl-C, a kill or an error, --resume asks what
    is missing and nothing twice.
    """
    from ..commands.batch import run_batch

    run_batch(input, flags, context)


@batch.command()
@takes(OUTPUT, CONNECTION)
def status(context: "Context", batch_id: BatchId) -> None:
    """Tell how far a remote batch is."""
    from ..commands.batch_remote import show_task

    show_task(batch_id, context, as_json=context.flags.json)


@batch.command()
@takes(FetchFlags, "output_file force wait", OUTPUT, CONNECTION)
def fetch(context: "Context", flags: FetchFlags, batch_id: BatchId) -> None:
    """Write the rows of a remote batch that is completed, joined to the lines of its input."""
    from ..commands.batch_remote import fetch as fetch_rows

    fetch_rows(batch_id, flags.output_file, context, force=flags.force, wait=flags.wait)


@batch.command("list")
@takes(OUTPUT, CONNECTION)
def list_(context: "Context") -> None:
    """List the account's remote batches."""
    from ..commands.batch_remote import list_tasks

    list_tasks(context, as_json=context.flags.json)
