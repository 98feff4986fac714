"""Uploads that are made once: what an account has stored already, by content, in one private file for all processes.

As with access tokens, a broken file is an empty one, and one that cannot be written costs an upload and one line.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from msgspec import Struct

from .. import paths
from ..errors import UsageError
from ..messages import Notice
from .api import files
from .kept_file import KeptFile
from .locks import LockTimeout, hold_one

if TYPE_CHECKING:
    from .client import GigaChat

_VERSION = 1
_UPLOAD_PATIENCE = 600.0  # seconds to wait for another process that uploads the same
_MOST_KEPT = 2000
_MOST_FORMER = 8
_PIECE_BYTES = 1 << 20


class Upload(Struct, frozen=True):
    """Something to upload: `open` gives its `size` bytes from the beginning; `path` is where it lies, if anywhere.

    `kind` is "text", "image" or "audio"; `type` is the media type in the service's spelling.
    """

    name: str
    kind: str
    type: str
    size: int
    open: files.Opener
    path: str | None = None


class Known(Struct, frozen=True):
    """A content that is stored.  `former` are ids that it had before and that are gone."""

    id: str
    name: str
    kind: str
    type: str
    size: int
    digest: str
    owner: str
    path: str | None = None
    at: float = 0.0
    former: tuple[str, ...] = ()


class _Uploads(Struct, frozen=True):
    version: int = 0
    files: dict[str, Known] = {}

    @property
    def known(self) -> dict[str, Known]:
        return self.files if self.version == _VERSION else {}


async def upload_once(giga: GigaChat, source: Upload, *, check: bool = False, progress: files.Progress) -> str:
    """The id of a content that the account has stored, after an upload if it has not.

    With `check` the service is asked whether it still has it.  Raises as `upload` does.
    """
    uploads = await Uploads.of(giga)
    digest = await asyncio.to_thread(_digest, source)
    key = _key(uploads.owner, digest, source.type)
    known = uploads.by_key(key)
    if known is None or (check and not await giga.has_file(known.id)):
        async with _one_at_a_time(key):
            known = await _uploaded(giga, uploads, source, digest, gone=known.id if known else None, progress=progress)
    return known.id


async def uploaded_again(
    giga: GigaChat, file_id: str, *, progress: files.Progress = lambda done, size: None
) -> str | None:
    """Another id for a file that is gone on the server; None when its content is not to be had any more."""
    uploads = await Uploads.of(giga)
    known = uploads.by_id(file_id)
    if known is None:
        return None
    if known.id != file_id and await giga.has_file(known.id):
        return known.id
    path = Path(known.path) if known.path else None
    source = Upload(known.name, known.kind, known.type, known.size, lambda: _opened(path or Path()), known.path)
    try:
        unchanged = path is not None and path.stat().st_size == known.size
        if not unchanged or await asyncio.to_thread(_digest, source) != known.digest:
            return None
    except (OSError, UsageError):
        return None
    async with _one_at_a_time(_key(uploads.owner, known.digest, known.type)):
        return (await _uploaded(giga, uploads, source, known.digest, gone=known.id, progress=progress)).id


class Uploads:
    """What one account has stored, as far as this machine knows; `owner` names the account and the address."""

    def __init__(self, path: Path, owner: str, notify: Callable[[Notice], None]) -> None:
        self.owner = owner
        self._path = path
        self._notify = notify
        self._file = KeptFile(path, _Uploads, lock="uploads.lock")

    @classmethod
    async def of(cls, giga: GigaChat) -> Uploads:
        """Raises as a login does."""
        owner = _hash(await giga.account(), giga.settings.base_url)
        return cls(paths.uploads_file(), owner, giga.notify)

    def by_key(self, key: str) -> Known | None:
        return self._file.read().known.get(key)

    def by_id(self, file_id: str) -> Known | None:
        """The content that has or had an id."""
        ours = [known for known in self._file.read().known.values() if known.owner == self.owner]
        return next((known for known in ours if file_id in (known.id, *known.former)), None)

    async def put(self, known: Known) -> None:
        await self._change(lambda kept: kept.__setitem__(_key(known.owner, known.digest, known.type), known))

    async def forget(self, file_id: str) -> None:
        def change(kept: dict[str, Known]) -> None:
            for key in [key for key, known in kept.items() if known.id == file_id and known.owner == self.owner]:
                del kept[key]

        if self.by_id(file_id) is not None:
            await self._change(change)

    async def _change(self, change: Callable[[dict[str, Known]], None]) -> None:
        def changed(found: _Uploads) -> _Uploads:
            kept = found.known
            change(kept)
            return _Uploads(_VERSION, dict(sorted(kept.items(), key=lambda each: each[1].at)[-_MOST_KEPT:]))

        try:
            await self._file.change(changed)
        except LockTimeout:
            pass  # somebody holds on to it: the next upload is one too many, no more
        except OSError as problem:
            text = f"What was uploaded could not be kept in {self._path}: {problem.strerror}."
            self._notify(Notice("warning", text, cause=str(self._path.parent)))


async def _uploaded(
    giga: GigaChat, uploads: Uploads, source: Upload, digest: str, *, gone: str | None, progress: files.Progress
) -> Known:
    """Under the lock: what another process has stored meanwhile, else an upload; never the id that is `gone`."""
    known = uploads.by_key(_key(uploads.owner, digest, source.type))
    if known is not None and known.id != gone:
        return known
    stored = await giga.upload(source.name, source.open, size=source.size, type=source.type, progress=progress)
    former = (known.id, *known.former)[:_MOST_FORMER] if known is not None else ()
    fresh = Known(
        id=stored.id,
        name=source.name,
        kind=source.kind,
        type=source.type,
        size=source.size,
        digest=digest,
        owner=uploads.owner,
        path=source.path,
        at=time.time(),
        former=former,
    )
    await uploads.put(fresh)
    return fresh


@asynccontextmanager
async def _one_at_a_time(key: str) -> AsyncIterator[None]:
    # Of so many locks that their files do not pile up; two contents that share one only wait for each other.
    lock_file = paths.locks_dir() / f"upload-{key[:2]}.lock"
    async with AsyncExitStack() as stack:
        with suppress(LockTimeout, OSError):  # one upload too many is better than no answer
            await stack.enter_async_context(hold_one([lock_file], patience=_UPLOAD_PATIENCE))
        yield


def _opened(path: Path) -> IO[bytes]:
    return os.fdopen(paths.open_file(path), "rb")


def _digest(source: Upload) -> str:
    found = hashlib.sha256()
    try:
        with source.open() as file:
            while piece := file.read(_PIECE_BYTES):
                found.update(piece)
    except OSError as problem:
        raise UsageError(f"{source.name} could not be read: {problem.strerror}.") from None
    return found.hexdigest()


def _key(owner: str, digest: str, type: str) -> str:
    return _hash(owner, digest, type)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
