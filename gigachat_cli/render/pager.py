"""Long output in a pager: $PAGER as git reads it, or less where that is not set."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any

from ..errors import ClosedPipeError
from ..systems import is_closed_pipe, is_windows, split_command, startable

_LESS = {"LESS": "FRX", "LV": "-c"}
"""Options for less and lv unless the person has set some: exit at once when the text fits the screen, show colours, and
leave the text on the screen.
"""

_FOR_THE_SHELL = re.compile(r"[|&;<>()$`~*?\[]|\A\s*\w+=")
"""What only a shell understands in a command line, as in `col -b | less` or `LESSCHARSET=utf-8 less`."""


def pager_command(environment: Mapping[str, str] = os.environ) -> list[str] | None:
    """The command line of the pager; None where there is none, or the person wants none, as with `PAGER=cat`."""
    wanted = environment.get("PAGER")
    if wanted is None:
        return ["less"] if shutil.which("less") else None
    if not is_windows() and _FOR_THE_SHELL.search(wanted):
        return ["sh", "-c", wanted]
    try:
        command = split_command(wanted)
    except ValueError:  # an unclosed quote
        command = [wanted]
    return None if command in ([], ["cat"]) else command


class Pager:
    """A pager that starts with the first bytes.  While it runs, it gets Ctrl-C.

    If it cannot be started, `untold` is called with the reason, and the bytes go to `plainly`.
    """

    def __init__(
        self,
        command: list[str],
        *,
        environment: Mapping[str, str],
        plainly: Callable[[bytes], None],
        untold: Callable[[str], None],
    ) -> None:
        self._command = command
        self._environment = {**_LESS, **environment}
        self._plainly = plainly
        self._untold = untold
        self._process: subprocess.Popen[bytes] | None = None
        self._begun = False
        self._before: Any = signal.SIG_DFL

    def __enter__(self) -> Pager:
        return self

    def write(self, content: bytes) -> None:
        """Write to the pager.  Raises ClosedPipeError when the person has left it."""
        if not self._begun:
            self._begun = True
            self._start()
        if self._process is None or self._process.stdin is None:
            self._plainly(content)
            return
        try:
            self._process.stdin.write(content)
            self._process.stdin.flush()
        except OSError as problem:
            if not is_closed_pipe(problem):
                raise
            raise ClosedPipeError("the pager was left") from None

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, at: TracebackType | None
    ) -> bool:
        """Wait until the person leaves it; leaving before everything was written is no error."""
        if self._process is None:
            return False
        if self._process.stdin is not None:
            with suppress(OSError):  # the person has left
                self._process.stdin.close()
        self._process.wait()
        signal.signal(signal.SIGINT, self._before)
        return isinstance(problem, ClosedPipeError)

    def _start(self) -> None:
        try:
            self._process = subprocess.Popen(startable(self._command), stdin=subprocess.PIPE, env=self._environment)
        except (OSError, ValueError) as problem:
            reason = problem.strerror if isinstance(problem, OSError) else str(problem)
            self._untold(f"The pager {self._command[0]} could not be started: {reason}.")
            return
        self._before = signal.signal(signal.SIGINT, lambda number, frame: None)
