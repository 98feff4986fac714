"""`gigachat history`: what was asked and answered."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..commands.flags import ExportFlags, PagedFlags
from .completions import complete_session
from .helping import App, Group
from .parameters import OUTPUT, takes

if TYPE_CHECKING:
    from ..commands.context import Context

_NEWEST = 5  # sessions that `history` alone shows above its commands


class _History(Group):
    def today(self) -> None:
        list_(limit=_NEWEST, no_pager=True)


history = App(help="Look into what was asked and answered.", cls=_History)

Session = Annotated[
    str | None,
    typer.Argument(
        metavar="[SESSION]",
        help="Name, id, the id's beginning, or last.",
        autocompletion=complete_session,
        show_default=False,
    ),
]
Sessions = Annotated[
    list[str] | None,
    typer.Argument(metavar="SESSION", help="Names, ids, or last.", autocompletion=complete_session, show_default=False),
]
Age = Annotated[
    str | None, typer.Option("--older-than", metavar="AGE", help="Those last written before that: 12h, 30d, 2w.")
]


@history.command("list")
@takes(PagedFlags, f"no_pager {OUTPUT}")
def list_(
    context: "Context",
    flags: PagedFlags,
    limit: Annotated[int | None, typer.Option("--limit", "-l", min=1, metavar="N", help="At most so many.")] = None,
    older_than: Age = None,
) -> None:
    """List the sessions, those written last first."""
    from ..commands.history import list_sessions

    list_sessions(context, limit=limit, older_than=older_than, paged=not flags.no_pager)


@history.command()
@takes(PagedFlags, f"no_pager {OUTPUT}")
def show(context: "Context", flags: PagedFlags, session: Session = None) -> None:
    """Show a session, its questions and its answers; without a name, choose it from a list."""
    from ..commands.history import show_session

    show_session(session, context, paged=not flags.no_pager)


@history.command()
@takes(PagedFlags, f"no_pager {OUTPUT}")
def search(
    context: "Context",
    flags: PagedFlags,
    text: Annotated[
        list[str],
        typer.Argument(metavar="TEXT", help='Words in any of their forms, "a phrase" as it is, or a beginning*.'),
    ],
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, metavar="N", help="At most so many.")] = 20,
) -> None:
    """Search all questions and answers."""
    from ..commands.history import search_text

    search_text(" ".join(text), context, limit=limit, paged=not flags.no_pager)


@history.command()
@takes(ExportFlags, "output_file force quiet debug")
def export(
    context: "Context",
    flags: ExportFlags,
    session: Sessions = None,
    form: Annotated[
        Literal["markdown", "html", "json", "jsonl"] | None,
        typer.Option("--format", "-f", help="markdown, html, json or jsonl; else by the end of the file's name."),
    ] = None,
) -> None:
    """Export sessions, or all of them: as Markdown, as one HTML page that needs no network, or as JSON."""
    from ..commands.history import export_sessions

    export_sessions(session or [], context, form=form, output_file=flags.output_file, force=flags.force)


@history.command()
@takes("quiet debug")
def delete(
    context: "Context",
    session: Sessions = None,
    older_than: Age = None,
    every: Annotated[bool, typer.Option("--all", help="All of them, and all that was ever typed in a chat.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete sessions for good; at a terminal it asks first.

    The lines that were typed in them go as well.
    """
    from ..commands.history import delete_sessions

    delete_sessions(session or [], context, older_than=older_than, every=every, yes=yes)


@history.command()
@takes("debug")
def path(context: "Context") -> None:
    """Print the path of the history."""
    from .. import paths

    context.terminal.write_path(paths.history_file())
