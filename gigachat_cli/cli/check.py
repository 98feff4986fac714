"""`gigachat check`: written by a person or by a model; or profane."""

from __future__ import annotations

from typing import Annotated

import typer

from . import options


def check(
    text: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT", help="Words, which need no quotes; stdin without any.", show_default=False),
    ] = None,
    file: options.TextFiles = None,
    profanity: Annotated[
        bool, typer.Option("--profanity", help="Tell whether a text is profane, in place of who wrote it.")
    ] = False,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME",
            help="Checker to use; GigaCheckDetection without it, with --profanity GigaFilter.",
        ),
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
    """Tell whether a person or a model wrote a text, or whether it is profane.

    Who wrote it the service tells of Russian text of at least 20 words, to businesses that pay as they go.
    With --profanity it takes any text. The exit code is 0 whatever the verdict: it stands in the row.
    """
    from ..commands.check import check_profanity, check_texts
    from ..commands.context import Context

    flags = {"scope": scope, "base_url": base_url, "proxy": proxy, "timeout": timeout, "max_retries": max_retries}
    work = check_profanity if profanity else check_texts
    work(text or (), file or (), Context(flags, quiet=quiet, debug=debug), model=model, as_array=json)
