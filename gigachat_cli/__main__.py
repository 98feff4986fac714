"""The program's outermost ring: errors become a line, a hint and an exit code here, and nowhere else."""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036  # run from a checkout by macOS' own python3, for one, which is 3.9
    sys.exit(
        "gigachat: Python 3.11 or newer is needed; {} is {}.{}.\n  Install one from python.org, with brew or with uv, "
        "and give it the package: PYTHON -m pip install gigachat-terminal".format(sys.executable, *sys.version_info[:2])
    )

import _signal  # type: ignore[import-not-found]  # it has no stubs
import gc
import os
from io import TextIOWrapper
from itertools import pairwise

# Named as the one in `typing`, which `--version` has no time to import.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from .errors import GigaChatError
    from .ways import Ways


_COMPLETE = "_GIGACHAT_COMPLETE"  # set by the completion scripts
_PR_SET_DUMPABLE = 4

_WELCOME = """\
gigachat is a terminal client for GigaChat, Sber's language model: ask it one
question, converse with it, or let it work through a file.

  gigachat auth login                    store a key from developers.sber.ru
  gigachat ask 'Why is the sky blue?'    ask one question
  gigachat chat                          converse
  gigachat simulator -- gigachat chat    try it without a key

'gigachat --help' lists the commands, 'gigachat ask --help' explains one."""


def main() -> None:
    """Run the program with the process's arguments, and end the process."""
    end_on_interrupt()
    if sys.argv[1:] == ["--version"]:  # the one answer that needs nothing else
        from . import __version__

        try:
            os.write(1, f"gigachat {__version__}\n".encode())  # past the buffer, where it would stay when it fails
            return
        except OSError:
            pass  # the long way tells of it
    _begin()
    write_no_core_images(sys.argv[1:])
    # A short run makes little garbage and imports much: collecting costs a tenth of the start and frees nothing.
    gc.disable()
    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError) as problem:
            code = code or (141 if _is_closed_pipe(problem) else 1)
    # At once: a name look-up that hangs in a thread must not hold up Ctrl-C, and there is nothing left to tidy.
    _leave(code)


def end_on_interrupt() -> None:
    """Let Ctrl-C end the process at once, until there is something to tidy (`commands.context.raise_on_interrupt`).

    An exception would now and then come up in a callback of an import, where Python shows it and drops it.
    """
    # By the built-in half of `signal`: the rest takes milliseconds, in which a Ctrl-C would show a traceback.
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:  # and not where it is ignored
        _signal.signal(_signal.SIGINT, lambda number, frame: _leave(128 + number))
    if os.name == "nt":
        _signal.signal(_signal.SIGBREAK, lambda number, frame: _leave(128 + number))


def write_no_core_images(arguments: Sequence[str]) -> None:
    """See to it that a crash leaves no image of our memory, which holds the key and what was said.

    Linux is told so for this process alone.  The limit, which is for other systems, is inherited: an editor and
    a command that prints the key had better leave none either, while the simulator's command is a stranger's.
    """
    if sys.platform == "win32":  # which makes none by itself
        return
    try:
        import _ctypes  # `ctypes` itself would take milliseconds

        itself = _ctypes.dlopen(None, os.RTLD_NOW)  # type: ignore[arg-type,unused-ignore]  # None is this
        prctl = _ctypes.dlsym(itself, "prctl")
        _ctypes.call_function(prctl, (_PR_SET_DUMPABLE, 0, 0, 0, 0))
    except (ImportError, AttributeError, OSError, TypeError):
        pass  # another system
    if arguments[:1] == ["simulator"]:
        return
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    except (ImportError, OSError, ValueError):
        pass  # there is nothing to be set


def _begin() -> None:
    """What is printed is UTF-8 whatever the locale and PYTHONIOENCODING say; a Windows console obeys escapes."""
    if os.name == "nt":
        from . import console

        console.begin()
    for stream, encoding in ((sys.stdin, None), (sys.stdout, "utf-8"), (sys.stderr, "utf-8")):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding=encoding, errors="replace")


def _leave(code: int) -> NoReturn:
    if os.name == "nt":
        from . import console

        console.end()
    os._exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; its exit code."""
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        from .errors import EXIT_INTERRUPTED

        return EXIT_INTERRUPTED


def _run(arguments: Sequence[str]) -> int:
    if os.isatty(1):  # an exported COLUMNS holds what the terminal's width was once
        os.environ.pop("COLUMNS", None)
    completing = bool(os.environ.get(_COMPLETE))
    if not (arguments or completing):
        return _run_without_arguments()
    import typer

    from .ca_store import defer_for_aiohttp
    from .cli.app import build
    from .commands import NAME
    from .errors import ClosedPipeError, GigaChatError
    from .ways import use

    try:
        defer_for_aiohttp()
        called = arguments[0] if arguments and not completing else None
        command = typer.main.get_command(build(called))
        use(lambda: _ways(command, arguments))
        if completing:
            from .cli.completion import answer_shells

            answer_shells()
            command.main(list(arguments), prog_name=NAME)
        with command.make_context(NAME, list(arguments)) as context:
            command.invoke(context)
        return 0
    except typer.Exit as asked:
        return asked.exit_code
    except SystemExit as asked:
        return asked.code if isinstance(asked.code, int) else 0 if asked.code is None else 1
    except ClosedPipeError as problem:
        return problem.exit_code
    except typer.TyperException as refused:
        from .cli.mistyped import usage_problem

        return _told(usage_problem(refused, command, arguments), arguments)
    except GigaChatError as problem:
        return _told(problem, arguments)
    except OSError as problem:
        # One without a file can only come from writing the help: others should have become ours where they arose.
        return _told_unwritten(problem, arguments) if problem.filename is None else _told_bug(problem, arguments)
    except Exception as bug:
        return _told_bug(bug, arguments)


def _run_without_arguments() -> int:
    """Nothing was asked for: a person is told how to begin; elsewhere the help is a notice, and goes to stderr."""
    if all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        print(_WELCOME, flush=True)
        return 0
    from contextlib import redirect_stdout

    from .errors import UsageError

    with redirect_stdout(sys.stderr):
        return _run(["--help"]) or UsageError.exit_code


def _ways(command: object, arguments: Sequence[str]) -> Ways:
    from .cli.ways import ways_of  # only who has something to say needs it

    return ways_of(command, arguments)


def _told(problem: GigaChatError, arguments: Sequence[str]) -> int:
    from .keys import ids_in, keys_in
    from .masking import keep_secret
    from .render.problems import show_problem, show_traceback
    from .render.terminal import Terminal

    # Whoever gave a key where none is taken is not to read it in the problem, nor in the log that keeps that.
    keep_secret(*(key for text in (*arguments, problem.message, problem.hint or "") for key in keys_in(text)))
    if arguments[:1] in (["auth"], ["config"]):  # which take no id
        keep_secret(*(each for argument in arguments for each in ids_in(argument)))

    terminal = Terminal()
    if "--debug" in _flags(arguments):
        show_traceback(problem, terminal)
    show_problem(problem, terminal, as_object=_wants_json(arguments))
    return problem.exit_code


def _told_bug(bug: Exception, arguments: Sequence[str]) -> int:
    from .errors import GigaChatError, UsageError
    from .masking import words

    problem: GigaChatError
    if isinstance(bug, MemoryError):
        problem = GigaChatError("There is not enough memory for this.", hint="Give it less at once.")
    elif isinstance(bug, OSError) and bug.filename is not None and bug.strerror:
        named = words(os.fsdecode(bug.filename) if isinstance(bug.filename, bytes) else str(bug.filename))
        problem = UsageError(f"{named} could not be used: {bug.strerror}.", hint="--debug shows what for.")
    else:
        problem = GigaChatError(
            f"A mistake in the program: {type(bug).__name__}: {words(str(bug))}.",
            hint="Run it again with --debug, and report what it shows.",
        )
    problem.__cause__ = bug
    return _told(problem, arguments)


def _told_unwritten(problem: OSError, arguments: Sequence[str]) -> int:
    from .errors import ClosedPipeError, OutputError

    if _is_closed_pipe(problem):
        return ClosedPipeError.exit_code
    return _told(OutputError(f"stdout could not be written: {problem.strerror}."), arguments)


def _is_closed_pipe(problem: BaseException) -> bool:
    from .systems import is_closed_pipe

    return is_closed_pipe(problem)


def _wants_json(arguments: Sequence[str]) -> bool:
    """Whether problems are wanted as JSON: even a bad command line keeps the form that was asked for."""
    flags = _flags(arguments)
    formats = [value for flag, value in pairwise(flags) if flag == "--output"]
    formats += [flag.removeprefix("--output=") for flag in flags if flag.startswith("--output=")]
    return "--json" in flags or any(value in ("json", "stream-json") for value in formats)


def _flags(arguments: Sequence[str]) -> Sequence[str]:
    """What may be flags: after `--` come words alone."""
    return arguments[: arguments.index("--")] if "--" in arguments else arguments


if __name__ == "__main__":
    main()
