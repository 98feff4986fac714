"""The command tree.  A new command is a file here and a word in `COMMANDS`."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Annotated

import typer
from typer.core import TyperGroup

from .. import __version__

NAME = "gigachat"
HELP = "A terminal client for Sber's GigaChat."

COMMANDS = (
    "ask",
    "chat",
    "batch",
    "image",
    "files",
    "history",
    "models",
    "tokens",
    "balance",
    "embed",
    "check",
    "functions",
    "auth",
    "config",
    "doctor",
    "simulator",
    "completion",
)
"""Every command, in the order of the help: `cli/ask.py` holds `ask`, which is a function or an app of its own."""


class _InOrder(TyperGroup):
    """Lists its commands as `COMMANDS` does; typer puts those with commands of their own last."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # typer's own subclass
        return sorted(super().list_commands(ctx), key=COMMANDS.index)


def _rich_help() -> bool:
    """Help may be rich on a terminal; in a pipe it is plain, and comes sooner."""
    import os

    return sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def build(only: str | None = None) -> typer.Typer:
    """The app with all its commands, or with the one that is called: each costs every start a millisecond or two."""
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

    for name in (only,) if only in COMMANDS else COMMANDS:
        command = getattr(import_module(f".{name}", __package__), str(name))
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def _version(value: bool) -> None:
    if value:
        typer.echo(f"{NAME} {__version__}")
        raise typer.Exit
