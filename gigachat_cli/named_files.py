"""Files that a person names to be read or written, which may be pipes: `<(command)`, `>(command)`, a FIFO.

A pipe is taken only with somebody at its other end, and never waited for without an end.  Of devices, only those
that hold nothing (/dev/null) are read; any but a disk may be written.
"""

from __future__ import annotations

import errno
import io
import os
import select
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from . import paths, systems
from .errors import UsageError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LARGEST = 64 * 1024 * 1024
"""Bytes of a text that is read as a whole: far more than a model takes."""

_OTHER_END_SECONDS = 1.0
_SILENCE_SECONDS = 60.0
_DESCRIPTORS = Path("/dev/fd")


def read_input(path: Path, *, most: int = LARGEST) -> bytes:
    """The whole content, of at most so many bytes.  Raises OSError, as `open_input` does."""
    with open_input(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise paths.too_large(path, most)
    return content


def open_input(path: Path) -> io.BufferedReader:
    """A file, a pipe or /dev/null, to be read from its beginning.

    Raises OSError for anything else, for a FIFO that nobody writes to, and, in reading, for a pipe that is silent
    for a minute.
    """
    descriptor, head = open_descriptor(path)
    return io.BufferedReader(_Input(path, descriptor, head))


def open_descriptor(path: Path) -> tuple[int, bytes]:
    """As `open_input`: the descriptor, which does not wait, and what was taken from a pipe already."""
    if _is_pipe(path):
        descriptor = systems.open_file(path, os.O_RDONLY)
        try:
            return descriptor, _first_bytes(path, descriptor)
        except BaseException:
            os.close(descriptor)
            raise
    return (systems.open_file(path, os.O_RDONLY) if _is_null(path) else paths.open_file(path)), b""


def check_output(path: Path, *, only_file: bool = False) -> None:
    """Raise UsageError when nothing can be written there; with `only_file` a pipe and a device will not do."""
    try:
        found: int | None = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        found = None
    except OSError as problem:
        raise UsageError(f"{path} cannot be written: {problem.strerror}.", hint="Name another file.") from None
    if found is not None and stat.S_ISDIR(found):
        raise UsageError(f"{path} is a folder.", hint="Name a file with ‹output_file›.")
    try:
        if only_file or not (found is None or stat.S_ISFIFO(found) or stat.S_ISCHR(found)):
            paths.check_file(path)
    except OSError as problem:
        hint = "Name another file, or - for stdout." if only_file else "Name another file."
        raise UsageError(f"{path} cannot be written: {problem.strerror}.", hint=hint) from None
    if not os.path.isdir(path.parent):
        raise UsageError(f"The folder {path.parent} does not exist.", hint="Make it first.")
    if not os.access(path if found is not None and not only_file else path.parent, os.W_OK):
        raise UsageError(f"{path} cannot be written.", hint="Check who may write there.")


def open_output(path: Path, flags: int, mode: int = 0o666) -> int:
    """Open a file, a pipe that somebody reads from, or a device that is no disk, for writing.  Raises OSError."""
    try:
        found = os.stat(path).st_mode
    except FileNotFoundError:
        found = stat.S_IFREG
    if not (stat.S_ISFIFO(found) or stat.S_ISCHR(found)):
        return paths.open_file(path, flags, mode)
    until = time.monotonic() + _OTHER_END_SECONDS
    while True:
        try:
            descriptor = systems.open_file(path, flags & ~(os.O_CREAT | os.O_EXCL | os.O_TRUNC))
            systems.let_wait(descriptor)
            return descriptor
        except OSError as problem:
            if problem.errno != errno.ENXIO or not stat.S_ISFIFO(found):
                raise
            if time.monotonic() > until:
                raise OSError(errno.ENXIO, "it is a pipe that nobody reads from", str(path)) from None
            time.sleep(0.02)


def is_stream(path: Path) -> bool:
    """Whether a pipe or a device is there: nothing is lost by opening it, and much by finding out late."""
    try:
        found = os.stat(path).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(found) or stat.S_ISCHR(found)


@contextmanager
def told_when_silent(tell: Callable[[str], None], *, after: float, way_out: str = "") -> Iterator[Callable[[], None]]:
    """Tell, once, when nothing has come from stdin for so many seconds; what is given is called when something has.

    A program that was started with an open stdin of its parent's would wait for ever, and nobody would know why.
    """
    waiting = threading.Timer(after, tell, [f"Waiting for stdin, which is a pipe; end it{way_out}."])
    waiting.daemon = True
    waiting.start()
    try:
        yield waiting.cancel
    finally:
        waiting.cancel()


def wait_readable(descriptor: int) -> None:
    """Wait until something, or the end, has come; not on Windows, where only sockets can be waited for."""
    with suppress(OSError, ValueError):
        select.select([descriptor], [], [])


def check_stdin(descriptor: int) -> None:
    """Raise OSError when stdin is a device without an end."""
    found = os.fstat(descriptor)
    is_device = stat.S_ISBLK(found.st_mode) or (stat.S_ISCHR(found.st_mode) and not os.isatty(descriptor))
    if is_device and not systems.is_null(found):
        raise OSError(errno.EINVAL, "it is a device")


class _Input(io.RawIOBase):
    """The bytes behind a descriptor that does not wait; waiting is done here, and has an end."""

    def __init__(self, path: Path, descriptor: int, head: bytes) -> None:
        self._path = path
        self._descriptor = descriptor
        self._head = head

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        piece, self._head = self._head[: len(view)], self._head[len(view) :]
        while not piece:
            try:
                piece = os.read(self._descriptor, len(view))
                break
            except BlockingIOError:
                if not select.select([self._descriptor], [], [], _SILENCE_SECONDS)[0]:
                    silent = f"nothing came through the pipe for {_SILENCE_SECONDS:.0f} s"
                    raise OSError(errno.ETIMEDOUT, silent, str(self._path)) from None
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            os.close(self._descriptor)
        super().close()


def _first_bytes(path: Path, descriptor: int) -> bytes:
    """What is in a pipe already; empty when it is still to come, or there is nothing."""
    until = time.monotonic() + _OTHER_END_SECONDS
    while True:
        try:
            found = os.read(descriptor, 1 << 16)
        except BlockingIOError:  # somebody has it open, and writes when there is something to write
            return b""
        # Nothing, and nobody: a FIFO may still get its writer, the pipe of `<(command)` has had its own.
        if found or not _has_a_name(path, descriptor):
            return found
        left = until - time.monotonic()
        if left <= 0:
            raise OSError(errno.ENXIO, "it is a pipe that nobody writes to", str(path))
        if select.select([descriptor], [], [], left)[0]:
            return b""


def _is_pipe(path: Path) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except FileNotFoundError:
        return False


def _has_a_name(path: Path, descriptor: int) -> bool:
    if path.parent == _DESCRIPTORS:  # as a shell on macOS names it, where nothing else can be looked up
        return False
    try:
        return not os.readlink(f"/proc/self/fd/{descriptor}").startswith("pipe:")
    except OSError:
        return True


def _is_null(path: Path) -> bool:
    try:
        return systems.is_null(os.stat(path))
    except OSError:
        return False
