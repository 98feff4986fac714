"""Which process is alive: each recording process locks a byte of a lock file, and the kernel unlocks it when it ends.

A process id would not do: ids are reused, and mean nothing in another container that shares the home folder.  The
locked bytes are never written; the file stays empty.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from .. import paths
from ..systems import try_lock_byte, unlock_byte

_REPAIR_BYTE = 0
_HIGHEST_BYTE = 2**40

_guard = threading.RLock()


@dataclass(slots=True)
class _Held:
    """The byte that this process holds.  The descriptor is never closed: closing any descriptor of a file releases all
    locks of this process on it.
    """

    descriptor: int
    owner: int
    process_id: int


_held: dict[Path, _Held] = {}


def lock_file_of(database: Path) -> Path:
    """The lock file of a database, the same one for every path that leads to the database."""
    return database.resolve().with_suffix(".lock")


def hold(lock_file: Path) -> int:
    """The number of this process in that lock file, held until the process ends.  Raises OSError."""
    with _guard:
        return _ours(lock_file).owner


def is_alive(lock_file: Path, owner: int | None) -> bool:
    """Whether the process with this number still runs."""
    if owner is None:
        return False
    with _guard, suppress(OSError):
        if not lock_file.exists():
            return False
        ours = _ours(lock_file)
        if ours.owner == owner:
            return True
        if not try_lock_byte(ours.descriptor, owner, shared=True):
            return True
        unlock_byte(ours.descriptor, owner)
    return False


@contextmanager
def opening(lock_file: Path, *, timeout: float) -> Iterator[None]:
    """Hold a shared lock, under which no process renames the database.  Raises OSError, and TimeoutError after
    `timeout` s.
    """
    with _repair_byte(lock_file, shared=True, timeout=timeout):
        yield


@contextmanager
def repairing(lock_file: Path, *, timeout: float) -> Iterator[None]:
    """Hold the exclusive lock: no other process opens or repairs the database.  Raises as `opening` does."""
    with _repair_byte(lock_file, shared=False, timeout=timeout):
        yield


@contextmanager
def _repair_byte(lock_file: Path, *, shared: bool, timeout: float) -> Iterator[None]:
    deadline = time.monotonic() + timeout
    with _guard:
        descriptor = _ours(lock_file).descriptor
        while not try_lock_byte(descriptor, _REPAIR_BYTE, shared=shared):
            if time.monotonic() > deadline:
                raise TimeoutError("another process is repairing it")
            time.sleep(0.02)
        try:
            yield
        finally:
            unlock_byte(descriptor, _REPAIR_BYTE)


def _ours(lock_file: Path) -> _Held:
    held = _held.get(lock_file)
    if held is None or held.process_id != os.getpid():
        descriptor = paths.open_private(lock_file, os.O_RDWR | os.O_CREAT)
        owner = secrets.randbelow(_HIGHEST_BYTE) + 1
        while not try_lock_byte(descriptor, owner, shared=False):
            owner = secrets.randbelow(_HIGHEST_BYTE) + 1
        held = _held[lock_file] = _Held(descriptor, owner, os.getpid())
    return held
