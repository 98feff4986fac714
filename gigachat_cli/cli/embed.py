"""`gigachat embed`: texts as vectors."""

from typing import TYPE_CHECKING, Annotated

import typer

from ..commands.flags import EmbedFlags
from .parameters import CONNECTION, OUTPUT, takes

if TYPE_CHECKING:
    from ..commands.context import Context


@takes(EmbedFlags, "file model", OUTPUT, CONNECTION)
def embed(
    context: "Context",
    flags: EmbedFlags,
    text: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT", help="One text; without any, each line of stdin.", show_default=False),
    ] = None,
) -> None:
    """Turn texts into vectors, a JSON line each: index, text, vector.

    A terminal shows the beginning of each vector, unless you give --json. Blank lines are left out.
    """
    from ..commands.embed import embed_texts

    embed_texts(text or (), flags.file, context, model=flags.model)
