"""`gigachat functions`: a file of functions for the model, looked at and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options
from .helping import App

functions = App(help="Check a file of functions for --functions.")

File = Annotated[Path, typer.Argument(metavar="FILE.py", help="A Python file.")]


@functions.command()
def validate(
    file: File,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
    scope: options.Scope = None,
    base_url: options.BaseUrl = None,
    proxy: options.Proxy = None,
    timeout: options.Timeout = None,
    max_retries: options.MaxRetries = None,
) -> None:
    """Have the service check the descriptions of the functions."""
    from ..commands.context import Context
    from ..commands.functions import validate

    flags = {"scope": scope, "base_url": base_url, "proxy": proxy, "timeout": timeout, "max_retries": max_retries}
    validate(file, Context(flags, quiet=quiet, debug=debug), as_array=json)


@functions.command()
def show(file: File, quiet: options.Quiet = False, debug: options.Debug = False) -> None:
    """Show the descriptions that are sent, as JSON; nothing is sent."""
    from ..commands.context import Context
    from ..commands.functions import show_descriptions

    show_descriptions(file, Context(quiet=quiet, debug=debug))
