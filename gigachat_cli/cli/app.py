"""The command tree, from the table of the commands."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

from .. import __version__
from ..commands import COMMANDS, HEADINGS, HELP, NAME
from .helping import App, Group


class _Root(Group):
    """Lists its commands as `HEADINGS` does; typer puts those with commands of their own last."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # typer's own subclass
        return sorted(super().list_commands(ctx), key=COMMANDS.index)

    def headings(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return HEADINGS


def build(only: str | None = None) -> typer.Typer:
    """The app with all its commands, or with the one that is called: each costs every start a millisecond or two."""
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
