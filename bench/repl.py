"""What a person at the prompt of a chat feels: how soon it is there, and how soon a key is."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from .pairs import Row, show

HERE = Path(__file__).parent
GIGACHAT = str(Path(sys.executable).with_name("gigachat"))
FLOOR = str(HERE / "floors" / "prompt_minimal.py")
ENTRIES = 10_000
KEYS = "explain how the tides of the sea follow the moon, and why there are two of them in a day "
_PROMPT = "›".encode()
_WHERE_IS_THE_CURSOR, _HERE_IT_IS = b"\x1b[6n", b"\x1b[1;1R"
_REST = 2.5  # seconds until what is done in the background after the start is over


def run(*, pairs: int) -> bool:
    """Measure and print; whether every limit was kept."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        entries = [f"question {number}: what is to be said of it in {number % 97} words" for number in range(ENTRIES)]
        (home / "entries").write_text("\n".join(entries))
        (home / "input_history").write_text("".join(f"{json.dumps(each)}\n" for each in entries))
        environment = {
            **os.environ,
            "TERM": "xterm-256color",
            "GIGACHAT_DATA_DIR": folder,
            "GIGACHAT_CONFIG_DIR": str(home / "config"),
            "GIGACHAT_CREDENTIALS": "none",
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled
        ours = [GIGACHAT, "chat"]
        minimal = [sys.executable, FLOOR, str(home / "entries")]
        rows = [
            _compare_start("exec to prompt : minimal loop", ours, minimal, pairs=pairs, environment=environment),
            _compare_keys(
                "a key's echo, p95 : with completer, toolbar",
                ours,
                [*minimal, "dressed"],
                pairs=max(3, pairs // 3),
                environment=environment,
            ),
        ]
    return show(f"The prompt, with {ENTRIES} entries of input history", rows)


def _compare_start(
    name: str, ours: Sequence[str], theirs: Sequence[str], *, pairs: int, environment: Mapping[str, str]
) -> Row:
    times = []
    for number in range(pairs + 1):
        both = []
        for command in (ours, theirs):
            with _AtTerminal(command, environment) as running:
                both.append(running.seconds_to_prompt())
        if number:  # the first warms the disk's cache
            times.append(both)
    return _row(name, times, limit=1.5)


def _compare_keys(
    name: str, ours: Sequence[str], theirs: Sequence[str], *, pairs: int, environment: Mapping[str, str]
) -> Row:
    times = []
    for _ in range(pairs):
        with _AtTerminal(ours, environment) as first, _AtTerminal(theirs, environment) as second:
            for each in (first, second):
                each.seconds_to_prompt()
            for each in (first, second):
                each.rest(_REST)
            echoes: tuple[list[float], list[float]] = ([], [])
            for key in KEYS:
                for running, seconds in zip((first, second), echoes, strict=True):
                    seconds.append(running.seconds_to_echo(key))
            times.append([statistics.quantiles(each, n=20)[-1] for each in echoes])
    return _row(name, times, limit=1.3)


def _row(name: str, times: Sequence[Sequence[float]], *, limit: float) -> Row:
    return Row(
        name,
        statistics.median(a for a, _ in times),
        statistics.median(b for _, b in times),
        statistics.median(a / b for a, b in times),
        limit,
    )


class _AtTerminal:
    """A program at a pseudo-terminal of 80×24 that tells where its cursor is."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self._began = time.perf_counter()
        self._process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=dict(environment), start_new_session=True
        )
        os.close(slave)

    def __enter__(self) -> _AtTerminal:
        return self

    def __exit__(self, *raised: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    def seconds_to_prompt(self) -> float:
        """From the start of the process until the prompt is drawn."""
        self._read_until(_PROMPT, 30)
        return time.perf_counter() - self._began

    def seconds_to_echo(self, key: str) -> float:
        """From a key until what it changes is drawn."""
        began = time.perf_counter()
        os.write(self._master, key.encode())
        self._read_until(b"", 10)
        took = time.perf_counter() - began
        self.rest(0.02)
        return took

    def rest(self, seconds: float) -> None:
        """Read what comes, until nothing has come for so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if select.select([self._master], [], [], left)[0]:
                self._read()

    def _read_until(self, wanted: bytes, seconds: float) -> None:
        seen = b""
        until = time.monotonic() + seconds
        while not seen or wanted not in seen:
            if not select.select([self._master], [], [], max(0.0, until - time.monotonic()))[0]:
                raise SystemExit(f"{wanted!r} did not come: {seen!r}")
            seen += self._read()

    def _read(self) -> bytes:
        data = os.read(self._master, 65536)
        if _WHERE_IS_THE_CURSOR in data:
            os.write(self._master, _HERE_IT_IS)
        return data
