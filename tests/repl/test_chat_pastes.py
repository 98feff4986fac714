"""A file leaves a chat only when the person named it: `@path` counts where it was typed or completed."""

from __future__ import annotations

import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gigachat_cli.simulator import Simulator

from ..terminal import CTRL_C, ENTER, TAB, UP, Chat, pasted
from .test_chat_faults import QUICK

Start = Callable[..., Chat]
UNDO, OPEN_EDITOR, YANK, KILL = "\x1f", "\x18\x05", "\x19", "\x15"


@pytest.fixture
def evening(chat: Start, simulator: Simulator, home: Path) -> Chat:
    (home / "notes.md").write_text("# The notes\n")
    (home / "other.md").write_text("# The others\n")
    editor = home / "editor"
    editor.write_text('#!/bin/sh\nprintf "from a file @notes.md" > "$1"\n')
    editor.chmod(editor.stat().st_mode | stat.S_IXUSR)
    simulator.answer = "Answered."
    evening = chat(environment={**QUICK, "VISUAL": str(editor)})
    evening.wait_for_prompt()
    return evening


def sent(evening: Chat, simulator: Simulator, keys: str) -> str:
    """Press keys and Enter; what is sent of it."""
    before, calls = evening.prompts, len(simulator.calls("chat"))
    evening.type(keys)
    evening.type(ENTER)
    evening.wait(lambda: len(simulator.calls("chat")) > calls, f"a question by {keys!r}")
    evening.wait(lambda: evening.prompts > before and evening.at_prompt, "the prompt")
    body: Any = simulator.calls("chat")[-1].json
    return str(body["messages"][-1]["content"])


def test_a_pasted_path_is_text(evening: Chat, simulator: Simulator) -> None:
    assert sent(evening, simulator, pasted("sum up @notes.md")) == "sum up @notes.md"
    evening.wait_for("Not attached, as it was not typed: notes.md.")
    assert (
        sent(evening, simulator, pasted("first\n@notes.md\nlast @/etc/passwd")) == "first\n@notes.md\nlast @/etc/passwd"
    )
    assert sent(evening, simulator, "see " + pasted("@notes.md") + " please") == "see @notes.md please"
    assert sent(evening, simulator, "see @" + pasted("notes.md")) == "see @notes.md"
    assert sent(evening, simulator, pasted("@notes.m") + "d") == "@notes.md"


def test_a_typed_path_counts_beside_a_paste(evening: Chat, simulator: Simulator) -> None:
    content = sent(evening, simulator, "see @other.md " + pasted("and @notes.md here"))
    assert "# The others" in content
    assert "# The notes" not in content
    evening.type(pasted("this text: ") + "@oth" + TAB)
    evening.wait(lambda: "@other.md" in evening.cursor_line, "the completion")
    assert "# The others" in sent(evening, simulator, ENTER)  # the first takes the completion


def test_a_line_that_comes_again_is_what_it_was(evening: Chat, simulator: Simulator) -> None:
    assert sent(evening, simulator, pasted("sum up @notes.md")) == "sum up @notes.md"
    assert sent(evening, simulator, UP) == "sum up @notes.md"
    assert sent(evening, simulator, UP + "!") == "sum up @notes.md!"
    assert "# The others" in sent(evening, simulator, "see @other.md")
    assert "# The others" in sent(evening, simulator, UP)
    evening.type("see @notes.md" + CTRL_C)
    assert sent(evening, simulator, pasted("see @notes.md")) == "see @notes.md"
    evening.type(pasted("tell @notes.md") + KILL)
    assert sent(evening, simulator, YANK) == "tell @notes.md"
    evening.type(pasted("show @notes.md") + KILL)
    assert sent(evening, simulator, UNDO) == "show @notes.md"


def test_a_secret_is_asked_about_by_name(evening: Chat, simulator: Simulator, home: Path) -> None:
    (home / ".env").write_text("API_TOKEN=5f3c\n")
    question = ".env (15 bytes, text/plain) looks like a secret: it is named like an environment file. Send it? [y/N] "
    for number, typed in enumerate((ENTER, "n" + ENTER, CTRL_C), start=1):
        evening.type("what is in @.env" + ENTER)
        asked(evening, question, number)
        evening.type(typed)
        evening.wait(partial(refused, evening, number), "the prompt")
    assert simulator.calls("chat") == []
    evening.type("/attach .env" + ENTER)
    asked(evening, question, 4)
    evening.type("n" + ENTER)
    evening.wait_for("Nothing is attached.")
    evening.type("/system @.env" + ENTER)
    asked(evening, "looks like a secret", 5)
    evening.type("n" + ENTER)
    evening.wait_for("There is no system message.")
    evening.type("what is in @.env" + ENTER)
    asked(evening, "looks like a secret", 6)
    evening.type("y" + ENTER)
    evening.wait(lambda: simulator.calls("chat"), "the question")
    evening.wait_for("gigachat: Sending .env (15 bytes, text/plain).")


def asked(evening: Chat, question: str, times: int) -> None:
    """Wait until a question was put so often, wherever its lines are broken."""
    evening.wait(lambda: "".join(evening.everything.split()).count("".join(question.split())) == times, question)


def refused(evening: Chat, times: int) -> bool:
    return evening.everything.count("not agreed to") == times and evening.at_prompt


def test_what_an_editor_brings_is_text(evening: Chat, simulator: Simulator) -> None:
    evening.type("x" + OPEN_EDITOR)
    evening.wait(lambda: evening.cursor_line == "› from a file @notes.md")
    evening.type(ENTER)
    evening.wait(lambda: simulator.calls("chat") and evening.at_prompt, "the answer")
    evening.wait_for("Not attached, as it was not typed: notes.md.")
    body: Any = simulator.calls("chat")[-1].json
    assert body["messages"][-1]["content"] == "from a file @notes.md"


def test_a_pasted_command_reads_no_file(evening: Chat, simulator: Simulator) -> None:
    for command in ("/attach notes.md", "/system @notes.md", "/functions notes.md", ".attach notes.md"):
        evening.type(pasted(command) + ENTER)
        evening.wait_for(f"/{command[1:].split()[0]} reads a file, and was pasted.")
    assert sent(evening, simulator, "hello") == "hello"
    evening.type("/attach " + pasted("notes.md") + ENTER)
    evening.wait(lambda: any("1 attached" in line for line in evening.lines), "the toolbar")
    assert "# The notes" in sent(evening, simulator, "look")
