"""Tokens of texts: `POST {base}/tokens/count`, whose answer is a bare array (recorded)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from ...errors import ServiceError
from ..outside import read

if TYPE_CHECKING:
    from ..client import GigaChat

PATH = "/tokens/count"
_COUNTS = "a token count for each text"


class TokenCount(Struct, frozen=True):
    """The size of one text, as a model sees it and as a person does."""

    tokens: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    characters: Annotated[int, Meta(ge=0, le=2**63 - 1)]


async def count_tokens(giga: GigaChat, texts: Sequence[str], *, model: str | None = None) -> list[TokenCount]:
    """The sizes of texts, in their order, as `model` counts them, else the one that answers when none is named.

    Raises as `fetch` does.
    """

    async def counted(name: str) -> list[TokenCount]:
        body = {"model": name, "input": list(texts)}
        request = giga.request("POST", PATH, "the token count", body=body, idempotent=True)
        response = await giga.fetch(request, model=name)
        counts = parse_counts(response.body)
        if len(counts) != len(texts):
            raise ServiceError(f"The service answered with something that is not {_COUNTS}.")
        return counts

    return await giga.with_model(counted, model=model)


def parse_counts(content: bytes) -> list[TokenCount]:
    """Raises ServiceError for what is no list of counts."""
    return read(content, list[TokenCount], _COUNTS)
