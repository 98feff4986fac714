"""A file of functions, held by a process of its own that can be ended: its code never runs in ours."""

from __future__ import annotations

import asyncio
import json
import os
import queue
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from .. import paths
from ..errors import UsageError

DEFAULT_TIMEOUT = 30.0
_MARK_SECONDS = 0.5
_FAREWELL_SECONDS = 0.5
_LONGEST_LINE = 1 << 16
_WAITING_EVENTS = 1000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call: `text` is a JSON object for the model; `error` and `traceback` say what went wrong."""

    text: str
    error: str | None = None
    traceback: str = ""


class Library:
    """The functions of a Python file.

    `timeout` is the most that loading or a call may take, in seconds; `output` gets each line that the functions
    print.  Open it with `start`; close it at the end.
    """

    def __init__(
        self, path: Path, *, timeout: float = DEFAULT_TIMEOUT, output: Callable[[str], None] = lambda line: None
    ) -> None:
        self.path = path
        self.descriptions: tuple[Mapping[str, Any], ...] = ()
        self.left_out: tuple[tuple[str, str], ...] = ()
        self._timeout = timeout
        self._output = output
        self._process: _Process | None = None
        self._one_call = asyncio.Lock()

    @property
    def names(self) -> list[str]:
        return [str(each["name"]) for each in self.descriptions]

    async def start(self) -> None:
        """Load the file.  Raises UsageError when that fails, takes too long, or the file offers no function."""
        try:
            os.close(paths.open_file(self.path))
        except OSError as problem:
            raise UsageError(f"{self.path} could not be read: {problem.strerror}.") from None
        await self._begin()
        if not self.descriptions:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in self.left_out)
            raise UsageError(
                f"{self.path} offers no function{f' ({reasons})' if reasons else ''}.",
                hint="A function is offered when it is public and has type hints and a docstring.",
            )

    async def call(self, name: str, arguments: Mapping[str, Any]) -> Outcome:
        """Call one of the functions.  Whatever goes wrong with it is an outcome; a cancelled call is ended."""
        async with self._one_call:
            if self._process is None or self._process.ended:
                try:
                    await self._begin()
                except UsageError as problem:
                    return _failed(problem.message)
            if name not in self.names:
                return _failed(f"There is no function {name}; there are {', '.join(self.names)}.")
            assert self._process is not None
            try:
                async with asyncio.timeout(self._timeout):
                    self._process.send({"name": name, "arguments": dict(arguments)})
                    told = await self._told(self._process)
            except TimeoutError:
                self._end()
                return _failed(f"The function ran longer than {self._timeout:g} s and was ended.")
            except BaseException:
                self._end()
                raise
            if told is None:
                code = self._end()
                return _failed(f"The function's process ended (code {code}).")
            if "result" in told:
                return Outcome(told["result"])
            return _failed(told["error"], told.get("traceback", ""))

    def close(self) -> None:
        """Let the process go, and end it when it does not."""
        if self._process is not None:
            self._process.dismiss()
            self._process = None

    async def _begin(self) -> None:
        self._process = _Process(self.path)
        problem = "it ended the process while it was loaded"
        try:
            async with asyncio.timeout(self._timeout):
                told = await self._told(self._process)
        except TimeoutError:
            told, problem = None, f"it was not loaded within {self._timeout:g} s"
        except BaseException:
            self._end()
            raise
        if told is None or "problem" in told:
            self._end()
            said = told["problem"] if told else problem
            raise UsageError(f"{self.path} cannot be used: {said}.", hint="Run it with python to see more.")
        self.descriptions = tuple(told["functions"])
        self.left_out = tuple((name, reason) for name, reason in told["left_out"])

    async def _told(self, process: _Process) -> dict[str, Any] | None:
        """The next thing that the process tells, after all that was printed before; None when it ended."""
        told: dict[str, Any] | None = None
        marked = False
        with suppress(TimeoutError):
            while told is None or not marked:
                # The mark comes by another way and may be lost: the functions can close stderr.
                async with asyncio.timeout(None if told is None else _MARK_SECONDS):
                    kind, content = await process.next_event()
                if kind == "line":
                    self._output(content)
                elif kind == "told":
                    told = json.loads(content)
                elif kind == "mark":
                    marked = True
                else:
                    while (line := process.waiting_line()) is not None:
                        self._output(line)
                    break
        return told

    def _end(self) -> int:
        process, self._process = self._process, None
        return process.kill() if process is not None else 0


Event = tuple[Literal["line", "told", "mark", "end"], str]


class _Process:
    """The running worker: what it tells and prints, as events."""

    def __init__(self, path: Path) -> None:
        self.ended = False
        self._mark = secrets.token_hex(8)
        self._events: queue.Queue[Event] = queue.Queue(_WAITING_EVENTS)
        self._wake: tuple[asyncio.AbstractEventLoop, asyncio.Future[None]] | None = None
        package = str(Path(__file__).resolve().parents[2])
        # Neither the working folder nor ours shadows a module that the functions import.
        start = (
            "import sys; sys.path.append(sys.argv[1]); from gigachat_cli.tools.worker import main; main(*sys.argv[2:])"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", start, package, str(path.resolve()), self._mark],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is ours: we end it
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._printer = threading.Thread(target=self._print, args=(self._process.stderr,), daemon=True)
        self._printer.start()
        threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True).start()

    def send(self, call: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # it has ended, which is told as an event
            self._process.stdin.write(json.dumps(call).encode() + b"\n")
            self._process.stdin.flush()

    async def next_event(self) -> Event:
        while True:
            loop = asyncio.get_running_loop()
            woken = loop.create_future()
            self._wake = (loop, woken)
            await asyncio.sleep(0)  # however much is printed, the loop goes on
            try:
                return self._events.get_nowait()
            except queue.Empty:
                await woken

    def waiting_line(self) -> str | None:
        """A line that was printed and not yet taken; None when there is none."""
        self._printer.join(_MARK_SECONDS)
        with suppress(queue.Empty):
            while True:
                kind, content = self._events.get_nowait()
                if kind == "line":
                    return content
        return None

    def kill(self) -> int:
        """End it and all that it has started; its exit code, negative for a signal."""
        self.ended = True
        with suppress(OSError):
            if sys.platform == "win32":
                self._process.kill()
            else:
                os.killpg(self._process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_FAREWELL_SECONDS)
        return self._process.returncode or 0

    def dismiss(self) -> None:
        """Let it end by itself, for a moment."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(_FAREWELL_SECONDS)
            self.ended = True
        except subprocess.TimeoutExpired:
            self.kill()

    def _listen(self, source: IO[bytes]) -> None:
        for line in source:
            self._put(("told", line.decode()))
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
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(lambda: None if woken.done() else woken.set_result(None))


def _failed(error: str, traceback: str = "") -> Outcome:
    return Outcome(json.dumps({"error": error}, ensure_ascii=False), error, traceback)
