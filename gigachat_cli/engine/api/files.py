"""Files that the service keeps: `{base}/files` and what is below it (documented; recorded nowhere)."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager
from typing import IO, TYPE_CHECKING
from urllib.parse import quote

from msgspec import Struct

from ...errors import (
    AccessDeniedError,
    ConnectionFailedError,
    PromptTooLongError,
    ServiceError,
    UnknownFileError,
    UsageError,
)
from ...text import one_line
from ..outside import FileId, FileName, Whole, Word, typed_file_id, understood
from ..wire import MOST_DOWNLOADED, Request, Sink

if TYPE_CHECKING:
    from ..client import GigaChat

PATH = "/files"
AS_IT_IS: Mapping[str, str] = {"Accept": "*/*", "Accept-Encoding": "identity"}
"""Headers of a download: bytes that are packed on the way have no length of their own to be checked by."""

_PIECE_BYTES = 1 << 18
_PURPOSE = "general"
_DENIED_HINT = "A file can be used only under the X-Client-ID that it was made under; attach or make it anew."
_UNKNOWN_HINT = "'gigachat files list' shows those of the account."

Opener = Callable[[], AbstractContextManager[IO[bytes]]]
"""Gives a content from its beginning, each time that it is called."""


class Content:
    """A sink that keeps a whole download in memory."""

    def __init__(self) -> None:
        self.received = bytearray()

    def begin(self, size: int | None) -> None:
        self.received.clear()

    def add(self, piece: bytes) -> None:
        self.received += piece


Progress = Callable[[int, int | None], None]
"""Told how many bytes went or came so far, and of how many; None where that is not known."""


class StoredFile(Struct, frozen=True):
    """A file as the service tells of it.  `bytes` and `created_at` (Unix seconds) are None where it does not say."""

    id: FileId
    filename: FileName = FileName()
    bytes: Whole | None = None
    created_at: Whole | None = None
    purpose: Word = Word()


class _Files(Struct, frozen=True):
    data: list[StoredFile]


class _Deletion(Struct, frozen=True):
    deleted: bool = False


class UploadForm(Struct, frozen=True):
    """A file as the multipart form that the service wants, read while it is sent.

    `open` gives the content from its beginning, `content_size` bytes of it; `type` is a media type in the service's
    own spelling.
    """

    filename: str
    type: str
    content_size: int
    open: Opener
    boundary: str
    progress: Progress

    @property
    def size(self) -> int:
        return len(self._head) + self.content_size + len(self._tail)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Raises UsageError when the file cannot be read, or was changed meanwhile."""
        yield self._head
        sent = 0
        try:
            with self.open() as file:
                while piece := file.read(_PIECE_BYTES):
                    sent += len(piece)
                    if sent > self.content_size:
                        break
                    yield piece
                    self.progress(sent, self.content_size)
        except OSError as problem:
            raise UsageError(f"{self.filename} could not be read: {problem.strerror}.") from None
        if sent != self.content_size:
            raise UsageError(f"{self.filename} was changed while it was sent.", hint="Try again.")
        yield self._tail

    @property
    def _head(self) -> bytes:
        name = self.filename
        for character, escape in (('"', "%22"), ("\r", "%0D"), ("\n", "%0A")):  # as browsers do
            name = name.replace(character, escape)
        return (
            f"--{self.boundary}\r\n"
            'Content-Disposition: form-data; name="purpose"\r\n\r\n'
            f"{_PURPOSE}\r\n"
            f"--{self.boundary}\r\n"
            f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: {self.type}\r\n\r\n"
        ).encode("utf-8", "replace")

    @property
    def _tail(self) -> bytes:
        return f"\r\n--{self.boundary}--\r\n".encode()


async def upload(
    giga: GigaChat,
    filename: str,
    open: Opener,
    *,
    size: int,
    type: str,
    progress: Progress = lambda done, size: None,
) -> StoredFile:
    """Store a file: `size` bytes from what `open()` gives, of the media type `type`.

    Raises UsageError when it cannot be read, ServiceError with its children when the service does not take it, and as
    `fetch` does.
    """
    form = UploadForm(filename, type, size, open, secrets.token_hex(16), progress)
    headers = {"Content-Type": f"multipart/form-data; boundary={form.boundary}"}
    request = _request(giga, "POST", PATH, f"the upload of {one_line(filename, 80)}", headers, form)
    try:
        stored = understood((await giga.fetch(request)).body, StoredFile)
    except PromptTooLongError as problem:
        raise _too_large(filename, problem) from None
    if stored is None or not stored.id:
        raise ServiceError(f"The service took {filename} but named no id for it.")
    return stored


async def files(giga: GigaChat) -> list[StoredFile]:
    """The files of the account, in the service's order.  Raises as `fetch` does."""
    found = understood((await giga.fetch(_request(giga, "GET", PATH, "the list of files"))).body, _Files)
    if found is None:
        raise ServiceError("The service answered with something that is not a list of files.")
    return [stored for stored in found.data if stored.id]


async def file(giga: GigaChat, file_id: str) -> StoredFile:
    """What the service tells of a file.  Raises UnknownFileError when there is none of that id, and as `fetch` does."""
    request = _request(giga, "GET", _place(file_id), "the file")
    with _OfFile(file_id):
        stored = understood((await giga.fetch(request)).body, StoredFile)
    if stored is None or not stored.id:
        raise ServiceError("The service answered with something that is not a file.")
    return stored


async def has_file(giga: GigaChat, file_id: str) -> bool:
    """Whether the service still has a file.  Raises as `fetch` does."""
    try:
        await file(giga, file_id)
    except UnknownFileError:
        return False
    return True


async def download(giga: GigaChat, file_id: str, *, most: int | None = MOST_DOWNLOADED) -> bytes:
    """A file's content, of at most so many bytes; None is no limit.  Raises UnknownFileError, and as `receive` does."""
    content = Content()
    await download_to(giga, file_id, content, most=most)
    return bytes(content.received)


async def download_to(giga: GigaChat, file_id: str, sink: Sink, *, most: int | None = MOST_DOWNLOADED) -> None:
    """Give a file's content to `sink`, piece by piece.  Raises as `download` does, and what `sink` raises."""
    request = _request(giga, "GET", f"{_place(file_id)}/content", "the download", AS_IT_IS)
    with _OfFile(file_id):
        await giga.receive(request, sink, most=most)


async def delete_file(giga: GigaChat, file_id: str) -> bool:
    """Delete a file for good; whether the service says that it did.  Raises UnknownFileError, and as `fetch` does.

    When nobody knows what came of the request, the service is asked whether the file is still there.
    """
    request = _request(giga, "POST", f"{_place(file_id)}/delete", "the deletion")
    with _OfFile(file_id):
        try:
            found = understood((await giga.fetch(request)).body, _Deletion)
        except ConnectionFailedError as problem:
            if not problem.maybe_done or await has_file(giga, file_id):
                raise
            return True
    return found is not None and found.deleted


def _request(
    giga: GigaChat,
    method: str,
    path: str,
    purpose: str,
    headers: Mapping[str, str] | None = None,
    form: UploadForm | None = None,
) -> Request:
    plain = giga.request(method, path, purpose)
    return Request(method, plain.url, purpose, {**plain.headers, **(headers or {})}, streamed=form)


def _place(file_id: str) -> str:
    # Quoted or not, `..` and `%2f` would lead a server, or a proxy before it, to another place than a file.
    return f"{PATH}/{quote(typed_file_id(file_id), safe='')}"


class _OfFile:
    """Says of which file a refusal is."""

    def __init__(self, file_id: str) -> None:
        self._file_id = one_line(file_id, 80)

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, problem: BaseException | None, trace: object) -> None:
        if isinstance(problem, AccessDeniedError):
            problem.hint = _DENIED_HINT
        elif isinstance(problem, ServiceError) and problem.status == 404:
            raise UnknownFileError(
                f"The service has no file {self._file_id} (HTTP 404).",
                hint=_UNKNOWN_HINT,
                status=404,
                request_id=problem.request_id,
            ) from None


def _too_large(filename: str, problem: PromptTooLongError) -> ServiceError:
    return ServiceError(
        f"The service says that {one_line(filename, 80)} is too large (HTTP {problem.status}).",
        hint="Make it smaller.",
        status=problem.status,
        request_id=problem.request_id,
    )
