"""`gigachat embed`: texts as vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options


def embed(
    text: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT", help="One text; without any, each line of stdin.", show_default=False),
    ] = None,
    file: Annotated[
        list[Path] | None,
        typer.Option("--file", "-f", metavar="PATH", help="Each line is a text; - is stdin; repeatable."),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", metavar="NAME", help="Embedder to use; Embeddings without it.")
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
    scope: options.Scope = None,
    base_url: options.BaseUrl = None,
    proxy: options.Proxy = None,
    timeout: options.Timeout = None,
    max_retries: options.MaxRetries = None,
) -> None:
    """Turn texts into vectors, a JSON line each: index, text, vector.

    A terminal shows the beginning of each vector, unless you give --json. Blank lines are left out.
    """
    from ..commands.context import Context
    from ..commands.embed import embed_texts

    flags = {"scope": scope, "base_url": base_url, "proxy": proxy, "timeout": timeout, "max_retries": max_retries}
    embed_texts(text or (), file or (), Context(flags, quiet=quiet, debug=debug), model=model, as_lines=json)
