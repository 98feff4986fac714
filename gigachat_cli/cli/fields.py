"""Request fields from the command line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..errors import UsageError

_TAKEN = ("messages", "model", "slot", "stream")
"""Names of the client's own arguments, which are no fields of a person's."""


def request_fields(
    given: Sequence[str], *, web: bool = False, tools: Sequence[str] = (), reasoning: str | None = None
) -> dict[str, Any]:
    """Request fields from `KEY=JSON`, and from the flags for tools of the service and for reasoning.

    Raises UsageError for what is not that.
    """
    fields = _given(given)
    if not (web or tools or reasoning is not None):
        return fields
    from ..conversation.service_tools import WEB, effort, with_tools  # a plain question does without it

    if web or tools:
        fields = with_tools(fields, [*([WEB] if web else []), *tools])
    if reasoning is not None:
        fields["reasoning_effort"] = effort(reasoning)
    return fields


def _given(given: Sequence[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for each in given:
        key, equals, value = each.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--option takes KEY=JSON, not '{each}'.", hint="As in: -o profanity_check=false")
        if key.strip() in _TAKEN:
            raise UsageError(
                f"The request field {key.strip()} cannot be set, it is filled from the prompt and the flags.",
                hint="--model chooses the model, --no-stream asks for the whole answer at once.",
            )
        try:
            fields[key.strip()] = json.loads(value)
        except ValueError:
            raise UsageError(
                f"The value of --option {key.strip()} is not JSON: {value}",
                hint=f"A text needs quotes of its own, as in: -o '{key.strip()}=\"{value}\"'",
            ) from None
    return fields
