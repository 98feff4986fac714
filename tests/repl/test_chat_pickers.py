"""The lists of `/model` and `/session`: to move in, to filter, to leave; and what fills them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gigachat_cli.messages import Answer, Message
from gigachat_cli.sessions import open_store
from gigachat_cli.simulator import Simulator, named

from ..terminal import CTRL_C, CTRL_D, ENTER, ESCAPE, TAB, Chat, pasted
from .test_chat_editing import asked

Start = Callable[..., Chat]
DOWN, PAGE_DOWN, END = "\x1b[B", "\x1b[6~", "\x1b[F"
KEYS = "Esc leaves"


@pytest.fixture(autouse=True)
def short(simulator: Simulator) -> None:
    simulator.answer = "Answered."


def many_sessions(home: Path, count: int) -> None:
    with open_store(home / "data" / "history.db") as store:
        for number in range(count):
            session = store.create_session("chat", name=f"day-{number:03}")
            turn = store.begin_turn(session.id, Message("user", f"Вопрос {number} о море"))
            store.finish_turn(turn, Answer(text=f"Ответ {number}.", complete=True))


def opened(evening: Chat, command: str) -> None:
    evening.wait_for_prompt()
    evening.type(command + ENTER)
    evening.wait_for(KEYS)


def closed(evening: Chat) -> None:
    evening.wait(lambda: KEYS not in evening.everything and evening.at_prompt, "the end of the list")


def test_model_is_chosen_from_the_list_of_the_account(chat: Start, simulator: Simulator) -> None:
    evening = chat("--model", "GigaChat-2-Pro")
    opened(evening, "/model")
    assert any(line.startswith("> * GigaChat-2-Pro") for line in evening.lines)
    assert not any("Embeddings" in line for line in evening.lines)
    evening.type("2-max")
    evening.wait(lambda: any(line.startswith(">   GigaChat-2-Max") for line in evening.lines))
    evening.type(ENTER)
    closed(evening)
    assert "Model: GigaChat-2-Max" in evening.everything
    evening.ask("one")
    assert simulator.calls("chat")[-1].json["model"] == "GigaChat-2-Max"


@pytest.mark.parametrize("key", [ESCAPE, CTRL_C, CTRL_D])
def test_leaving_the_list_changes_nothing_and_is_quick(chat: Start, key: str) -> None:
    evening = chat("--model", "GigaChat-2-Pro")
    opened(evening, "/model")
    evening.type(f"max{DOWN}")
    evening.wait(lambda: any(line.endswith(": max") for line in evening.lines))
    began = time.monotonic()
    evening.type(key)
    closed(evening)
    assert time.monotonic() - began < 0.5
    assert "Model: GigaChat-2-Pro" in evening.everything
    assert evening.leave() == 0


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40), (30, 8)])
def test_two_hundred_sessions_fit_the_terminal(
    chat: Start, simulator: Simulator, home: Path, columns: int, rows: int
) -> None:
    many_sessions(home, 200)
    evening = chat("-S", "day-100", columns=columns, rows=rows)
    opened(evening, "/session")
    listed = [line for line in evening.lines if "day-" in line and not line.startswith("Session ")]
    assert 1 <= len(listed) <= min(15, rows - 4)
    assert all(len(line) < columns for line in evening.lines)
    assert any(line.startswith("> *") and "day-100" in line for line in listed)
    evening.type(END)
    evening.wait(lambda: any(line.startswith(">") and "day-000" in line for line in evening.lines))
    evening.type("DAY-11 МОР")  # in any case; words that lie apart, and that no time of day holds
    evening.wait(lambda: any(line.startswith("Sessions (10 of 200)") for line in evening.lines))
    evening.type("\x15" + pasted("море day-123"))
    evening.wait(lambda: any(line.startswith(">") and "day-123" in line for line in evening.lines))
    evening.type(ENTER)
    closed(evening)
    evening.wait(lambda: "Ответ 123." in evening.everything)
    evening.ask("и ещё")
    sent = [message["content"] for message in simulator.calls("chat")[-1].json["messages"]]
    assert sent == ["Вопрос 123 о море", "Ответ 123.", "и ещё"]


def test_nothing_found_says_so_and_enter_waits(chat: Start, home: Path) -> None:
    many_sessions(home, 3)
    evening = chat()
    opened(evening, "/session")
    evening.type("zzz")
    evening.wait_for("Nothing has these words.")
    evening.type(ENTER + "\x7f\x7f\x7f")
    evening.wait(lambda: any(line == "Sessions (3)" for line in evening.lines))
    evening.type(CTRL_C)
    closed(evening)


def test_list_follows_the_size_of_the_terminal(chat: Start, home: Path) -> None:
    many_sessions(home, 40)
    evening = chat()
    opened(evening, "/session")
    evening.resize(60, 10)
    time.sleep(0.3)
    evening.type(PAGE_DOWN + PAGE_DOWN)  # six rows each
    evening.wait(lambda: any(line.startswith(">") and "day-027" in line for line in evening.lines))
    evening.type(ESCAPE)
    evening.wait_for_prompt()


def test_without_sessions_or_escapes_the_list_is_told(chat: Start, home: Path) -> None:
    evening = chat()
    evening.wait_for_prompt()
    evening.ask("/session")
    assert "There is no session yet" in evening.said
    assert evening.leave() == 0
    many_sessions(home, 3)
    evening = chat(environment={"TERM": "dumb"})
    evening.wait_for("›")
    evening.type(f"/session{ENTER}")
    evening.wait_for("/session NAME goes on with one of them.")
    assert "day-002" in evening.everything
    evening.type(f"/model{ENTER}")
    evening.wait_for("GigaChat-2-Max")
    evening.wait_for("Model: ")
    assert b"\x1b" not in evening.raw


def test_list_that_cannot_be_had_is_told_and_what_is_known_is_offered(chat: Start, simulator: Simulator) -> None:
    evening = chat(environment={"GIGACHAT_MAX_RETRIES": "0"})
    evening.wait_for_prompt()
    evening.ask("one")  # the list is known by now
    simulator.faults.add("500", at="models", times=None)
    opened(evening, "/model")
    assert "HTTP 500" in evening.everything
    assert any("GigaChat-2-Max" in line for line in evening.lines)
    evening.type(ESCAPE)
    closed(evening)


def test_list_that_does_not_come_can_be_left_at_once(chat: Start, simulator: Simulator) -> None:
    simulator.faults.add("slow", at="models", seconds=30)
    evening = chat()
    evening.wait_for_prompt()
    evening.type(f"/model{ENTER}")
    simulator.wait_for(1, "models")
    before = evening.prompts
    began = time.monotonic()
    evening.type(CTRL_C)
    evening.wait(lambda: evening.prompts > before)
    assert time.monotonic() - began < 0.5


def test_completion_is_filled_from_the_account_while_typing(chat: Start, simulator: Simulator) -> None:
    simulator.models = named("GigaChat-7-Max", "GigaChat-7-Pro")
    evening = chat("--model", "GigaChat-7-Pro")
    evening.wait_for_prompt()
    evening.type("/model ")
    evening.wait_for("GigaChat-7-Max")
    evening.type("GigaChat-7-M" + TAB)
    evening.wait(lambda: evening.cursor_line == "› /model GigaChat-7-Max")
    assert len(simulator.calls("models")) == 1
    evening.ask("")
    evening.ask("one")
    assert simulator.calls("chat")[-1].json["model"] == "GigaChat-7-Max"


def test_list_that_is_slow_holds_up_neither_typing_nor_a_question(chat: Start, simulator: Simulator) -> None:
    simulator.faults.add("slow", at="models", seconds=30)
    evening = chat("--model", "GigaChat-2-Pro")
    evening.wait_for_prompt()
    evening.type("/model ")
    simulator.wait_for(1, "models")
    began = time.monotonic()
    evening.type("Gi")
    evening.wait(lambda: evening.cursor_line == "› /model Gi")
    evening.type(CTRL_C)
    evening.wait(lambda: evening.cursor_line == "›")
    evening.ask("one")
    assert time.monotonic() - began < 3
    assert asked(simulator) == ["one"]
    assert "gigachat: " not in evening.everything


def test_unknown_model_is_told_with_the_one_that_was_meant(chat: Start, home: Path) -> None:
    (home / "config").mkdir()
    kept = {"accounts": {"a": {"at": 1, "models": [["GigaChat-2-Max", "chat"], ["GigaChat-2-Pro", "chat"]]}}}
    (home / "config" / "models.json").write_text(json.dumps(kept))
    evening = chat()
    evening.wait_for_prompt()
    evening.ask("/model GigaChat-2-Prp")
    assert "did you mean GigaChat-2-Pro?" in " ".join(evening.said.split())
    evening.ask("/model gigachat-2-max")
    assert evening.said.strip() == "Model: GigaChat-2-Max"
