"""`gigachat history`: what was asked and answered, for people and for scripts."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gigachat_cli.simulator import Simulator

from ..conftest import Program
from ..terminal import CTRL_C, CTRL_D, Terminal
from .conftest import Rules

HOSTILE = "\x1b]0;owned\x07\x1b[2Jred\u202e"


def listed(gigachat: Program) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(gigachat("history", "list", "--json").out)
    return found


@pytest.fixture
def three(simulator: Simulator, gigachat: Program) -> list[str]:
    """The ids of three sessions, the newest first."""
    simulator.answer = "Answered."
    for words in (["about tides"], ["-S", "work", "о чём шумит море"], ["about the moon"]):
        assert gigachat("ask", *words).code == 0
    return [each["id"] for each in listed(gigachat)]


def test_list_is_the_newest_first_with_these_keys(gigachat: Program, three: list[str]) -> None:
    rows = listed(gigachat)
    assert [each["title"] for each in rows] == ["about the moon", "о чём шумит море", "about tides"]
    assert list(rows[0]) == [
        "id",
        "name",
        "title",
        "kind",
        "model",
        "system",
        "created",
        "updated",
        "turns",
        "total_tokens",
    ]
    lines = gigachat("history", "list", "--limit", "2").out.splitlines()
    assert [line.split("\t")[0] for line in lines] == three[:2]
    assert lines[1].split("\t")[1] == "work"
    assert gigachat("history", "list", "--older-than", "1h").out == ""
    assert gigachat("history", "list", "--older-than", "soon").code == 2


def test_show_is_markdown_or_json_with_these_keys(gigachat: Program, three: list[str]) -> None:
    shown = gigachat("history", "show", "work").out
    assert shown.startswith("# о чём шумит море\n")
    assert "Answered." in shown
    found = json.loads(gigachat("history", "show", three[1], "--json").out)
    assert list(found)[-1] == "history"
    (turn,) = found["history"]
    assert list(turn) == [
        "number",
        "state",
        "started",
        "ended",
        "model",
        "options",
        "messages",
        "answer",
        "seams",
        "problem",
    ]
    assert list(turn["answer"]) == ["text", "reasoning", "finish_reason", "complete", "usage", "request_id"]


def test_search_finds_words_phrases_and_beginnings(gigachat: Program, three: list[str]) -> None:
    assert [each.split("\t")[2] for each in gigachat("history", "search", "moon").out.splitlines()] == [
        "about the moon"
    ]
    (hit,) = json.loads(gigachat("history", "search", "--json", "шум*", "МОРЕ").out)
    assert list(hit) == ["session", "name", "turn", "title", "snippet", "matches"]
    assert [hit["snippet"][start:end] for start, end in hit["matches"]] == ["шум", "море"]
    assert gigachat("history", "search", "nowhere", "--json").out == "[]\n"
    assert gigachat("history", "search", " ").code == 2


@pytest.mark.parametrize("form", ["markdown", "html", "json", "jsonl"])
def test_export_in_each_format(gigachat: Program, three: list[str], home: Path, form: str) -> None:
    out = gigachat("history", "export", "-f", form).out
    assert "about tides" in out
    assert "море" in out
    if form == "json":
        assert len(json.loads(out)) == 3
    if form == "jsonl":
        assert [json.loads(line)["id"] for line in out.splitlines()] == three
    assert gigachat("history", "export", "work", "-f", form, "-O", "talk").code == 0
    assert "tides" not in (home / "talk").read_text()
    assert gigachat("history", "export", "work", "-O", "talk").code == 2
    assert gigachat("history", "export", "work", "-O", "talk", "--force").code == 0


def test_the_end_of_the_files_name_says_the_format(gigachat: Program, three: list[str], home: Path) -> None:
    for name, begin in [("a.html", "<!DOCTYPE html>"), ("a.JSON", "["), ("a.jsonl", '{"id"'), ("a.txt", "# ")]:
        assert gigachat("history", "export", "-O", name).code == 0
        assert (home / name).read_text().startswith(begin)
    assert gigachat("history", "export", "-f", "jsonl", "-O", "b.html").code == 0
    assert (home / "b.html").read_text().startswith('{"id"')
    (page,) = re.findall("<nav>.*?</nav>", (home / "a.html").read_text(), re.DOTALL)
    assert page.count("<li>") == 3


def test_delete_refuses_without_yes_where_nobody_can_be_asked(gigachat: Program, three: list[str]) -> None:
    refused = gigachat("history", "delete", "work", stdin="y\n")
    assert (refused.code, len(listed(gigachat))) == (2, 3)
    assert "--yes" in refused.err
    assert gigachat("history", "delete").code == 2
    assert gigachat("history", "delete", "work", "--older-than", "1h").code == 2
    assert gigachat("history", "delete", "work", "none", "--yes").code == 2
    assert len(listed(gigachat)) == 3
    done = gigachat("history", "delete", "work", three[1], "--yes")
    assert (done.code, done.out) == (0, "1 session deleted.\n")
    assert gigachat("history", "delete", "--older-than", "1h", "--yes").out == "0 sessions deleted.\n"
    assert len(listed(gigachat)) == 2


@pytest.mark.parametrize(("typed", "left"), [("y", 2), ("n", 3), ("", 3)])
def test_delete_asks_at_a_terminal(
    gigachat: Program, three: list[str], at_terminal: Callable[..., Terminal], typed: str, left: int
) -> None:
    screen = at_terminal("history", "delete", "work")
    screen.wait_for_bytes(b"[y/N]")
    screen.type(f"{typed}\n")
    assert screen.ended() == 0
    assert len(listed(gigachat)) == left


def test_unknown_and_ambiguous_sessions_are_named(gigachat: Program, three: list[str]) -> None:
    unknown = gigachat("history", "show", "wrok")
    assert (unknown.code, "Did you mean 'work'?" in unknown.err) == (2, True)
    several = gigachat("history", "show", three[0][:3])
    assert several.code == 2
    assert "several sessions" in several.err
    assert gigachat("history", "show", "").code == 2


def test_empty_history_is_no_error(gigachat: Program, simulator: Simulator, home: Path) -> None:
    for words in (["list"], ["search", "x"], ["export"]):
        empty = gigachat("history", *words)
        assert (empty.code, empty.out, empty.err) == (0, "", "")
    assert gigachat("history", "path").out == f"{home}/data/history.db\n"


def test_hostile_text_is_filtered_at_a_terminal_and_exact_in_a_pipe(
    gigachat: Program, simulator: Simulator, at_terminal: Callable[..., Terminal], rules: Rules
) -> None:
    simulator.answer = f"See {HOSTILE} here."
    gigachat("ask", f"what {HOSTILE} is")
    (only,) = listed(gigachat)
    assert f"See {HOSTILE} here." in gigachat("history", "show", only["id"]).out
    for words in (["list"], ["show", only["id"]], ["search", "here"], ["export"]):
        screen = at_terminal("history", *words)
        assert screen.ended() == 0
        for bad in (b"\x1b]0", b"\x07", b"\x1b[2J", "\u202e".encode()):
            assert bad not in screen.raw, words
        rules.no_secret(screen.text)


def test_broken_history_is_set_aside_with_one_line(gigachat: Program, simulator: Simulator, home: Path) -> None:
    file = home / "data" / "history.db"
    file.parent.mkdir()
    file.write_bytes(b"no database " * 1000)
    found = gigachat("history", "list")
    assert (found.code, found.err.count("\n")) == (0, 1)
    assert [each for each in file.parent.iterdir() if each.read_bytes().startswith(b"no database")]


def test_newer_history_is_left_untouched(gigachat: Program, three: list[str], home: Path) -> None:
    file = home / "data" / "history.db"
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 999")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    before = file.read_bytes()
    for words in (["list"], ["show", "work"], ["delete", "work", "--yes"]):
        refused = gigachat("history", *words)
        assert (refused.code, refused.out) == (2, "")
        assert refused.err.count("\n") <= 2
    assert file.read_bytes() == before


def test_place_that_cannot_be_written_is_a_line(gigachat: Program, simulator: Simulator) -> None:
    refused = gigachat("history", "list", environment={"GIGACHAT_DATA_DIR": "/proc/none"})
    assert (refused.code, refused.out) == (2, "")
    assert "Traceback" not in refused.err


def test_lists_fit_the_terminal_and_show_renders_markdown(
    gigachat: Program, simulator: Simulator, at_terminal: Callable[..., Terminal]
) -> None:
    simulator.answer = "**Strong** words about the fjord, " * 20
    gigachat("ask", "a question with a long title that goes on and on about fjords and tides and the moon")
    (only,) = listed(gigachat)
    for words in (["list"], ["search", "fjord"], ["show", only["id"]]):
        screen = at_terminal("history", *words, columns=60)
        assert screen.ended() == 0
        lines = re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]|\x1b\]8;[^\x1b]*\x1b\\", b"", screen.raw).decode().splitlines()
        assert max(map(len, lines)) <= 60, words
        assert "**" not in screen.text or words == ["search", "fjord"]


def test_ctrl_c_at_the_question_deletes_nothing_and_ends_its_line(
    gigachat: Program, three: list[str], at_terminal: Callable[..., Terminal]
) -> None:
    for words, told in (
        (["work"], "Delete 1 session with the lines that were typed in it for good? [y/N]"),
        (["--all"], "Delete 3 sessions and all that was ever typed in a chat for good? [y/N]"),
    ):
        for key, code in ((CTRL_C, 130), (CTRL_D, 0), ("n\r", 0)):
            terminal = at_terminal("history", "delete", *words, columns=100)
            terminal.wait_for(told)
            terminal.type(key)
            assert terminal.ended() == code
            assert terminal.raw.endswith(b"\r\n")
    assert len(listed(gigachat)) == 3
    terminal = at_terminal("history", "delete", "work", columns=100)
    terminal.wait_for("[y/N]")
    terminal.type("y\r")
    assert terminal.ended() == 0
    assert len(listed(gigachat)) == 2
