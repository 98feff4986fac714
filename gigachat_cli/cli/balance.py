"""`gigachat balance`: the tokens that are left."""

from __future__ import annotations

from . import options


def balance(
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
    scope: options.Scope = None,
    base_url: options.BaseUrl = None,
    proxy: options.Proxy = None,
    timeout: options.Timeout = None,
    max_retries: options.MaxRetries = None,
) -> None:
    """Show the tokens left in your packages.

    An account that pays as it goes has none.
    """
    from ..commands.balance import show_balance
    from ..commands.context import Context

    flags = {"scope": scope, "base_url": base_url, "proxy": proxy, "timeout": timeout, "max_retries": max_retries}
    show_balance(Context(flags, quiet=quiet, debug=debug), as_array=json)
