"""Markdown that is drawn on a terminal while its text arrives.

A finished block is written once and never touched again.  Only the open block is redrawn, at most 30 times a second;
when it outgrows the screen, its upper rows are finished early.  The work for a chunk does not depend on how much was
shown before, and a long chunk is drawn in steps that each take a short time.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from .blocks import OpenDocument
from .look import Look, MarkdownOptions
from .offline import SLICE, render_offline, rendered_in_steps
from .paint import Painter

__all__ = ["GrowingMarkdown", "MarkdownOptions", "render_offline", "rendered_in_steps"]

_FRAME = 1 / 30
_PAUSE_PER_COST = 25  # a frame that took 2 ms is followed by 50 ms of rest: drawing takes 4 % of a core at most
_LONGEST_PAUSE = 0.5
_STEP = 0.01  # seconds; text that is left after them waits for the next frame


class GrowingMarkdown:
    """Draws one answer on a terminal of `width` by `height` cells, starting at the beginning of a line.

    The text must have passed the terminal filter: no control characters but newline and tab.  `write` gets what is to
    be sent to the terminal; `clock` returns seconds.  The caller reports resizes, calls `tick` when `next_frame_due`
    has come, and `finish` at the end, also when the answer was cut.  A caller that must not be busy for long calls
    `advance` while it `is_behind`, and ends with `finish_a_part` until that returns False.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        *,
        width: int,
        height: int,
        options: MarkdownOptions,
        clock: Callable[[], float] = time.monotonic,
        synchronized: bool = False,
    ) -> None:
        self._clock = clock
        self._height = max(1, height)
        self._width = width
        self._document = OpenDocument(Look(options), width)
        self._painter = Painter(write, width, synchronized=synchronized)
        self._waiting: deque[str] = deque()
        self._waiting_length = 0
        self._due = clock()

    def feed(self, text: str) -> None:
        """Add text, and draw it if a frame is due."""
        if text:
            self._waiting.extend(text[start : start + SLICE] for start in range(0, len(text), SLICE))
            self._waiting_length += len(text)
            self.tick()

    @property
    def is_behind(self) -> bool:
        """Whether there is more text than one frame takes; `advance` draws it."""
        return self._waiting_length > SLICE

    def advance(self) -> None:
        """Draw as much of the text that waits as one frame takes, at once."""
        if self._waiting:
            self._draw()

    def next_frame_due(self) -> float | None:
        """The time by `clock` at which waiting text should be drawn; None when none waits."""
        return self._due if self._waiting else None

    def tick(self) -> None:
        """Draw what waits, if the time for it has come."""
        if self._waiting and self._clock() >= self._due:
            self._draw()

    def resize(self, width: int, height: int) -> None:
        """Continue with another size.

        Terminals may have wrapped rows again that no longer fit, or that they wrapped themselves, and nobody can know
        how; such rows stay as they are, with all above them.  Rows below them are drawn again.
        """
        shown = self._painter.shown
        keep = 0
        for index, row in enumerate(shown):
            if row.cells > width or row.joined or (row.ambiguous and width != self._width):
                keep = index + (2 if row.joined else 1)
        self._leave(max(min(keep, len(shown)), len(shown) - max(1, height)))
        self._width, self._height = width, max(1, height)
        self._document.resize(width)
        self._painter.resize(width)
        self._draw()

    def leave(self) -> None:
        """Continue below what is shown: another program has written to the terminal meanwhile."""
        self._leave(len(self._painter.shown))

    def finish(self, *, within: float | None = None) -> None:
        """Draw all text as finished, and leave the cursor at the beginning of a new line.

        Text that still waits after so many seconds is dropped.
        """
        until = None if within is None else self._clock() + within
        while self.finish_a_part():
            if until is not None and self._clock() > until:
                self._painter.finish()
                return

    def finish_a_part(self) -> bool:
        """Do as much of `finish` as one frame takes, and return whether there is more to do."""
        if self.is_behind:
            self._draw()
            return True
        self._document.feed(self._take_slice())
        goes_on = self._document.finish()
        self._painter.paint(self._document.take(), [])
        if not goes_on:
            self._painter.finish()
        return goes_on

    def _leave(self, rows: int) -> None:
        if rows > 0:
            self._document.leave(rows)
            self._painter.settle(self._document.take())

    def _draw(self) -> None:
        start = self._clock()
        self._document.feed(self._take_slice())
        while self._waiting and self._clock() - start < _STEP:
            self._document.feed(self._take_slice())
        settled = self._document.take()
        self._document.fit(self._height)
        settled += self._document.take()
        self._painter.paint(settled, self._document.open_rows())
        end = self._clock()
        self._due = end + min(_LONGEST_PAUSE, max(_FRAME - (end - start), _PAUSE_PER_COST * (end - start)))

    def _take_slice(self) -> str:
        """The beginning of the waiting text: small pieces joined, or a part of a large one."""
        parts: list[str] = []
        room = SLICE
        while self._waiting and room > 0:
            piece = self._waiting.popleft()
            parts.append(piece[:room])
            if len(piece) > room:
                self._waiting.appendleft(piece[room:])
            room -= len(piece)
        taken = "".join(parts)
        self._waiting_length -= len(taken)
        return taken
