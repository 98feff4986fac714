"""`gigachat models`: what the account can ask."""

from __future__ import annotations

from dataclasses import asdict
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
    from ..known_models import CHAT_TYPES
    from ..messages import Model
    from ..render.reports import show_rows
    from .context import Context

    flags = {"scope": scope, "base_url": base_url, "proxy": proxy, "timeout": timeout, "max_retries": max_retries}
    context = Context(flags, quiet=quiet, debug=debug)

    async def listed() -> list[Model]:
        async with context.client() as client:
            return await client.models()

    rows = [asdict(model) for model in context.run(listed()) if every or model.type in CHAT_TYPES]
    show_rows(rows, ("id", "type", "owned_by") if every else ("id",), context.terminal, as_array=json)
