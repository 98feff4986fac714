"""The work of `files`: each request with its progress, its result as rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from ..conversation.attachments import STDIN, upload_of
from ..conversation.kinds import saved_kind
from ..conversation.saving import PartFile, check_place
from ..engine.api.files import Progress, StoredFile
from ..engine.outside import as_object
from ..engine.uploads import Uploads, upload_once
from ..engine.wire import MOST_DOWNLOADED
from ..errors import CutAnswerError, GigaChatError, TooLargeError, UsageError
from ..render.reports import show_rows, time_teller
from ..render.terminal import Terminal
from ..systems import is_reserved
from .agreement import PIPE_IT, agree, announce
from .context import Context
from .flags import DownloadFlags

_COLUMNS = ("id", "bytes", "created", "filename", "purpose")
_PROGRESS_SECONDS = 0.1
_MEGABYTE = 1024 * 1024
_LONGEST_NAME = 240  # bytes; file systems allow 255, encrypted ones fewer
_LONGEST_SUFFIX = 20


def list_files(context: Context) -> None:
    """Show the files of the account."""

    async def listed() -> list[StoredFile]:
        async with context.client() as giga:
            return await giga.files()

    found = context.run(listed())
    _show(found, context)
    if not found and context.terminal.stdout_is_terminal and not context.flags.json:
        context.terminal.say("gigachat: The account has no files.")


def show_file(file_id: str, context: Context) -> None:
    """Show one file.  Raises UnknownFileError when there is none with that id."""

    async def found() -> StoredFile:
        async with context.client() as giga:
            return await giga.file(file_id)

    _show([context.run(found())], context)


def upload_files(paths: Sequence[str], context: Context) -> None:
    """Store files, and show each; when one fails, those stored before are shown too.  Raises UsageError."""
    if paths.count(STDIN) > 1:
        raise UsageError("stdin can be uploaded only once.", hint="Give - one time.")
    terminal = context.terminal
    if STDIN in paths:
        context.wait_for_stdin()
    found = [upload_of(path) for path in paths]
    agree(found, terminal, otherwise=PIPE_IT)
    announce(found, terminal)
    sources = [each.source for each in found if each.source is not None]
    stored: list[StoredFile] = []

    async def upload() -> None:
        async with context.client() as giga:
            for source in sources:
                progress = _progress(f"Uploading {source.name}", terminal)
                file_id = await upload_once(giga, source, check=True, progress=progress)
                terminal.wipe()
                stored.append(await giga.file(file_id))

    try:
        context.run(upload())
    finally:
        terminal.wipe()
        if stored:
            _show(stored, context)


def download_file(file_id: str, flags: DownloadFlags, context: Context) -> None:
    """Write a file's content to the output file, to stdout for `-`, else here under its own name; show the path.

    Raises UsageError when the file exists already, OutputError.
    """
    terminal = context.terminal
    place, force = flags.output_file, flags.force
    most = None if flags.any_size else MOST_DOWNLOADED
    to_stdout = str(place) == "-"
    if to_stdout:
        terminal.check_stdout_for_bytes()
    elif place is not None:
        check_place(place, force=force)
    progress = _progress("Downloading", terminal)

    async def download() -> PartFile | Path:
        async with context.client() as giga:
            if place is None:
                stored = await giga.file(file_id)
                name = _bare_name(stored.filename)
                if name:
                    check_place(Path(name), force=force)
            if to_stdout:
                await giga.download_to(file_id, _Stdout(terminal, progress), most=most)
                return Path("-")
            with PartFile(place.parent if place else Path(), private=False, progress=progress) as part:
                await giga.download_to(file_id, part, most=most)
                target = place or Path(name or f"{_bare_name(file_id) or 'file'}{saved_kind(part.head)[0]}")
                return part.keep([target], force=force)

    try:
        kept = context.run(download())
    except TooLargeError as problem:
        problem.hint = "Take it all the same with --any-size."
        raise
    finally:
        terminal.wipe()
    if not to_stdout:
        row = {"id": file_id, "path": str(kept)}
        show_rows([row], ("path",), terminal, as_array=context.flags.json)


def delete_files(file_ids: Sequence[str], context: Context) -> None:
    """Delete files, and show each deleted one.  Raises the first refusal, after the others were tried."""
    problems: list[GigaChatError] = []
    rows: list[dict[str, object]] = []

    async def delete() -> None:
        async with context.client() as giga:
            uploads = await Uploads.of(giga)
            for file_id in file_ids:
                try:
                    deleted = await giga.delete_file(file_id)
                except GigaChatError as problem:
                    problems.append(problem)
                    continue
                await uploads.forget(file_id)
                rows.append({"id": file_id, "deleted": deleted})

    try:
        context.run(delete())
    finally:
        if rows:
            show_rows(rows, ("id",), context.terminal, as_array=context.flags.json)
    if problems:
        raise problems[0]


class _Stdout:
    """A sink that is stdout.  A broken download is not retried once bytes were written."""

    def __init__(self, terminal: Terminal, progress: Progress) -> None:
        self._progress = progress
        self._terminal = terminal
        self._done = 0
        self._size: int | None = None

    def begin(self, size: int | None) -> None:
        """Begin the content.  Raises CutAnswerError when bytes were written already."""
        if self._done:
            raise CutAnswerError("The download broke after a part of it was written.", hint="Try again.")
        self._size = size

    def add(self, piece: bytes) -> None:
        """Write bytes.  Raises ClosedPipeError, OutputError."""
        self._terminal.write_bytes(piece)
        self._done += len(piece)
        self._progress(self._done, self._size)


def _show(found: Sequence[StoredFile], context: Context) -> None:
    told = time_teller(context.terminal, as_json=context.flags.json)
    rows = [{**as_object(each), "created": told(each.created_at)} for each in found]
    show_rows(rows, _COLUMNS, context.terminal, as_array=context.flags.json)


def _bare_name(name: str) -> str:
    """The service's name for a file, without folders and leading dots; empty when nothing is left."""
    last = PureWindowsPath(PurePosixPath(name).name).name
    clean = "".join(each for each in last if each.isprintable() and each not in ':*?"<>|').lstrip(". ").rstrip(". ")
    return _shortened(f"_{clean}" if is_reserved(clean) else clean)


def _shortened(name: str) -> str:
    """A name that every file system accepts, with its suffix."""
    suffix = PurePosixPath(name).suffix
    if len(suffix.encode()) > _LONGEST_SUFFIX:
        suffix = ""
    stem = name.removesuffix(suffix).encode()[: _LONGEST_NAME - len(suffix.encode())].decode(errors="ignore")
    return f"{stem.rstrip('. ')}{suffix}"


def _progress(what: str, terminal: Terminal) -> Progress:
    """The progress as a line that changes, on a terminal, ten times a second at most."""
    last = 0.0
    draw: Callable[[str], None] = terminal.draw

    def progress(done: int, size: int | None) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < _PROGRESS_SECONDS:
            return
        last = now
        share = f"{done * 100 // size} % of {size / _MEGABYTE:.1f} MB" if size else f"{done / _MEGABYTE:.1f} MB"
        draw(f"{what}: {share}")

    return progress
