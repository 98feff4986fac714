"""The keyboard while an answer comes: what is typed then is neither shown nor lost, it waits for the next prompt."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held() -> Iterator[None]:
    """Keep the keys in the terminal's own queue.  Ctrl-C stays a signal."""
    try:
        import termios
    except ImportError:  # Windows: the console shows nothing that nobody reads
        yield
        return
    try:
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
    except (OSError, ValueError, AttributeError, termios.error):
        yield
        return
    quiet = [*before[:6], list(before[6])]
    # Enter stays a carriage return, which is what the prompt takes for Enter.
    quiet[0] &= ~termios.ICRNL
    quiet[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(descriptor, termios.TCSANOW, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSANOW, before)
