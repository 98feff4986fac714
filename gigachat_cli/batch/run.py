"""Asking: a few workers take item after item, each with a slot of the account that it keeps.

What is wrong with one item becomes its row.  What would be wrong with all that follow (no key, no tokens, no way to
the service) ends the batch with nothing lost, to be resumed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

from ..engine.retries import LONGEST_RETRY_AFTER, may_pass
from ..engine.slots import KeptSlot, KeptSlots
from ..errors import (
    AccessDeniedError,
    AuthenticationError,
    ConfigError,
    GigaChatError,
    NetworkError,
    ProxyError,
    QueueError,
    RateLimitError,
    ServiceError,
    StreamError,
    TLSError,
    TokensUsedUpError,
    UnknownModelError,
)
from ..messages import Answer
from .items import Item
from .pace import Pace
from .rows import answer_row, error_row
from .window import Sink, Window

Ask = Callable[[Item, KeptSlot], Awaitable[Answer]]
"""Asks one item, each request of it in the slot.  Raises GigaChatError."""

_WINDOW_A_WORKER = 64
_PATIENT = 3  # times as many tries after a 429, which says nothing against the item
_IDLE_SECONDS = 0.5  # a slot that is not used for so long is let go
_FRUITLESS = 5  # items in a row, and at least two a worker, before the service counts as gone


@dataclass(slots=True)
class Counts:
    """How far a batch is; `before` are rows of an earlier run, which are in `answered` and `failed` as well."""

    answered: int = 0
    failed: int = 0
    before: int = 0
    tokens: int = 0
    position: int = 0
    """Bytes of the input that were read for the items taken so far."""
    start: int | None = None
    """Where the position was when the first item was sent."""
    began: float = field(default_factory=time.monotonic)

    @property
    def done(self) -> int:
        return self.answered + self.failed

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    @property
    def rate(self) -> float:
        """Items a second."""
        return (self.done - self.before) / max(self.seconds, 0.001)


async def run(
    items: AsyncGenerator[Item, None],
    ask: Ask,
    slots: KeptSlots,
    sink: Sink,
    counts: Counts,
    *,
    concurrency: int,
    max_retries: int,
    taken_over: Callable[[int], str | None] = lambda line: None,
) -> None:
    """Ask all `items`, at most `concurrency` at once, each again at most `max_retries` times after what may pass.

    `taken_over` gives the row of a line that needs no asking any more.  `counts` is kept up to date.
    Raises what ends the batch before its end.
    """
    batch = _Batch(
        items, ask, slots, sink, counts, concurrency=concurrency, max_retries=max_retries, taken_over=taken_over
    )
    async with aclosing(items):
        await batch.run()


class _Batch:
    def __init__(
        self,
        items: AsyncGenerator[Item, None],
        ask: Ask,
        slots: KeptSlots,
        sink: Sink,
        counts: Counts,
        *,
        concurrency: int,
        max_retries: int,
        taken_over: Callable[[int], str | None],
    ) -> None:
        self._items = items
        self._ask = ask
        self._slots = slots
        self._counts = counts
        self._concurrency = concurrency
        self._max_retries = max_retries
        self._taken_over = taken_over
        self._window = Window(sink, size=_WINDOW_A_WORKER * concurrency)
        self._pace = Pace(concurrency)
        self._reading = asyncio.Lock()
        self._stopped_by: GigaChatError | None = None
        self._ended = False
        self._reader: asyncio.Task[None] | None = None  # the worker that waits for input
        self._suspects: list[tuple[Item, GigaChatError]] = []
        """Items that failed one after the other as if the service was gone: not yet rows, for it may be."""

    async def run(self) -> None:
        kept = [self._slots.slot() for _ in range(self._concurrency)]
        janitor = asyncio.create_task(_let_go_of_idle(kept))
        try:
            async with asyncio.TaskGroup() as workers:
                for number, slot in enumerate(kept):
                    workers.create_task(self._work(number, slot))
        except BaseExceptionGroup as problems:
            raise problems.exceptions[0] from None
        finally:
            janitor.cancel()
            with suppress(asyncio.CancelledError):
                await janitor
            for slot in kept:
                await slot.release()
        if self._stopped_by is None and self._suspects and not self._counts.answered:
            self._stopped_by = self._suspects[-1][1]
        if self._stopped_by is not None:
            raise self._stopped_by
        self._settle()

    async def _work(self, number: int, slot: KeptSlot) -> None:
        while True:
            await self._pace.turn(number)
            item = await self._next()
            if item is None:
                self._pace.end()
                return
            try:
                answer = await self._answered(item, slot)
            except GigaChatError as problem:
                self._failed(item, problem)
            else:
                if answer is not None:
                    self._alive()
                    self._counts.tokens += answer.usage.total_tokens if answer.usage else 0
                    self._end(item, answer_row(item, answer))

    async def _next(self) -> Item | None:
        """The next item that must be asked; None when there is none, or the batch stops."""
        async with self._reading:
            while not self._stopped_by and not self._ended:
                if not self._window.has_room:
                    self._settle()  # a suspect may be what the window waits for
                    await self._window.moved()
                    continue
                self._reader = asyncio.current_task()
                try:
                    item = await anext(self._items, None)
                finally:
                    self._reader = None
                if item is None:
                    self._ended = True
                    break
                self._window.begin(item)
                self._counts.position = item.end
                row = self._taken_over(item.line)
                if row is not None:
                    self._window.end(item, row, kept=True)
                    continue
                if item.problem is None:
                    if self._counts.start is None:
                        self._counts.start = item.end
                    return item
                self._end(item, error_row(item, item.problem), failed=True)
        return None

    async def _answered(self, item: Item, slot: KeptSlot) -> Answer | None:
        """The answer, asked for again after what may pass; None when the batch stops meanwhile."""
        failures = refusals = 0
        while True:
            try:
                answer = await self._ask(item, slot)
            except GigaChatError as problem:
                refused = isinstance(problem, RateLimitError)
                if (refused or problem.retry_after is not None) and may_pass(problem):
                    self._pace.refused(problem.retry_after)
                if refused:
                    refusals += 1
                else:
                    failures += 1
                spent = failures > self._max_retries or refusals > self._max_retries * _PATIENT
                if spent or not may_pass(problem):
                    raise
                await slot.release_idle(after=0)
                await self._pace.again(failures + refusals)
                if self._stopped_by is not None:
                    return None
            else:
                self._pace.answered()
                return answer

    def _failed(self, item: Item, problem: GigaChatError) -> None:
        if _concerns_all(problem, item):
            self._stop(problem)
        elif not _suspicious(problem):
            self._alive()
            self._end(item, error_row(item, problem), failed=True)
        else:
            self._suspects.append((item, problem))
            if len(self._suspects) >= max(_FRUITLESS, 2 * self._concurrency):
                self._stop(problem)
            elif not self._window.has_room:
                self._settle()  # the window would wait for it for ever

    def _stop(self, problem: GigaChatError) -> None:
        """Begin nothing more; what is under way comes to its end."""
        self._stopped_by = self._stopped_by or problem
        self._pace.stop()
        self._window.wake()
        if self._reader is not None:
            self._reader.cancel()

    def _alive(self) -> None:
        """The service answers: what failed before it did failed for good."""
        if self._suspects and self._stopped_by is None:
            self._settle()

    def _settle(self) -> None:
        suspects, self._suspects = self._suspects, []
        for item, problem in suspects:
            self._end(item, error_row(item, problem), failed=True)

    def _end(self, item: Item, row: str, *, failed: bool = False) -> None:
        if failed:
            self._counts.failed += 1
        else:
            self._counts.answered += 1
        self._window.end(item, row)


def _concerns_all(problem: GigaChatError, item: Item) -> bool:
    """Whether every other item would meet the same problem."""
    if isinstance(problem, (TokensUsedUpError, UnknownModelError)):
        return item.model is None
    if isinstance(problem, RateLimitError):
        return problem.retry_after is not None and problem.retry_after > LONGEST_RETRY_AFTER
    if isinstance(problem, AccessDeniedError):
        return False  # of a file, perhaps
    if isinstance(problem, ProxyError):
        return not problem.may_pass
    return isinstance(problem, (AuthenticationError, ConfigError, TLSError, QueueError))


def _suspicious(problem: GigaChatError) -> bool:
    """Whether the service may be gone, and not the item be at fault."""
    if isinstance(problem, (NetworkError, RateLimitError, AccessDeniedError)):
        return not isinstance(problem, StreamError)
    return isinstance(problem, ServiceError) and may_pass(problem)


async def _let_go_of_idle(kept: Sequence[KeptSlot]) -> None:
    """A worker that waits for input, or for its turn, needs no slot meanwhile."""
    while True:
        await asyncio.sleep(_IDLE_SECONDS / 2)
        for slot in kept:
            await slot.release_idle(after=_IDLE_SECONDS)
