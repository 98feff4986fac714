"""Descriptions of functions, checked by the service: `POST {base}/functions/validate` (documented)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import ServiceError
from ..outside import answered, label

if TYPE_CHECKING:
    from ..client import GigaChat

PATH = "/functions/validate"
_VALID = "Function is valid"  # documented; the status is 200 either way


@dataclass(frozen=True, slots=True)
class Validation:
    """What the service thinks of a description; errors and warnings are places in it, each with what is wrong."""

    valid: bool
    message: str
    errors: tuple[tuple[str, str], ...]
    warnings: tuple[tuple[str, str], ...]


async def validate_function(giga: GigaChat, description: Mapping[str, Any]) -> Validation:
    """Have one description checked.  Raises what `GigaChat.fetch` raises."""
    request = giga.request("POST", PATH, "the check of a function", body=description, idempotent=True)
    return parse_validation((await giga.fetch(request)).body)


def parse_validation(content: bytes) -> Validation:
    """Raises ServiceError for what is no validation."""
    found = answered(content) or {}
    message = found.get("message")
    if not isinstance(message, str):
        raise ServiceError("The service answered with something that is not a check of a function.")
    errors = _remarks(found.get("errors"))
    return Validation(message == _VALID and not errors, label(message), errors, _remarks(found.get("warnings")))


def _remarks(listed: object) -> tuple[tuple[str, str], ...]:
    return tuple(
        (label(each.get("schema_location")), label(each.get("description")))
        for each in (listed if isinstance(listed, list) else ())
        if isinstance(each, Mapping)
    )
