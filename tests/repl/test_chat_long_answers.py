"""An old answer of a megabyte is drawn again in steps: Ctrl-C leaves it, and the chat goes on."""

from __future__ import annotations

import time
from collections.abc import Callable

from gigachat_cli.simulator import Simulator

from ..conftest import Program
from .evening import Evening

MOST = 1.0  # seconds; twice what is promised, for a machine under load


def test_ctrl_c_leaves_an_old_answer_that_is_drawn_again(
    gigachat: Program, simulator: Simulator, chat: Callable[..., Evening]
) -> None:
    simulator.answer = "".join(f"line {number}\n" for number in range(100_000))
    assert gigachat("ask", "long", "-S", "old").code == 0
    simulator.answer = "short"
    evening = chat()
    evening.wait_for_prompt()
    for number, command in enumerate(("/session old", "/history"), start=1):
        evening.type(f"{command}\r")
        time.sleep(0.5)
        began = time.monotonic()
        evening.type("\x03")
        evening.wait(lambda number=number: evening.everything.count("Stopped.") >= number)  # type: ignore[misc]  # lambda
        assert time.monotonic() - began < MOST
        evening.wait_for_prompt()
    evening.ask("hello")
    assert "short" in evening.said
