"""The functions that a command lends to the model, and who is asked before one runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ..console import code_page, forget_typed, open_terminal
from ..conversation.functions import FunctionOptions, Functions, open_functions
from ..interrupts import apart
from ..render.calls import CallsAtTerminal
from ..render.terminal import Terminal
from .context import Context


@contextmanager
def opened(options: FunctionOptions, context: Context, *, shows: bool = True) -> Iterator[Functions]:
    """The functions of the file, for as long as a command runs; nobody sees a call, or is asked, unless it `shows`.

    Raises UsageError.
    """
    terminal = context.terminal
    person = _person(terminal) if shows else CallsAtTerminal(terminal, None, shows=False)
    functions = context.run(open_functions(options, person))
    try:
        yield functions
    finally:
        functions.library.close()


def _person(terminal: Terminal) -> CallsAtTerminal:
    """Who is asked before a function runs: the person at the terminal, also when stdin is a pipe; else nobody."""
    descriptor = _keyboard() if terminal.stderr_is_terminal else None
    if descriptor is None:
        return CallsAtTerminal(terminal, None)

    async def read() -> str | None:
        typed = await apart(lambda: os.read(descriptor, 1024))
        if not typed:
            terminal.say("")
        return typed.decode(code_page() or "utf-8", "replace") if typed else None

    return CallsAtTerminal(terminal, read, ready=lambda: forget_typed(descriptor))


def _keyboard() -> int | None:
    with suppress(OSError, ValueError, AttributeError):
        if sys.stdin.isatty():
            return sys.stdin.fileno()
    with suppress(OSError):
        return open_terminal(os.O_RDONLY)
    return None
