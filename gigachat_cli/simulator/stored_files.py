"""The files of every account: uploads, generated pictures and models, results of batches; all in memory."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file. ``client_id`` is the X-Client-ID it was made under; ``created_at`` is Unix time in seconds."""

    id: str
    content: bytes
    mime: str
    filename: str
    purpose: str
    created_at: int
    client_id: str | None

    @property
    def kind(self) -> str:
        """What the bytes are: ``image``, ``audio``, ``model`` or ``document``."""
        family = self.mime.partition("/")[0]
        return family if family in {"image", "audio", "model"} else "document"


class FileStore:
    """Files by account key and id; safe to use from any thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._files: dict[str, dict[str, StoredFile]] = {}

    def add(
        self,
        key: str,
        content: bytes,
        *,
        mime: str,
        filename: str,
        client_id: str | None = None,
        purpose: str = "general",
    ) -> StoredFile:
        """Keep a new file of an account."""
        file_id = str(uuid.uuid4())
        stored = StoredFile(file_id, content, mime, filename, purpose, int(self._clock()), client_id)
        with self._lock:
            self._files.setdefault(key, {})[file_id] = stored
        return stored

    def find(self, key: str, file_id: str) -> StoredFile | None:
        """Return a file of an account, or None."""
        with self._lock:
            return self._files.get(key, {}).get(file_id)

    def all(self, key: str) -> list[StoredFile]:
        """Return an account's files, oldest first."""
        with self._lock:
            return list(self._files.get(key, {}).values())

    def remove(self, key: str, file_id: str) -> None:
        """Forget a file; one that is not there does no harm."""
        with self._lock:
            self._files.get(key, {}).pop(file_id, None)

    def forget(self) -> None:
        """Forget the files of every account, as if their time on the server were over."""
        with self._lock:
            self._files.clear()
