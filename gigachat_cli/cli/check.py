"""`gigachat check`: written by a person or by a model; or profane."""

from typing import TYPE_CHECKING, Annotated

import typer

from ..commands.flags import CheckFlags
from .parameters import CONNECTION, OUTPUT, takes

if TYPE_CHECKING:
    from ..commands.context import Context


@takes(CheckFlags, "file profanity model", OUTPUT, CONNECTION)
def check(
    context: "Context",
    flags: CheckFlags,
    text: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT", help="Words, which need no quotes; stdin without any.", show_default=False),
    ] = None,
) -> None:
    """Tell whether a person or a model wrote a text, or whether it is profane.

    Who wrote it the service tells of Russian text of at least 20 words, to businesses that pay as they go.
    With --profanity it takes any text. The exit code is 0 whatever the verdict: it stands in the row.
    """
    from ..commands.check import check_profanity, check_texts

    work = check_profanity if flags.profanity else check_texts
    work(text or (), flags.file, context, model=flags.model)
