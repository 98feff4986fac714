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

from .. import paths
from ..errors import QueueError
from ..messages import Notice
from .locks import LockTimeout, hold_at_once, hold_one, is_held

PATIENCE = 600.0  # seconds
_TELL_AFTER = 2.0  # seconds
_KEPT_AT_LEAST = 1.0  # seconds, before a kept slot is let go for somebody who waits
_LET_IN = 0.3  # seconds; longer than the pause of those who wait

WAITING = "Waiting for another gigachat request to end."


@asynccontextmanager
async def slot(
    account: str,
    *,
    count: int,
    notify: Callable[[Notice], None],
    modest: Callable[[], bool] = lambda: False,
) -> AsyncIterator[None]:
    """Hold one of the account's `count` slots.  Raises QueueError after 10 minutes without one.

    Who keeps a slot over many requests lets it go for one that waits, unless the latter is `modest`.
    """
    told = False
    sign = _Sign(_sign_file(account))

    def waiting(seconds: float) -> None:
        nonlocal told
        if modest():
            sign.take_down()
            return
        sign.put_up()
        if seconds >= _TELL_AFTER and not told:
            told = True
            notify(Notice("progress", WAITING))

    folder = paths.locks_dir()
    async with AsyncExitStack() as stack:
        try:
            files = [folder / f"slot-{account[:16]}-{number}.lock" for number in range(count)]
            await stack.enter_async_context(hold_one(files, patience=PATIENCE, waiting=waiting))
        except LockTimeout:
            raise QueueError(
                f"The account was busy with other gigachat requests for {PATIENCE / 60:.0f} minutes.",
                hint="End one of them, or raise GIGACHAT_MAX_CONNECTIONS if the account takes more at once.",
            ) from None
        except OSError as problem:
            lost = f"{folder} could not be used ({problem.strerror}); requests do not queue."
            notify(Notice("warning", lost, cause=str(problem.strerror)))
        finally:
            sign.take_down()
        if told:
            notify(Notice("progress", ""))  # it waits no more
        yield


class KeptSlots:
    """The slots of an account that one client keeps over many requests, so that not every request queues.

    `take` is the queue for one slot, as `slot` with its `modest`; `account` tells whose slots they are.
    """

    def __init__(
        self, take: Callable[[Callable[[], bool]], AbstractAsyncContextManager[None]], account: Callable[[], str]
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
