"""The command tree, from the table of the commands."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

from .. import __version__
from ..commands import COMMANDS, HEADINGS, HELP, NAME
from ..docstrings import docstring
from .helping import App, Group


class _Root(Group):
    """Lists its commands as `HEADINGS` does; typer puts those with commands of their own last."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # typer's own subclass
        return sorted(super().list_commands(ctx), key=COMMANDS.index)

    def headings(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return HEADINGS


def build(first: str | None = None) -> typer.Typer:
    """The app for a command line that begins with this word: with the command of that name alone, or with what is
    told of each where none of them can run.  Without a word it has all: they take a millisecond or two each.
    """
    app = App(
        name=NAME,
        help=HELP,
        cls=_Root,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )

    @app.callback()
    def root(
        version: Annotated[
            bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_version)
        ] = False,
    ) -> None:
        """A terminal client for Sber's GigaChat."""

    only_told = first in ("--help", "-h") or (first is not None and not first.startswith("-"))
    for name in (first,) if first in COMMANDS else COMMANDS:
        command = getattr(import_module(f".{name}", __package__), str(name))
        if only_told and name != first:
            app.command(name, help=command.info.help if isinstance(command, App) else docstring(command))(_told)
        elif isinstance(command, App):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def _told() -> None:
    """What stands for a command that cannot run."""


def _version(value: bool) -> None:
    if value:
        typer.echo(f"{NAME} {__version__}")
        raise typer.Exit
