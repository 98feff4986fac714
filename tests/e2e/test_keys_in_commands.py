"""A key or a token that stands on a command line is repeated by no problem, whatever the command and the form."""

from __future__ import annotations

from base64 import b64decode, b64encode
from pathlib import Path

import pytest

from gigachat_cli.simulator import Simulator

from ..conftest import Program

SECRET = "5f3c0a1e-77b1-4d0e-9f55-0c9d8e7f6a5b"
PAIR = f"019abcde-1111-2222-3333-444444444444:{SECRET}"
KEY = b64encode(PAIR.encode()).decode()
TOKEN = "eyJjdHkiOiJqd3QiLCJlbmMiOiJBMjU2Q0JDLUhTNTEyIn0." + "k9Xa-Zq7_b" * 30 + ".AxY"
CASES = [
    "auth login {}",
    "auth login {} {}",
    "auth login --key {}",
    "auth login --key={}",
    "auth login --{}",
    "auth login -k {}",
    "auth {}",
    "{}",
    "--{}",
    "--key={}",
    "ask hi --credentials {}",
    "ask hi --{}",
    "ask hi --output {}",
    "ask hi -t {}",
    "ask hi -o {}",
    "ask hi -o x=[{}",
    "ask hi --scope {}",
    "ask hi --base-url {}",
    "ask hi -s @{}",
    "ask hi -a {}",
    "ask hi --functions {}",
    "ask hi --reasoning {}",
    "ask hi --max-retries {}",
    "ask hi --debug --output {}",
    "ask hi --json --zzz={}",
    "config set credentials {}",
    "config set {} x",
    "config set timeout {}",
    "config get {}",
    "config unset {}",
    "models {}",
    "batch {}",
    "history show {}",
    "history export --format {}",
    "completion {}",
]


@pytest.mark.parametrize("case", CASES)
def test_no_problem_repeats_a_key(case: str, gigachat: Program) -> None:
    for key in (KEY, PAIR, TOKEN):
        result = gigachat(*case.replace("{}", key).split())
        assert result.code == 2
        for part in (key[:24], key[-24:], SECRET, SECRET[-20:]):
            assert part not in result.out + result.err
        assert result.err.startswith(("gigachat: ", "Traceback", '{"error"'))


@pytest.mark.parametrize(
    "words", [("login", "abc"), ("login", KEY), ("login", KEY[:50]), ("login", "my key"), ("login", SECRET)]
)
def test_login_says_where_a_key_is_given(words: tuple[str, ...], gigachat: Program) -> None:
    result = gigachat("auth", *words)
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "gigachat: A key or a token is no part of the command line, where others see it.\n"
        "  Run 'gigachat auth login' and paste it at the prompt, or pipe it in.\n"
    )


@pytest.mark.parametrize("command", ["", "auth", "config get", "config set", "config unset"])
def test_a_client_secret_alone_is_not_repeated_either(command: str, gigachat: Program) -> None:
    result = gigachat(*command.split(), SECRET, *(["x"] if command == "config set" else []))
    assert result.code == 2
    assert "0c9d8e7f6a5b" not in result.err


def test_a_key_in_a_wrong_place_of_settings_is_not_repeated(gigachat: Program, home: Path) -> None:
    (home / "config").mkdir()
    for content in (f"{KEY.rstrip('=')} = 1", f'timeout = "{KEY}"', f'"{PAIR}" = 1'):
        (home / "config" / "config.toml").write_text(content)
        result = gigachat("models", environment={"GIGACHAT_CONFIG_DIR": str(home / "config")})
        assert result.code == 2
        assert KEY[:24] not in result.err
        assert SECRET not in result.err
    assert KEY[:24] not in gigachat("models", environment={"GIGACHAT_TIMEOUT": KEY}).err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("auth", "login", "--timeout"), "Option '--timeout' requires an argument."),
        (("auth", "login", "--tmeout", "5"), "There is no option --tmeout."),
        (("ask", "--modle", "x", TOKEN), "There is no option --modle.\n  Did you mean --model?"),
        (
            ("files", "upload", "a-name-of-more-than-sixty-letters-in-which-there-is-no-key-at-all.txt"),
            "a-name-of-more",
        ),
        (("files", "upload", "/a/folder/with/a/long/path/Of/Letters1/And/More/Of/Them/2026/file"), "/a/folder/with"),
    ],
)
def test_what_is_no_key_is_named(words: tuple[str, ...], message: str, gigachat: Program) -> None:
    assert f"gigachat: {message}" in gigachat(*words).err


ODD = {
    "escape": "a\x1b[31mb\x1b]0;t\x07",
    "bidi": "a\u202eb",
    "C1": "a\u009b2Jb",
    "lines": "a\r\nb",
    "long": "x" * 5000,
    "bytes": "a\udcffb",
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    "case",
    [
        "{}",
        "--{}",
        "auth {}",
        "models {}",
        "models --{}",
        "completion {}",
        "ask hi --max-retries {}",
        "ask hi --output {}",
        "ask hi -t {}",
        "ask hi -o {}",
        "ask hi -s @{}",
        "ask hi -a {}",
        "ask hi --schema {}",
        "ask hi --functions {}",
        "ask hi -O {}/x",
        "ask hi --approve {}",
        "config set {} x",
        "config get {}",
        "history show {}",
        "files upload {}",
        "batch {}",
        "image x -O {}/y",
    ],
)
def test_what_a_problem_repeats_is_filtered(case: str, odd: str, gigachat: Program) -> None:
    result = gigachat(*(each.replace("{}", ODD[odd]) for each in case.split()))
    assert result.code in (2, 3)
    assert len(result.err.splitlines()) <= 2
    assert len(result.err) < 2400
    for character in "\x1b\x07\u202e\u009b\r":
        assert character not in result.err
    lines = result.err.splitlines()
    assert lines[0].startswith("gigachat: ")


@pytest.mark.parametrize("case", ["simulator {}", "simulator -- {}", "simulator -- {}/x"])
def test_a_command_that_is_not_there_is_told_without_a_key(case: str, gigachat: Program) -> None:
    for key in (KEY, PAIR, TOKEN):
        result = gigachat(*case.replace("{}", key).split())
        assert result.code in (126, 127)
        assert key[:24] not in result.err
        assert SECRET not in result.err


@pytest.mark.parametrize("form", ["{key}", "my key is {key}, is it fine?", "key={key}", "{id}:{secret}"])
def test_a_key_in_a_question_goes_nowhere(form: str, gigachat: Program, simulator: Simulator, home: Path) -> None:
    key = simulator.credentials
    client_id, _, secret = b64decode(key).decode().partition(":")
    text = form.format(key=key, id=client_id, secret=secret)
    runs = [
        gigachat("ask", text),
        gigachat("ask", "what is this?", stdin=text),
        gigachat("image", text),
        gigachat("tokens", text),
        gigachat("embed", text),
        gigachat("check", "--profanity", text),
    ]
    for result in runs:
        assert result.code == 2, result
        assert key[:24] not in result.err + result.out
        assert secret not in result.err + result.out
    sent = b"".join(request.body for request in simulator.requests if not request.path.endswith("/oauth"))
    assert secret.encode() not in sent
    assert key.encode() not in sent
    kept = b"".join(path.read_bytes() for path in (home / "data").rglob("*") if path.is_file())
    assert secret.encode() not in kept
    assert key.encode() not in kept
