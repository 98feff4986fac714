"""`gigachat files`: what the service keeps for the account."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..commands.flags import DownloadFlags
from .helping import App
from .parameters import CONNECTION, OUTPUT, takes

if TYPE_CHECKING:
    from ..commands.context import Context

files = App(help="The files that the service keeps: attachments, and pictures that it made.")

FileId = Annotated[str, typer.Argument(metavar="ID", help="The file's id, as files list shows it.")]


@files.command("list")
@takes(OUTPUT, CONNECTION)
def list_(context: "Context") -> None:
    """List the files of the account."""
    from ..commands.files import list_files

    list_files(context)


@files.command()
@takes(OUTPUT, CONNECTION)
def upload(
    context: "Context", path: Annotated[list[Path], typer.Argument(metavar="PATH", help="Files to store; - is stdin.")]
) -> None:
    """Store files; one that the account has stored already keeps its id."""
    from ..commands.files import upload_files

    upload_files([str(each) for each in path], context)


@files.command()
@takes(OUTPUT, CONNECTION)
def show(context: "Context", file_id: FileId) -> None:
    """Show one file."""
    from ..commands.files import show_file

    show_file(file_id, context)


@files.command()
@takes(DownloadFlags, "output_file force any_size", OUTPUT, CONNECTION)
def download(context: "Context", flags: DownloadFlags, file_id: FileId) -> None:
    """Fetch a file's content.

    Without --output-file it is written here under its own name, or under its id when it has none.
    """
    from ..commands.files import download_file

    download_file(file_id, flags, context)


@files.command()
@takes(OUTPUT, CONNECTION)
def delete(
    context: "Context",
    file_id: Annotated[list[str], typer.Argument(metavar="ID", help="Ids of files, as files list shows them.")],
) -> None:
    """Delete files from the service, for good."""
    from ..commands.files import delete_files

    delete_files(file_id, context)
