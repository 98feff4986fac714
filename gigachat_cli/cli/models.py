"""`gigachat models`: what the account can ask."""

from __future__ import annotations

from typing import Annotated

import typer

from . import options


def models(
    every: Annotated[bool, typer.Option("--all", help="Models of every type, not only chat.")] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
    scope: options.Scope = None,
    base_url: options.BaseUrl = None,
    proxy: options.Proxy = None,
    timeout: options.Timeout = None,
    max_retries: options.MaxRetries = None,
) -> None:
    """List the models that your account can use: those to talk to, or all of them with --all."""
    from ..commands.context import Context
    from ..commands.models import show_models

    flags = {"scope": scope, "base_url": base_url, "proxy": proxy, "timeout": timeout, "max_retries": max_retries}
    show_models(Context(flags, quiet=quiet, debug=debug), every=every, as_array=json)
