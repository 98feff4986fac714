"""Running a batch: workers take one item after another, each holding one of the account's concurrent requests.

A failure of one item becomes its row.  A failure that all following items would meet (no key, no tokens, no connection)
stops the batch; nothing is lost, and it can be resumed.
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
from .output_rows import answer_row, error_row
from .pace import Pace
from .window import RowSink, Window

Ask = Callable[[Item, KeptSlot], Awaitable[Answer]]
"""Sends one item, each of its requests in the slot.  Raises GigaChatError."""

_WINDOW_A_WORKER = 64
_PATIENT = 3  # times as many retries after a 429, which is not the item's fault
_IDLE_SECONDS = 0.5  # after which an unused slot is released
_FRUITLESS = 5  # failed items in a row, and at least two per worker, before the service counts as unreachable


@dataclass(slots=True)
class Counts:
    """The progress of a batch; `before` are rows of an earlier run, which count in `answered` and `failed` as well."""

    answered: int = 0
    failed: int = 0
    before: int = 0
    tokens: int = 0
    position: int = 0
    """Bytes of the input that were read for the items taken so far."""
    start: int | None = None
    """The position when the first item was sent."""
    began: float = field(default_factory=time.monotonic)

    @property
    def done(self) -> int:
        return self.answered + self.failed

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    @property
    def rate(self) -> float:
        """Items per second."""
        return (self.done - self.before) / max(self.seconds, 0.001)


async def run(
    items: AsyncGenerator[Item, None],
    ask: Ask,
    slots: KeptSlots,
    sink: RowSink,
    counts: Counts,
    *,
    concurrency: int,
    max_retries: int,
    taken_over: Callable[[int], str | None] = lambda line: None,
) -> None:
    """Run all `items`, at most `concurrency` at once, each with at most `max_retries` retries after temporary errors.

    `taken_over` gives the row of a line that needs no request.  `counts` is kept up to date.  Raises the error that
    stopped the batch.
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
        sink: RowSink,
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
        """Items that failed in a row, possibly because the service is unreachable; they get rows once it turns out that
        it is not.
        """

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
        """The next item to send; None when there is none, or the batch stops."""
        async with self._reading:
            while not self._stopped_by and not self._ended:
                if not self._window.has_room:
                    self._settle()  # the window may be waiting for a suspect
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
        """The answer, with retries after temporary errors; None when the batch stops meanwhile."""
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
                self._settle()  # the window would wait for it forever

    def _stop(self, problem: GigaChatError) -> None:
        """Begin no more items; running ones are finished."""
        self._stopped_by = self._stopped_by or problem
        self._pace.stop()
        self._window.wake()
        if self._reader is not None:
            self._reader.cancel()

    def _alive(self) -> None:
        """The service is reachable: the suspects failed for other reasons."""
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
    """Whether every other item would fail with the same problem."""
    if isinstance(problem, (TokensUsedUpError, UnknownModelError)):
        return item.model is None
    if isinstance(problem, RateLimitError):
        return problem.retry_after is not None and problem.retry_after > LONGEST_RETRY_AFTER
    if isinstance(problem, AccessDeniedError):
        return False  # possibly of one file
    if isinstance(problem, ProxyError):
        return not problem.may_pass
    return isinstance(problem, (AuthenticationError, ConfigError, TLSError, QueueError))


def _suspicious(problem: GigaChatError) -> bool:
    """Whether the service may be unreachable, so that the item is not at fault."""
    if isinstance(problem, (NetworkError, RateLimitError, AccessDeniedError)):
        return not isinstance(problem, StreamError)
    return isinstance(problem, ServiceError) and may_pass(problem)


async def _let_go_of_idle(kept: Sequence[KeptSlot]) -> None:
    """Release slots of workers that wait for input, or for their turn."""
    while True:
        await asyncio.sleep(_IDLE_SECONDS / 2)
        for slot in kept:
            await slot.release_idle(after=_IDLE_SECONDS)
