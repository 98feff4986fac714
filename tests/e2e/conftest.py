"""What the tests through the front door share: a terminal to run the program at, and the rules for every run."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyte
import pytest

from gigachat_cli.simulator import Simulator

from ..conftest import Program, Result

LINE = "gigachat: "
TERMINAL_STREAMS = ("stdin", "stdout", "stderr")


class AtTerminal:
    """The program at a terminal of its own; what it draws is in `raw`, and as a person sees it in `lines()`."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        streams: Sequence[str],
        columns: int,
        rows: int,
        elsewhere: Path,
        stdin: Path,
    ) -> None:
        self._master, slave = pty.openpty()
        self._size = (columns, rows)
        self.resize(columns, rows)
        name = os.ttyname(slave)
        # The shell, leader of a session, makes the terminal its own by opening it.
        other = {"stdin": stdin, "stdout": elsewhere / "stdout", "stderr": elsewhere / "stderr"}
        places = " ".join(
            f'{sign}"{name if stream in streams else other[stream]}"'
            for stream, sign in zip(TERMINAL_STREAMS, ("<", ">", "2>"), strict=True)
        )
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", f': <"{name}"; exec "$@" {places}', "sh", *command],
            env=dict(environment),
            cwd=os.environ["HOME"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._slave: int | None = slave
        self.raw = b""

    def read_until(self, wanted: bytes, *, after: int = 0, timeout: float = 15) -> None:
        """Read until `wanted` was drawn, after so many bytes."""
        until = time.monotonic() + timeout
        while wanted not in self.raw[after:]:
            if not self._read(until - time.monotonic()):
                raise AssertionError(f"{wanted!r} did not come; there is {self.raw!r}")

    def read_for(self, seconds: float) -> None:
        """Read what is drawn meanwhile."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._read(left)

    def type(self, text: str) -> None:
        """Press these keys."""
        os.write(self._master, text.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Change the terminal's size, which sends SIGWINCH."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def finish(self, *, timeout: float = 20) -> int:
        """Read to the end; the exit code."""
        until = time.monotonic() + timeout
        while self.process.poll() is None:
            if time.monotonic() > until:
                raise AssertionError(f"it does not end; there is {self.raw!r}")
            self._read(0.02)
        while self._read(0):
            pass
        return self.process.returncode

    def lines(self) -> list[str]:
        """The lines of the screen that hold anything."""
        screen = pyte.Screen(*self._size)
        pyte.ByteStream(screen).feed(self.raw)
        return [line.rstrip() for line in screen.display if line.strip()]

    @property
    def text(self) -> str:
        """All that was drawn."""
        return self.raw.decode()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)
        if self._slave is not None:
            os.close(self._slave)

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], max(0.0, seconds))
        if not ready:
            return False
        data = os.read(self._master, 65536)
        self.raw += data
        if b"\x1b[6n" in data:  # where the cursor is; an editor waits for the answer
            os.write(self._master, b"\x1b[1;1R")
        return True


@pytest.fixture
def at_terminal(gigachat: Program, tmp_path: Path) -> Iterator[Callable[..., AtTerminal]]:
    """Start the program at a terminal: `at_terminal("ask", "hi")`; `streams` are those of the three that are one.

    A stdin that is none is empty, or the file `stdin`; a stdout or stderr that is none is a file of that name in
    `tmp_path`.
    """
    started: list[AtTerminal] = []

    def start(
        *words: str,
        environment: Mapping[str, str | None] | None = None,
        streams: Sequence[str] = TERMINAL_STREAMS,
        stdin: Path = Path(os.devnull),
        columns: int = 80,
        rows: int = 24,
    ) -> AtTerminal:
        running = AtTerminal(
            [*gigachat.arguments, *words],
            environment=gigachat.environment(environment),
            streams=streams,
            columns=columns,
            rows=rows,
            elsewhere=tmp_path,
            stdin=stdin,
        )
        started.append(running)
        return running

    yield start
    for running in started:
        running.close()


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for every run, whatever went wrong in it."""

    simulator: Simulator

    def hold(self, result: Result, *, debug: bool = False) -> None:
        """No secret anywhere; no traceback, and at most two lines, unless with --debug."""
        self.no_secret(result.out + result.err)
        if not debug:
            assert "Traceback" not in result.err
            told = [line for line in result.err.splitlines() if not line.startswith("gigachat: Sending ")]
            assert len(told) <= 2, result.err

    def no_secret(self, text: str) -> None:
        secrets = {self.simulator.credentials}
        for request in self.simulator.requests:
            secrets.add(request.headers.get("Authorization", "").partition(" ")[2])
        for secret in filter(None, secrets):
            assert secret not in text
            assert secret[:40] not in text


@pytest.fixture
def rules(simulator: Simulator) -> Rules:
    return Rules(simulator)


def ended(running: subprocess.Popen[bytes], *, timeout: float = 20) -> Result:
    """What a started program leaves behind."""
    out, err = running.communicate(timeout=timeout)
    return Result(running.returncode, out.decode(), err.decode(), out)


def until(wanted: Callable[[], object], *, timeout: float = 10) -> None:
    """Wait until something is so."""
    end = time.monotonic() + timeout
    while not wanted():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)


def sent(simulator: Simulator) -> dict[str, object]:
    """The one chat request that arrived, as JSON."""
    (request,) = simulator.calls("chat")
    found = request.json
    assert isinstance(found, dict)
    return found


def prompt_of(simulator: Simulator) -> str:
    """The user's message of the one chat request that arrived."""
    messages = sent(simulator)["messages"]
    assert isinstance(messages, list)
    return str(messages[-1]["content"])
