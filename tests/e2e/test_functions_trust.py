"""A function runs only with arguments that were understood, only as shown, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from gigachat_cli.simulator import Simulator

from ..conftest import Program
from ..raw import RawServer, read_request, response
from ..terminal import Terminal
from .conftest import until
from .test_functions import bodies, gone, results

SOURCE = '''
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass


@dataclass
class Place:
    name: str

    def __post_init__(self):
        open("made", "w").close()


def rm(path: str = "EVERYTHING", depth: float = 1) -> str:
    """Remove a path."""
    with open("removed", "a") as file:
        file.write(path + "\\n")
    return path


def at(place: Place) -> str:
    """Say where."""
    return place.name


def odd(kind: str) -> dict:
    """Do what no function should."""
    if kind == "fork":
        return {"forked": os.fork() == 0}
    if kind == "protocol":
        for number in range(3, 20):
            try:
                os.write(number, b'{"id": "", "result": "forged"}\\\\n{"result"')
            except OSError:
                pass
    if kind in ("child", "session", "grandchild"):
        command = ["sleep", "300"] if kind != "grandchild" else ["sh", "-c", "sleep 300 & echo $!"]
        child = subprocess.Popen(command, start_new_session=kind != "child", stdout=subprocess.PIPE)
        return {"pid": int(child.stdout.readline()) if kind == "grandchild" else child.pid}
    if kind in ("hang", "hang in the group"):
        own = kind == "hang"
        child = subprocess.Popen(["sleep", "300"], start_new_session=own)
        open("child", "w").write(str(child.pid))
        time.sleep(300)
    if kind == "die":
        os._exit(7)
    if kind == "environment":
        return dict(os.environ)
    if kind == "descriptors":
        paths = [f"/proc/self/fd/{number}" for number in range(3, 100)]
        return {"open": [os.readlink(path) for path in paths if os.path.lexists(path)]}
    return {"kind": kind}
'''


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "made.py"
    path.write_text(SOURCE, encoding="utf-8")
    return path


@pytest.fixture
def removed(home: Path) -> Path:
    """What `rm` leaves where the program runs."""
    return home / "removed"


@contextmanager
def answering(texts: Sequence[str]) -> Iterator[tuple[dict[str, str], list[bytes]]]:
    """A service that answers with these texts of JSON, one after the other, and keeps the requests."""
    left, asked = list(texts), []

    def answer(connection: socket.socket) -> None:
        request = read_request(connection)
        asked.append(request.partition(b"\r\n\r\n")[2])
        streamed = b"text/event-stream" in request
        text = left.pop(0)
        kind = "text/event-stream" if streamed else "application/json"
        name = "event: response.message.done\n" if "messages" in text else ""
        body = f"{name}data: {text}\n\n" + ("" if name else "data: [DONE]\n\n") if streamed else text
        connection.sendall(response("200 OK", body.encode(), Content_Type=kind, Connection="close"))

    with RawServer(answer) as server:
        yield {"GIGACHAT_BASE_URL": f"http://127.0.0.1:{server.port}/v1", "GIGACHAT_ACCESS_TOKEN": "made-up"}, asked


def call_text(arguments: str, *, second: bool, streamed: bool, reason: str = "function_call") -> str:
    call = f'{{"name": "rm", "arguments": {arguments}}}'
    if second:
        part = f'{{"function_call": {call}}}'
        return f'{{"messages": [{{"role": "assistant", "content": [{part}]}}], "finish_reason": "{reason}"}}'
    part = "delta" if streamed else "message"
    message = f'{{"content": "", "role": "assistant", "function_call": {call}}}'
    return f'{{"choices": [{{"{part}": {message}, "index": 0, "finish_reason": "{reason}"}}]}}'


def answer_text(*, second: bool, streamed: bool) -> str:
    if second:
        content = '[{"text": "Done."}]'
        return f'{{"messages": [{{"role": "assistant", "content": {content}}}], "finish_reason": "stop"}}'
    part = "delta" if streamed else "message"
    return json.dumps({"choices": [{part: {"content": "Done."}, "index": 0, "finish_reason": "stop"}]})


# Arguments that were not understood


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (r'"{\"path\": \"a"', "are not JSON, or only a part of it"),
        ('"[1]"', "are a list, not an object"),
        ("null", "are missing"),
        ('{"path": NaN}', "hold a number that is none, or too large"),
        (r'"{\"depth\": 1e999}"', "hold a number that is none, or too large"),
        (f'{{"depth": {"9" * 5000}}}', "hold a number that is none, or too large"),
        ('{"path": "a", "path": "b"}', 'give "path" twice'),
    ],
)
@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("second", [False, True], ids=["v1", "v2"])
def test_arguments_that_were_not_understood_run_nothing(
    arguments: str, said: str, streamed: bool, second: bool, gigachat: Program, home: Path, file: Path, removed: Path
) -> None:
    form: dict[str, Any] = {"second": second, "streamed": streamed}
    words = ["--functions", str(file), "--approve", "all", "-q", *([] if streamed else ["--no-stream"])]
    if second:
        words += ["--web"]
    with answering([call_text(arguments, **form), answer_text(**form)]) as (environment, asked):
        result = gigachat("ask", "hi", *words, "-m", "M", environment=environment)
    assert (result.out, result.code) == ("Done.\n", 0), result.err
    assert not removed.exists()
    assert f"its arguments {said}" in result.err
    assert result.err.startswith("gigachat: Not run: rm(")
    (_, again) = map(json.loads, asked)
    *_, call, told = again["messages"]
    if second:
        assert call["content"][0]["function_call"] == {"name": "rm", "arguments": {}}
        error = json.loads(told["content"][0]["function_result"]["result"])
    else:
        assert call["function_call"] == {"name": "rm", "arguments": {}}
        error = json.loads(told["content"])
    assert (told["role"], list(error)) == ("function", ["error"])
    assert said in error["error"]


@pytest.mark.parametrize("reason", ["length", "error", "blacklist"])
def test_a_call_in_an_answer_that_is_not_complete_is_not_run(
    reason: str, gigachat: Program, home: Path, file: Path, removed: Path
) -> None:
    call = call_text('{"path": "a"}', second=False, streamed=True, reason=reason)
    with answering([call, answer_text(second=False, streamed=True)]) as (environment, _):
        words = ["--functions", str(file), "--approve", "all", "-m", "M"]
        result = gigachat("ask", "hi", *words, environment=environment)
    assert not removed.exists()
    if reason == "length":
        assert result.code == 0, result.err
        assert "its arguments are not complete" in result.err
    else:  # the answer itself is an error
        assert result.code == 1


def test_what_was_not_understood_stays_in_the_history_and_the_session_goes_on(
    gigachat: Program, simulator: Simulator, file: Path
) -> None:
    call = call_text(r'"{\"path\": \"a"', second=False, streamed=True)
    with answering([call, answer_text(second=False, streamed=True)]) as (environment, _):
        gigachat("ask", "hi", "--functions", str(file), "--approve", "all", "-m", "GigaChat", environment=environment)
    (kept,) = json.loads(gigachat("history", "export", "--format", "json").out)
    (turn,) = kept["history"]
    assert turn["messages"][1]["function_call"] == {
        "name": "rm",
        "arguments": {},
        "problem": "are not JSON, or only a part of it",
        "raw": '{"path": "a',
    }
    assert "was not run: its arguments are not JSON" in gigachat("history", "export", "--format", "markdown").out
    assert gigachat("ask", "-c", "next").code == 0
    assert [each["role"] for each in bodies(simulator)[-1]["messages"]] == [
        *("user", "assistant", "function", "assistant", "user")
    ]


@pytest.mark.parametrize(
    ("name", "arguments", "error"),
    [
        ("rm", {"path": 3}, "path must be a text, not 3"),
        ("rm", {"pfad": "a"}, "pfad is unknown"),
        ("rm", {"depth": 2**53 + 1}, "depth must be a number that Python can hold"),
        ("odd", {}, "kind is missing"),
        ("at", {"place": {}}, "place.name is missing"),
        ("at", {"place": {"name": 1}}, "place.name must be a text"),
    ],
)
def test_arguments_that_do_not_fit_are_not_even_asked_about(
    name: str,
    arguments: dict[str, Any],
    error: str,
    simulator: Simulator,
    file: Path,
    home: Path,
    at_terminal: Callable[..., Terminal],
) -> None:
    simulator.plan = [(name, arguments), "Done."]
    running = at_terminal("ask", "hi", "-q", "--functions", str(file))
    assert running.ended() == 0
    assert "[n]ever" not in running.text
    assert f"gigachat: Not run: {name}(" in running.text
    (found,) = results(simulator)
    assert error in found["error"]
    assert not {"removed", "made"} & set(os.listdir(home))  # nothing of the file ran, its dataclass neither


# The question


NASTY = "x\x1b]0;t\x07\u202ecod\u200b" + " " * 40 + "\u00a0; rm -rf ~\r\n\u3164\U000e0041\ufe0f"


@pytest.mark.parametrize("words", [[], ["-q"], ["--output", "text"]])
def test_the_question_shows_all_that_runs(
    words: list[str], simulator: Simulator, file: Path, removed: Path, at_terminal: Callable[..., Terminal]
) -> None:
    simulator.plan = [("rm", {"path": NASTY}), "Done."]
    running = at_terminal("ask", "hi", *words, "--functions", str(file))
    running.wait_for_bytes(b"[n]ever: ")
    shown = "".join(rows_of(running))
    escaped = r"x\u001b]0;t\u0007\u202ecod\u200b " + r"\x20" * 39 + r"\xa0; rm -rf ~\r\n\u3164\U000e0041\ufe0f"
    assert escaped in shown
    for each in "\u202e\u200b\u00a0\u3164\U000e0041\ufe0f":
        assert each not in running.text
    assert not removed.exists()
    time.sleep(0.1)
    running.type("o\r")
    assert running.ended() == 0
    assert removed.read_bytes().decode() == NASTY.replace("\r\n", "\r\n") + "\n"
    assert results(simulator) == [{"result": NASTY}]


def test_a_long_call_says_what_it_hides_and_shows_it(
    simulator: Simulator, file: Path, at_terminal: Callable[..., Terminal]
) -> None:
    text = "".join(f"<{number}>" for number in range(1000))
    simulator.plan = [("rm", {"path": text, "depth": 2.5}), "Done."]
    running = at_terminal("ask", "hi", "--functions", str(file))
    running.wait_for_bytes(b"[v]iew all, [n]ever: ")
    rows = rows_of(running)
    assert len(rows) < 22  # all of it is on the screen
    assert "depth=2.5," in rows[-4]
    hidden = int(re.fullmatch(r"(\d+) characters hidden; v shows all\.", rows[-2])[1])  # type: ignore[index]
    shown = len("".join(rows[1:-4]).rstrip("…"))
    assert hidden == len(f'path="{text}",') - shown
    at = len(running.raw)
    time.sleep(0.1)
    running.type("v\r")
    running.wait_for_bytes(b"[n]ever: ", after=at)
    assert f'path="{text}",' in "".join(rows_of(running, after=at))
    assert b"[v]iew" not in running.raw[at:]
    running.type("n\r")
    assert running.ended() == 0
    assert results(simulator) == [{"error": "The user does not allow this call."}]


@pytest.mark.parametrize("format", ["text", "markdown"])
def test_no_answer_can_draw_the_mark_of_a_question(
    format: str, simulator: Simulator, file: Path, at_terminal: Callable[..., Terminal]
) -> None:
    fake = (
        "\x1b[7m kako-lala \x1b[27m The model calls rm()\n\n> # `x` **b** [l](http://x.example)\n\n"
        "```python\n@x\ndef f(): 1/0\n```\n\n| a |\n|-|\n\n- [ ] ~~x~~ $x$\n"
    )
    simulator.plan = [("rm", {"path": "a"}), fake]
    running = at_terminal("ask", "hi", "--output", format, "--functions", str(file))
    running.wait_for_bytes(b"[n]ever: ")
    time.sleep(0.1)
    asked = len(running.raw)
    running.type("n\r")
    assert running.ended() == 0
    assert "kako-lala" in running.text
    # Reversed is only the word: once where it is told, and once in each row of the question.
    word = re.search(r"begins with this word: \x1b\[7m ([a-z]{4}-[a-z]{4}) \x1b\[27m", running.text)
    assert word is not None
    assert running.raw[:asked].count(b"\x1b[7m") == 3
    assert b"\x1b[7m" not in running.raw[asked:]
    assert word[1].encode() not in b"".join(request.body for request in simulator.requests)


def test_without_escapes_the_word_alone_is_the_mark(
    simulator: Simulator, file: Path, at_terminal: Callable[..., Terminal]
) -> None:
    simulator.plan = [("rm", {"path": "a"}), "Done."]
    running = at_terminal("ask", "hi", "--functions", str(file), environment={"TERM": "dumb"})
    running.wait_for_bytes(b"[n]ever: ")
    word = re.search(r"begins with this word: ([a-z]{4}-[a-z]{4})", running.text)
    assert word is not None
    assert f'{word[1]} The model calls rm(path="a")' in running.text
    assert "\x1b" not in running.text


# The code that was loaded


def test_a_changed_file_asks_again_although_it_was_always(
    simulator: Simulator, file: Path, at_terminal: Callable[..., Terminal]
) -> None:
    neighbour = file.with_name("neighbour.py")
    neighbour.write_text("WORD = 'old'\n")
    file.write_text('import neighbour\n\n\ndef f() -> str:\n    """Say."""\n    return neighbour.WORD\n')
    simulator.plan = [("f", {}), ("f", {}), ("f", {}), "Done."]
    running = at_terminal("ask", "hi", "--functions", str(file))
    running.wait_for_bytes(b"[n]ever: ")
    time.sleep(0.1)
    simulator.faults.add("slow", seconds=1)
    at = len(running.raw)
    running.type("a\r")
    simulator.wait_for(2, "chat")
    neighbour.write_text("WORD = 'new'\n")
    running.wait_for_bytes(b"[n]ever: ", after=at)
    told = "".join(rows_of(running, after=at, glue=" "))
    assert "made.py, or what it imports, has changed since it was loaded" in told
    time.sleep(0.1)
    running.type("a\r")
    assert running.ended() == 0
    assert results(simulator) == [{"result": "old"}, {"result": "new"}, {"result": "new"}]


@pytest.mark.parametrize("named", ["neighbour.py", "csv.py", "neighbour/__init__.py"])
def test_what_was_changed_before_its_first_import_asks_again(
    named: str, simulator: Simulator, file: Path, at_terminal: Callable[..., Terminal]
) -> None:
    module = named.partition("/")[0].removesuffix(".py")
    neighbour = file.with_name(module) / "__init__.py" if "/" in named else file.with_name(named)
    neighbour.parent.mkdir(exist_ok=True)
    if module != "csv":  # which is planted
        neighbour.write_text("WORD = 'old'\n")
    file.write_text(
        f'def f(late: bool) -> str:\n    """Say."""\n    if late:\n        import {module}\n'
        f'        return {module}.WORD\n    return "early"\n'
    )
    simulator.plan = [("f", {"late": False}), ("f", {"late": True}), ("f", {"late": True}), "Done."]
    running = at_terminal("ask", "hi", "--functions", str(file))
    running.wait_for_bytes(b"[n]ever: ")
    time.sleep(0.1)
    simulator.faults.add("slow", seconds=1)
    at = len(running.raw)
    running.type("a\r")
    simulator.wait_for(2, "chat")
    neighbour.write_text("WORD = 'new'\n")
    running.wait_for_bytes(b"[n]ever: ", after=at)
    assert results(simulator)[-1]["error"].endswith("has changed since the functions were loaded")
    time.sleep(0.1)
    running.type("o\r")
    assert running.ended() == 0
    assert results(simulator)[-1] == {"result": "new"}


@pytest.mark.parametrize("approve", ["f", "all"])
def test_a_changed_file_is_not_run_by_a_script(
    approve: str, gigachat: Program, simulator: Simulator, file: Path
) -> None:
    file.write_text(
        'import pathlib\n\n\ndef f() -> str:\n    """Say."""\n'
        '    pathlib.Path(__file__).write_text("raise SystemExit")\n    return "ran"\n'
    )
    simulator.plan = [("f", {}), ("f", {}), "Done."]
    result = gigachat("ask", "hi", "--functions", str(file), "--approve", approve)
    assert result.code == 0, result.err
    assert results(simulator) == [{"result": "ran"}, {"error": "The user does not allow this call."}]
    assert "has changed since it was loaded" in result.err


def test_after_a_crash_always_is_asked_again(
    simulator: Simulator, file: Path, at_terminal: Callable[..., Terminal]
) -> None:
    simulator.plan = [("odd", {"kind": "die"}), ("odd", {"kind": "live"}), "Done."]
    running = at_terminal("ask", "hi", "--functions", str(file), "--approve", "rm")
    running.wait_for_bytes(b"[n]ever: ")
    time.sleep(0.1)
    at = len(running.raw)
    running.type("a\r")
    running.wait_for_bytes(b"[n]ever: ", after=at)
    assert "The process of made.py has ended" in "".join(rows_of(running, after=at, glue=" "))
    time.sleep(0.1)
    running.type("n\r")
    assert running.ended() == 0
    assert [each["error"] for each in results(simulator)] == [
        "The function's process ended (code 7).",
        "The user does not allow this call.",
    ]


def test_a_script_is_told_that_a_crash_loads_the_file_again(
    gigachat: Program, simulator: Simulator, file: Path
) -> None:
    simulator.plan = [("odd", {"kind": "die"}), ("odd", {"kind": "live"}), "Done."]
    result = gigachat("ask", "hi", "-q", "--functions", str(file), "--approve", "odd")
    assert results(simulator)[1] == {"kind": "live"}
    assert "gigachat: The process of made.py has ended, so that it is loaded again." in result.err


# What a function leaves


@pytest.mark.parametrize("kind", ["fork", "protocol"])
def test_a_result_counts_once(kind: str, gigachat: Program, simulator: Simulator, file: Path) -> None:
    simulator.plan = [("odd", {"kind": kind}), ("odd", {"kind": "next"}), ("odd", {"kind": "last"}), "Done."]
    words = ["--functions", str(file), "--approve", "all", "--function-timeout", "5"]
    assert gigachat("ask", "hi", *words).code == 0
    first = {"forked": False} if kind == "fork" else {"kind": "protocol"}
    assert results(simulator) == [first, {"kind": "next"}, {"kind": "last"}]


@pytest.mark.parametrize("kind", ["child", "session", "grandchild"])
def test_what_a_function_started_ends_with_it(
    kind: str, simulator: Simulator, file: Path, at_terminal: Callable[..., Terminal]
) -> None:
    simulator.plan = [("odd", {"kind": kind}), ("rm", {"path": "a"}), "Done."]
    running = at_terminal("ask", "hi", "--functions", str(file), "--approve", "odd")
    running.wait_for_bytes(b"[n]ever: ")  # the program and its worker live on
    (found,) = results(simulator)
    until(lambda: gone(found["pid"]))
    running.type("n\r")
    assert running.ended() == 0


@pytest.mark.parametrize("way", ["timeout", "interrupt", "kill"])
def test_what_a_function_started_ends_when_it_is_ended(
    way: str, gigachat: Program, simulator: Simulator, file: Path, home: Path
) -> None:
    # After a kill nobody is left to look for more than the group.
    simulator.plan = [("odd", {"kind": "hang in the group" if way == "kill" else "hang"}), "Done."]
    words = ["--functions", str(file), "--approve", "all", "--function-timeout", "2" if way == "timeout" else "60"]
    running = gigachat.start("ask", "hi", *words)
    mark = home / "child"
    until(lambda: mark.exists() and mark.read_text())
    if way != "timeout":
        os.kill(running.pid, signal.SIGINT if way == "interrupt" else signal.SIGKILL)
    running.communicate(timeout=20)
    until(lambda: gone(int(mark.read_text())))


# What a function finds


def test_a_function_finds_no_secret_of_ours(gigachat: Program, simulator: Simulator, file: Path) -> None:
    simulator.plan = [("odd", {"kind": "environment"}), ("odd", {"kind": "descriptors"}), "Done."]
    secret = "s3cret-word"  # made up
    environment = {
        "GIGACHAT_PASSWORD": secret,
        "GIGACHAT_USER": "somebody",
        "GIGACHAT_KEY_FILE_PASSWORD": secret,
        "COPY_OF_THE_KEY": f"key={simulator.credentials}",
        "https_proxy": "http://user:other/w@rd@proxy.example:3128",
        "no_proxy": "127.0.0.1,localhost",
        "HTTP_PROXY_BEFORE": "http://user:other@proxy.example:3128",
        "DECODED": b64decode(simulator.credentials).decode(),
        "SECRET_ALONE": b64decode(simulator.credentials).decode().partition(":")[2],
        "TWICE": b64encode(simulator.credentials.encode()).decode(),
        "HEX": simulator.credentials.encode().hex().upper(),
        "IN_AN_ADDRESS": f"https://x.example/?key={quote(simulator.credentials, safe='')}",
        "PLAIN": "stays",
    }
    assert gigachat("ask", "hi", "--functions", str(file), "--approve", "all", environment=environment).code == 0
    found, descriptors = results(simulator)
    assert secret not in json.dumps(found)
    assert "other" not in json.dumps(found)
    assert simulator.credentials not in json.dumps(found)
    assert not {name for name in found if name in environment} - {
        "https_proxy",
        "no_proxy",
        "HTTP_PROXY_BEFORE",
        "PLAIN",
    }
    assert found["https_proxy"] == "http://proxy.example:3128"
    assert "HOME" in found
    # The two ends of its own channel, and nothing of the program's.
    assert [each.partition("[")[0] for each in descriptors["open"]] == ["pipe:", "pipe:"]


# Files that are none


@pytest.mark.parametrize("command", [["ask", "hi", "--functions"], ["functions", "show"], ["functions", "validate"]])
def test_a_pipe_for_a_file_is_refused_at_once(
    command: list[str], gigachat: Program, simulator: Simulator, tmp_path: Path
) -> None:
    fifo = tmp_path / "fifo.py"
    os.mkfifo(fifo)
    for path in (fifo, Path("/dev/zero"), tmp_path):
        start = time.monotonic()
        result = gigachat(*command, str(path), timeout=10)
        assert time.monotonic() - start < 5
        assert (result.out, result.code) == ("", 2)
        assert "could not be read" in result.err
    assert simulator.requests == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def f(x: object) -> int:", "f is not offered to the model: its parameter x: it may be anything"),
        ("def f(x: int | bool) -> int:", "f is not offered to the model: its parameter x: it may be of several types"),
        ("def web_search(q: str) -> str:", "web_search is not offered to the model: its name is that of a function"),
    ],
)
def test_what_the_service_refuses_is_told_when_the_file_is_loaded(
    source: str, said: str, gigachat: Program, simulator: Simulator, tmp_path: Path
) -> None:
    path = tmp_path / "f.py"
    path.write_text(f'{source}\n    """Do it."""\n\n\ndef g() -> int:\n    """Answer."""\n')
    simulator.plan = ["Done."]
    result = gigachat("ask", "hi", "--functions", str(path))
    assert result.code == 0
    assert said in result.err
    assert [each["name"] for each in bodies(simulator)[0]["functions"]] == ["g"]


def test_every_hint_is_described_as_the_service_takes_it(
    gigachat: Program, simulator: Simulator, tmp_path: Path
) -> None:
    path = tmp_path / "f.py"
    path.write_text(
        "from typing import Any, Literal\n\n\n"
        "def f(a: dict, b: list, c: Literal[1, 2], d: int | str, e: dict[str, Any], g: list[dict]) -> object:\n"
        '    """Do it."""\n    return [a, b, c, d, e, g]\n'
    )
    arguments = {"a": {"x": 1}, "b": [1], "c": 2, "d": "3", "e": {}, "g": [{}]}
    simulator.plan = [("f", arguments), "Done."]
    assert gigachat("ask", "hi", "--functions", str(path), "--approve", "all").code == 0
    assert results(simulator) == [{"result": list(arguments.values())}]
    assert gigachat("functions", "validate", str(path)).code == 0


def test_functions_of_a_request_field_meet_the_same_refusal(gigachat: Program, simulator: Simulator) -> None:
    function = {"name": "f", "parameters": {"type": "object", "properties": {"data": {"type": "object"}}}}
    result = gigachat("ask", "hi", "-o", f"functions={json.dumps([function])}")
    assert result.code != 0
    assert "Field 'properties.data.properties' is missing" in result.err


# A call without a result


def test_a_kill_at_the_question_leaves_a_session_that_goes_on(
    gigachat: Program, simulator: Simulator, file: Path, at_terminal: Callable[..., Terminal]
) -> None:
    assert gigachat("ask", "first").code == 0
    simulator.plan = [("rm", {"path": "a"}), "Done."]
    running = at_terminal("ask", "-c", "hi", "--functions", str(file))
    running.wait_for_bytes(b"[n]ever: ")
    running.process.kill()
    running.process.wait()
    simulator.plan = []
    assert gigachat("ask", "-c", "next").code == 0
    assert [each["role"] for each in bodies(simulator)[-1]["messages"]] == ["user", "assistant", "user"]
    kept = json.loads(gigachat("history", "export", "--format", "json").out)
    calls = [each for turn in kept[0]["history"] for each in turn["messages"] if "function_call" in each]
    assert [each["function_call"]["name"] for each in calls] == ["rm"]


def rows_of(running: Terminal, *, after: int = 0, glue: str = "") -> list[str]:
    """The rows of the question, without their mark and their indent."""
    found = re.findall(r"\x1b\[7m [a-z]{4}-[a-z]{4} \x1b\[27m ([^\r\n]*)", running.raw[after:].decode())
    return [f"{each.lstrip()}{glue}" for each in found]
