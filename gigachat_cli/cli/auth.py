"""`gigachat auth`: the authorization key."""

from __future__ import annotations

import typer

from . import options

auth = typer.Typer(help="Store, show and forget the authorization key.")


@auth.command()
def login(
    scope: options.Scope = None,
    proxy: options.Proxy = None,
    timeout: options.Timeout = None,
    max_retries: options.MaxRetries = None,
    debug: options.Debug = False,
) -> None:
    """Store the authorization key after the service has accepted it.

    The key is asked for with hidden input, or read from stdin when that is piped. Client id and secret, one after
    the other, do as well.
    """
    from .context import Context
    from .login import log_in

    log_in(Context({"scope": scope, "proxy": proxy, "timeout": timeout, "max_retries": max_retries}, debug=debug))


@auth.command()
def status(json: options.Json = False) -> None:
    """Show where the key is, its scope, and when the access token ends."""
    from .context import Context
    from .login import show_status

    show_status(Context(), as_json=json)


@auth.command()
def logout() -> None:
    """Forget the stored key and all access tokens."""
    from .context import Context
    from .login import log_out

    log_out(Context())
