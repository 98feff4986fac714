"""A terminal for tests: pyte with a scrollback, an answer that grows in it, and what a person can read there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from random import Random

import pyte
from wcwidth import wcwidth

from gigachat_cli.render.markdown import GrowingMarkdown, MarkdownOptions, render_offline

PLAIN_OPTIONS = MarkdownOptions()


class Clock:
    """Time that only moves when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class _Terminal(pyte.HistoryScreen):
    """pyte, with the last column as terminals have it: a wide glyph does not fit there, a combining mark does."""

    def draw(self, data: str) -> None:
        if data.isascii():
            super().draw(data)
            return
        for character in data:
            width = wcwidth(character)
            if width == 2 and self.cursor.x == self.columns - 1:
                self.cursor.x = self.columns
            if width == 0 and self.cursor.x == self.columns:
                row = self.buffer[self.cursor.y]
                row[self.columns - 1] = row[self.columns - 1]._replace(data=row[self.columns - 1].data + character)
            else:
                super().draw(character)


class Screen:
    """A pyte screen that keeps all of its scrollback and the text that was sent to it."""

    def __init__(self, width: int, height: int) -> None:
        self.screen = _Terminal(width, height, history=1_000_000, ratio=0.5)
        self._stream = pyte.Stream(self.screen)
        self.sent: list[str] = []

    def write(self, text: str) -> None:
        self.sent.append(text)
        self._stream.feed(text)

    def lines(self) -> list[str]:
        """Give scrollback and screen as text, without blanks at the ends of lines and empty lines at the end."""
        screen = self.screen
        rows = [*screen.history.top, *(screen.buffer[row] for row in range(screen.lines))]
        lines = ["".join(row[column].data for column in range(screen.columns)).rstrip() for row in rows]
        while lines and not lines[-1]:
            lines.pop()
        return lines


class Growing:
    """An answer growing on a screen, in virtual time."""

    def __init__(
        self,
        width: int = 80,
        height: int = 24,
        *,
        options: MarkdownOptions = PLAIN_OPTIONS,
        synchronized: bool = True,
        before: str = "",
    ) -> None:
        self.screen = Screen(width, height)
        self.screen.write(before)
        self.clock = Clock()
        self.markdown = GrowingMarkdown(
            self.screen.write,
            width=width,
            height=height,
            options=options,
            clock=self.clock,
            synchronized=synchronized,
        )

    def feed(self, *pieces: str) -> None:
        for piece in pieces:
            self.markdown.feed(piece)
            self.clock.now += 1.0

    def resize(self, width: int, height: int) -> None:
        self.screen.screen.resize(height, width)
        self.markdown.resize(width, height)

    def finish(self) -> list[str]:
        self.markdown.finish()
        return self.screen.lines()


def grown(
    text: str,
    width: int,
    height: int,
    *,
    cuts: Iterable[int] = (),
    options: MarkdownOptions = PLAIN_OPTIONS,
) -> list[str]:
    """Let a text grow, cut at these places, and give what the terminal holds in the end."""
    growing = Growing(width, height, options=options)
    growing.feed(*split(text, cuts))
    return growing.finish()


def offline(text: str, width: int, *, options: MarkdownOptions = PLAIN_OPTIONS) -> list[str]:
    """Give what a terminal holds after the offline rendering of a text."""
    screen = Screen(width, 24)
    screen.write(render_offline(text, width=width, options=options).replace("\n", "\r\n"))
    return screen.lines()


def split(text: str, cuts: Iterable[int]) -> list[str]:
    places = [0, *sorted({place for place in cuts if 0 < place < len(text)}), len(text)]
    return [text[start:end] for start, end in pairwise(places)]


def random_cuts(text: str, seed: int) -> Sequence[int]:
    """Cut a text at random places: into few pieces, into many, or between all characters, by the seed."""
    random = Random(seed)
    count = (3, len(text) // 15, len(text) // 3, len(text))[seed % 4]
    return [random.randrange(1, max(2, len(text))) for _ in range(count)] if seed % 4 < 3 else range(1, len(text))
