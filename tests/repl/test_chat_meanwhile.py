"""What is typed while an answer comes: it is not shown, not lost, and means what it would mean at the prompt."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gigachat_cli.simulator import Simulator

from ..e2e.conftest import until
from ..terminal import CTRL_C, CTRL_D, ENTER, Chat, pasted
from .test_chat_editing import asked

Start = Callable[..., Chat]


@pytest.fixture
def answering(chat: Start, simulator: Simulator) -> Chat:
    """A chat in the middle of an answer that stops after its first words until it is let go on."""
    simulator.answer = ["Once ", "upon ", "a time."]
    simulator.faults.add("stall", after=2)
    evening = chat()
    evening.wait_for_prompt()
    evening.type("tell" + ENTER)
    evening.wait_for("Once upon")
    simulator.answer = "Answered."
    return evening


def test_enter_typed_meanwhile_sends_in_order(answering: Chat, simulator: Simulator) -> None:
    answering.type(f"second{ENTER}third{ENTER}fourth")
    time.sleep(0.3)
    assert "second" not in answering.everything
    assert asked(simulator) == ["tell"]
    simulator.release()
    answering.wait(lambda: answering.cursor_line == "› fourth")
    assert asked(simulator) == ["tell", "second", "third"]
    shown = [line for line in answering.everything.splitlines() if line and not line.startswith("GigaChat")]
    assert shown == ["› tell", "Once upon a time.", "› second", "Answered.", "› third", "Answered.", "› fourth"]


def test_ctrl_c_keeps_what_was_typed_meanwhile(answering: Chat, simulator: Simulator) -> None:
    answering.type("kept")
    time.sleep(0.2)
    answering.type(CTRL_C)
    answering.wait(lambda: answering.cursor_line == "› kept")
    assert "The answer is not complete. /continue goes on with it." in answering.everything
    answering.ask("")
    assert asked(simulator) == ["tell", "kept"]


def test_keys_in_the_terminals_own_queue_outlive_ctrl_c(answering: Chat, simulator: Simulator) -> None:
    answering.type(f"kept{CTRL_C}")  # in one piece: the program had no time to take them
    answering.wait(lambda: answering.cursor_line == "› kept")


def test_large_paste_meanwhile_stays_one_text_and_leaves_ctrl_c_its_way(answering: Chat, simulator: Simulator) -> None:
    text = "\n".join(f"{number} {'paste ' * 20}".rstrip() for number in range(100))
    answering.type(pasted(text))
    answering.type(CTRL_C)
    answering.wait(lambda: "99 paste" in answering.everything)
    assert asked(simulator) == ["tell"]
    answering.ask("")
    assert asked(simulator) == ["tell", text]


def test_ctrl_d_typed_meanwhile_leaves_after_the_answer(answering: Chat, simulator: Simulator) -> None:
    answering.type(CTRL_D)
    time.sleep(0.2)
    assert answering.process.poll() is None
    simulator.release()
    assert answering.ended() == 0
    assert "Once upon a time." in answering.everything


def test_stopped_and_continued_in_mid_answer(answering: Chat, simulator: Simulator) -> None:
    found = answering.modes()
    os.kill(answering.process.pid, signal.SIGTSTP)
    state = Path(f"/proc/{answering.process.pid}/stat")
    if not state.exists():
        pytest.skip("there is no /proc to see a stopped process in")
    until(lambda: state.read_text().rpartition(")")[2].split()[0] == "T")
    assert answering.modes() != found  # the shell gets its terminal as it was
    os.kill(answering.process.pid, signal.SIGCONT)
    until(lambda: answering.modes() == found)
    answering.type(f"after{ENTER}")
    simulator.release()
    answering.wait_for("Answered.")
    # What was on the screen stays, and the rest goes on below: the shell may have written in between.
    assert "".join(answering.everything.split()).count("Onceuponatime.") == 1
    assert asked(simulator) == ["tell", "after"]


def test_resize_in_mid_answer(answering: Chat, simulator: Simulator) -> None:
    answering.resize(100, 24)
    time.sleep(0.2)
    answering.resize(60, 24)
    time.sleep(0.2)
    simulator.release()
    answering.wait_for_prompt()
    assert answering.everything.count("Once upon a time.") == 1
