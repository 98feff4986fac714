"""The slots of an account: requests of all processes queue here, for the service would refuse what is too many.

Documented: a personal account takes one request at a time, a business ten; one more is answered with 429.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from .. import paths
from ..errors import QueueError
from ..messages import Notice
from .locks import LockTimeout, hold_one

PATIENCE = 600.0  # seconds
_TELL_AFTER = 2.0  # seconds

WAITING = "Waiting for another gigachat request to end."


@asynccontextmanager
async def slot(account: str, *, count: int, notify: Callable[[Notice], None]) -> AsyncIterator[None]:
    """Hold one of the account's `count` slots.  Raises QueueError after 10 minutes without one."""
    told = False

    def waiting(seconds: float) -> None:
        nonlocal told
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
        yield
