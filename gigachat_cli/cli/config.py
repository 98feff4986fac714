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
    from ..render.reports import show_rows
    from ..settings import declarations, shown
    from ..text import safe
    from .context import Context

    context = Context()
    rows = [
        {
            "setting": name,
            "value": shown(name, getattr(context.settings, name)),
            "origin": str(context.settings.origin(name)),
        }
        for name in declarations()
    ]
    if context.settings.model is None:
        (model,) = (row for row in rows if row["setting"] == "model")
        model |= {"value": safe(context.known_model or ""), "origin": "the account's list"}
    show_rows(rows, ("setting", "value", "origin"), context.terminal, as_array=json)


@config.command()
def get(key: Key) -> None:
    """Print one setting's value; nothing when it is unset."""
    from ..errors import ConfigError, nearest
    from ..settings import declarations, shown
    from ..text import visible
    from .context import Context

    context = Context()
    if key not in declarations():
        near = nearest(key, list(declarations()))
        hint = f"Did you mean {near}?" if near else "'gigachat config show' lists the settings."
        raise ConfigError(f"{key} is not a setting.", hint=hint)
    value = shown(key, getattr(context.settings, key))
    if value:
        context.terminal.write(f"{visible(value) if context.terminal.stdout_is_terminal else value}\n")


@config.command("set")
def set_(key: Key, value: Annotated[str, typer.Argument(metavar="VALUE", help="Its value.")]) -> None:
    """Set a setting in the config file; comments and other settings stay."""
    from ..settings import edit_config

    edit_config(key, value)
    if key == "verify_ssl_certs":
        from .context import Context

        Context().warn()
    if key == "model":
        _doubt_model(value)


def _doubt_model(name: str) -> None:
    """Say that a model is not in the list that is kept of the account; it may be right all the same."""
    from .. import credentials
    from ..errors import GigaChatError
    from ..known_models import account_at, known_models, nearest_first, ranked_models
    from ..messages import Notice
    from .context import Context

    context = Context()
    try:
        known = known_models(account_at(credentials.account(context.settings), context.settings.base_url))
    except GigaChatError:
        return  # what is wrong with the key or a setting is told when it is used
    if known is None or name in (names := ranked_models(known.models)):
        return
    meant, names = nearest_first(name, names)
    way_on = f"did you mean {meant}?" if meant else "'gigachat models' lists what it has."
    context.terminal.notice(Notice("warning", f"The account does not list the model {name}; {way_on}"))


@config.command()
def unset(key: Key) -> None:
    """Remove a setting from the config file."""
    from ..settings import edit_config

    edit_config(key, None)


@config.command()
def path() -> None:
    """Print the path of the config file."""
    from .. import paths
    from .context import Context

    Context().terminal.write_path(paths.config_file())
