"""Questions that a command asks the person at the terminal.

Ctrl-C at a question ends the run as anywhere else, after a newline.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from ..console import forget_typed
from ..conversation.secret_files import is_yes
from ..render.terminal import Terminal
from ..text import without_paste_marks
from .context import raise_on_interrupt


def somebody_is_there(terminal: Terminal) -> bool:
    """Whether there is a person who sees a question and can answer it."""
    return sys.stdin is not None and sys.stdin.isatty() and terminal.stderr_is_terminal


def typed_line(question: str, terminal: Terminal) -> str | None:
    """The line that the person types; None for Ctrl-D."""

    def read() -> str | None:
        terminal.ask(question)
        return sys.stdin.readline() or None

    return _read(read)


def hidden_line(question: str) -> str | None:
    """What the person types or pastes, hidden; None for Ctrl-D."""
    import getpass

    return _read(lambda: getpass.getpass(question, stream=sys.stderr))


def agrees(question: str, terminal: Terminal, *, enter: bool = False) -> bool:
    """Whether the person says yes to `question`; with `enter`, Enter alone is a yes.

    Keys typed before the question was shown are dropped.
    """
    forget_typed(sys.stdin.fileno())
    choice = "[Y/n]" if enter else "[y/N]"
    typed = typed_line(f"{terminal.folded(f'{question} {choice}')} ", terminal)
    return typed is not None and (is_yes(typed) or (enter and not typed.strip()))


def _read(read: Callable[[], str | None]) -> str | None:
    raise_on_interrupt()  # end the line, and show hidden typing again
    try:
        typed = read()
    except EOFError:
        typed = None
    except KeyboardInterrupt:
        _end_line()
        raise
    if typed is None:
        _end_line()
        return None
    return without_paste_marks(typed)


def _end_line() -> None:
    sys.stderr.write("\n")
    sys.stderr.flush()
