"""Functions in a chat: loaded and forgotten."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..conversation.functions import FunctionOptions, open_functions
from ..paths import expanded
from ..render.calls import CallsAtTerminal

if TYPE_CHECKING:
    from .chat import Chat


async def load(chat: Chat, options: FunctionOptions) -> None:
    """Let the model call the functions of the file; those of another are forgotten.  Raises UsageError."""
    functions = await open_functions(options, CallsAtTerminal(chat.terminal, lambda: chat.reply("")))
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
