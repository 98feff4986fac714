"""An answer as Markdown: drawn on a terminal while it streams, or rendered at its end for a pipe.

A module of its own because it is slow to import, and `ask` in a pipe must not load it.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING
from urllib.parse import quote

from ..messages import Answer, Chunk, Source
from ..systems import is_windows
from ..text import TerminalFilter, safe
from .answers import Draw, TextAnswer, Write
from .background import Background, background
from .known_terminals import are_clickable, keeps_tabs
from .markdown import GrowingMarkdown, MarkdownOptions, rendered_in_steps

if TYPE_CHECKING:
    from ..settings import Settings
    from .markdown.look import ColorDepth
    from .terminal import Terminal

_IDLE_SECONDS = 1 / 30
_LAST_SECONDS = 0.25  # that an answer which was stopped may still take to be drawn
_MARKUP = re.compile(r"[\\`*_{}\[\]<>()#+.!|$~&-]")
_IN_ADDRESS = "%/:?#[]@!$&'*+,;=~"


class GrowingAnswer(TextAnswer):
    """Markdown that is drawn while it streams; `size` gives the terminal's columns and lines, `draw` renders a file in
    lines.
    """

    needs_text = True

    def __init__(
        self, write: Write, *, size: Callable[[], tuple[int, int]], options: MarkdownOptions, draw: Draw
    ) -> None:
        super().__init__(write)
        self._draw_file = draw
        self._size = size
        self._filter = TerminalFilter()
        self._options = options
        self._markdown = self._begun()
        self._drawing: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._drawing = asyncio.create_task(self._draw())
        loop = asyncio.get_running_loop()
        if sys.platform != "win32":
            with suppress(NotImplementedError):  # a loop that somebody else made
                loop.add_signal_handler(signal.SIGWINCH, self._resized)
                # After Ctrl-Z and fg, the shell's lines are below what was drawn.
                loop.add_signal_handler(signal.SIGCONT, lambda: self._markdown.leave())

    def chunk(self, chunk: Chunk) -> None:
        self._markdown.feed(self._filter.feed(chunk.text))

    async def keep_up(self) -> None:
        while self._markdown.is_behind:
            self._markdown.advance()
            await asyncio.sleep(0)

    def file(self, chunk: Chunk) -> None:
        self.pause()
        if chunk.file is not None:
            self._write(self._draw_file(chunk.file))

    def pause(self) -> None:
        # The text before a call is a message of its own, and so a document of its own.
        self._markdown.feed(self._filter.close())
        self._markdown.finish()
        self._markdown = self._begun()

    async def finish(self, answer: Answer) -> None:
        if answer.text:
            self._markdown.feed(self._filter.close() + footnotes(answer.sources))
            self._footnotes = False
            goes_on = True
            while goes_on:
                goes_on = self._markdown.finish_a_part()
                await asyncio.sleep(0)

    def end(self, answer: Answer) -> None:
        if self._drawing is not None:
            self._drawing.cancel()
            loop = asyncio.get_running_loop()
            if sys.platform != "win32":
                with suppress(NotImplementedError):
                    loop.remove_signal_handler(signal.SIGWINCH)
                    loop.remove_signal_handler(signal.SIGCONT)
        if answer.text:
            sources = footnotes(answer.sources) if self._footnotes else ""
            self._markdown.feed(self._filter.close() + sources)
            self._markdown.finish(within=_LAST_SECONDS)

    def _begun(self) -> GrowingMarkdown:
        width, height = self._size()
        return GrowingMarkdown(self._write, width=width, height=height, options=self._options, synchronized=True)

    def _resized(self) -> None:
        self._markdown.resize(*self._size())

    async def _draw(self) -> None:
        """Draw pending text when its time has come, also while no chunk arrives."""
        loop = asyncio.get_running_loop()
        size = self._size()
        while True:
            due = self._markdown.next_frame_due()
            await asyncio.sleep(_IDLE_SECONDS if due is None else max(0.0, due - loop.time()))
            if is_windows() and self._size() != size:  # which has no SIGWINCH
                size = self._size()
                self._resized()
            self._markdown.tick()


class RenderedAnswer(TextAnswer):
    """Markdown rendered at the end, for a pipe that asked for it."""

    needs_text = True

    def __init__(self, write: Write, *, width: int, options: MarkdownOptions) -> None:
        super().__init__(write)
        self._width = width
        self._options = options
        self._is_written = False

    def chunk(self, chunk: Chunk) -> None:
        """Nothing yet: in a pipe, nothing can be drawn again."""

    async def finish(self, answer: Answer) -> None:
        for shown in self._rendered(answer):
            self._put(shown)
            await asyncio.sleep(0)
        self._is_written = True

    def end(self, answer: Answer) -> None:
        if not self._is_written:
            until = time.monotonic() + _LAST_SECONDS
            for shown in takewhile(lambda _: time.monotonic() < until, self._rendered(answer)):
                self._put(shown)
        super().end(replace(answer, sources=()))

    def _rendered(self, answer: Answer) -> Iterator[str]:
        text = safe(answer.text) + footnotes(answer.sources)
        return rendered_in_steps(text, width=self._width, options=self._options)


def footnotes(sources: Sequence[Source]) -> str:
    """Numbered titles and addresses, as Markdown below an answer; empty without sources.

    Addresses are shown even where links can be clicked, so that people see which pages the answer relies on.
    """
    return "".join(f"\n\n{_literal(f'[{each.number}]')} {_link(each)}" for each in sources)


def _link(source: Source) -> str:
    title, address = _literal(source.title), safe(source.url)
    shown = _literal(re.sub(r"\s", lambda blank: quote(blank[0]), address))
    if address.startswith(("https://", "http://")):
        shown = f"[{shown}]({quote(address, safe=_IN_ADDRESS)})"
    return f"{title} {shown}" if title else shown


def _literal(text: str) -> str:
    # As entities: a backslash before a bracket would begin a formula.
    return _MARKUP.sub(lambda sign: f"&#{ord(sign[0])};", safe(text))


async def rendered(text: str, terminal: Terminal, settings: Settings) -> str:
    """`rendered_parts` as one text; other tasks run in between, so that Ctrl-C can stop it."""
    parts = []
    for part in rendered_parts(text, terminal, settings):
        parts.append(part)
        await asyncio.sleep(0)
    return "".join(parts)


def rendered_parts(text: str, terminal: Terminal, settings: Settings) -> Iterator[str]:
    """A whole text as it looks on this terminal after it has streamed; lines, with a newline at the end.

    Each part takes a short time; it is empty while there is no output yet.
    """
    options = options_from(settings, color=terminal.color_on_stdout, asks=True)
    if terminal.is_paged:  # older versions of less show the escape sequences of links
        options = replace(options, hyperlinks=False)
    last = "\n"
    for part in rendered_in_steps(safe(text), width=terminal.width, options=options):
        last = part[-1] if part else last
        yield part
    if last != "\n":
        yield "\n"


def options_from(
    settings: Settings, *, color: bool, asks: bool = False, environment: Mapping[str, str] = os.environ
) -> MarkdownOptions:
    """The look of Markdown by the settings and the terminal, which may be asked for its colours."""
    return MarkdownOptions(
        theme=_theme(settings, environment, asks=color and asks),
        code_theme=settings.code_theme or "",
        wrap=settings.wrap,
        formulas=settings.formulas,
        color=_depth(environment) if color else "none",
        hyperlinks=color and are_clickable(environment),
        tabs=color and keeps_tabs(environment),
    )


def _theme(settings: Settings, environment: Mapping[str, str], *, asks: bool) -> Background:
    if settings.theme == "auto":
        return background(environment) if asks else "dark"
    return "light" if settings.theme == "light" else "dark"


def _depth(environment: Mapping[str, str]) -> ColorDepth:
    # A Windows console that understands escape sequences has true colour, but no variable says so.
    if environment.get("COLORTERM", "").lower() in ("truecolor", "24bit") or is_windows():
        return "truecolor"
    return "256" if "256" in environment.get("TERM", "") else "standard"
