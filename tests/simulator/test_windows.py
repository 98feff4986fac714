"""What the simulator's command makes of Windows' exit codes and signals, as far as it is rules."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess

import pytest

from gigachat_cli.simulator import command


class Made:
    """A process that keeps what was done to it."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def send_signal(self, number: int) -> None:
        self.done.append(f"signal {number}")

    def terminate(self) -> None:
        self.done.append("end")


@pytest.mark.parametrize(
    ("code", "ours"),
    [(0, 0), (3, 3), (-15, 143), (0xC000013A, 130), (0xC0000005, -1073741819), (2**31 - 1, 2**31 - 1)],
)
def test_every_exit_code_can_be_ended_with(code: int, ours: int) -> None:
    """What is no 32-bit number with a sign would be an OverflowError at the very end."""
    assert command.exit_code_of(code) == ours


def test_a_signal_that_windows_cannot_send_ends_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    running: subprocess.Popen[bytes] = Made()  # type: ignore[assignment]  # all of it that is called
    command.send(running, signal.SIGTERM)
    monkeypatch.setattr(os, "name", "nt")
    command.send(running, signal.SIGTERM)
    monkeypatch.undo()
    assert getattr(running, "done") in ([f"signal {int(signal.SIGTERM)}", "end"], ["end", "end"])  # noqa: B009


def test_a_command_without_its_suffix_is_found_as_the_shell_finds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"npm": r"C:\node\npm.cmd"}
    monkeypatch.setattr(shutil, "which", found.get)
    monkeypatch.setattr(os, "name", "nt")
    started = [command._startable(["npm", "test"]), command._startable(["none"])]
    monkeypatch.undo()
    assert started == [[r"C:\node\npm.cmd", "test"], ["none"]]
