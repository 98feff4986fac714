"""What is done with a text besides answering it: its tokens, its vector, who wrote it, and the filter of profanity."""

from __future__ import annotations

import hashlib
import math
import random
import re
from typing import Any, Literal

from aiohttp import web

from ..access import Caller
from ..admission import admitted
from ..prompt import decode, find_model, invalid
from ..replies import STATE, Refusal, json_reply
from ..state import State

DIMENSIONS = 1024
"""Numbers in a vector."""

_TOKEN = re.compile(r"[^\W_]{1,8}|[^\w\s]|_")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_LETTER = re.compile(r"[^\W\d_]")
_WORDS_TO_CHECK = 20
_PROFANE = re.compile(r"\b(damn|blast|bloody|черт|чёрт|дурак)", re.IGNORECASE)
_CATEGORIES: tuple[Literal["ai", "human", "mixed"], ...] = ("ai", "human", "mixed")


@admitted("tokens")
async def count(request: web.Request, _caller: Caller) -> web.StreamResponse:
    """POST {base}/tokens/count: a bare array, one row for each input."""
    sent = decode(await request.read())
    find_model(sent.get("model"), request.app[STATE])
    inputs = sent.get("input")
    if not isinstance(inputs, list) or not all(isinstance(text, str) for text in inputs):
        raise invalid("input must be an array of strings")
    rows = [{"object": "tokens", "tokens": tokens_in(text), "characters": len(text)} for text in inputs]
    return json_reply(request, rows)


@admitted("embeddings", generates=True)
async def embed(request: web.Request, _caller: Caller) -> web.StreamResponse:
    """POST {base}/embeddings: a vector for each input, with its usage inside."""
    return json_reply(request, embeddings(await request.read(), request.app[STATE]))


def embeddings(body: bytes, state: State) -> dict[str, Any]:
    """Return the answer to a request for vectors. Raises Refusal (400, 404, 422)."""
    sent = decode(body)
    model = find_model(sent.get("model"), state, kind="embedder")
    inputs = [sent["input"]] if isinstance(sent.get("input"), str) else sent.get("input")
    if not isinstance(inputs, list) or not inputs or not all(isinstance(text, str) for text in inputs):
        raise invalid("input must be a string or an array of strings")
    rows = [
        {
            "object": "embedding",
            "index": number,
            "embedding": vector_of(text),
            "usage": {"prompt_tokens": tokens_in(text) + 5},
        }
        for number, text in enumerate(inputs)
    ]
    return {"object": "list", "model": model.id, "data": rows}


@admitted("check", generates=True)
async def check(request: web.Request, caller: Caller) -> web.StreamResponse:
    """POST {base}/ai/check: who wrote a Russian text; only for accounts that pay as they go."""
    state = request.app[STATE]
    if state.accounts.scope_of(caller.key) != "GIGACHAT_API_CORP":
        raise Refusal(403)
    sent = decode(await request.read())
    model = find_model(sent.get("model"), state, kind="aicheck")
    text = sent.get("input")
    if not isinstance(text, str):
        raise invalid("input must be a string")
    if len(_CYRILLIC.findall(text)) * 2 <= len(_LETTER.findall(text)):
        raise invalid("only Russian text is supported")
    if len(text.split()) < _WORDS_TO_CHECK:
        raise invalid(f"input must have at least {_WORDS_TO_CHECK} words")
    category = state.ai_category or _CATEGORIES[_seed(text)[0] % len(_CATEGORIES)]
    intervals = _intervals(category, len(text)) if model.id == "GigaCheckDetection" else []
    found = {"category": category, "characters": len(text), "tokens": tokens_in(text), "ai_intervals": intervals}
    return json_reply(request, found)


@admitted("filter", generates=True)
async def check_filter(request: web.Request, _caller: Caller) -> web.StreamResponse:
    """POST {base}/filter/check: whether messages are profane; simulated, by a few mild words."""
    sent = decode(await request.read())
    find_model(sent.get("model"), request.app[STATE], kind="filter")
    messages = sent.get("messages")
    if not isinstance(messages, list) or not messages:
        raise invalid("messages must not be empty")
    texts = [each.get("content") if isinstance(each, dict) else None for each in messages]
    if not all(isinstance(text, str) for text in texts):
        raise invalid("content of a message must be a string")
    text = "\n".join(map(str, texts))
    verdict = {"is_profane": bool(_PROFANE.search(text)), "usage": {"filter_tokens": tokens_in(text)}}
    return json_reply(request, verdict)


def tokens_in(text: str) -> int:
    """Estimate a text's tokens: pieces of words and single marks, which gives the recorded numbers."""
    return sum(1 for _ in _TOKEN.finditer(text))


def vector_of(text: str) -> list[float]:
    """Return a vector of unit length, the same for the same text."""
    chance = random.Random(_seed(text))  # noqa: S311  # variety, not secrecy
    numbers = [chance.gauss(0, 1) for _ in range(DIMENSIONS)]
    length = math.sqrt(sum(number * number for number in numbers))
    return [round(number / length, 10) for number in numbers]


def _intervals(category: str, length: int) -> list[list[int]]:
    if category == "mixed":
        return [[1, length // 2], [length * 3 // 4, length]]
    return [[1, length]] if category == "ai" else []


def _seed(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
