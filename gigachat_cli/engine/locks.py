"""Locks between processes, by files: held while the process lives, gone when it dies, however it dies."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from filelock import lock_descriptor

from .. import paths

_FIRST_PAUSE = 0.01
_LONGEST_PAUSE = 0.1


class LockTimeout(Exception):
    """Nobody let go in time."""


def hold_at_once(file: Path) -> int | None:
    """The descriptor of the lock, to be closed by the caller; None when somebody else holds it.  Raises OSError."""
    descriptor = paths.open_private(file, os.O_RDWR | os.O_CREAT)
    if lock_descriptor(descriptor, blocking=False):
        return descriptor
    os.close(descriptor)
    return None


def is_held(file: Path) -> bool:
    """Whether somebody holds the lock.  Raises OSError."""
    descriptor = hold_at_once(file)
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is None


@asynccontextmanager
async def hold_one(
    files: Sequence[Path],
    *,
    patience: float,
    waiting: Callable[[float], None] = lambda seconds: None,
) -> AsyncIterator[Path]:
    """Hold the first of `files` that is free, and while none is, wait up to `patience` seconds.

    `waiting` is called with the seconds waited so far, again and again.  Raises LockTimeout, and OSError when the
    files can be neither opened nor locked.
    """
    began = time.monotonic()
    pause = _FIRST_PAUSE
    descriptors: list[int] = []
    try:
        for file in files:
            descriptors.append(paths.open_private(file, os.O_RDWR | os.O_CREAT))
            if lock_descriptor(descriptors[-1], blocking=False):
                yield file
                return
        while True:
            waited = time.monotonic() - began
            if waited > patience:
                raise LockTimeout
            waiting(waited)
            # At random, so that processes that began together do not ask together.
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  # no secret hangs on it
            pause = min(pause * 1.5, _LONGEST_PAUSE)
            for file, descriptor in zip(files, descriptors, strict=True):
                if lock_descriptor(descriptor, blocking=False):
                    yield file
                    return
    finally:
        # Closing lets go; the files stay, since whoever waits may have them open.
        for descriptor in descriptors:
            with suppress(OSError):
                os.close(descriptor)
