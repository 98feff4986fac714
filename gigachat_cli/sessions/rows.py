"""Between values and rows: the only place that knows how a message or an answer lies in the database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from ..messages import FunctionCall, Message
from .database import storable
from .values import Session

SESSION_COLUMNS = """
    sessions.*,
    (SELECT count(*) FROM turns WHERE turns.session_id = sessions.id AND NOT removed) AS turns,
    (SELECT coalesce(sum(total_tokens), 0) FROM turns WHERE turns.session_id = sessions.id AND NOT removed)
        AS total_tokens"""


def session_from(row: sqlite3.Row) -> Session:
    return Session(
        id=row["id"],
        kind=row["kind"],
        name=row["name"],
        title=row["title"],
        model=row["model"],
        system=row["system"],
        service_id=row["service_id"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        turns=row["turns"],
        total_tokens=row["total_tokens"],
    )


def insert_message(connection: sqlite3.Connection, turn_id: int, message: Message, *, reasoning: str = "") -> int:
    """Append a message to a turn; return its id."""
    return int(
        connection.execute(
            """INSERT INTO messages
                (turn_id, position, role, content, reasoning, name, function_call,
                    functions_state_id, attachments)
                SELECT ?1, (SELECT coalesce(max(position) + 1, 0) FROM messages WHERE turn_id = ?1),
                    ?2, ?3, ?4, ?5, ?6, ?7, ?8
                RETURNING id""",
            (
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
