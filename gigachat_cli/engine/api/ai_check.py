"""Who wrote a text, a person or a model: `POST {base}/ai/check` (documented)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from ...errors import AccessDeniedError, InvalidRequestError
from ..outside import Whole, Word, read

if TYPE_CHECKING:
    from ..client import GigaChat

PATH = "/ai/check"
DEFAULT_MODEL = "GigaCheckDetection"
"""The model that tells the places, beside the verdict."""


class Verdict(Struct, frozen=True):
    """Who wrote a text: `category` is "ai", "human" or "mixed".

    `intervals` are the places that a model wrote, from and to a character, as the service counts them.
    """

    category: str
    characters: int
    tokens: int
    intervals: tuple[tuple[int, int], ...]


class _Verdict(Struct, frozen=True):
    category: Word
    characters: Whole | None = None
    tokens: Whole | None = None
    intervals: tuple[tuple[int, int], ...] | None = field(name="ai_intervals", default=None)


async def check_author(giga: GigaChat, text: str, *, model: str | None = None) -> Verdict:
    """Whether a person or a model wrote a text.  Raises as `fetch` does."""
    model = model or DEFAULT_MODEL
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
    found = read(content, _Verdict, "a verdict on a text")
    return Verdict(found.category or "unknown", found.characters or 0, found.tokens or 0, found.intervals or ())
