"""Files that look like secrets: keys, passwords, cookies, and what this program itself keeps of a person.

A person is asked before one leaves.  Nothing here is proof: what it finds is worth a question, no more.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from .. import paths
from ..masking import masked
from ..text import visible

if TYPE_CHECKING:
    from ..engine.api.files import Opener

_FOLDERS = {
    ".ssh": "it lies in .ssh",
    ".gnupg": "it lies in .gnupg",
    ".aws": "it lies in .aws",
    ".azure": "it lies in .azure",
    ".kube": "it lies in .kube",
    ".docker": "it lies in .docker",
    "gcloud": "it lies in gcloud",
    ".password-store": "it lies in .password-store",
    "keyrings": "it lies in a keyring",
    "keychains": "it lies in a keychain",
    ".mozilla": "it lies in a browser's profile",
    "firefox": "it lies in a browser's profile",
    "google-chrome": "it lies in a browser's profile",
    "chromium": "it lies in a browser's profile",
    "yandex-browser": "it lies in a browser's profile",
}
_NAMES = {
    "it is named like a private key": (
        "id_rsa|id_dsa|id_ecdsa|id_ecdsa_sk|id_ed25519|id_ed25519_sk|identity|*.key|*.ppk|*_rsa|*_ed25519"
    ),
    "it is named like a key store": "*.p8|*.p12|*.pfx|*.jks|*.keystore|*.kdb|*.kdbx|*.keychain|*.keychain-db",
    "it is named like a file of passwords": (
        ".netrc|_netrc|.npmrc|.yarnrc.yml|.pypirc|.pgpass|pgpass.conf|.my.cnf|.git-credentials|.htpasswd|shadow|gshadow"
        "|master.passwd|.dockercfg|.vault-token|credentials|credentials.*|*.credentials|*_credentials.json|service-account*.json|.pgpass.*|wp-config.php"
        "|.vault_pass*|secrets.y*ml|secrets.json|secrets.toml|settings-security.xml"
        "|logins.json|key3.db|key4.db"
    ),
    "it is named like an environment file": ".env|.env.*|.env~|*.env|*.env.*|.envrc|.envrc.*",
    "it is named like a file of cookies": "cookies|cookies.sqlite|cookies.txt|login data|web data",
    "it is the history of a shell": ".*_history|.*_history.*|consolehost_history.txt|.lesshst|.viminfo",
}
"""Forms of names, between bars, by what they say."""

_EXAMPLES = (".env.example", ".env.sample", ".env.template", ".env.dist")
_PRIVATE_KEY = re.compile(
    rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-\d|AGE-SECRET-KEY-1", re.IGNORECASE
)
_LONGEST_MARK = 80
_MOST_SEARCHED = 4 * 1024 * 1024
_PIECE_BYTES = 1 << 18


def why_secret(path: str, open: Opener | None = None) -> str:
    """Why a file looks like a secret, by its path with and without links and by its content; empty when it does not.

    Raises OSError when the content cannot be read.
    """
    place = paths.expanded(path)
    found = next(filter(None, map(_by_path, _places(place))), "")
    return found or (_by_content(open) if open is not None else "")


def text_question(path: str, why: str) -> str:
    """What a person is asked before the text of such a file becomes a part of what is sent."""
    return f"{visible(path)} looks like a secret: {why}. Send it?"


def is_yes(typed: str) -> bool:
    """Whether an answer to it agrees; only a plain yes does."""
    return typed.strip().casefold() in ("y", "yes", "д", "да")


def _places(place: Path) -> Iterator[Path]:
    yield Path(os.path.abspath(place))
    yield Path(os.path.realpath(place))


def _by_path(place: Path) -> str:
    kept = {paths.config_dir(): "its own settings and keys"}
    # macOS and Windows have one folder for both.
    kept[paths.data_dir()] = "its own settings, keys and history" if paths.data_dir() in kept else "its own history"
    for ours, what in kept.items():
        if _lies_in(ours, place) and not _lies_in(paths.images_dir(), place):
            return f"this program keeps {what} there"
    folders = [each.casefold() for each in place.parts[:-1]]
    name = place.name.casefold()
    in_folder = next((why for folder, why in _FOLDERS.items() if folder in folders), "")
    if in_folder or name in _EXAMPLES:
        return in_folder
    return next((why for why, forms in _NAMES.items() if any(fnmatchcase(name, form) for form in forms.split("|"))), "")


def _lies_in(folder: Path, place: Path) -> bool:
    return any(Path(whole(folder)) in place.parents for whole in (os.path.abspath, os.path.realpath))


def _by_content(open: Opener) -> str:
    before = b""
    with open() as file:
        for _ in range(_MOST_SEARCHED // _PIECE_BYTES):
            piece = file.read(_PIECE_BYTES)
            if not piece:
                break
            if _PRIVATE_KEY.search(before + piece):
                return "it holds a private key"
            text = (before + piece).decode("utf-8", "replace")
            if "\0" not in text[:1024] and masked(text) != text:
                return "it holds a key or a password of yours"
            before = piece[-_LONGEST_MARK:]
    return ""
