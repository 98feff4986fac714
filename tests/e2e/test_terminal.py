"""At a terminal: nothing that the service sends does anything to it, a spinner until the answer, plain if asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gigachat_cli.simulator import Model, Simulator

from ..conftest import Program
from ..terminal import Terminal

ATTACKS = [
    "\x1b]52;c;aGFja2Vk\x07",  # the clipboard
    "\x1b]52;c;aGFja2Vk\x1b\\",
    "\x1b]0;title\x07",
    "\x1b]8;;https://evil.example\x1b\\",
    "\x1b[2J\x1b[H",
    "\x1b[10A\x1b[31m",
    "\x1b[?1049h",
    "\x1b[6n",  # an answer that would be typed into the shell
    "\x1bPq#0\x1b\\",
    "\x1b_Gapc\x1b\\",
    "\x1bc",
    "\x1b(0",
    "\x1b#8",
    "\x9b31m",
    "\x9d0;title\x9c",
    "\x90q\x9c",
    "\x85\x84\x8d",
    "\x08\x08\x08",
    "\r",
    "\x07",
    "\x0e",
    "\x00\x7f",
    "\u202e\u2066\u200f\u061c",
]
FORBIDDEN = [chr(number) for number in (*range(9), *range(11, 32), *range(127, 160)) if chr(number) not in "\r\x1b"]
FORBIDDEN += list("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

ATTACKED_TEXT = "".join(f"start{number} {attack}end{number}\n" for number, attack in enumerate(ATTACKS))


def untouched(screen: Terminal) -> None:
    """The terminal got the words, and no control of the service's."""
    text = screen.text
    for forbidden in FORBIDDEN:
        assert forbidden not in text, repr(forbidden)
    for trace in ("aGFja2Vk", "]0;", "]52", "1049", "[6n", "evil.example", "\x1bc", "\x1b(", "[2J", "[10A", "\x1b[31m"):
        assert trace not in text, trace


@pytest.mark.parametrize("words", [[], ["--raw"]], ids=["markdown", "raw"])
@pytest.mark.parametrize("size", [len(ATTACKED_TEXT), 7, 1])
def test_an_attack_leaves_the_terminal_untouched(
    simulator: Simulator, at_terminal: Callable[..., Terminal], words: list[str], size: int
) -> None:
    simulator.answer = [ATTACKED_TEXT[at : at + size] for at in range(0, len(ATTACKED_TEXT), size)]
    screen = at_terminal("ask", "hi", *words, columns=100, rows=60)
    assert screen.ended() == 0
    untouched(screen)
    shown = " ".join(screen.filled_lines)
    for number in range(len(ATTACKS)):
        assert f"start{number} " in shown
        assert f"end{number}" in shown


def test_a_pipe_gets_the_attack_exactly(gigachat: Program, simulator: Simulator) -> None:
    simulator.answer = [*ATTACKED_TEXT]
    assert gigachat("ask", "hi").raw == ATTACKED_TEXT.encode()


def test_no_text_is_swallowed_by_a_sequence_that_never_ends(
    simulator: Simulator, at_terminal: Callable[..., Terminal]
) -> None:
    simulator.answer = ["\x1b]0;never ended ", "word " * 1000, "\nlast line\x1b["]
    screen = at_terminal("ask", "hi", "--raw", rows=100)
    assert screen.ended() == 0
    untouched_words = " ".join(screen.filled_lines)
    assert untouched_words.count("word") == 1000
    assert "last line" in untouched_words
    assert "\x1b" not in screen.text


@pytest.mark.parametrize(
    "words", [["ask", "hi"], ["ask", "hi", "-x"], ["ask", "hi", "--json"], ["ask", "hi", "--output", "stream-json"]]
)
def test_every_form_of_an_answer_is_safe_at_a_terminal(
    simulator: Simulator, at_terminal: Callable[..., Terminal], words: list[str]
) -> None:
    simulator.answer = f"```\n{ATTACKED_TEXT}```\n"
    screen = at_terminal(*words, columns=200, rows=60)
    assert screen.ended() == 0
    assert "\x1b]" not in screen.text
    for forbidden in FORBIDDEN:
        assert forbidden not in screen.text


def test_problems_and_model_names_are_safe_at_a_terminal(
    simulator: Simulator, at_terminal: Callable[..., Terminal]
) -> None:
    hostile = "".join(ATTACKS)
    simulator.faults.add("422", message=f"start {hostile} end")
    screen = at_terminal("ask", "hi", columns=200)
    assert screen.ended() == 1
    untouched(screen)
    simulator.models = (Model(f"start {hostile} end"), Model("GigaChat"))
    screen = at_terminal("models", "--all", columns=200)
    assert screen.ended() == 0
    untouched(screen)
    assert "\x1b" not in screen.text
    screen = at_terminal("models", "--json", columns=200)
    assert screen.ended() == 0
    for forbidden in (*FORBIDDEN, "\x1b"):
        assert forbidden not in screen.text


def test_a_dumb_terminal_gets_no_escape_byte_at_all(simulator: Simulator, at_terminal: Callable[..., Terminal]) -> None:
    simulator.answer = "# A heading\n\nSome *words*, `code`\n\n```python\nprint(1)\n```\n"
    dumb = {"TERM": "dumb", "FORCE_COLOR": "1"}
    simulator.faults.add("slow", seconds=0.8)
    screen = at_terminal("ask", "hi", "-u", environment=dumb)
    assert screen.ended() == 0
    assert "\x1b" not in screen.text
    assert "# A heading\r\n" in screen.text
    simulator.faults.add("422")
    screen = at_terminal("ask", "hi", environment=dumb)
    assert screen.ended() == 1
    assert "\x1b" not in screen.text


def test_no_color_takes_the_colors(simulator: Simulator, at_terminal: Callable[..., Terminal]) -> None:
    simulator.faults.add("422")
    screen = at_terminal("ask", "hi", environment={"NO_COLOR": "1"})
    assert screen.ended() == 1
    assert "\x1b[1;31m" not in screen.text
    simulator.faults.add("422")
    screen = at_terminal("ask", "hi")
    assert screen.ended() == 1
    assert "\x1b[1;31mgigachat:\x1b[0m" in screen.text


def test_force_color_colors_problems_in_a_pipe(gigachat: Program) -> None:
    result = gigachat("ask", environment={"FORCE_COLOR": "1"})
    assert result.err.startswith("\x1b[1;31mgigachat:\x1b[0m There is no prompt.")
    assert "\x1b" not in gigachat("ask", environment={"FORCE_COLOR": "1", "NO_COLOR": "1"}).err


def test_a_spinner_turns_on_stderr_until_the_first_chunk(
    simulator: Simulator, at_terminal: Callable[..., Terminal], tmp_path: Path
) -> None:
    simulator.answer = "An answer."
    simulator.faults.add("stall", after=0)
    screen = at_terminal("ask", "hi", streams=("stdin", "stderr"))
    screen.wait_for_bytes("⠹".encode())
    screen.resize(40, 12)
    simulator.release()
    assert screen.ended() == 0
    assert (tmp_path / "stdout").read_bytes() == b"An answer.\n"
    assert screen.filled_lines == []  # it has wiped itself out


def test_a_quick_answer_needs_no_spinner(simulator: Simulator, at_terminal: Callable[..., Terminal]) -> None:
    gigachat_ready = at_terminal("ask", "hi", "--raw")
    assert gigachat_ready.ended() == 0
    simulator.answer = "An answer."
    screen = at_terminal("ask", "hi", "--raw", "-q")
    assert screen.ended() == 0
    assert screen.raw == b"An answer.\r\n"


def test_stderr_that_is_no_terminal_gets_no_spinner(
    simulator: Simulator, at_terminal: Callable[..., Terminal], tmp_path: Path
) -> None:
    simulator.answer = "An answer."
    simulator.faults.add("slow", seconds=0.8)
    screen = at_terminal("ask", "hi", streams=("stdin", "stdout"))
    assert screen.ended() == 0
    assert (tmp_path / "stderr").read_bytes() == b""
    assert screen.filled_lines == ["An answer."]


def test_a_failure_that_may_pass_is_told_beside_the_spinner(
    simulator: Simulator, at_terminal: Callable[..., Terminal]
) -> None:
    simulator.answer = "An answer."
    simulator.faults.add("503")
    simulator.faults.add("stall", after=0)
    screen = at_terminal("ask", "hi", columns=60)
    screen.wait_for_bytes(b"The service failed at the chat request (HTTP 503)")
    assert len(screen.filled_lines) == 1  # cut, where it does not fit: what is folded could not be wiped
    simulator.wait_for(2, "chat")
    simulator.release()
    assert screen.ended() == 0
    assert screen.filled_lines == ["An answer."]


def test_a_long_problem_is_folded_between_words(simulator: Simulator, at_terminal: Callable[..., Terminal]) -> None:
    simulator.faults.add("422", message="some words " * 20)
    screen = at_terminal("ask", "hi", columns=50)
    assert screen.ended() == 1
    lines = screen.filled_lines
    assert len(lines) > 4
    assert all(line.startswith("  ") for line in lines[1:])
    assert {"some", "words"} >= set(" ".join(lines[3:-2]).split())


def test_waiting_for_the_accounts_place_is_told_at_a_terminal(
    gigachat: Program, simulator: Simulator, at_terminal: Callable[..., Terminal]
) -> None:
    simulator.answer = "An answer."
    simulator.faults.add("stall", after=0)
    first = gigachat.start("ask", "hi")
    simulator.wait_for(1, "chat")
    screen = at_terminal("ask", "hi")
    screen.wait_for_bytes(f"Waiting for gigachat ask (process {first.pid}, since ".encode())
    simulator.release()
    assert screen.ended() == 0
    assert screen.filled_lines[-1] == "An answer."
    first.communicate(timeout=20)


def test_reasoning_stands_apart_from_the_answer(simulator: Simulator, at_terminal: Callable[..., Terminal]) -> None:
    events = [
        '{"choices":[{"delta":{"content":"","reasoning_content":"Let me think\\u001b[2J."},"index":0}]}',
        '{"choices":[{"delta":{"content":"An answer."},"index":0,"finish_reason":"stop"}]}',
    ]
    simulator.stream_bytes = [f"data: {event}\n\n".encode() for event in events] + [b"data: [DONE]\n\n"]
    screen = at_terminal("ask", "hi", "--raw")
    assert screen.ended() == 0
    assert screen.text == "\x1b[2mLet me think.\x1b[22m\r\n\r\nAn answer.\r\n"


@pytest.mark.parametrize("words", [["--help"], ["ask", "--help"], ["auth", "login", "--help"], ["simulator", "-h"]])
def test_help_has_bold_headings_at_a_terminal_and_is_otherwise_the_same_in_a_pipe(
    gigachat: Program, at_terminal: Callable[..., Terminal], words: list[str]
) -> None:
    screen = at_terminal(*words, rows=200)
    assert screen.ended() == 0
    assert "\x1b[1mUsage:\x1b[0m" in screen.text
    plain = gigachat(*words, environment={"COLUMNS": "40"})
    assert plain.code == 0
    assert plain.out == re.sub(r"\x1b\[[01]m|\r", "", screen.text)
    dumb = at_terminal(*words, rows=200, environment={"TERM": "dumb"})
    assert dumb.ended() == 0
    assert dumb.text.replace("\r", "") == plain.out


def test_notices_are_broken_between_words(simulator: Simulator, at_terminal: Callable[..., Terminal]) -> None:
    screen = at_terminal("ask", "hi", columns=50, environment={"GIGACHAT_VERIFY_SSL_CERTS": "false"})
    assert screen.ended() == 0
    told = screen.text[: screen.text.index("the key.")].replace("\r", "").splitlines()
    assert len(told) == 3
    assert all(len(line) <= 50 for line in told)
    joined = " ".join(line.strip() for line in told)
    assert joined.startswith("gigachat: Certificates are not verified (verify_ssl_certs is false): anyone on")


def test_settings_stand_in_columns_that_fit_and_no_word_is_broken(
    at_terminal: Callable[..., Terminal], home: Path
) -> None:
    address = "https://a-host-of-a-very-long-name.inside.a.company.example/a/way/to/the/api/v1"
    screen = at_terminal(
        "config", "show", rows=60, columns=72, environment={"GIGACHAT_BASE_URL": address, "GIGACHAT_THEME": "light"}
    )
    assert screen.ended() == 0
    lines = screen.text.replace("\r", "").splitlines()
    assert [line for line in lines if len(line) > 72] == [f"    {address}"]
    assert lines[lines.index(f"    {address}") + 1] == "    GIGACHAT_BASE_URL"
    assert any(line.split() == ["theme", "light", "GIGACHAT_THEME"] for line in lines)
    plain = at_terminal("config", "show", rows=60, environment={"GIGACHAT_BASE_URL": None, "GIGACHAT_AUTH_URL": None})
    assert plain.ended() == 0
    assert all(len(line) <= 80 for line in plain.text.splitlines())
    assert "/api/v2/oauth  default" in plain.text


@pytest.mark.parametrize("columns", ["200", "20"])
def test_columns_do_not_win_over_the_terminals_own_width(
    simulator: Simulator, at_terminal: Callable[..., Terminal], columns: str
) -> None:
    simulator.answer = "word " * 40
    screen = at_terminal("ask", "hi", columns=60, environment={"COLUMNS": columns, "LINES": columns})
    assert screen.ended() == 0
    lines = [line.rstrip() for line in screen.text.replace("\r", "").splitlines()]
    assert max(map(len, lines)) == 59
    help = at_terminal("models", "--help", columns=60, rows=200, environment={"COLUMNS": columns})
    assert help.ended() == 0
    assert 50 < max(map(len, re.sub(r"\x1b\[[0-9;]*m|\r", "", help.text).splitlines())) <= 60
