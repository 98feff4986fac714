"""Exports, byte by byte, and the page on the schema."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gigachat_cli.messages import Answer, FunctionCall, Message, Usage
from gigachat_cli.render.exports import exported
from gigachat_cli.sessions import Session, schema_markdown
from gigachat_cli.sessions.export import conversation_markdown, state_mark, with_seams
from gigachat_cli.sessions.store import Store
from gigachat_cli.sessions.turns import SessionTurns, Turn


@pytest.fixture(autouse=True)
def moscow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine three hours ahead of UTC."""
    if sys.platform == "win32":
        pytest.skip("a process has the zone of the machine there")
    with monkeypatch.context() as there:
        there.setenv("TZ", "MSK-3")
        time.tzset()
        yield
    time.tzset()


PAGE = Path(__file__).parents[2] / "docs" / "reference" / "history-schema.md"

SESSION = Session(
    id="1sv5k2q",
    kind="chat",
    name="work",
    title="Почему небо синее?",
    model="GigaChat",
    system="Be brief.",
    service_id="7d9f",
    created_at=1_800_000_000.0,
    updated_at=1_800_000_060.0,
    turns=3,
    total_tokens=12,
)

WHOLE = """# Почему небо синее?

- Session: `1sv5k2q` (work)
- Begun: 2027-01-15 11:00
- Model: GigaChat

## System message

Be brief.

## Question 1 · 2027-01-15 11:00

Почему небо синее?

Attached: `f1`, `f2`

Function call: `look({"where": "up"})`

Result of `look`:

```json
{"colour": "blue"}
```

## Answer 1 · GigaChat-2

Light is

*— continued —*

scattered.

## Question 2 · 2027-01-15 11:00

And at night?

## Answer 2 · GigaChat-2

It

*This answer is partial. Ctrl-C.*

## Question 3 · 2027-01-15 11:00

Hello?

*No answer. No connection.*
"""


def turn(number: int, prompt: Message, answer: Answer | None, **others: object) -> Turn:
    messages = (prompt, *([Message("assistant", answer.text)] if answer else []))
    values: dict[str, object] = {
        "id": number,
        "session_id": SESSION.id,
        "number": number,
        "state": "complete",
        "prompt": prompt,
        "answer": answer,
        "messages": messages,
        "model": "GigaChat-2",
        "system": None,
        "options": {"temperature": 0.5},
        "started_at": 1_800_000_000.0,
        "ended_at": 1_800_000_001.5,
        **others,
    }
    return Turn(**values)  # type: ignore[arg-type]  # the keys above are the fields


def conversation() -> SessionTurns:
    prompt = Message("user", "Почему небо синее?", attachments=("f1", "f2"))
    first = Answer("Light is\nscattered.", "GigaChat-2", "stop", True, Usage(5, 7, 12, 0), request_id="r")
    steps = (
        prompt,
        Message("assistant", "", function_call=FunctionCall("look", {"where": "up"}), functions_state_id="s"),
        Message("function", '{"colour": "blue"}', name="look"),
        Message("assistant", first.text),
    )
    interrupted, lost = ("interrupted", "Ctrl-C."), ("network", "No connection.")
    return SessionTurns(
        SESSION,
        [
            turn(1, prompt, first, messages=steps, seams=(9,)),
            turn(
                2,
                Message("user", "And at night?"),
                Answer("It"),
                state="partial",
                problem_code=interrupted[0],
                problem=interrupted[1],
            ),
            turn(3, Message("user", "Hello?"), None, state="failed", problem_code=lost[0], problem=lost[1]),
        ],
    )


def test_markdown_of_a_conversation() -> None:
    assert conversation_markdown(conversation()) == WHOLE


def test_markdown_of_several_is_divided() -> None:
    assert "".join(exported([conversation(), conversation()], "markdown")) == f"{WHOLE}\n---\n\n{WHOLE}"


def test_json_is_one_array_and_json_lines_one_session_a_line() -> None:
    for count in range(3):
        whole = json.loads("".join(exported([conversation()] * count, "json")))
        lines = "".join(exported([conversation()] * count, "jsonl")).splitlines()
        assert [json.loads(each) for each in lines] == whole
        assert len(whole) == count


def test_json_keys_are_pinned() -> None:
    (data,) = json.loads("".join(exported([conversation()], "json")))
    first = data.pop("history")[0]
    assert data == {
        "id": "1sv5k2q",
        "name": "work",
        "title": "Почему небо синее?",
        "kind": "chat",
        "model": "GigaChat",
        "system": "Be brief.",
        "created": "2027-01-15T11:00:00+03:00",
        "updated": "2027-01-15T11:01:00+03:00",
        "turns": 3,
        "total_tokens": 12,
    }
    assert first == {
        "number": 1,
        "state": "complete",
        "started": "2027-01-15T11:00:00+03:00",
        "ended": "2027-01-15T11:00:01+03:00",
        "model": "GigaChat-2",
        "options": {"temperature": 0.5},
        "messages": [
            {"role": "user", "content": "Почему небо синее?", "attachments": ["f1", "f2"]},
            {
                "role": "assistant",
                "content": "",
                "function_call": {"name": "look", "arguments": {"where": "up"}},
                "functions_state_id": "s",
            },
            {"role": "function", "content": '{"colour": "blue"}', "name": "look"},
            {"role": "assistant", "content": "Light is\nscattered."},
        ],
        "answer": {
            "text": "Light is\nscattered.",
            "reasoning": "",
            "finish_reason": "stop",
            "complete": True,
            "usage": {
                "prompt_tokens": 5,
                "completion_tokens": 7,
                "total_tokens": 12,
                "precached_prompt_tokens": 0,
            },
            "request_id": "r",
        },
        "seams": [9],
        "problem": None,
    }


def test_seam_inside_code_does_not_break_the_code() -> None:
    code = "```python\nfor each in\nrange(3):\n```\n\nDone."
    assert with_seams(code, (22,)) == code + "\n\n*Continued 1 time inside the code.*"
    assert with_seams("one two", (3,)) == "one\n\n*— continued —*\n\n two"


@pytest.mark.parametrize("reason", ["length", "blacklist"])
def test_mark_of_a_partial_answer_names_its_reason(reason: str) -> None:
    partial = turn(1, Message("user", "hi"), Answer("he", finish_reason=reason), state="partial")
    assert reason in state_mark(partial)


def test_what_the_store_holds_is_exported(store: Store) -> None:
    session = store.create_session("ask")
    begun_id = store.begin_turn(session.id, Message("user", "hi"), options={"top_p": 0.1})
    assert state_mark(store.turn(begun_id)) == "The answer is still running."
    store.finish_turn(begun_id, Answer("hello", complete=True))
    (data,) = json.loads("".join(exported([store.conversation(session.id)], "json")))
    assert data["history"][0]["answer"]["text"] == "hello"
    assert data["turns"] == 1


def test_page_on_the_schema_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8").endswith(schema_markdown())
