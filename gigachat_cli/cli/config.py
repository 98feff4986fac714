"""`gigachat config`: settings, each with its origin."""

from typing import TYPE_CHECKING, Annotated

import typer

from .completions import complete_setting
from .helping import App, Group
from .parameters import OUTPUT, takes

if TYPE_CHECKING:
    from ..commands.context import Context


class _Config(Group):
    def today(self) -> None:
        show()


config = App(help="Show and change settings.", cls=_Config)

Key = Annotated[str, typer.Argument(metavar="SETTING", help="Name of the setting.", autocompletion=complete_setting)]


@config.command()
@takes(OUTPUT)
def show(context: "Context") -> None:
    """Show every setting, its value and where it comes from."""
    from ..commands.config import show_settings

    show_settings(context)


@config.command()
@takes("quiet debug")
def get(context: "Context", key: Key) -> None:
    """Print one setting's value; nothing when it is unset."""
    from ..commands.config import show_setting

    show_setting(key, context)


@config.command("set")
@takes("quiet debug")
def set_(
    context: "Context", key: Key, value: Annotated[str, typer.Argument(metavar="VALUE", help="Its value.")]
) -> None:
    """Set a setting in the config file; comments and other settings stay."""
    from ..commands.config import change_setting

    change_setting(key, value, context)


@config.command()
@takes("quiet debug")
def unset(context: "Context", key: Key) -> None:
    """Remove a setting from the config file."""
    from ..settings import edit_config

    edit_config(key, None)


@config.command()
@takes("debug")
def path(context: "Context") -> None:
    """Print the path of the config file."""
    from .. import paths

    context.terminal.write_path(paths.config_file())
