"""`gigachat files`: what the service keeps for the account."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options
from .helping import App

files = App(help="The files that the service keeps: attachments, and pictures that it made.")

_FileId = Annotated[str, typer.Argument(metavar="ID", help="The file's id, as files list shows it.")]


@files.command("list")
def list_(
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
    scope: options.Scope = None,
    base_url: options.BaseUrl = None,
    proxy: options.Proxy = None,
    timeout: options.Timeout = None,
    max_retries: options.MaxRetries = None,
) -> None:
    """List the files of the account."""
    from ..commands.context import Context
    from ..commands.files import list_files

    flags = {"scope": scope, "base_url": base_url, "proxy": proxy, "timeout": timeout, "max_retries": max_retries}
    list_files(Context(flags, quiet=quiet, debug=debug), as_array=json)


@files.command()
def upload(
    path: Annotated[list[Path], typer.Argument(metavar="PATH", help="Files to store; - is stdin.")],
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
    scope: options.Scope = None,
    base_url: options.BaseUrl = None,
    proxy: options.Proxy = None,
    timeout: options.Timeout = None,
    max_retries: options.MaxRetries = None,
) -> None:
    """Store files; one that the account has stored already keeps its id."""
    from ..commands.context import Context
    from ..commands.files import upload_files

    flags = {"scope": scope, "base_url": base_url, "proxy": proxy, "timeout": timeout, "max_retries": max_retries}
    upload_files([str(each) for each in path], Context(flags, quiet=quiet, debug=debug), as_array=json)


@files.command()
def show(
    file_id: _FileId,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
    scope: options.Scope = None,
    base_url: options.BaseUrl = None,
    proxy: options.Proxy = None,
    timeout: options.Timeout = None,
    max_retries: options.MaxRetries = None,
) -> None:
    """Show one file."""
    from ..commands.context import Context
    from ..commands.files import show_file

    flags = {"scope": scope, "base_url": base_url, "proxy": proxy, "timeout": timeout, "max_retries": max_retries}
    show_file(file_id, Context(flags, quiet=quiet, debug=debug), as_array=json)


@files.command()
def download(
    file_id: _FileId,
    output_file: Annotated[
        Path | None,
        typer.Option("--output-file", "-O", metavar="PATH", help="Write it there; - is stdout."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    any_size: Annotated[bool, typer.Option("--any-size", help="Take a file of more than 1 GiB.")] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
    scope: options.Scope = None,
    base_url: options.BaseUrl = None,
    proxy: options.Proxy = None,
    timeout: options.Timeout = None,
    max_retries: options.MaxRetries = None,
) -> None:
    """Fetch a file's content.

    Without --output-file it is written here under its own name, or under its id when it has none.
    """
    from ..commands.context import Context
    from ..commands.files import download_file
    from ..engine.wire import MOST_DOWNLOADED

    flags = {"scope": scope, "base_url": base_url, "proxy": proxy, "timeout": timeout, "max_retries": max_retries}
    context = Context(flags, quiet=quiet, debug=debug)
    most = None if any_size else MOST_DOWNLOADED
    download_file(file_id, context, place=output_file, force=force, most=most, as_array=json)


@files.command()
def delete(
    file_id: Annotated[list[str], typer.Argument(metavar="ID", help="Ids of files, as files list shows them.")],
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
    scope: options.Scope = None,
    base_url: options.BaseUrl = None,
    proxy: options.Proxy = None,
    timeout: options.Timeout = None,
    max_retries: options.MaxRetries = None,
) -> None:
    """Delete files from the service, for good."""
    from ..commands.context import Context
    from ..commands.files import delete_files

    flags = {"scope": scope, "base_url": base_url, "proxy": proxy, "timeout": timeout, "max_retries": max_retries}
    delete_files(file_id, Context(flags, quiet=quiet, debug=debug), as_array=json)
