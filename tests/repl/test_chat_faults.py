"""Whatever goes wrong is a line: the chat lives on, and nothing that failed is sent again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from gigachat_cli.simulator import FAULTS, Simulator

from ..conftest import Program
from ..e2e.conftest import Rules
from ..terminal import CTRL_C, ENTER, UP, Chat
from .test_chat_editing import asked

Start = Callable[..., Chat]

HARMLESS = {"401", "misfit", "no-done", "no-finish", "no-usage", "slow", "stall", "length"}
"""Faults after which there is an answer all the same, or one that counts as whole for the conversation."""
QUICK = {"GIGACHAT_MAX_RETRIES": "0", "GIGACHAT_TIMEOUT": "1"}


def roles(simulator: Simulator) -> list[str]:
    """The roles of the last request's messages."""
    return [message["role"] for message in simulator.calls("chat")[-1].json["messages"]]


def contents(simulator: Simulator) -> list[str]:
    return [message["content"] for message in simulator.calls("chat")[-1].json["messages"]]


def test_no_fault_ends_the_chat_or_leaves_a_hole(chat: Start, simulator: Simulator, rules: Rules) -> None:
    evening = chat(environment=QUICK)
    evening.wait_for_prompt()
    simulator.answer = ["First ", "answer."]
    evening.ask("first")
    for name in FAULTS:
        detail: dict[str, Any] = {"to": "https://127.0.0.1:9/"} if name == "redirect" else {}
        if name in ("slow", "stall"):
            detail = {"seconds": 0.1}
        simulator.faults.clear()
        simulator.faults.add(name, **detail)
        before = evening.prompts
        evening.ask(f"with {name}")
        assert evening.prompts == before + 1, name
        simulator.faults.clear()
        evening.ask(f"after {name}")
        sent = roles(simulator)
        assert sent == ["user", "assistant"] * (len(sent) // 2) + ["user"], name
        assert all(content.strip() for content in contents(simulator)), name
        if name not in HARMLESS:
            assert "gigachat: " in evening.everything.rpartition(f"› with {name}")[2].partition("› after")[0], name
    assert "Traceback" not in evening.everything
    rules.no_secret(evening.raw.decode())
    evening.type(UP + UP)
    evening.wait(lambda: evening.cursor_line == f"› with {name}")
    evening.type(CTRL_C)
    assert evening.leave() == 0


def test_failed_question_is_not_sent_again_and_retry_asks_it_once_more(chat: Start, simulator: Simulator) -> None:
    simulator.answer = "Answered."
    evening = chat(environment=QUICK)
    evening.wait_for_prompt()
    evening.ask("one")
    simulator.faults.add("500")
    evening.ask("two")
    evening.ask("three")
    assert contents(simulator) == ["one", "Answered.", "three"]
    simulator.faults.add("500")
    evening.ask("three")
    evening.ask("/retry")
    assert contents(simulator) == ["one", "Answered.", "three", "Answered.", "three"]
    evening.ask("/retry")
    assert contents(simulator) == ["one", "Answered.", "three", "Answered.", "three"]


def test_prompt_too_long_leaves_the_oldest_out_and_keeps_the_history(
    chat: Start, simulator: Simulator, gigachat: Program
) -> None:
    simulator.answer = "word " * 40
    evening = chat("--system", "Stay.")
    evening.wait_for_prompt()
    for number in range(4):
        evening.ask(f"question {number}")
    simulator.context_tokens = 100
    evening.ask("question 4")
    assert "left out." in evening.everything
    assert (contents(simulator)[0], contents(simulator)[-1]) == ("Stay.", "question 4")
    assert "question 0" not in contents(simulator)
    assert evening.leave() == 0
    shown = gigachat("history", "export").out
    assert [f"question {number}" in shown for number in range(5)] == [True] * 5


def test_expired_token_is_renewed_in_mid_evening(chat: Start, simulator: Simulator) -> None:
    simulator.answer = "Answered."
    evening = chat()
    evening.wait_for_prompt()
    evening.ask("one")
    simulator.accounts.forget()
    evening.ask("two")
    assert simulator.oauth_calls == 2
    assert evening.everything.count("Answered.") == 2


def test_one_token_and_one_connection_for_the_whole_evening(chat: Start, simulator: Simulator) -> None:
    simulator.answer = "Answered."
    evening = chat()
    evening.wait_for_prompt()
    for number in range(6):
        evening.ask(f"question {number}")
    assert simulator.oauth_calls == 1
    assert len({request.peer for request in simulator.calls("chat")}) == 1
    assert len({request.headers["X-Session-ID"] for request in simulator.calls("chat")}) == 1


def test_slot_is_free_between_turns(chat: Start, simulator: Simulator, gigachat: Program) -> None:
    simulator.answer = "Answered."
    evening = chat()
    evening.wait_for_prompt()
    evening.ask("one")
    assert gigachat("ask", "meanwhile", timeout=10).out == "Answered.\n"
    evening.ask("two")
    assert simulator.accounts.peak() == 1


def test_ctrl_c_frees_the_connection_and_the_slot_at_once(chat: Start, simulator: Simulator, gigachat: Program) -> None:
    simulator.answer = ["Once ", "upon ", "a time."]
    simulator.faults.add("stall", after=2)
    evening = chat()
    evening.wait_for_prompt()
    evening.type("tell" + ENTER)
    evening.wait_for("Once upon")
    evening.type(CTRL_C)
    evening.wait(lambda: evening.at_prompt and evening.prompts == 2)
    simulator.wait_until_idle(timeout=3)
    simulator.answer = "Answered."
    assert gigachat("ask", "meanwhile", timeout=10).out == "Answered.\n"
    evening.ask("next")
    assert contents(simulator) == ["tell", "Once upon ", "next"]


def test_ctrl_c_before_the_first_chunk_leaves_no_trace_in_the_conversation(chat: Start, simulator: Simulator) -> None:
    simulator.faults.add("slow", seconds=30)
    evening = chat()
    evening.wait_for_prompt()
    evening.type("tell" + ENTER)
    simulator.wait_for(1, "chat")
    evening.wait_for("1 s")
    evening.type(CTRL_C)
    evening.wait_for("Stopped before an answer came.")
    evening.wait(lambda: evening.prompts == 2)
    simulator.answer = "Answered."
    evening.ask("next")
    assert contents(simulator) == ["next"]


def test_waiting_for_another_request_stands_beside_the_spinner(
    chat: Start, simulator: Simulator, gigachat: Program
) -> None:
    simulator.answer = ["Once ", "upon."]
    simulator.faults.add("stall", after=1)
    other = gigachat.start("ask", "hold the place")
    try:
        simulator.wait_for(1, "chat")
        evening = chat()
        evening.wait_for_prompt()
        evening.type("me too" + ENTER)
        evening.wait(lambda: f"s Waiting for gigachat ask (process {other.pid}, since " in evening.cursor_line)
        simulator.release()
        evening.wait(lambda: evening.prompts == 2)
        assert "Waiting for" not in evening.everything
    finally:
        other.communicate(timeout=10)


@pytest.mark.parametrize("words", [(), ("-c",)])
def test_without_a_key_the_chat_says_so_and_lives_on(chat: Start, simulator: Simulator, words: tuple[str, ...]) -> None:
    if words:
        simulator.answer = "Answered."
        first = chat("hello")
        first.wait_for("Answered.")
        first.wait_for_prompt()
        assert first.leave() == 0
    evening = chat(*words, environment={"GIGACHAT_CREDENTIALS": None, "GIGACHAT_CONFIG_DIR": "/nonexistent"})
    evening.wait_for("Log in now? [Y/n]")
    evening.type("n\r")
    evening.wait_for_prompt()
    evening.ask("hello?")
    assert evening.everything.count("There is no authorization key.") == 2
    time.sleep(0.1)
    evening.ask("/info")
    assert evening.leave() == 0


def test_questions_of_an_unwritable_history_are_answered(chat: Start, simulator: Simulator) -> None:
    simulator.answer = "Answered."
    evening = chat(environment={"GIGACHAT_DATA_DIR": "/proc/none"})
    evening.wait_for_prompt()
    evening.ask("one")
    evening.ask("two")
    assert contents(simulator) == ["one", "Answered.", "two"]
    assert evening.everything.count("not recorded") <= 2
    assert asked(simulator) == ["one", "two"]
    assert evening.leave() == 0
