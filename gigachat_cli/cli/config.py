"""`gigachat config`: settings, each with its origin."""

from __future__ import annotations

from typing import Annotated

import typer

from . import options
from .completions import complete_setting
from .helping import App, Group


class _Config(Group):
    def today(self) -> None:
        show()


config = App(help="Show and change settings.", cls=_Config)

Key = Annotated[str, typer.Argument(metavar="SETTING", help="Name of the setting.", autocompletion=complete_setting)]


@config.command()
def show(json: options.Json = False) -> None:
    """Show every setting, its value and where it comes from."""
    from ..commands.config import show_settings
    from ..commands.context import Context

    show_settings(Context(), as_array=json)


@config.command()
def get(key: Key) -> None:
    """Print one setting's value; nothing when it is unset."""
    from ..commands.config import show_setting
    from ..commands.context import Context

    show_setting(key, Context())


@config.command("set")
def set_(key: Key, value: Annotated[str, typer.Argument(metavar="VALUE", help="Its value.")]) -> None:
    """Set a setting in the config file; comments and other settings stay."""
    from ..commands.config import change_setting
    from ..commands.context import Context

    change_setting(key, value, Context())


@config.command()
def unset(key: Key) -> None:
    """Remove a setting from the config file."""
    from ..settings import edit_config

    edit_config(key, None)


@config.command()
def path() -> None:
    """Print the path of the config file."""
    from .. import paths
    from ..commands.context import Context

    Context().terminal.write_path(paths.config_file())
