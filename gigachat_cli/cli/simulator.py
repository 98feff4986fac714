"""`gigachat simulator`: a local GigaChat to try the program and test scripts against."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Annotated, Literal

import typer

from ..errors import UsageError, no_temporary_file
from ..simulator import MODELS, PACE_FOR_PEOPLE, SCOPES, Options, named, parse_fault

_REMEMBERED = 1000  # requests; it may run for days, and a person reads none of them
_FAULT_HELP = "A fault on demand, as NAME or NAME:key=value,…; repeatable. They are listed below."


def simulator(
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND", help="Command to run against it, after --.", show_default=False),
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="PORT", help="Port on 127.0.0.1; 0 takes a free one.")
    ] = 0,
    pace: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Seconds between two chunks.")
    ] = PACE_FOR_PEOPLE,
    chunks: Annotated[int | None, typer.Option(min=1, metavar="N", help="Chunks of each answer.")] = None,
    answer: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File whose text is each answer.", show_default=False)
    ] = None,
    fault: Annotated[list[str] | None, typer.Option(metavar="FAULT", help=_FAULT_HELP, show_default=False)] = None,
    certificate: Annotated[
        Literal["good", "expired", "not-yet-valid", "other-host", "other-authority"],
        typer.Option(metavar="KIND", help="good, expired, not-yet-valid, other-host or other-authority."),
    ] = "good",
    scope: Annotated[str, typer.Option(metavar="SCOPE", help=f"Scope of the key: {', '.join(SCOPES)}.")] = SCOPES[0],
    models: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,…", help="Models that it has, instead of those of the new host.", show_default=False
        ),
    ] = None,
    token_lifetime: Annotated[
        float, typer.Option(metavar="SECONDS", help="Seconds that an access token lives.")
    ] = 1800.0,
    clock_offset: Annotated[float, typer.Option(metavar="SECONDS", help="Seconds that its clock is ahead.")] = 0.0,
    client_certificate: Annotated[
        bool, typer.Option("--client-certificate", help="Demand a client certificate.")
    ] = False,
) -> None:
    """Run a GigaChat look-alike on this machine.

    Its answers are simulated and say so. Without COMMAND it prints export lines for another terminal, and serves
    until Ctrl-C; with one it runs COMMAND against itself, and ends with its exit code.
    """
    from ..conversation.prompt import decoded
    from ..named_files import read_input

    try:
        options = Options(
            port=port,
            pace=pace,
            chunks=chunks,
            answer=decoded(read_input(answer), str(answer)) if answer else None,
            faults=tuple(parse_fault(each) for each in fault or ()),
            certificate=certificate,
            scope=scope,
            models=MODELS if models is None else named(*_names(models)),
            token_lifetime=token_lifetime,
            clock_offset=clock_offset,
            require_client_certificate=client_certificate,
            keep_requests=_REMEMBERED,
        )
    except OSError as problem:
        raise UsageError(f"{answer} could not be read: {problem.strerror}.") from None
    except ValueError as problem:
        raise UsageError(str(problem)) from None
    _serve(options, command or [])


def _names(typed: str) -> list[str]:
    """Raises ValueError when there is none."""
    names = [name.strip() for name in typed.split(",")]
    if not all(names):
        raise ValueError("--models takes names with commas between them, as in: --models GigaChat-2,GigaChat-2-Max")
    return names


def _serve(options: Options, command: list[str]) -> None:
    from ..keys import keys_in
    from ..masking import keep_secret, words
    from ..render.terminal import Terminal
    from ..simulator import CommandNotStarted, LibraryMissing, Simulator, export_text, run_command, serve

    terminal = Terminal()

    def announce(running: Simulator) -> None:
        terminal.write(export_text(running.environment))
        if terminal.stderr_is_terminal:
            terminal.say("The simulator is running; Ctrl-C ends it.")

    try:
        if command:
            raise typer.Exit(run_command(command, options))
        serve(options, announce)
    except LibraryMissing as missing:
        raise UsageError("The simulator needs the library trustme.", hint=str(missing)) from None
    except CommandNotStarted as problem:
        keep_secret(*keys_in(str(problem)))
        terminal.say(f"gigachat: {words(str(problem))}")
        raise typer.Exit(problem.exit_code) from None
    except OSError as problem:
        if problem.errno == errno.ENOENT:
            raise no_temporary_file(problem) from None
        raise UsageError(f"The simulator could not start: {problem.strerror}.", hint="Try another --port.") from None
