"""What was typed at the prompt, over all chats: one private file, a JSON string a line, shared by processes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from .. import paths
from ..messages import Notice

CAPACITY = 10_000
_SLACK = 1_000  # so that the file is cut now and then, and not at each start


class InputHistory:
    """Entries of the file.  Whatever goes wrong with it is told once and costs nothing else."""

    def __init__(self, path: Path, notify: Callable[[Notice], None] = lambda notice: None) -> None:
        self._path = path
        self._notify = notify
        self._told = False

    def newest_first(self) -> list[str]:
        """At most `CAPACITY` entries, the newest first, without immediate repeats; a longer file is cut."""
        try:
            lines = (paths.read_private(self._path) or b"").splitlines()
            if len(lines) > CAPACITY + _SLACK:
                lines = lines[-CAPACITY:]
                paths.write_private(self._path, b"".join(line + b"\n" for line in lines))
        except OSError as problem:
            self._tell(problem)
            return []
        entries: list[str] = []
        for line in reversed(lines[-CAPACITY:]):
            with suppress(ValueError):  # a line that a crash cut off, or a person's own
                entry = json.loads(line)
                if isinstance(entry, str) and (not entries or entries[-1] != entry):
                    entries.append(entry)
        return entries

    def add(self, entry: str) -> None:
        """Append an entry: one write, so that processes do not mix their lines."""
        try:
            descriptor = paths.open_private(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
            try:
                os.write(descriptor, _mend(descriptor) + json.dumps(entry).encode() + b"\n")
            finally:
                os.close(descriptor)
        except OSError as problem:
            self._tell(problem)

    def _tell(self, problem: OSError) -> None:
        if not self._told:
            self._told = True
            self._notify(Notice("warning", f"{self._path} could not be used: {problem.strerror}."))


def _mend(descriptor: int) -> bytes:
    """The newline that is missing where a crash tore the last line, so that it spoils itself alone."""
    if os.lseek(descriptor, 0, os.SEEK_END) == 0:
        return b""
    os.lseek(descriptor, -1, os.SEEK_END)
    return b"" if os.read(descriptor, 1) == b"\n" else b"\n"
