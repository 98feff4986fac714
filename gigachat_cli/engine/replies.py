"""From a reply to the chunks of its answer, be it streamed or whole."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Literal

from ..errors import (
    ConnectionFailedError,
    ContentFilterError,
    CutAnswerError,
    GigaChatError,
    NetworkError,
    NoAnswerError,
    ServiceError,
    SilenceError,
    StreamError,
    TooLargeError,
)
from ..messages import Chunk
from ..text import SurrogateJoiner, mended, one_line
from .api_version import ApiVersion
from .outside import json_object
from .refusals import service_words
from .reply import Reply
from .sse import Event, EventParser

_NOTHING = Chunk()

_ALIVE = 10
"""How many times its timeout a reply may say nothing but that it is alive."""

MOST_ANSWER_BYTES = 64 * 1024 * 1024
"""Of one answer, as UTF-8: its text and reasoning."""

MOST_STREAMED_BYTES = 1024**3
"""Of the events that bring an answer, unpacked: they may be many times its size, and hold none of it."""

_DRAIN_SECONDS = 0.2
_MOST_BLANKS = 64 * 1024  # bytes before the first that tells what a body is
_STREAM_STARTS = (b":", b"data:", b"event:", b"id:", b"retry:")
_CUT_HINT = "Ask again. ‹go_on› goes on with it."


async def chunks_of(reply: Reply, version: ApiVersion) -> AsyncGenerator[Chunk, None]:
    """The chunks of an answer: streamed or whole, by what the body is and not by what its head calls it.

    Pairs of surrogates that were split between chunks are joined.  Raises CutAnswerError, SilenceError for a reply
    that says only that it is alive, ServiceError for a page of a gateway, and what the version raises.
    """
    body = _Body(reply)
    async with aclosing(body):
        if "json" in reply.content_type and reply.request.headers.get("Accept") == "application/json":
            # A batch has thousands of these: without what only a stream needs.
            content = await body.whole()
            head = content[:_MOST_BLANKS].lstrip()[:64]
            if not head.startswith((b"<", *_STREAM_STARTS)):
                chunk = version.parse_whole(reply.request, content, request_id=reply.request_id)
                yield _with_whole_characters(chunk)
                return
            kind: Literal["stream", "whole", "page"] = "page" if head.startswith(b"<") else "stream"
        else:
            kind = await body.kind()
        read = _streamed(body, reply, version) if kind == "stream" else _at_once(body, reply, version, kind=kind)
        async with aclosing(_joined(read)) as chunks:
            async for chunk in chunks:
                yield chunk


async def judged(
    chunks: AsyncGenerator[Chunk, None], reply: Reply, offered: frozenset[str] | None
) -> AsyncGenerator[Chunk, None]:
    """The chunks, and after their end an error when they are no answer.

    A call of a function that is not one of those `offered` is left out; None are any.  Raises NoAnswerError,
    ContentFilterError, and ServiceError for an answer that the service could not finish.
    """
    finish_reason, stray, text, called, anything = None, "", False, False, False
    async with aclosing(chunks):
        async for chunk in chunks:
            call = chunk.function_call
            if call is not None and offered is not None and call.name not in offered:
                stray = call.name
                chunk = replace(chunk, function_call=None, functions_state_id=None)
            finish_reason = chunk.finish_reason or finish_reason
            text, called = text or bool(chunk.text), called or chunk.function_call is not None
            anything = True
            yield chunk
    request_id = reply.request_id
    if not anything:
        raise StreamError("The service sent an empty answer.", hint="Try again.", request_id=request_id)
    if finish_reason == "blacklist":
        raise ContentFilterError(
            "The service's content filter stopped the answer (finish_reason: blacklist).",
            hint="Put the question in other words, or ask another model with ‹model›.",
            request_id=request_id,
        )
    if finish_reason == "error":
        raise ServiceError(
            "The service could not finish the answer (finish_reason: error).", hint="Try again.", request_id=request_id
        )
    if not called and (not text or finish_reason == "function_call"):
        raise _no_answer(finish_reason, stray, request_id)


def _no_answer(finish_reason: str | None, stray: str, request_id: str | None) -> NoAnswerError:
    """What to say of an end without an answer; `stray` is the name of a function that was called and not offered."""
    message, hint = "The service sent an empty answer.", "Try again."
    if stray:
        message = f"The model called a function that it was not offered, {one_line(stray, 60)}, instead of an answer."
        hint = "Try again. ‹functions› lets the model call functions of yours."
    elif finish_reason == "function_call":
        message = "The service told of a function call, but not of which."
    elif finish_reason == "length":
        message, hint = "The answer met its token limit before its first word.", "Allow more with ‹max_tokens›."
    return NoAnswerError(message, hint=hint, request_id=request_id)


async def _streamed(body: _Body, reply: Reply, version: ApiVersion) -> AsyncGenerator[Chunk, None]:
    """The chunks of a stream.  `finish_reason` or its last event makes it whole; usage may come after the former."""
    parser = EventParser()
    finished, text, progress, room = False, False, "", MOST_ANSWER_BYTES
    try:
        async with aclosing(_events(parser, body)) as events:
            async for event in events:
                chunk = version.parse_event(reply.request, event, request_id=reply.request_id)
                if chunk is None:
                    finished = True
                    break
                finished = finished or chunk.finish_reason is not None
                text = text or bool(chunk.text or chunk.function_call)
                # A function that the service runs may take long, but then it has something new to tell.
                if chunk.text or chunk.reasoning or chunk.function_call or chunk.progress not in ("", progress):
                    body.news()
                progress = chunk.progress or progress
                if finished:
                    body.patience = min(body.patience, reply.timeout)
                room -= _size(chunk)
                if room < 0:
                    raise _too_large(reply)
                if chunk != _NOTHING:
                    yield chunk
                if version.is_last(event):
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
            async for _ in body.pieces():
                pass


async def _at_once(
    body: _Body, reply: Reply, version: ApiVersion, *, kind: Literal["whole", "page"]
) -> AsyncGenerator[Chunk, None]:
    """A whole answer as one chunk."""
    response = await reply.whole(body.pieces())
    if kind == "page" or ("json" not in reply.content_type and json_object(response.body) is None):
        words = service_words(response, secrets=reply.request.secrets)
        raise ServiceError(
            f"The service answered with something else than an answer (HTTP {reply.status})"
            f"{': ' + words if words else ''}.",
            hint="A proxy or a portal may stand in between; check base_url.",
            request_id=reply.request_id,
        )
    yield version.parse_whole(reply.request, response.body, request_id=reply.request_id)


async def _joined(chunks: AsyncGenerator[Chunk, None]) -> AsyncGenerator[Chunk, None]:
    """The chunks, each with characters that are whole."""
    texts, reasonings = SurrogateJoiner(), SurrogateJoiner()
    try:
        async with aclosing(chunks):
            async for chunk in chunks:
                text, reasoning = texts.feed(chunk.text), reasonings.feed(chunk.reasoning)
                if chunk.finish_reason is not None:
                    text, reasoning = text + texts.close(), reasoning + reasonings.close()
                same = text == chunk.text and reasoning == chunk.reasoning
                yield chunk if same else replace(chunk, text=text, reasoning=reasoning)
    except GigaChatError:
        rest = Chunk(text=texts.close(), reasoning=reasonings.close())
        if rest != _NOTHING:  # a piece of an answer that broke off is a piece of it all the same
            yield rest
        raise
    rest = Chunk(text=texts.close(), reasoning=reasonings.close())
    if rest != _NOTHING:
        yield rest


def _with_whole_characters(chunk: Chunk) -> Chunk:
    text, reasoning = mended(chunk.text), mended(chunk.reasoning)
    same = text == chunk.text and reasoning == chunk.reasoning
    return chunk if same else replace(chunk, text=text, reasoning=reasoning)


class _Body:
    """The bytes of a reply as they come, until it has been alive without news for too long."""

    def __init__(self, reply: Reply) -> None:
        self.patience = reply.timeout * _ALIVE  # seconds
        self.reply = reply
        self._received = reply.pieces()
        self._begun: list[bytes] = []
        self._waited = 0.0

    async def aclose(self) -> None:
        await self._received.aclose()

    async def whole(self) -> bytes:
        """The whole body, which stays there to be read.  Raises SilenceError."""
        try:
            async with asyncio.timeout(self.patience):
                response = await self.reply.whole(self._received)
        except TimeoutError:
            raise self._only_alive(self.patience) from None
        self._begun = [response.body]
        return response.body

    async def kind(self) -> Literal["stream", "whole", "page"]:
        """What the body is by its first bytes, which stay there to be read; where they do not tell, by its head."""
        content_type = self.reply.content_type
        head = b""
        async with aclosing(self._fresh()) as pieces:
            async for piece in pieces:
                self._begun.append(piece)
                head = (head + piece).removeprefix(b"\xef\xbb\xbf").lstrip()[:64]
                if head.startswith(b"{"):
                    return "whole"
                if head.startswith(b"<"):
                    return "page"
                if head.startswith(_STREAM_STARTS):
                    return "stream"
                undecided = not head or any(start.startswith(head) for start in _STREAM_STARTS)
                if not undecided or sum(map(len, self._begun)) > _MOST_BLANKS:
                    break
        if "json" in content_type:
            return "whole"
        return "page" if head and content_type != "text/event-stream" else "stream"

    def news(self) -> None:
        """More than a sign of life has come."""
        self._waited = 0.0

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The body from its first byte on.  Raises SilenceError."""
        while self._begun:
            yield self._begun.pop(0)
        async with aclosing(self._fresh()) as pieces:
            async for piece in pieces:
                yield piece

    async def _fresh(self) -> AsyncGenerator[bytes, None]:
        while True:
            # Only the waiting counts: whoever reads the answer may take any time, and a stopped process as well.
            began = time.monotonic()
            piece = await anext(self._received, None)
            self._waited += min(time.monotonic() - began, self.reply.timeout)
            if piece is None:
                return
            yield piece
            if self._waited > self.patience:
                raise self._only_alive(self._waited)

    def _only_alive(self, seconds: float) -> SilenceError:
        purpose = self.reply.request.purpose
        return SilenceError(
            f"For {seconds:.3g} seconds the service said no more in answer to {purpose} than that it is alive.",
            hint="Try again, or wait longer with ‹timeout›.",
            request_id=self.reply.request_id,
        )


async def _events(parser: EventParser, body: _Body) -> AsyncGenerator[Event, None]:
    left = MOST_STREAMED_BYTES
    async with aclosing(body.pieces()) as pieces:
        async for piece in pieces:
            left -= len(piece)
            if left < 0:
                raise _too_large(body.reply)
            for event in parser.feed(piece):
                yield event
    for event in parser.close():
        yield event


def _size(chunk: Chunk) -> int:
    """Bytes of all that a chunk adds to an answer."""
    size = sum(len(text) if text.isascii() else len(text.encode("utf-8", "replace")) for text in _texts(chunk) if text)
    call = chunk.function_call
    return size + (len(repr(call.arguments)) + len(call.raw) if call is not None else 0)


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
