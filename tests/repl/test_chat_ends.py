"""How a chat ends: with its code, with everything saved, and with the terminal as it was."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gigachat_cli.simulator import Simulator

from ..conftest import Program, Result
from ..terminal import CTRL_D, ENTER, Chat

Start = Callable[..., Chat]


def turns(gigachat: Program) -> list[dict[str, Any]]:
    """The turns of the session written last, as the history shows them."""
    listed = json.loads(gigachat("history", "list", "--json").out)
    found: list[dict[str, Any]] = json.loads(gigachat("history", "show", listed[0]["id"], "--json").out)["history"]
    return found


def begun(chat: Start, simulator: Simulator) -> Chat:
    """A chat with one whole turn, in the middle of the second."""
    simulator.answer = "Answered."
    evening = chat()
    evening.wait_for_prompt()
    evening.ask("one")
    simulator.answer = ["Once ", "upon ", "a time."]
    simulator.faults.add("stall", after=2)
    evening.type("two" + ENTER)
    evening.wait_for("Once upon")
    return evening


@pytest.mark.parametrize("leave", [CTRL_D, f"/quit{ENTER}", f"exit{ENTER}", f".quit{ENTER}", f"QUIT{ENTER}"])
def test_leaving_is_code_0_and_gives_the_terminal_back(chat: Start, simulator: Simulator, leave: str) -> None:
    simulator.answer = "Answered."
    evening = chat()
    found = evening.modes()
    evening.wait_for_prompt()
    evening.ask("one")
    evening.type(leave)
    assert evening.ended() == 0
    assert evening.modes() == found
    assert evening.raw.rindex(b"\x1b[?2004l") > evening.raw.rindex(b"\x1b[?2004h")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("where", ["at the prompt", "in mid-answer"])
def test_signal_leaves_with_everything_saved(
    chat: Start, simulator: Simulator, gigachat: Program, number: signal.Signals, code: int, where: str
) -> None:
    evening = begun(chat, simulator)
    if where == "at the prompt":
        simulator.release()
        evening.wait(lambda: evening.prompts == 3)
    evening.process.send_signal(number)
    assert evening.ended() == code
    assert evening.raw.rindex(b"\x1b[?2004l") > evening.raw.rindex(b"\x1b[?2004h")
    first, second = turns(gigachat)
    assert (first["state"], first["answer"]["text"]) == ("complete", "Answered.")
    if where == "at the prompt":
        assert (second["state"], second["answer"]["text"]) == ("complete", "Once upon a time.")
    else:
        assert (second["state"], second["answer"]["text"]) == ("partial", "Once upon ")


@pytest.mark.parametrize("where", ["at the prompt", "in mid-answer"])
def test_closed_terminal_leaves_with_everything_saved(
    chat: Start, simulator: Simulator, gigachat: Program, where: str
) -> None:
    evening = begun(chat, simulator)
    if where == "at the prompt":
        simulator.release()
        evening.wait(lambda: evening.prompts == 3)
    evening.hang_up()
    assert evening.ended() == 129
    second = turns(gigachat)[1]
    expected = ("complete", "Once upon a time.") if where == "at the prompt" else ("partial", "Once upon ")
    assert (second["state"], second["answer"]["text"]) == expected


def test_killed_in_mid_answer_the_turn_is_there_and_marked(
    chat: Start, simulator: Simulator, gigachat: Program
) -> None:
    evening = begun(chat, simulator)
    time.sleep(1)
    evening.process.kill()
    evening.process.wait()
    first, second = turns(gigachat)
    assert first["state"] == "complete"
    assert (second["state"], second["answer"]["text"]) == ("partial", "Once upon ")
    assert second["problem"]["code"] == "interrupted"
    simulator.answer = "Answered."
    evening = chat("-c")
    evening.wait_for_prompt()
    assert "The answer is not complete. /continue goes on with it." in evening.everything
    evening.ask("three")
    sent = [message["content"] for message in simulator.calls("chat")[-1].json["messages"]]
    assert sent == ["one", "Answered.", "two", "Once upon ", "three"]


def refused(result: Result) -> None:
    assert (result.code, result.out) == (2, "")
    assert result.err.count("\n") == 2
    assert "gigachat ask" in result.err


def test_without_a_terminal_it_points_to_ask(gigachat: Program, simulator: Simulator) -> None:
    refused(gigachat("chat"))
    refused(gigachat("chat", stdin="hello\n"))
    refused(gigachat("chat", "hello"))
    assert simulator.requests == []


def test_old_conversation_that_cannot_be_read_is_refused(chat: Start, simulator: Simulator, gigachat: Program) -> None:
    for words in (("-c",), ("-S", "name")):
        evening = chat(*words, environment={"GIGACHAT_DATA_DIR": "/proc/none"})
        assert evening.ended() == 2
        assert evening.everything.startswith("gigachat: ")
    evening = chat("-c", "-S", "name")
    assert evening.ended() == 2
    evening = chat("-c")
    assert evening.ended() == 2
    assert "There is no conversation to continue." in evening.everything


def test_broken_history_is_set_aside_and_an_old_conversation_is_refused(
    chat: Start, simulator: Simulator, home: Path
) -> None:
    simulator.answer = "Answered."
    file = home / "data" / "history.db"
    file.parent.mkdir()
    file.write_bytes(b"no database " * 1000)
    evening = chat("-c")
    assert evening.ended() == 2
    for each in file.parent.iterdir():
        each.unlink()
    file.write_bytes(b"no database " * 1000)
    evening = chat()
    evening.wait_for_prompt()
    evening.ask("one")
    evening.ask("two")
    assert evening.everything.count("The history was broken") == 1
    assert evening.leave() == 0
