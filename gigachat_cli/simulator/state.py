"""What the running service knows and how it behaves; a test may change any of it between two requests."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from .accounts import Accounts
from .batch import Batch
from .faults import Faults
from .options import Model, Options, key_for
from .recording import ReceivedRequest, RequestLog
from .stored_files import FileStore

Planned: TypeAlias = str | tuple[str, dict[str, Any]] | list[tuple[str, dict[str, Any]]]

BALANCE = (("embeddings", 9_999_967), ("GigaChat-Pro", 991_490), ("GigaChat-Max", 50_000), ("GigaChat", 900_000))
"""What is left of the packages, as long as nobody says otherwise."""

_REMEMBERED = 10_000
"""Sessions, and calls, that are remembered; the oldest go first."""


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
        self.plan: Sequence[Planned] = ()
        """What the next chat requests are answered with, one item each: a text, a call as (name, arguments),
        or a list of calls made at once (API v2). While there are items, nothing else decides."""
        self.misfits = 0
        """How many of the next answers with a schema do not fit it."""
        self.demand_state_id = True
        """Whether a call of ours in history must come with the functions_state_id that it was made with."""
        self.function_results: Literal["either", "tool", "function"] = "either"
        """The form of results in API v2: role tool with an object, role function with a text."""
        self.balance: Sequence[tuple[str, float]] = BALANCE
        self.ai_category: Literal["ai", "human", "mixed"] | None = None
        """What the check of a text finds; None: it depends on the text."""
        self.batch_polls = 2
        """How many times a batch is looked at before it is completed."""
        self.faults = Faults(options.faults)
        self.accounts = Accounts(self.now)
        self.log = RequestLog(options.keep_requests)
        self.files = FileStore(self.now)
        self.batches: dict[str, Batch] = {}
        self.failures: list[BaseException] = []
        """What went wrong inside the simulator itself; always a defect of the simulator."""
        self.released = asyncio.Semaphore(0)
        """How many stalled answers may go on; belongs to the server's loop."""
        self._prefixes: OrderedDict[str, list[tuple[int, int]]] = OrderedDict()
        self._calls_made: OrderedDict[tuple[str, str], set[str]] = OrderedDict()
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
            previous = self._prefixes.pop(session, [])
            self._prefixes[session] = sizes
            if len(self._prefixes) > _REMEMBERED:
                self._prefixes.popitem(last=False)
        cached = 0
        for old, new in zip(previous, sizes, strict=False):
            if old != new:
                break
            cached += new[1]
        return cached

    def next_planned(self) -> Planned | None:
        """Take the next item of the plan, or None."""
        with self._lock:
            if not self.plan:
                return None
            first, *rest = self.plan
            self.plan = rest
            return first

    def take_misfit(self) -> bool:
        """Count one of the answers that are not to fit, if there is one left."""
        with self._lock:
            self.misfits, wanted = max(0, self.misfits - 1), self.misfits > 0
        return wanted

    def remember_call(self, key: str, call: str, state_id: str) -> None:
        """Remember the state id that a call, given as text, was made with."""
        with self._lock:
            self._calls_made.setdefault((key, call), set()).add(state_id)
            if len(self._calls_made) > _REMEMBERED:
                self._calls_made.popitem(last=False)

    def state_ids_of(self, key: str, call: str) -> frozenset[str]:
        """Return the state ids that a call was made with, none for a call that is not ours."""
        with self._lock:
            return frozenset(self._calls_made.get((key, call), ()))
