"""Tokens of texts: `POST {base}/tokens/count`, whose answer is a bare array (recorded)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...bounded import whole
from ...errors import ServiceError
from ..outside import answered_json

if TYPE_CHECKING:
    from ..client import GigaChat

PATH = "/tokens/count"


@dataclass(frozen=True, slots=True)
class TokenCount:
    """The size of one text, as a model sees it and as a person does."""

    tokens: int
    characters: int


async def count_tokens(giga: GigaChat, texts: Sequence[str], *, model: str | None = None) -> list[TokenCount]:
    """The sizes of texts, in their order, as `model` counts them, else the one that answers when none is named.

    Raises what `GigaChat.fetch` raises.
    """

    async def counted(name: str) -> list[TokenCount]:
        body = {"model": name, "input": list(texts)}
        request = giga.request("POST", PATH, "the token count", body=body, idempotent=True)
        response = await giga.fetch(request, model=name)
        counts = parse_counts(response.body)
        if len(counts) != len(texts):
            raise _odd()
        return counts

    return await giga.with_model(counted, model=model)


def parse_counts(content: bytes) -> list[TokenCount]:
    """Raises ServiceError for what is no list of counts."""
    try:
        return [TokenCount(_size(each["tokens"]), _size(each["characters"])) for each in answered_json(content)]
    except (ValueError, TypeError, KeyError):
        raise _odd() from None


def _size(found: object) -> int:
    size = whole(found)
    if size is None or size < 0:
        raise ValueError
    return size


def _odd() -> ServiceError:
    return ServiceError("The service answered with something that is not a token count for each text.")
