"""Tools that the service runs itself, and reasoning: the request fields that ask for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import UsageError, nearest
from ..messages import EFFORTS

WEB = "web_search"


def tools_of(fields: Mapping[str, Any]) -> list[str]:
    """The names of the tools that a request with these fields offers."""
    listed = fields.get("tools")
    found = [each for each in listed if isinstance(each, (str, Mapping))] if isinstance(listed, list) else []
    return [str(name) for each in found for name in ([each] if isinstance(each, str) else each)]


def with_tools(fields: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The fields with these tools among them; those that are there keep their settings."""
    listed = fields.get("tools")
    tools = list(listed) if isinstance(listed, list) else []
    for name in dict.fromkeys(names):
        if name not in tools_of({"tools": tools}):
            tools.append({name: {}})
    return {**fields, "tools": tools}


def without_tool(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The fields without that tool; without any the request has no such field."""
    tools = [each for each in fields.get("tools") or [] if name not in tools_of({"tools": [each]})]
    rest = {key: value for key, value in fields.items() if key != "tools"}
    return {**rest, "tools": tools} if tools else rest


def effort(word: str) -> str:
    """How much the model is to reason, checked.  Raises UsageError."""
    if word not in EFFORTS:
        near = nearest(word, list(EFFORTS))
        raise UsageError(
            f"Reasoning is {', '.join(EFFORTS[:-1])} or {EFFORTS[-1]}, not '{word}'.",
            hint=f"Did you mean {near}?" if near else None,
        )
    return word
