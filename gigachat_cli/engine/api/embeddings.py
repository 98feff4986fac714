"""Vectors of texts: `POST {base}/embeddings` (recorded)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from ...errors import ServiceError
from ..outside import Whole, read

if TYPE_CHECKING:
    from ..client import GigaChat

PATH = "/embeddings"
DEFAULT_MODEL = "Embeddings"
_VECTORS = "a vector for each text"


class Embedding(Struct, frozen=True):
    """The vector of a text, and the tokens that it cost."""

    vector: list[int | float]
    tokens: int


class _Usage(Struct, frozen=True):
    prompt_tokens: Whole | None = None


class _Row(Struct, frozen=True):
    embedding: list[int | float]
    index: Whole | None = None
    usage: _Usage | None = None


class _Rows(Struct, frozen=True):
    data: list[_Row]


async def embed(giga: GigaChat, texts: Sequence[str], *, model: str | None = None) -> list[Embedding]:
    """The vectors of texts, in their order.  Raises as `fetch` does."""
    model = model or DEFAULT_MODEL
    body = {"model": model, "input": list(texts)}
    request = giga.request("POST", PATH, "the request for vectors", body=body)
    response = await giga.fetch(request, model=model, model_type="embedder")
    return parse_embeddings(response.body, count=len(texts))


def parse_embeddings(content: bytes, *, count: int) -> list[Embedding]:
    """The vectors of `count` texts by their index.  Raises ServiceError when one is missing or is none."""
    found = {}
    for place, row in enumerate(read(content, _Rows, _VECTORS).data):
        tokens = row.usage.prompt_tokens if row.usage else None
        found[place if row.index is None else row.index] = Embedding(row.embedding, tokens or 0)
    if sorted(found) != list(range(count)):
        raise ServiceError(f"The service answered with something that is not {_VECTORS}.")
    return [found[index] for index in range(count)]
