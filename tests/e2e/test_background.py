"""Light and dark: the terminal is asked once, bounded, and its answer is never taken for keys nor keys for it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from gigachat_cli.render.background import background
from gigachat_cli.simulator import Simulator

from ..terminal import Terminal

QUESTION = b"\x1b]11;?\x1b\\\x1b[c"
ASKED = {"COLORFGBG": None}
DARK, LIGHT = b"\x1b[1;96m", b"\x1b[1;34m"  # a heading in each


@pytest.fixture(autouse=True)
def heading(simulator: Simulator) -> None:
    simulator.answer = ["# Title\n"]


@pytest.mark.parametrize(
    ("answer", "colour"),
    [
        (b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62;22c", LIGHT),
        (b"\x1b]11;rgb:ff/fa/e0\x07\x1b[?1;2c", LIGHT),
        (b"\x1b]11;rgb:ffff/ffff/ffff\x07\x1b[?1;2c", LIGHT),  # Terminal.app ends by a bell, and is a VT100
        (b"\x1b]11;rgb:0000/0000/0000\x1b\\\x1b[?64;1;2;4;6;17;18;21;22c", DARK),  # iTerm2 is a VT420 with sixels
        (b"\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\\x1b[?62c", DARK),
        (b"\x1b]11;rgba:0000/0000/0000/ffff\x1b\\\x1b[?62c", DARK),
        (b"\x1b[?62c", DARK),
    ],
)
def test_the_colours_follow_what_the_terminal_answers(
    at_terminal: Callable[..., Terminal], answer: bytes, colour: bytes
) -> None:
    screen = at_terminal("ask", "hi", environment=ASKED)
    screen.wait_for_bytes(QUESTION)
    screen.type(answer.decode("latin-1"))
    assert screen.ended() == 0
    assert colour in screen.raw
    assert screen.raw.count(QUESTION) == 1
    assert "rgb" not in screen.text.replace("\x1b]11;?", "")


def test_a_terminal_that_does_not_answer_costs_a_moment(at_terminal: Callable[..., Terminal]) -> None:
    began = time.monotonic()
    screen = at_terminal("ask", "hi", environment=ASKED)
    assert screen.ended() == 0
    assert DARK in screen.raw
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_is_asked_where_the_setting_tells(at_terminal: Callable[..., Terminal], theme: str) -> None:
    screen = at_terminal("ask", "hi", environment={**ASKED, "GIGACHAT_THEME": theme})
    assert screen.ended() == 0
    assert QUESTION not in screen.raw
    assert (LIGHT if theme == "light" else DARK) in screen.raw


def test_nothing_is_asked_without_colours_or_markdown(at_terminal: Callable[..., Terminal]) -> None:
    for words, changes in (
        (("--raw",), {}),
        ((), {"NO_COLOR": "1"}),
        ((), {"TERM": "dumb"}),
        (("--json",), {}),
    ):  # nor where nobody looks
        screen = at_terminal("ask", "hi", *words, environment={**ASKED, **changes})
        assert screen.ended() == 0
        assert QUESTION not in screen.raw


def test_the_chat_asks_once_and_keeps_what_is_typed(at_terminal: Callable[..., Terminal]) -> None:
    screen = at_terminal("chat", environment=ASKED)
    screen.wait_for_bytes("›".encode())
    screen.type("hi\r")
    screen.wait_for_bytes(QUESTION)
    screen.type("\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62c")
    screen.wait_for_bytes(b"Title")
    time.sleep(0.3)
    before = len(screen.raw)
    screen.type("again\r")
    screen.wait_for_bytes(b"Title", after=before)
    time.sleep(0.3)
    screen.type("/quit\r")
    assert screen.ended() == 0
    assert LIGHT in screen.raw
    assert screen.raw.count(QUESTION) == 1


def test_the_environment_may_tell() -> None:
    assert background({"COLORFGBG": "0;15"}) == "light"
    assert background({"COLORFGBG": "0;default;15"}) == "light"
    assert background({"COLORFGBG": "15;0"}) == "dark"
    assert background({"TERM": "dumb"}) == "dark"
