"""`gigachat tokens`: how long a text is for the model."""

from typing import TYPE_CHECKING, Annotated

import typer

from ..commands.flags import TextFlags
from .parameters import CONNECTION, OUTPUT, takes

if TYPE_CHECKING:
    from ..commands.context import Context


@takes(TextFlags, "file model", OUTPUT, CONNECTION)
def tokens(
    context: "Context",
    flags: TextFlags,
    text: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT", help="Words, which need no quotes; stdin without any.", show_default=False),
    ] = None,
) -> None:
    """Count the tokens of texts, of each and in all."""
    from ..commands.tokens import count_tokens

    count_tokens(text or (), flags.file, context)
