"""`gigachat chat`: the conversation."""

from typing import TYPE_CHECKING, Annotated

import typer

from ..commands.flags import QuestionFlags
from .parameters import CONNECTION, FUNCTIONS, SAMPLING, takes

if TYPE_CHECKING:
    from ..commands.context import Context


@takes(
    QuestionFlags,
    "model system attach continued session no_log",
    SAMPLING,
    "fields web tools reasoning",
    FUNCTIONS,
    "raw quiet debug",
    CONNECTION,
)
def chat(
    context: "Context",
    flags: QuestionFlags,
    prompt: Annotated[
        list[str] | None,
        typer.Argument(metavar="PROMPT", help="The first question; quotes keep it from the shell.", show_default=False),
    ] = None,
) -> None:
    """Converse with the model.

    Enter sends, Alt-Enter begins a new line, /help lists the commands, Ctrl-C stops an answer, Ctrl-D leaves.
    """
    from ..commands.chat import converse

    converse(prompt or (), flags, context)
