"""Flags that become a part of the request: its fields, and the functions that the model may call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..bounded import json_value
from ..conversation import OWN_FIELDS
from ..errors import UsageError
from ..text import one_line
from .flags import QuestionFlags

if TYPE_CHECKING:
    from ..conversation.functions import FunctionOptions

_LONGEST_HINT = 200


def request_fields(
    given: Sequence[str], *, web: bool = False, tools: Sequence[str] = (), reasoning: str | None = None
) -> dict[str, Any]:
    """Request fields from `KEY=JSON`, and from the flags for the service's tools and for reasoning.

    Raises UsageError for a value that is neither.
    """
    fields = _given(given)
    if not (web or tools or reasoning is not None):
        return fields
    from ..conversation.service_tools import WEB, effort, with_tools  # a plain question does not need it

    if web or tools:
        fields = with_tools(fields, [*([WEB] if web else []), *tools])
    if reasoning is not None:
        fields["reasoning_effort"] = effort(reasoning)
    return fields


def called_functions(flags: QuestionFlags) -> FunctionOptions | None:
    """The flags for functions; None when there are none."""
    given = (flags.functions, flags.approve, flags.max_rounds, flags.function_timeout)
    if all(each is None for each in given):
        return None
    from ..conversation.functions import function_options  # a plain question does not need it

    return function_options(*given)


def _given(given: Sequence[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for each in given:
        key, equals, value = each.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--option takes KEY=JSON, not '{each}'.", hint="As in: -o profanity_check=false")
        if key.strip() in OWN_FIELDS:
            raise UsageError(
                f"The request field {key.strip()} cannot be set, it is filled from the prompt and the flags.",
                hint="--model chooses the model, --no-stream asks for the whole answer at once.",
            )
        try:
            fields[key.strip()] = json_value(value)
        except ValueError as problem:
            hint = f"A text needs quotes of its own, as in: -o '{key.strip()}=\"{value}\"'"
            raise UsageError(
                f"The value of --option {key.strip()} is not JSON: {_why(value, problem)}",
                hint=hint if len(hint) <= _LONGEST_HINT else None,
            ) from None
    return fields


def _why(value: str, problem: ValueError) -> str:
    """The value itself, if it is short enough to show what is wrong with it."""
    return value if len(value) <= _LONGEST_HINT else f"{one_line(str(problem))}."
