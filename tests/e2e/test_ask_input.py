"""What `ask` is asked: the words as they were typed, stdin, the system message, the editor, the request's fields."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gigachat_cli.simulator import Simulator

from ..conftest import Program
from ..terminal import Terminal
from .conftest import Rules, ended, prompt_of, sent


def test_words_go_as_they_were_typed(gigachat: Program, simulator: Simulator) -> None:
    words = [
        "why",
        "does",
        "*",
        "$HOME",
        "  two  blanks ",
        "it's",
        '"so"',
        "тест",
        "🙂",
        "a\tb",
        "c\nd",
        "\\n",
        "%s",
        "{}",
        "!",
    ]
    result = gigachat("ask", *words)
    assert (result.code, result.err) == (0, "")
    assert prompt_of(simulator) == " ".join(words)


@pytest.mark.parametrize(
    ("words", "prompt"),
    [
        (["--", "--json", "-x"], "--json -x"),
        (["one", "--model", "GigaChat-2", "two"], "one two"),
        (["one", "--", "two", "-m"], "one two -m"),
        (["-m", "GigaChat-2", "@file", "-"], "@file -"),
    ],
)
def test_options_may_follow_words_and_a_double_dash_ends_them(
    gigachat: Program, simulator: Simulator, words: list[str], prompt: str
) -> None:
    assert gigachat("ask", *words).code == 0
    assert prompt_of(simulator) == prompt


def test_piped_stdin_is_joined_after_a_blank_line(gigachat: Program, simulator: Simulator) -> None:
    assert gigachat("ask", "sum", "up", stdin="line 1\nline 2\n").code == 0
    assert prompt_of(simulator) == "sum up\n\nline 1\nline 2"


def test_a_file_as_stdin_is_joined_like_a_pipe(gigachat: Program, simulator: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_bytes(b"\xef\xbb\xbfnotes\r\nmore\r\n")
    with path.open("rb") as file:
        assert ended(gigachat.start("ask", "sum up", stdin=file)).code == 0
    assert prompt_of(simulator) == "sum up\n\nnotes\r\nmore"


def test_stdin_alone_is_the_prompt(gigachat: Program, simulator: Simulator) -> None:
    assert gigachat("ask", stdin="  why?\n").code == 0
    assert prompt_of(simulator) == "  why?"


def test_blank_words_count_for_nothing(gigachat: Program, simulator: Simulator) -> None:
    assert gigachat("ask", "", " ", stdin="piped").code == 0
    assert prompt_of(simulator) == "piped"


@pytest.mark.parametrize("stdin", ["", " \n\t\r\n", None])
def test_nothing_typed_and_nothing_piped_is_a_usage_error(
    gigachat: Program, simulator: Simulator, stdin: str | None
) -> None:
    result = gigachat("ask", stdin=stdin)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("gigachat: There is no prompt.\n")
    assert simulator.requests == []


@pytest.mark.parametrize("stdin", ["", "\n \n"])
def test_empty_stdin_adds_nothing_to_the_words(gigachat: Program, simulator: Simulator, stdin: str) -> None:
    assert gigachat("ask", "why", stdin=stdin).code == 0
    assert prompt_of(simulator) == "why"


def test_a_socket_as_stdin_is_left_alone_when_there_are_words(gigachat: Program, simulator: Simulator) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"not for you")
        assert ended(gigachat.start("ask", "why", stdin=ours)).code == 0
        assert ours.recv(100) == b"not for you"
    assert prompt_of(simulator) == "why"


def test_a_closed_stdin_is_no_stdin(gigachat: Program, simulator: Simulator) -> None:
    command = f"{shlex.join([*gigachat.arguments, 'ask', 'why'])} <&-"
    done = subprocess.run(["/bin/sh", "-c", command], env=gigachat.environment(), capture_output=True, timeout=20)
    assert (done.returncode, done.stderr) == (0, b"")
    assert prompt_of(simulator) == "why"


def test_no_stdin_leaves_a_pipe_alone(gigachat: Program, simulator: Simulator) -> None:
    reading, writing = os.pipe()  # never written, never closed
    assert ended(gigachat.start("ask", "why", "--no-stdin", stdin=reading)).code == 0
    os.close(reading)
    os.close(writing)
    assert prompt_of(simulator) == "why"


def test_a_terminal_as_stdin_is_not_read(simulator: Simulator, at_terminal: Callable[..., Terminal]) -> None:
    simulator.answer = "An answer."
    screen = at_terminal("ask", "why")
    assert screen.ended() == 0
    assert screen.filled_lines == ["An answer."]
    assert prompt_of(simulator) == "why"


def test_nothing_typed_at_a_terminal_is_a_usage_error(at_terminal: Callable[..., Terminal]) -> None:
    screen = at_terminal("ask")
    assert screen.ended() == 2
    assert screen.filled_lines[0] == "gigachat: There is no prompt."


def test_a_silent_pipe_soon_earns_a_notice_on_a_terminal(
    gigachat: Program, simulator: Simulator, at_terminal: Callable[..., Terminal], tmp_path: Path
) -> None:
    simulator.answer = "An answer."
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writing = os.open(pipe, os.O_RDWR)
    with pipe.open("rb") as reading:
        elsewhere = gigachat.start("ask", "why", stdin=reading)
    screen = at_terminal("ask", "why", streams=("stdout", "stderr"), stdin=pipe)
    quiet = at_terminal("ask", "why", "-q", streams=("stdout", "stderr"), stdin=pipe)
    screen.wait_for_bytes(b"Waiting for stdin")
    time.sleep(0.5)
    os.close(writing)
    assert (screen.ended(), quiet.ended()) == (0, 0)
    assert screen.filled_lines[0] == "gigachat: Waiting for stdin, which is a pipe; end it, or give --no-stdin."
    assert "stdin" not in quiet.text
    assert ended(elsewhere).err == ""


def test_ten_megabytes_of_stdin_arrive_whole(gigachat: Program, simulator: Simulator) -> None:
    text = "".join(f"{number:07d} строка\n" for number in range(500_000))
    assert len(text.encode()) > 10_000_000
    result = gigachat("ask", "sum up", stdin=text)
    assert (result.code, result.err) == (0, "")
    assert prompt_of(simulator) == f"sum up\n\n{text.rstrip()}"


@pytest.mark.parametrize(
    ("words", "stdin", "place"),
    [
        (["why"], b"good \xff bad", "stdin is not UTF-8 text (byte 5)."),
        (["why", b"\xff\xfe"], None, "The prompt is not UTF-8 text."),
        (["-s", b"\xff", "why"], None, "The system message is not UTF-8 text."),
        (["-s", "@system", "why"], None, "system is not UTF-8 text (byte 3)."),
    ],
)
def test_bytes_that_are_no_text_get_one_clear_line(
    gigachat: Program, simulator: Simulator, home: Path, words: list[str], stdin: bytes | None, place: str
) -> None:
    (home / "system").write_bytes(b"abc\xd0")
    result = gigachat("ask", *words, stdin=stdin)
    assert (result.code, result.out) == (2, "")
    assert result.err.splitlines()[0] == f"gigachat: {place}"
    assert simulator.requests == []


def test_a_system_message_is_a_text_or_a_file(gigachat: Program, simulator: Simulator, home: Path) -> None:
    (home / "rules.txt").write_bytes(b"\xef\xbb\xbfBe brief.\r\nBe kind.\n")
    assert gigachat("ask", "-s", "@rules.txt", "why").code == 0
    assert sent(simulator)["messages"] == [
        {"role": "system", "content": "Be brief.\r\nBe kind."},
        {"role": "user", "content": "why"},
    ]
    simulator.log.clear()
    assert gigachat("ask", "why", "--system", "Be brief.").code == 0
    assert sent(simulator)["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "why"},
    ]


@pytest.mark.parametrize("name", ["missing.txt", "."])
def test_a_system_file_that_cannot_be_read_is_named(gigachat: Program, simulator: Simulator, name: str) -> None:
    result = gigachat("ask", "-s", f"@{name}", "why")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"gigachat: {name} could not be read: ")
    assert simulator.requests == []


FLAGS = [
    ("-t", "0.5", "temperature", 0.5),
    ("--top-p", "0.3", "top_p", 0.3),
    ("--max-tokens", "77", "max_tokens", 77),
    ("--repetition-penalty", "1.2", "repetition_penalty", 1.2),
    ("--update-interval", "0.01", "update_interval", 0.01),
    ("-o", "profanity_check=false", "profanity_check", False),
    ("-o", 'flags=["a","б"]', "flags", ["a", "б"]),
    ("-m", "GigaChat-2-Max", "model", "GigaChat-2-Max"),
]


def test_each_field_that_was_set_arrives_and_no_other(gigachat: Program, simulator: Simulator) -> None:
    words = [word for flag, text, _, _ in FLAGS for word in (flag, text)]
    assert gigachat("ask", "why", *words).code == 0
    wanted = {name: value for _, _, name, value in FLAGS}
    assert {name: value for name, value in sent(simulator).items() if name != "messages"} == {**wanted, "stream": True}
    simulator.log.clear()
    assert gigachat("ask", "why", "--no-stream").code == 0
    assert set(sent(simulator)) <= {"model", "messages", "stream"}
    assert sent(simulator).get("stream", False) is False


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--temperature", "0"),
        ("--temperature", "warm"),
        ("--top-p", "1.5"),
        ("--max-tokens", "0"),
        ("--max-tokens", "1.5"),
        ("--repetition-penalty", "nan"),
        ("--update-interval", "-1"),
        ("--timeout", "0"),
        ("--max-retries", "-1"),
        ("--scope", "GIGACHAT"),
        ("--base-url", "http://api.giga.chat/v1"),
        ("--base-url", "https://ngw.devices.sberbank.ru:9443/api/v2/oauth"),
        ("--proxy", "ftp://127.0.0.1:1"),
        ("--output", "yaml"),
    ],
)
def test_a_bad_value_names_its_flag(gigachat: Program, simulator: Simulator, flag: str, value: str) -> None:
    result = gigachat("ask", "why", f"{flag}={value}")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"gigachat: {flag} must be ")
    assert value in result.err
    assert simulator.requests == []


@pytest.mark.parametrize("option", ["profanity_check", "=1", "x=", "x=abc", "x={"])
def test_a_bad_option_is_shown_how_it_should_be(gigachat: Program, simulator: Simulator, option: str) -> None:
    result = gigachat("ask", "why", "-o", option)
    assert (result.code, result.out) == (2, "")
    assert "--option" in result.err.splitlines()[0]
    assert "-o" in result.err.splitlines()[1]
    assert simulator.requests == []


def test_a_dry_run_prints_the_request_and_sends_nothing(gigachat: Program, simulator: Simulator, rules: Rules) -> None:
    result = gigachat("ask", "--dry-run", "-s", "Be brief.", "-t", "0.5", "почему")
    assert (result.code, result.err) == (0, "")
    shown = json.loads(result.out)
    assert shown["method"] == "POST"
    assert shown["url"] == f"{simulator.base_url}/chat/completions"
    assert shown["body"]["messages"][1] == {"role": "user", "content": "почему"}
    assert shown["body"]["temperature"] == 0.5
    assert simulator.requests == []
    rules.hold(result)
    assert shown["body"]["model"] is None  # it takes a request to know
    # What it shows is what is sent.
    gigachat("ask", "-s", "Be brief.", "-t", "0.5", "почему")
    assert sent(simulator) == shown["body"] | {"model": "GigaChat-3-Lightning"}
    again = gigachat("ask", "--dry-run", "-s", "Be brief.", "-t", "0.5", "почему")
    assert json.loads(again.out)["body"] == sent(simulator)


def test_a_dry_run_needs_no_key(gigachat: Program) -> None:
    result = gigachat("ask", "--dry-run", "why")
    assert (result.code, result.err) == (0, "")
    assert json.loads(result.out)["url"] == "https://api.giga.chat/v1/chat/completions"


def editor(home: Path, script: str) -> dict[str, str]:
    path = home / "editor with a blank.sh"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return {"EDITOR": shlex.quote(str(path))}


def test_the_editor_makes_the_prompt(simulator: Simulator, home: Path, at_terminal: Callable[..., Terminal]) -> None:
    simulator.answer = "An answer."
    seen = home / "seen"
    script = f'cat "$1" >"{seen}"; ls -l "$1" >>"{seen}"; printf "edited\\r\\nby hand\\n\\n" >"$1"'
    screen = at_terminal("ask", "-e", "draft", environment=editor(home, script))
    assert screen.ended() == 0
    assert prompt_of(simulator) == "edited\r\nby hand"
    assert seen.read_text().startswith("draft-rw-------")
    assert screen.filled_lines == ["An answer."]


def test_the_editor_has_the_terminal_even_between_pipes(
    simulator: Simulator, home: Path, at_terminal: Callable[..., Terminal], tmp_path: Path
) -> None:
    simulator.answer = "An answer."
    script = 'echo "what now?"; read reply; printf "%s" "$reply" >"$1"'
    screen = at_terminal("ask", "-e", environment=editor(home, script), streams=("stderr",))
    screen.wait_for_bytes(b"what now?")
    screen.type("typed\r")
    assert screen.ended() == 0
    assert prompt_of(simulator) == "typed"
    assert (tmp_path / "stdout").read_text() == "An answer.\n"


def test_ctrl_c_in_the_editor_is_the_editors_own(
    simulator: Simulator, home: Path, at_terminal: Callable[..., Terminal]
) -> None:
    script = "trap 'printf kept >\"$1\"; exit 0' INT; echo ready; while :; do sleep 0.05; done"
    screen = at_terminal("ask", "-e", "draft", environment=editor(home, script))
    screen.wait_for_bytes(b"ready")
    screen.type("\x03")
    assert screen.ended() == 0
    assert prompt_of(simulator) == "kept"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("exit 3", "ended with code 3; nothing was sent."),
        (': >"$1"', "There is no prompt."),
        ('printf "\\377" >"$1"', "The edited prompt is not UTF-8 text (byte 0)."),
    ],
)
def test_an_editor_that_fails_or_empties_the_prompt_sends_nothing(
    simulator: Simulator, home: Path, at_terminal: Callable[..., Terminal], script: str, told: str
) -> None:
    screen = at_terminal("ask", "-e", "draft", environment=editor(home, script), columns=200)
    assert screen.ended() == 2
    assert screen.filled_lines[0].endswith(told)
    assert simulator.requests == []


def test_a_missing_editor_is_named(simulator: Simulator, at_terminal: Callable[..., Terminal]) -> None:
    screen = at_terminal("ask", "-e", "draft", environment={"VISUAL": "no-such-editor", "EDITOR": "true"})
    assert screen.ended() == 2
    assert "The editor no-such-editor could not be started" in screen.text
    assert simulator.requests == []


@pytest.mark.parametrize(
    ("words", "way_out"),
    [
        (("ask", "why"), ", or give --no-stdin"),
        (("ask", "-a", "-", "why"), ""),
        (("tokens",), ""),
        (("embed",), ""),
        (("batch", "-"), ""),
        (("files", "upload", "-"), ""),
        (("auth", "login"), ""),
    ],
    ids=" ".join,
)
def test_a_silent_pipe_is_told_of_in_scripts(
    gigachat: Program, simulator: Simulator, words: tuple[str, ...], way_out: str
) -> None:
    """The program with its patience made short; nothing else of it is changed."""
    impatient = (
        "from gigachat_cli.commands import context; context._SILENCE_IN_SCRIPTS_SECONDS = 0.2; "
        "from gigachat_cli.__main__ import main; main()"
    )
    reading, writing = os.pipe()
    running = subprocess.Popen(
        [sys.executable, "-c", impatient, *words],
        env=gigachat.environment(None),
        stdin=reading,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    os.close(reading)
    assert running.stderr is not None
    try:
        told = running.stderr.readline().decode()
    finally:
        os.close(writing)
    assert told == f"gigachat: Waiting for stdin, which is a pipe; end it{way_out}.\n"
    assert "Waiting" not in ended(running).err


@pytest.mark.soak
def test_a_silent_pipe_is_told_of_after_ten_seconds(gigachat: Program) -> None:
    reading, writing = os.pipe()
    running = gigachat.start("ask", "why", stdin=reading)
    os.close(reading)
    time.sleep(12)
    os.close(writing)
    result = ended(running)
    assert (result.code, result.err) == (
        0,
        "gigachat: Waiting for stdin, which is a pipe; end it, or give --no-stdin.\n",
    )
