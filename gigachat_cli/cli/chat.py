"""`gigachat chat`: the conversation."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from . import options


def chat(
    prompt: Annotated[
        list[str] | None,
        typer.Argument(metavar="PROMPT", help="The first question; quotes keep it from the shell.", show_default=False),
    ] = None,
    model: options.Model = None,
    system: options.System = None,
    attach: options.Attach = None,
    continue_: options.Continue = False,
    session: options.SessionName = None,
    no_log: options.NoLog = False,
    temperature: options.Temperature = None,
    top_p: options.TopP = None,
    max_tokens: options.MaxTokens = None,
    repetition_penalty: options.RepetitionPenalty = None,
    update_interval: options.UpdateInterval = None,
    option: options.Option = None,
    web: options.Web = False,
    tool: options.Tool = None,
    reasoning: options.Reasoning = None,
    functions: options.FunctionFile = None,
    approve: options.Approve = None,
    max_rounds: options.MaxRounds = None,
    function_timeout: options.FunctionTimeout = None,
    raw: options.Raw = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
    scope: options.Scope = None,
    base_url: options.BaseUrl = None,
    proxy: options.Proxy = None,
    timeout: options.Timeout = None,
    max_retries: options.MaxRetries = None,
) -> None:
    """Converse with the model.

    Enter sends, Alt-Enter begins a new line, /help lists the commands, Ctrl-C stops an answer, Ctrl-D leaves.
    """
    from ..commands.context import Context
    from ..errors import UsageError
    from ..repl import loop
    from ..repl.chat import Chat

    if not (sys.stdin is not None and sys.stdin.isatty() and sys.stdout is not None and sys.stdout.isatty()):
        raise UsageError("A chat needs a terminal; in a pipe or a script, use: gigachat ask")
    flags = {
        "model": model,
        "temperature": temperature,
        "top_p": top_p,
        "max_tokens": max_tokens,
        "repetition_penalty": repetition_penalty,
        "update_interval": update_interval,
        "scope": scope,
        "base_url": base_url,
        "proxy": proxy,
        "timeout": timeout,
        "max_retries": max_retries,
    }
    context = Context(flags, quiet=quiet, debug=debug)
    context.need_key(goes_on=True)
    context.warn()
    running = Chat(
        context.terminal,
        context.settings,
        context.client,
        log=context.settings.log and not no_log,
        raw=raw,
        known_model=lambda: context.known_model,
    )
    if option or web or tool or reasoning is not None:
        from ..commands.fields import request_fields

        running.fields.update(request_fields(option or (), web=web, tools=tool or (), reasoning=reasoning))
    if any(each is not None for each in (functions, approve, max_rounds, function_timeout)):
        from ..conversation.functions import function_options

        running.function_options = function_options(functions, approve, max_rounds, function_timeout)
    given, first = None, None
    if system is not None or prompt:
        from ..commands.agreement import ATTACH_IT, read_agreed
        from ..conversation.prompt import text_of

        given = read_agreed(system, context.terminal, otherwise=ATTACH_IT)
        first = text_of(" ".join(prompt or ()), "The prompt")
    running.enter(continued=continue_, name=session, model=model, system=given)
    if attach:
        from ..commands.agreement import agree

        running.attach([str(path) for path in attach])
        agree(running.attached, context.terminal)
    if running.function_options.file is not None:
        from ..repl.functions import load

        context.run(load(running, running.function_options))
    context.run(loop.run(running, first=first))
