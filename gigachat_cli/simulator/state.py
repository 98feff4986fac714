"""What the running service knows and how it behaves; a test may change any of it between two requests."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence

from gigachat_cli.simulator.accounts import Accounts
from gigachat_cli.simulator.faults import Faults
from gigachat_cli.simulator.options import Model, Options, key_for
from gigachat_cli.simulator.recording import ReceivedRequest, RequestLog


class State:
    """The service's memory and its behaviour. The plain attributes are free to be set at any time."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.answer: str | Sequence[str] | None = options.answer
        """Exact text of the next answers; a list is sent chunk by chunk as it stands; None: simulated."""
        self.stream_bytes: Sequence[bytes] | None = None
        """Exact bytes of the next streams, one write each, in place of events."""
        self.chunks: int | None = options.chunks
        self.pace: float = options.pace
        self.token_lifetime: float = options.token_lifetime
        self.token_form: str = options.token_form
        self.expiry_unit: str = options.expiry_unit
        self.clock_offset: float = options.clock_offset
        self.max_requests: int | None = options.max_requests
        self.context_tokens: int | None = options.context_tokens
        self.models: tuple[Model, ...] = options.models
        self.faults = Faults(options.faults)
        self.accounts = Accounts(self.now)
        self.log = RequestLog()
        self.failures: list[BaseException] = []
        """What went wrong inside the simulator itself; always a defect of the simulator."""
        self.released = asyncio.Semaphore(0)
        """How many stalled answers may go on; belongs to the server's loop."""
        self._prefixes: dict[str, list[tuple[int, int]]] = {}
        self._lock = threading.Lock()

    @property
    def credentials(self) -> str:
        """The ready authorization key of the scope in the options."""
        return key_for(self.options.scope)

    @property
    def requests(self) -> list[ReceivedRequest]:
        """Every request so far."""
        return self.log.all()

    def now(self) -> float:
        """Return the service's time: Unix seconds, the clock offset included."""
        return time.time() + self.clock_offset

    def cached_tokens(self, session: str | None, sizes: list[tuple[int, int]]) -> int:
        """Return the tokens of a session's opening that its last request had too, and remember this one.

        ``sizes`` is a (hash, tokens) pair for each message. Without a session nothing is cached.
        """
        if session is None:
            return 0
        with self._lock:
            previous = self._prefixes.get(session, [])
            self._prefixes[session] = sizes
        cached = 0
        for old, new in zip(previous, sizes, strict=False):
            if old != new:
                break
            cached += new[1]
        return cached
