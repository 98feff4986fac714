"""The terminal below what is shown: on Windows a console, whose modes and code page are asked for and set here.

One home for the branches between termios and the console.  What differs below files and processes is in `systems`.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress

from .systems import is_windows

_OUTPUTS = (-11, -12)  # the numbers of stdout and stderr for GetStdHandle
_HEARD_SECONDS = 0.1
_PROCESSED, _VIRTUAL_TERMINAL = 0x1, 0x4

_found_modes: dict[int, int] = {}


def begin() -> None:
    """Make a Windows console obey escape sequences, until `end`; one that cannot is called dumb, as by TERM.

    Elsewhere nothing is done.
    """
    if not is_windows():
        return
    _see_through_nul()
    console = _Console()
    for number in _OUTPUTS:
        handle = console.handle(number)
        mode = console.mode(handle)
        if mode is None or mode & _VIRTUAL_TERMINAL:
            continue
        if console.set_mode(handle, mode | _PROCESSED | _VIRTUAL_TERMINAL):
            _found_modes[handle] = mode
        else:
            os.environ["TERM"] = "dumb"


def end() -> None:
    """Put the console's modes back as `begin` found them."""
    while _found_modes:
        handle, mode = _found_modes.popitem()
        _Console().set_mode(handle, mode)


def open_terminal(mode: int) -> int:
    """The terminal itself, to be read (`os.O_RDONLY`) or written (`os.O_WRONLY`), whatever our streams are.

    Raises OSError where there is none.
    """
    if is_windows():
        return os.open("CONIN$" if mode == os.O_RDONLY else "CONOUT$", os.O_RDWR)  # either wants both rights
    return os.open("/dev/tty", mode | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_CLOEXEC", 0))


def read_piece(descriptor: int, most: int = 1 << 16) -> bytes:
    """As `os.read`, which Ctrl-C ends also on Windows, where a pipe that is silent holds up Python's signals."""
    if not is_windows():
        return os.read(descriptor, most)
    import queue
    import threading

    came: queue.SimpleQueue[bytes | OSError] = queue.SimpleQueue()

    def read() -> None:
        try:
            came.put(os.read(descriptor, most))
        except OSError as problem:
            came.put(problem)

    threading.Thread(target=read, daemon=True).start()
    while True:
        with suppress(queue.Empty):
            piece = came.get(timeout=_HEARD_SECONDS)
            if isinstance(piece, OSError):
                raise piece
            return piece


def forget_typed(descriptor: int) -> None:
    """Drop the keys that were pressed before a question was seen: they are no answer to it."""
    if sys.platform == "win32":
        import msvcrt

        if os.isatty(descriptor):
            while msvcrt.kbhit():
                msvcrt.getwch()
    else:
        import termios

        with suppress(termios.error, OSError):
            termios.tcflush(descriptor, termios.TCIFLUSH)


def code_page() -> str | None:
    """The encoding in which a console's programs pipe text to us, where that is another than UTF-8; None elsewhere.

    Without a console it is the one that Windows' own files are in.
    """
    if not is_windows():
        return None
    number = _Console().code_page()
    return None if number in (0, 65001) else f"cp{number}"


class _Console:
    """The calls of Windows that are needed."""

    def __init__(self) -> None:
        import ctypes

        self._ctypes = ctypes
        self._kernel = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined,unused-ignore]  # Windows has it

    def handle(self, number: int) -> int:
        self._kernel.GetStdHandle.restype = self._ctypes.c_void_p
        return self._kernel.GetStdHandle(number) or 0

    def mode(self, handle: int) -> int | None:
        """None for anything but a console."""
        mode = self._ctypes.c_uint32()
        found = self._kernel.GetConsoleMode(self._ctypes.c_void_p(handle), self._ctypes.byref(mode))
        return mode.value if found else None

    def set_mode(self, handle: int, mode: int) -> bool:
        return bool(self._kernel.SetConsoleMode(self._ctypes.c_void_p(handle), mode))

    def code_page(self) -> int:
        return int(self._kernel.GetConsoleOutputCP() or self._kernel.GetACP())


class _NoTerminal(io.TextIOWrapper):
    """A stream to or from NUL, which Windows takes for a terminal."""

    def isatty(self) -> bool:
        return False


def _see_through_nul() -> None:
    console = _Console()
    for name, number in (("stdin", -10), ("stdout", -11), ("stderr", -12)):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper) and stream.isatty() and console.mode(console.handle(number)) is None:
            encoding, errors, by_line = stream.encoding, stream.errors, stream.line_buffering
            setattr(sys, name, _NoTerminal(stream.detach(), encoding, errors, line_buffering=by_line))
