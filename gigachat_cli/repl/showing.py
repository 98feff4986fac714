"""What a chat shows beside answers: the list of commands, sessions, what a search found, what was said before."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..conversation import Exchange
from ..text import TerminalFilter, one_line, safe

if TYPE_CHECKING:
    from ..sessions import Session
    from ..sessions.turns import SearchHit
    from .chat import Chat

_BOLD, _NOT_BOLD = "\x1b[1m", "\x1b[22m"
_DIM, _NOT_DIM = "\x1b[2m", "\x1b[22m"
_LAST_ROWS = 8  # of the last answer, when an old session is joined


def definitions(chat: Chat, rows: Sequence[tuple[str, str]]) -> str:
    """Terms and what they mean."""
    from ..render import columns

    return columns.definitions(rows, width=chat.terminal.width)


def sessions(chat: Chat, found: Sequence[Session]) -> str:
    """Sessions as a table; the one that is gone on with is marked."""
    from ..render import columns

    ours = chat.conversation.session
    rows = [
        (
            f"{'›' if ours is not None and ours.id == each.id else ' '} {each.id}",
            columns.shortened(safe(each.name or ""), 20),
            f"{each.turns} turn{'' if each.turns == 1 else 's'}",
            _day(each.updated_at),
            one_line(each.title),
        )
        for each in found
    ]
    return columns.columns(rows, width=chat.terminal.width, indent="")


def hits(chat: Chat, found: Sequence[SearchHit]) -> str:
    """What a search found, with the found words marked where the terminal can."""
    from ..render import columns

    width = chat.terminal.width
    shown = []
    for hit in found:
        head = f"  {safe(hit.session_name or hit.session_id)}  {_day(hit.started_at)}  {one_line(hit.title)}"
        marked = _marked(hit) if chat.terminal.color_on_stdout else safe(hit.snippet)
        shown.append(f"{columns.shortened(head, width - 1)}\n{columns.hanging(marked, width=width, indent='      ')}")
    return "".join(shown)


def exchanges(chat: Chat, shown: Sequence[Exchange]) -> str:
    """Questions and answers, the answers as they looked when they came."""
    return "\n".join(f"{_question(chat, each.prompt.content)}{answer(chat, each)}" for each in shown)


def answer(chat: Chat, exchange: Exchange) -> str:
    """An answer as it looked when it came, with its seams, and a mark when it is not all."""
    from ..sessions.export import with_seams

    text = with_seams(exchange.answer.text, exchange.seams)
    mark = "" if exchange.answer.complete else _dim(chat, "The answer is not complete.") + "\n"
    if chat.format == "markdown" and chat.terminal.moves_on_stdout:
        from ..render.growing import rendered

        return rendered(text, chat.terminal, chat.settings) + mark
    shown = safe(text)
    return f"{shown}{'' if shown.endswith(chr(10)) else chr(10)}{mark}"


def whereabouts(chat: Chat) -> str:
    """The session that is gone on with, and the end of its last answer: where the person is."""
    from ..render import columns

    conversation = chat.conversation
    session = conversation.session
    assert session is not None
    count = len(conversation.exchanges)
    parts = [
        f"Session {safe(session.name or session.id)}",
        one_line(session.title) or "new",
        f"{count} answered question{'' if count == 1 else 's'}",
        one_line(conversation.model),
    ]
    head = _dim(chat, columns.shortened(" · ".join(parts), chat.terminal.width - 1)) + "\n"
    if not conversation.exchanges:
        return head
    last = conversation.exchanges[-1]
    rows = answer(chat, last).splitlines(keepends=True)
    before = _dim(chat, "…") + "\n" if len(rows) > _LAST_ROWS else ""
    question = _question(chat, columns.shortened(one_line(last.prompt.content), chat.terminal.width - 3))
    return f"{head}{question}{before}{''.join(rows[-_LAST_ROWS:])}\n"


def _question(chat: Chat, text: str) -> str:
    mark = f"{_BOLD}›{_NOT_BOLD}" if chat.terminal.color_on_stdout else "›"
    return f"{mark} {safe(text)}\n"


def _dim(chat: Chat, text: str) -> str:
    return f"{_DIM}{text}{_NOT_DIM}" if chat.terminal.color_on_stdout else text


def _marked(hit: SearchHit) -> str:
    """The snippet with its found words bold.  One filter for all pieces: a sequence may lie across their borders."""
    terminal_filter = TerminalFilter()
    shown, place = "", 0
    for start, end in hit.matches:
        shown += terminal_filter.feed(hit.snippet[place:start])
        # Each word by itself, so that a line break between two needs no care.
        words = terminal_filter.feed(hit.snippet[start:end]).split(" ")
        shown += " ".join(f"{_BOLD}{word}{_NOT_BOLD}" for word in words)
        place = end
    return shown + terminal_filter.feed(hit.snippet[place:]) + terminal_filter.close()


def _day(moment: float) -> str:
    then, today = time.localtime(moment), time.localtime()
    return time.strftime("%H:%M" if then[:3] == today[:3] else "%Y-%m-%d", then)
