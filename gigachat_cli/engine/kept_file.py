"""Private JSON files of ours that all processes share: typed values, each changed under a lock.

A broken file is an empty one and is written anew.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from .. import paths
from .locks import hold_one
from .outside import kept, written

T = TypeVar("T")

_PATIENCE = 5.0  # seconds; a write takes milliseconds


class KeptFile(Generic[T]):
    """A file that holds a value of `kind`, or `kind()` while there is nothing that can be read in it.

    `unreadable` is told why the system does not let it be read.
    """

    def __init__(
        self, path: Path, kind: type[T], *, lock: str, unreadable: Callable[[OSError], None] = lambda problem: None
    ) -> None:
        self._path = path
        self._kind = kind
        self._lock = lock
        self._unreadable = unreadable

    def read(self) -> T:
        content = None
        try:
            content = paths.read_private(self._path)
        except OSError as problem:
            self._unreadable(problem)
        return kept(content or b"", self._kind) or self._kind()

    async def change(self, change: Callable[[T], T]) -> None:
        """Put what `change` makes of the value in its place.  Raises LockTimeout, and OSError."""
        async with hold_one([paths.locks_dir() / self._lock], patience=_PATIENCE):
            paths.write_private(self._path, written(change(self.read())))
