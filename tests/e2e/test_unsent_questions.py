"""A question that never left makes no session, and `-c` goes on with a conversation that has an answer."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from gigachat_cli.simulator import Simulator

from ..conftest import Program
from .conftest import Rules

Environment = dict[str, str | None]


def sessions(gigachat: Program) -> list[dict[str, Any]]:
    listed = json.loads(gigachat("history", "list", "--json").out or "[]")
    return [json.loads(gigachat("history", "show", each["id"], "--json").out) for each in listed]


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address at which nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"https://127.0.0.1:{taken.getsockname()[1]}"


def unsent(way: str, simulator: Simulator, nobody: str, home: Path) -> Environment:
    """The environment in which no question leaves, in one of many ways."""
    alone = {"GIGACHAT_MAX_RETRIES": "0", "GIGACHAT_MODEL": "GigaChat-2"}
    if way == "key refused":
        simulator.faults.add("401", at="oauth", times=None)
    elif way == "login fails":
        simulator.faults.add("500", at="oauth", times=None)
    elif way == "no list of models":
        simulator.faults.add("500", at="models", times=None)
        return {"GIGACHAT_MAX_RETRIES": "0", "GIGACHAT_MODEL": None}
    elif way == "no connection":
        return {**alone, "GIGACHAT_BASE_URL": f"{nobody}/v1"}
    elif way == "no proxy":
        return {**alone, "GIGACHAT_PROXY": nobody.replace("https:", "http:"), "NO_PROXY": None}
    elif way == "unproved peer":
        trustme.CA().cert_pem.write_to_path(str(home / "ca.pem"))
        return {**alone, "GIGACHAT_CA_BUNDLE_FILE": str(home / "ca.pem")}
    elif way == "blank key":
        return {**alone, "GIGACHAT_CREDENTIALS": '" "'}
    return dict(alone)


WAYS = ["key refused", "login fails", "no list of models", "no connection", "no proxy", "unproved peer", "blank key"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("words", [("ask",), ("ask", "-S", "work")], ids=["new", "named"])
def test_question_that_never_left_makes_no_session(
    gigachat: Program, rules: Rules, nobody: str, home: Path, words: tuple[str, ...], way: str
) -> None:
    failed = gigachat(*words, "why is the sky blue", environment=unsent(way, rules.simulator, nobody, home))
    rules.hold(failed)
    assert failed.code in (1, 2, 3, 4)
    assert not [each for each in rules.simulator.requests if each.path.endswith("/chat/completions")]
    assert sessions(gigachat) == []
    assert "sky" not in gigachat("history", "search", "sky").out


@pytest.mark.parametrize("way", ["key refused", "no connection"])
def test_conversation_stays_as_it_was(
    gigachat: Program, simulator: Simulator, nobody: str, home: Path, way: str
) -> None:
    simulator.answer = "Because of Rayleigh."
    assert gigachat("ask", "-S", "work", "why is the sky blue").code == 0
    (before,) = sessions(gigachat)
    (home / "config" / "token.json").unlink()
    environment = unsent(way, simulator, nobody, home)
    assert gigachat("ask", "-S", "work", "and the sea", environment=environment).code in (3, 4)
    (after,) = sessions(gigachat)
    assert after["history"] == before["history"]
    assert after["title"] == "why is the sky blue"


def test_usage_error_makes_no_session(gigachat: Program, simulator: Simulator, home: Path) -> None:
    for words in (
        ("-o", "nonsense", "hi"),
        ("-a", "missing.txt", "hi"),
        ("-S", "work", "-a", "missing.txt", "hi"),
        ("--schema", "{", "hi"),
        ("-S", "work", "-c", "hi"),
        ("--resume",),
    ):
        assert gigachat("ask", *words).code == 2, words
    assert sessions(gigachat) == []
    simulator.faults.add("500", at="upload", times=None)
    (home / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    failed = gigachat("ask", "-S", "work", "-a", "picture.png", "hi", environment={"GIGACHAT_MAX_RETRIES": "0"})
    assert failed.code != 0
    assert sessions(gigachat) == []


@pytest.mark.parametrize("fault", ["500", "html", "reset", "empty"])
def test_continue_passes_over_a_question_without_an_answer(gigachat: Program, simulator: Simulator, fault: str) -> None:
    simulator.answer = "Because of Rayleigh."
    assert gigachat("ask", "why is the sky blue").code == 0
    simulator.faults.add(fault, at="chat")
    failed = gigachat("ask", "a question that fails", environment={"GIGACHAT_MAX_RETRIES": "0"})
    assert failed.code != 0
    assert [each["title"] for each in sessions(gigachat)] == ["a question that fails", "why is the sky blue"]
    assert gigachat("ask", "-c", "and the sea").code == 0
    sent = [each["content"] for each in json.loads(simulator.requests[-1].body)["messages"]]
    assert sent == ["why is the sky blue", "Because of Rayleigh.", "and the sea"]


def test_continue_without_any_answer_says_so(gigachat: Program, simulator: Simulator) -> None:
    simulator.faults.add("500", at="chat")
    assert gigachat("ask", "hi", environment={"GIGACHAT_MAX_RETRIES": "0"}).code == 1
    refused = gigachat("ask", "-c", "hi")
    assert (refused.code, "no conversation" in refused.err) == (2, True)


def test_last_is_the_session_that_was_written_last(gigachat: Program, simulator: Simulator) -> None:
    simulator.answer = "Yes."
    assert gigachat("history", "show", "last").code == 2
    for words in (["one"], ["-S", "work", "two"], ["three"], ["-S", "work", "four"]):
        assert gigachat("ask", *words).code == 0
    for word in ("last", "LAST"):
        shown = gigachat("history", "show", word)
        assert (shown.code, shown.out.splitlines()[0]) == (0, "# two")
    assert "four" in gigachat("history", "export", "last").out
    assert gigachat("ask", "-S", "last", "five").code == 0
    assert [each["title"] for each in sessions(gigachat)] == ["two", "three", "one"]
    assert [len(each["history"]) for each in sessions(gigachat)] == [3, 1, 1]
    assert gigachat("history", "delete", "last", "--yes").out == "1 session deleted.\n"
    assert gigachat("history", "show", "last").out.startswith("# three\n")
