"""Long output goes through the person's pager, at a terminal alone; and `history show` without a name lets choose."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gigachat_cli.simulator import Simulator

from ..conftest import Program
from ..terminal import CTRL_C, ENTER, ESCAPE, Terminal

Start = Callable[..., Terminal]
COMMANDS = [("history", "list"), ("history", "show", "last"), ("history", "search", "tide")]


@pytest.fixture
def asked(gigachat: Program, simulator: Simulator) -> None:
    simulator.answer = "It **moves**."
    for name in ("moon", "sea"):
        assert gigachat("ask", f"tide of the {name}", "--session", name).code == 0


@pytest.fixture
def pager(tmp_path: Path) -> Path:
    """A pager that says what it got, and how less was told to behave."""
    program = tmp_path / "pages"
    program.write_text('#!/bin/sh\nprintf "LESS=%s\\n" "$LESS"\nsed "s/^/|/"\n')
    program.chmod(0o755)
    return program


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("words", COMMANDS)
def test_the_pager_gets_what_a_terminal_would(at_terminal: Start, pager: Path, words: tuple[str, ...]) -> None:
    plain = at_terminal(*words, "--no-pager")
    assert plain.ended() == 0
    paged = at_terminal(*words, environment={"PAGER": str(pager), "LESS": None})
    assert paged.ended() == 0
    told, *shown = paged.filled_lines
    assert told == "LESS=FRX"
    assert [line.removeprefix("|").rstrip() for line in shown if line != "|"] == plain.filled_lines
    assert b"\x1b[1m" in paged.raw or words[1] == "list"  # colours go through


@pytest.mark.usefixtures("asked")
def test_what_less_was_told_before_stays(at_terminal: Start, pager: Path) -> None:
    paged = at_terminal("history", "list", environment={"PAGER": f"'{pager}' with words", "LESS": "S"})
    assert paged.ended() == 0
    assert paged.filled_lines[0] == "LESS=S"


@pytest.mark.skipif(sys.platform == "win32", reason="its shell is another")
@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    "form", ["'{}' | tr m M", "WORDS=1 '{}' | tr m M", "$HOME/{name} | tr m M", "~/{name} | tr m M"]
)
def test_the_pager_may_be_a_line_for_the_shell(at_terminal: Start, pager: Path, form: str) -> None:
    line = form.format(pager, name=pager.name)
    shown = at_terminal("history", "list", environment={"PAGER": line, "HOME": str(pager.parent), "LESS": None})
    assert shown.ended() == 0
    assert "could not" not in shown.text
    assert "LESS=FRX" in shown.text
    assert "Moon" in shown.text


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    "environment", [{"PAGER": "cat"}, {"PAGER": ""}, {"PAGER": " "}, {"PAGER": "NO-PAGER", "TERM": "dumb"}]
)
def test_no_pager_where_none_is_wanted(at_terminal: Start, environment: dict[str, str]) -> None:
    shown = at_terminal("history", "list", environment=environment)
    assert shown.ended() == 0
    assert "moon" in shown.text
    assert "NO-PAGER" not in shown.text


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("pager", ["/no/such/pager", "'open", "/"])
def test_a_pager_that_cannot_start_is_told_of_and_nothing_is_lost(at_terminal: Start, pager: str) -> None:
    shown = at_terminal("history", "show", "last", environment={"PAGER": pager})
    assert shown.ended() == 0
    assert "could not be started" in shown.text
    assert "tide of the sea" in shown.text


@pytest.mark.usefixtures("asked")
def test_a_pager_that_is_left_early_is_no_problem(at_terminal: Start, gigachat: Program, tmp_path: Path) -> None:
    long = tmp_path / "long.txt"
    long.write_text("word " * 60_000)
    assert gigachat("ask", "--file", str(long), "--session", "long", "read").code == 0
    for pager in ("head -2", "true", "false", "sh -c 'exit 3'"):
        shown = at_terminal("history", "show", "long", environment={"PAGER": pager})
        assert shown.ended() == 0, pager
        assert "pipe" not in shown.text.lower()


@pytest.mark.usefixtures("asked")
def test_ctrl_c_is_the_pagers_own(at_terminal: Start, tmp_path: Path) -> None:
    waiting = tmp_path / "waits"
    waiting.write_text(
        '#!/bin/sh\ntrap "echo heard" INT\ncat >/dev/null\necho waiting\n'
        'until read answer </dev/tty; do :; done\necho "got $answer"\n'
    )
    waiting.chmod(0o755)
    shown = at_terminal("history", "list", environment={"PAGER": str(waiting)})
    shown.wait_for("waiting")
    shown.type(CTRL_C)
    shown.wait_for("heard")
    assert shown.process.poll() is None
    shown.type(f"a{ENTER}")
    assert shown.ended() == 0
    assert "got" in shown.text


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("words", COMMANDS)
def test_a_pipe_and_json_know_no_pager(gigachat: Program, at_terminal: Start, words: tuple[str, ...]) -> None:
    environment = {"PAGER": "/no/such/pager"}
    piped = gigachat(*words, environment=environment)
    assert (piped.code, piped.err) == (0, "")
    shown = at_terminal(*words, "--json", environment=environment)
    assert shown.ended() == 0
    assert "could not be started" not in shown.text
    json.loads(shown.everything.replace("\n", ""))


@pytest.mark.usefixtures("asked")
def test_show_without_a_name_lets_a_person_choose(at_terminal: Start, gigachat: Program) -> None:
    shown = at_terminal("history", "show", environment={"PAGER": "cat"})
    shown.wait_for("Enter takes it")
    shown.type("moon")
    shown.wait_for("Sessions (1 of 2)")
    shown.type(ENTER)
    assert shown.ended() == 0
    assert "tide of the moon" in shown.text
    left = at_terminal("history", "show")
    left.wait_for("Enter takes it")
    left.type(ESCAPE)
    assert left.ended() == 0
    assert left.filled_lines == []
    refused = gigachat("history", "show")
    assert refused.code == 2
    assert "history list" in refused.err


def test_show_without_a_name_in_an_empty_history(at_terminal: Start) -> None:
    shown = at_terminal("history", "show")
    assert shown.ended() == 2
    assert "There is no session yet." in shown.text
