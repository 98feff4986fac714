"""`auth login|status|logout`: a key is stored only when the service takes it, privately, and is never shown."""

from __future__ import annotations

import base64
import json
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gigachat_cli.simulator import Simulator, key_for

from ..conftest import Program
from ..terminal import Terminal
from .conftest import Rules

WRONG = base64.b64encode(b"11111111-2222-4333-8444-555555555555:66666666-7777-4888-8999-000000000000").decode()


@pytest.fixture(autouse=True)
def no_key(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a new machine: the service is there, a key is not, nor is a keyring."""
    monkeypatch.delenv("GIGACHAT_CREDENTIALS")
    monkeypatch.delenv("GIGACHAT_SCOPE", raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


@pytest.fixture
def stored(home: Path) -> Path:
    return home / "config" / "credentials"


def pair(simulator: Simulator) -> tuple[str, str]:
    client_id, _, secret = base64.b64decode(simulator.credentials).decode().partition(":")
    return client_id, secret


CHOICE = b"Enter takes 1: "


@pytest.mark.parametrize(
    "form",
    [
        "{key}",
        "{key}\n",
        ' "{key}" \r\n',
        "Authorization: Basic {key}",
        "'Bearer {key}'",
        "{half}\n  {rest}\n",
        "{id}:{secret}\n",
        "{id}\n{secret}\n",
        "\ufeff{key}",
    ],
)
def test_a_piped_key_is_cleaned_proved_and_kept_privately(
    gigachat: Program, simulator: Simulator, rules: Rules, stored: Path, form: str
) -> None:
    key = simulator.credentials
    client_id, secret = pair(simulator)
    pasted = form.format(key=key, half=key[:50], rest=key[50:], id=client_id, secret=secret)
    result = gigachat("auth", "login", stdin=pasted)
    assert (result.err, result.code) == ("", 0)
    assert result.out == (
        f"The service accepts the key for GIGACHAT_API_PERS. It is kept in {stored}.\n"
        "The model GigaChat-3-Lightning answers, chosen from the account's list.\n"
    )
    assert stored.read_text().strip() == key
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600
    assert stat.S_IMODE(stored.parent.stat().st_mode) == 0o700
    rules.hold(result)


def test_a_stored_key_answers_and_is_forgotten(
    gigachat: Program, simulator: Simulator, rules: Rules, stored: Path, home: Path
) -> None:
    assert gigachat("ask", "hi").code == 3
    assert gigachat("auth", "login", stdin=simulator.credentials).code == 0
    assert gigachat("ask", "hi").code == 0
    assert simulator.oauth_calls == 1  # the token that proved the key serves the question

    status = gigachat("auth", "status")
    facts = dict(line.split("\t") for line in status.out.splitlines())
    assert (facts["source"], facts["scope"]) == (str(stored), "GIGACHAT_API_PERS")
    assert set(facts) == {"source", "scope", "key", "token_ends"}
    told = json.loads(gigachat("auth", "status", "--json").out)
    assert told == facts
    rules.no_secret(status.out)

    logout = gigachat("auth", "logout")
    assert (logout.err, logout.code) == ("", 0)
    assert str(stored) in logout.out
    assert not stored.exists()
    assert not (home / "config" / "token.json").exists()
    assert gigachat("auth", "logout").out == "There was no stored key.\n"
    assert gigachat("ask", "hi").code == 3


@pytest.mark.parametrize(
    ("pasted", "code", "told"),
    [
        (WRONG, 3, "refused the authorization key"),
        ("not a key", 3, "not Base64"),
        ("x" * 1300, 3, "looks like an access token"),
        ("", 2, "No key came from stdin."),
        (" \n", 2, "No key came from stdin."),
    ],
)
def test_a_wrong_key_is_not_stored(gigachat: Program, stored: Path, pasted: str, code: int, told: str) -> None:
    result = gigachat("auth", "login", stdin=pasted)
    assert (result.out, result.code) == ("", code)
    assert told in result.err
    assert not stored.exists()
    if pasted.strip():
        assert pasted not in result.err


def test_a_wrong_key_does_not_replace_a_stored_one(gigachat: Program, simulator: Simulator, stored: Path) -> None:
    assert gigachat("auth", "login", stdin=simulator.credentials).code == 0
    assert gigachat("auth", "login", stdin=WRONG).code == 3
    assert stored.read_text().strip() == simulator.credentials


def test_another_scope_is_named_in_a_pipe(gigachat: Program, stored: Path) -> None:
    result = gigachat("auth", "login", stdin=key_for("GIGACHAT_API_CORP"))
    assert (result.out, result.code) == ("", 3)
    for scope in ("GIGACHAT_API_PERS", "GIGACHAT_API_B2B", "GIGACHAT_API_CORP"):
        assert scope in result.err
    assert not stored.exists()


def test_a_scope_may_be_given(gigachat: Program, stored: Path) -> None:
    result = gigachat("auth", "login", "--scope", "CORP", stdin=key_for("GIGACHAT_API_CORP"))
    assert result.code == 0
    assert stored.exists()


def test_a_set_key_that_goes_before_the_stored_one_is_told(gigachat: Program, simulator: Simulator) -> None:
    environment = {"GIGACHAT_CREDENTIALS": WRONG}
    result = gigachat("auth", "login", stdin=simulator.credentials, environment=environment)
    assert (result.err, result.code) == ("gigachat: GIGACHAT_CREDENTIALS is set and goes before the stored key.\n", 0)
    assert "is still set" in gigachat("auth", "logout", environment=environment).err


def test_a_typed_key_is_not_echoed(
    simulator: Simulator, at_terminal: Callable[..., Terminal], stored: Path, rules: Rules
) -> None:
    screen = at_terminal("auth", "login", "--no-test", columns=200)
    screen.wait_for_bytes(b"Authorization key (hidden), or client id: ")
    screen.type(f"{simulator.credentials}\r")
    screen.wait_for_bytes(CHOICE)
    screen.type("\r")
    assert screen.ended() == 0
    rules.no_secret(screen.text)
    assert screen.filled_lines[1].startswith("The service accepts the key for GIGACHAT_API_PERS.")
    assert stored.read_text().strip() == simulator.credentials


def test_a_client_id_is_asked_for_its_secret(
    simulator: Simulator, at_terminal: Callable[..., Terminal], stored: Path
) -> None:
    client_id, secret = pair(simulator)
    screen = at_terminal("auth", "login", "--no-test", columns=200)
    screen.wait_for_bytes(b"or client id: ")
    screen.type(f"{client_id}\r")
    screen.wait_for_bytes(b"Client secret (hidden): ")
    screen.type(f"{secret}\r")
    screen.wait_for_bytes(CHOICE)
    screen.type("\r")
    assert screen.ended() == 0
    assert client_id not in screen.text
    assert secret not in screen.text
    assert stored.read_text().strip() == simulator.credentials


@pytest.mark.parametrize(("key", "code"), [("\r", 2), ("\x04", 2), ("\x03", 130)])
def test_leaving_the_question_stores_nothing(
    at_terminal: Callable[..., Terminal], stored: Path, key: str, code: int
) -> None:
    screen = at_terminal("auth", "login", columns=200)
    screen.wait_for_bytes(b"or client id: ")
    screen.type(key)
    assert screen.ended() == code
    assert "Traceback" not in screen.text
    assert not stored.exists()


def test_the_other_scopes_are_offered_at_a_terminal_and_nothing_else_is_changed(
    gigachat: Program, simulator: Simulator, at_terminal: Callable[..., Terminal], stored: Path, home: Path
) -> None:
    config = home / "config" / "config.toml"
    config.parent.mkdir(mode=0o700, exist_ok=True)
    config.write_text("# mine\nmodel = 'GigaChat-2'  # this one\n")
    screen = at_terminal("auth", "login", "--no-test", columns=200)
    screen.wait_for_bytes(b"or client id: ")
    screen.type(f"{key_for('GIGACHAT_API_CORP')}\r")
    screen.wait_for_bytes(b"Try GIGACHAT_API_B2B and GIGACHAT_API_CORP? [Y/n] ")
    screen.type("\r")
    screen.wait_for_bytes(CHOICE)
    screen.type("\r")
    assert screen.ended() == 0
    assert config.read_text() == "# mine\nmodel = 'GigaChat-2'  # this one\nscope = \"GIGACHAT_API_CORP\"\n"
    assert stored.exists()
    assert gigachat("ask", "hi").code == 0
    assert [call.text for call in simulator.calls("oauth")][:3] == [
        f"scope=GIGACHAT_API_{name}" for name in ("PERS", "B2B", "CORP")
    ]


def test_other_scopes_that_are_declined_leave_everything_as_it_was(
    simulator: Simulator, at_terminal: Callable[..., Terminal], stored: Path, home: Path
) -> None:
    screen = at_terminal("auth", "login", columns=200)
    screen.wait_for_bytes(b"or client id: ")
    screen.type(f"{key_for('GIGACHAT_API_CORP')}\r")
    screen.wait_for_bytes(b"[Y/n] ")
    screen.type("n\r")
    assert screen.ended() == 3
    assert simulator.oauth_calls == 1
    assert not stored.exists()
    assert not (home / "config" / "config.toml").exists()


def test_status_without_a_key_is_3(gigachat: Program) -> None:
    result = gigachat("auth", "status", "--json")
    assert (result.out, result.code) == ("", 3)
    assert json.loads(result.err)["error"]["code"] == "no_key"


KEYRING = """
import json, os, time
from keyring.backend import KeyringBackend

class Keyring(KeyringBackend):
    priority = 5
    path = os.environ["KEYRING_FILE"]

    def _all(self):
        if os.environ.get("KEYRING_HANGS"):
            time.sleep(60)
        return json.load(open(self.path)) if os.path.exists(self.path) else {}

    def get_password(self, service, username):
        return self._all().get(f"{service} {username}")

    def set_password(self, service, username, password):
        kept = self._all()
        kept[f"{service} {username}"] = password
        json.dump(kept, open(self.path, "w"))

    def delete_password(self, service, username):
        self._all()
        os.unlink(self.path)
"""


def test_a_keyring_that_answers_is_preferred_to_the_file(
    gigachat: Program, simulator: Simulator, stored: Path, home: Path
) -> None:
    (home / "made_up_keyring.py").write_text(KEYRING)
    environment = {
        "PYTHON_KEYRING_BACKEND": "made_up_keyring.Keyring",
        "KEYRING_FILE": str(home / "keyring.json"),
        "PYTHONPATH": f"{gigachat.environment()['PYTHONPATH']}{os.pathsep}{home}",
    }
    result = gigachat("auth", "login", stdin=simulator.credentials, environment=environment)
    assert "It is kept in the keyring.\n" in result.out
    assert not stored.exists()
    assert simulator.credentials in (home / "keyring.json").read_text()
    assert gigachat("ask", "hi", environment=environment).code == 0
    assert "the keyring" in gigachat("auth", "logout", environment=environment).out
    assert not (home / "keyring.json").exists()
    # One that hangs is given up after 3 s, and the file is the place.
    result = gigachat("auth", "login", stdin=simulator.credentials, environment={**environment, "KEYRING_HANGS": "1"})
    assert result.code == 0
    assert stored.exists()


@pytest.mark.parametrize("marks", [("\x1b[200~", "\x1b[201~"), ("[200~", "[201~"), ("\x1b[200~ ", "")])
def test_the_marks_of_a_bracketed_paste_are_no_part_of_the_key(
    gigachat: Program, simulator: Simulator, at_terminal: Callable[..., Terminal], marks: tuple[str, str]
) -> None:
    before, after = marks
    piped = gigachat("auth", "login", stdin=f"{before}{simulator.credentials}{after}\n")
    assert (piped.code, piped.err) == (0, "")
    screen = at_terminal("auth", "login", "--no-test")
    screen.wait_for_bytes(b"client id: ")
    screen.type(f"{before}{simulator.credentials}{after}\r")
    screen.wait_for_bytes(b"Enter takes 1: ")
    screen.type(f"{before}2{after}\r")
    assert screen.ended() == 0
    assert "There is no model" not in screen.text
    assert gigachat("ask", "hi").code == 0


def test_ctrl_c_at_the_choice_of_a_model_ends_at_once_and_says_what_is_kept(
    simulator: Simulator, at_terminal: Callable[..., Terminal], stored: Path
) -> None:
    screen = at_terminal("auth", "login")
    screen.wait_for_bytes(b"client id: ")
    screen.type(f"{simulator.credentials}\r")
    screen.wait_for_bytes(b"Enter takes 1: ")
    began = time.monotonic()
    screen.type("\x03")
    assert screen.ended() == 130
    assert time.monotonic() - began < 0.5
    assert "gigachat: The key is kept all the same." in screen.text
    assert stored.exists()


def test_a_key_that_is_pasted_as_a_model_is_not_repeated(
    simulator: Simulator, at_terminal: Callable[..., Terminal]
) -> None:
    screen = at_terminal("auth", "login", "--no-test")
    screen.wait_for_bytes(b"client id: ")
    screen.type(f"{simulator.credentials}\r")
    screen.wait_for_bytes(b"Enter takes 1: ")
    time.sleep(0.1)
    screen.type("GigaChat-2-Mxa\r")
    screen.wait_for_bytes(b"Did you mean GigaChat-2-Max?")
    before = len(screen.raw)
    screen.type(f"{WRONG}\r")
    screen.wait_for_bytes(b"or a name.", after=before)
    told = screen.raw[before:].partition(b"There is no model")[2]
    assert WRONG[:20].encode() not in told
    screen.type("\r")
    assert screen.ended() == 0
