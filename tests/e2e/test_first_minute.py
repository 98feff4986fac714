"""Nobody is left in front of nothing: what a person sees who has just installed the program."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gigachat_cli.simulator import Simulator

from ..conftest import Program
from ..terminal import Terminal

KEYLESS = {"GIGACHAT_CREDENTIALS": None}


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


def test_the_name_alone_says_how_to_begin(at_terminal: Callable[..., Terminal]) -> None:
    screen = at_terminal()
    assert screen.ended() == 0
    lines = screen.filled_lines
    assert len(lines) <= 24
    assert max(map(len, lines)) < 80  # a line of 80 was broken by the terminal
    for command in ("auth login", "ask 'Why is the sky blue?'", "chat", "simulator -- gigachat chat", "--help"):
        assert f"gigachat {command}" in screen.text


def test_the_name_alone_in_a_pipe_is_a_bad_command_line(gigachat: Program) -> None:
    result = gigachat()
    assert (result.code, result.out) == (2, "")
    assert "Usage" in result.err


@pytest.mark.parametrize("words", [("ask", "hi"), ("image", "A cat"), ("ask", "--editor")])
def test_without_a_key_a_person_is_told_at_once_and_may_log_in(
    simulator: Simulator, at_terminal: Callable[..., Terminal], words: tuple[str, ...]
) -> None:
    screen = at_terminal(*words, environment=KEYLESS)
    screen.wait_for_bytes(b"Log in now? [Y/n] ")
    told = " ".join(screen.text.split())
    for part in ("developers.sber.ru", "gigachat auth login", "gigachat simulator"):
        assert part in told
    screen.type("n\r")
    assert screen.ended() == 3
    assert simulator.requests == []


def test_after_the_login_the_question_is_asked(simulator: Simulator, at_terminal: Callable[..., Terminal]) -> None:
    screen = at_terminal("ask", "hi", environment=KEYLESS)
    screen.wait_for_bytes(b"Log in now? [Y/n] ")
    screen.type("\r")
    screen.wait_for_bytes(b"client id: ")
    time.sleep(0.1)
    screen.type(f"{simulator.credentials}\r")
    screen.wait_for_bytes(b"Enter takes 1: ")
    screen.type("\r")
    assert screen.ended() == 0
    assert "Hello" in screen.text or simulator.requests[-1].path.endswith("/chat/completions")


def test_in_a_script_nobody_is_asked_and_nothing_is_recorded(gigachat: Program, simulator: Simulator) -> None:
    result = gigachat("ask", "hi", environment=KEYLESS)
    assert (result.code, result.out) == (3, "")
    assert "developers.sber.ru" in result.err
    assert "[Y/n]" not in result.err
    assert gigachat("history", "list", "--json").out in ("", "[]\n")


def test_who_does_not_want_to_log_in_can_look_around_in_the_chat(
    simulator: Simulator, at_terminal: Callable[..., Terminal]
) -> None:
    screen = at_terminal("chat", environment=KEYLESS)
    screen.wait_for_bytes(b"Log in now? [Y/n] ")
    screen.type("n\r")
    screen.wait_for_bytes("›".encode())
    screen.type("/quit\r")
    assert screen.ended() == 0


def test_ctrl_c_at_the_offer_ends_at_once(
    simulator: Simulator, at_terminal: Callable[..., Terminal], home: Path
) -> None:
    screen = at_terminal("chat", environment=KEYLESS)
    screen.wait_for_bytes(b"Log in now? [Y/n] ")
    screen.type("\x03")
    assert screen.ended() == 130
