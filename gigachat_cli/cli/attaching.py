"""What a person is asked and told before files leave: those that look like secrets by name, then all of them.

A script is not asked: what it sends stands on its command line, by name.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING

from ..conversation.prompt import read_system
from ..errors import UsageError
from ..render.terminal import Terminal
from ..text import visible

if TYPE_CHECKING:
    from ..conversation.attachments import Attachment


def agree(attachments: Sequence[Attachment], terminal: Terminal) -> None:
    """Ask whether those that look like secrets may go.  Raises UsageError for one that may not."""
    from ..conversation.attachments import secret_question

    for each in attachments:
        if each.secret:
            _agree(secret_question(each), visible(each.name), terminal)


def read_agreed(given: str | None, terminal: Terminal) -> str | None:
    """A text, or that of the file after an `@`, as `read_system` reads it; `agree` holds for the file."""
    text = read_system(given)
    if given is not None and text is not None and given.startswith("@"):
        from ..conversation.secret_files import text_question, why_secret

        why = why_secret(given[1:], lambda: BytesIO(text.encode()))
        if why:
            _agree(text_question(given[1:], why), visible(given[1:]), terminal)
    return text


def announce(attachments: Sequence[Attachment], terminal: Terminal) -> None:
    """Say what goes."""
    from ..conversation.attachments import what_goes

    terminal.notice(what_goes(attachments))


def forget_typed(descriptor: int) -> None:
    """What was typed before the question was seen is no answer to it."""
    with suppress(ImportError, OSError):
        import termios

        with suppress(termios.error):
            termios.tcflush(descriptor, termios.TCIFLUSH)


def _agree(question: str, name: str, terminal: Terminal) -> None:
    if not (sys.stdin is not None and sys.stdin.isatty() and terminal.stderr_is_terminal):
        return
    from ..conversation.secret_files import is_yes

    forget_typed(sys.stdin.fileno())
    sys.stderr.write(f"{terminal.folded(f'gigachat: {question}').rstrip()} ")
    sys.stderr.flush()
    if not is_yes(sys.stdin.readline()):
        raise UsageError(f"{name} was not agreed to; nothing was sent.")
