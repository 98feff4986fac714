"""Slash commands about sessions and the history."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from .. import paths
from ..errors import UsageError
from ..text import one_line, visible
from . import showing
from .commands import command, count, files
from .picker import session_choices

if TYPE_CHECKING:
    from ..sessions import Session
    from .chat import Chat

_SUMMARISE = {
    True: "Кратко перескажи наш разговор: цели, решения, важные факты, имена и числа. Только пересказ.",
    False: "Summarise our conversation briefly: aims, decisions, key facts, names and numbers. Only the summary.",
}
_MOST_SHOWN = 1000  # sessions to choose from


def _names(chat: Chat, typed: str) -> Iterable[tuple[str, str]]:
    return [(each.name or each.id, one_line(each.title, 50)) for each in chat.store.sessions(limit=100)]


@command("session", "[NAME]", choices=_names)
async def session(chat: Chat, argument: str) -> None:
    """Go on with a session
    By name, by id, or by the id's beginning; a new name begins a session, one in quotes also when it is like another's.
    Without a name all are shown, to move in and to choose from.
    """
    if argument:
        chat.join(chat.session_of(argument))
    else:
        chosen = await _picked(chat)
        if chosen is None:
            return
        chat.join(chat.store.session(chosen))
    await chat.stoppable(showing.show_whereabouts(chat))


async def _picked(chat: Chat) -> str | None:
    """The id of the session that a person chooses; where no list can be shown, the sessions are printed."""
    from ..render.remembered import session_list

    found = chat.store.sessions(limit=_MOST_SHOWN)
    ours = chat.conversation.session
    if not found:
        chat.say("There is no session yet: it begins with the first question.")
        return None
    if chat.pick is None:
        chat.terminal.write(session_list(found, chat.terminal, current=ours.id if ours else None))
        chat.say("/session NAME goes on with one of them.")
        return None
    return await chat.pick(session_choices(found, chat.terminal, current=ours.id if ours else None), "Sessions")


@command("sessions", "[N]")
async def sessions(chat: Chat, argument: str) -> None:
    """List the last sessions
    The newest first, 20 or N.
    """
    from ..render.remembered import session_list

    found = chat.store.sessions(limit=count(argument, 20))
    ours = chat.conversation.session
    chat.terminal.write(session_list(found, chat.terminal, current=ours.id if ours else None))
    if not found:
        chat.say("There is no session yet.")


@command("rename", "NAME")
async def rename(chat: Chat, argument: str) -> None:
    """Name this session"""
    if not argument:
        raise UsageError("/rename needs a name.")
    begun = _begun(chat)
    chat.conversation.session = chat.store.rename_session(begun.id, argument)
    chat.say(f"This session is {visible(chat.conversation.session.name or begun.id)} from here on.")


@command("fork", "[NAME]")
async def fork(chat: Chat, argument: str) -> None:
    """Go on in a copy
    This session stays as it is.
    """
    before = chat.conversation
    chat.join(chat.store.fork_session(_begun(chat).id, name=argument or None))
    chat.conversation.named_model, chat.conversation.system = before.named_model, before.system
    copied = _begun(chat)
    chat.say(f"This is a copy from here on: session {visible(copied.name or copied.id)}.")


@command("search", "TEXT")
async def search(chat: Chat, argument: str) -> None:
    """Search the history
    All that was ever asked and answered. "a phrase" and begin* are understood.
    """
    if not argument:
        raise UsageError("/search needs words to look for.", hint='As in: /search "a phrase" begin*')
    from ..render.remembered import hit_list

    found = chat.store.search(argument)
    chat.terminal.write(hit_list(found, chat.terminal))
    chat.say("/session goes on with one of them." if found else "Nothing was found.")


@command("history", "[N]")
async def history(chat: Chat, argument: str) -> None:
    """Show what was said
    The last questions and answers, 10 or N.
    """
    shown = chat.conversation.exchanges[-count(argument, 10) :]

    async def show() -> None:
        chat.terminal.write(f"{await showing.exchanges(chat, shown)}\n")

    if shown:
        await chat.stoppable(show())
    else:
        chat.say("Nothing was answered yet.")


@command("clear")
async def clear(chat: Chat, argument: str) -> None:
    """Begin a new session
    The old one stays in the history; model and system message stay as they are.
    """
    chat.clear()
    chat.say("A new session begins with the next question.")


@command("compact")
async def compact(chat: Chat, argument: str) -> None:
    """Go on from a summary
    That is a new session. The model is asked for the summary, which becomes part of the system message.
    """
    exchanges = chat.conversation.exchanges
    if not exchanges:
        raise UsageError("There is nothing to summarise.")
    said = "".join(each.prompt.content for each in exchanges)
    before, unanswered = len(exchanges), chat.conversation.unanswered
    await chat.ask(_SUMMARISE[bool(re.search("[а-яё]", said, re.IGNORECASE))])
    answered = len(exchanges) > before
    summary = exchanges[-1].answer
    # The request for the summary is not a part of the conversation.
    chat.undo()
    chat.conversation.unanswered = unanswered
    if not answered or not summary.complete:
        raise UsageError("There is no whole summary; the conversation stays as it is.")
    system = chat.conversation.system
    chat.clear()
    chat.conversation.system = "\n\n".join(filter(None, [system, summary.text]))
    chat.say("The summary is in the system message of a new session.")


@command("export", "[PATH]", choices=lambda chat, typed: files(typed))
async def export(chat: Chat, argument: str) -> None:
    """Write this to a file
    The session is written as Markdown; as HTML, JSON or JSON lines when the path ends in .html, .json or .jsonl.
    """
    begun = _begun(chat)
    written = _written(chat, begun, argument or f"gigachat-{begun.name or begun.id}.md")
    chat.say(f"Written to {visible(str(written))}.")


def _written(chat: Chat, session: Session, name: str) -> Path:
    from ..render.exports import exported, format_of

    path = paths.expanded(name)
    try:
        with path.open("x", encoding="utf-8", errors="replace", newline="") as file:
            for piece in exported([chat.store.conversation(session.id)], format_of(path), sessions=[session]):
                file.write(piece)
    except FileExistsError:
        raise UsageError(f"{path} exists.", hint="Name another file.") from None
    except OSError as problem:
        raise UsageError(f"{path} could not be written: {problem.strerror}.") from None
    return path


def _begun(chat: Chat) -> Session:
    session = chat.conversation.session
    if session is None:
        raise UsageError("This session has no recorded question yet.")
    return session
