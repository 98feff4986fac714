"""Who holds a slot of an account, as those who wait are told: by a note in the file of its lock.

The lock is the truth and the note is a help: of a note that cannot be read, or whose process is gone, nothing is said.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from ..masking import from_outside
from ..moments import shown_time
from ..systems import is_running
from ..text import one_line
from .locks import note_of
from .outside import kept, written

_LONGEST_COMMAND = 40  # characters


class Holder(Struct, frozen=True):
    """A process that holds a slot.  `command` says what it is, without its arguments; `since` is Unix time."""

    pid: int
    command: str
    since: float

    @property
    def is_stopped(self) -> bool:
        """Whether the process stands still, as after Ctrl-Z."""
        return _state(self.pid) in ("T", "t")

    def __str__(self) -> str:
        since = shown_time(self.since)
        if self.pid == os.getpid():
            return f"{self.command} (this process, since {since})"
        stopped = ", stopped" if self.is_stopped else ""
        return f"{self.command} (process {self.pid}{stopped}, since {since})"


def note(command: str | None = None) -> bytes:
    """What this process writes into the file of a lock that it holds; without a `command`, the name of its program."""
    program = Path(sys.argv[0]).name if sys.argv else ""
    named = command or ("python" if program in ("", "-c", "-m", "-") else program)
    return written(Holder(os.getpid(), one_line(from_outside(named), _LONGEST_COMMAND), time.time())) + b"\n"


def holders(files: Iterable[Path]) -> list[Holder]:
    """Those who hold the locks of these files, as far as they are known: each process once, the longest first."""
    found: dict[int, Holder] = {}
    for file in files:
        with suppress(OSError):
            holder = _parsed(note_of(file))
            if holder is not None and (holder.pid not in found or holder.since < found[holder.pid].since):
                found[holder.pid] = holder
    return sorted(found.values(), key=lambda holder: holder.since)


def told(found: list[Holder]) -> str:
    """The holders in words; empty where none is known."""
    if not found:
        return ""
    first = min(found, key=lambda holder: not holder.is_stopped)  # the one that lets nobody in by itself
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{first}{more}"


def way_on(found: list[Holder]) -> str:
    """What to do about a holder that stands still; empty where none does."""
    stopped = next((holder for holder in found if holder.is_stopped), None)
    if stopped is None:
        return ""
    return f"It is stopped: 'fg' lets it go on, 'kill -9 {stopped.pid}' ends it."


def _parsed(content: bytes) -> Holder | None:
    found = kept(content, Holder)
    try:
        if found is None or not 0 < found.pid < 2**31 or not is_running(found.pid):
            return None
        time.localtime(found.since)
    except (ValueError, OverflowError, OSError):
        return None
    return Holder(found.pid, one_line(from_outside(found.command), _LONGEST_COMMAND), found.since)


def _state(pid: int) -> str:
    """The letter for the state of a process; empty where it cannot be told."""
    with suppress(OSError, IndexError):
        # The name of the program stands before it, in brackets, and may itself hold some.
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0].decode("ascii", "replace")
    if sys.platform == "darwin":
        import subprocess

        with suppress(OSError, subprocess.SubprocessError):
            asked = ["/bin/ps", "-o", "state=", "-p", str(pid)]
            return subprocess.run(asked, capture_output=True, text=True, timeout=1, check=False).stdout.strip()[:1]
    return ""
