"""Who may ask: authorization keys with scopes, access tokens with their ends, simultaneous requests."""

from __future__ import annotations

import base64
import secrets
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .options import PASSWORD, SCOPES, USER, key_for

_MAX_REQUESTS = {"GIGACHAT_API_PERS": 1, "GIGACHAT_API_B2B": 10, "GIGACHAT_API_CORP": 10}
_TOKEN_HEAD = "eyJhbGciOiJub25lIiwidHlwIjoic2ltdWxhdGVkIn0"  # noqa: S105  # {"alg":"none","typ":"simulated"}
_TOKEN_PARTS = (342, 22, 779, 43)
"""Lengths of the other segments, so that a token has 1 233 characters like a real one."""


@dataclass(frozen=True, slots=True)
class Issued:
    """An access token, whose key it serves, and when it ends (Unix time in seconds, the service's clock)."""

    access_token: str
    key: str
    expires_at: float


class TooManyRequests(Exception):
    """The key has as many requests running as its scope allows."""


class Accounts:
    """Keys, tokens and places of the simulated service; safe to use from any thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._scopes = {key_for(scope): scope for scope in SCOPES}
        self._tokens: dict[str, Issued] = {}
        self._running: Counter[str] = Counter()
        self._peaks: Counter[str] = Counter()

    def add_key(self, scope: str) -> str:
        """Make another account of a scope and return its authorization key."""
        if scope not in SCOPES:
            raise ValueError(f"unknown scope {scope!r}; there are {', '.join(SCOPES)}")
        key = base64.b64encode(f"{uuid.uuid4()}:{uuid.uuid4()}".encode()).decode()
        with self._lock:
            self._scopes[key] = scope
        return key

    def scope_of(self, key: str) -> str | None:
        """Return the scope that a key belongs to, or None for a key that nobody has."""
        with self._lock:
            return self._scopes.get(key)

    def issue(self, key: str, lifetime: float) -> Issued:
        """Make an access token for a key, good for so many seconds."""
        segments = (secrets.token_urlsafe(length)[:length] for length in _TOKEN_PARTS)
        access_token = ".".join((_TOKEN_HEAD, *segments))
        issued = Issued(access_token, key, self._clock() + lifetime)
        with self._lock:
            self._tokens[access_token] = issued
        return issued

    def find(self, access_token: str) -> Issued | None:
        """Return what is known of an access token, also when its time is over."""
        with self._lock:
            return self._tokens.get(access_token)

    def is_over(self, issued: Issued) -> bool:
        """Say whether a token's time is over by the service's clock."""
        return issued.expires_at <= self._clock()

    def forget(self, access_token: str | None = None) -> None:
        """Forget one access token, or all."""
        with self._lock:
            if access_token is None:
                self._tokens.clear()
            else:
                self._tokens.pop(access_token, None)

    @contextmanager
    def place(self, key: str, limit: int | None) -> Iterator[None]:
        """Hold one of the key's simultaneous requests. Raises TooManyRequests when there is none free."""
        with self._lock:
            allowed = limit if limit is not None else _MAX_REQUESTS[self._scopes.get(key, SCOPES[0])]
            self._peaks[key] = max(self._peaks[key], self._running[key] + 1)
            if self._running[key] >= allowed:
                raise TooManyRequests
            self._running[key] += 1
        try:
            yield
        finally:
            with self._lock:
                self._running[key] -= 1
                self._idle.notify_all()

    def peak(self, key: str | None = None) -> int:
        """Return the most requests that one key, or any key, had at once, refused ones counted."""
        with self._lock:
            return self._peaks[key] if key is not None else max(self._peaks.values(), default=0)

    def running(self) -> int:
        """Return how many chat requests are being answered."""
        with self._lock:
            return self._running.total()

    def wait_until_idle(self, timeout: float) -> None:
        """Wait until no chat request is being answered. Raises TimeoutError."""
        end = time.monotonic() + timeout
        with self._lock:
            while self._running.total():
                if not self._idle.wait(max(0.0, end - time.monotonic())):
                    raise TimeoutError(f"{self._running.total()} requests still running after {timeout} s")


def user_key(user: str, password: str) -> str | None:
    """Return the key behind a user name and password, or None when they are wrong."""
    return key_for(SCOPES[1]) if (user, password) == (USER, PASSWORD) else None
