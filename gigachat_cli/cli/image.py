"""`gigachat image`: a picture by a description."""

from typing import TYPE_CHECKING, Annotated

import typer

from ..commands.flags import ImageFlags
from .parameters import CONNECTION, takes

if TYPE_CHECKING:
    from ..commands.context import Context


@takes(
    ImageFlags,
    "output_file force model system continued session no_log no_stdin fields json raw quiet debug",
    CONNECTION,
)
def image(
    context: "Context",
    flags: ImageFlags,
    prompt: Annotated[
        list[str] | None,
        typer.Argument(metavar="PROMPT", help="What to draw; quotes keep it from the shell.", show_default=False),
    ] = None,
) -> None:
    """Have a picture drawn and save it.

    The request to draw is put before the words, as in 'Draw: a cat', unless they begin with it.

    Without --output-file it goes to the folder images beside the history. A terminal shows it; in a pipe its path
    stands in the answer.
    """
    from ..commands.image import draw

    draw(prompt or (), flags, context)
