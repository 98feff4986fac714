"""The process in which user functions run: it gets no secrets, and everything that it starts ends with it."""

from __future__ import annotations

import asyncio
import os
import queue
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Literal

from ..keys import plain_pair
from ..masking import masked
from ..settings import declarations
from ..systems import Kin, is_windows, of_its_own

FAREWELL_SECONDS = 0.5
MARK_SECONDS = 0.5
_LONGEST_LINE = 1 << 16
_LONGEST_OUTCOME = 1 << 24
_WAITING_EVENTS = 1000
_MOST_SWEEPS = 20
_SWEEP_SECONDS = 0.002
_SHORTEST_SECRET = 8
_NOT_TOLD = ("user", "credentials_command")
_LOGIN = re.compile(r"^([^:/]*://)?.*@")

Relative = tuple[int, int]
"""A process by its id and start time, which together identify it even when the id is reused."""
Event = tuple[Literal["line", "told", "mark", "end"], str]


class Process:
    """The running worker: its replies and printed lines, as events."""

    def __init__(self, path: Path) -> None:
        self.ended = False
        self._kept: frozenset[Relative] = frozenset()
        self._mark = secrets.token_hex(8)
        self._events: queue.Queue[Event] = queue.Queue(_WAITING_EVENTS)
        self._wake: tuple[asyncio.AbstractEventLoop, asyncio.Future[None]] | None = None
        package = str(Path(__file__).resolve().parents[2])
        # Neither the working directory nor this package shadows a module that the functions import.
        reach = "import sys; sys.path.append(sys.argv[1])"
        start = f"{reach}; from gigachat_cli.functions.worker import main; main(*sys.argv[2:])"
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", start, package, str(path.resolve()), self._mark],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Without optimization: -OO would drop the docstrings, which describe the functions to the model.
            env={**environment_without_secrets(os.environ), "PYTHONOPTIMIZE": ""},
            **of_its_own(),  # not in the foreground group: Ctrl-C does not reach it, and this process ends it
        )
        self._kin = Kin(self._process.pid)
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._printer = threading.Thread(target=self._print, args=(self._process.stderr,), daemon=True)
        self._printer.start()
        threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True).start()

    def send(self, line: str) -> None:
        """Send it a line of ASCII."""
        assert self._process.stdin is not None
        with suppress(OSError):  # it has ended, which arrives as an event
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()

    def is_alive(self) -> bool:
        return not self.ended and self._process.poll() is None

    def keep_children(self) -> None:
        """Let the processes that it has started by now live as long as it does."""
        self._kept = family(self._process.pid)

    def end_children(self) -> None:
        """End the processes that it has started since, and those that they start meanwhile."""
        for _ in range(_MOST_SWEEPS):
            strays = family(self._process.pid) - self._kept
            if not strays:
                return
            end_all(strays)
            time.sleep(_SWEEP_SECONDS)

    async def next_event(self) -> Event:
        while True:
            loop = asyncio.get_running_loop()
            woken = loop.create_future()
            self._wake = (loop, woken)
            await asyncio.sleep(0)  # the event loop goes on, however much is printed
            try:
                return self._events.get_nowait()
            except queue.Empty:
                await woken

    def waiting_line(self) -> str | None:
        """A printed line that was not taken yet; None when there is none."""
        self._printer.join(MARK_SECONDS)
        with suppress(queue.Empty):
            while True:
                kind, content = self._events.get_nowait()
                if kind == "line":
                    return content
        return None

    def kill(self) -> int:
        """Kill it and everything that it has started; its exit code, negative for a signal."""
        self.ended = True
        strays = family(self._process.pid)
        self._kin.end()
        end_all(strays)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(FAREWELL_SECONDS)
        return self._process.returncode or 0

    def dismiss(self) -> None:
        """Give it a moment to end by itself; what it has started ends with it."""
        assert self._process.stdin is not None
        strays = family(self._process.pid)
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(FAREWELL_SECONDS)
            self.ended = True
            if is_windows():  # whose job outlives its first process; elsewhere the id may be reused by now
                self._kin.end()
        except subprocess.TimeoutExpired:
            self.kill()
        end_all(strays)

    def _listen(self, source: IO[bytes]) -> None:
        # A function may write here too: only what follows the mark comes from the worker.
        mark = f"{self._mark} ".encode()
        while line := source.readline(_LONGEST_OUTCOME):
            _, found, told = line.rpartition(mark)
            if found and told.endswith(b"\n"):
                self._put(("told", told.decode("utf-8", "replace")))
        self._put(("end", ""))

    def _print(self, source: IO[bytes]) -> None:
        mark = f"{self._mark}\n".encode()
        while line := source.readline(_LONGEST_LINE):
            text, *marks = line.split(mark)
            while True:
                if text:
                    self._put(("line", text.decode("utf-8", "replace").rstrip("\r\n")))
                if not marks:
                    break
                self._put(("mark", ""))
                text, marks = marks[0], marks[1:]

    def _put(self, event: Event) -> None:
        while not self.ended:
            with suppress(queue.Full):
                self._events.put(event, timeout=0.1)
                break
        if self._wake is not None:
            loop, woken = self._wake
            with suppress(RuntimeError):  # the event loop is closed
                loop.call_soon_threadsafe(lambda: None if woken.done() else woken.set_result(None))


def environment_without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of the functions: without variables that contain a secret in any form, and without proxy
    passwords.
    """
    ours = {each.variable for each in declarations().values() if each.secret or each.name in _NOT_TOLD}
    secrets = [each.variable for each in declarations().values() if each.secret]
    values = [value for name in secrets if len(value := environment.get(name, "").strip()) >= _SHORTEST_SECRET]
    values += [pair for value in values for pair in plain_pair(value)]
    return {
        name: _LOGIN.sub(r"\1", value) if "proxy" in name.lower() else value
        for name, value in environment.items()
        if name.upper() not in ours and masked(value, values) == value
    }


def family(pid: int) -> frozenset[Relative]:
    """The processes that a process has started, of its group and of its session, without itself; on Linux only."""
    parents: dict[int, int] = {}
    found: dict[int, int] = {}
    begun: dict[int, int] = {}
    with suppress(OSError):
        for entry in os.listdir("/proc"):
            with suppress(OSError, ValueError, IndexError):
                # The name of the program is in parentheses and may contain anything.
                words = Path(f"/proc/{int(entry)}/stat").read_text(errors="replace").rpartition(")")[2].split()
                if words[0] in "ZX":  # it has ended
                    continue
                parents[int(entry)], begun[int(entry)] = int(words[1]), int(words[19])
                if pid in (int(words[2]), int(words[3])):
                    found[int(entry)] = begun[int(entry)]
    added = {pid}
    while added := {each for each, parent in parents.items() if parent in added and each not in found} - {pid}:
        found |= {each: begun[each] for each in added}
    found.pop(pid, None)
    return frozenset(found.items())


def end_all(strays: frozenset[Relative]) -> None:
    """Kill processes, unless their ids were reused."""
    if sys.platform == "win32":
        return
    for pid, begun in strays:
        with suppress(OSError, ValueError, IndexError):
            words = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
            if int(words[19]) == begun:
                os.kill(pid, signal.SIGKILL)
