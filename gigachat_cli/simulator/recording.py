"""Every request that arrived, as a frozen value, with a way to wait for one from another thread."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """One request as it arrived. ``headers`` is case-insensitive; ``received_at`` is Unix time in seconds.

    ``place`` is ``oauth``, ``token``, ``models``, ``chat`` (of both API versions), ``files``, ``tokens``,
    ``balance``, ``embeddings``, ``check``, ``functions``, ``batches``, or ``other`` for an unknown route.
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
    """What has arrived, in order; written by the server's thread, read by any.

    ``keep`` bounds what is remembered, not what is counted; None remembers everything.
    """

    def __init__(self, keep: int | None = None) -> None:
        self._changed = threading.Condition()
        self._received: deque[ReceivedRequest] = deque(maxlen=keep)
        self._counts: Counter[str] = Counter()

    def add(self, received: ReceivedRequest) -> None:
        """Keep a request and wake whoever waits for it."""
        with self._changed:
            self._received.append(received)
            self._counts[received.place] += 1
            self._changed.notify_all()

    def all(self, place: str | None = None) -> list[ReceivedRequest]:
        """Return the requests that are remembered, of one place or of all."""
        with self._changed:
            return self._kept(place)

    def count(self, place: str | None = None) -> int:
        """Return how many requests have arrived, of one place or of all."""
        with self._changed:
            return self._counted(place)

    def wait(self, count: int, *, place: str | None, timeout: float) -> list[ReceivedRequest]:
        """Return the remembered requests as soon as ``count`` have arrived. Raises TimeoutError."""
        end = time.monotonic() + timeout
        with self._changed:
            while (arrived := self._counted(place)) < count:
                if not self._changed.wait(max(0.0, end - time.monotonic())):
                    raise TimeoutError(f"{arrived} of {count} requests after {timeout} s")
            return self._kept(place)

    def clear(self) -> None:
        """Forget the requests so far."""
        with self._changed:
            self._received.clear()
            self._counts.clear()

    def _kept(self, place: str | None) -> list[ReceivedRequest]:
        return [received for received in self._received if place in (None, received.place)]

    def _counted(self, place: str | None) -> int:
        return self._counts.total() if place is None else self._counts[place]
