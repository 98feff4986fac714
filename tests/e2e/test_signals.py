"""Ctrl-C, SIGTERM and SIGHUP at every moment: what came stays, the connection ends, nobody sees a traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from gigachat_cli.simulator import Simulator

from ..conftest import Program
from ..terminal import Terminal
from .conftest import ended

SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
CHUNKS = ["one ", "two ", "three"]
MARK = "gigachat: The answer is not complete. 'gigachat ask --resume' goes on with it.\n"


def stalled(gigachat: Program, simulator: Simulator, *words: str, after: int = 2) -> subprocess.Popen[bytes]:
    """An `ask` whose answer has fallen silent after so many chunks, which the program has had."""
    simulator.answer = CHUNKS
    simulator.faults.add("stall", after=after)
    running = gigachat.start("ask", "hi", *words)
    simulator.wait_for(1, "chat")
    return running


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_signal_in_mid_answer_keeps_what_came_and_ends_the_connection(
    gigachat: Program, simulator: Simulator, number: signal.Signals, code: int
) -> None:
    running = stalled(gigachat, simulator)
    assert running.stdout is not None
    assert running.stdout.read(8) == b"one two "
    running.send_signal(number)
    result = ended(running)
    assert (result.out, result.err, result.code) == ("\n", MARK, code)
    simulator.wait_until_idle()


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_signal_leaves_a_json_answer_that_says_it_is_not_complete(
    gigachat: Program, simulator: Simulator, number: signal.Signals, code: int
) -> None:
    running = stalled(gigachat, simulator, "--output", "stream-json")
    assert running.stdout is not None
    assert [json.loads(running.stdout.readline())["text"] for _ in range(2)] == ["one ", "two "]
    running.send_signal(number)
    result = ended(running)
    answer = json.loads(result.out)
    assert (answer["answer"], answer["complete"], result.code) == ("one two ", False, code)


def test_ctrl_c_leaves_one_json_object_of_what_came(gigachat: Program, simulator: Simulator) -> None:
    simulator.pace = 0.02
    simulator.answer = ["piece "] * 2000
    running = gigachat.start("ask", "hi", "--json")
    simulator.wait_for(1, "chat")
    time.sleep(0.5)
    running.send_signal(signal.SIGINT)
    result = ended(running)
    answer = json.loads(result.out)
    assert answer["answer"].startswith("piece piece ")
    assert (answer["complete"], answer["finish_reason"], result.err, result.code) == (False, None, MARK, 130)
    simulator.wait_until_idle()


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_signal_before_the_first_chunk_is_silent(
    gigachat: Program, simulator: Simulator, number: signal.Signals, code: int
) -> None:
    running = stalled(gigachat, simulator, after=0)
    running.send_signal(number)
    result = ended(running)
    assert (result.out, result.err, result.code) == ("", "", code)
    simulator.wait_until_idle()


def test_ctrl_c_while_it_queues_for_the_account_is_silent(gigachat: Program, simulator: Simulator) -> None:
    first = stalled(gigachat, simulator)
    second = gigachat.start("ask", "hi")
    time.sleep(0.8)
    second.send_signal(signal.SIGINT)
    result = ended(second)
    assert (result.out, result.err, result.code) == ("", "", 130)
    assert len(simulator.calls("chat")) == 1
    simulator.release()
    assert ended(first).code == 0


def test_ctrl_c_while_stdin_is_read_is_silent(gigachat: Program, simulator: Simulator) -> None:
    running = gigachat.start("ask", "hi", stdin=subprocess.PIPE)
    assert running.stdin is not None
    running.stdin.write(b"a" * 1_000_000)  # more than a pipe holds, so it is being read
    running.stdin.flush()
    running.send_signal(signal.SIGINT)
    result = ended(running)
    assert (result.out, result.err, result.code) == ("", "", 130)
    assert simulator.requests == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_sigterm_while_stdin_is_read_ends_it(gigachat: Program, simulator: Simulator, number: signal.Signals) -> None:
    running = gigachat.start("ask", "hi", stdin=subprocess.PIPE)
    assert running.stdin is not None
    running.stdin.write(b"a" * 1_000_000)
    running.stdin.flush()
    running.send_signal(number)
    result = ended(running)
    assert (result.out, result.err) == ("", "")
    assert result.code in (-number, 128 + number)  # killed by it, which a shell reports as 128 + its number


STARTED = """
import os
from gigachat_cli.__main__ import end_on_interrupt, main
end_on_interrupt()
os.write(2, b".")
main()
"""
"""The program, with a sign that the interpreter's own start, at which nothing can be done, is over."""


def test_no_moment_of_the_start_shows_a_traceback(gigachat: Program, simulator: Simulator) -> None:
    simulator.faults.add("stall", after=0, times=None)  # each run would last for ever
    moments = 16
    for moment in range(moments):
        command = [sys.executable, "-c", STARTED, "ask", "hi"]
        running = subprocess.Popen(
            command,
            env=gigachat.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert running.stderr is not None
        assert running.stderr.read(1) == b"."
        time.sleep(0.3 * moment / moments)
        running.send_signal(signal.SIGINT)
        result = ended(running)
        assert (result.out, result.err, result.code) == ("", "", 130)
    simulator.wait_until_idle()


def test_nohup_stays_nohup(gigachat: Program, simulator: Simulator) -> None:
    simulator.answer = CHUNKS
    simulator.faults.add("stall", after=1)
    command = ["/bin/sh", "-c", 'trap "" HUP; exec "$@"', "sh", *gigachat.arguments, "ask", "hi"]
    running = subprocess.Popen(
        command,
        env=gigachat.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stdout is not None
    assert running.stdout.read(4) == b"one "
    running.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    simulator.release()
    result = ended(running)
    assert (result.out, result.err, result.code) == ("two three\n", "", 0)


@pytest.mark.parametrize("words", [[], ["--raw"]])
def test_ctrl_c_at_a_terminal_keeps_what_came_and_its_line(
    simulator: Simulator, at_terminal: Callable[..., Terminal], words: list[str]
) -> None:
    simulator.answer = CHUNKS
    simulator.faults.add("stall", after=2)
    screen = at_terminal("ask", "hi", *words)
    screen.wait_for_bytes(b"two")
    screen.type("\x03")
    assert screen.ended() == 130
    lines = screen.filled_lines
    assert lines[0].startswith("one two")
    assert lines[-1] == MARK.strip()
    assert len(lines) <= 3  # the terminal itself may have written ^C
    simulator.wait_until_idle()


def test_ctrl_c_before_the_answer_wipes_the_spinner(simulator: Simulator, at_terminal: Callable[..., Terminal]) -> None:
    simulator.faults.add("stall", after=0)
    screen = at_terminal("ask", "hi")
    screen.wait_for_bytes("⠙".encode())
    screen.type("\x03")
    assert screen.ended() == 130
    assert "gigachat" not in screen.text
    assert not any("⠋" <= character <= "⣿" for line in screen.filled_lines for character in line)


def test_an_ended_terminal_ends_the_program_and_its_connection(
    simulator: Simulator, at_terminal: Callable[..., Terminal]
) -> None:
    simulator.answer = CHUNKS
    simulator.faults.add("stall", after=1)
    screen = at_terminal("ask", "hi")
    screen.wait_for_bytes(b"one")
    os.killpg(screen.process.pid, signal.SIGHUP)
    assert screen.ended() == 129
    simulator.wait_until_idle()
