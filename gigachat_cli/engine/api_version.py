"""Which of the service's two API versions a chat request is made in: v1, unless it needs what only v2 has."""

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
"""Request fields that API v1 does not know."""


_BRING_FUNCTIONS = ("assistant_id", "model_options", "preset", "storage", "tools_state_id")
"""Request fields that name or may name what has functions of its own: an assistant, a preset, an earlier thread."""


class ApiVersion(Protocol):
    """How a chat request is written and its answer read; `api/chat` and `api/chat_v2` are the two."""

    def url(self, base_url: str) -> str: ...

    def body(
        self, model: str | None, messages: Sequence[Message], *, stream: bool, fields: Mapping[str, Any]
    ) -> dict[str, Any]: ...

    def parse_event(self, request: Request, event: Event, *, request_id: str | None) -> Chunk | None: ...

    def is_last(self, event: Event) -> bool: ...

    def parse_whole(self, request: Request, content: bytes, *, request_id: str | None) -> Chunk: ...

    def settled(self, chunks: AsyncGenerator[Chunk, None]) -> AsyncGenerator[Chunk, None]: ...


def api_version_of(fields: Mapping[str, Any]) -> ApiVersion:
    """The version of a request with these fields: v2 when one of them is known there alone."""
    if any(fields.get(name) is not None for name in FIELDS_OF_V2):
        from .api import chat_v2  # a plain question does without it

        return chat_v2
    return chat


def offered_functions(fields: Mapping[str, Any]) -> frozenset[str] | None:
    """Names of the functions that a request with these fields lets the model call; None when they are not known."""
    if any(fields.get(name) for name in _BRING_FUNCTIONS):
        return None
    listed = [*_mappings(fields.get("functions"))]
    for tool in _mappings(fields.get("tools")):
        own = tool.get("functions")
        listed += _mappings(own.get("specifications") if isinstance(own, Mapping) else None)
    return frozenset(each["name"] for each in listed if isinstance(each.get("name"), str))


def _mappings(found: object) -> list[Mapping[str, Any]]:
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []
