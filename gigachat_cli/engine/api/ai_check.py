"""Who wrote a text, a person or a model: `POST {base}/ai/check` (documented)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...bounded import whole
from ...errors import AccessDeniedError, InvalidRequestError, ServiceError
from ..outside import answered, word

if TYPE_CHECKING:
    from ..client import GigaChat

PATH = "/ai/check"
DEFAULT_MODEL = "GigaCheckDetection"
"""The model that tells the places, beside the verdict."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who wrote a text: `category` is "ai", "human" or "mixed".

    `intervals` are the places that a model wrote, from and to a character, as the service counts them.
    """

    category: str
    characters: int
    tokens: int
    intervals: tuple[tuple[int, int], ...]


async def check(giga: GigaChat, text: str, *, model: str = DEFAULT_MODEL) -> Verdict:
    """Who wrote a text.  Raises what `GigaChat.fetch` raises."""
    request = giga.request("POST", PATH, "the check of a text", body={"input": text, "model": model})
    try:
        response = await giga.fetch(request, model=model, model_type="aicheck")
    except AccessDeniedError as problem:
        problem.hint = "Only businesses that pay as they go (scope GIGACHAT_API_CORP) can check texts."
        raise
    except InvalidRequestError as problem:
        problem.hint = "The check takes Russian text of at least 20 words."
        raise
    return parse_verdict(response.body)


def parse_verdict(content: bytes) -> Verdict:
    """Raises ServiceError for what is no verdict."""
    found = answered(content) or {}
    try:
        intervals = tuple((_whole(start), _whole(end)) for start, end in found.get("ai_intervals") or ())
        sizes = [_whole(found.get(name) or 0) for name in ("characters", "tokens")]
        return Verdict(word(found["category"]) or "unknown", sizes[0], sizes[1], intervals)
    except (KeyError, TypeError, ValueError):
        raise ServiceError("The service answered with something that is not a verdict on a text.") from None


def _whole(found: object) -> int:
    number = whole(found)
    if number is None:
        raise ValueError
    return number
