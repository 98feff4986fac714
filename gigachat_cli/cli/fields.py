"""Request fields from the command line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..errors import UsageError


def request_fields(given: Sequence[str]) -> dict[str, Any]:
    """Request fields from `KEY=JSON`.  Raises UsageError for what is not that."""
    fields: dict[str, Any] = {}
    for each in given:
        key, equals, value = each.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--option takes KEY=JSON, not '{each}'.", hint="As in: -o profanity_check=false")
        try:
            fields[key.strip()] = json.loads(value)
        except ValueError:
            raise UsageError(
                f"The value of --option {key.strip()} is not JSON: {value}",
                hint=f"A text needs quotes of its own, as in: -o '{key.strip()}=\"{value}\"'",
            ) from None
    return fields
