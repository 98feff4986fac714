"""Files that look like secrets: by where they lie, by their names, by what they hold, also behind a link."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from gigachat_cli import masking, paths
from gigachat_cli.conversation.attachments import read_attachments
from gigachat_cli.conversation.secret_files import is_yes, why_secret

from ..conftest import posix

SECRET = [
    "~/.ssh/id_rsa",
    "~/.ssh/config",
    "~/.SSH/x",
    "~/.gnupg/private-keys-v1.d/0A.key",
    "~/.aws/credentials",
    "~/.kube/config",
    "~/.docker/config.json",
    "~/.config/gcloud/credentials.db",
    "~/.local/share/keyrings/login.keyring",
    "~/.mozilla/firefox/x.default/cookies.sqlite",
    "~/.config/google-chrome/Default/Cookies",
    "~/Library/Keychains/login.keychain-db",
    "work/id_ed25519",
    "deploy.key",
    "Server.PFX",
    "a.kdbx",
    ".env",
    ".env.production",
    "prod.env",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    ".git-credentials",
    ".bash_history",
    ".python_history",
    "/etc/shadow",
]
PLAIN = [
    "notes.md",
    ".env.example",
    "environment.txt",
    "keys.md",
    "monkey.png",
    "ssh/x",
    "history.txt",
    "images/cat.jpg",
    "id_rsa.md",
    "cookies.png",
]
KEYS = [
    b"-----BEGIN PRIVATE KEY-----\nMIIE\n",
    b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n",
    b"-----BEGIN RSA PRIVATE KEY-----\n",
    b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
    b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n",
    b"PuTTY-User-Key-File-3: ssh-ed25519\n",
]


@pytest.mark.parametrize("path", SECRET)
def test_a_place_or_a_name_gives_a_secret_away(path: str) -> None:
    assert why_secret(path)


@pytest.mark.parametrize("path", PLAIN)
def test_other_files_are_no_secrets(path: str, home: Path) -> None:
    assert why_secret(path) == ""
    assert why_secret(str(home / path)) == ""


def test_what_this_program_keeps_is_a_secret_but_for_pictures(home: Path) -> None:
    for place in (paths.config_file(), paths.credentials_file(), paths.token_file(), paths.history_file()):
        assert "this program keeps" in why_secret(str(place))
    assert "history" in why_secret(str(paths.input_history_file()))
    assert why_secret(str(paths.images_dir() / "cat.jpg")) == ""


def test_where_settings_and_history_share_a_folder_it_says_both(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIGACHAT_CONFIG_DIR", "GIGACHAT_DATA_DIR"):
        monkeypatch.setenv(name, str(home / "Application Support" / "gigachat"))
    assert "its own settings, keys and history" in why_secret(str(paths.history_file()))
    assert why_secret(str(paths.images_dir() / "cat.jpg")) == ""


@posix
def test_a_link_hides_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / ".ssh").mkdir()
    (home / ".ssh" / "deploy").write_text("x")
    (home / "notes.md").symlink_to(home / ".ssh" / "deploy")
    (home / "folder").symlink_to(home / ".ssh")
    (home / "plain").write_text("x")
    (home / ".env").symlink_to(home / "plain")
    monkeypatch.chdir(home)
    for path in ("notes.md", "folder/deploy", ".env", "./folder/../.ssh/deploy", "~/notes.md"):
        assert why_secret(path), path
    os.chdir(home / ".ssh")
    assert why_secret("deploy")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("before", [0, 70_000, (1 << 18) - 10])
def test_a_private_key_is_found_in_a_text(key: bytes, before: int, tmp_path: Path) -> None:
    place = tmp_path / "values.yaml"
    place.write_bytes(b"a: b\n" * (before // 5) + key)
    assert why_secret(str(place), opener(place)) == "it holds a private key"
    (found,) = read_attachments([str(place)], lambda notice: None)
    assert found.secret == "it holds a private key"


def test_a_key_of_ours_in_a_text_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    masking._all_known.cache_clear()
    masking._from_outside.cache_clear()
    monkeypatch.setattr(masking, "_known", {"my-access-token"})
    place = tmp_path / "script.sh"
    place.write_text("curl -H 'Authorization: Bearer my-access-token'\n")
    assert why_secret(str(place), opener(place)) == "it holds a key or a password of yours"
    place.write_text("-----BEGIN CERTIFICATE-----\n-----BEGIN PUBLIC KEY-----\n")
    assert why_secret(str(place), opener(place)) == ""


def test_only_a_plain_yes_is_one() -> None:
    assert all(map(is_yes, ("y", " Yes\n", "да", "Д")))
    assert not any(map(is_yes, ("", "n", "no", "yy", "yes please", "нет", "\n")))


def opener(place: Path) -> Callable[[], IO[bytes]]:
    return lambda: place.open("rb")
