"""An answer from the moment its head is there: its body as it comes, whole or not, and what is said when it breaks."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import aiohttp
from aiohttp import http_exceptions

from ..bounded import json_value
from ..errors import ConnectionFailedError, SilenceError, StreamError, TooLargeError
from .outside import Headers
from .tls_faults import reason
from .wire import Request, Response, request_id_of

MAX_BODY_BYTES = 64 * 1024 * 1024
_MOST_REFUSAL_BYTES = 1024 * 1024


class WatchedResponse(aiohttp.ClientResponse):
    """Knows how its connection ended, which the library tells only where a length was announced.

    `tls` is that of the connection, which an answer that has ended lets go; `was_reset` is set when it broke.
    """

    tls: ssl.SSLObject | None = None
    was_reset = False
    _watched: asyncio.Future[None] | None = None

    async def start(self, connection: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        assert connection.protocol is not None
        self._line = connection.protocol
        self._watched = connection.protocol.closed
        if self._watched is not None:
            self._watched.add_done_callback(self._on_end)
        if connection.transport is not None:
            self.tls = connection.transport.get_extra_info("ssl_object")
        return await super().start(connection)

    def unwatch(self) -> None:
        """The connection goes on without this answer."""
        if self._watched is not None:
            self._watched.remove_done_callback(self._on_end)

    def _on_end(self, ended: asyncio.Future[None]) -> None:
        problem = None if ended.cancelled() else ended.exception()
        self.was_reset = problem is not None
        # Chunks that are none end the connection, but not the waiting for more of them.
        if self.content is not None and not self.content.is_eof() and self.content.exception() is None:
            cause = self._line.exception() or problem or ConnectionResetError()
            self.content.set_exception(aiohttp.ClientPayloadError("The answer ended in its middle"), cause)


class Reply:
    """An answer whose head is there and whose body is still to come.  `size` is its length in bytes, where told."""

    def __init__(self, request: Request, response: WatchedResponse, timeout: float) -> None:
        self.request = request
        self._response = response
        self.timeout = timeout
        self.status = response.status
        self.headers = Headers(response.headers)
        self.request_id = request_id_of(self.headers)
        self.content_type = response.content_type
        told = self.headers.get("content-length", "")
        announced = re.fullmatch("[0-9]{1,18}", told) and "content-encoding" not in self.headers
        self.size = int(told) if announced else None

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes, to its end; one that breaks off before raises ConnectionFailedError."""
        try:
            async for piece in self._response.content.iter_any():
                yield piece
        except TimeoutError:
            raise silence(self.request, self.timeout, self.request_id) from None
        except (aiohttp.ClientError, OSError) as problem:
            if (wrong := garbled(problem)) is not None:
                raise unreadable(self.request, wrong, self.request_id) from None
            raise _broken(self.request, words_of(problem), self.request_id) from None
        if self._broke_off:
            raise _broken(self.request, "it was cut without the end that TLS wants", self.request_id)

    @property
    def _broke_off(self) -> bool:
        """Whether a body that only the end of its connection ends has lost it, and was not ended by the peer.

        Such a body has no length to be checked by, and a connection that is cut looks like one that is closed; what
        tells the two apart is the notice of its end that TLS wants (RFC 8446, 6.1), and asyncio does not ask for it.
        """
        if self.status == 204 or "content-length" in self.headers:
            return False
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return False
        if self._response.tls is None:
            return self._response.was_reset
        try:
            self._response.tls.read(1)
        except ssl.SSLZeroReturnError:
            return False
        except ssl.SSLError:
            return True
        return False

    async def whole(self, pieces: AsyncIterator[bytes] | None = None) -> Response:
        """The whole body, at most 64 MiB of it, from `pieces` where those have been begun."""
        parts, size = [], 0
        try:
            async for piece in self.pieces() if pieces is None else pieces:
                parts.append(piece)
                size += len(piece)
                if size > MAX_BODY_BYTES:
                    raise TooLargeError(
                        f"The answer to {self.request.purpose} is too large: more than {MAX_BODY_BYTES // 2**20} MiB.",
                        request_id=self.request_id,
                    )
        except ConnectionFailedError:
            # JSON that can be read is whole, however its connection ended.
            if not (self._broke_off and _is_json(b"".join(parts))):
                raise
        return Response(self.status, self.headers, b"".join(parts))

    async def beginning(self) -> Response:
        """The first MiB of the body: all that the words of a refusal need, however much more would come."""
        parts, left = [], _MOST_REFUSAL_BYTES
        try:
            async with aclosing(self.pieces()) as pieces:
                async for piece in pieces:
                    parts.append(piece[:left])
                    left -= len(parts[-1])
                    if not left:
                        break
        except ConnectionFailedError:
            # A refusal is one by its status, whatever is lost of its words.
            if self.status < 400 and not (self._broke_off and _is_json(b"".join(parts))):
                raise
        return Response(self.status, self.headers, b"".join(parts))


def _is_json(content: bytes) -> bool:
    try:
        json_value(content)
    except ValueError:
        return False
    return True


def silence(request: Request, timeout: float, request_id: str | None) -> SilenceError:
    return SilenceError(
        f"Nothing came for {timeout:g} seconds in answer to {request.purpose}.",
        hint="Try again, or wait longer with ‹timeout›.",
        request_id=request_id,
    )


def _broken(request: Request, why: str, request_id: str | None) -> ConnectionFailedError:
    failure = ConnectionFailedError(
        f"The connection broke while the answer to {request.purpose} came ({why}).",
        hint="Try again.",
        request_id=request_id,
    )
    mark_maybe_done(failure, request)
    return failure


def unreadable(request: Request, wrong: str, request_id: str | None = None) -> StreamError:
    return StreamError(
        f"The answer to {request.purpose} cannot be read as HTTP: {wrong}.",
        hint="It is not asked for again, for it was answered; a proxy or a portal may stand in between.",
        request_id=request_id,
    )


def mark_maybe_done(failure: ConnectionFailedError, request: Request) -> None:
    """Say so where a request had left whole, nobody knows what came of it, and it cannot just be sent again."""
    if not request.may_be_asked_twice:
        failure.maybe_done = True
        failure.hint = "It is not sent again by itself, for it may be done already, and charged; ask again if you wish."


def garbled(problem: BaseException | None) -> str | None:
    """What is wrong with bytes that are no HTTP; None when a connection broke, and they only ended too early."""
    wrong = None
    while problem is not None:
        if isinstance(problem, http_exceptions.ContentLengthError) or "Not enough data" in str(problem):
            return None
        if isinstance(problem, http_exceptions.LineTooLong):
            return "a header is too long"
        if "Too many headers" in str(problem):
            return "it has too many headers"
        if isinstance(problem, aiohttp.ClientResponseError | http_exceptions.HttpProcessingError):
            wrong = "it is something else"
        problem = problem.__cause__
    return wrong


def words_of(problem: BaseException) -> str:
    """A few words on how a connection broke."""
    if isinstance(problem, aiohttp.ServerDisconnectedError):
        return "the server hung up"
    if isinstance(problem, aiohttp.ClientPayloadError):
        return "the answer is incomplete"
    return reason(problem)
