"""Large batches: kills at random moments, and memory that does not grow."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gigachat_cli.simulator import Options, Simulator

from ..conftest import Program, use
from .test_batch import killed_and_resumed


@pytest.fixture
def busy(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A simulator that remembers few requests, and a business account."""
    with Simulator(Options(scope="GIGACHAT_API_B2B", keep_requests=10), answer="Hello.") as running:
        use(running, home, monkeypatch)
        yield running


@pytest.mark.soak
def test_ten_thousand_items_and_five_kills(gigachat: Program, busy: Simulator, home: Path) -> None:
    killed_and_resumed(gigachat, busy, home, items=10_000, kills=5)


@pytest.mark.soak
def test_memory_does_not_grow_with_the_input(gigachat: Program, busy: Simulator, home: Path) -> None:
    small, large = (_peak(gigachat, home, count) for count in (10_000, 200_000))
    assert large <= 1.2 * small, (small, large)


def _peak(gigachat: Program, home: Path, count: int) -> int:
    """The most memory that a batch of so many items had at once, in KiB."""
    path, target = home / f"{count}.jsonl", home / f"{count}.out"
    with path.open("w") as file:
        file.writelines(json.dumps({"prompt": f"Question {number}"}) + "\n" for number in range(count))
    process = subprocess.Popen(
        [*gigachat.arguments, "batch", str(path), "-O", str(target), "-q"], env=gigachat.environment()
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    with target.open("rb") as written:
        assert sum(1 for _ in written) == count
    return used.ru_maxrss
