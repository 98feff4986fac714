"""The database file: created private, migrated once, renamed when broken; all SQLite errors are translated here.

Durability: the write-ahead log with `synchronous = NORMAL`.  What was committed has been handed to the kernel, so the
end of the process, `kill -9` too, loses none of it, and the file stays whole.  A power cut or a crash of the kernel may
lose the commits since the last checkpoint, but leaves the file whole.  An fsync at each commit (FULL) would keep these
too, and would delay every question by some milliseconds.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from .. import paths, systems
from ..errors import BrokenHistoryError, HistoryError
from . import migrations, owners

Parameters = Sequence[Any] | dict[str, Any]

BUSY_CODES = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
BROKEN_CODES = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
_BESIDE = ("", "-wal", "-shm")


class Database:
    """One connection, used by any thread, one at a time; with `read_only` every write is refused."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        *,
        lock_file: Path,
        notice: str | None = None,
        read_only: bool = False,
    ) -> None:
        self.path = path
        self.lock_file = lock_file
        self.notice = notice
        self._read_only = read_only
        self._connection = connection
        self._lock = threading.RLock()

    def read(self, statement: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        with self._lock, translated(self.path, "read"):
            return self._connection.execute(statement, parameters).fetchall()

    def read_one(self, statement: str, parameters: Parameters = ()) -> sqlite3.Row | None:
        rows = self.read(statement, parameters)
        return rows[0] if rows else None

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that holds the write lock from its beginning; rolled back when its body raises."""
        if self._read_only:
            raise HistoryError(f"The history could not be written: {self.path} is read-only.")
        with self._lock, translated(self.path, "written"):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[None]:
        """A read transaction: all reads in it see the same state of the database.  Inside another transaction it is
        part of that.
        """
        with self._lock, translated(self.path, "read"):
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")

    def maintain(self, statement: str) -> None:
        """Run a statement that cannot run in a transaction, such as a checkpoint, to its end."""
        with self._lock, translated(self.path, "written"):
            # Not execute(): it would take only the first of the many steps of, for example, incremental_vacuum.
            self._connection.executescript(statement)

    def close(self) -> None:
        # Closing writes the log into the file; when that fails, the next connection does it.
        with self._lock, suppress(sqlite3.Error):
            self._connection.close()


def open_database(path: Path, *, busy_timeout: float) -> Database:
    """Open, create or migrate the database.  Raises HistoryError; the result's `notice` is set when the file was
    broken.

    A file that cannot be written is opened for reading: no lock, no log, no repair.
    """
    notice = None
    with translated(path, "opened"):
        paths.check_file(path)  # first, for the lock file is created next to the file that a symbolic link points to
        lock_file = owners.lock_file_of(path)
    if _is_read_only(path):
        return Database(_connected_to_read(path, busy_timeout=busy_timeout), path, lock_file=lock_file, read_only=True)
    try:
        connection = _opened(path, lock_file, busy_timeout=busy_timeout)
    except BrokenHistoryError:
        notice = set_aside(path, busy_timeout=busy_timeout)
        connection = _opened(path, lock_file, busy_timeout=busy_timeout)
    return Database(connection, path, lock_file=lock_file, notice=notice)


def set_aside(path: Path, *, busy_timeout: float) -> str | None:
    """Rename a broken database and its log files; return a sentence that says so.

    Returns None when another process has already renamed it.  The caller must have closed its connection.
    """
    with translated(path, "set aside"), owners.repairing(owners.lock_file_of(path), timeout=busy_timeout):
        try:
            with closing(_connected(path, busy_timeout=busy_timeout)) as connection, translated(path, "read"):
                sound = connection.execute("PRAGMA quick_check (1)").fetchone()[0] == "ok"
        except BrokenHistoryError:
            sound = False
        if sound:
            return None
        aside = _free_name(path)
        for suffix in reversed(_BESIDE):
            beside = path.with_name(path.name + suffix)
            if beside.exists():
                systems.rename(beside, aside.with_name(aside.name + suffix))
        return f"The history was broken: it was set aside as {aside}, and a fresh one was begun."


@contextmanager
def translated(path: Path, done: str) -> Iterator[None]:
    """Translate every error of SQLite and of the file system to HistoryError; `done` is the verb of its message."""
    try:
        yield
    except (sqlite3.Error, OSError, UnicodeError, OverflowError) as problem:
        hint = f"The history is {path}."
        code = getattr(problem, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in BROKEN_CODES:
            raise BrokenHistoryError(f"The history could not be {done}: {problem}.", hint=hint) from problem
        reason = "another process holds it" if code in BUSY_CODES else _reason(problem)
        raise HistoryError(f"The history could not be {done}: {reason}.", hint=hint) from problem


def _reason(problem: Exception) -> str:
    if isinstance(problem, OSError) and problem.filename and problem.strerror:
        return f"{problem.filename}: {problem.strerror}"
    return str(problem)


def _opened(path: Path, lock_file: Path, *, busy_timeout: float) -> sqlite3.Connection:
    # Without the lock, a rename between SQLite's opening of the file and of its log would mix two histories in one.
    with translated(path, "opened"), owners.opening(lock_file, timeout=busy_timeout):
        return _connected(path, busy_timeout=busy_timeout)


def _connected(path: Path, *, busy_timeout: float) -> sqlite3.Connection:
    with translated(path, "opened"):
        _make_private(path)
        connection = sqlite3.connect(
            path, timeout=busy_timeout, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        try:
            connection.row_factory = sqlite3.Row
            _prepare(connection, path, busy_timeout=busy_timeout)
        except BaseException:
            connection.close()
            raise
        return connection


def _is_read_only(path: Path) -> bool:
    return path.is_file() and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK))


def _connected_to_read(path: Path, *, busy_timeout: float) -> sqlite3.Connection:
    # SQLite creates the log's files even to read.  Where there is no log, it need not look for changes.
    log = path.with_name(f"{path.name}-wal")
    how = "mode=ro" if log.exists() and log.stat().st_size else "mode=ro&immutable=1"
    with translated(path, "opened"):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?{how}", uri=True, timeout=busy_timeout, isolation_level=None,
            check_same_thread=False,
        )  # fmt: skip
        try:
            connection.row_factory = sqlite3.Row
            if _version(connection, path) < len(migrations.MIGRATIONS):
                raise HistoryError(
                    f"The history {path} was written by an older version of gigachat, and is read-only.",
                    hint="Run 'gigachat history list' once where it can be written.",
                )
        except BaseException:
            connection.close()
            raise
        return connection


def _make_private(path: Path) -> None:
    # The file is only created here, never opened when it exists: closing any descriptor of it would release
    # the locks that SQLite holds on it in this process.
    paths.make_private_folder(path.parent)
    for suffix in _BESIDE:
        paths.check_file(path.with_name(path.name + suffix))
    if not path.exists():
        with suppress(FileExistsError):
            os.close(paths.open_private(path, os.O_RDWR | os.O_CREAT | os.O_EXCL))
    for suffix in _BESIDE:
        beside = path.with_name(path.name + suffix)
        with suppress(FileNotFoundError):
            if not paths.is_private(beside):
                beside.chmod(paths.FILE_MODE)


def _prepare(connection: sqlite3.Connection, path: Path, *, busy_timeout: float) -> None:
    connection.execute("BEGIN")  # in one transaction: another process may migrate between the two queries
    version = _version(connection, path)
    connection.execute("ROLLBACK")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")
    if version == len(migrations.MIGRATIONS):
        return
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    _use_log(connection, busy_timeout=busy_timeout)
    connection.execute("BEGIN IMMEDIATE")
    try:
        migrations.apply(connection, _version(connection, path))
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection, path: Path) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    foreign = application != migrations.APPLICATION_ID and (
        version or application or connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    )
    if foreign:
        raise HistoryError(f"{path} is a database of another program; it was left as it is.")
    if version > len(migrations.MIGRATIONS):
        raise HistoryError(
            f"The history {path} was written by a newer version of gigachat; it was left as it is.",
            hint="Update this gigachat. ‹no_log› goes without the history.",
        )
    return version


def _use_log(connection: sqlite3.Connection, *, busy_timeout: float) -> None:
    # SQLite's busy timeout does not apply here when several processes create the file at once.
    deadline = time.monotonic() + busy_timeout
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as problem:
            if problem.sqlite_errorcode & 0xFF not in BUSY_CODES or time.monotonic() > deadline:
                raise
            time.sleep(0.005)


def _free_name(path: Path) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    aside = path.with_name(f"{path.name}.broken-{stamp}")
    count = 1
    while any(aside.with_name(aside.name + suffix).exists() for suffix in _BESIDE):
        count += 1
        aside = path.with_name(f"{path.name}.broken-{stamp}-{count}")
    return aside
