"""What every command that records needs to know: a session, its turns' states, what went wrong, JSON of columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ..bounded import json_value

SessionKind = Literal["ask", "chat"]
TurnState = Literal["running", "complete", "partial", "failed"]

INTERRUPTED = ("interrupted", "The program ended before the answer did.")
"""Code and sentence of a turn whose process went away."""


@dataclass(frozen=True, slots=True)
class Session:
    """One conversation.  Times are Unix seconds; `turns` and `total_tokens` leave out what was undone.

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
    """The list that the JSON of a column holds; an empty one where it holds none, as after somebody's mending."""
    found = _value_of(text)
    return found if isinstance(found, list) else []


def object_from(text: str | None) -> dict[str, Any]:
    """The object that the JSON of a column holds; an empty one where it holds none."""
    found = _value_of(text)
    return found if isinstance(found, dict) else {}


def _value_of(text: str | None) -> Any:
    try:
        return json_value(text or "")
    except ValueError:
        return None
