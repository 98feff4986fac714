"""The output file and the journal beside it, with which a batch can resume after a kill at any moment.

The rows of the output are in the order of the input.  A row that is ready before its turn goes to the journal at once,
and to the output when its turn comes.  An item in neither was not answered.  A write that a kill interrupted leaves an
incomplete last line, which is ignored.

When failed items are to be sent again, the output is renamed, and its answers are copied one by one.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from .. import paths, systems
from ..engine.outside import json_object
from ..errors import OutputError, UsageError
from ..named_files import check_output, is_stream, open_output
from .output_rows import line_of

_LONGEST_ROW = 256 * 1024 * 1024
_CHECK_EVERY = 100  # rows between two checksums in the journal
_JOURNAL_LINE = re.compile(rb"[0-9]+ [0-9]+ (?:-\n|\{)")
_TORN_JOURNAL_LINE = re.compile(rb"[0-9]+(?: (?:[0-9]+(?: (?:-|\{.*)?)?)?)?")
_JOURNAL_BYTES = 1024 * 1024  # a larger journal is truncated when nothing in it is needed


@dataclass(slots=True)
class Found:
    """What an earlier run has left: rows up to the line `after`, rows after it by line, checksums by line.

    `rows` counts all that need no request, and `failed` those of them that are errors.
    """

    after: int = 0
    rows: int = 0
    failed: int = 0
    ready: dict[int, str] = field(default_factory=dict)
    expected: dict[int, int] = field(default_factory=dict)


class RowFile:
    """The output file of one batch.

    `retry_failed` resumes too, but without the rows of failures.  Raises UsageError when the file exists and none of
    the three is given, when it contains other lines than rows, or when it cannot be written.
    """

    def __init__(self, path: Path, *, resume: bool, force: bool, retry_failed: bool = False) -> None:
        resume = resume or retry_failed
        _check_link(path)
        if path.is_symlink():
            path = path.resolve()  # one output has one journal, whatever path leads to it
        self.path = path
        self.set_aside_path = path.parent / f"{path.name}.previous"
        self.journal_path = path.parent / f"{path.name}.journal"
        self.found = Found()
        self._output: int | None = None
        self._journal: int | None = None
        self._unchecked = _CHECK_EVERY  # so that the first row comes with a checksum of its input
        self._last: tuple[int, int] | None = None
        self._journaled = 0
        self._kept: set[int] = set()
        self._renamed = False
        self._check(resume=resume, force=force)
        self._fresh = not resume
        self._forced = force
        self._keeps_journal = path.is_file() or not path.exists()
        self._answers: Iterator[tuple[int, str]] = iter(())
        self._next_answer: tuple[int, str] | None = None
        if resume:
            self._resume(retry_failed=retry_failed)
        if is_stream(path):  # at once: if nobody reads the pipe, the answers would be lost
            self._open()

    def taken_over(self, line: int) -> str | None:
        """The row of an item that needs no request; to be called in ascending order of lines."""
        row = self.found.ready.pop(line, None)
        if row is not None:
            return row
        while self._next_answer is not None and self._next_answer[0] < line:
            self._next_answer = next(self._answers, None)
        found = self._next_answer
        return found[1] if found is not None and found[0] == line else None

    def keep(self, line: int, crc: int, row: str) -> None:
        """Store a row in the journal that is ready before its turn.  Raises OutputError."""
        self._kept.add(line)
        self._to_journal(f"{line} {crc} {row}")

    def write(self, line: int, crc: int, rows: str, *, count: int) -> None:
        """Write the next `count` rows, the last of which belongs to `line`.  Raises OutputError."""
        self._open()
        assert self._output is not None
        first, self._last = self._last is None, (line, crc)
        if first:
            self._note_check()  # before the row: no row is ever without a checksum
        self._put(self._output, rows, self.path)
        self._unchecked += count
        if self._kept:
            self._kept = {each for each in self._kept if each > line}
        if self._journaled > _JOURNAL_BYTES and not self._kept and self._journal is not None:
            os.ftruncate(self._journal, 0)
            self._journaled, self._unchecked = 0, _CHECK_EVERY
        if self._unchecked >= _CHECK_EVERY:
            self._note_check()

    @property
    def last(self) -> tuple[int, int] | None:
        """The line number of the row that was written last, with its checksum."""
        return self._last

    def close(self, *, finished: bool) -> None:
        """Close the files; when the batch is `finished`, only the output stays."""
        if finished and self._output is None:
            self._open()  # with no items, or none missing
        if not finished:
            with suppress(OutputError):
                self._note_check()
        for descriptor in (self._output, self._journal):
            if descriptor is not None:
                with suppress(OSError):
                    os.close(descriptor)
        if self._renamed and self._output is None and not os.path.lexists(self.path):
            with suppress(OSError):  # nothing was written: restore the output
                systems.rename(self.set_aside_path, self.path)
        self._output = self._journal = None
        if finished and self._keeps_journal:
            for path in (self.journal_path, self.set_aside_path):
                with suppress(OSError):
                    systems.unlink(path)

    def _check(self, *, resume: bool, force: bool) -> None:
        path = self.path
        check_output(path)
        for left in (self.journal_path, self.set_aside_path):
            _check_left(left, _is_journal if left == self.journal_path else _is_rows)
        if resume and path.exists() and not path.is_file():
            raise UsageError(f"{path} is no file, and cannot be read to resume.", hint="Leave --resume out.")
        if not (resume or force):
            hint = "Give --resume to go on with it, --force to begin anew, or name another file."
            if path.is_file():
                raise UsageError(f"{path} exists.", hint=hint)
            for left in (self.journal_path, self.set_aside_path):
                if left.exists():
                    raise UsageError(f"{path} was begun: {left} exists.", hint=hint)

    def _resume(self, *, retry_failed: bool) -> None:
        found = self.found
        self._read_output()
        if retry_failed and not self.set_aside_path.exists() and found.failed:
            try:
                systems.rename(self.path, self.set_aside_path)
                self._renamed = True
            except OSError as problem:
                raise UsageError(f"{self.path} could not be set aside: {problem.strerror}.") from None
            self.found = found = Found()
        self._read_journal()
        if retry_failed:
            found.ready = {line: row for line, row in found.ready.items() if not _failed(row)}
        self._kept = set(found.ready)
        found.rows += len(found.ready)
        found.failed += sum(map(_failed, found.ready.values()))
        if self.set_aside_path.exists():
            found.rows += sum(1 for _ in self._set_aside())
            self._answers = self._set_aside()
            self._next_answer = next(self._answers, None)

    def _set_aside(self) -> Iterator[tuple[int, str]]:
        """The answers of the renamed output that are not copied yet."""
        with _opened(self.set_aside_path) as file:
            for content in file:
                row = json_object(content)
                line = line_of(row)
                if (
                    line is not None
                    and line > self.found.after
                    and line not in self._kept
                    and row
                    and "error" not in row
                ):
                    yield line, content.decode()

    def _read_output(self) -> None:
        """Read the existing rows, and truncate an incomplete last one."""
        found, good, number = self.found, 0, 0
        try:
            with _opened(self.path) as file:
                for content in file:
                    number += 1
                    row = json_object(content) if content.endswith(b"\n") else None
                    line = line_of(row)
                    if row is None or line is None or line <= found.after:
                        break
                    good += len(content)
                    found.after, found.rows = line, found.rows + 1
                    found.failed += "error" in row
                torn = self.path.stat().st_size - good
                # Only a last line that a kill interrupted may be removed.
                if torn and (file.readline() or not (_is_torn(content) and self.journal_path.exists())):
                    raise UsageError(
                        f"Line {number} of {self.path} is no row of a batch.",
                        hint="Name another file for the output.",
                    )
            if torn:
                os.truncate(self.path, good)
        except FileNotFoundError:
            return
        except OSError as problem:
            raise UsageError(f"{self.path} could not be read: {problem.strerror}.") from None

    def _read_journal(self) -> None:
        found, checked = self.found, (0, 0)
        try:
            for line, crc, row in _journaled(self.journal_path):
                if line <= found.after:
                    checked = max(checked, (line, crc))
                elif line_of(json_object(row)) == line:
                    found.ready[line] = f"{row.strip()}\n"
                    found.expected[line] = crc
        except FileNotFoundError:
            return
        except OSError as problem:
            raise UsageError(f"{self.journal_path} could not be read: {problem.strerror}.") from None
        if checked[0]:
            found.expected[checked[0]] = checked[1]

    def _open(self) -> None:
        """Open the files with the first row, so that an earlier error leaves existing files as they were."""
        if self._output is not None:
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        if self._fresh:
            flags |= os.O_TRUNC if self._forced or not self._keeps_journal else os.O_EXCL
        try:
            # Files of an earlier batch are removed first: they must not be taken for those of the new output.
            if self._keeps_journal:
                if self._fresh:
                    with suppress(FileNotFoundError):
                        systems.unlink(self.set_aside_path)
                truncated = flags & ~os.O_EXCL | (os.O_TRUNC if self._fresh else 0)
                self._journal = paths.open_file(self.journal_path, truncated | systems.NO_LINK, paths.FILE_MODE)
                self._journaled = os.fstat(self._journal).st_size
                if self._journaled:
                    os.write(self._journal, b"\n")  # ends an incomplete line
            # The mode is that of all files the person creates.
            self._output = open_output(self.path, flags)  # less the umask
        except FileExistsError:
            raise UsageError(f"{self.path} exists.", hint="Give --resume to go on with it.") from None
        except OSError as problem:
            raise OutputError(f"{problem.filename} could not be written: {problem.strerror}.") from None

    def _note_check(self) -> None:
        if self._last is not None and self._unchecked:
            self._to_journal(f"{self._last[0]} {self._last[1]} -\n")
            self._unchecked = 0

    def _to_journal(self, text: str) -> None:
        self._open()
        if self._journal is not None:
            self._put(self._journal, text, self.journal_path)
            self._journaled += len(text)

    def _put(self, descriptor: int, text: str, path: Path) -> None:
        rest = memoryview(text.encode())
        try:
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        except OSError as problem:
            raise OutputError(f"{path} could not be written: {problem.strerror}.") from None


def _opened(path: Path) -> IO[bytes]:
    return os.fdopen(paths.open_file(path, os.O_RDONLY | systems.NO_LINK), "rb")


def _failed(row: str) -> bool:
    return "error" in (json_object(row) or {})


def _is_torn(content: bytes) -> bool:
    """Whether this is the beginning of a row that was not written to its end."""
    if content.endswith(b"\n") or (line_of(found := json_object(content)) is None and found is not None):
        return False
    return any(begin.startswith(content) or content.startswith(begin) for begin in (b'{"line": ', b'{"id": '))


def _check_link(path: Path) -> None:
    """Raise UsageError when the output is a link that another user controls."""
    if path.is_symlink() and path.lstat().st_uid != systems.user_id():
        raise UsageError(f"{path} is a link of somebody else.", hint="Name another file with --output-file.")


def _check_left(path: Path, is_ours: Callable[[bytes], bool]) -> None:
    """Raise UsageError when a file that a batch keeps beside its output exists and was not made by a batch."""
    try:
        found = path.lstat()
        ours = stat.S_ISREG(found.st_mode) and found.st_nlink == 1 and found.st_uid == systems.user_id()
        if ours and found.st_size:
            with _opened(path) as file:
                ours = is_ours(file.readline(_LONGEST_ROW))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as problem:
        raise UsageError(f"{path} could not be read: {problem.strerror}.") from None
    if not ours:
        raise UsageError(
            f"{path} is in the way, and no file of a batch.", hint="Move it, or name another file with --output-file."
        )


def _is_journal(line: bytes) -> bool:
    if not line.endswith(b"\n"):  # the only line, incomplete
        return bool(_TORN_JOURNAL_LINE.fullmatch(line))
    return not line.strip() or bool(_JOURNAL_LINE.match(line))


def _is_rows(line: bytes) -> bool:
    return line_of(json_object(line)) is not None


def _journaled(path: Path) -> Iterator[tuple[int, int, str]]:
    with _opened(path) as file:
        for content in file:
            parts = content.decode("utf-8", "replace").split(" ", 2)
            if content.endswith(b"\n") and len(parts) == 3 and parts[0].isdecimal() and parts[1].isdecimal():
                yield int(parts[0]), int(parts[1]), parts[2]
