"""The keyboard between two prompts: keys are not echoed and stay in the input; only Ctrl-C and Ctrl-Z are signals."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ..console import forget_typed

_PASTES_APART, _PASTES_MIXED_IN = "\x1b[?2004h", "\x1b[?2004l"  # bracketed paste, which marks pasted text


class Keyboard:
    """The terminal's modes for keys; where they cannot be changed, nothing is done.

    `escapes` says whether the terminal understands control sequences.
    """

    def __init__(self, *, escapes: bool) -> None:
        self._escapes = escapes
        self._found: list[Any] | None = None

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Turn off the echo, for as long as the chat runs."""
        self._found = _attributes()
        self._silence()
        try:
            yield
        finally:
            self._restore()

    @contextmanager
    def released(self) -> Iterator[None]:
        """Restore the original modes, for another program at this terminal."""
        self._restore()
        try:
            yield
        finally:
            self._silence()

    @contextmanager
    def answering(self) -> Iterator[None]:
        """The modes while an answer streams: a paste is marked as such, and Ctrl-Z restores the original modes."""
        loop = asyncio.get_running_loop()
        self._write(_PASTES_APART)
        if sys.platform != "win32":
            loop.add_signal_handler(signal.SIGTSTP, self._suspend)
        try:
            yield
        finally:
            if sys.platform != "win32":
                loop.remove_signal_handler(signal.SIGTSTP)
            self._write(_PASTES_MIXED_IN)

    def forget_typed(self) -> None:
        """Drop keys that were pressed before a question was shown: they are no answer to it."""
        with suppress(OSError, ValueError, AttributeError):
            forget_typed(sys.stdin.fileno())

    def _suspend(self) -> None:
        self._restore()
        self._write(_PASTES_MIXED_IN)
        if sys.platform != "win32":
            # Only this process: the terminal has sent the signal to the whole foreground group.
            os.kill(os.getpid(), signal.SIGSTOP)
        # Continues here after `fg`.
        self._silence()
        self._write(_PASTES_APART)

    def _write(self, sequence: str) -> None:
        with suppress(OSError, ValueError, AttributeError):
            if self._escapes:
                sys.stdout.buffer.write(sequence.encode())
                sys.stdout.buffer.flush()

    def _silence(self) -> None:
        if self._found is None or sys.platform == "win32":
            return
        import termios

        quiet = [*self._found[:6], list(self._found[6])]
        # Enter stays a carriage return, which the prompt expects.
        quiet[0] &= ~(termios.ICRNL | termios.IXON)
        quiet[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
        quiet[3] |= termios.NOFLSH  # or Ctrl-C would discard typed keys
        quiet[6][termios.VMIN], quiet[6][termios.VTIME] = 1, 0
        _set_attributes(quiet)

    def _restore(self) -> None:
        if self._found is not None:
            _set_attributes(self._found)


def _attributes() -> list[Any] | None:
    if sys.platform == "win32":  # its console echoes only while somebody reads
        return None
    import termios

    with suppress(OSError, ValueError, AttributeError, termios.error):
        return termios.tcgetattr(sys.stdin.fileno())
    return None


def _set_attributes(attributes: list[Any]) -> None:
    if sys.platform == "win32":
        return
    import termios

    with suppress(termios.error, OSError, ValueError):
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, attributes)
