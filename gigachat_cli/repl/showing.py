"""What a chat shows beside answers: the list of commands, what was said before, and where one is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..conversation import Exchange
from ..text import one_line, safe, visible

if TYPE_CHECKING:
    from .chat import Chat

_BOLD, _NOT_BOLD = "\x1b[1m", "\x1b[22m"
_DIM, _NOT_DIM = "\x1b[2m", "\x1b[22m"
_LAST_ROWS = 8  # of the last answer, when an old session is joined


def definitions(chat: Chat, rows: Sequence[tuple[str, str]]) -> str:
    """Terms and what they mean."""
    from ..render import columns

    return columns.definitions(rows, width=chat.terminal.width)


async def exchanges(chat: Chat, shown: Sequence[Exchange]) -> str:
    """Questions and answers, the answers as they looked when they came."""
    return "\n".join([f"{_question(chat, each.prompt.content)}{await answer(chat, each)}" for each in shown])


async def answer(chat: Chat, exchange: Exchange) -> str:
    """An answer as it looked when it came, with its seams, and a mark when it is not all."""
    from ..sessions.export import with_seams

    text = with_seams(exchange.answer.text, exchange.seams)
    mark = "" if exchange.answer.complete else _dim(chat, "The answer is not complete.") + "\n"
    if chat.format == "markdown" and chat.terminal.moves_on_stdout:
        from ..render.growing import rendered

        return await rendered(text, chat.terminal, chat.settings) + mark
    shown = safe(text)
    return f"{shown}{'' if shown.endswith(chr(10)) else chr(10)}{mark}"


async def show_whereabouts(chat: Chat) -> None:
    """Show the session that is gone on with, and the end of its last answer."""
    chat.terminal.write(await _whereabouts(chat))


async def _whereabouts(chat: Chat) -> str:
    from ..render import columns

    conversation = chat.conversation
    session = conversation.session
    assert session is not None
    count = len(conversation.exchanges)
    parts = [
        f"Session {visible(session.name or session.id)}",
        one_line(session.title) or "new",
        f"{count} answered question{'' if count == 1 else 's'}",
        *([one_line(chat.model)] if chat.model else []),
    ]
    head = _dim(chat, columns.shortened(" · ".join(parts), chat.terminal.width - 1)) + "\n"
    if not conversation.exchanges:
        return head
    last = conversation.exchanges[-1]
    rows = (await answer(chat, last)).splitlines(keepends=True)
    before = _dim(chat, "…") + "\n" if len(rows) > _LAST_ROWS else ""
    question = _question(chat, columns.shortened(one_line(last.prompt.content), chat.terminal.width - 3))
    return f"{head}{question}{before}{''.join(rows[-_LAST_ROWS:])}\n"


def _question(chat: Chat, text: str) -> str:
    mark = f"{_BOLD}›{_NOT_BOLD}" if chat.terminal.color_on_stdout else "›"
    return f"{mark} {safe(text)}\n"


def _dim(chat: Chat, text: str) -> str:
    return f"{_DIM}{text}{_NOT_DIM}" if chat.terminal.color_on_stdout else text
