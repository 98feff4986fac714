"""`gigachat auth`: the authorization key."""

from __future__ import annotations

from typing import Annotated

import typer

from . import options
from .helping import App, Group


class _Auth(Group):
    def today(self) -> None:
        status()


auth = App(help="Store, show and forget the authorization key.", cls=_Auth)


@auth.command()
def login(
    no_test: Annotated[
        bool, typer.Option("--no-test", help="Ask no short question at the end to prove the way.")
    ] = False,
    scope: options.Scope = None,
    base_url: options.BaseUrl = None,
    proxy: options.Proxy = None,
    timeout: options.Timeout = None,
    max_retries: options.MaxRetries = None,
    debug: options.Debug = False,
) -> None:
    """Store the authorization key after the service has accepted it.

    The key is asked for with hidden input, or read from stdin when that is piped. Client id and secret, one after
    the other, do as well. On a terminal you then choose a model, which is set in the config file, and it is asked one
    short question.
    """
    from ..commands.auth import log_in
    from ..commands.context import Context

    flags = {"scope": scope, "base_url": base_url, "proxy": proxy, "timeout": timeout, "max_retries": max_retries}
    log_in(Context(flags, debug=debug), test=not no_test)


@auth.command()
def status(json: options.Json = False) -> None:
    """Show where the key is, its scope, and when the access token ends."""
    from ..commands.auth import show_status
    from ..commands.context import Context

    show_status(Context(), as_json=json)


@auth.command()
def logout() -> None:
    """Forget the stored key and all access tokens."""
    from ..commands.auth import log_out
    from ..commands.context import Context

    log_out(Context())
