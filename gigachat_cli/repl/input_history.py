"""The lines typed at the prompt in all chats: one private file with a JSON string per line, shared by processes.

A second file tells which session a line belongs to, so that both are deleted together: `SESSION HASH` per line.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path

from .. import paths, systems
from ..keys import keys_in
from ..messages import Notice

CAPACITY = 10_000
_SLACK = 1_000  # so that the file is truncated now and then, and not at each start
_QUOTES = '"""'


class InputHistory:
    """The lines of the file.  The first error is reported; none stops the chat.

    `session` gives the id of the current session, None before it has begun.  With `keeps` false, lines are read but not
    written.
    """

    def __init__(
        self,
        path: Path,
        notify: Callable[[Notice], None] = lambda notice: None,
        *,
        session: Callable[[], str | None] = lambda: None,
        keeps: bool = True,
    ) -> None:
        self._path = path
        self._notify = notify
        self._session = session
        self._keeps = keeps
        self._untied: list[str] = []
        self._told = False

    def newest_first(self) -> list[str]:
        """At most `CAPACITY` lines, the newest first, without immediate repeats; a longer file is truncated."""
        try:
            lines = _lines(self._path)
            if self._keeps:
                for path in (self._path, _ties(self._path)):
                    found = lines if path == self._path else _lines(path)
                    if len(found) > CAPACITY + _SLACK:
                        paths.write_private(path, _joined(found[-CAPACITY:]))
        except OSError as problem:
            self._tell(problem)
            return []
        entries: list[str] = []
        for line in reversed(lines[-CAPACITY:]):
            entry = _entry(line)
            if entry is not None and (not entries or entries[-1] != entry):
                entries.append(entry)
        return entries

    def add(self, entry: str) -> None:
        if self._keeps and not keys_in(entry):
            self._append(self._path, json.dumps(entry))
            self._untied.append(_hash(entry))

    def tie(self) -> None:
        """Note that the added lines belong to the current session; before it has begun, they wait for it."""
        session = self._session()
        if self._untied and session is not None:
            self._append(_ties(self._path), "\n".join(f"{session} {each}" for each in self._untied))
            self._untied.clear()

    def _append(self, path: Path, text: str) -> None:
        """One write, so that the lines of several processes do not mix."""
        try:
            descriptor = paths.open_private(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
            try:
                os.write(descriptor, _mend(descriptor) + text.encode() + b"\n")
            finally:
                os.close(descriptor)
        except OSError as problem:
            self._tell(problem)

    def _tell(self, problem: OSError) -> None:
        if not self._told:
            self._told = True
            self._notify(Notice("warning", f"{self._path} could not be used: {problem.strerror}."))


def forget_sessions(path: Path, sessions: Collection[str], prompts: Collection[str]) -> None:
    """Remove the lines typed in deleted sessions from the file; `prompts` are the questions of those sessions.

    Lines that were typed in another session as well stay.  Raises OSError.
    """
    ties = [line.decode("ascii", "replace").partition(" ") for line in _lines(_ties(path))]
    ours = {entry for session, _, entry in ties if session in sessions}
    others = {entry for session, _, entry in ties if session not in sessions}

    def goes(line: bytes) -> bool:
        entry = _entry(line)
        if entry is None or (key := _hash(entry)) in others:
            return False
        return key in ours or any(_asks(entry, prompt) for prompt in prompts)

    lines = _lines(path)
    kept = [line for line in lines if not goes(line)]
    if len(kept) < len(lines):
        paths.write_private(path, _joined(kept))
    if ours:
        left = [f"{session} {entry}".encode() for session, _, entry in ties if session not in sessions]
        paths.write_private(_ties(path), _joined(left))


def forget_all(path: Path) -> None:
    """Remove all lines.  Raises OSError."""
    for each in (path, _ties(path)):
        paths.sweep(each)
        with suppress(FileNotFoundError):
            systems.unlink(each)


def _ties(path: Path) -> Path:
    return path.with_name(f"{path.name}.sessions")


def _lines(path: Path) -> list[bytes]:
    return (paths.read_private(path) or b"").splitlines()


def _joined(lines: Iterable[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def _entry(line: bytes) -> str | None:
    """The text of a line; None for a line that a crash cut off or somebody broke."""
    with suppress(ValueError, RecursionError):
        entry = json.loads(line)
        return entry if isinstance(entry, str) else None
    return None


def _hash(entry: str) -> str:
    return hashlib.sha256(entry.encode("utf-8", "replace")).hexdigest()[:32]


def _asks(typed: str, prompt: str) -> bool:
    """Whether a typed line is that question, to which attached files may have been added."""
    plain = typed.strip()
    if plain.startswith(_QUOTES):
        plain = plain.removeprefix(_QUOTES).removesuffix(_QUOTES).strip()
    forms = {plain, plain.removeprefix("/")}  # `//` stands for a slash
    return any(form and (prompt.strip() == form or prompt.startswith(f"{form}\n\n")) for form in forms)


def _mend(descriptor: int) -> bytes:
    """The newline that is missing after an incomplete last line, so that only that line is lost."""
    if os.lseek(descriptor, 0, os.SEEK_END) == 0:
        return b""
    os.lseek(descriptor, -1, os.SEEK_END)
    return b"" if os.read(descriptor, 1) == b"\n" else b"\n"
