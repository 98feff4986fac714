"""Files in a chat: attached by `@path`, `/attach` and `--attach`, sent again with the conversation, drawn when made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gigachat_cli.simulator import Simulator
from gigachat_cli.simulator.pictures import picture

from ..terminal import ENTER, TAB, Chat
from .test_chat_faults import QUICK

Start = Callable[..., Chat]
CAT = picture("cat")


@pytest.fixture
def folder(home: Path) -> Path:
    (home / "cat.jpg").write_bytes(CAT)
    (home / "my notes.md").write_text("# Notes\n")
    return home


@pytest.fixture
def evening(chat: Start, simulator: Simulator, folder: Path) -> Chat:
    simulator.answer = "Answered."
    evening = chat("-m", "GigaChat-2-Pro", environment=QUICK)
    evening.wait_for_prompt()
    return evening


def messages(simulator: Simulator) -> list[dict[str, Any]]:
    body = simulator.calls("chat")[-1].json
    assert isinstance(body, dict)
    found = body["messages"]
    assert isinstance(found, list)
    return found


def stored(simulator: Simulator) -> list[str]:
    return [each.id for each in simulator.files.all(simulator.credentials)]


def test_a_path_in_the_question_is_attached_and_goes_again(evening: Chat, simulator: Simulator) -> None:
    evening.ask("what is on @cat.jpg?")
    (cat,) = stored(simulator)
    assert messages(simulator) == [{"role": "user", "content": "what is on @cat.jpg?", "attachments": [cat]}]
    evening.ask("and its tail?")
    assert messages(simulator)[0]["attachments"] == [cat]
    assert "attachments" not in messages(simulator)[-1]


def test_a_path_with_blanks_stands_in_quotes(evening: Chat, simulator: Simulator) -> None:
    evening.ask('sum up @"my notes.md"')
    assert messages(simulator)[-1]["content"] == ('sum up @"my notes.md"\n\nmy notes.md:\n```markdown\n# Notes\n```')
    assert stored(simulator) == []


def test_tab_completes_a_path_after_an_at_sign(evening: Chat, simulator: Simulator) -> None:
    evening.type("what is on @ca" + TAB)
    evening.wait(lambda: "@cat.jpg" in evening.cursor_line, "the completion")
    evening.type(" and @my" + TAB)
    evening.wait(lambda: '@"my notes.md"' in evening.cursor_line, "the completion")
    evening.type(ENTER + ENTER)  # the first takes the completion
    evening.wait(lambda: len(simulator.calls("chat")) == 1, "the question")
    assert len(messages(simulator)[-1]["attachments"]) == 1


def test_a_file_that_is_not_there_sends_nothing(evening: Chat, simulator: Simulator) -> None:
    evening.ask("what is on @cot.jpg")
    assert "There is no file cot.jpg; nothing was sent." in evening.said
    evening.ask("mail me@example.com, says @somebody")
    assert messages(simulator)[-1] == {"role": "user", "content": "mail me@example.com, says @somebody"}


def test_attach_is_for_the_next_question(evening: Chat, simulator: Simulator) -> None:
    evening.ask("/attach")
    assert "Nothing is attached." in evening.said
    evening.ask("/attach cat.jpg")
    assert "cat.jpg" in evening.said
    assert "image/jpeg" in evening.said
    evening.ask("/attach my notes.md")
    assert "in the question" in evening.said
    evening.wait(lambda: any("2 attached" in line for line in evening.lines), "the toolbar")
    evening.ask("what are they? @cat.jpg")
    assert messages(simulator)[-1]["attachments"] == stored(simulator)
    assert "# Notes" in messages(simulator)[-1]["content"]
    evening.ask("and now?")
    assert messages(simulator)[-1] == {"role": "user", "content": "and now?"}
    evening.ask("/attach cat.jpg")
    evening.ask("/attach off")
    evening.ask("nothing?")
    assert "attachments" not in messages(simulator)[-1]


def test_what_cannot_be_attached_is_a_line(evening: Chat, simulator: Simulator, folder: Path) -> None:
    (folder / "dog.jpg").write_bytes(picture("dog"))
    evening.ask("/attach none.png")
    assert "none.png could not be read" in evening.said
    evening.ask("/attach cat.jpg")
    evening.ask("/attach dog.jpg")
    assert "A message takes one image, and there are 2: cat.jpg, dog.jpg." in evening.said
    evening.ask("what is it?")
    assert len(messages(simulator)[-1]["attachments"]) == 1


def test_a_failed_upload_keeps_what_was_attached(evening: Chat, simulator: Simulator) -> None:
    simulator.faults.add("413", at="upload")
    evening.ask("what is on @cat.jpg")
    assert "cat.jpg is too large (HTTP 413)" in evening.said
    assert simulator.calls("chat") == []
    evening.ask("what is on @cat.jpg")
    assert messages(simulator)[-1]["attachments"] == stored(simulator)


def test_retry_keeps_the_attachments(evening: Chat, simulator: Simulator) -> None:
    evening.ask("what is on @cat.jpg")
    evening.ask("/retry")
    assert len(simulator.calls("chat")) == 2
    assert messages(simulator) == [{"role": "user", "content": "what is on @cat.jpg", "attachments": stored(simulator)}]


def test_the_command_line_attaches_to_the_first_question(chat: Start, simulator: Simulator, folder: Path) -> None:
    simulator.answer = "Answered."
    evening = chat("-m", "GigaChat-2-Pro", "-a", "cat.jpg", "what", "is", "it?", environment=QUICK)
    evening.wait_for("Answered.")
    evening.wait_for_prompt()
    assert messages(simulator) == [{"role": "user", "content": "what is it?", "attachments": stored(simulator)}]


def test_a_picture_is_drawn_in_the_chat(chat: Start, simulator: Simulator, home: Path) -> None:
    evening = chat("-o", 'function_call="auto"', environment={**QUICK, "COLORTERM": "truecolor"})
    evening.wait_for_prompt()
    evening.ask("Нарисуй кота")
    assert evening.said.count("▀") > 100
    (path,) = (home / "data" / "images").iterdir()
    assert path.name in evening.said.replace("\n", "")
    assert "вот мой симулированный рисунок" in evening.said
    evening.ask("Нарисуй пса")
    assert len(list((home / "data" / "images").iterdir())) == 2


@pytest.mark.parametrize("recall", ["\x1b[A", "\x1b[A\x1b[A", "\x12inf\r"])
def test_what_is_typed_after_a_recalled_line_is_typed(evening: Chat, simulator: Simulator, recall: str) -> None:
    evening.ask("/help usage")
    evening.ask("/info")
    evening.type(recall)
    evening.wait(lambda: len(evening.cursor_line) > 4, "the older line")
    evening.ask("")
    evening.ask("@cat.jpg what is it?")
    (cat,) = stored(simulator)
    assert messages(simulator)[-1] == {"role": "user", "content": "@cat.jpg what is it?", "attachments": [cat]}
    evening.type("\x1b[A")
    evening.wait(lambda: "cat.jpg" in evening.cursor_line, "the older line")
    evening.type("\x15")
    evening.ask("/attach cat.jpg")
    assert "pasted" not in evening.said
