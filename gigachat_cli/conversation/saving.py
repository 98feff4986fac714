"""Files that come from the service, written beside their place and put there when they are whole."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from .. import paths, systems
from ..engine.api.files import Progress
from ..errors import OutputError, UsageError
from ..named_files import check_output
from .kinds import HEAD_BYTES


class PartFile:
    """A sink for a download; what was begun and not kept is gone at the end.

    `private` makes the folder 0700 and the file 0600; otherwise they are made as any program makes them.
    """

    def __init__(self, folder: Path, *, private: bool, progress: Progress = lambda done, size: None) -> None:
        self.head = b""
        """The first bytes that came."""
        self.size = 0
        self._place = folder / f".{secrets.token_hex(6)}.part"
        self._private = private
        self._progress = progress
        self._expected: int | None = None
        self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        with suppress(OSError):
            systems.unlink(self._place)

    def begin(self, size: int | None) -> None:
        """Begin anew.  Raises OutputError."""
        self._close()
        self.head, self.size, self._expected = b"", 0, size
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        try:
            if self._private:
                self._descriptor = paths.open_private(self._place, flags)
            else:
                self._descriptor = systems.open_file(self._place, flags, 0o666)
        except OSError as problem:
            raise self._unwritten(problem) from None

    def add(self, piece: bytes) -> None:
        """Raises OutputError."""
        if len(self.head) < HEAD_BYTES:
            self.head += piece[: HEAD_BYTES - len(self.head)]
        rest = memoryview(piece)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as problem:
            raise self._unwritten(problem) from None
        self.size += len(piece)
        self._progress(self.size, self._expected)

    def keep(self, places: Iterable[Path], *, force: bool = False) -> Path:
        """Put the file at the first place where there is none, or with `force` at the first; return it.

        Raises UsageError when there is one everywhere, OutputError.
        """
        self._close()
        place = self._place
        try:
            for place in places:
                if not force:
                    try:
                        os.close(systems.open_file(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, paths.FILE_MODE))
                    except FileExistsError:
                        continue
                paths.check_file(place)
                systems.replace(self._place, place)
                return place
        except OSError as problem:
            raise OutputError(f"{place} could not be written: {problem.strerror}.") from None
        raise UsageError(f"{place} exists.", hint="Give --force to replace it, or name another file.")

    def _close(self) -> None:
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)

    def _unwritten(self, problem: OSError) -> OutputError:
        return OutputError(f"Nothing could be written in {self._place.parent}: {problem.strerror}.")


def check_place(path: Path, *, force: bool) -> None:
    """Raise UsageError when a file cannot come to be at a place that a person named."""
    check_output(path, only_file=True)
    if path.exists() and not force:
        raise UsageError(f"{path} exists.", hint="Give --force to replace it, or name another file.")


def numbered(path: Path) -> Iterator[Path]:
    """The place, and then the same with 2, 3 … before its suffix, without end."""
    yield path
    for number in count(2):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")
