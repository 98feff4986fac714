"""The program's outermost ring: errors become a line, a hint and an exit code here, and nowhere else."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .errors import GigaChatError


def main() -> None:
    """Run the program with the process's arguments, and end the process."""
    if sys.argv[1:] == ["--version"]:  # the one answer that needs nothing else
        from . import __version__

        print(f"gigachat {__version__}")
        return
    # A short run makes little garbage and imports much: collecting costs a tenth of the start and frees nothing.
    gc.disable()
    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except BrokenPipeError:
            code = code or 141
        except (OSError, ValueError):
            code = code or 1
    # At once: a name look-up that hangs in a thread must not hold up Ctrl-C, and there is nothing left to tidy.
    os._exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; its exit code."""
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        from .errors import EXIT_INTERRUPTED

        return EXIT_INTERRUPTED


def _run(arguments: Sequence[str]) -> int:
    import typer

    from .cli.app import NAME, build
    from .errors import ClosedPipeError, GigaChatError, UsageError

    try:
        command = typer.main.get_command(build())
        if f"_{NAME.upper()}_COMPLETE" in os.environ:
            command.main(list(arguments), prog_name=NAME)
        with command.make_context(NAME, list(arguments)) as context:
            command.invoke(context)
        return 0
    except typer.Exit as asked:
        return asked.exit_code
    except SystemExit as asked:
        return asked.code if isinstance(asked.code, int) else 0 if asked.code is None else 1
    except BrokenPipeError:
        return ClosedPipeError.exit_code
    except ClosedPipeError as problem:
        return problem.exit_code
    except typer.TyperException as refused:
        return _told(UsageError(_sentence(refused.format_message()), hint=_usage_hint(arguments)), arguments)
    except GigaChatError as problem:
        return _told(problem, arguments)
    except Exception as bug:
        return _told_bug(bug, arguments)


def _told(problem: GigaChatError, arguments: Sequence[str]) -> int:
    from .render.problems import show_problem, show_traceback
    from .render.terminal import Terminal

    terminal = Terminal()
    if "--debug" in arguments:
        show_traceback(problem, terminal)
    show_problem(problem, terminal, as_object=_wants_json(arguments))
    return problem.exit_code


def _told_bug(bug: Exception, arguments: Sequence[str]) -> int:
    from .errors import GigaChatError
    from .text import one_line, redact

    problem = GigaChatError(
        f"A mistake in the program: {type(bug).__name__}: {one_line(redact(str(bug)))}.",
        hint="Run it again with --debug, and report what it shows.",
    )
    problem.__cause__ = bug
    return _told(problem, arguments)


def _wants_json(arguments: Sequence[str]) -> bool:
    """Whether problems are wanted as JSON: even a bad command line keeps the form that was asked for."""
    flags = list(arguments[: arguments.index("--")] if "--" in arguments else arguments)
    after_output = [value for flag, value in pairwise(flags) if flag == "--output"]
    return "--json" in flags or any(
        value in ("json", "stream-json")
        for value in (
            *after_output,
            *(flag.removeprefix("--output=") for flag in flags if flag.startswith("--output=")),
        )
    )


def _usage_hint(arguments: Sequence[str]) -> str:
    words = [word for word in arguments if not word.startswith("-")]
    if words[:1] == ["ask"]:
        return "See 'gigachat ask --help'; put -- before words that begin with a dash."
    return "See 'gigachat --help'."


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!", ")")) else f"{text}."


if __name__ == "__main__":
    main()
