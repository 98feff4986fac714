"""The simulator for people: serve until a signal, or run one command against it."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType

from .options import Options
from .thread import Simulator

_IN_THE_WAY = (
    "GIGACHAT_ACCESS_TOKEN",
    "GIGACHAT_CERT_FILE",
    "GIGACHAT_CREDENTIALS",
    "GIGACHAT_KEY_FILE",
    "GIGACHAT_KEY_FILE_PASSWORD",
    "GIGACHAT_PASSWORD",
    "GIGACHAT_PROXY",
    "GIGACHAT_USER",
    "GIGACHAT_VERIFY_SSL_CERTS",
)
"""Variables of a real account that would lead a client away from the simulator, or send it a real secret."""


_TYPED = tuple(getattr(signal, name) for name in ("SIGINT", "SIGQUIT", "SIGBREAK") if hasattr(signal, name))
"""Signals that a terminal sends to everyone in its foreground."""

_ENDED_BY_CTRL_C = 0xC000013A


class CommandNotStarted(Exception):
    """The command could not be started; ``exit_code`` is the shell's own: 127 not found, 126 otherwise."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def serve(options: Options, announce: Callable[[Simulator], None]) -> int:
    """Serve until SIGINT, SIGTERM or SIGHUP and return that signal's number.

    ``announce`` is called once it listens. Raises LibraryMissing, or OSError for a port that is taken.
    """
    ended = threading.Event()
    received: list[int] = []

    def end(number: int) -> None:
        received.append(number)
        ended.set()

    with _on_signals(("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"), end), Simulator(options) as simulator:
        if not ended.is_set():
            announce(simulator)
        # A bounded wait, because on Windows only that lets Ctrl-C through.
        while not ended.wait(0.5):
            pass
    return received[0]


def run_command(command: Sequence[str], options: Options) -> int:
    """Run a command against a simulator of its own and return its exit code, 128+N when signal N ended it.

    The command has this process's terminal, its standard streams and its signals. Raises CommandNotStarted,
    LibraryMissing, or OSError for a port that is taken.
    """
    with Simulator(options) as simulator:
        environment = {name: text for name, text in os.environ.items() if name not in _IN_THE_WAY}
        running: list[subprocess.Popen[bytes]] = []
        early: list[int] = []

        def pass_on(number: int) -> None:
            if not running:
                early.append(number)
            elif not (number in _TYPED and _typed_on_our_terminal()):
                send(running[0], number)

        with _on_signals(("SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGBREAK"), pass_on):
            running.append(_start(command, environment | simulator.environment))
            for number in early:
                send(running[0], number)
            code = running[0].wait()
    return exit_code_of(code)


def send(running: subprocess.Popen[bytes], number: int) -> None:
    """Pass a signal on; Windows has none for other processes but an end."""
    if os.name == "posix":
        running.send_signal(number)
    else:
        running.terminate()


def exit_code_of(code: int) -> int:
    """The code of a process as ours: 128+N where signal N ended it, and a code of Windows as its C runtime has it."""
    if code == _ENDED_BY_CTRL_C:
        return 128 + signal.SIGINT
    if code >= 2**31:  # as 0xC0000005: 32 bits without a sign, which no exit of ours takes
        return code - 2**32
    return code if code >= 0 else 128 - code


def export_text(environment: Mapping[str, str]) -> str:
    """Return the lines that set the variables in a POSIX shell, and unset those that would be in the way."""
    unset = [name for name in _IN_THE_WAY if name not in environment]
    lines = [f"unset {' '.join(unset)}"]
    lines += [f"export {name}={shlex.quote(text)}" for name, text in environment.items()]
    return "\n".join(lines) + "\n"


def _start(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(_startable(list(command)), env=environment)
    except FileNotFoundError:
        raise CommandNotStarted(f"{command[0]}: command not found", 127) from None
    except OSError as error:
        raise CommandNotStarted(f"{command[0]}: {error.strerror}", 126) from None


def _startable(command: list[str]) -> list[str]:
    """Windows starts only an .exe by its bare name: npm.cmd and the like are looked for as its shell does."""
    if os.name == "posix":
        return command
    return [shutil.which(command[0]) or command[0], *command[1:]]


@contextmanager
def _on_signals(names: Sequence[str], react: Callable[[int], None]) -> Iterator[None]:
    """Call ``react`` for these signals; those that are ignored stay ignored, as in a background job.

    A handler, unlike ignoring, is not inherited by a command that is started meanwhile.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        react(number)

    before = {}
    if threading.current_thread() is threading.main_thread():
        for name in names:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _typed_on_our_terminal() -> bool:
    """Say whether we are in the foreground of a terminal: Ctrl-C has reached the command by itself then."""
    if sys.platform == "win32":
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
