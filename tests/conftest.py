"""What every test stands on: a home of its own, a clean environment, and no network but loopback."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gigachat_cli import masking, ways
from gigachat_cli.simulator import Options, Simulator

from . import warm

ROOT = Path(__file__).resolve().parent.parent
RECORDINGS = ROOT / "tests" / "recordings"
"""Replies as the service writes them; its README says where they come from."""

# A job in the background of a script begins with Ctrl-C ignored, and so would every program that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

posix = pytest.mark.skipif(os.name == "nt", reason="modes, links, forks and shells of POSIX")
"""For a test that Windows has nothing to say to."""

PYTHON = (sys.executable, *shlex.split(os.environ.get("GIGACHAT_TESTS_PYTHON", "")))
"""The interpreter of the program, with an option to try it under: `make test-modes MODE=-OO`."""

_OF_WINDOWS = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT")  # without which little runs there
_KEPT = ("PATH", "TEMP", "TMP", "TMPDIR", "LD_LIBRARY_PATH", *_OF_WINDOWS)


@dataclass(frozen=True, slots=True)
class Result:
    """What a run of the program left behind."""

    code: int
    out: str
    err: str
    raw: bytes


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of the test's own; the environment is cleaned of everything else that could matter."""
    for name in list(os.environ):
        if name not in _KEPT and not name.startswith(("PYTEST_", "COVERAGE_", "WINE")):
            monkeypatch.delenv(name)
    # The secrets of one test are words of another.
    monkeypatch.setattr(masking, "_known", set())
    masking._from_outside.cache_clear()
    masking._all_known.cache_clear()
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    if os.name == "nt":
        monkeypatch.setenv("USERPROFILE", str(home))
        monkeypatch.setenv("WIN_PD_OVERRIDE_LOCAL_APPDATA", str(home / "AppData" / "Local"))
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("PAGER", "cat")
    monkeypatch.setenv("COLORFGBG", "15;0")  # a dark terminal, which need not be asked
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    return home


@pytest.fixture
def simulator(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A running simulator whose environment is this test's, with settings and history in the test's home."""
    with Simulator(Options(pace=0.0)) as running:
        use(running, home, monkeypatch)
        yield running


def use(running: Simulator, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a simulator's environment this test's."""
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GIGACHAT_CONFIG_DIR", str(home / "config"))
    monkeypatch.setenv("GIGACHAT_DATA_DIR", str(home / "data"))


class Program:
    """The program itself, as a process: `gigachat("ask", "hi")` with `.out`, `.err`, `.code`."""

    arguments: tuple[str, ...] = (*PYTHON, "-m", "gigachat_cli")

    def __init__(self, warm: Path | None = None) -> None:
        self.warm = warm

    def __call__(
        self,
        *words: str,
        stdin: str | bytes | None = None,
        environment: Mapping[str, str | None] | None = None,
        timeout: float = 30,
    ) -> Result:
        """Run it to its end; without `stdin` there is none.  An environment value of None unsets."""
        given = stdin.encode() if isinstance(stdin, str) else stdin
        if self.warm is not None and _may_be_warm(words, environment):
            return self._run_warm(list(words), given, self.environment(environment), timeout)
        source: dict[str, Any] = {"input": given} if given is not None else {"stdin": subprocess.DEVNULL}
        done = subprocess.run(
            [*self.arguments, *words],
            capture_output=True,
            env=self.environment(environment),
            timeout=timeout,
            cwd=os.environ["HOME"],
            **source,
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode(), done.stdout)

    def start(
        self, *words: str, environment: Mapping[str, str | None] | None = None, **named: Any
    ) -> subprocess.Popen[bytes]:
        """Start it and leave it running; the caller waits for it."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **named}
        return subprocess.Popen(
            [*self.arguments, *words], env=self.environment(environment), cwd=os.environ["HOME"], **streams
        )

    @staticmethod
    def environment(changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
        merged = {**os.environ, **(changes or {})}
        return {"PYTHONPATH": str(ROOT)} | {name: value for name, value in merged.items() if value is not None}

    def _run_warm(self, words: list[str], given: bytes | None, environment: dict[str, str], timeout: float) -> Result:
        assert self.warm is not None
        source = subprocess.PIPE if given is not None else subprocess.DEVNULL
        with (
            _pipes(source) as (theirs, ours),
            warm.run(self.warm, words, environment, os.environ["HOME"], theirs) as connection,
        ):
            for descriptor in set(theirs):
                os.close(descriptor)
            connection.settimeout(timeout)
            pid = warm.number_from(connection)
            read: dict[int, bytes] = {}
            readers = [threading.Thread(target=lambda end=end: read.update({end: _all_of(end)})) for end in ours[1:]]
            for reader in readers:
                reader.start()
            try:
                if given is not None:
                    with suppress(BrokenPipeError), open(ours[0], "wb", closefd=False) as writing:
                        writing.write(given)
                    os.close(ours[0])
                    ours[0] = -1
                code = warm.number_from(connection)
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                raise
            finally:
                for reader in readers:
                    reader.join()
        out, err = read[ours[1]], read[ours[2]]
        return Result(code, out.decode(), err.decode(), out)


def _may_be_warm(words: Sequence[str], environment: Mapping[str, str | None] | None) -> bool:
    """Whether nothing is asked for that an interpreter settles when it starts."""
    settled = ("PYTHON", "LC_", "LANG", "MALLOC")
    changed = {**os.environ, **(environment or {})}
    odd = [name for name in changed if name.startswith(settled) and not (name == "LANG" and changed[name] == "C.UTF-8")]
    # Words that are bytes, or no text, are for the interpreter to read.
    return not odd and all(isinstance(word, str) and word.encode("utf-8", "replace").decode() == word for word in words)


@contextmanager
def _pipes(source: int) -> Iterator[tuple[tuple[int, int, int], list[int]]]:
    """Three streams for a process, as (its ends, our ends)."""
    out, err = os.pipe(), os.pipe()
    given = os.pipe() if source == subprocess.PIPE else (os.open(os.devnull, os.O_RDONLY), -1)
    ours = [given[1], out[0], err[0]]
    try:
        yield (given[0], out[1], err[1]), ours
    finally:
        for descriptor in ours:
            if descriptor >= 0:
                os.close(descriptor)


def _all_of(descriptor: int) -> bytes:
    parts = []
    while part := os.read(descriptor, 1 << 16):
        parts.append(part)
    return b"".join(parts)


@pytest.fixture(scope="session")
def warm_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path | None]:
    """The socket of a process that forks runs of the program; None where there is no fork."""
    if not hasattr(os, "fork"):
        yield None
        return
    path = tmp_path_factory.mktemp("warm") / "socket"
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    with subprocess.Popen(
        [*PYTHON, "-m", "tests.warm", str(path)],
        cwd=ROOT,
        env={**environment, "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield path
        process.terminate()


@pytest.fixture
def gigachat(warm_process: Path | None) -> Program:
    return Program(warm_process)


@pytest.fixture(autouse=True)
def words_of_the_library() -> None:
    """Next steps in the library's words: a program that a test ran in this process has put its own in their place."""
    ways.use(lambda: ways.LIBRARY)
