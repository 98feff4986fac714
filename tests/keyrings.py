"""Keyrings for tests, chosen by PYTHON_KEYRING_BACKEND: one that works on a file, and ones that do not."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringError


class FileKeyring(KeyringBackend):
    """Keeps passwords in the file that TEST_KEYRING names, and counts in another how often it is asked."""

    priority: float = 5

    def get_password(self, service: str, username: str) -> str | None:
        self._asked("get")
        return self._read().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._asked("set")
        self._write({**self._read(), f"{service}/{username}": password})

    def delete_password(self, service: str, username: str) -> None:
        self._asked("delete")
        kept = self._read()
        del kept[f"{service}/{username}"]
        self._write(kept)

    def _asked(self, what: str) -> None:
        with Path(os.environ["TEST_KEYRING"] + ".log").open("a") as log:
            log.write(f"{what}\n")

    def _read(self) -> dict[str, str]:
        path = Path(os.environ["TEST_KEYRING"])
        kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        return kept

    def _write(self, kept: dict[str, str]) -> None:
        Path(os.environ["TEST_KEYRING"]).write_text(json.dumps(kept))


class HangingKeyring(FileKeyring):
    """Waits for a person who never comes."""

    def _asked(self, what: str) -> None:
        time.sleep(600)


class LockedKeyring(FileKeyring):
    """Refuses everything."""

    def _asked(self, what: str) -> None:
        raise KeyringError("locked")


class ForgetfulKeyring(FileKeyring):
    """Says yes and keeps nothing."""

    def _write(self, kept: dict[str, str]) -> None:
        pass


class PlainKeyring(FileKeyring):
    """Keeps plain text, and knows that it is no good place."""

    priority = 0.5
