"""`config show|get|set|unset|path`: every setting with its origin; a bad one is named with the nearest good one."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from gigachat_cli.simulator import Simulator

from ..conftest import Program


@pytest.fixture
def file(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIGACHAT_CONFIG_DIR", str(home / "config"))
    return home / "config" / "config.toml"


def shown(gigachat: Program, **environment: str) -> dict[str, tuple[str, str]]:
    result = gigachat("config", "show", "--json", environment=environment)
    assert (result.err, result.code) == ("", 0)
    return {row["setting"]: (row["value"], row["origin"]) for row in json.loads(result.out)}


def test_a_flag_goes_before_the_environment_that_before_the_file_that_before_the_default(
    gigachat: Program, simulator: Simulator, file: Path
) -> None:
    assert shown(gigachat)["model"] == ("", "the account's list")
    assert gigachat("ask", "hi").code == 0
    assert shown(gigachat)["model"] == ("GigaChat-3-Lightning", "the account's list")
    assert gigachat("config", "set", "model", "GigaChat-2").code == 0
    assert shown(gigachat)["model"] == ("GigaChat-2", str(file))
    assert shown(gigachat, GIGACHAT_MODEL="GigaChat-3-Pro")["model"] == ("GigaChat-3-Pro", "GIGACHAT_MODEL")
    assert shown(gigachat, GIGACHAT_MODEL="  ")["model"] == ("GigaChat-2", str(file))  # a blank one is unset
    gigachat("ask", "hi", "-m", "GigaChat-2-Max", environment={"GIGACHAT_MODEL": "GigaChat-3-Pro"})
    assert simulator.calls("chat")[-1].json["model"] == "GigaChat-2-Max"


def test_show_never_shows_a_secret(gigachat: Program, file: Path) -> None:
    secrets = {
        "GIGACHAT_CREDENTIALS": "a-secret-key",
        "GIGACHAT_ACCESS_TOKEN": "a-secret-token",
        "GIGACHAT_PASSWORD": "a-secret-password",
        "GIGACHAT_KEY_FILE_PASSWORD": "a-secret-phrase",
        "GIGACHAT_PROXY": "http://me:a-secret-word@proxy.example:3128",
    }
    for words in (["show"], ["show", "--json"], ["get", "credentials"], ["get", "proxy"]):
        result = gigachat("config", *words, environment=secrets)
        assert ("a-secret" in result.out + result.err, result.code) == (False, 0)


def test_set_keeps_comments_other_settings_and_privacy(gigachat: Program, file: Path) -> None:
    file.parent.mkdir(mode=0o700)
    file.write_text("# mine\nmodel = 'GigaChat-2'  # this one\n\ntimeout = 5\n")
    for words in (["set", "timeout", "7.5"], ["set", "temperature", "0.5"], ["set", "scope", "b2b"]):
        result = gigachat("config", *words)
        assert (result.out, result.err, result.code) == ("", "", 0)
    assert file.read_text() == (
        "# mine\nmodel = 'GigaChat-2'  # this one\n\ntimeout = 7.5\ntemperature = 0.5\nscope = \"GIGACHAT_API_B2B\"\n"
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert gigachat("config", "get", "timeout").out == "7.5\n"
    assert gigachat("config", "unset", "timeout").code == 0
    assert gigachat("config", "get", "timeout").out == "60\n"
    assert gigachat("config", "get", "top_p").out == ""
    assert gigachat("config", "path").out == f"{file}\n"


@pytest.mark.parametrize(
    ("words", "told", "hint"),
    [
        (["set", "modle", "x"], "modle is not a setting.", "Did you mean model?"),
        (["get", "tempurature"], "tempurature is not a setting.", "Did you mean temperature?"),
        (["unset", "zzz"], "zzz is not a setting.", "'gigachat config show' lists the settings."),
        (["set", "timeout", "soon"], "must be a number above 0, not 'soon'.", "timeout: "),
        (["set", "verify_ssl_certs", "maybe"], "must be true or false, not 'maybe'.", "verify_ssl_certs: "),
        (["set", "credentials", "a-secret"], "is a secret and does not belong there.", "gigachat auth login"),
    ],
)
def test_a_bad_change_is_refused_and_changes_nothing(
    gigachat: Program, file: Path, words: list[str], told: str, hint: str
) -> None:
    result = gigachat("config", *words)
    assert (result.out, result.code) == ("", 2)
    message, next_step = result.err.splitlines()
    assert told in message
    assert hint in next_step
    assert "a-secret" not in result.err
    assert not file.exists()


@pytest.mark.parametrize(
    ("content", "told", "hint"),
    [
        (b"modle = 'x'\n", "config.toml: modle is not a setting.", "Did you mean model?"),
        (b"timeout = 'soon'\n", "config.toml: timeout must be a number above 0, not 'soon'.", ""),
        (b"# first\ntimeout = \n", "config.toml is not valid TOML: Invalid value (line 2).", "Mend line 2"),
        (b"model = 'x'\nwrap = [1,\n", "config.toml is not valid TOML: Invalid value (line 2).", "Mend line 2"),
        (b"log = true\nlog = false\n", "Cannot overwrite a value (line 2).", "Mend line 2"),
        (b"model = '\xff'\n", "config.toml is not valid TOML: it is not UTF-8 (line 1).", "Mend line 1"),
        (b"access_token = 'a-secret'\n", "config.toml: access_token is a secret", "gigachat auth login"),
    ],
)
def test_a_bad_file_is_a_config_error_that_names_it(
    gigachat: Program, file: Path, content: bytes, told: str, hint: str
) -> None:
    file.parent.mkdir(mode=0o700)
    file.write_bytes(content)
    result = gigachat("ask", "hi", "--json")
    problem = json.loads(result.err)["error"]
    assert (result.code, problem["code"]) == (2, "config")
    assert str(file.parent) in problem["message"]
    assert told in problem["message"]
    assert hint in problem["hint"]
    assert "a-secret" not in result.err
    # Help, version and the file's own path need no settings.
    assert gigachat("config", "path").code == 0


@pytest.mark.parametrize("value", ["maybe", "2", "falsch"])
def test_a_doubtful_wish_to_turn_verification_off_is_refused(
    gigachat: Program, simulator: Simulator, value: str
) -> None:
    result = gigachat("ask", "hi", environment={"GIGACHAT_VERIFY_SSL_CERTS": value})
    assert result.code == 2
    assert result.err.startswith(f"gigachat: GIGACHAT_VERIFY_SSL_CERTS must be true or false, not '{value}'.")
    assert simulator.requests == []


def test_nothing_of_the_working_folder_is_read(gigachat: Program, simulator: Simulator, home: Path) -> None:
    (home / ".env").write_text("GIGACHAT_MODEL=from-env-file\n")
    (home / "config.toml").write_text("model = 'from-the-folder'\n")
    assert gigachat("ask", "hi", environment={"GIGACHAT_SOMETHING_NEW": "1"}).code == 0
    assert simulator.calls("chat")[0].json["model"] == "GigaChat-3-Lightning"
