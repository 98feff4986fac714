"""What every test stands on: a home of its own, a clean environment, and no network but loopback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gigachat_cli.simulator import Options, Simulator

ROOT = Path(__file__).resolve().parent.parent
WIRE = ROOT.parent / "shared" / "wire"
"""Recorded traffic, where a checkout has it beside it."""

_KEPT = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LD_LIBRARY_PATH")


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
        if name not in _KEPT and not name.startswith(("PYTEST_", "COVERAGE_")):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("TERM", "xterm-256color")
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

    arguments: tuple[str, ...] = (sys.executable, "-m", "gigachat_cli")

    def __call__(
        self,
        *words: str,
        stdin: str | bytes | None = None,
        environment: Mapping[str, str | None] | None = None,
        timeout: float = 30,
    ) -> Result:
        """Run it to its end; without `stdin` there is none.  An environment value of None unsets."""
        given = stdin.encode() if isinstance(stdin, str) else stdin
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


@pytest.fixture
def gigachat() -> Program:
    return Program()
