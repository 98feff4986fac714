"""What differs between Linux, macOS and Windows below files, locks, processes and command lines; one home for it.

The branches for terminals and consoles are in `console`.  Where a system lacks what the others have, the function says
what it does instead.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

T = TypeVar("T")

QUIET = sum(getattr(os, name, 0) for name in ("O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY", "O_BINARY"))
"""Flags of `os.open` for every file: no inheritance, no wait, no text mode, in which Windows changes line ends."""

NO_LINK = getattr(os, "O_NOFOLLOW", 0)
"""Flag of `os.open` that refuses a symbolic link; nothing on Windows, where making one is an administrator's right."""

_PATIENCE_SECONDS = 1.0
_OPENING_SECONDS = 0.3  # a file that is not ours to read is refused by the same number
_PAUSE_SECONDS = 0.02
_HELD_OPEN = (5, 32, 33)  # access denied, sharing violation, lock violation
_HELD_ELSEWHERE = (errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK, 0)  # wine says no number
_NEW_PROCESS_GROUP = 0x200
_KILL_ON_JOB_CLOSE, _EXTENDED_LIMITS, _SET_QUOTA_AND_TERMINATE = 0x2000, 9, 0x101
_BATCH_FILES = (".bat", ".cmd")
_BLANKS = " \t"
_RESERVED = re.compile(r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³])")


_name = os.name


def is_windows() -> bool:
    return _name == "nt"


def user_id() -> int:
    """The user's number; 0 where users have none, which is also what `stat` says there."""
    return os.geteuid() if hasattr(os, "geteuid") else 0


# Files


def open_file(path: Path, flags: int, mode: int = 0o777) -> int:
    """As `os.open`, with `QUIET`.  On Windows a file that is just being replaced is refused: it is tried again."""
    return patiently(lambda: os.open(path, flags | QUIET, mode), seconds=_OPENING_SECONDS)


def replace(source: Path, target: Path) -> None:
    """Rename a file, over another one if there is one.  Raises OSError.

    On Windows a file that somebody holds open, such as a scanner or another of our processes, cannot be replaced or
    renamed: it is tried again for a second.
    """
    patiently(lambda: os.replace(source, target))


def rename(source: Path, target: Path) -> None:
    """As `replace`, where nothing is at the target."""
    patiently(lambda: os.rename(source, target))


def unlink(path: Path) -> None:
    """Remove a file, as patiently as `replace`."""
    patiently(lambda: os.unlink(path))


def patiently(work: Callable[[], T], *, seconds: float = _PATIENCE_SECONDS) -> T:
    """What `work` returns; on Windows tried again while a file in it is held open.  Raises what it raises at last."""
    until = time.monotonic() + seconds
    while True:
        try:
            return work()
        except OSError as problem:
            if not (is_windows() and _is_held_open(problem)) or time.monotonic() > until:
                raise
        time.sleep(_PAUSE_SECONDS)


def _is_held_open(problem: OSError) -> bool:
    number = getattr(problem, "winerror", None)  # the C runtime, which opens files, has only its own
    return number in _HELD_OPEN if number else problem.errno == errno.EACCES


def is_closed_pipe(problem: BaseException) -> bool:
    """Whether writing failed because nobody reads on, which Windows' C runtime calls an invalid argument."""
    if isinstance(problem, BrokenPipeError):
        return True
    return is_windows() and isinstance(problem, OSError) and problem.errno == errno.EINVAL


def is_null(found: os.stat_result) -> bool:
    """Whether this is the device that holds nothing; on Windows any device, for the others cannot be looked at."""
    if not stat.S_ISCHR(found.st_mode):
        return False
    if sys.platform == "win32":
        return True
    try:
        return found.st_rdev == os.stat(os.devnull).st_rdev
    except OSError:
        return True


def let_wait(descriptor: int) -> None:
    """Undo `QUIET` as far as reading and writing wait again; on Windows they always do."""
    if sys.platform != "win32":
        os.set_blocking(descriptor, True)


# Locks: the kernel frees them with the process, however it ends.


def try_lock(descriptor: int) -> bool:
    """Lock an open file; False when somebody else has.  Closing the descriptor lets go.

    On Windows its first byte is locked, which others cannot read meanwhile.  Raises OSError where files have no locks.
    """
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as problem:
        if problem.errno in _HELD_ELSEWHERE:
            return False
        raise
    return True


def try_lock_byte(descriptor: int, byte: int, *, shared: bool) -> bool:
    """Lock one byte, which need not be there; False when somebody else has.

    Shared locks do not disturb each other; Windows takes an exclusive one for them.  Elsewhere closing any descriptor
    of the file in this process lets go of all of them.
    """
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, byte, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.lockf(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB, 1, byte)
    except OSError as problem:
        if problem.errno in _HELD_ELSEWHERE:
            return False
        raise
    return True


def unlock_byte(descriptor: int, byte: int) -> None:
    if sys.platform == "win32":
        os.lseek(descriptor, byte, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
    else:
        fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, byte)


# Names


def is_reserved(name: str) -> bool:
    """Whether Windows keeps the name, with any suffix, for a device."""
    return is_windows() and _RESERVED.fullmatch(name.partition(".")[0].rstrip(" ").upper()) is not None


# Processes


def is_running(pid: int) -> bool:
    """Whether there is a process of that number, ours or not."""
    if sys.platform == "win32":  # where `os.kill` with 0 is Ctrl-C for it
        import ctypes

        synchronize, timed_out = 0x00100000, 258
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.OpenProcess.restype = ctypes.c_void_p
        process = kernel.OpenProcess(synchronize, False, pid)
        if not process:
            return bool(ctypes.get_last_error() == _HELD_OPEN[0])  # somebody else's
        try:
            return bool(kernel.WaitForSingleObject(ctypes.c_void_p(process), 0) == timed_out)
        finally:
            kernel.CloseHandle(ctypes.c_void_p(process))
    try:
        os.kill(pid, 0)
    except PermissionError:  # somebody else's
        return True
    except OSError:
        return False
    return True


def of_its_own() -> dict[str, Any]:
    """Arguments of `subprocess` for a process that the terminal's Ctrl-C does not reach, and that `Kin` ends."""
    if is_windows():
        return {"creationflags": _NEW_PROCESS_GROUP}
    return {"start_new_session": True}


class Kin:
    """A process `of_its_own` with all that it starts, to be ended together.

    On Windows they also end with ours; elsewhere one that leaves the process group is not among them.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._job = _job_of(pid) if is_windows() else None

    def end(self) -> None:
        """At once, whatever they do."""
        if sys.platform == "win32":
            import ctypes

            ctypes.WinDLL("kernel32").TerminateJobObject(ctypes.c_void_p(self._job), 1)
        else:
            import signal  # only who has started one pays for it

            with suppress(OSError):
                os.killpg(self._pid, signal.SIGKILL)


def _job_of(pid: int) -> int | None:
    """A job of Windows that holds the process and ends with its last handle, which is ours."""
    if sys.platform != "win32":
        return None
    import ctypes

    kernel = ctypes.WinDLL("kernel32")
    kernel.CreateJobObjectW.restype = kernel.OpenProcess.restype = ctypes.c_void_p
    job = kernel.CreateJobObjectW(None, None)
    # JOBOBJECT_EXTENDED_LIMIT_INFORMATION, of which only LimitFlags is set, in the same place on 32 and 64 bits.
    size = 144 if ctypes.sizeof(ctypes.c_void_p) == 8 else 112
    limits = ctypes.create_string_buffer(bytes(16) + _KILL_ON_JOB_CLOSE.to_bytes(4, "little"), size)
    kernel.SetInformationJobObject(ctypes.c_void_p(job), _EXTENDED_LIMITS, limits, size)
    process = kernel.OpenProcess(_SET_QUOTA_AND_TERMINATE, False, pid)
    if process:
        kernel.AssignProcessToJobObject(ctypes.c_void_p(job), ctypes.c_void_p(process))
        kernel.CloseHandle(ctypes.c_void_p(process))
    return int(job) if job else None


# Command lines


def split_command(line: str) -> list[str]:
    """The words of a command as a setting or a variable holds it.

    Elsewhere the rules are the shell's; on Windows a backslash parts folders, quotes keep blanks together, and a line
    that is the path of a file is one word.  Raises ValueError for a quote without its end.
    """
    if not is_windows():
        import shlex

        return shlex.split(line)
    stripped = line.strip()
    return [stripped] if os.path.isfile(stripped) else windows_words(stripped)


def windows_words(line: str) -> list[str]:
    """The words of a command line by the rules of Windows' C runtime.

    Raises ValueError for a quote without its end.
    """
    words: list[str] = []
    word: str | None = None
    quoted = False
    for slashes, sign in re.findall(r'(\\*)("|[^"\\]|$)', line):
        if sign == '"':
            word = (word or "") + slashes[: len(slashes) // 2]
            if len(slashes) % 2:
                word += '"'
            else:
                quoted = not quoted
            continue
        if slashes:
            word = (word or "") + slashes
        if sign and (quoted or sign not in _BLANKS):
            word = (word or "") + sign
        elif word is not None:
            words.append(word)
            word = None
    if quoted:
        raise ValueError("a quote without its end")
    return words


def startable(command: Sequence[str]) -> list[str] | str:
    """A command as `subprocess` starts it.

    Windows finds programs by their suffix (PATHEXT), and batch files are run by its shell, which has quotes of its own.
    """
    if not is_windows():
        return list(command)
    import shutil
    import subprocess

    program = shutil.which(command[0]) or command[0]
    words = [program, *command[1:]]
    if Path(program).suffix.lower() not in _BATCH_FILES:
        return words
    # In quotes all of them: `&` and its like in a folder's name would end the command.
    quoted = " ".join('"{}"'.format(each.replace('"', '""')) for each in words)
    return f'{subprocess.list2cmdline([os.environ.get("COMSPEC", "cmd.exe")])} /d /s /c "{quoted}"'
