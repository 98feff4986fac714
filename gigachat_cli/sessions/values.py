"""What every command that records needs to know: a session, the states of its turns, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
