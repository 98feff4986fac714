"""Functions in a chat: loaded and forgotten, and the question before one runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..conversation.functions import Decision, FunctionOptions, Functions, decided, open_functions
from ..messages import FunctionCall
from ..paths import expanded
from ..render.calls import Question, show_call, show_printed

if TYPE_CHECKING:
    from .chat import Chat


async def load(chat: Chat, options: FunctionOptions) -> None:
    """Let the model call the functions of the file; those of another are forgotten.  Raises UsageError."""
    terminal = chat.terminal
    question = Question(terminal)
    functions: Functions = await open_functions(
        options,
        ask=lambda call, about: _asked(chat, question, call, about),
        output=lambda line: show_printed(line, terminal),
        show=lambda call: show_call(call, terminal),
        tell=lambda text: terminal.say(f"gigachat: {text}"),
        notify=terminal.notice,
    )
    if functions.approval.everything is None:
        question.announce()
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


async def _asked(chat: Chat, question: Question, call: FunctionCall, about: str) -> Decision:
    return await decided(lambda how: question.put(call, about, how), lambda: chat.reply(""))
