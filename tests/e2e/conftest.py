"""What the tests through the front door share: a terminal to run the program at, and the rules for every run."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gigachat_cli.simulator import Simulator

from ..conftest import Program, Result
from ..terminal import Terminal

LINE = "gigachat: "


@pytest.fixture
def at_terminal(gigachat: Program, tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Start the program at a terminal: `at_terminal("ask", "hi")`; what is said with it, `Terminal` explains."""
    started: list[Terminal] = []

    def start(*words: str, environment: Mapping[str, str | None] | None = None, **named: Any) -> Terminal:
        merged = gigachat.environment(environment)
        started.append(Terminal([*gigachat.arguments, *words], environment=merged, elsewhere=tmp_path, **named))
        return started[-1]

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
