"""Slash commands as a person uses them; what is sent afterwards is what the simulator received."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from gigachat_cli.repl.commands import COMMANDS
from gigachat_cli.simulator import Simulator

from ..conftest import Program
from ..terminal import CTRL_C, ENTER, UP, Chat
from .test_chat_editing import asked
from .test_chat_ends import turns
from .test_chat_faults import QUICK, contents

Start = Callable[..., Chat]


@pytest.fixture
def evening(chat: Start, simulator: Simulator) -> Chat:
    simulator.answer = "Answered."
    evening = chat(environment=QUICK)
    evening.wait_for_prompt()
    return evening


def body(simulator: Simulator) -> dict[str, Any]:
    found: dict[str, Any] = simulator.calls("chat")[-1].json
    return found


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_help_fits_the_terminal(chat: Start, simulator: Simulator, columns: int) -> None:
    evening = chat(columns=columns)
    evening.wait_for_prompt()
    evening.ask("/help")
    listed = [line for line in evening.said.splitlines() if line]
    assert {word for line in listed for word in line.split() if word[1:] in COMMANDS} >= {
        f"/{name}" for name in COMMANDS
    }
    assert all(cell_len(line) < columns for line in listed)
    if columns >= 80:
        assert len(listed) <= 20  # with the line above, the prompt and the toolbar on one screen of 24
    evening.ask("/help set")
    assert "As in: /set temperature 0.3" in " ".join(evening.said.split())


def test_unknown_command_suggests_and_sends_nothing(evening: Chat, simulator: Simulator) -> None:
    evening.ask("/modle")
    assert "There is no command /modle." in evening.said
    assert "Did you mean /model?" in evening.said
    evening.ask("/etc/hosts what is this?")
    assert "There is no command /etc/hosts." in evening.said
    assert "begin it with //" in evening.said
    assert asked(simulator) == []
    evening.type(UP)
    evening.wait(lambda: evening.cursor_line == "› /etc/hosts what is this?")
    evening.type("\x01/")
    evening.ask("")
    evening.ask("//")
    evening.ask("// a comment")
    evening.ask(".5 of what?")
    assert asked(simulator) == ["/etc/hosts what is this?", "//", "// a comment", ".5 of what?"]


def test_model_system_and_fields_go_with_the_next_question(evening: Chat, simulator: Simulator) -> None:
    for line in (
        "/model GigaChat-2-Pro",
        ".system Be brief.",
        "/set temperature 0.3",
        "/set max_tokens=50",
        '/set stop ["a = b"]',
        "/set user_tag x = y",
        "/set profanity_check false",
        "/set top_p 0.5",
        "/set top_p off",
    ):
        evening.ask(line)
    evening.ask("hello")
    sent = body(simulator)
    assert sent["model"] == "GigaChat-2-Pro"
    assert sent["messages"][0] == {"role": "system", "content": "Be brief."}
    assert (sent["temperature"], sent["max_tokens"], sent["stop"]) == (0.3, 50, ["a = b"])
    assert (sent["user_tag"], sent["profanity_check"]) == ("x = y", False)
    assert "top_p" not in sent
    for line, answer in (
        ("/set temperature hot", "temperature must be a number"),
        ("/set max_tokens 0.5", "max_tokens must be a whole number"),
        ("/set temperature", "needs a value"),
        ("/set messages []", "is not set this way"),
        ("/set stop [1", "is not JSON"),
        ("/model two words", "one word"),
    ):
        evening.ask(line)
        assert answer in evening.said
    evening.ask("/system off")
    evening.ask("again")
    assert [each["role"] for each in body(simulator)["messages"]] == ["user", "assistant", "user"]


def test_retry_and_undo_agree_with_the_history(evening: Chat, simulator: Simulator, gigachat: Program) -> None:
    evening.ask("/retry")
    evening.ask("/undo")
    assert "nothing to take back" in evening.said
    evening.ask("one")
    evening.ask("two")
    simulator.answer = "Another."
    evening.ask("/retry")
    assert contents(simulator) == ["one", "Answered.", "two"]
    evening.ask("/undo")
    assert "Taken back: two" in evening.said
    simulator.faults.add("500")
    evening.ask("fails")
    evening.ask("/undo")
    assert "Taken back: fails" in evening.said
    evening.ask("three")
    assert contents(simulator) == ["one", "Answered.", "three"]
    assert [turn["messages"][0]["content"] for turn in turns(gigachat)] == ["one", "three"]


def test_retry_of_an_interrupted_answer_takes_it_back(evening: Chat, simulator: Simulator) -> None:
    simulator.answer = ["Once ", "upon ", "a time."]
    simulator.faults.add("stall", after=2)
    evening.type("tell" + ENTER)
    evening.wait_for("Once upon")
    evening.type(CTRL_C)
    evening.wait(lambda: evening.prompts == 2)
    evening.ask("/retry")
    assert contents(simulator) == ["tell"]


def test_continue_joins_both_parts_with_a_seam(evening: Chat, simulator: Simulator, gigachat: Program) -> None:
    evening.ask("/continue")
    assert "There is no cut answer" in evening.said
    simulator.answer = ["```python\nx = 1\n", "y = 2\n", "z = 3\n```\n"]
    simulator.faults.add("cut", after=2)
    evening.ask("code")
    assert "cut before its end" in evening.said
    evening.ask("lost")  # fails to be continued: it is whole
    evening.ask("/undo")
    simulator.answer = ["z = 3\n```\n", "Done."]
    evening.ask("/continue")
    assert "— continued —" in evening.said
    assert "╭─ python" in evening.said  # what goes on in a code block is shown as code
    whole = "```python\nx = 1\ny = 2\nz = 3\n```\nDone."
    evening.ask("next")
    assert contents(simulator) == ["code", whole, "next"]
    found = turns(gigachat)[0]
    assert (found["state"], found["answer"]["text"], found["seams"]) == ("complete", whole, [22])


def test_edit_asks_anew_in_place_of_the_last_question(
    chat: Start, simulator: Simulator, home: Path, gigachat: Program
) -> None:
    simulator.answer = "Answered."
    editor = home / "editor"
    editor.write_text('#!/bin/sh\nread line\n[ "$line" = same ] || echo "$line" > "$1"\n')
    editor.chmod(0o700)
    evening = chat(environment={"VISUAL": str(editor)})
    evening.wait_for_prompt()
    evening.ask("/edit")
    assert "There is no question yet." in evening.said
    evening.ask("one")
    evening.ask("tow")
    before = evening.prompts
    evening.type("/edit" + ENTER)
    time.sleep(0.3)
    evening.type("two" + ENTER)  # to the editor, which has the keyboard as it was found
    evening.wait(lambda: evening.prompts > before)
    assert contents(simulator) == ["one", "Answered.", "two"]
    before = evening.prompts
    evening.type("/edit" + ENTER)
    time.sleep(0.3)
    evening.type("same" + ENTER)
    evening.wait(lambda: evening.prompts > before)
    assert "Nothing was changed" in evening.said
    assert asked(simulator) == ["one", "tow", "two"]
    assert [turn["messages"][0]["content"] for turn in turns(gigachat)] == ["one", "two"]


def test_sessions_are_begun_named_joined_forked_and_listed(evening: Chat, simulator: Simulator) -> None:
    evening.ask("/rename spring")
    assert "no recorded question yet" in evening.said
    evening.ask("about spring")
    evening.ask("/rename spring")
    evening.ask("/session autumn")
    evening.ask("about autumn")
    assert contents(simulator) == ["about autumn"]
    evening.ask("/session spring")
    assert "Session spring · about spring · 1 answered question" in evening.said
    assert "› about spring\nAnswered." in evening.said
    evening.ask("more of spring")
    assert contents(simulator) == ["about spring", "Answered.", "more of spring"]
    evening.ask("/model GigaChat-2-Max")
    evening.ask("/fork copied")
    evening.ask("in the copy")
    assert contents(simulator)[-3:] == ["more of spring", "Answered.", "in the copy"]
    assert body(simulator)["model"] == "GigaChat-2-Max"
    evening.ask("/fork no/path")
    assert "cannot be a session's name" in evening.said
    evening.ask("/sessions")
    listed = evening.said.splitlines()
    assert [line[2:].split()[1] for line in listed[:3]] == ["copied", "spring", "autumn"]
    assert listed[0].startswith("›")
    assert all(cell_len(line) < 80 for line in listed)
    evening.ask("/session spring")
    evening.ask("/history")
    assert "in the copy" not in evening.said
    evening.ask("/clear")
    evening.ask("alone")
    assert contents(simulator) == ["alone"]


def test_title_comes_into_the_toolbar_with_the_first_answer(evening: Chat) -> None:
    evening.ask("why is the sky blue")
    evening.wait(lambda: "GigaChat-3-Lightning · why is the sky blue · " in evening.lines[-1])


def test_search_marks_the_words_and_the_terminal_is_safe(evening: Chat, simulator: Simulator) -> None:
    simulator.answer = "The \x1b]0;owned\x07fjord\u202e is deep. " + "и ещё слова " * 30
    evening.ask("norway")
    before = len(evening.raw)
    evening.ask('/search "fjord" deep')
    drawn = evening.raw[before:]
    assert b"\x1b[1mfjord\x1b[22m" in drawn
    assert b"owned" not in evening.raw
    assert "\u202e" not in evening.everything
    assert all(cell_len(line) < 80 for line in evening.said.splitlines())
    evening.ask("/search")
    assert "needs words" in evening.said
    evening.ask("/search nowhere")
    assert "Nothing was found." in evening.said


def test_history_shows_markdown_as_the_answers_do(evening: Chat, simulator: Simulator) -> None:
    simulator.answer = "# Head\n\n- **one**\n- two\n"
    evening.ask("list")
    first = evening.said
    evening.ask("/history")
    assert first.strip() in evening.said
    assert "**" not in evening.said
    evening.ask("/history none")
    assert "is not a number" in evening.said


def test_copy_goes_through_osc_52_within_its_bound(evening: Chat, simulator: Simulator) -> None:
    def copied() -> bytes:
        last = evening.raw.rpartition(b"\x1b]52;c;")[2].partition(b"\x07")[0]
        return base64.b64decode(last)

    evening.ask("/copy")
    assert "There is no answer yet." in evening.said
    simulator.answer = "Привет\n\n```make\nall:\n\techo hi\n```\n\n1. two\n   ~~~\n   b\n   ~~~\n"
    evening.ask("greet")
    evening.ask("/copy")
    assert copied().decode() == simulator.answer
    evening.ask("/copy code")
    assert copied() == b"all:\n\techo hi\n"
    evening.ask("/copy code 2")
    assert copied() == b"b\n"
    evening.ask("/copy code 3")
    assert "There is no code block 3 in the last answer." in evening.said
    assert "There are 2." in evening.said
    evening.ask("/copy code x")
    assert "x is not a number above 0." in evening.said
    simulator.answer = "x" * 80_000
    evening.ask("long")
    before = evening.raw.count(b"\x1b]52;")
    evening.ask("/copy")
    assert "too long for the terminal's clipboard" in " ".join(evening.everything.split())
    assert evening.raw.count(b"\x1b]52;") == before
    evening.ask("/copy 2")
    assert copied().decode().startswith("Привет")
    evening.ask("/copy 3")
    assert "There is no answer 3 from the end." in evening.said


def test_compact_goes_on_from_the_summary_or_changes_nothing(
    evening: Chat, simulator: Simulator, gigachat: Program
) -> None:
    evening.ask("/compact")
    assert "nothing to summarise" in evening.said
    evening.ask("/system Be brief.")
    evening.ask("one")
    simulator.faults.add("500")
    evening.ask("/compact")
    assert "the conversation stays as it is" in evening.said
    simulator.answer = ["Sum", "mary"]
    simulator.faults.add("cut", after=1)
    evening.ask("/compact")
    assert "the conversation stays as it is" in evening.said
    simulator.answer = "Answered."
    evening.ask("two")
    assert contents(simulator) == ["Be brief.", "one", "Answered.", "two"]
    assert [turn["messages"][0]["content"] for turn in turns(gigachat)] == ["one", "two"]
    simulator.answer = "We spoke of numbers."
    evening.ask("/compact")
    simulator.answer = "Answered."
    evening.ask("three")
    assert contents(simulator) == ["Be brief.\n\nWe spoke of numbers.", "three"]


def test_export_by_the_files_name(evening: Chat, simulator: Simulator, home: Path) -> None:
    evening.ask("/export")
    assert "no recorded question yet" in evening.said
    evening.ask("one")
    for name in ("talk.md", "talk.json", "talk.jsonl", "talk.html"):
        evening.ask(f"/export {name}")
        assert f"Written to {name}." in evening.said
    assert "one" in (home / "talk.md").read_text()
    assert json.loads((home / "talk.json").read_text())[0]["history"][0]["answer"]["text"] == "Answered."
    assert json.loads((home / "talk.jsonl").read_text())["title"] == "one"
    assert "<title>one</title>" in (home / "talk.html").read_text()
    evening.ask("/export talk.md")
    assert "talk.md exists." in evening.said
    evening.ask("/export none/such.md")
    assert "could not be written" in evening.said


def test_usage_and_info(evening: Chat) -> None:
    evening.ask("/usage")
    evening.ask("one")
    evening.ask("/usage")
    assert "prompt tokens" in evening.said
    evening.ask("/info")
    assert "Model" in evening.said


def test_continue_and_session_flags_show_where_one_is(chat: Start, simulator: Simulator) -> None:
    simulator.answer = "\n".join(f"- item {number}" for number in range(40))
    first = chat("-S", "work", "list", "it")
    first.wait_for("item 39")
    first.wait_for_prompt()
    assert first.leave() == 0
    for words in (("-c",), ("-S", "work")):
        evening = chat(*words)
        evening.wait_for_prompt()
        assert "Session work · list it · 1 answered question" in evening.everything
        assert "› list it\n…\n" in evening.everything
        assert "item 39" in evening.everything
        assert "item 20" not in evening.everything
        assert evening.leave() == 0


def test_unrecorded_chat_leaves_nothing_behind(chat: Start, simulator: Simulator, gigachat: Program) -> None:
    simulator.answer = "Answered."
    evening = chat("-n")
    evening.wait_for_prompt()
    for line in ("one", "two", "/retry", "/undo", "/continue", "/compact", "/info", "/session new"):
        evening.ask(line)
    assert "There is no session 'new'" in evening.said
    evening.wait(lambda: "not recorded" in evening.lines[-1])
    assert evening.leave() == 0
    assert gigachat("history", "list", "--json").out == "[]\n"
