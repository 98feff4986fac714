"""`gigachat models`: what the account can ask."""

from typing import TYPE_CHECKING, Annotated

import typer

from .parameters import CONNECTION, OUTPUT, takes

if TYPE_CHECKING:
    from ..commands.context import Context


@takes(OUTPUT, CONNECTION)
def models(
    context: "Context",
    every: Annotated[bool, typer.Option("--all", help="Models of every type, not only chat.")] = False,
) -> None:
    """List the models that your account can use: those to talk to, or all of them with --all."""
    from ..commands.models import show_models

    show_models(context, every=every)
