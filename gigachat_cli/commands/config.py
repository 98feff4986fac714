"""The work of `gigachat config`."""

from __future__ import annotations

from ..errors import ConfigError, GigaChatError, nearest
from ..messages import Notice
from ..render.reports import show_rows
from ..settings import declarations, edit_config, shown
from ..text import safe, visible
from .context import Context


def show_settings(context: Context) -> None:
    """Show every setting, its value and its origin."""
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
    show_rows(rows, ("setting", "value", "origin"), context.terminal, as_array=context.flags.json)


def show_setting(key: str, context: Context) -> None:
    """Show one setting's value; nothing when it is unset.  Raises ConfigError for an unknown setting."""
    if key not in declarations():
        near = nearest(key, list(declarations()))
        hint = f"Did you mean {near}?" if near else "'gigachat config show' lists the settings."
        raise ConfigError(f"{key} is not a setting.", hint=hint)
    value = shown(key, getattr(context.settings, key))
    if value:
        context.terminal.write(f"{visible(value) if context.terminal.stdout_is_terminal else value}\n")


def change_setting(key: str, value: str, context: Context) -> None:
    """Set a setting in the config file.  Raises ConfigError."""
    edit_config(key, value)
    if key == "verify_ssl_certs":
        context.warn()
    if key == "model":
        _doubt_model(value, context)


def _doubt_model(name: str, context: Context) -> None:
    """Warn that a model is not in the saved list of the account's models; it may exist all the same."""
    from .. import credentials
    from ..known_models import account_at, known_models, nearest_first, ranked_models

    try:
        known = known_models(account_at(credentials.account(context.settings), context.settings.base_url))
    except GigaChatError:
        return  # an invalid key or setting is reported when it is used
    if known is None or name in (names := ranked_models(known.models)):
        return
    meant, names = nearest_first(name, names)
    way_on = f"did you mean {meant}?" if meant else "'gigachat models' lists what it has."
    context.terminal.notice(Notice("warning", f"The account does not list the model {name}; {way_on}"))
