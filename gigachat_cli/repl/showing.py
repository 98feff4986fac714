"""What a chat shows besides answers: lists of terms, earlier questions and answers, the current session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..conversation import Exchange
from ..text import one_line, safe, visible

if TYPE_CHECKING:
    from .chat import Chat

_BOLD, _NOT_BOLD = "\x1b[1m", "\x1b[22m"
_DIM, _NOT_DIM = "\x1b[2m", "\x1b[22m"
_LAST_ROWS = 8  # lines of the last answer, when an old session is continued


def welcome(chat: Chat) -> None:
    """The first line of a chat: the model that answers, and the two most important keys."""
    if not chat.terminal.quiet:
        parts = (one_line(chat.model or "GigaChat", 40), "/help lists the commands", "Ctrl-D leaves")
        chat.terminal.write(f"{_dim(chat, one_line(' · '.join(parts), chat.terminal.width - 1))}\n")


def say_goodbye(chat: Chat) -> None:
    """Say how to continue this chat, if it was recorded."""
    left = chat.written
    if left is None or chat.terminal.quiet:
        return
    session = chat.conversation.session
    name = session.name if session is not None and session.id == left else None
    way = f"gigachat chat -S {name}" if name else "gigachat chat -c"
    chat.terminal.write(f"{_dim(chat, f'{way} goes on with this conversation.')}\n")


def definitions(chat: Chat, rows: Sequence[tuple[str, str]]) -> str:
    """Terms and their meanings."""
    from ..render import columns

    return columns.definitions(rows, width=chat.terminal.width)


def groups(chat: Chat, shown: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> str:
    """Groups of terms and their meanings: in two columns where the terminal is wide enough."""
    from ..render import columns

    blocks = [[_bold(chat, title), *_terms(rows)] for title, rows in shown]
    side = max(columns.cells(line) for block in blocks for line in block)
    if 2 * side + 2 >= chat.terminal.width:
        return "\n".join("\n".join(block) + "\n" for block in blocks)
    lines: list[str] = []
    for left, right in zip(blocks[::2], [*blocks[1::2], []], strict=False):
        for number in range(max(len(left), len(right))):
            one = left[number] if number < len(left) else ""
            other = right[number] if number < len(right) else ""
            lines.append(f"{one}{' ' * (side + 2 - columns.cells(one))}{other}".rstrip())
    return "\n".join(lines) + "\n"


def _terms(rows: Sequence[tuple[str, str]]) -> list[str]:
    widest = max(len(term) for term, _ in rows)
    return [f"  {term:<{widest}}  {meaning}" for term, meaning in rows]


async def exchanges(chat: Chat, shown: Sequence[Exchange]) -> str:
    """Questions and answers, the answers as they looked when they streamed."""
    return "\n".join([f"{_question(chat, each.prompt.content)}{await answer(chat, each)}" for each in shown])


async def answer(chat: Chat, exchange: Exchange, *, way_on: str = "") -> str:
    """An answer as it looked when it streamed, with its seams; a partial one is marked, with the command to continue
    it.
    """
    from ..sessions.export import with_seams

    text = with_seams(exchange.answer.text, exchange.seams)
    mark = "" if exchange.answer.complete else _dim(chat, f"The answer is not complete.{way_on}") + "\n"
    if chat.format == "markdown" and chat.terminal.moves_on_stdout:
        from ..render.growing import rendered

        return await rendered(text, chat.terminal, chat.settings) + mark
    shown = safe(text)
    return f"{shown}{'' if shown.endswith(chr(10)) else chr(10)}{mark}"


async def show_whereabouts(chat: Chat) -> None:
    """Show the session that is continued, and the end of its last answer."""
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
    rows = (await answer(chat, last, way_on=" /continue goes on with it.")).splitlines(keepends=True)
    before = _dim(chat, "…") + "\n" if len(rows) > _LAST_ROWS else ""
    question = _question(chat, columns.shortened(one_line(last.prompt.content), chat.terminal.width - 3))
    return f"{head}{question}{before}{''.join(rows[-_LAST_ROWS:])}\n"


def _question(chat: Chat, text: str) -> str:
    return f"{_bold(chat, '›')} {safe(text)}\n"


def _bold(chat: Chat, text: str) -> str:
    return f"{_BOLD}{text}{_NOT_BOLD}" if chat.terminal.color_on_stdout else text


def _dim(chat: Chat, text: str) -> str:
    return f"{_DIM}{text}{_NOT_DIM}" if chat.terminal.color_on_stdout else text
