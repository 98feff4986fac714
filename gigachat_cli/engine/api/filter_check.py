"""Whether a text is profane: `POST {base}/filter/check` (as the vendor's Java SDK does; in no OpenAPI file)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from ...errors import AccessDeniedError, UnknownModelError
from ..outside import Whole, read

if TYPE_CHECKING:
    from ..client import GigaChat

PATH = "/filter/check"
DEFAULT_MODEL = "GigaFilter"


class FilterVerdict(Struct, frozen=True):
    """What the filter says of a text, and the tokens that it cost; None where the service does not say."""

    is_profane: bool
    tokens: int | None = None


class _Usage(Struct, frozen=True):
    filter_tokens: Whole | None = None


class _Verdict(Struct, frozen=True):
    is_profane: bool
    usage: _Usage | None = None


async def check_profanity(giga: GigaChat, text: str, *, model: str | None = None) -> FilterVerdict:
    """Whether a text holds profanity, or what else the filter minds.  Raises as `fetch` does."""
    model = model or DEFAULT_MODEL
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    try:
        response = await giga.fetch(giga.request("POST", PATH, "the check for profanity", body=body), model=model)
    except AccessDeniedError as problem:
        problem.hint = (
            "The filter is not open to this account; an answer is filtered with: gigachat ask -o profanity_check=true"
        )
        raise
    except UnknownModelError as problem:
        problem.hint = "'gigachat models --all' lists the models of type filter; not every host has them."
        raise
    return parse_filter_verdict(response.body)


def parse_filter_verdict(content: bytes) -> FilterVerdict:
    """Raises ServiceError for what is no verdict."""
    found = read(content, _Verdict, "a verdict of the filter")
    return FilterVerdict(found.is_profane, found.usage.filter_tokens if found.usage else None)
