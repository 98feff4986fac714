"""The front end of functions: the question before one runs, and `gigachat functions`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..conversation.functions import (
    Ask,
    Decision,
    FunctionOptions,
    Functions,
    decided,
    left_out,
    open_functions,
)
from ..errors import NotAsAskedError
from ..messages import FunctionCall, Notice
from ..render.calls import Question, show_call, show_printed
from ..tools.library import Library
from .attaching import forget_typed
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


def show_descriptions(file: Path, context: Context) -> None:
    """Show the descriptions that the service is sent, as a JSON array."""
    import json

    with _loaded(file, context) as library:
        context.terminal.write_safely(json.dumps(library.descriptions, ensure_ascii=False, indent=2) + "\n")


def validate(file: Path, context: Context, *, as_array: bool) -> None:
    """Have the service check the description of each function, and show what it finds.

    Raises NotAsAskedError when one is not valid.
    """
    from ..engine.api.functions import Validation, validate_function
    from ..render.reports import show_rows

    with _loaded(file, context) as library:

        async def checked() -> list[Validation]:
            async with context.client() as giga:
                return [await validate_function(giga, each) for each in library.descriptions]

        found = context.run(checked())
        rows = [
            {
                "function": name,
                "valid": each.valid,
                "message": each.message,
                "errors": [{"place": place, "problem": problem} for place, problem in each.errors],
                "warnings": [{"place": place, "problem": problem} for place, problem in each.warnings],
            }
            for name, each in zip(library.names, found, strict=True)
        ]
        if as_array:
            show_rows(rows, (), context.terminal, as_array=True)
        else:
            remarks = [
                "; ".join(f"{place}: {said}" for place, said in (*each.errors, *each.warnings)) for each in found
            ]
            shown = [{**row, "remarks": said} for row, said in zip(rows, remarks, strict=True)]
            show_rows(shown, ("function", "valid", "remarks"), context.terminal, as_array=False)
    wrong = sum(not each.valid for each in found)
    if wrong:
        raise NotAsAskedError(f"{wrong} of {len(found)} functions {'is' if wrong == 1 else 'are'} not valid.")


@contextmanager
def _loaded(file: Path, context: Context) -> Iterator[Library]:
    library = Library(file, output=lambda line: show_printed(line, context.terminal))
    try:
        context.run(library.start())
        for notice in left_out(library):
            context.terminal.notice(Notice("warning", notice.text))
        yield library
    finally:
        library.close()


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
