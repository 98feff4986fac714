"""The slots of an account: requests of all processes queue here, for the service would refuse what is too many.

Documented: a personal account takes one request at a time, a business ten; one more is answered with 429.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from .. import paths
from ..errors import QueueError
from ..messages import Notice
from . import holders
from .locks import LockTimeout, hold_at_once, hold_one, is_held

PATIENCE = 600.0  # seconds
_TELL_AFTER = 2.0  # seconds, on a terminal
_WARN_AFTER = 10.0  # seconds, everywhere
_LOOK_EVERY = 1.0  # seconds, for who it is that holds a slot
_GRACE = 0.5  # seconds
_KEPT_AT_LEAST = 1.0  # seconds, before a kept slot is let go for somebody who waits
_LET_IN = 0.3  # seconds; longer than the pause of those who wait

WAITING = "Waiting for another gigachat request to end."


@asynccontextmanager
async def slot(
    account: str,
    *,
    count: int,
    notify: Callable[[Notice], None],
    modest: Callable[[], bool] | None = None,
    patience: float | None = None,
    command: str | None = None,
) -> AsyncIterator[Held]:
    """Hold one of the account's `count` slots.  Those who wait are told who holds it: `command`, as `holders.note`.

    Who keeps a slot over many requests lets it go for one that waits, unless the latter is `modest`.  Raises
    QueueError after `patience` seconds (10 minutes) without one, and at once when no other task could let one go.
    """
    patience = PATIENCE if patience is None else patience
    files = [paths.locks_dir() / f"slot-{account[:16]}-{number}.lock" for number in range(count)]
    wait = _Wait(files, _Sign(_sign_file(account)), notify, modest or _never)
    async with AsyncExitStack() as stack:
        held = Held()
        try:
            file = await stack.enter_async_context(
                hold_one(files, patience=patience, waiting=wait.waiting, note=lambda: holders.note(command))
            )
            if modest is None:  # one that is kept may be in the hands of any task
                held.moved()
            _held_here[file] = held
            stack.callback(_held_here.pop, file)
        except LockTimeout:
            raise _gave_up(files, patience) from None
        except OSError as problem:
            lost = f"{paths.locks_dir()} could not be used ({problem.strerror}); requests do not queue."
            notify(Notice("warning", lost, cause=str(problem.strerror)))
        finally:
            wait.end()
        yield held


class Held:
    """A slot that is held by this process; `task` is the one that reads the answer, where one alone does."""

    def __init__(self) -> None:
        self.task: asyncio.Task[Any] | None = None

    def moved(self) -> None:
        """The running task holds the slot from here on: whoever reads an answer may give it to another task."""
        self.task = asyncio.current_task()


_held_here: dict[Path, Held] = {}


class _Wait:
    """What is said while a slot is waited for: on a terminal soon and whenever it changes, to a script once."""

    def __init__(
        self, files: list[Path], sign: _Sign, notify: Callable[[Notice], None], modest: Callable[[], bool]
    ) -> None:
        self._files = files
        self._sign = sign
        self._notify = notify
        self._modest = modest
        self._look_at = _TELL_AFTER
        self._told = ""
        self._warned: set[str] = set()

    def waiting(self, seconds: float) -> None:
        """Raises QueueError when nobody but the one who waits could end the wait."""
        if self._modest():
            self._sign.take_down()
            return
        # A moment later, since a stream that was just left may be about to end.
        if seconds >= _GRACE and _waits_for_itself(self._files):
            raise _for_itself()
        self._sign.put_up()
        if seconds < self._look_at:
            return
        self._look_at = seconds + _LOOK_EVERY
        found = holders.holders(self._files)
        who, way_on = holders.told(found), holders.way_on(found)
        text = f"Waiting for {who}." if who else WAITING
        if text != self._told:
            self._told = text
            self._notify(Notice("progress", text))
        # Nothing ends the wait for one that stands still, so that is told at once.
        if way_on not in self._warned and (way_on or seconds >= _WARN_AFTER):
            self._warned |= {"", way_on}
            self._notify(Notice("warning", f"{text} {way_on}".rstrip()))

    def end(self) -> None:
        self._sign.take_down()
        if self._told:
            self._notify(Notice("progress", ""))  # it waits no more


def _waits_for_itself(files: list[Path]) -> bool:
    task = asyncio.current_task()
    return all(file in _held_here and _held_here[file].task is task for file in files)


def _for_itself() -> QueueError:
    return QueueError(
        "This task still reads an answer that holds the account's only slot, and would wait for itself.",
        hint="Read that answer to its end or close it (contextlib.aclosing) first; or ask in another task.",
    )


class OwnSlots:
    """The concurrency limit of one client by itself: it queues with nobody else on the machine."""

    def __init__(self, count: int) -> None:
        self._free = asyncio.Semaphore(count)
        self._held: list[Held] = []

    @asynccontextmanager
    async def slot(self, patience: float | None) -> AsyncIterator[Held]:
        """Hold one.  Raises QueueError after `patience` seconds (10 minutes), and when a task would wait for itself."""
        patience = PATIENCE if patience is None else patience
        task = asyncio.current_task()
        alone = self._free.locked() and all(held.task is task for held in self._held)
        try:
            async with asyncio.timeout(_GRACE if alone else patience):
                await self._free.acquire()
        except TimeoutError:
            raise _for_itself() if alone else _gave_up([], patience) from None
        held = Held()
        held.moved()
        self._held.append(held)
        try:
            yield held
        finally:
            self._held.remove(held)
            self._free.release()


def _gave_up(files: list[Path], patience: float) -> QueueError:
    found = holders.holders(files)
    who, way_on = holders.told(found), holders.way_on(found)
    span = f"{patience / 60:.0f} minutes" if patience >= 120 else f"{patience:g} second{'s' * (patience != 1)}"
    return QueueError(
        f"The account was busy with other gigachat requests for {span}{f': {who}' if who else ''}.",
        hint=way_on or "End one of them, or raise GIGACHAT_MAX_CONNECTIONS if the account takes more at once.",
    )


def _never() -> bool:
    return False


class KeptSlots:
    """The slots of an account that one client keeps over many requests, so that not every request queues.

    `take` is the queue for one slot, as `slot` with its `modest`; `account` tells whose slots they are.
    """

    def __init__(
        self, take: Callable[[Callable[[], bool]], AbstractAsyncContextManager[object]], account: Callable[[], str]
    ) -> None:
        self._take = take
        self._account = account
        self._held = 0

    def slot(self) -> KeptSlot:
        """A place to keep one slot at."""
        return KeptSlot(self)

    async def hold(self) -> AsyncExitStack:
        """Queue for a slot.  With another one in hand nothing is lost but speed, so the wait has no end then."""
        while True:
            stack = AsyncExitStack()
            try:
                await stack.enter_async_context(self._take(lambda: self._held > 0))
            except QueueError:
                if not self._held:
                    raise
                continue
            self._held += 1
            stack.callback(self._let_go)
            return stack

    def is_wanted(self) -> bool:
        """Whether another process waits for a slot of the account."""
        with suppress(OSError):
            return is_held(_sign_file(self._account()))
        return False

    def _let_go(self) -> None:
        self._held -= 1


class KeptSlot:
    """A slot for many requests, one after the other: `async with` it around each, and `release` it at the end.

    It is let go between two requests, for a moment, when another process waits for one.
    """

    def __init__(self, slots: KeptSlots) -> None:
        self._slots = slots
        self._stack: AsyncExitStack | None = None
        self._kept_since = self._used_at = 0.0
        self._in_use = False

    async def __aenter__(self) -> None:
        now = time.monotonic()
        if self._stack is not None and now - self._kept_since >= _KEPT_AT_LEAST:
            self._kept_since = now
            if self._slots.is_wanted():
                await self.release()
                await asyncio.sleep(_LET_IN)
        if self._stack is None:
            self._stack = await self._slots.hold()
            self._kept_since = time.monotonic()
        self._in_use = True

    async def __aexit__(self, *raised: object) -> None:
        self._in_use = False
        self._used_at = time.monotonic()

    async def release(self) -> None:
        """Let it go; the next request queues again."""
        stack, self._stack = self._stack, None
        if stack is not None:
            await stack.aclose()

    async def release_idle(self, *, after: float) -> None:
        """Let it go when it has not been used for `after` seconds."""
        if not self._in_use and time.monotonic() - self._used_at >= after:
            await self.release()


class _Sign:
    """Says to those who keep a slot that somebody waits: a lock that nobody queues for, up at most once."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._descriptor: int | None = None

    def put_up(self) -> None:
        if self._descriptor is None:
            with suppress(OSError):
                self._descriptor = hold_at_once(self._file)

    def take_down(self) -> None:
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None


def _sign_file(account: str) -> Path:
    return paths.locks_dir() / f"wanted-{account[:16]}.lock"
