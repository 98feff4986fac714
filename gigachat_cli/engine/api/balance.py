"""Tokens left in prepaid packages: `GET {base}/balance` (documented)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from ...errors import AccessDeniedError
from ..outside import Label, read

if TYPE_CHECKING:
    from ..client import GigaChat

PATH = "/balance"


class Package(Struct, frozen=True):
    """What is left of a package; `usage` is the service's name of what it is for."""

    usage: Label
    tokens: int | float = field(name="value")


class _Balance(Struct, frozen=True):
    balance: list[Package]


async def balance(giga: GigaChat) -> list[Package]:
    """Tokens left in prepaid packages, in the service's order.

    Raises AccessDeniedError for an account that pays as it goes, and as `fetch` does.
    """
    try:
        response = await giga.fetch(giga.request("GET", PATH, "the balance"))
    except AccessDeniedError as problem:
        # Documented: an account that pays as it goes has no packages, and is refused.
        problem.hint = "Only prepaid packages have a balance: an account that pays as it goes is refused."
        raise
    return parse_balance(response.body)


def parse_balance(content: bytes) -> list[Package]:
    """Raises ServiceError for what is no balance."""
    return read(content, _Balance, "a balance").balance
