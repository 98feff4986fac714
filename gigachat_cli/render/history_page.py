"""The history as one HTML page: it is read offline, nothing in it runs or is loaded, and it is light or dark.

Whatever was asked or answered is text to this page: it is escaped, or goes through `markdown/html`, which writes the
tags that it knows.  A policy in the page's head forbids scripts, frames, forms and anything from elsewhere, should a
browser ever take a text for more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from ..bounded import local_time
from ..sessions.export import iso_utc, state_mark, with_seams
from ..text import one_line, safe
from .markdown.html import code_css, markdown_html

if TYPE_CHECKING:
    from ..messages import Message
    from ..sessions import Session
    from ..sessions.turns import Conversation, Turn

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_LIGHT = "--page:#fff;--text:#1c1e21;--faint:#62676d;--line:#d9dce0;--raised:#f4f5f7;--asked:#e9f3ec;--accent:#16713a"
_DARK = "--page:#16181b;--text:#e3e5e8;--faint:#9aa0a6;--line:#34383d;--raised:#1f2226;--asked:#1c2b22;--accent:#6fcf97"
_STYLE = """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:50rem;padding:1.5rem 1rem 4rem;background:var(--page);color:var(--text);
font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;overflow-wrap:anywhere}
p,li,td,th,h1,h3,h4,h5,h6,.asked,.plain{unicode-bidi:plaintext}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .25rem}
h2{font-size:1rem;margin:0}
h3{font-size:1.2rem}h4{font-size:1.1rem}h5,h6{font-size:1rem}
h3,h4,h5,h6{line-height:1.3;margin:1.2em 0 .4em}
a{color:var(--accent)}
p,ul,ol,blockquote,table,pre{margin:.6em 0}
nav{border-bottom:1px solid var(--line);margin-bottom:2rem;padding-bottom:1rem}
nav li{margin:.2rem 0}
article+article{border-top:2px solid var(--line);margin-top:3rem;padding-top:2rem}
section{margin-top:2rem}
.about,.head,.mark,.language,time,summary{color:var(--faint);font-size:.875rem}
.head{display:flex;flex-wrap:wrap;gap:0 .75rem;align-items:baseline;margin-bottom:.35rem}
.head a{color:inherit;text-decoration:none}
.asked{background:var(--asked);border-radius:.6rem;padding:.65rem .9rem;white-space:pre-wrap}
.answer{margin-top:1rem}
.answer>:first-child{margin-top:0}
.plain{white-space:pre-wrap}
.mark{border-left:3px solid var(--accent);padding-left:.6rem}
pre{background:var(--raised);border:1px solid var(--line);border-radius:.4rem;overflow-x:auto;overflow-wrap:normal;
padding:.7rem .9rem;tab-size:4}
pre,code,kbd{font:.875rem/1.5 ui-monospace,SFMono-Regular,Consolas,"DejaVu Sans Mono",monospace}
code{background:var(--raised);border-radius:.25rem;padding:.1em .3em}
pre code{background:none;padding:0}
kbd{border:1px solid var(--line);border-radius:.25rem;padding:.05em .3em}
.language{margin-bottom:-.4em}
.formula{font-family:"Cambria Math","STIX Two Math","Noto Sans Math",Cambria,serif}
pre.formula{background:none;border:0;padding:.2rem 0 .2rem 1.5rem;
font:1rem/1.35 ui-monospace,SFMono-Regular,Consolas,"DejaVu Sans Mono",monospace}
.wide{overflow-x:auto}
table{border-collapse:collapse;overflow-wrap:normal}
th,td{border:1px solid var(--line);padding:.3rem .6rem;text-align:start;vertical-align:top}
th{background:var(--raised)}
blockquote{border-left:3px solid var(--line);color:var(--faint);margin-inline:0;padding-left:.9rem}
hr{border:0;border-top:1px solid var(--line)}
details pre{margin-top:.3rem}
details{margin:.5rem 0}
summary{cursor:pointer}
@media print{body{max-width:none}pre{white-space:pre-wrap}a{color:inherit}}
"""


def history_page(conversations: Iterable[Conversation], sessions: Sequence[Session] = ()) -> Iterator[str]:
    """The pieces of a page with these conversations, below a list of their `sessions` where there are several."""
    title = _title(sessions[0]) if len(sessions) == 1 else "GigaChat"
    yield (
        "<!DOCTYPE html>\n<html>\n<head>\n"
        '<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{_text(title)}</title>\n"
        f"<style>\n:root{{color-scheme:light dark;{_LIGHT}}}{_STYLE}{code_css('light')}\n"
        f"@media (prefers-color-scheme:dark){{\n:root{{{_DARK}}}\n{code_css('dark')}\n}}\n</style>\n"
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


def _article(conversation: Conversation) -> Iterator[str]:
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
    return f'<time datetime="{iso_utc(seconds)}">{local_time(seconds, "%Y-%m-%d %H:%M")}</time>'


def _text(text: str | None) -> str:
    return escape(safe(text or ""))
