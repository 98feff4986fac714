"""Functions in a chat: `--functions`, `/functions`, and the question before one runs."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gigachat_cli.simulator import Simulator

from ..conftest import Program
from ..terminal import CTRL_C, CTRL_D, ENTER, Chat

SOURCE = '''
import os
import time


def weather(city: str) -> dict:
    """Tell the weather.

    At some length.
    """
    print("looking at", city)
    return {"city": city}


def clock() -> str:
    """Tell the time."""
    return "12:00"


def sleep(mark: str) -> None:
    """Sleep."""
    open(mark, "w").write(str(os.getpid()))
    time.sleep(60)
'''
ROUNDS: list[Any] = [("weather", {"city": "Пермь"}), ("clock", {}), ("weather", {"city": "Омск"}), "All done."]
QUESTION = "[n]ever:"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "made.py"
    path.write_text(SOURCE, encoding="utf-8")
    return path


def results(simulator: Simulator) -> list[dict[str, Any]]:
    body: Any = simulator.calls("chat")[-1].json
    return [json.loads(each["content"]) for each in body["messages"] if each["role"] == "function"]


def answer_questions(evening: Chat, *typed: str) -> None:
    for number, each in enumerate(typed, start=1):
        evening.wait(lambda: evening.everything.count(QUESTION) == number, f"question {number}")  # noqa: B023
        evening.type(each)


def test_a_person_is_asked_in_a_chat(
    chat: Callable[..., Chat], gigachat: Program, simulator: Simulator, file: Path
) -> None:
    simulator.plan = list(ROUNDS)
    evening = chat("--functions", str(file))
    evening.wait_for_prompt()
    evening.type("What is it like?" + ENTER)
    answer_questions(evening, "ax\x7f" + ENTER, "n" + ENTER)
    evening.wait_for("All done.")
    evening.wait_for_prompt()
    assert results(simulator) == [{"city": "Пермь"}, {"error": "The user does not allow this call."}, {"city": "Омск"}]
    assert evening.everything.count('The model calls weather(city="Пермь")') == 1
    assert "looking at Омск" in evening.everything
    # Decisions hold for the chat; the next question goes on with the calls.
    simulator.plan = [("weather", {"city": "Уфа"}), ("clock", {}), "Again."]
    evening.ask("And there?")
    assert evening.everything.count(QUESTION) == 2
    assert [("error" in each) for each in results(simulator)] == [False, True, False, False, True]
    assert evening.leave() == 0
    (kept,) = json.loads(gigachat("history", "export", "--format", "json").out)
    roles = [[each["role"] for each in turn["messages"]] for turn in kept["history"]]
    assert roles == [["user", *["assistant", "function"] * count, "assistant"] for count in (3, 2)]


def test_approved_functions_run_without_a_question(chat: Callable[..., Chat], simulator: Simulator, file: Path) -> None:
    simulator.plan = list(ROUNDS)
    evening = chat("hi", "--functions", str(file), "--approve", "weather,clock")
    evening.wait_for("All done.")
    evening.wait_for_prompt()
    assert QUESTION not in evening.everything
    assert len(results(simulator)) == 3


def test_functions_are_listed_loaded_and_forgotten(
    chat: Callable[..., Chat], simulator: Simulator, file: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def f(:\n")
    evening = chat()
    evening.wait_for_prompt()
    evening.ask("/functions")
    assert "There are no functions." in evening.everything
    evening.ask(f"/functions {file}")
    assert [line.split() for line in evening.everything.splitlines() if "Tell the time." in line] == [
        ["clock", "Tell", "the", "time."]
    ]
    assert "At some length" not in evening.everything
    evening.ask(f"/functions {bad}")
    assert "line 1: invalid syntax" in evening.everything.replace("\n  ", " ")
    simulator.plan = ["One."]
    evening.ask("hi")
    body: Any = simulator.calls("chat")[-1].json
    assert [each["name"] for each in body["functions"]] == ["weather", "clock", "sleep"]
    evening.ask("/functions off")
    evening.ask("hi again")
    body = simulator.calls("chat")[-1].json
    assert "functions" not in body
    assert evening.leave() == 0


def test_functions_outlive_a_new_session(chat: Callable[..., Chat], simulator: Simulator, file: Path) -> None:
    evening = chat("--functions", str(file), "--approve", "all")
    evening.wait_for_prompt()
    evening.ask("/clear")
    simulator.plan = [("clock", {}), "Noon."]
    evening.ask("hi")
    assert results(simulator) == [{"result": "12:00"}]


def test_ctrl_c_ends_a_function_and_the_chat_lives(
    chat: Callable[..., Chat], simulator: Simulator, file: Path, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    simulator.plan = [("sleep", {"mark": str(mark)})]
    evening = chat("--functions", str(file), "--approve", "all")
    evening.wait_for_prompt()
    evening.type("hi" + ENTER)
    evening.wait(lambda: mark.exists() and mark.read_text(), "the function")
    evening.type(CTRL_C)
    evening.wait_for("Stopped before an answer came.")
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)
    simulator.plan = [("clock", {}), "Noon."]
    evening.ask("again")
    evening.wait(lambda: results(simulator) == [{"result": "12:00"}], "the result")
    assert evening.leave() == 0


@pytest.mark.parametrize("key", [CTRL_C, CTRL_D])
def test_the_question_can_be_left(key: str, chat: Callable[..., Chat], simulator: Simulator, file: Path) -> None:
    simulator.plan = [("clock", {}), "Noon."]
    evening = chat("--functions", str(file))
    evening.wait_for_prompt()
    evening.type("hi" + ENTER)
    evening.wait_for(QUESTION)
    evening.type(key)
    if key == CTRL_C:
        evening.wait_for("Stopped before an answer came.")
        assert len(simulator.calls("chat")) == 1
    else:
        evening.wait_for("Noon.")
        assert results(simulator) == [{"error": "The user does not allow this call."}]
    evening.wait_for_prompt()
    simulator.plan = []
    evening.ask("/info")
    assert evening.leave() == 0


def test_keys_typed_before_the_question_do_not_answer_it(
    chat: Callable[..., Chat], simulator: Simulator, file: Path
) -> None:
    simulator.faults.add("slow", seconds=1)
    simulator.plan = [("clock", {}), "Noon."]
    evening = chat("--functions", str(file))
    evening.wait_for_prompt()
    evening.type("hi" + ENTER)
    simulator.wait_for(1, "chat")
    evening.type("a")
    evening.wait_for(QUESTION)
    time.sleep(0.2)
    assert evening.cursor_line.endswith(QUESTION)
    evening.type("n" + ENTER)
    evening.wait_for("Noon.")
    evening.wait(lambda: evening.cursor_line == "› a", "what was typed ahead")


def test_a_bad_file_keeps_the_chat_from_starting(chat: Callable[..., Chat], simulator: Simulator) -> None:
    evening = chat("--functions", "none.py")
    assert evening.ended() == 2
    assert "none.py could not be read" in evening.everything


def test_ctrl_c_stops_a_file_that_does_not_load(
    chat: Callable[..., Chat], simulator: Simulator, tmp_path: Path
) -> None:
    endless = tmp_path / "endless.py"
    endless.write_text("print('here', flush=True)\nwhile True: pass\n")
    evening = chat()
    evening.wait_for_prompt()
    evening.type(f"/functions {endless}" + ENTER)
    evening.wait(lambda: "\nhere" in evening.everything, "the load")
    evening.type(CTRL_C)
    evening.wait_for("Stopped.")
    evening.wait_for_prompt()
    assert evening.leave() == 0


def test_the_question_in_a_chat_bears_a_word_and_shows_all(
    chat: Callable[..., Chat], simulator: Simulator, file: Path
) -> None:
    city = "".join(f"<{number}>" for number in range(1000))
    evening = chat("--raw")
    evening.wait_for_prompt()
    evening.ask(f"/functions {file}")
    (word,) = re.findall(r"begins with this word:\s+([a-z]{4}-[a-z]{4})", evening.everything)
    simulator.plan = [("weather", {"city": city}), "All done."]
    evening.type("hi" + ENTER)
    evening.wait_for("characters hidden; v shows all.")
    evening.wait_for("[v]iew all, [n]ever:")
    evening.type("v" + ENTER)
    evening.wait(lambda: "<999>" in evening.everything.replace("\n", ""), "the whole call")
    evening.type("n" + ENTER)
    evening.wait_for("All done.")
    marked = [line for line in evening.everything.splitlines() if line.startswith(f" {word} ")]
    assert len(marked) > 60
    assert results(simulator) == [{"error": "The user does not allow this call."}]
    assert evening.leave() == 0


def test_always_ends_with_the_process_that_it_was_said_of(
    chat: Callable[..., Chat], simulator: Simulator, file: Path, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    simulator.plan = [("clock", {}), ("sleep", {"mark": str(mark)})]
    evening = chat("--functions", str(file))
    evening.wait_for_prompt()
    evening.type("hi" + ENTER)
    answer_questions(evening, "a" + ENTER, "a" + ENTER)
    evening.wait(lambda: mark.exists() and mark.read_text(), "the function")
    evening.type(CTRL_C)
    evening.wait_for("Stopped before an answer came.")
    simulator.plan = [("clock", {}), "Noon."]
    evening.wait_for_prompt()
    evening.type("again" + ENTER)
    evening.wait(lambda: evening.everything.count(QUESTION) == 3, "the question")
    assert "The process of made.py has ended" in evening.everything
    evening.type("o" + ENTER)
    evening.wait_for("Noon.")
    assert results(simulator) == [{"result": "12:00"}]


def test_a_call_that_nobody_can_run_leaves_a_chat_that_goes_on(
    chat: Callable[..., Chat], gigachat: Program, simulator: Simulator
) -> None:
    evening = chat()
    evening.wait_for_prompt()
    evening.ask('/set functions [{"name": "f", "parameters": {"type": "object", "properties": {}}}]')
    simulator.plan = [("f", {}), "All done."]
    evening.ask("one")
    evening.ask("two")
    evening.wait_for("All done.")
    body: Any = simulator.calls("chat")[-1].json
    assert [each["role"] for each in body["messages"]] == ["user"]
    assert evening.leave() == 0
    (kept,) = json.loads(gigachat("history", "export", "--format", "json").out)
    assert kept["history"][0]["messages"][-1]["function_call"] == {"name": "f", "arguments": {}}
    assert gigachat("ask", "-S", kept["id"], "three").code == 0
