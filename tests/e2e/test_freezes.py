"""Ctrl-C is obeyed within half a second while any answer is drawn: in `ask`, in the chat, and on the way to a pipe."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gigachat_cli.simulator import Simulator

from .conftest import AtTerminal, until

SHAPES = {
    "short lines": "word\n" * 60_000,
    "definitions": "".join(f"[d{n}]: https://e.org/{n}\n" for n in range(10_000)),
    "formula": "$$\n" + "x + y = z\n" * 60_000,
    "one line": "*a [b " * 60_000,
    "table": "|a|b|\n|-|-|\n" + "|c|d|\n" * 40_000,
}


OBEYED = 1.0  # seconds: twice what is promised, for a busy machine


@pytest.mark.parametrize("shape", SHAPES)
def test_ctrl_c_is_obeyed_while_a_long_answer_in_one_piece_is_drawn(
    simulator: Simulator, at_terminal: Callable[..., AtTerminal], shape: str
) -> None:
    simulator.answer = ["begin\n\n" + SHAPES[shape]]
    screen = at_terminal("ask", "hi")
    screen.read_until(b"begin")
    sent = time.monotonic()
    os.kill(screen.process.pid, signal.SIGINT)
    assert screen.finish() == 130
    assert time.monotonic() - sent < OBEYED


@pytest.mark.parametrize("shape", ["short lines", "one line"])
def test_ctrl_c_in_the_chat_stops_the_drawing_and_the_chat_goes_on(
    simulator: Simulator, at_terminal: Callable[..., AtTerminal], shape: str
) -> None:
    simulator.answer = ["begin\n\n" + SHAPES[shape]]
    screen = at_terminal("chat")
    screen.read_until("›".encode())
    screen.type("hi\r")
    screen.read_until(b"begin")
    sent, before = time.monotonic(), len(screen.raw)
    screen.type("\x03")
    screen.read_until("›".encode(), after=before)
    assert time.monotonic() - sent < OBEYED
    screen.type("/quit\r")
    assert screen.finish() == 0


def test_ctrl_c_is_obeyed_while_markdown_is_made_for_a_pipe(
    simulator: Simulator, at_terminal: Callable[..., AtTerminal], tmp_path: Path
) -> None:
    simulator.answer = [SHAPES["one line"]]
    screen = at_terminal("ask", "--output", "markdown", "hi", streams=["stdin", "stderr"])
    until(lambda: (tmp_path / "stdout").exists() and (tmp_path / "stdout").stat().st_size > 0, timeout=20)
    sent = time.monotonic()
    os.kill(screen.process.pid, signal.SIGINT)
    assert screen.finish() == 130
    assert time.monotonic() - sent < OBEYED
