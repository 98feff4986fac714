"""`gigachat tokens`: how long a text is for the model."""

from __future__ import annotations

from typing import Annotated

import typer

from . import options


def tokens(
    text: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT", help="Words, which need no quotes; stdin without any.", show_default=False),
    ] = None,
    file: options.TextFiles = None,
    model: options.Model = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
    scope: options.Scope = None,
    base_url: options.BaseUrl = None,
    proxy: options.Proxy = None,
    timeout: options.Timeout = None,
    max_retries: options.MaxRetries = None,
) -> None:
    """Count the tokens of texts, of each and in all."""
    from ..commands.context import Context
    from ..commands.tokens import count_tokens

    flags = {
        "model": model,
        "scope": scope,
        "base_url": base_url,
        "proxy": proxy,
        "timeout": timeout,
        "max_retries": max_retries,
    }
    count_tokens(text or (), file or (), Context(flags, quiet=quiet, debug=debug), as_array=json)
