"""The evening: read a line, do what it says, until the person leaves."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from importlib import import_module

from .. import paths
from ..errors import ClosedPipeError, GigaChatError
from .chat import Chat
from .commands import complete, find, leaves
from .editor import Editor, without_block
from .input_history import InputHistory


async def run(chat: Chat, *, first: str | None = None) -> None:
    """Converse until Ctrl-D or `/quit`; `first` is a question that was typed with the command.

    Raises ClosedPipeError and OutputError when there is no terminal any more to show anything on.
    """
    with suppress(NotImplementedError):  # Windows: Ctrl-C arrives as KeyboardInterrupt
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, chat.interrupt)
    editor = Editor(
        InputHistory(paths.input_history_file(), chat.terminal.notice),
        complete=lambda text: complete(chat, text),
        toolbar=chat.toolbar,
        vi=chat.settings.edit_mode == "vi",
        color=chat.terminal.color_on_stdout,
    )
    warming = asyncio.create_task(asyncio.to_thread(_warm))
    try:
        if first:
            await handle(chat, first)
        while True:
            editor.multiline = chat.multiline
            start, chat.prefilled = chat.prefilled, ""
            line = await editor.read(start)
            if line is None or not await handle(chat, line):
                return
    finally:
        warming.cancel()
        await chat.close()


async def handle(chat: Chat, line: str) -> bool:
    """Do what a line says; whether the chat goes on.  What goes wrong is told, and the chat lives on."""
    text = without_block(line)
    if not text.strip():
        return True
    try:
        if leaves(text):
            return False
        found = find(text)
        if found is None:
            await chat.ask(text.strip()[1:] if text.strip().startswith("//") else text.strip("\n"))
        else:
            command, argument = found
            await command.run(chat, argument)
    except ClosedPipeError:
        raise
    except GigaChatError as problem:
        chat.show_problem(problem)
    return True


def _warm() -> None:
    """Import what the first question needs, while the person types it."""
    for module in ("gigachat_cli.engine", "gigachat_cli.render.answers", "gigachat_cli.render.markdown"):
        import_module(module)
