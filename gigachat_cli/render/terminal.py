"""The program's two outputs: stdout for the answer, the rows or the JSON; stderr for people.

Output is UTF-8 in every locale.  Text from outside is filtered before it reaches a terminal.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO, TextIO

from ..errors import ClosedPipeError, OutputError, UsageError
from ..masking import from_outside
from ..messages import Notice
from ..systems import is_closed_pipe
from ..text import one_line, safe, visible

if TYPE_CHECKING:
    from .pager import Pager

_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_FRAME_SECONDS = 0.1
_SPINNER_AFTER = 0.3  # seconds; an answer that comes sooner needs no spinner
_OURS = "gigachat: "
_CLEAR_LINE = "\r\x1b[K"


class Terminal:
    """stdout and stderr, and what is known about them."""

    def __init__(
        self,
        *,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
        environment: Mapping[str, str] = os.environ,
        quiet: bool = False,
        debug: bool = False,
    ) -> None:
        self._stdout = stdout or sys.stdout
        self._stderr = stderr or sys.stderr
        self._environment = environment
        self._dumb = environment.get("TERM") == "dumb"
        self.quiet = quiet
        self.debug = debug
        self.stdout_is_terminal = _is_terminal(self._stdout)
        self.stderr_is_terminal = _is_terminal(self._stderr)
        self.escapes_on_stderr = self.stderr_is_terminal and not self._dumb
        colorful = not self._dumb and not environment.get("NO_COLOR")
        self.color_is_forced = colorful and bool(environment.get("FORCE_COLOR"))
        self.color_on_stdout = colorful and self.stdout_is_terminal
        self.color_on_stderr = colorful and (self.stderr_is_terminal or bool(environment.get("FORCE_COLOR")))
        self._spinning = False
        self._beside_spinner = ""
        self._drawn = False
        self._alarms: set[str] = set()
        self._reasoning_is_open = False
        self._held: list[Notice] | None = None
        self._pager: Pager | None = None

    @property
    def width(self) -> int:
        return self._size().columns

    @property
    def height(self) -> int:
        return self._size().lines

    @property
    def is_paged(self) -> bool:
        """Whether stdout goes to a pager."""
        return self._pager is not None

    @property
    def moves_on_stdout(self) -> bool:
        """Whether stdout is a terminal whose cursor can be moved."""
        return self.stdout_is_terminal and not self._dumb

    def write(self, text: str) -> None:
        """Write to stdout at once, unfiltered: the caller has filtered text for a terminal.

        Raises ClosedPipeError when the reader has closed the pipe, OutputError when it cannot be written.
        """
        if text:
            self.write_bytes(text.encode("utf-8", "replace"))

    def write_bytes(self, content: bytes) -> None:
        """Write bytes to stdout at once.  Raises as `write` does."""
        self.stop_spinner()
        self._end_reasoning()
        self.check_stdout()
        if self._pager is not None:
            self._pager.write(content)
        else:
            self._write_bytes(content)

    def _write_bytes(self, content: bytes) -> None:
        try:
            stream: BinaryIO = self._stdout.buffer
            stream.write(content)
            stream.flush()
        except OSError as problem:
            if is_closed_pipe(problem):
                raise ClosedPipeError("closed pipe") from None
            raise OutputError(f"stdout could not be written: {problem.strerror}.") from None

    @contextmanager
    def paged(self) -> Iterator[None]:
        """Send the output of the body through the person's pager, if stdout is a terminal and there is a pager."""
        from .pager import Pager, pager_command

        command = pager_command(self._environment) if self.moves_on_stdout else None
        if command is None:
            yield
            return
        with Pager(
            command,
            environment=self._environment,
            plainly=self._write_bytes,
            untold=lambda told: self.notice(Notice("warning", told)),
        ) as self._pager:
            try:
                yield
            finally:
                self._pager = None

    def check_stdout(self) -> None:
        """Raises OutputError when the shell has closed stdout, as `>&-` does."""
        if self._stdout is None:
            raise OutputError("There is no stdout to write to.")

    def check_stdout_for_bytes(self) -> None:
        """Raises UsageError when stdout is a terminal, OutputError when it is closed."""
        self.check_stdout()
        if self.stdout_is_terminal:
            raise UsageError("A file's bytes are no good on a terminal.", hint="Send stdout elsewhere, as in: > FILE")

    def write_safely(self, text: str) -> None:
        """Write a whole text from outside to stdout: filtered when that is a terminal, exact otherwise."""
        self.write(safe(text) if self.stdout_is_terminal else text)

    def write_path(self, path: str | os.PathLike[str]) -> None:
        """Write a path as a line of stdout: exact bytes for a script, with control characters escaped for a person."""
        if self.stdout_is_terminal:
            self.write(f"{visible(os.fspath(path))}\n")
        else:
            self.write_bytes(os.fsencode(path) + b"\n")

    def say(self, line: str) -> None:
        """A line for people, on stderr; messages of the program are wrapped between words.

        Never fails: when stderr is closed, the line is lost.
        """
        self._wipe_spinner()
        self._end_reasoning()
        if line.startswith(_OURS) and "\x1b" not in line:  # text with escape sequences is formatted already
            line = "\n".join(map(self.folded, line.split("\n")))
        self._tell(f"{line}\n")

    def ask(self, question: str) -> None:
        """A question for people, on stderr, after which they type."""
        self.stop_spinner()
        self._end_reasoning()
        self._tell(question)

    def folded(self, line: str, *, on_stdout: bool = False) -> str:
        """A line for people, wrapped between words when it is too long for its terminal."""
        if not (self.stdout_is_terminal if on_stdout else self.stderr_is_terminal) or len(line) <= self.width:
            return line
        if "\x1b" in line:  # escape sequences take no room, and may contain blanks
            return line
        import textwrap

        folded = textwrap.wrap(line, self.width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
        if len(folded) > 1 and folded[0] == _OURS.rstrip():  # the path is longer than a line
            folded[:2] = [f"{_OURS}{folded[1].lstrip()}"]
        return "\n".join(folded)

    def notice(self, notice: Notice) -> None:
        """Show a notice of the engine, depending on its kind, `quiet` and `debug`.

        While a spinner is shown, progress stands beside it: only the newest, none after an empty text.
        """
        if notice.kind == "progress" and self._spinning:
            self._beside_spinner = one_line(from_outside(notice.text))
            return
        if self._held is not None:
            if notice.kind != "progress":
                self._held.append(notice)
            return
        if notice.kind == "alarm":
            if notice.text in self._alarms:  # a run may create several clients
                return
            self._alarms.add(notice.text)
        wanted = {
            "alarm": True,
            "warning": not self.quiet,
            "progress": self.stderr_is_terminal and not self.quiet,
            "debug": self.debug,
        }[notice.kind]
        if wanted and notice.text:
            self.say(f"gigachat: {from_outside(notice.text)}")

    @contextmanager
    def holding_notices(self) -> Iterator[None]:
        """Hold notices back until the body ends; progress is dropped, as it is over then."""
        held: list[Notice] = []
        self._held = held
        try:
            yield
        finally:
            self._held = None
            for notice in held:
                self.notice(notice)

    def beside_spinner(self, text: str) -> None:
        """Set the progress beside a spinner; only the newest is shown, none after an empty text."""
        self._beside_spinner = one_line(text)

    def reasoning(self, text: str) -> None:
        """The model's reasoning before its answer: dim, on stderr, for people at a terminal."""
        if text and self.stderr_is_terminal and not self.quiet:
            self.stop_spinner()
            self._tell(f"\x1b[2m{text}\x1b[22m" if self.color_on_stderr else text)
            self._reasoning_is_open = True

    @asynccontextmanager
    async def spinner(self) -> AsyncIterator[None]:
        """A spinner on stderr until the answer begins; none where stderr is no terminal."""
        if not self.escapes_on_stderr or self.quiet:
            yield
            return
        self._spinning, self._beside_spinner = True, ""
        drawing = asyncio.create_task(self._spin())
        try:
            yield
        finally:
            self.stop_spinner()
            drawing.cancel()

    def draw(self, line: str) -> None:
        """A last line on stderr that changes, where this is possible; other output replaces it."""
        if self.escapes_on_stderr and not self.quiet:
            self._tell(f"{_CLEAR_LINE}{one_line(line, max(1, self.width - 1))}")
            self._drawn = True

    def wipe(self) -> None:
        """Remove the drawn line."""
        self._wipe_spinner()

    def stop_spinner(self) -> None:
        self._spinning = False
        self._wipe_spinner()

    def _end_reasoning(self) -> None:
        if self._reasoning_is_open:  # an empty line separates it from what follows
            self._reasoning_is_open = False
            self._tell("\n\n")

    def _wipe_spinner(self) -> None:
        if self._drawn:
            self._drawn = False
            self._tell(_CLEAR_LINE)

    async def _spin(self) -> None:
        began = time.monotonic()
        await asyncio.sleep(_SPINNER_AFTER)
        frame = 0
        while self._spinning:
            elapsed = time.monotonic() - began
            seconds = f" {elapsed:.0f} s" if elapsed >= 1 else ""
            beside = f" {self._beside_spinner}" if self._beside_spinner else ""
            # Shorter than the terminal's line: only one line can be cleared.
            line = one_line(f"{_FRAMES[frame % len(_FRAMES)]}{seconds}{beside}", max(1, self.width - 1))
            self._tell(f"{_CLEAR_LINE}{line}")
            self._drawn = True
            frame += 1
            await asyncio.sleep(_FRAME_SECONDS)

    def _size(self) -> os.terminal_size:
        """The size of the terminal; without one, COLUMNS and LINES, else 80 by 24.

        The terminal comes first, since an exported COLUMNS may be out of date.
        """
        for stream in (self._stdout, self._stderr):
            with suppress(OSError, ValueError, AttributeError):
                size = os.get_terminal_size(stream.fileno())
                if size.columns > 0 and size.lines > 0:
                    return size
        return shutil.get_terminal_size()

    def _tell(self, text: str) -> None:
        with suppress(OSError, ValueError, AttributeError):
            self._stderr.buffer.write(text.encode("utf-8", "replace"))
            self._stderr.flush()


def _is_terminal(stream: TextIO | None) -> bool:
    with suppress(ValueError, AttributeError):
        return stream is not None and stream.isatty()
    return False
