"""The work of `history`: reading, exporting and deleting sessions."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from .. import paths
from ..errors import HistoryError, UsageError
from ..messages import Notice
from ..render.answers import OutputFile
from ..render.reports import show_object, show_rows
from ..render.terminal import Terminal
from ..sessions import open_store, parse_age
from .questions import agrees, somebody_is_there

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..render.exports import ExportFormat
    from ..sessions.store import Store
    from .context import Context

_MOST_TO_PICK = 200


def list_sessions(context: Context, *, limit: int | None, older_than: str | None, paged: bool) -> None:
    from ..sessions.export import session_data

    terminal = context.terminal
    before = None if older_than is None else time.time() - parse_age(older_than)
    with _store(terminal) as store:
        found = store.sessions(limit=limit, before=before)
    if terminal.stdout_is_terminal and not context.flags.json:
        from ..render.remembered import session_list

        with terminal.paged() if paged else nullcontext():
            terminal.write(session_list(found, terminal))
        return
    rows = [session_data(each) for each in found]
    show_rows(rows, ("id", "name", "updated", "turns", "total_tokens", "title"), terminal, as_array=context.flags.json)


def show_session(reference: str | None, context: Context, *, paged: bool) -> None:
    """Show a session as Markdown, or as one JSON object; without a name, a person chooses one.

    Raises UsageError when there is none.
    """
    from ..sessions.export import conversation_data, conversation_markdown

    terminal = context.terminal
    with _store(terminal) as store:
        chosen = store.find_session(reference).id if reference else _picked(store, terminal)
        if chosen is None:
            return
        conversation = store.conversation(chosen)
    if context.flags.json:
        show_object(conversation_data(conversation), terminal)
        return
    shown = conversation_markdown(conversation)
    with terminal.paged() if paged else nullcontext():
        if terminal.moves_on_stdout and context.settings.markdown != "never":
            from ..render.growing import rendered_parts

            for part in rendered_parts(shown, terminal, context.settings):
                terminal.write(part)
        else:
            terminal.write_safely(shown)


def search_text(text: str, context: Context, *, limit: int, paged: bool) -> None:
    terminal = context.terminal
    with _store(terminal) as store:
        hits = store.search(text, limit=limit)
    if terminal.stdout_is_terminal and not context.flags.json:
        from ..render.remembered import hit_list

        with terminal.paged() if paged else nullcontext():
            terminal.write(hit_list(hits, terminal))
        return
    rows = [
        {
            "session": hit.session_id,
            "name": hit.session_name,
            "turn": hit.number,
            "title": hit.title,
            "snippet": hit.snippet,
            "matches": [list(match) for match in hit.matches],
        }
        for hit in hits
    ]
    show_rows(rows, ("session", "turn", "title", "snippet"), terminal, as_array=context.flags.json)


def export_sessions(
    references: Sequence[str], context: Context, *, form: ExportFormat | None, output_file: Path | None, force: bool
) -> None:
    """Export to stdout or to a file; without `form`, the file's name decides the format.

    Raises UsageError for an unknown session.
    """
    from ..render.exports import exported, format_of

    terminal = context.terminal
    file = OutputFile(output_file, force=force) if output_file else None
    with _store(terminal) as store:
        chosen = [store.find_session(each) for each in references] or store.sessions()
        conversations = (store.conversation(each.id) for each in chosen)
        for piece in exported(conversations, form or format_of(output_file), sessions=chosen):
            if file is not None:
                file.write(piece)
            else:
                terminal.write_safely(piece)
    if file is not None:
        file.close()


def delete_sessions(
    references: Sequence[str], context: Context, *, older_than: str | None, every: bool, yes: bool
) -> None:
    """Delete sessions with the lines typed in them.  Raises UsageError when none is named, or nobody can be asked."""
    if bool(references) + (older_than is not None) + every != 1:
        raise UsageError("Name the sessions to delete, or give --older-than, or --all.", hint="As in: --older-than 30d")
    from ..repl import input_history

    terminal = context.terminal
    typed = paths.input_history_file()
    with _store(terminal) as store:
        if older_than is not None:
            chosen = store.sessions(before=time.time() - parse_age(older_than))
        elif every:
            chosen = store.sessions()
        else:
            chosen = [store.find_session(each) for each in references]
        ids = list(dict.fromkeys(each.id for each in chosen))
        if (ids or every) and not yes and not _agreed(terminal, len(ids), every=every):
            return
        try:
            if every:
                input_history.forget_all(typed)
            elif ids:
                input_history.forget_sessions(typed, ids, store.prompts(ids))
        except OSError as problem:
            raise HistoryError(f"{typed} could not be changed: {problem.strerror}. Nothing was deleted.") from None
        count = store.delete_sessions(ids) if ids else 0
    terminal.write(f"{count} session{'' if count == 1 else 's'} deleted.\n")


def _picked(store: Store, terminal: Terminal) -> str | None:
    if not (somebody_is_there(terminal) and terminal.moves_on_stdout):
        raise UsageError(
            "No session is named.", hint="Name one, as 'gigachat history list' shows them, or say last for the newest."
        )
    found = store.sessions(limit=_MOST_TO_PICK)
    if not found:
        raise UsageError("There is no session yet.", hint="Ask something first: gigachat ask 'Hello'")
    import asyncio

    from ..repl.picker import pick_alone, session_choices

    choices = session_choices(found, terminal)
    return asyncio.run(pick_alone(choices, "Sessions", color=terminal.color_on_stdout))


def _agreed(terminal: Terminal, count: int, *, every: bool) -> bool:
    if not somebody_is_there(terminal):
        raise UsageError("Deleting asks first, and there is nobody to ask.", hint="Give --yes.")
    sessions, them = ("1 session", "it") if count == 1 else (f"{count} sessions", "them")
    typed = "and all that was ever typed in a chat" if every else f"with the lines that were typed in {them}"
    return agrees(f"Delete {sessions} {typed} for good?", terminal)


@contextmanager
def _store(terminal: Terminal) -> Iterator[Store]:
    with open_store(paths.history_file()) as store:
        if store.notice:
            terminal.notice(Notice("warning", store.notice))
        yield store
