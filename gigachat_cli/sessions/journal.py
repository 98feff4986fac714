"""The journal of an answer that is streaming: a thread writes its pieces, so that a kill or a slow disk costs little.

Adding a piece only appends to a list.  The thread writes the collected pieces half a second after the first came, or as
soon as there are many; a kill loses no more than that, however long the stream is silent afterwards.  A stream that is
faster than the disk waits for the thread, a little at each piece, but not for one that does not write at all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..errors import HistoryError

PAUSE = 0.5
LONGEST_PAUSE = 8.0
_FULL = 64 * 1024  # characters that are written at once
_MOST_WAITING = 256 * 1024  # characters; beyond this, adding a piece waits for the thread while it makes progress
_BREATHER = 0.1  # seconds that adding one piece waits at most


class Journal:
    """The pieces of one running answer.  `write` stores one text and one reasoning text, or raises HistoryError.

    A failed write is tried again after a longer pause each time; only `end` tells whether anything was not written.
    """

    def __init__(self, write: Callable[[str, str], None]) -> None:
        self._write = write
        self._texts: list[str] = []
        self._reasonings: list[str] = []
        self._changed = threading.Condition()
        self._size = 0
        self._fails = False
        self._ended = False
        self._thread: threading.Thread | None = None

    def add(self, text: str, reasoning: str = "") -> None:
        if not text and not reasoning:
            return
        with self._changed:
            self._texts.append(text)
            self._reasonings.append(reasoning)
            if self._thread is None and not self._ended:
                self._thread = threading.Thread(target=self._run, name="history journal", daemon=True)
                self._thread.start()
            before, self._size = self._size, self._size + len(text) + len(reasoning)
            # The thread waits for a first piece, and for many of them; the pieces between need not wake it.
            if len(self._texts) == 1 or before < _FULL <= self._size:
                self._changed.notify_all()
            if self._size > _MOST_WAITING and not self._fails:
                self._changed.wait_for(lambda: self._size <= _MOST_WAITING or self._fails, _BREATHER)

    def end(self) -> tuple[str, str]:
        """Stop the thread; return the text and the reasoning that were not written."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        return self._taken()

    def _run(self) -> None:
        pause = PAUSE
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._texts or self._ended)
                self._changed.wait_for(lambda: self._ended or (self._size >= _FULL and not self._fails), pause)
                if self._ended:
                    return
            text, reasoning = self._taken()
            try:
                self._write(text, reasoning)
                pause, self._fails = PAUSE, False
            except HistoryError:
                with self._changed:
                    self._texts.insert(0, text)
                    self._reasonings.insert(0, reasoning)
                    self._size += len(text) + len(reasoning)
                    self._fails = True
                    self._changed.notify_all()
                pause = min(2 * pause, LONGEST_PAUSE)

    def _taken(self) -> tuple[str, str]:
        with self._changed:
            text, reasoning = "".join(self._texts), "".join(self._reasonings)
            self._texts.clear()
            self._reasonings.clear()
            self._size = 0
            self._changed.notify_all()
        return text, reasoning
