"""`gigachat ask`: one answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options
from .completions import complete_format


def ask(
    prompt: Annotated[
        list[str] | None,
        typer.Argument(metavar="PROMPT", help="The question; quotes keep it from the shell.", show_default=False),
    ] = None,
    model: options.Model = None,
    system: options.System = None,
    attach: options.Attach = None,
    continue_: options.Continue = False,
    session: options.SessionName = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the last answer, which was cut.")] = False,
    no_log: options.NoLog = False,
    no_stdin: Annotated[bool, typer.Option("--no-stdin", help="Leave stdin alone.")] = False,
    editor: Annotated[bool, typer.Option("--editor", "-e", help="Write the prompt in $VISUAL or $EDITOR.")] = False,
    temperature: options.Temperature = None,
    top_p: options.TopP = None,
    max_tokens: options.MaxTokens = None,
    repetition_penalty: options.RepetitionPenalty = None,
    update_interval: options.UpdateInterval = None,
    option: options.Option = None,
    web: options.Web = False,
    tool: options.Tool = None,
    reasoning: options.Reasoning = None,
    schema: options.Schema = None,
    schema_retries: options.SchemaRetries = None,
    functions: options.FunctionFile = None,
    approve: options.Approve = None,
    max_rounds: options.MaxRounds = None,
    function_timeout: options.FunctionTimeout = None,
    no_stream: Annotated[
        bool, typer.Option("--no-stream", help="Ask for the whole answer at once.", rich_help_panel="The answer")
    ] = False,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            metavar="FORMAT",
            help="text, markdown, json or stream-json.",
            rich_help_panel="Output",
            autocompletion=complete_format,
        ),
    ] = None,
    json: options.Json = False,
    raw: options.Raw = False,
    extract: Annotated[
        bool,
        typer.Option("--extract", "-x", help="Only the first fenced code block.", rich_help_panel="Output"),
    ] = False,
    usage: Annotated[
        bool, typer.Option("--usage", "-u", help="Tell the tokens used.", rich_help_panel="Output")
    ] = False,
    output_file: Annotated[
        Path | None,
        typer.Option(
            "--output-file",
            "-O",
            metavar="PATH",
            help="Write the answer there; - is stdout.",
            rich_help_panel="Output",
            callback=options.unless_stdout,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an existing output file.", rich_help_panel="Output")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the request and send nothing.", rich_help_panel="Output")
    ] = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
    scope: options.Scope = None,
    base_url: options.BaseUrl = None,
    proxy: options.Proxy = None,
    timeout: options.Timeout = None,
    max_retries: options.MaxRetries = None,
) -> None:
    """Ask one question and print the answer.

    Stdin that is a pipe or a file is read to its end and joined to the words. Put -- before words that begin with
    a dash.
    """
    from ..commands.ask import Question, answer
    from ..commands.context import Context
    from ..errors import UsageError

    if json and output not in (None, "json"):
        raise UsageError(f"--json and --output {output} contradict each other.", hint="Leave one of them out.")

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
    question = Question(
        words=tuple(prompt or ()),
        system=system,
        stdin=not no_stdin,
        editor=editor,
        fields=tuple(option or ()),
        stream=not no_stream,
        format=output or ("json" if json else "text" if raw else None),
        continued=continue_,
        session=session,
        resume=resume,
        log=not no_log,
        extract=extract,
        usage=usage,
        output_file=output_file,
        force=force,
        dry_run=dry_run,
        attach=tuple(map(str, attach or ())),
        web=web,
        tools=tuple(tool or ()),
        reasoning=reasoning,
        schema=schema,
        schema_retries=schema_retries,
    )
    if any(each is not None for each in (functions, approve, max_rounds, function_timeout)):
        from dataclasses import replace

        from ..conversation.functions import function_options

        question = replace(question, functions=function_options(functions, approve, max_rounds, function_timeout))
    answer(question, Context(flags, quiet=quiet, debug=debug))
