"""The rate of a batch: as many requests at once as the account allows, fewer after a 429, and slowly more again."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import suppress

FIRST_PAUSE = 0.5  # seconds
LONGEST_PAUSE = 20.0
_MOST_CAUTION = 16


class Pace:
    """Tells each of `most` workers, numbered from 0, when it may send."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._level = float(most)
        self._caution = 1  # grows with every 429, so that a lasting limit is reached again less and less often
        self._pause = FIRST_PAUSE
        self._still_until = 0.0
        self._changed = asyncio.Event()
        self._ended = asyncio.Event()
        self._stopped = asyncio.Event()

    @property
    def level(self) -> int:
        """How many workers may send at once."""
        return int(self._level)

    async def turn(self, number: int) -> None:
        """Wait until worker `number` may begin another item."""
        while not self._ended.is_set():
            if number >= self.level:
                await self._changed.wait()
            elif (left := self._still_until - time.monotonic()) > 0:
                await _happens(self._ended, within=left)
            else:
                return

    async def again(self, failures: int) -> None:
        """Wait before an item is sent again, after so many failures of it, and at least until the pause for all is
        over.
        """
        pause = min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE)
        left = self._still_until - time.monotonic()
        await _happens(self._stopped, within=left if left > 0 else _varied(pause))

    def answered(self) -> None:
        """Count an accepted request: after as many answers as there are active workers, or more, one more may send."""
        self._pause = FIRST_PAUSE
        if self._level < self._most:
            self._set(min(self._level + 1 / (self._level * self._caution), self._most))
            if self._level == self._most:
                self._caution = 1

    def refused(self, retry_after: float | None) -> None:
        """Count a 429: half as many workers may send, after a pause.

        Refusals during one pause count once.
        """
        now = time.monotonic()
        if now < self._still_until:
            return
        self._set(max(1.0, self._level / 2))
        self._caution = min(self._caution * 2, _MOST_CAUTION)
        self._still_until = now + (_varied(self._pause) if retry_after is None else retry_after)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def end(self) -> None:
        """No item is left to begin: wake all who wait for their turn."""
        self._ended.set()
        self._changed.set()

    def stop(self) -> None:
        """Nothing is to be sent any more: wake everybody."""
        self._stopped.set()
        self.end()

    def _set(self, level: float) -> None:
        more = int(level) > self.level
        self._level = level
        if more:
            self._changed.set()
            self._changed = asyncio.Event()


async def _happens(event: asyncio.Event, *, within: float) -> None:
    """Wait so many seconds, or until the event."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            await event.wait()


def _varied(seconds: float) -> float:
    """A random time, somewhat longer: items refused together must not be sent again together."""
    return seconds * random.uniform(1, 1.5)  # noqa: S311  # no secret hangs on it
