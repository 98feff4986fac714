"""The line that is typed: what sends, what does not, and what comes back."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gigachat_cli.simulator import Simulator

from ..terminal import ALT_ENTER, CTRL_C, CTRL_J, ENTER, ESCAPE, TAB, UP, Chat, pasted

Start = Callable[..., Chat]


def asked(simulator: Simulator) -> list[str]:
    """The questions that arrived, each the last message of its request."""
    return [request.json["messages"][-1]["content"] for request in simulator.calls("chat")]


@pytest.fixture(autouse=True)
def short(simulator: Simulator) -> None:
    simulator.answer = "Answered."


def test_enter_sends_and_alt_enter_and_ctrl_j_begin_a_line(chat: Start, simulator: Simulator) -> None:
    evening = chat()
    evening.wait_for_prompt()
    evening.ask(f"one{ALT_ENTER}two{CTRL_J}three")
    assert asked(simulator) == ["one\ntwo\nthree"]
    assert evening.leave() == 0


def test_paste_of_thirty_lines_never_sends(chat: Start, simulator: Simulator) -> None:
    text = "\n".join(f"line {number} of a paste" for number in range(30))
    evening = chat()
    evening.wait_for_prompt()
    evening.type(pasted(text))
    evening.wait_for("line 29")
    assert asked(simulator) == []
    evening.ask("")
    assert asked(simulator) == [text]


def test_three_quotes_open_a_block_whose_text_is_never_a_command(chat: Start, simulator: Simulator) -> None:
    evening = chat()
    evening.wait_for_prompt()
    evening.ask(f'"""{ENTER}/etc/hosts{ENTER}{ENTER}  and more{ENTER}"""')
    assert asked(simulator) == ["/etc/hosts\n\n  and more"]


def test_multiline_swaps_enter_and_alt_enter(chat: Start, simulator: Simulator) -> None:
    evening = chat()
    evening.wait_for_prompt()
    evening.type(f"/multiline{ENTER}")
    evening.wait_for("Alt-Enter sends")
    evening.wait_for_prompt()
    before = evening.prompts
    evening.type(f"one{ENTER}two{ALT_ENTER}")
    evening.wait(lambda: evening.prompts > before)
    assert asked(simulator) == ["one\ntwo"]


def test_ctrl_c_clears_the_line_and_on_an_empty_one_hints_at_ctrl_d(chat: Start, simulator: Simulator) -> None:
    evening = chat()
    evening.wait_for_prompt()
    evening.type("never sent")
    evening.wait_for("never sent")
    evening.type(CTRL_C)
    evening.wait(lambda: evening.cursor_line == "›")
    evening.type(CTRL_C)
    evening.wait_for("Ctrl-D or /quit leaves.")
    evening.type("a")
    evening.wait(lambda: "Ctrl-D or" not in evening.everything)
    evening.ask("sk")
    assert asked(simulator) == ["ask"]


def test_input_history_is_shared_private_and_comes_back(chat: Start, home: Path) -> None:
    first, second = chat(), chat()
    for evening, word in ((first, "morning"), (second, "evening")):
        evening.wait_for_prompt()
        evening.ask(f"good {word}")
    assert (first.leave(), second.leave()) == (0, 0)
    kept = home / "data" / "input_history"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert [json.loads(line) for line in kept.read_text().splitlines()] == ["good morning", "good evening"]
    third = chat()
    third.wait_for_prompt()
    time.sleep(0.2)
    third.type(UP)
    third.wait(lambda: third.cursor_line == "› good evening")
    third.type(UP)
    third.wait(lambda: third.cursor_line == "› good morning")


def test_ctrl_r_searches_and_the_suggestion_is_taken(chat: Start, simulator: Simulator, home: Path) -> None:
    (home / "data").mkdir()
    (home / "data" / "input_history").write_text('"how tall is the tower"\n"what is a fjord"\n')
    evening = chat()
    evening.wait_for_prompt()
    time.sleep(0.2)
    evening.type("\x12tall")
    evening.wait_for("how tall is the tower")
    evening.ask(ENTER)
    evening.type("what")
    evening.wait_for("what is a fjord")
    evening.ask("\x1b[C")
    assert asked(simulator) == ["how tall is the tower", "what is a fjord"]


def test_tab_completes_commands_models_sessions_and_files(chat: Start, home: Path) -> None:
    (home / "config").mkdir()
    (home / "config" / "models.json").write_text(
        '{"accounts": {"a": {"at": 1, "models": [["GigaChat-2-Max", "chat"], ["GigaChat-2-Pro", "chat"]]}}}'
    )
    (home / "notes.md").write_text("Be brief.")
    evening = chat("-S", "winter")
    evening.wait_for_prompt()
    for typed, full in (
        ("/mul", "/multiline"),
        ("/model GigaChat-2-M", "/model GigaChat-2-Max"),
        ("/session w", "/session winter"),
        ("/system @no", "/system @notes.md"),
        ("/help ret", "/help retry"),
        (".hist", ".history"),
    ):
        evening.type(typed + TAB)
        evening.wait(lambda full=full: evening.cursor_line.startswith(f"› {full}"), full)  # type: ignore[misc]  # lambda
        evening.type(CTRL_C)
        evening.wait(lambda: evening.cursor_line == "›")
    evening.type("/" + TAB)
    evening.wait_for("List or explain commands")


def test_ctrl_x_ctrl_e_opens_the_editor(chat: Start, simulator: Simulator, home: Path) -> None:
    editor = home / "editor"
    editor.write_text('#!/bin/sh\nprintf "%s, edited" "$(cat "$1")" > "$1"\n')
    editor.chmod(0o700)
    evening = chat(environment={"VISUAL": str(editor)})
    evening.wait_for_prompt()
    evening.type("draft\x18\x05")
    evening.wait(lambda: "draft, edited" in evening.cursor_line)
    evening.ask("")
    assert asked(simulator) == ["draft, edited"]


def test_ctrl_l_clears_the_screen_and_keeps_the_line(chat: Start) -> None:
    evening = chat()
    evening.wait_for_prompt()
    evening.ask("first")
    evening.type("half a li\x0c")
    evening.wait(lambda: evening.lines[0] == "› half a li")


def test_vi_keys(chat: Start, simulator: Simulator) -> None:
    evening = chat(environment={"GIGACHAT_EDIT_MODE": "vi"})
    evening.wait_for_prompt()
    before = evening.prompts
    evening.type(f"wrong words{ESCAPE}")
    time.sleep(0.6)
    evening.type("0")
    time.sleep(0.1)
    evening.type("cwright")
    time.sleep(0.1)
    evening.type(ALT_ENTER)
    evening.type(f"more{ESCAPE}")
    time.sleep(0.1)
    evening.type(ENTER)  # Escape and then Enter are two keys, and Enter sends
    evening.wait(lambda: evening.prompts > before)
    assert asked(simulator) == ["right\nmorewords"]


def test_very_long_line_and_resize_at_the_prompt(chat: Start, simulator: Simulator) -> None:
    text = "длинная строка " * 60
    evening = chat(columns=60, rows=20)
    evening.wait_for_prompt()
    evening.type(text)
    evening.wait(lambda: "строка" in evening.cursor_line)
    evening.resize(100, 24)
    time.sleep(0.3)
    evening.type("конец")
    evening.wait_for("конец")
    evening.ask("")
    assert asked(simulator) == [text + "конец"]


def test_dumb_terminal_converses_without_escapes(chat: Start, simulator: Simulator) -> None:
    evening = chat(environment={"TERM": "dumb"})
    evening.wait_for("›")
    evening.type("hello" + ENTER)
    evening.wait_for("Answered.")
    evening.wait(lambda: evening.everything.count("›") == 2)
    evening.type("and again" + ENTER)
    evening.wait(lambda: evening.everything.count("Answered.") == 2)
    assert evening.leave() == 0
    assert asked(simulator) == ["hello", "and again"]
    assert b"\x1b" not in evening.raw


def test_no_warning_of_a_library_is_shown_where_the_cursor_is_not_told(chat: Start) -> None:
    evening = chat(answers_cursor=False)
    evening.wait_for_prompt()
    time.sleep(2.3)  # the library warns after two seconds
    evening.type("hello" + ENTER)
    evening.wait_for("Answered.")
    assert b"WARNING" not in evening.raw
    assert evening.leave() == 0


def test_no_color_shows_no_color(chat: Start, simulator: Simulator) -> None:
    simulator.answer = "# Head\n\n`code` and **strong**\n\n```python\nx = 1\n```\n"
    evening = chat(environment={"NO_COLOR": "1"})
    evening.wait_for_prompt()
    evening.ask("colours")
    evening.ask("/nonsense")
    assert not re.search(rb"\x1b\[[0-9;]*\b(3[0-8]|4[0-8]|9[0-7])(;[0-9;]*)?m", evening.raw)


def test_words_are_the_first_turn_and_stay_reachable(chat: Start, simulator: Simulator) -> None:
    evening = chat("/etc/hosts", "is", "what?")
    evening.wait_for("Answered.")
    evening.wait_for_prompt()
    time.sleep(0.2)
    evening.type(UP)
    evening.wait(lambda: evening.cursor_line == "› /etc/hosts is what?")
    assert asked(simulator) == ["/etc/hosts is what?"]


def test_unwritable_input_history_costs_one_line(chat: Start, home: Path) -> None:
    (home / "data").mkdir()
    (home / "data" / "input_history").mkdir()
    evening = chat()
    evening.wait_for_prompt()
    evening.ask("one")
    evening.ask("two")
    assert evening.everything.count("could not be used") == 1
    assert os.path.isdir(home / "data" / "input_history")
    assert evening.leave() == 0
