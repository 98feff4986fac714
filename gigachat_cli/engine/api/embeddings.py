"""Vectors of texts: `POST {base}/embeddings` (recorded)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...bounded import number, whole
from ...errors import ServiceError
from ..outside import answered

if TYPE_CHECKING:
    from ..client import GigaChat

PATH = "/embeddings"
DEFAULT_MODEL = "Embeddings"


@dataclass(frozen=True, slots=True)
class Embedding:
    """The vector of a text, and the tokens that it cost."""

    vector: list[float]
    tokens: int


async def embed(giga: GigaChat, texts: Sequence[str], *, model: str = DEFAULT_MODEL) -> list[Embedding]:
    """The vectors of texts, in their order.  Raises what `GigaChat.fetch` raises."""
    body = {"model": model, "input": list(texts)}
    request = giga.request("POST", PATH, "the request for vectors", body=body)
    response = await giga.fetch(request, model=model, model_type="embedder")
    return parse_embeddings(response.body, count=len(texts))


def parse_embeddings(content: bytes, *, count: int) -> list[Embedding]:
    """The vectors of `count` texts by their index.  Raises ServiceError when one is missing or is none."""
    listed = (answered(content) or {}).get("data")
    found: dict[int, Embedding] = {}
    for place, each in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(each, dict) and _is_vector(each.get("embedding")):
            index = each.get("index", place)
            found[index if isinstance(index, int) else place] = Embedding(each["embedding"], _tokens(each))
    if sorted(found) != list(range(count)):
        raise ServiceError("The service answered with something that is not a vector for each text.")
    return [found[index] for index in range(count)]


def _is_vector(found: object) -> bool:
    return isinstance(found, list) and all(number(each) is not None for each in found)


def _tokens(found: dict[str, Any]) -> int:
    usage = found.get("usage")
    tokens = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    return whole(tokens) or 0
