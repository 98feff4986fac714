"""What goes over the wire, without the library that carries it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.  `purpose` completes "…could not be made" sentences: "the chat request", "the login"."""

    method: str
    url: str
    purpose: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may repeat: the credentials of the Authorization header."""
        return tuple(self.headers.get("Authorization", "").split()[1:])


@dataclass(frozen=True, slots=True)
class Response:
    """One whole HTTP response; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def request_id(self) -> str | None:
        return self.headers.get("x-request-id")
