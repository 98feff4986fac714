"""The history as one HTML page, for reading offline, light or dark; it runs and loads nothing.

All questions and answers are escaped, or go through `markdown/html`, which writes only tags that it knows.  A content
security policy forbids scripts, frames, forms and anything from elsewhere, in case a text is taken for markup all the
same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from ..moments import iso_time, shown_time
from ..sessions.export import state_mark, with_seams
from ..text import one_line, safe
from .markdown.html import code_css, markdown_html

if TYPE_CHECKING:
    from ..messages import Message
    from ..sessions import Session
    from ..sessions.turns import SessionTurns, Turn

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = Path(__file__).with_suffix(".css")


def history_page(conversations: Iterable[SessionTurns], sessions: Sequence[Session] = ()) -> Iterator[str]:
    """The page with these conversations, in pieces, below a list of their `sessions` when there are several."""
    title = _title(sessions[0]) if len(sessions) == 1 else "GigaChat"
    yield (
        "<!DOCTYPE html>\n<html>\n<head>\n"
        '<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{_text(title)}</title>\n"
        f"<style>\n{_STYLE.read_text(encoding='utf-8')}{code_css('light')}\n"
        f"@media (prefers-color-scheme: dark) {{\n{code_css('dark')}\n}}\n</style>\n"
        "</head>\n<body>\n"
    )
    if len(sessions) > 1:
        yield "<nav>\n<h1>Sessions</h1>\n<ul>\n"
        for each in sessions:
            link = f'<a href="#{_text(each.id)}" dir="auto">{_text(_title(each))}</a>'
            yield f"<li>{link} {_time(each.updated_at)}</li>\n"
        yield "</ul>\n</nav>\n"
    yield "<main>\n"
    for conversation in conversations:
        yield from _article(conversation)
    yield "</main>\n</body>\n</html>\n"


def _article(conversation: SessionTurns) -> Iterator[str]:
    session = conversation.session
    name = f" ({_text(session.name)})" if session.name else ""
    about = [f"Session <code>{_text(session.id)}</code>{name}", _time(session.created_at)]
    if session.model:
        about.append(_text(session.model))
    yield f'<article id="{_text(session.id)}">\n<h1 dir="auto">{_text(_title(session))}</h1>\n'
    yield f'<p class="about">{" · ".join(about)}</p>\n'
    if session.system:
        yield _folded("System message", session.system)
    for turn in conversation.turns:
        yield from _section(turn)
    yield "</article>\n"


def _section(turn: Turn) -> Iterator[str]:
    place = _text(f"{turn.session_id}-{turn.number}")
    yield (
        f'<section id="{place}">\n'
        f'<div class="head"><h2><a href="#{place}">Question {turn.number}</a></h2>{_time(turn.started_at)}</div>\n'
        f'<div class="asked" dir="auto">{_text(turn.prompt.content)}</div>\n'
    )
    if turn.prompt.attachments:
        names = ", ".join(f"<code>{_text(each)}</code>" for each in turn.prompt.attachments)
        yield f'<p class="about">Attached: {names}</p>\n'
    for message in turn.messages[1 : -1 if turn.answer else None]:
        yield _step(message)
    if turn.answer:
        if turn.answer.reasoning:
            yield _folded("Reasoning", turn.answer.reasoning)
        model = f'<p class="about">{_text(turn.model)}</p>\n' if turn.model else ""
        text = safe(with_seams(turn.answer.text, turn.seams))
        yield f'<div class="answer" dir="auto">\n{markdown_html(text)}</div>\n{model}'
    mark = state_mark(turn)
    if mark:
        yield f'<p class="mark">{_text(mark)}</p>\n'
    yield "</section>\n"


def _step(message: Message) -> str:
    if message.function_call:
        call = message.function_call
        arguments = call.raw if call.problem else json.dumps(dict(call.arguments), ensure_ascii=False, indent=2)
        unread = f", which was not run: its arguments {call.problem}" if call.problem else ""
        return _folded(f"Function call: {call.name}{unread}", arguments)
    if message.role == "function":
        return _folded(f"Result of {message.name}", message.content)
    return f'<div class="plain" dir="auto">{_text(message.content)}</div>\n'


def _folded(head: str, text: str) -> str:
    return f'<details><summary>{_text(head)}</summary><pre dir="auto">{_text(text)}</pre></details>\n'


def _title(session: Session) -> str:
    return one_line(session.title or session.name or session.id)


def _time(seconds: float) -> str:
    return f'<time datetime="{iso_time(seconds) or ""}">{shown_time(seconds)}</time>'


def _text(text: str | None) -> str:
    return escape(safe(text or ""))
