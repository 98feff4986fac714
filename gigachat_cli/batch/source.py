"""Lines of a file or of stdin, read as they come, with checksums that identify the input."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
import zlib
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import NamedTuple

from .. import named_files, systems
from ..errors import UsageError
from ..interrupts import apart

Silence = Callable[[str], AbstractContextManager[object]]
"""A context manager around waiting for stdin; its argument is the end of a sentence on what else to do."""

LONGEST_LINE = 16 * 1024 * 1024
_PIECE = 1 << 16


class InputLine(NamedTuple):
    """One line without its newline; `content` is None for one that is too long.

    `crc` is the checksum of all lines up to this one, and `end` how many bytes they take.
    """

    number: int
    content: bytes | None
    crc: int
    end: int


class BatchInput:
    """A file, or stdin for None; `silence` is entered while stdin is waited for.  Raises UsageError when it cannot be
    opened.
    """

    def __init__(self, path: Path | None, *, silence: Silence | None = None) -> None:
        self.name = "stdin" if path is None else str(path)
        self._own = path is not None
        self._silence = silence
        try:
            self._head = b""
            if path is None:
                self._descriptor = sys.stdin.fileno()
                named_files.check_stdin(self._descriptor)
            else:
                self._descriptor, self._head = named_files.open_descriptor(path)
            found = os.fstat(self._descriptor)
        except IsADirectoryError:
            raise UsageError(f"{self.name} is a folder.", hint="Name a file, or - for stdin.") from None
        except (OSError, AttributeError, ValueError) as problem:
            reason = getattr(problem, "strerror", None) or "there is none"
            raise UsageError(f"{self.name} could not be read: {reason}.") from None
        self._is_file = stat.S_ISREG(found.st_mode)
        self._start = os.lseek(self._descriptor, 0, os.SEEK_CUR) if self._is_file else 0
        self.size = found.st_size if self._is_file else None
        """Bytes, where the size is known beforehand."""

    async def read(self) -> bytes:
        """The next piece; empty at the end.  Raises UsageError."""
        piece, self._head = self._head, b""
        if piece:
            return piece
        if self._is_file:
            await asyncio.sleep(0)  # let other tasks run
        elif self._silence is not None:
            with self._silence(""):
                await self._readable()
            self._silence = None
        else:
            await self._readable()
        try:
            if systems.is_windows() and not self._is_file:  # here too, while nothing comes
                return await apart(lambda: os.read(self._descriptor, _PIECE))
            return os.read(self._descriptor, _PIECE)
        except OSError as problem:
            raise UsageError(f"{self.name} could not be read: {problem.strerror}.") from None

    def rewind(self) -> None:
        """Seek to where the file began."""
        with suppress(OSError):
            os.lseek(self._descriptor, self._start, os.SEEK_SET)

    def close(self) -> None:
        if self._own:
            with suppress(OSError):
                os.close(self._descriptor)

    async def _readable(self) -> None:
        """Wait without a thread: a thread that is blocked by a silent pipe would hold up Ctrl-C."""
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        try:
            loop.add_reader(self._descriptor, readable.set)
        except (NotImplementedError, OSError):  # on Windows, and for a device that cannot be polled
            return
        try:
            await readable.wait()
        finally:
            loop.remove_reader(self._descriptor)


async def lines_of(source: BatchInput) -> AsyncGenerator[InputLine, None]:
    """The lines, numbered from 1; memory is bounded, whatever the input."""
    number = crc = end = held = 0
    parts: list[bytes] = []
    while piece := await source.read():
        first, *others = piece.split(b"\n")
        parts.append(first)
        held += len(first)
        for start in others:
            content = parts[0] if len(parts) == 1 else b"".join(parts)
            number, crc, end = number + 1, zlib.crc32(content, crc), end + held + 1
            yield InputLine(number, _clean(content, number) if held <= LONGEST_LINE else None, crc, end)
            parts, held = [start], len(start)
        if held > LONGEST_LINE:
            # Its size and checksum are updated; its content is not needed.
            crc, parts = zlib.crc32(b"".join(parts), crc), []
    if held:
        content = b"".join(parts)
        whole = _clean(content, number + 1) if held <= LONGEST_LINE else None
        yield InputLine(number + 1, whole, zlib.crc32(content, crc), end + held)


def text_of(line: InputLine) -> str:
    """The line as text.  Raises UsageError with the rest of a sentence that begins with the line's number."""
    if line.content is None:
        raise UsageError(f"it is longer than {LONGEST_LINE // 2**20} MiB")
    try:
        return line.content.decode()
    except UnicodeDecodeError as problem:
        raise UsageError(f"it is not UTF-8 text (byte {problem.start})") from None


def _clean(content: bytes, number: int) -> bytes:
    if number == 1:
        content = content.removeprefix(b"\xef\xbb\xbf")
    return content[:-1] if content.endswith(b"\r") else content
