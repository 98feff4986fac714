"""A file of user functions, loaded in a separate process that can be killed: its code never runs in this process."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from .. import paths
from ..errors import UsageError
from .process import MARK_SECONDS, Process

DEFAULT_TIMEOUT = 30.0

News = Literal["changed", "ended"]
"""What happened to the loaded code: its files were changed, or its process has ended."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a call: `text` is a JSON object for the model; `error` and `traceback` say what went wrong."""

    text: str
    error: str | None = None
    traceback: str = ""


class Library:
    """The functions of a Python file.

    `timeout` is the longest time that loading or a call may take, in seconds; `output` gets each line that the
    functions print.  Open it with `start`; close it at the end.
    """

    def __init__(
        self, path: Path, *, timeout: float = DEFAULT_TIMEOUT, output: Callable[[str], None] = lambda line: None
    ) -> None:
        self.path = path
        self.descriptions: tuple[Mapping[str, Any], ...] = ()
        self.left_out: tuple[tuple[str, str], ...] = ()
        self._timeout = timeout
        self._output = output
        self._process: Process | None = None
        self._files: dict[str, str] = {}
        self._one_call = asyncio.Lock()

    @property
    def names(self) -> list[str]:
        return [str(each["name"]) for each in self.descriptions]

    async def start(self) -> None:
        """Load the file.  Raises UsageError when that fails, takes too long, or the file has no function to offer."""
        try:
            paths.read_file(self.path)
        except OSError as problem:
            raise UsageError(f"{self.path} could not be read: {problem.strerror}.") from None
        await self._begin()
        if not self.descriptions:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in self.left_out)
            raise UsageError(
                f"{self.path} offers no function{f' ({reasons})' if reasons else ''}.",
                hint="A function is offered when it is public and has type hints and a docstring.",
            )

    def news(self) -> News | None:
        """What happened to the code since it was loaded: the next `call` loads it again."""
        if any(_digest(path) != digest for path, digest in self._files.items()):
            return "changed"
        return None if self._process is not None and self._process.is_alive() else "ended"

    async def misfit(self, name: str, arguments: Mapping[str, Any]) -> str | None:
        """Why the arguments do not fit the parameters, as a sentence; None when they do, or when this is unknown."""
        async with self._one_call:
            if self._process is None:
                return None
            told = await self._asked(self._process, {"check": name, "arguments": dict(arguments)})
            return None if isinstance(told, Outcome) else told.get("misfit")

    async def call(self, name: str, arguments: Mapping[str, Any], *, changed: bool = False) -> Outcome:
        """Call one of the functions.  Every failure of it is an outcome; a cancelled call is killed.

        With `changed`, changed files are loaded again before the call; without, a call of changed code is refused.
        """
        async with self._one_call:
            if changed:
                self.close()
            if self._process is None or not self._process.is_alive():
                known = dict(self._files)
                try:
                    await self._begin()
                except UsageError as problem:
                    return _failed(problem.message)
                if not changed and any(self._files.get(path) != digest for path, digest in known.items()):
                    self._end()
                    return _failed(f"{self.path.name} has changed since it was loaded.")
            if name not in self.names:
                return _failed(f"There is no function {name}; there are {', '.join(self.names)}.")
            assert self._process is not None
            told = await self._asked(self._process, {"call": name, "arguments": dict(arguments)})
            if isinstance(told, Outcome):
                return told
            self._process.end_children()
            if "result" in told:
                return Outcome(told["result"])
            return _failed(told["error"], told.get("traceback", ""))

    def close(self) -> None:
        """End the process, and kill it when it does not end."""
        if self._process is not None:
            self._process.dismiss()
            self._process = None

    async def _begin(self) -> None:
        self._process = Process(self.path)
        problem = "it ended the process while it was loaded"
        try:
            async with asyncio.timeout(self._timeout):
                told = await self._told(self._process, "")
        except TimeoutError:
            told, problem = None, f"it was not loaded within {self._timeout:g} s"
        except BaseException:
            self._end()
            raise
        if told is None or "problem" in told:
            self._end()
            said = told["problem"] if told else problem
            raise UsageError(f"{self.path} cannot be used: {said}.", hint="Run it with python to see more.")
        self._process.keep_children()
        self._files = told["files"]
        self.descriptions = tuple(told["functions"])
        self.left_out = tuple((name, reason) for name, reason in told["left_out"])

    async def _asked(self, process: Process, request: Mapping[str, Any]) -> dict[str, Any] | Outcome:
        """The process's reply; an outcome when it does not reply and has ended."""
        number = secrets.token_hex(8)
        try:
            async with asyncio.timeout(self._timeout):
                process.send(json.dumps({**request, "id": number}))
                told = await self._told(process, number)
        except TimeoutError:
            self._end()
            return _failed(f"The function ran longer than {self._timeout:g} s and was ended.")
        except BaseException:
            self._end()
            raise
        if told is None:
            code = self._end()
            return _failed(f"The function's process ended (code {code}).")
        self._files = told["files"] | self._files
        return told

    async def _told(self, process: Process, number: str) -> dict[str, Any] | None:
        """The process's reply to this request, after everything printed before it; None when the process ended."""
        told: dict[str, Any] | None = None
        marked = False
        with suppress(TimeoutError):
            while told is None or not marked:
                # The mark comes through stderr and may be lost: the functions can close it.
                async with asyncio.timeout(None if told is None else MARK_SECONDS):
                    kind, content = await process.next_event()
                if kind == "line":
                    self._output(content)
                elif kind == "told":
                    told = _answer(content, number) or told
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


def _answer(content: str, number: str) -> dict[str, Any] | None:
    """The reply to this request; None for the reply to an earlier one, or of a forked process."""
    try:
        found = json.loads(content)
    except ValueError:
        return None
    return found if isinstance(found, dict) and found.get("id") == number else None


def _digest(path: str) -> str:
    try:
        return hashlib.sha256(paths.read_file(Path(path))).hexdigest()
    except OSError:
        return ""


def _failed(error: str, traceback: str = "") -> Outcome:
    return Outcome(json.dumps({"error": error}, ensure_ascii=False), error, traceback)
