"""Programs at a terminal of their own, as a person sees them: the screen, what scrolled away, and the keys.

A terminal reads all the time and answers where its cursor is, as terminals do.  Where a system
has no ptys, the test is skipped.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte
import pytest

from .conftest import Program

if sys.platform != "win32":
    import fcntl
    import pty
    import termios

ENTER, ALT_ENTER, CTRL_C, CTRL_D, CTRL_J, ESCAPE, UP, TAB = "\r", "\x1b\r", "\x03", "\x04", "\n", "\x1b", "\x1b[A", "\t"
PROMPT = "›"
STREAMS = ("stdin", "stdout", "stderr")
NOWHERE = Path(os.devnull)
_WHERE = b"\x1b[6n"  # asks where the cursor is
PROMPT_BEGINS = _WHERE + b"\x1b[?2004h"
"""What the chat writes before it reads a line."""


def pasted(text: str) -> str:
    """A bracketed paste: terminals send carriage returns for its line ends."""
    return "\x1b[200~" + text.replace("\n", "\r") + "\x1b[201~"


class Terminal:
    """A program at a terminal; what it draws is in `raw`, and as a person sees it in `lines` and `everything`.

    `streams` are those of the three that are the terminal.  A stdin that is none is the file `stdin`; a stdout or
    stderr that is none is a file of that name in the folder `elsewhere`.  With `measured` the cursor is said
    to be at the first place: to know the true one costs the time of drawing all that came.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        streams: Sequence[str] = STREAMS,
        stdin: Path = NOWHERE,
        elsewhere: Path | None = None,
        columns: int = 80,
        rows: int = 24,
        answers_cursor: bool = True,
        measured: bool = False,
    ) -> None:
        if sys.platform == "win32":
            pytest.skip("there are no ptys")
        self._measured = measured
        self._answers_cursor = answers_cursor
        self._master, slave = pty.openpty()
        self._slave: int | None = slave
        self._screen = pyte.HistoryScreen(columns, rows, history=20_000, ratio=0.5)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self._undrawn = b""
        self.raw = b""
        self.times: list[tuple[float, int]] = []
        """When how much of `raw` had come, by `time.monotonic`."""
        self._set_size(columns, rows)
        name = os.ttyname(slave)
        files = {"stdin": stdin} | {each: elsewhere / each if elsewhere else NOWHERE for each in STREAMS[1:]}
        places = " ".join(
            f'{sign}"{name if stream in streams else files[stream]}"'
            for stream, sign in zip(STREAMS, ("<", ">", "2>"), strict=True)
        )
        # The shell, leader of a session, makes the terminal its own by opening it.
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", f': <"{name}"; exec "$@" {places}', "sh", *command],
            env=dict(environment),
            cwd=os.environ["HOME"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    # Keys

    def type(self, text: str) -> None:
        """Press these keys."""
        data = text.encode()
        while data:
            data = data[os.write(self._master, data[:512]) :]

    def resize(self, columns: int, rows: int) -> None:
        """Change the terminal's size, which sends SIGWINCH."""
        with self._lock:
            self._drawn().resize(rows, columns)
        self._set_size(columns, rows)

    def modes(self) -> list[int]:
        """What the terminal does with keys and output."""
        return [each for each in termios.tcgetattr(self._master)[:4] if isinstance(each, int)]

    # The screen

    @property
    def text(self) -> str:
        """All that was drawn, with its escape sequences."""
        return self.raw.decode()

    @property
    def lines(self) -> list[str]:
        """The lines of the screen, blanks at their ends left out."""
        with self._lock:
            return [line.rstrip() for line in self._drawn().display]

    @property
    def filled_lines(self) -> list[str]:
        """The lines of the screen that hold anything."""
        return [line for line in self.lines if line]

    @property
    def everything(self) -> str:
        """What scrolled away and the screen, blank lines at the end left out."""
        with self._lock:
            screen = self._drawn()
            gone = ["".join(row[at].data for at in range(screen.columns)).rstrip() for row in screen.history.top]
            return "\n".join([*gone, *(line.rstrip() for line in screen.display)]).rstrip()

    def cells(self) -> list[list[pyte.screens.Char]]:
        """The screen with its colours, row by row."""
        with self._lock:
            screen = self._drawn()
            return [[screen.buffer[row][at] for at in range(screen.columns)] for row in range(screen.lines)]

    @property
    def cursor_line(self) -> str:
        with self._lock:
            screen = self._drawn()
            return screen.display[screen.cursor.y].rstrip()

    def wait(self, wanted: Callable[[], object], what: str = "it", *, timeout: float = 15) -> None:
        """Wait until something is so."""
        end = time.monotonic() + timeout
        while not wanted():
            if time.monotonic() > end:
                raise AssertionError(f"{what} did not come; the screen is\n{self.everything}\n{self.raw[-400:]!r}")
            time.sleep(0.01)

    def wait_for(self, text: str, *, timeout: float = 15) -> None:
        """Wait until a text is somewhere on the screen or in the scrollback."""
        self.wait(lambda: text in self.everything, repr(text), timeout=timeout)

    def wait_for_bytes(self, wanted: bytes, *, after: int = 0, timeout: float = 15) -> None:
        """Wait until these were drawn, after so many bytes."""
        self.wait(lambda: wanted in self.raw[after:], repr(wanted), timeout=timeout)

    # The end

    def ended(self, *, timeout: float = 20) -> int:
        """Wait for the end; the exit code, as a shell would tell it."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it does not end; the screen is\n{self.everything}\n{self.raw[-400:]!r}") from None
        seen = -1
        while seen != len(self.raw):  # what was drawn last is still on its way
            seen = len(self.raw)
            time.sleep(0.03)
        return code if code >= 0 else 128 - code

    def hang_up(self) -> None:
        """Close the terminal, as a window is closed."""
        self._close_slave()
        master, self._master = self._master, -1
        os.close(master)

    def close(self) -> None:
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self._close_slave()
        self._reader.join(5)
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def _close_slave(self) -> None:
        if self._slave is not None:
            os.close(self._slave)
            self._slave = None

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self) -> None:
        while self._master >= 0:
            try:
                ready, _, _ = select.select([self._master], [], [], 0.05)
                if not ready:
                    if self._slave is None:
                        return
                    continue
                data = os.read(self._master, 65536)
            except (OSError, ValueError):
                return
            if not data:
                return
            self._feed(data)

    def _feed(self, data: bytes) -> None:
        with self._lock:
            self.raw += data
            self.times.append((time.monotonic(), len(self.raw)))
            # Where the cursor is, is asked for; the answer must be that of this place in the stream.
            *parts, rest = data.split(_WHERE)
            for part in parts:
                self._undrawn += part
                if self._answers_cursor:
                    cursor = None if self._measured else self._drawn().cursor
                    row, column = (cursor.y + 1, cursor.x + 1) if cursor else (1, 1)
                    with contextlib.suppress(OSError):
                        os.write(self._master, f"\x1b[{row};{column}R".encode())
            self._undrawn += rest

    def _drawn(self) -> pyte.HistoryScreen:
        """The screen with all that came; it is drawn only when somebody looks, for that takes its time."""
        undrawn, self._undrawn = self._undrawn, b""
        self._stream.feed(undrawn)
        return self._screen


class Chat(Terminal):
    """`gigachat chat WORDS…` at a terminal."""

    def __init__(self, *words: str, environment: Mapping[str, str | None] | None = None, **named: object) -> None:
        self._asked = ""
        command = [*Program.arguments, "chat", *words]
        super().__init__(command, environment=Program.environment(environment), **named)  # type: ignore[arg-type]  # its own

    def ask(self, question: str, *, timeout: float = 15) -> None:
        """Type a question, and wait until its answer is there and the prompt is back."""
        before = self.prompts
        self._asked = question.splitlines()[0] if question else ""
        self.type(question + ENTER)
        self.wait(lambda: self.prompts > before and self.at_prompt, f"an answer to {question!r}", timeout=timeout)

    @property
    def said(self) -> str:
        """What came after the line that was asked last, up to the prompt."""
        return f"\n{self.everything}".rpartition(f"\n{PROMPT} {self._asked}\n")[2].rpartition(f"\n{PROMPT}")[0]

    @property
    def prompts(self) -> int:
        """How often the program has asked for a line."""
        return self.raw.count(PROMPT_BEGINS)

    @property
    def at_prompt(self) -> bool:
        return self.cursor_line.startswith(PROMPT)

    def wait_for_prompt(self, *, timeout: float = 15) -> None:
        self.wait(lambda: self.at_prompt, "the prompt", timeout=timeout)

    def leave(self, *, timeout: float = 15) -> int:
        """Ctrl-D, and the exit code."""
        self.type(CTRL_D)
        return self.ended(timeout=timeout)
