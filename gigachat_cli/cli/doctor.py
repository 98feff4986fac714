"""`gigachat doctor`: what works, what does not, and the next step."""

from __future__ import annotations

import typer

from . import options


def doctor(
    model: options.Model = None,
    json: options.Json = False,
    debug: options.Debug = False,
    scope: options.Scope = None,
    base_url: options.BaseUrl = None,
    proxy: options.Proxy = None,
    timeout: options.Timeout = None,
) -> None:
    """Check the way to the service, step by step.

    From the settings over the key, DNS, proxy, TLS and the clock to the login and the model. A step that fails names
    the next one to take.
    """
    from ..commands.context import Context
    from ..commands.doctor import check_way

    flags = {"model": model, "scope": scope, "base_url": base_url, "proxy": proxy, "timeout": timeout}
    failed = check_way(Context(flags, debug=debug), as_array=json)
    if failed:
        raise typer.Exit(failed)
