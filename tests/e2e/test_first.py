from __future__ import annotations

from gigachat_cli.simulator import Simulator

from ..conftest import Program


def test_an_answer_is_printed(gigachat: Program, simulator: Simulator) -> None:
    simulator.answer = "Hello there."
    result = gigachat("ask", "hi")
    assert (result.out, result.err, result.code) == ("Hello there.\n", "", 0)
