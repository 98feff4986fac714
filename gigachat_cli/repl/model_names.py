"""The models of the account, for the picker and for completion: those known from earlier, and the service's own list.

The service is asked only when somebody begins to choose a model; typing never waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from ..errors import GigaChatError, SilenceError
from ..known_models import all_known_models, ranked_models

if TYPE_CHECKING:
    from ..engine import GigaChat

_PATIENCE_SECONDS = 5.0


class ModelNames:
    """The names of chat models; `changed` is called when the service's list arrives while somebody types."""

    def __init__(self, client: Callable[[], GigaChat], changed: Callable[[], None]) -> None:
        self._client = client
        self._changed = changed
        self._names: list[str] | None = None
        self._asking: asyncio.Task[None] | None = None

    def known(self) -> list[str]:
        """The names known by now: the account's own list once it has arrived."""
        return all_known_models() if self._names is None else self._names

    def look_up(self) -> None:
        """Ask the service in the background, once; its errors are not shown."""
        if self._names is None and self._asking is None:
            self._asking = asyncio.create_task(self._look_up())

    async def ask(self) -> list[str]:
        """The account's list, within 5 s.  Raises GigaChatError when it is not available."""
        await self.leave_off()
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                self._names = ranked_models(await self._client().models())
        except TimeoutError:
            raise SilenceError(f"The service did not list the models within {_PATIENCE_SECONDS:.0f} s.") from None
        return self._names

    async def leave_off(self) -> None:
        """Cancel the background request: another one needs its place at the service."""
        if self._asking is not None and not self._asking.done():
            self._asking.cancel()
            await asyncio.wait([self._asking])
            self._asking = None

    async def _look_up(self) -> None:
        with suppress(GigaChatError, TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                self._names = ranked_models(await self._client().models())
            self._changed()
