"""Descriptions of functions, checked by the service: `POST {base}/functions/validate` (documented)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from ..outside import Label, read

if TYPE_CHECKING:
    from ..client import GigaChat

PATH = "/functions/validate"
_VALID = "Function is valid"  # documented; the status is 200 either way


class Validation(Struct, frozen=True):
    """What the service thinks of a description; errors and warnings are places in it, each with what is wrong."""

    valid: bool
    message: str
    errors: tuple[tuple[str, str], ...]
    warnings: tuple[tuple[str, str], ...]


class _Remark(Struct, frozen=True):
    place: Label = field(name="schema_location", default=Label())
    description: Label = Label()


class _Validation(Struct, frozen=True):
    message: Label
    errors: list[_Remark] | None = None
    warnings: list[_Remark] | None = None


async def validate_function(giga: GigaChat, description: Mapping[str, Any]) -> Validation:
    """What the service thinks of a function's description.  Raises as `fetch` does."""
    request = giga.request("POST", PATH, "the check of a function", body=description, idempotent=True)
    return parse_validation((await giga.fetch(request)).body)


def parse_validation(content: bytes) -> Validation:
    """Raises ServiceError for what is no validation."""
    found = read(content, _Validation, "a check of a function")
    errors, warnings = (
        tuple((each.place, each.description) for each in listed or ()) for listed in (found.errors, found.warnings)
    )
    return Validation(found.message == _VALID and not errors, found.message, errors, warnings)
