"""Every request that arrived, as a frozen value, with a way to wait for one from another thread."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """One request as it arrived. ``headers`` is case-insensitive; ``received_at`` is Unix time in seconds.

    ``place`` is ``oauth``, ``token``, ``models``, ``chat``, or ``other`` for an unknown route.
    """

    place: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    received_at: float
    peer: tuple[str, int]

    @property
    def json(self) -> Any:
        """The decoded body. Raises ValueError when it is not JSON."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The body as UTF-8 text."""
        return self.body.decode()


class RequestLog:
    """What has arrived, in order; written by the server's thread, read by any."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._received: list[ReceivedRequest] = []

    def add(self, received: ReceivedRequest) -> None:
        """Keep a request and wake whoever waits for it."""
        with self._changed:
            self._received.append(received)
            self._changed.notify_all()

    def all(self, place: str | None = None) -> list[ReceivedRequest]:
        """Return the requests so far, of one place or of all."""
        with self._changed:
            return [received for received in self._received if place in (None, received.place)]

    def wait(self, count: int, *, place: str | None, timeout: float) -> list[ReceivedRequest]:
        """Return the requests as soon as there are ``count``. Raises TimeoutError."""
        end = time.monotonic() + timeout
        with self._changed:
            while len(found := [kept for kept in self._received if place in (None, kept.place)]) < count:
                if not self._changed.wait(max(0.0, end - time.monotonic())):
                    raise TimeoutError(f"{len(found)} of {count} requests after {timeout} s")
            return found

    def clear(self) -> None:
        """Forget the requests so far."""
        with self._changed:
            self._received.clear()
