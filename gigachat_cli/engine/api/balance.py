"""Tokens left in prepaid packages: `GET {base}/balance` (documented)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...bounded import number
from ...errors import AccessDeniedError, ServiceError
from ..outside import answered, label

if TYPE_CHECKING:
    from ..client import GigaChat

PATH = "/balance"


@dataclass(frozen=True, slots=True)
class Package:
    """What is left of a package; `usage` is the service's name of what it is for."""

    usage: str
    tokens: float


async def balance(giga: GigaChat) -> list[Package]:
    """The account's packages, in the service's order.  Raises what `GigaChat.fetch` raises."""
    try:
        response = await giga.fetch(giga.request("GET", PATH, "the balance"))
    except AccessDeniedError as problem:
        # Documented: an account that pays as it goes has no packages, and is refused.
        problem.hint = "Only prepaid packages have a balance: an account that pays as it goes is refused."
        raise
    return parse_balance(response.body)


def parse_balance(content: bytes) -> list[Package]:
    """Raises ServiceError for what is no balance."""
    listed = (answered(content) or {}).get("balance")
    try:
        if isinstance(listed, list):
            return [Package(label(each["usage"]), _tokens(each["value"])) for each in listed]
    except (TypeError, KeyError):
        pass
    raise ServiceError("The service answered with something that is not a balance.")


def _tokens(found: object) -> float:
    tokens = number(found)
    if tokens is None:
        raise TypeError
    return tokens
