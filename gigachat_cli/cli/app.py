"""The command tree.  A new command is a file here and a line below."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from typer.core import TyperGroup

from .. import __version__
from . import ask, auth, chat, completion, config, doctor, history, models, simulator

NAME = "gigachat"
HELP = "A terminal client for Sber's GigaChat."


class _InOrder(TyperGroup):
    """Lists its commands as `build` names them; typer puts those with commands of their own last."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # typer's own subclass
        order = ("ask", "chat", "history", "models", "auth", "config", "doctor", "simulator", "completion")
        return sorted(super().list_commands(ctx), key=lambda name: order.index(name) if name in order else len(order))


def _rich_help() -> bool:
    """Help may be rich on a terminal; in a pipe it is plain, and comes sooner."""
    import os

    return sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def build() -> typer.Typer:
    """The app with all its commands."""
    app = typer.Typer(
        name=NAME,
        help=HELP,
        cls=_InOrder,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown" if _rich_help() else None,
        context_settings={"help_option_names": ["--help", "-h"]},
    )

    @app.callback()
    def root(
        version: Annotated[
            bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_version)
        ] = False,
    ) -> None:
        """A terminal client for Sber's GigaChat."""

    app.command()(ask.ask)
    app.command()(chat.chat)
    app.add_typer(history.history, name="history")
    app.command()(models.models)
    app.add_typer(auth.auth, name="auth")
    app.add_typer(config.config, name="config")
    app.command()(doctor.doctor)
    app.command()(simulator.simulator)
    app.command()(completion.completion)
    return app


def _version(value: bool) -> None:
    if value:
        typer.echo(f"{NAME} {__version__}")
        raise typer.Exit
