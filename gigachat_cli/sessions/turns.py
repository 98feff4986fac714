"""The values that reading the history returns: turns, conversations and search hits, made from rows.

Recording does not import this module, because its dataclasses take time to create.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..calls import FunctionCall, read_call
from ..messages import Answer, Message, Usage
from .values import INTERRUPTED, Session, TurnState, list_from, object_from

if TYPE_CHECKING:
    import sqlite3


@dataclass(frozen=True, slots=True)
class Turn:
    """One prompt with its answer, or with the reason why it has none.

    "running": its process is alive.  "complete": answered to the end.  "partial": interrupted, cut, or ended by a
    limit; `answer` holds what came.  "failed": nothing came.  Of the last two, `problem_code` and `problem` say why, if
    that is known.  `messages` are all messages of the turn in order: the prompt first, the answer last, function calls
    and their results between.  `seams` are the places in the answer's text, in characters, where another request
    continued it.  `number` counts from 1 within the session.
    """

    id: int
    session_id: str
    number: int
    state: TurnState
    prompt: Message
    answer: Answer | None
    messages: tuple[Message, ...]
    model: str | None
    system: str | None
    options: Mapping[str, Any]
    started_at: float
    ended_at: float | None
    problem_code: str | None = None
    problem: str | None = None
    seams: tuple[int, ...] = ()
    removed: bool = False


@dataclass(frozen=True, slots=True)
class SessionTurns:
    """A session with its turns, as it is shown and exported."""

    session: Session
    turns: list[Turn] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A turn that a search found.

    `snippet` is one line of its text around the best place, with "…" where something was left out; `matches` are the
    found words in it, as (start, end) in characters.
    """

    session_id: str
    session_name: str | None
    title: str
    turn_id: int
    number: int
    state: TurnState
    started_at: float
    snippet: str
    matches: tuple[tuple[int, int], ...]


def turn_from(
    row: sqlite3.Row, messages: Sequence[sqlite3.Row], journal: Sequence[sqlite3.Row], *, alive: bool
) -> Turn:
    """A turn of its row and the rows of its messages; `alive`: whether the process of a running one is alive."""
    text = "".join(each["text"] for each in journal)
    reasoning = "".join(each["reasoning"] for each in journal)
    written = [each for each in messages if each["id"] == row["answer_message"]]
    sent = [message_from(each) for each in messages if each["id"] != row["answer_message"]]
    state: TurnState = row["state"]
    code, problem = row["problem_code"], row["problem"]
    if written:
        text = written[0]["content"] + text
        reasoning = written[0]["reasoning"] + reasoning
    if state == "running" and not alive:
        state = "partial" if text else "failed"
        code, problem = INTERRUPTED
    answer = None
    if text or reasoning or written:
        found = message_from(written[0]) if written else Message("assistant", "")
        answer = Answer(
            text=text,
            model=row["model"],
            finish_reason=row["finish_reason"],
            complete=state == "complete",
            usage=_usage_from(row),
            reasoning=reasoning,
            function_call=found.function_call,
            functions_state_id=found.functions_state_id,
            request_id=row["request_id"],
        )
        sent.append(Message("assistant", text, None, (), found.function_call, found.functions_state_id))
    seams = tuple(each for each in list_from(row["seams"]) if isinstance(each, int) and each < len(text))
    return Turn(
        id=row["id"],
        session_id=row["session_id"],
        number=row["number"],
        state=state,
        prompt=sent[0],
        answer=answer,
        messages=tuple(sent),
        model=row["model"],
        system=row["system"],
        options=object_from(row["options"]),
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        problem_code=code,
        problem=problem,
        seams=seams,
        removed=bool(row["removed"]),
    )


def message_from(row: sqlite3.Row) -> Message:
    call = object_from(row["function_call"])
    return Message(
        role=row["role"],
        content=row["content"],
        name=row["name"],
        attachments=tuple(each for each in list_from(row["attachments"]) if isinstance(each, str)),
        function_call=_call_from(call),
        functions_state_id=row["functions_state_id"],
    )


def _call_from(call: Mapping[str, Any]) -> FunctionCall | None:
    name, problem = call.get("name"), call.get("problem")
    if not isinstance(name, str):
        return None
    if problem:
        return FunctionCall(name, {}, str(problem), str(call.get("raw", "")))
    return read_call(name, call.get("arguments"))


def _usage_from(row: sqlite3.Row) -> Usage | None:
    if row["total_tokens"] is None:
        return None
    return Usage(
        prompt_tokens=row["prompt_tokens"],
        completion_tokens=row["completion_tokens"],
        total_tokens=row["total_tokens"],
        precached_prompt_tokens=row["precached_prompt_tokens"],
    )
