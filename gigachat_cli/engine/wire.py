"""What goes over the wire, without the library that carries it."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Protocol

from msgspec import Struct

from .. import __version__
from .outside import Identifier

USER_AGENT = f"gigachat-terminal/{__version__}"

MOST_DOWNLOADED = 1024**3
"""Bytes of a file that is taken unless more is asked for."""

_SHORTEST_SECRET = 4  # characters; blotting out anything shorter would only spoil the sentence


class StreamedBody(Protocol):
    """A body that is made while it is sent, anew for each attempt.

    `size` is in bytes and is kept to.  `pieces` may raise a GigaChatError, which ends the request.
    """

    @property
    def size(self) -> int: ...

    def pieces(self) -> AsyncIterator[bytes]: ...


class Sink(Protocol):
    """Takes an answer piece by piece.  `begin` is called at each attempt, with its size in bytes where that is told."""

    def begin(self, size: int | None) -> None: ...

    def add(self, piece: bytes) -> None: ...


class Request(Struct, frozen=True):
    """One HTTP request.  `purpose` completes "…could not be made" sentences: "the chat request", "the login".

    `streamed` is a body that takes the place of `body`.  `idempotent`: to ask it twice does and costs no more than to
    ask it once.
    """

    method: str
    url: str
    purpose: str
    headers: Mapping[str, str] = {}
    body: bytes | None = None
    streamed: StreamedBody | None = None
    idempotent: bool = False

    def __repr__(self) -> str:
        return f"Request({self.method!r}, {self.url!r}, {self.purpose!r})"  # without the secrets of the headers

    @property
    def may_be_asked_twice(self) -> bool:
        """Whether it can be sent again when nobody knows what came of it; a GET always can."""
        return self.idempotent or self.method == "GET"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may repeat: the credentials of the Authorization header, and the secret inside them."""
        scheme, _, credentials = self.headers.get("Authorization", "").partition(" ")
        found = [credentials]
        if scheme == "Basic":
            with suppress(binascii.Error, ValueError):
                plain = b64decode(credentials, validate=True).decode()
                found += [plain, plain.partition(":")[2]]
        return tuple(secret for secret in found if len(secret) >= _SHORTEST_SECRET)


class Response(Struct, frozen=True):
    """One whole HTTP response; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Response({self.status!r}, {len(self.body)} bytes)"  # one of them may hold a token

    @property
    def request_id(self) -> str | None:
        return request_id_of(self.headers)


def request_id_of(headers: Mapping[str, str]) -> str | None:
    """The service's own id of a request; None where it gives none, or what is no id."""
    return Identifier.of(headers.get("x-request-id")) or None
