"""From a reply to the chunks of its answer, be it streamed or whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from ..errors import (
    ConnectionFailedError,
    CutAnswerError,
    GigaChatError,
    NetworkError,
    ServiceError,
    SilenceError,
    StreamError,
    TooLargeError,
)
from ..messages import Chunk
from .contracts import Contract
from .refusals import service_words
from .sse import Event, EventParser
from .transport import Reply

MOST_ANSWER_BYTES = 64 * 1024 * 1024
"""Of one answer, as UTF-8: its text and reasoning."""

MOST_STREAMED_BYTES = 1024**3
"""Of the events that bring an answer, unpacked: they may be many times its size, and hold none of it."""

_DRAIN_SECONDS = 0.2
_CUT_HINT = "Ask again, or go on with it: gigachat ask --resume, or /continue in a chat."


async def streamed(reply: Reply, contract: Contract) -> AsyncGenerator[Chunk, None]:
    """The chunks of a stream.  `finish_reason` or its last event makes it whole; usage may come after the former."""
    parser = EventParser()
    finished, text, room = False, False, MOST_ANSWER_BYTES
    try:
        async with aclosing(_events(parser, reply)) as events:
            async for event in events:
                chunk = contract.parse_event(reply.request, event, request_id=reply.request_id)
                if chunk is None:
                    finished = True
                    break
                finished = finished or chunk.finish_reason is not None
                text = text or bool(chunk.text or chunk.function_call)
                room -= _size(chunk)
                if room < 0:
                    raise _too_large(reply)
                yield chunk
                if contract.is_last(event):
                    finished = True
                    break
    except (ConnectionFailedError, SilenceError, StreamError) as problem:
        if isinstance(problem, TooLargeError) and text:
            raise _cut(reply, problem) from None
        if isinstance(problem, StreamError) and not parser.ended_within_line:
            problem.request_id = reply.request_id
            raise
        if not finished and text and not isinstance(problem, SilenceError):
            raise _cut(reply, problem) from problem
        if not finished:
            raise
    if not finished and text:
        raise _cut(reply, None)
    with suppress(TimeoutError, NetworkError):
        # To its last byte, so that the connection can be used again.
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for _ in reply.pieces():
                pass


async def at_once(reply: Reply, contract: Contract) -> AsyncGenerator[Chunk, None]:
    """A whole answer as one chunk.  Raises ServiceError for a page of a gateway."""
    response = await reply.whole()
    if "json" not in reply.content_type:
        words = service_words(response, secrets=reply.request.secrets)
        raise ServiceError(
            f"The service answered with something else than an answer (HTTP {reply.status})"
            f"{': ' + words if words else ''}.",
            hint="A proxy or a portal may stand in between; check base_url.",
            request_id=reply.request_id,
        )
    chunk = contract.parse_whole(reply.request, response.body, request_id=reply.request_id)
    if chunk.finish_reason or chunk.text or chunk.function_call:
        yield chunk


async def _events(parser: EventParser, reply: Reply) -> AsyncGenerator[Event, None]:
    left = MOST_STREAMED_BYTES
    async for piece in reply.pieces():
        left -= len(piece)
        if left < 0:
            raise _too_large(reply)
        for event in parser.feed(piece):
            yield event
    for event in parser.close():
        yield event


def _size(chunk: Chunk) -> int:
    """Bytes of all that a chunk adds to an answer."""
    size = sum(len(text) if text.isascii() else len(text.encode("utf-8", "replace")) for text in _texts(chunk) if text)
    return size + (len(repr(chunk.function_call.arguments)) if chunk.function_call is not None else 0)


def _texts(chunk: Chunk) -> tuple[str, ...]:
    return (chunk.text, chunk.reasoning, *(text for each in chunk.sources for text in (each.title, each.url)))


def _too_large(reply: Reply) -> TooLargeError:
    size = f"{MOST_ANSWER_BYTES // 2**20} MiB"
    return TooLargeError(
        f"The answer is larger than {size}.", hint="Ask for less at once.", request_id=reply.request_id
    )


def _cut(reply: Reply, problem: GigaChatError | None) -> CutAnswerError:
    if isinstance(problem, TooLargeError):
        size = f"{MOST_ANSWER_BYTES // 2**20} MiB"
        return CutAnswerError(
            f"The answer was cut before its end: it is larger than {size}.",
            hint="Ask for less at once.",
            request_id=reply.request_id,
        )
    broke = isinstance(problem, ConnectionFailedError)
    how = "the connection broke" if broke else "the stream stopped without an end"
    return CutAnswerError(f"The answer was cut before its end: {how}.", hint=_CUT_HINT, request_id=reply.request_id)
