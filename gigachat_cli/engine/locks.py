"""Locks between processes, by files: held while the process lives, gone when it dies, however it dies."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from .. import paths
from ..systems import try_lock

_FIRST_PAUSE = 0.01
_LONGEST_PAUSE = 0.1
_NOTE_AT = 1  # on Windows the first byte is what is locked, and cannot be read by others
_LONGEST_NOTE = 1000  # bytes


class LockTimeout(Exception):
    """Nobody let go in time."""


def hold_at_once(file: Path) -> int | None:
    """The descriptor of the lock, to be closed by the caller; None when somebody else holds it.  Raises OSError."""
    descriptor = paths.open_private(file, os.O_RDWR | os.O_CREAT)
    try:
        if try_lock(descriptor):
            return descriptor
    except OSError:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def is_held(file: Path) -> bool:
    """Whether somebody holds the lock.  Raises OSError."""
    descriptor = hold_at_once(file)
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is None


def note_of(file: Path) -> bytes:
    """What the holder of a lock has said of itself; empty when it has said nothing.  Raises OSError."""
    descriptor = paths.open_private(file, os.O_RDWR | os.O_CREAT)
    try:
        os.lseek(descriptor, _NOTE_AT, os.SEEK_SET)
        return os.read(descriptor, _LONGEST_NOTE)
    finally:
        os.close(descriptor)


@asynccontextmanager
async def hold_one(
    files: Sequence[Path],
    *,
    patience: float,
    waiting: Callable[[float], None] = lambda seconds: None,
    note: Callable[[], bytes] | None = None,
) -> AsyncIterator[Path]:
    """Hold the first of `files` that is free, and while none is, wait up to `patience` seconds.

    `waiting` is called with the seconds waited so far, again and again; what it raises ends the wait.  `note` is what
    the file says of its holder meanwhile (`note_of`).  Raises LockTimeout, and OSError when the files can be neither
    opened nor locked.
    """
    began = time.monotonic()
    pause = _FIRST_PAUSE
    descriptors: list[int] = []
    try:
        for file in files:
            descriptors.append(paths.open_private(file, os.O_RDWR | os.O_CREAT))
            if try_lock(descriptors[-1]):
                with _noted(descriptors[-1], note):
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
                if try_lock(descriptor):
                    with _noted(descriptor, note):
                        yield file
                    return
    finally:
        # Closing lets go; the files stay, since whoever waits may have them open.
        for descriptor in descriptors:
            with suppress(OSError):
                os.close(descriptor)


@contextmanager
def _noted(descriptor: int, note: Callable[[], bytes] | None) -> Iterator[None]:
    """The note stands in the file; that it cannot, as on a full disk, costs nobody the lock."""
    if note is None:
        yield
        return
    with suppress(OSError):
        os.lseek(descriptor, _NOTE_AT, os.SEEK_SET)
        written = os.write(descriptor, note())
        os.ftruncate(descriptor, _NOTE_AT + written)
    try:
        yield
    finally:
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
