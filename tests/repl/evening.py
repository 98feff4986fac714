"""A chat at a terminal of its own, as a person sees it: the screen, what scrolled away, and the keys."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence

import pyte

from ..conftest import Program

ENTER, ALT_ENTER, CTRL_C, CTRL_D, CTRL_J, ESCAPE, UP, TAB = "\r", "\x1b\r", "\x03", "\x04", "\n", "\x1b", "\x1b[A", "\t"
PROMPT = "›"


def pasted(text: str) -> str:
    """A bracketed paste: terminals send carriage returns for its line ends."""
    return "\x1b[200~" + text.replace("\n", "\r") + "\x1b[201~"


class Evening:
    """`gigachat WORDS…` with its three streams at one terminal, which answers as terminals do."""

    def __init__(
        self,
        *words: str,
        environment: Mapping[str, str | None] | None = None,
        columns: int = 80,
        rows: int = 24,
        program: Sequence[str] = Program.arguments,
        answers_cursor: bool = True,
    ) -> None:
        self._answers_cursor = answers_cursor
        self._master, slave = pty.openpty()
        self._screen = pyte.HistoryScreen(columns, rows, history=20_000, ratio=0.5)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self.raw = b""
        self.times: list[tuple[float, int]] = []
        """When how much of `raw` had come, by `time.monotonic`."""
        self._asked = ""
        self._set_size(columns, rows)
        name = os.ttyname(slave)
        # The shell, leader of a session, makes the terminal its own by opening it.
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", f': <"{name}"; exec "$@" <"{name}" >"{name}" 2>"{name}"', "sh", *program, *words],
            env=Program.environment(environment),
            cwd=os.environ["HOME"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._slave: int | None = slave
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    # Keys

    def type(self, text: str) -> None:
        """Press these keys."""
        data = text.encode()
        while data:
            data = data[os.write(self._master, data[:512]) :]

    def ask(self, question: str, *, timeout: float = 15) -> None:
        """Type a question, and wait until its answer is there and the prompt is back."""
        before = self.prompts
        self._asked = question.splitlines()[0] if question else ""
        self.type(question + ENTER)
        self.wait(lambda: self.prompts > before and self.at_prompt, f"an answer to {question!r}", timeout=timeout)

    def resize(self, columns: int, rows: int) -> None:
        with self._lock:
            self._screen.resize(rows, columns)
        self._set_size(columns, rows)

    # The screen

    @property
    def lines(self) -> list[str]:
        """The lines of the screen, blanks at their ends left out."""
        with self._lock:
            return [line.rstrip() for line in self._screen.display]

    @property
    def everything(self) -> str:
        """What scrolled away and the screen, blank lines at the end left out."""
        with self._lock:
            columns = self._screen.columns
            gone = ["".join(row[at].data for at in range(columns)).rstrip() for row in self._screen.history.top]
            return "\n".join([*gone, *(line.rstrip() for line in self._screen.display)]).rstrip()

    def cells(self) -> list[list[pyte.screens.Char]]:
        """The screen with its colours, row by row."""
        with self._lock:
            screen = self._screen
            return [[screen.buffer[row][at] for at in range(screen.columns)] for row in range(screen.lines)]

    @property
    def said(self) -> str:
        """What came after the line that was asked last, up to the prompt."""
        return f"\n{self.everything}".rpartition(f"\n{PROMPT} {self._asked}\n")[2].rpartition(f"\n{PROMPT}")[0]

    @property
    def prompts(self) -> int:
        """How often the program has asked for a line."""
        return self.raw.count(b"\x1b[6n\x1b[?2004h")

    @property
    def at_prompt(self) -> bool:
        with self._lock:
            return self._screen.display[self._screen.cursor.y].startswith(PROMPT)

    @property
    def cursor_line(self) -> str:
        with self._lock:
            return self._screen.display[self._screen.cursor.y].rstrip()

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

    def wait_for_prompt(self, *, timeout: float = 15) -> None:
        self.wait(lambda: self.at_prompt, "the prompt", timeout=timeout)

    def modes(self) -> list[int]:
        """What the terminal does with keys and output."""
        return [each for each in termios.tcgetattr(self._master)[:4] if isinstance(each, int)]

    # The end

    def leave(self, *, timeout: float = 15) -> int:
        """Ctrl-D, and the exit code."""
        self.type(CTRL_D)
        return self.ended(timeout=timeout)

    def ended(self, *, timeout: float = 15) -> int:
        """Wait for the end; the exit code, as a shell would tell it."""
        code = self.process.wait(timeout)
        time.sleep(0.05)  # what was drawn last
        return code if code >= 0 else 128 - code

    def hang_up(self) -> None:
        """Close the terminal, as a window is closed."""
        if self._slave is not None:
            os.close(self._slave)
            self._slave = None
        master, self._master = self._master, -1
        os.close(master)

    def close(self) -> None:
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        if self._slave is not None:
            os.close(self._slave)
            self._slave = None
        self._reader.join(5)
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

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
            for piece in re.split(rb"(\x1b\[6n)", data):
                if piece == b"\x1b[6n" and self._answers_cursor:
                    answer = f"\x1b[{self._screen.cursor.y + 1};{self._screen.cursor.x + 1}R"
                    with contextlib.suppress(OSError):
                        os.write(self._master, answer.encode())
                elif piece:
                    self._stream.feed(piece)
