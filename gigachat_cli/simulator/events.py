"""The events of one stream on their way out: at a pace, or in batches when there is none to keep."""

from __future__ import annotations

import asyncio

from aiohttp import web

from .replies import api_headers

_BATCH = 16_384
"""Bytes of events that are written at once when there is no pace to keep."""


class Events:
    """Writes the events of one stream, at a pace; without one the first alone, the others in batches."""

    def __init__(self, response: web.StreamResponse, pace: float) -> None:
        self.response = response
        self._pace = pace
        self._next_at = 0.0
        self._waiting = bytearray()
        self._begun = False

    @classmethod
    async def begin(cls, request: web.Request, pace: float) -> Events:
        """Send the headers of a stream."""
        response = web.StreamResponse(headers={**api_headers(request), "Content-Type": "text/event-stream"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        return cls(response, pace)

    async def send(self, event: bytes) -> None:
        """Write one event when its time has come."""
        if self._pace > 0:
            now = asyncio.get_running_loop().time()
            await asyncio.sleep(max(0.0, self._next_at - now))
            self._next_at = max(self._next_at, now) + self._pace
            await self.response.write(event)
            return
        self._waiting += event
        if len(self._waiting) >= _BATCH or not self._begun:
            self._begun = True
            await self.flush()

    async def flush(self) -> None:
        """Write what is held back, and let other requests have their turn."""
        if self._waiting:
            await self.response.write(bytes(self._waiting))
            self._waiting.clear()
        await asyncio.sleep(0)

    async def end(self, last: bytes) -> None:
        """Write the last bytes, at the pace, and the end of the body."""
        if self._pace > 0 and last:
            await asyncio.sleep(max(0.0, self._next_at - asyncio.get_running_loop().time()))
        await self.response.write_eof(bytes(self._waiting) + last)
        self._waiting.clear()
