"""What a chat says by itself: its first line, its menu, what a slip of the finger meant, and how to come back."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gigachat_cli.repl.commands import COMMANDS, GROUPS
from gigachat_cli.simulator import Simulator

from ..terminal import CTRL_C, CTRL_D, ENTER, ESCAPE, TAB, UP, Chat
from .test_chat_editing import asked

Start = Callable[..., Chat]
DOWN = "\x1b[B"


@pytest.fixture(autouse=True)
def short(simulator: Simulator) -> None:
    simulator.answer = "Answered."


def test_first_line_is_one_and_names_the_two_things_to_know(chat: Start) -> None:
    evening = chat("--model", "GigaChat-2-Pro")
    evening.wait_for_prompt()
    assert evening.lines[:2] == ["GigaChat-2-Pro · /help lists the commands · Ctrl-D leaves", "›"]
    assert evening.leave() == 0
    assert "gigachat chat" not in evening.everything  # nothing was recorded


def test_quiet_says_neither_welcome_nor_farewell(chat: Start) -> None:
    evening = chat("--quiet")
    evening.wait_for_prompt()
    assert evening.lines[0] == "›"
    evening.ask("one")
    assert evening.leave() == 0
    assert "gigachat chat" not in evening.everything


@pytest.mark.parametrize("leave", [CTRL_D, f"/quit{ENTER}"])
def test_leaving_says_how_to_come_back(chat: Start, leave: str) -> None:
    evening = chat()
    evening.wait_for_prompt()
    evening.ask("one")
    evening.type(leave)
    assert evening.ended() == 0
    assert evening.everything.splitlines()[-1] == "gigachat chat -c goes on with this conversation."
    again = chat("-c")
    again.wait_for("1 answered question")


def test_leaving_a_named_session_says_its_name(chat: Start) -> None:
    evening = chat("-S", "вечер")
    evening.wait_for_prompt()
    evening.ask("one")
    assert evening.leave() == 0
    assert evening.everything.splitlines()[-1] == "gigachat chat -S вечер goes on with this conversation."


@pytest.mark.parametrize("case", ["not recorded", "no answer", "taken back"])
def test_leaving_says_nothing_where_there_is_nothing_to_come_back_to(
    chat: Start, simulator: Simulator, case: str
) -> None:
    evening = chat(*(["--no-log"] if case == "not recorded" else []), environment={"GIGACHAT_MAX_RETRIES": "0"})
    evening.wait_for_prompt()
    if case == "no answer":
        simulator.faults.add("500")
    evening.ask("one")
    if case == "taken back":
        evening.ask("/undo")
    assert evening.leave() == 0
    assert "goes on with" not in evening.everything


def test_slash_opens_the_menu_while_typing_and_a_question_does_not(chat: Start, simulator: Simulator) -> None:
    evening = chat()
    evening.wait_for_prompt()
    evening.type("/")
    evening.wait_for("Ask the question again")
    evening.type("mu")
    evening.wait(lambda: "Ask the question again" not in evening.everything)
    assert "/multiline  Swap Enter and Alt-Enter" in evening.everything
    evening.type(DOWN)
    evening.wait(lambda: evening.cursor_line == "› /multiline")
    evening.type(ENTER)  # takes it, the next one runs it
    evening.wait(lambda: "/multiline  Swap" not in evening.everything)
    evening.type(CTRL_C)
    evening.wait(lambda: evening.cursor_line == "›")
    evening.type("half /")
    evening.wait(lambda: evening.cursor_line == "› half /")
    time.sleep(0.2)
    assert "Ask the question again" not in evening.everything
    evening.ask("")
    assert asked(simulator) == ["half /"]


def test_older_lines_come_back_beside_the_menu(chat: Start) -> None:
    evening = chat()
    evening.wait_for_prompt()
    evening.ask("/info")
    evening.ask("one")
    evening.type(UP + UP)
    evening.wait(lambda: evening.cursor_line == "› /info")


@pytest.mark.parametrize("rows", [5, 8])
def test_menu_on_a_low_terminal(chat: Start, rows: int) -> None:
    evening = chat(rows=rows)
    evening.wait_for_prompt()
    evening.type("/")
    evening.wait_for("List or explain commands")
    assert "too small" not in evening.everything


def test_every_command_is_in_one_group() -> None:
    assert sorted(name for _, names in GROUPS for name in names) == sorted(COMMANDS)


def test_slip_in_a_field_is_told_and_quotes_take_it_as_it_stands(chat: Start, simulator: Simulator) -> None:
    evening = chat()
    evening.wait_for_prompt()
    for typed, meant in (("temprature 0.3", "temperature"), ("Max_Tokens=5", "max_tokens"), ("top-p 1", "top_p")):
        evening.ask(f"/set {typed}")
        assert f"Did you mean {meant}?" in evening.said
    evening.ask('/set "temprature" 0.3')
    evening.ask("/set user_tag x")
    evening.ask("one")
    sent = simulator.calls("chat")[-1].json
    assert (sent["temprature"], sent["user_tag"]) == (0.3, "x")
    assert "temperature" not in sent
    evening.ask("/set temprature off")  # one that is set is known
    assert "Did you mean" not in evening.said


def test_slip_in_a_session_is_told_and_begins_none(chat: Start) -> None:
    evening = chat("-S", "winter")
    evening.wait_for_prompt()
    evening.ask("one")
    evening.ask("/session wintre")
    assert "There is no session 'wintre'." in evening.said
    assert "Did you mean winter?" in evening.said
    evening.ask("/sessions")
    assert "wintre" not in evening.said
    evening.ask('/session "wintre"')
    assert "Session wintre" in evening.said
    evening.ask("/session лето")
    assert "Session лето" in evening.said


def test_editor_comes_back_to_the_line_and_sends_nothing(chat: Start, simulator: Simulator, home: Path) -> None:
    editor = home / "editor"
    editor.write_text('#!/bin/sh\nprintf "%s, дополнено\nи ещё" "$(cat "$1")" > "$1"\n')
    editor.chmod(0o700)
    evening = chat(environment={"VISUAL": str(editor)})
    evening.wait_for_prompt()
    evening.type("draft\x18\x05")
    evening.wait_for("и ещё")
    time.sleep(0.2)
    assert asked(simulator) == []
    evening.ask("!")
    assert asked(simulator) == ["draft, дополнено\nи ещё!"]


def test_editor_that_fails_is_told_and_the_line_stays(chat: Start, simulator: Simulator) -> None:
    evening = chat(environment={"VISUAL": "/nonexistent/editor"})
    evening.wait_for_prompt()
    evening.type("draft\x18\x05")
    evening.wait_for("could not be started")
    evening.wait(lambda: evening.cursor_line == "› draft")
    evening.ask("")
    assert asked(simulator) == ["draft"]


def test_vi_mode_is_seen(chat: Start) -> None:
    evening = chat(environment={"GIGACHAT_EDIT_MODE": "vi"})
    evening.wait_for_prompt()
    evening.wait_for("insert · ")
    evening.type(f"word{ESCAPE}")
    evening.wait_for("normal · ")
    evening.type("R")
    evening.wait_for("replace · ")


def test_dumb_terminal_gets_the_same_words_without_escapes(chat: Start) -> None:
    evening = chat(environment={"TERM": "dumb"})
    evening.wait_for("›")
    evening.type("/help" + ENTER)
    evening.wait_for("Ask the question again")
    evening.type("one" + ENTER)
    evening.wait_for("Answered.")
    evening.wait(lambda: evening.everything.count("›") == 3)
    assert evening.leave() == 0
    assert "goes on with this conversation." in evening.everything
    assert not re.search(rb"\x1b", evening.raw)


def test_tab_completes_what_the_menu_shows(chat: Start) -> None:
    evening = chat()
    evening.wait_for_prompt()
    evening.type("/mul")
    evening.wait_for("/multiline  Swap")
    evening.type(TAB)
    evening.wait(lambda: evening.cursor_line == "› /multiline")
