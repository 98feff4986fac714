"""The chat's loop: read a line, run it, until the person leaves."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from .. import paths
from ..errors import ClosedPipeError, GigaChatError, UsageError
from ..interrupts import on_interrupt
from ..ways import Ways, use
from .by_hand import FOREIGN
from .chat import Chat
from .editor import BLOCK, Candidate, Editor, block_of
from .input_history import InputHistory
from .showing import say_goodbye, show_whereabouts, welcome

if TYPE_CHECKING:
    from .picker import Choice

_SWITCH_SECONDS = 0.0005


async def run(chat: Chat, *, first: str | None = None) -> None:
    """Run the chat until Ctrl-D or `/quit`; `first` is a question that was given with the command.

    Raises ClosedPipeError when the terminal is gone.
    """
    typed = InputHistory(paths.input_history_file(), chat.terminal.notice, session=chat.session_id, keeps=chat.log)
    editor = Editor(
        typed,
        complete=lambda text: _complete(chat, text),
        toolbar=chat.toolbar,
        edit=lambda text: _edited(chat, text),
        vi=chat.settings.edit_mode == "vi",
        color=chat.terminal.color_on_stdout,
    )
    chat.gather = editor.gathering
    chat.reply = editor.reply
    if chat.terminal.moves_on_stdout:
        chat.pick = partial(_picked, chat, editor)
    chat.complete_anew = editor.complete_anew
    use(_ways)
    warming = asyncio.create_task(_warm())
    try:
        with chat.keyboard.quiet(), on_interrupt(chat.interrupt, chat.interrupt_at_once):
            welcome(chat)
            if chat.conversation.session is not None:
                await chat.stoppable(show_whereabouts(chat))
            if first:
                editor.remember(first)
                await handle(chat, f"{BLOCK}\n{first}\n{BLOCK}")  # it is a question, whatever it begins with
                typed.tie()
            while True:
                editor.multiline = chat.multiline
                with chat.terminal.holding_notices():  # notices are shown after the line is typed, not across it
                    line = await editor.read()
                if line is None or not await handle(chat, line.text, by_hand=line.by_hand):
                    say_goodbye(chat)
                    return
                typed.tie()
    finally:
        warming.cancel()
        await chat.close()


async def handle(chat: Chat, line: str, *, by_hand: str = "") -> bool:
    """Run a line; return whether the chat goes on.  Errors are shown, and the chat goes on.

    `by_hand` says what a person typed of it, as in `by_hand.TypedLine`.
    """
    from .commands import leaves  # not before the prompt is shown

    if leaves(line):
        return False
    try:
        await _do(chat, line, by_hand)
    except ClosedPipeError:
        raise
    except GigaChatError as problem:
        chat.show_problem(problem)
    return True


async def _do(chat: Chat, line: str, by_hand: str) -> None:
    from .commands import find, question_of

    block = block_of(line)
    found = find(line) if block is None else None
    if found is not None:
        command, argument = found
        if command.reads_file and FOREIGN in "".join(by_hand.split(maxsplit=1)[:1]):
            raise UsageError(f"/{command.name} reads a file, and was pasted.", hint="Type the command yourself.")
        await command.run(chat, argument)
        return
    question = question_of(line) if block is None else block
    if question.strip():
        await chat.ask_typed(question, by_hand=by_hand if block is None else None)


async def _picked(chat: Chat, editor: Editor, choices: Sequence[Choice], title: str) -> str | None:
    with chat.terminal.holding_notices():
        return await editor.pick(choices, title)


def _edited(chat: Chat, text: str) -> str:
    """The text as a person changed it in their editor; unchanged when that fails."""
    from ..conversation.prompt import edited

    try:
        with chat.keyboard.released():
            return edited(text)
    except GigaChatError as problem:
        chat.show_problem(problem)
        return text


def _ways() -> Ways:
    from .commands import WAYS

    return WAYS


def _complete(chat: Chat, text: str) -> Iterable[Candidate]:
    from .commands import complete

    return complete(chat, text)


async def _warm() -> None:
    """Import what the first question needs, while the person types it."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)  # so that a key need not wait for an import
    try:
        for module in ("repl.commands", "engine", "sessions.store", "render.growing"):
            await asyncio.to_thread(import_module, f"gigachat_cli.{module}")
    finally:
        sys.setswitchinterval(before)
    # The program starts without the garbage collector; a chat needs it, but not for what was imported.
    gc.collect()
    gc.freeze()
    gc.enable()
