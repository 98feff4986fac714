"""The functions that a command lends to the model, and the question to a person before one runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ..conversation.functions import Ask, Decision, FunctionOptions, Functions, decided, open_functions
from ..messages import FunctionCall
from ..render.calls import Question, show_call, show_printed
from .agreement import forget_typed
from .context import Context
from .inputs import apart


@contextmanager
def opened(options: FunctionOptions, context: Context) -> Iterator[Functions]:
    """The functions of the file, for as long as a command runs.  Raises UsageError."""
    terminal = context.terminal
    question = Question(terminal)
    ask = _person(question)
    functions = context.run(
        open_functions(
            options,
            ask=ask,
            output=lambda line: show_printed(line, terminal),
            show=lambda call: show_call(call, terminal),
            tell=lambda text: terminal.say(f"gigachat: {text}"),
            notify=terminal.notice,
        )
    )
    if ask is not None and functions.approval.everything is None:
        question.announce()
    try:
        yield functions
    finally:
        functions.library.close()


def _person(question: Question) -> Ask | None:
    """Who is asked before a function runs: the person at the terminal, also when stdin is a pipe; else nobody."""
    if not question.terminal.stderr_is_terminal:
        return None
    descriptor = _keyboard()
    if descriptor is None:
        return None

    async def read() -> str | None:
        typed = await apart(lambda: os.read(descriptor, 1024))
        if not typed:
            question.terminal.say("")
        return typed.decode("utf-8", "replace") if typed else None

    async def ask(call: FunctionCall, about: str) -> Decision:
        question.terminal.stop_spinner()
        forget_typed(descriptor)
        return await decided(lambda how: question.put(call, about, how), read)

    return ask


def _keyboard() -> int | None:
    with suppress(OSError, ValueError, AttributeError):
        if sys.stdin.isatty():
            return sys.stdin.fileno()
    with suppress(OSError):
        return os.open("CONIN$" if os.name == "nt" else "/dev/tty", os.O_RDONLY)
    return None
