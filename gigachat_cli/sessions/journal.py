"""What streams in, put down in pieces by a thread of its own, so that neither a kill nor a slow disk costs much.

Adding a piece only appends to a list.  The thread writes what has gathered half a second after it came, or once it is
much, so no more than that is lost, however long the stream then stays silent.  Only a stream that is faster than the
disk waits for it, a little at a time, and not for one that does not take anything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..errors import HistoryError

PAUSE = 0.5
LONGEST_PAUSE = 8.0
_FULL = 64 * 1024  # characters that are not waited with
_MOST_WAITING = 256 * 1024  # characters; more wait for the thread, as long as it gets on
_BREATHER = 0.1  # seconds that one piece waits at most


class Journal:
    """The pieces of one running answer.  `write` puts down one text and one reasoning text, or raises HistoryError.

    A write that fails is tried again with a longer pause: whether anything is lost is known only at the end.
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
            # The thread waits for a first piece, and for enough of them; the others need not wake it.
            if len(self._texts) == 1 or before < _FULL <= self._size:
                self._changed.notify_all()
            if self._size > _MOST_WAITING and not self._fails:
                self._changed.wait_for(lambda: self._size <= _MOST_WAITING or self._fails, _BREATHER)

    def end(self) -> tuple[str, str]:
        """Stop; return the text and the reasoning that were not written."""
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
