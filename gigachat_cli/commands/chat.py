"""The work of `gigachat chat`: from flags to a chat that runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..errors import UsageError
from ..repl import loop
from ..repl.chat import Chat
from .context import Context
from .fields import called_functions, request_fields
from .flags import QuestionFlags


def converse(words: Sequence[str], flags: QuestionFlags, context: Context) -> None:
    """Run a chat at the terminal; the words are its first question.  Raises UsageError without a terminal."""
    if not (sys.stdin is not None and sys.stdin.isatty() and sys.stdout is not None and sys.stdout.isatty()):
        raise UsageError(
            "A chat needs a terminal; in a pipe or a script, use: gigachat ask",
            hint="ssh and docker run give one with -t, as in: ssh -t HOST gigachat chat",
        )
    context.need_key(goes_on=True)
    context.warn()
    chat = Chat(
        context.terminal,
        context.settings,
        context.client,
        log=context.settings.log and not flags.no_log,
        raw=flags.raw,
        known_model=lambda: context.known_model,
    )
    chat.fields.update(request_fields(flags.fields, web=flags.web, tools=flags.tools, reasoning=flags.reasoning))
    called = called_functions(flags)
    if called is not None:
        chat.function_options = called
    given, first = None, None
    if flags.system is not None or words:
        from ..conversation.prompt import text_of
        from .agreement import ATTACH_IT, read_agreed

        given = read_agreed(flags.system, context.terminal, otherwise=ATTACH_IT)
        first = text_of(" ".join(words), "The prompt")
    chat.enter(continued=flags.continued, name=flags.session, model=context.given.get("model"), system=given)
    if flags.attach:
        from .agreement import agree

        chat.attach([str(path) for path in flags.attach])
        agree(chat.attached, context.terminal)
    if called is not None and called.file is not None:
        from ..repl.functions import load

        context.run(load(chat, called))
    context.run(loop.run(chat, first=first))
