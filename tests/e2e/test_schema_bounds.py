"""Ctrl-C while an answer is checked: obeyed at once, and nothing is left running."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from gigachat_cli.simulator import Simulator

from ..conftest import Program
from .conftest import ended, until

SCHEMA = json.dumps({"type": "string", "pattern": "^(a+)+$"})
HOSTILE = json.dumps("a" * 40 + "!")


def children(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(each) for each in found.stdout.split()]


def worked(pid: int) -> int:
    """Hundredths of a second that a process has worked."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11])


def checking(running: subprocess.Popen[bytes], simulator: Simulator) -> int:
    """Wait until an answer is being checked; the process that does it."""
    simulator.wait_for(1, "chat")
    (worker,) = children(running.pid)
    before = worked(worker)
    until(lambda: worked(worker) > before + 5, timeout=20)
    return worker


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", ["ask", "batch"])
def test_a_check_is_stopped_within_half_a_second(
    gigachat: Program, simulator: Simulator, home: Path, command: str, number: signal.Signals
) -> None:
    simulator.answer = HOSTILE
    (home / "in.jsonl").write_text('"hi"\n')
    words = ["ask", "hi"] if command == "ask" else ["batch", "in.jsonl", "-O", "out.jsonl"]
    running = gigachat.start(*words, "--schema", SCHEMA)
    worker = checking(running, simulator)
    began = time.monotonic()
    running.send_signal(number)
    result = ended(running)
    assert time.monotonic() - began < 0.5
    assert result.code == 128 + number
    assert not Path(f"/proc/{worker}").exists()


@pytest.mark.soak
def test_a_check_has_an_end_through_the_front_door(gigachat: Program, simulator: Simulator, home: Path) -> None:
    simulator.answer = HOSTILE
    result = gigachat("ask", "hi", "--schema", SCHEMA, timeout=60)
    assert (result.code, result.out) == (6, "")
    assert "took more than 10 s" in result.err
    (home / "in.jsonl").write_text('"hi"\n"there"\n')
    result = gigachat("batch", "in.jsonl", "--schema", SCHEMA, timeout=60)
    assert result.code == 6
    assert [json.loads(line)["error"]["code"] for line in result.out.splitlines()] == ["schema_check"] * 2


def test_a_process_that_was_killed_leaves_no_check_running_for_long(gigachat: Program, simulator: Simulator) -> None:
    """What checks ends itself: a second after it should have been stopped, by a clock of its own."""
    simulator.answer = HOSTILE
    running = gigachat.start("ask", "hi", "--schema", SCHEMA)
    worker = checking(running, simulator)
    running.kill()
    running.communicate()
    status = Path(f"/proc/{worker}/status").read_text()
    caught, ignored = (
        int(line.split()[1], 16) for line in status.splitlines() if line.startswith(("SigCgt", "SigIgn"))
    )
    for number in (signal.SIGINT, signal.SIGALRM):  # both end it even within one match
        assert not (caught | ignored) >> (number - 1) & 1
    os.kill(worker, signal.SIGALRM)
    until(lambda: not Path(f"/proc/{worker}").exists())
