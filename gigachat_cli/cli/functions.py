"""`gigachat functions`: a file of functions for the model, looked at and checked."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .helping import App
from .parameters import CONNECTION, OUTPUT, takes

if TYPE_CHECKING:
    from ..commands.context import Context

functions = App(help="Check a file of functions for --functions.")

File = Annotated[Path, typer.Argument(metavar="FILE.py", help="A Python file.")]


@functions.command()
@takes(OUTPUT, CONNECTION)
def validate(context: "Context", file: File) -> None:
    """Have the service check the descriptions of the functions."""
    from ..commands.functions import validate

    validate(file, context)


@functions.command()
@takes("quiet debug")
def show(context: "Context", file: File) -> None:
    """Show the descriptions that are sent, as JSON; nothing is sent."""
    from ..commands.functions import show_descriptions

    show_descriptions(file, context)
