"""Files that a request names: the kinds and sizes that the service takes, and who may use which."""

from __future__ import annotations

from collections.abc import Sequence

from .replies import Refusal
from .state import State
from .stored_files import StoredFile

_MEGABYTE = 1024 * 1024
_DOCUMENTS = frozenset(
    {
        "text/plain",
        "application/msword",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/pdf",
        "application/epub",
        "application/ppt",
        "application/pptx",
        "application/vnd.ms-excel",
    }
)
_IMAGES = frozenset({"image/jpeg", "image/png", "image/tiff", "image/bmp"})
_RECORDINGS = frozenset(
    {
        "audio/mp4",
        "audio/mp3",
        "audio/x-m4a",
        "audio/x-wav",
        "audio/wave",
        "audio/wav",
        "audio/x-pn-wav",
        "audio/webm",
        "audio/x-ogg",
        "audio/opus",
    }
)
_LARGEST = ((_DOCUMENTS, 40 * _MEGABYTE), (_IMAGES, 15 * _MEGABYTE), (_RECORDINGS, 35 * _MEGABYTE))
_IMAGES_IN_A_MESSAGE = 1
_IMAGES_IN_A_REQUEST = 10
_LARGEST_REQUEST = 80 * _MEGABYTE
_TOKENS_OF_AN_IMAGE = 1_000
_BYTES_PER_TOKEN = 4


def check_upload(content: bytes, mime: str) -> None:
    """Refuse what the service does not take: an unknown kind, an empty file, one above its kind's limit.

    The limits are documented, the status and the words of these refusals are not.
    """
    largest = next((limit for kinds, limit in _LARGEST if mime in kinds), None)
    if largest is None:
        raise Refusal(422, f"Invalid params: file type {mime or 'unknown'} is not supported")
    if not content:
        raise Refusal(422, "Invalid params: file is empty")
    if len(content) > largest:
        raise Refusal(413)


def reach(state: State, key: str, client_id: str | None, file_id: str) -> StoredFile:
    """Return a file of an account for whoever made it. Raises Refusal (403 for another X-Client-ID, 404)."""
    stored = state.files.find(key, file_id)
    if stored is None:
        raise Refusal(404, "File not found")
    if stored.client_id != client_id:
        raise Refusal(403, f"Access to file '{file_id}' is denied")
    return stored


def check_attachments(
    state: State, key: str, client_id: str | None, attached: Sequence[Sequence[str]], *, takes_images: bool
) -> tuple[list[StoredFile], int]:
    """Return the files of the last message and the tokens of all. ``attached`` has the ids of each message.

    Raises Refusal (403, 404, 413, 422). The words of those about images are not documented.
    """
    files_by_message = [[reach(state, key, client_id, file_id) for file_id in ids] for ids in attached]
    every = [stored for files in files_by_message for stored in files]
    images = [sum(stored.kind == "image" for stored in files) for files in files_by_message]
    if sum(images) and not takes_images:
        raise Refusal(422, "Requested model does not support images")
    if max(images, default=0) > _IMAGES_IN_A_MESSAGE:
        raise Refusal(422, "Invalid params: only one image per message is supported")
    if sum(images) > _IMAGES_IN_A_REQUEST:
        raise Refusal(422, "Invalid params: only ten images per request are supported")
    if sum(len(stored.content) for stored in every if stored.kind != "document") >= _LARGEST_REQUEST:
        raise Refusal(413)
    tokens = sum(_tokens(stored) for stored in every)
    if state.context_tokens is not None and tokens > state.context_tokens:
        raise Refusal(422, "Invalid params: attached files are longer than the context")
    return files_by_message[-1] if files_by_message else [], tokens


def _tokens(stored: StoredFile) -> int:
    return len(stored.content) // _BYTES_PER_TOKEN if stored.kind == "document" else _TOKENS_OF_AN_IMAGE
