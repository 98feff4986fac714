from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from gigachat_cli import credentials, paths
from gigachat_cli.errors import ConfigError, GigaChatError, MissingKeyError
from gigachat_cli.keys import parse_key
from gigachat_cli.settings import load_settings
from gigachat_cli.simulator import Simulator

from .conftest import Program, posix

KEY = b64encode(b"0199e20f-058c-70c0-9850-6400dd41a853:3727db23-91a3-44fa-a6b7-9f0a311d3e9e").decode()


@pytest.fixture
def kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A keyring that works; its passwords are in this file, and how often it was asked beside it."""
    path = home / "keyring.json"
    use_keyring(monkeypatch, "FileKeyring")
    monkeypatch.setenv("TEST_KEYRING", str(path))
    return path


def use_keyring(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    import keyring.core

    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", f"tests.keyrings.{name}")
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)


def asked(kept: Path) -> list[str]:
    log = kept.with_name(f"{kept.name}.log")
    return log.read_text().split() if log.exists() else []


def key_of(**settings: Any) -> str:
    import asyncio

    found = credentials.find(load_settings(settings, environment={}))
    assert found is not None
    return asyncio.run(found.key()).basic


def place_of(**settings: Any) -> str | None:
    found = credentials.find(load_settings(settings, environment={}))
    return found.place if found else None


def printing(text: str) -> str:
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(f'print({text!r}, end=str())')}"


def test_the_sources_come_in_their_order(kept: Path) -> None:
    assert place_of() is None
    paths.write_private(paths.credentials_file(), KEY.encode())
    assert place_of() == "file"
    credentials.store(parse_key(KEY))
    assert place_of() == "keyring"
    assert place_of(credentials_command="false") == "command"
    assert place_of(credentials_command="false", credentials=KEY) == "environment"
    assert place_of(credentials_command="false", credentials="") == "command"


def test_a_given_access_token_comes_before_all_of_them(simulator: Simulator, gigachat: Program, home: Path) -> None:
    environment = {
        "GIGACHAT_ACCESS_TOKEN": simulator.access_token(),
        "GIGACHAT_CREDENTIALS": "of-somebody-else",
        "GIGACHAT_CREDENTIALS_COMMAND": f"touch {home}/ran",
    }
    assert gigachat("ask", "hi", environment=environment).code == 0
    assert simulator.oauth_calls == 0
    assert not (home / "ran").exists()


@posix
@pytest.mark.parametrize(
    "printed", [KEY, f"{KEY}\n", f"{KEY}\r\nuser: me\n", f'"{KEY}"\n', f"Basic {KEY}\n", f"{KEY}\nsecond line\n\n"]
)
def test_the_first_line_that_a_command_prints_is_the_key(printed: str) -> None:
    assert key_of(credentials_command=printing(printed)) == KEY


@posix
@pytest.mark.parametrize(
    ("command", "kind", "words"),
    [
        ("exit 3", ConfigError, "exit code 3"),
        (f"echo {KEY}; exit 1", ConfigError, "exit code 1"),
        ("no-such-program-anywhere 2>/dev/null", ConfigError, "exit code 127"),
        ("true", MissingKeyError, "empty"),
        ("echo", MissingKeyError, "empty"),
        (f"echo; echo {KEY}", MissingKeyError, "empty"),
        (r"printf '\377\376'", ConfigError, "no text"),
        ("kill -9 $$", ConfigError, "exit code"),
    ],
)
def test_a_command_that_gives_no_key_is_told(command: str, kind: type[GigaChatError], words: str) -> None:
    with pytest.raises(kind) as caught:
        key_of(credentials_command=command)
    assert "credentials_command" in caught.value.message
    assert words in caught.value.message
    assert KEY not in caught.value.message
    assert caught.value.hint


@posix
def test_a_command_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_COMMAND_SECONDS", 0.3)
    began = time.monotonic()
    with pytest.raises(ConfigError, match="did not end"):
        key_of(credentials_command="sleep 30; echo")
    assert time.monotonic() - began < 20


@posix
def test_a_command_may_ask_a_person_on_its_stderr(simulator: Simulator, gigachat: Program) -> None:
    simulator.answer = "Hello."
    command = f"echo 'PIN?' >&2; echo {simulator.credentials}"
    environment = {"GIGACHAT_CREDENTIALS": None, "GIGACHAT_CREDENTIALS_COMMAND": command}
    result = gigachat("ask", "hi", environment=environment)
    assert (result.out, result.err, result.code) == ("Hello.\n", "PIN?\n", 0)


@posix
def test_a_command_that_waits_does_not_hold_up_the_end(simulator: Simulator, gigachat: Program, home: Path) -> None:
    environment = {"GIGACHAT_CREDENTIALS": None, "GIGACHAT_CREDENTIALS_COMMAND": f"touch {home}/ran; exec sleep 30"}
    process = gigachat.start("ask", "hi", environment=environment, start_new_session=True)
    while not (home / "ran").exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    try:
        assert process.wait(15) == 143
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_a_key_is_kept_in_a_keyring_that_works(kept: Path) -> None:
    paths.write_private(paths.credentials_file(), b"an older key")
    stored = credentials.store(parse_key(KEY))
    assert (stored.place, stored.where) == ("keyring", "the keyring")
    assert list(json.loads(kept.read_text()).values()) == [KEY]
    assert not paths.credentials_file().exists()
    assert KEY not in paths.login_file().read_text()
    assert os.name == "nt" or paths.login_file().stat().st_mode & 0o777 == 0o600
    assert key_of() == KEY


@pytest.mark.parametrize("name", ["LockedKeyring", "ForgetfulKeyring", "PlainKeyring", "NoSuchKeyring"])
def test_a_keyring_that_does_not_keep_a_key_is_no_place_for_it(
    kept: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    use_keyring(monkeypatch, name)
    stored = credentials.store(parse_key(KEY))
    assert (stored.place, stored.where) == ("file", str(paths.credentials_file()))
    assert paths.credentials_file().read_text() == f"{KEY}\n"
    assert os.name == "nt" or paths.credentials_file().stat().st_mode & 0o777 == 0o600
    assert key_of() == KEY


def test_a_machine_without_the_keyring_library_keeps_the_key_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert credentials.store(parse_key(KEY)).place == "file"
    assert key_of() == KEY


def test_a_keyring_that_hangs_is_waited_for_three_seconds(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert credentials._KEYRING_SECONDS == 3.0
    monkeypatch.setattr(credentials, "_KEYRING_SECONDS", 0.3)
    use_keyring(monkeypatch, "HangingKeyring")
    assert credentials.store(parse_key(KEY)).place == "file"
    assert key_of() == KEY


def test_a_keyring_that_hangs_does_not_hold_up_the_end_of_a_program(kept: Path) -> None:
    script = (
        "import sys; from gigachat_cli import credentials; from gigachat_cli.keys import parse_key\n"
        "credentials._KEYRING_SECONDS = 0.2\n"
        "print(credentials.store(parse_key(sys.argv[1])).place)"
    )
    environment = Program.environment({"PYTHON_KEYRING_BACKEND": "tests.keyrings.HangingKeyring"})
    done = subprocess.run(
        [sys.executable, "-c", script, KEY], capture_output=True, text=True, env=environment, timeout=30
    )
    assert (done.stdout, done.returncode) == ("file\n", 0)


def test_a_login_falls_back_to_the_file_when_the_keyring_hangs(
    simulator: Simulator, gigachat: Program, home: Path
) -> None:
    environment = {
        "PYTHON_KEYRING_BACKEND": "tests.keyrings.HangingKeyring",
        "TEST_KEYRING": str(home / "keyring.json"),
        "GIGACHAT_CREDENTIALS": None,
    }
    result = gigachat("auth", "login", stdin=simulator.credentials, environment=environment)
    assert result.code == 0, result.err
    assert str(paths.credentials_file()) in result.out + result.err
    assert paths.credentials_file().read_text().strip() == simulator.credentials
    assert gigachat("ask", "hi", environment=environment).code == 0


@pytest.mark.parametrize("name", ["LockedKeyring", "HangingKeyring"])
def test_a_keyring_that_gives_nothing_back_is_told(kept: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    credentials.store(parse_key(KEY))
    monkeypatch.setattr(credentials, "_KEYRING_SECONDS", 0.3)
    use_keyring(monkeypatch, name)
    with pytest.raises(MissingKeyError, match="keyring") as caught:
        key_of()
    assert caught.value.hint
    with pytest.raises(ConfigError, match="keyring"):
        credentials.forget()


def test_the_keyring_is_left_alone_while_a_token_is_cached(simulator: Simulator, gigachat: Program, kept: Path) -> None:
    simulator.answer = "Hello."
    environment = {"GIGACHAT_CREDENTIALS": None}
    assert gigachat("auth", "login", stdin=simulator.credentials, environment=environment).code == 0
    logins, before = simulator.oauth_calls, asked(kept)
    for _ in range(2):
        result = gigachat("ask", "hi", environment=environment)
        assert (result.out, result.err, result.code) == ("Hello.\n", "", 0)
    assert asked(kept) == before
    assert simulator.oauth_calls == logins
    paths.token_file().unlink()
    assert gigachat("ask", "hi", environment=environment).code == 0
    assert asked(kept) == [*before, "get"]


def test_a_forgotten_key_is_gone_from_every_place(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert credentials.forget() == []
    credentials.store(parse_key(KEY))
    assert credentials.forget() == ["the keyring"]
    assert json.loads(kept.read_text()) == {}
    assert place_of() is None
    use_keyring(monkeypatch, "PlainKeyring")
    credentials.store(parse_key(KEY))
    assert credentials.forget() == [str(paths.credentials_file())]
    assert not paths.credentials_file().exists()
    assert not paths.login_file().exists()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"7", b"\xff", b"[" * 100_000, b'{"place": 7, "fingerprint": []}']
)
def test_a_broken_note_of_the_login_is_none(content: bytes) -> None:
    paths.write_private(paths.login_file(), content)
    paths.write_private(paths.credentials_file(), KEY.encode())
    assert place_of() == "file"


def test_a_file_of_the_key_that_is_no_use_is_told() -> None:
    paths.write_private(paths.credentials_file(), b"\xff\xfe")
    with pytest.raises(ConfigError, match="holds no key"):
        place_of()
    paths.write_private(paths.credentials_file(), b"\n")
    with pytest.raises(MissingKeyError, match="empty"):
        place_of()
    paths.credentials_file().unlink()
    paths.credentials_file().mkdir()
    with pytest.raises(ConfigError, match="could not be read"):
        place_of()


def test_a_folder_that_cannot_be_written_is_told_when_a_key_is_to_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    paths.config_dir().parent.mkdir(parents=True, exist_ok=True)
    paths.config_dir().write_text("")
    with pytest.raises(ConfigError, match="could not be written") as caught:
        credentials.store(parse_key(KEY))
    assert KEY not in f"{caught.value} {caught.value.hint}"


def test_no_secret_is_in_a_repr(kept: Path) -> None:
    stored = credentials.store(parse_key(KEY))
    assert KEY[:10] not in repr(stored)
