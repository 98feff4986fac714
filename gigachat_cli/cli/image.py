"""`gigachat image`: a picture by a description."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options


def image(
    prompt: Annotated[
        list[str] | None,
        typer.Argument(metavar="PROMPT", help="What to draw; quotes keep it from the shell.", show_default=False),
    ] = None,
    output_file: Annotated[
        Path | None,
        typer.Option(
            "--output-file", "-O", metavar="FILE", help="Save the picture there; - is stdout.", rich_help_panel="Output"
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.", rich_help_panel="Output")] = False,
    model: options.Model = None,
    system: options.System = None,
    continue_: options.Continue = False,
    session: options.SessionName = None,
    no_log: options.NoLog = False,
    no_stdin: Annotated[bool, typer.Option("--no-stdin", help="Leave stdin alone.")] = False,
    option: options.Option = None,
    json: options.Json = False,
    raw: options.Raw = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
    scope: options.Scope = None,
    base_url: options.BaseUrl = None,
    proxy: options.Proxy = None,
    timeout: options.Timeout = None,
    max_retries: options.MaxRetries = None,
) -> None:
    """Have a picture drawn and save it.

    The request to draw is put before the words, as in 'Draw: a cat', unless they begin with it.

    Without --output-file it goes to the folder images beside the history. A terminal shows it; in a pipe its path
    stands in the answer.
    """
    from ..commands.ask import Picture, Question, answer
    from ..commands.context import Context

    flags = {
        "model": model,
        "scope": scope,
        "base_url": base_url,
        "proxy": proxy,
        "timeout": timeout,
        "max_retries": max_retries,
    }
    question = Question(
        words=tuple(prompt or ()),
        system=system,
        stdin=not no_stdin,
        editor=False,
        # The service draws only when it may call its own functions.
        fields=('function_call="auto"', *(option or ())),
        stream=True,
        format="json" if json else "text" if raw else None,
        continued=continue_,
        session=session,
        resume=False,
        log=not no_log,
        extract=False,
        usage=False,
        output_file=None,
        force=force,
        dry_run=False,
        picture=Picture(on_stdout=True) if str(output_file) == "-" else Picture(output_file),
    )
    answer(question, Context(flags, quiet=quiet, debug=debug))
