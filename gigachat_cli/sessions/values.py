"""What recording needs: sessions, and how messages and JSON are stored in the tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ..bounded import json_value
from ..messages import FunctionCall, Message

if TYPE_CHECKING:
    import sqlite3

SessionKind = Literal["ask", "chat"]
TurnState = Literal["running", "complete", "partial", "failed"]

INTERRUPTED = ("interrupted", "The program ended before the answer did.")
"""Code and sentence of a turn whose process ended before the answer did."""


@dataclass(frozen=True, slots=True)
class Session:
    """One conversation.  Times are Unix seconds; `turns` and `total_tokens` leave out undone turns.

    `service_id` is the value of the service's X-Session-ID for all requests of this conversation.
    """

    id: str
    kind: SessionKind
    name: str | None
    title: str
    model: str | None
    system: str | None
    service_id: str
    created_at: float
    updated_at: float
    turns: int = 0
    total_tokens: int = 0


def list_from(text: str | None) -> list[Any]:
    """The list in a JSON column; empty when the column holds none, for example after an edit by hand."""
    found = _value_of(text)
    return found if isinstance(found, list) else []


def object_from(text: str | None) -> dict[str, Any]:
    """The object in a JSON column; empty when the column holds none."""
    found = _value_of(text)
    return found if isinstance(found, dict) else {}


def storable(text: str) -> str:
    """The text as SQLite can store it: a lone surrogate, which an undecodable argument contains, becomes "?"."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text


def insert_message(connection: sqlite3.Connection, turn_id: int, message: Message, *, reasoning: str = "") -> int:
    """Append a message to a turn; return its id."""
    return int(
        connection.execute(
            """INSERT INTO messages
                (turn_id, position, role, content, reasoning, name, function_call,
                    functions_state_id, attachments)
                SELECT ?, (SELECT coalesce(max(position) + 1, 0) FROM messages WHERE turn_id = ?),
                    ?, ?, ?, ?, ?, ?, ?
                RETURNING id""",
            (
                turn_id,
                turn_id,
                message.role,
                storable(message.content),
                storable(reasoning),
                message.name and storable(message.name),
                call_text(message.function_call),
                message.functions_state_id and storable(message.functions_state_id),
                json_text(list(message.attachments)),
            ),
        ).fetchone()[0]
    )


def call_text(call: FunctionCall | None) -> str | None:
    return json_text(call.as_object()) if call else None


def json_text(value: Mapping[str, Any] | Sequence[Any]) -> str:
    return storable(json.dumps(value, ensure_ascii=False, default=str))


def _value_of(text: str | None) -> Any:
    try:
        return json_value(text or "")
    except ValueError:
        return None
