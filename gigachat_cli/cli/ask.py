"""`gigachat ask`: one answer."""

from typing import TYPE_CHECKING, Annotated

import typer

from ..commands.flags import AskFlags
from .parameters import CONNECTION, FUNCTIONS, SAMPLING, takes

if TYPE_CHECKING:
    from ..commands.context import Context


@takes(
    AskFlags,
    "model system attach continued session resume no_log no_stdin editor",
    SAMPLING,
    "fields web tools reasoning schema schema_retries",
    FUNCTIONS,
    "no_stream output json raw extract usage output_file force dry_run quiet debug",
    CONNECTION,
)
def ask(
    context: "Context",
    flags: AskFlags,
    prompt: Annotated[
        list[str] | None,
        typer.Argument(metavar="PROMPT", help="The question; quotes keep it from the shell.", show_default=False),
    ] = None,
) -> None:
    """Ask one question and print the answer.

    Stdin that is a pipe or a file is read to its end and joined to the words. Put -- before words that begin with
    a dash.
    """
    from ..commands.ask import answer

    answer(prompt or (), flags, context)
