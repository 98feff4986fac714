"""A file that looks like a secret: asked about at a terminal, refused in a script unless attached."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gigachat_cli.simulator import Simulator

from ..conftest import Program
from ..terminal import Terminal

SECRET = "API_TOKEN=5f3c0a1e\n"


@pytest.fixture
def folder(home: Path) -> Path:
    (home / ".env").write_text(SECRET)
    (home / "notes.md").symlink_to(home / ".env")
    (home / "deploy.txt").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n")
    (home / "plain.md").write_text("# Plain\n")
    return home


def left(simulator: Simulator) -> str:
    """All that the service was sent."""
    return "".join(str(each.body) for each in simulator.calls("chat")) + "".join(
        str(each.content) for each in simulator.files.all(simulator.credentials)
    )


ASKED = [
    (("ask", "hi", "-a", ".env"), ".env (19 bytes, text/plain) looks like a secret"),
    (("ask", "hi", "-a", "notes.md"), "looks like a secret"),
    (("ask", "hi", "-a", "deploy.txt"), "it holds a private key"),
    (("ask", "hi", "-q", "-a", ".env"), "looks like a secret"),
    (("ask", "hi", "-s", "@.env"), ".env looks like a secret"),
    (("ask", "hi", "-s", "@deploy.txt"), "it holds a private key"),
    (("files", "upload", "deploy.txt"), "it holds a private key"),
    (("files", "upload", "plain.md", ".env"), "looks like a secret"),
    (("tokens", "--file", ".env"), ".env looks like a secret"),
    (("embed", "--file", "deploy.txt"), "it holds a private key"),
    (("check", "--file", "notes.md"), "looks like a secret"),
    (("batch", ".env", "--format", "text"), ".env looks like a secret"),
]


@pytest.mark.parametrize(("words", "question"), ASKED, ids=[" ".join(words) for words, _ in ASKED])
def test_at_a_terminal_a_secret_is_asked_about(
    words: tuple[str, ...],
    question: str,
    simulator: Simulator,
    folder: Path,
    at_terminal: Callable[..., Terminal],
) -> None:
    running = at_terminal(*words)
    running.wait_for_bytes(b"[y/N] ")
    assert question in " ".join(running.text.split())  # wherever its lines are broken
    running.type("\n")
    assert running.ended() == 2
    assert "was not agreed to; nothing was sent." in running.text
    assert left(simulator) == ""


def test_a_secret_goes_after_a_yes_alone(
    simulator: Simulator, folder: Path, at_terminal: Callable[..., Terminal]
) -> None:
    early = at_terminal("ask", "hi", "-a", ".env")
    early.type("y\n")  # before the question is seen
    early.wait_for_bytes(b"[y/N] ")
    early.type("\n")
    assert early.ended() == 2
    for typed, code in (("yy\n", 2), ("y\n", 0)):
        running = at_terminal("ask", "hi", "-a", ".env")
        running.wait_for_bytes(b"[y/N] ")
        running.type(typed)
        assert running.ended() == code
        assert ("API_TOKEN" in left(simulator)) is (code == 0)


def test_a_script_sends_what_it_attaches(gigachat: Program, simulator: Simulator, folder: Path) -> None:
    result = gigachat("ask", "hi", "-a", ".env")
    assert (result.code, result.err) == (0, "gigachat: Sending .env (19 bytes, text/plain).\n")
    assert "API_TOKEN" in left(simulator)


REFUSED = [
    ("files", "upload", "deploy.txt"),
    ("files", "upload", "plain.md", "notes.md"),
    ("ask", "hi", "-s", "@.env"),
    ("ask", "hi", "--system", "@~/deploy.txt"),
    ("ask", "hi", "--schema", "./.docker/config.json"),
    ("batch", ".env", "--format", "text"),
    ("batch", "deploy.txt", "--format", "text", "--remote"),
    ("batch", "plain.md", "--format", "text", "--system", "@.env"),
    ("batch", "plain.md", "--format", "text", "--template", "@notes.md"),
    ("batch", "plain.md", "--format", "text", "--schema", ".docker/config.json"),
    ("tokens", "--file", ".env"),
    ("tokens", "--file", "plain.md", "--file", "notes.md"),
    ("embed", "--file", "deploy.txt"),
    ("check", "--file", ".env"),
    ("check", "--profanity", "--file", ".env"),
]


@pytest.mark.parametrize("words", REFUSED, ids=[" ".join(words) for words in REFUSED])
def test_a_script_sends_no_other_secret(
    words: tuple[str, ...], gigachat: Program, simulator: Simulator, folder: Path
) -> None:
    (folder / ".docker").mkdir()
    (folder / ".docker" / "config.json").write_text('{"type": "object", "properties": {"auths": {"type": "string"}}}')
    result = gigachat(*words)
    assert (result.code, result.out) == (2, "")
    assert "looks like a secret" in result.err
    assert "nothing was sent" in result.err
    assert "If it is to go, " in result.err
    assert [each.path for each in simulator.requests if "oauth" not in each.path] == []


@pytest.mark.parametrize("words", [("tokens",), ("files", "upload", "-"), ("batch", "-", "--format", "text")])
def test_what_is_piped_in_goes(words: tuple[str, ...], gigachat: Program, simulator: Simulator, folder: Path) -> None:
    assert gigachat(*words, stdin=SECRET).code == 0


def test_what_goes_is_told_before_it_goes_and_not_where_nothing_goes(
    gigachat: Program, simulator: Simulator, folder: Path
) -> None:
    assert gigachat("ask", "hi", "-a", "plain.md", "--dry-run").err == ""
    simulator.faults.add("reset", at="oauth", times=None)
    result = gigachat("ask", "hi", "-a", "plain.md", "--max-retries", "0", "--json")
    told, problem = result.err.splitlines()
    assert told == "gigachat: Sending plain.md (8 bytes, text/plain)."
    assert json.loads(problem)["error"]["code"] == "connection"
    assert left(simulator) == ""


def test_an_odd_name_is_told_with_escapes(gigachat: Program, simulator: Simulator, home: Path) -> None:
    (home / "a\x1b[31m\u202eb.md").write_text("x")
    result = gigachat("ask", "hi", "-a", "a\x1b[31m\u202eb.md")
    assert result.err == "gigachat: Sending a\\x1b[31m\\u202eb.md (1 byte, text/plain).\n"
