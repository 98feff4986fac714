"""Functions in a chat: loaded and forgotten, and the question before one runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..conversation.functions import (
    QUESTION,
    Decision,
    FunctionOptions,
    Functions,
    decision_of,
    open_functions,
)
from ..messages import FunctionCall
from ..paths import expanded
from ..render.calls import show_call, show_printed

if TYPE_CHECKING:
    from .chat import Chat


async def load(chat: Chat, options: FunctionOptions) -> None:
    """Let the model call the functions of the file; those of another are forgotten.  Raises UsageError."""
    terminal = chat.terminal
    functions: Functions = await open_functions(
        options,
        ask=lambda call: _asked(chat, call),
        output=lambda line: show_printed(line, terminal),
        show=lambda text: show_call(text, terminal),
        notify=terminal.notice,
    )
    forget(chat)
    chat.functions = functions


async def load_another(chat: Chat, path: str) -> None:
    """Load a file that was named in the chat; names that `--approve` gave are those of another file."""
    named = chat.function_options
    approve = named.approve if named.approve in ("all", "none") else None
    await load(chat, replace(named, file=expanded(path), approve=approve))


def forget(chat: Chat) -> None:
    """Let the model call nothing any more."""
    if chat.functions is not None:
        chat.functions.library.close()
        chat.functions = None


async def _asked(chat: Chat, call: FunctionCall) -> Decision:
    chat.terminal.stop_spinner()
    while True:
        typed = await chat.reply(QUESTION)
        decision = "never" if typed is None else decision_of(typed)
        if decision is not None:
            return decision
