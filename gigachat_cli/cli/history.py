"""`gigachat history`: what was asked and answered."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from . import options
from .completions import complete_session
from .helping import App, Group

_NEWEST = 5  # sessions that `history` alone shows above its commands


class _History(Group):
    def today(self) -> None:
        list_(limit=_NEWEST)


history = App(help="Look into what was asked and answered.", cls=_History)

Session = Annotated[
    str,
    typer.Argument(metavar="SESSION", help="Name, id, the id's beginning, or last.", autocompletion=complete_session),
]
Sessions = Annotated[
    list[str] | None,
    typer.Argument(metavar="SESSION", help="Names, ids, or last.", autocompletion=complete_session, show_default=False),
]
Age = Annotated[
    str | None, typer.Option("--older-than", metavar="AGE", help="Those last written before that: 12h, 30d, 2w.")
]


@history.command("list")
def list_(
    limit: Annotated[int | None, typer.Option("--limit", "-l", min=1, metavar="N", help="At most so many.")] = None,
    older_than: Age = None,
    json: options.Json = False,
) -> None:
    """List the sessions, those written last first."""
    from ..commands.history import list_sessions

    list_sessions(limit=limit, older_than=older_than, as_array=json)


@history.command()
def show(session: Session, json: options.Json = False) -> None:
    """Show a session, its questions and its answers."""
    from ..commands.history import show_session

    show_session(session, as_object=json)


@history.command()
def search(
    text: Annotated[
        list[str],
        typer.Argument(metavar="TEXT", help='Words in any of their forms, "a phrase" as it is, or a beginning*.'),
    ],
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, metavar="N", help="At most so many.")] = 20,
    json: options.Json = False,
) -> None:
    """Search all questions and answers."""
    from ..commands.history import search_text

    search_text(" ".join(text), limit=limit, as_array=json)


@history.command()
def export(
    session: Sessions = None,
    form: Annotated[
        Literal["markdown", "json", "jsonl"], typer.Option("--format", "-f", help="markdown, json or jsonl.")
    ] = "markdown",
    output_file: Annotated[
        Path | None,
        typer.Option(
            "--output-file",
            "-O",
            metavar="PATH",
            help="Write it there; - is stdout.",
            show_default=False,
            callback=options.unless_stdout,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing output file.")] = False,
) -> None:
    """Export sessions, or all of them."""
    from ..commands.history import export_sessions

    export_sessions(session or [], form=form, output_file=output_file, force=force)


@history.command()
def delete(
    session: Sessions = None,
    older_than: Age = None,
    every: Annotated[bool, typer.Option("--all", help="All of them, and all that was ever typed in a chat.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete sessions for good; at a terminal it asks first.

    The lines that were typed in them go as well.
    """
    from ..commands.history import delete_sessions

    delete_sessions(session or [], older_than=older_than, every=every, yes=yes)


@history.command()
def path() -> None:
    """Print the path of the history."""
    from .. import paths
    from ..render.terminal import Terminal

    Terminal().write_path(paths.history_file())
