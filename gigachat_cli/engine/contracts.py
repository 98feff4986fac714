"""Which of the service's two contracts a chat request is made in: the first, unless it needs what only v2 has."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Protocol

from ..messages import Chunk, Message
from .api import chat
from .sse import Event
from .wire import Request

FIELDS_OF_V2 = frozenset(
    {
        "assistant_id",
        "disable_filter",
        "filter_config",
        "model_options",
        "ranker_options",
        "tool_config",
        "tools",
        "tools_state_id",
        "user_info",
    }
)
"""Request fields that the first contract does not know."""


class Contract(Protocol):
    """How a chat request is written and its answer read; `api/chat` and `api/chat_v2` are the two."""

    def url(self, base_url: str) -> str: ...

    def body(
        self, model: str | None, messages: Sequence[Message], *, stream: bool, fields: Mapping[str, Any]
    ) -> dict[str, Any]: ...

    def parse_event(self, request: Request, event: Event, *, request_id: str | None) -> Chunk | None: ...

    def is_last(self, event: Event) -> bool: ...

    def parse_whole(self, request: Request, content: bytes, *, request_id: str | None) -> Chunk: ...

    def settled(self, chunks: AsyncGenerator[Chunk, None]) -> AsyncGenerator[Chunk, None]: ...


def contract_of(fields: Mapping[str, Any]) -> Contract:
    """The contract of a request with these fields: v2 when one of them is known there alone."""
    if any(fields.get(name) is not None for name in FIELDS_OF_V2):
        from .api import chat_v2  # a plain question does without it

        return chat_v2
    return chat
