"""`--functions`: the model calls a person's functions, when it may; what goes over the wire, and what is kept."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gigachat_cli.simulator import Simulator

from ..conftest import Program
from ..raw import RawServer, read_request, response
from ..terminal import Terminal
from .conftest import Rules, ended, until

SOURCE = '''
"""Two functions, and some that go wrong."""
import os
import subprocess
import sys
import time
from dataclasses import dataclass

print("loaded")
calls = 0


@dataclass
class Report:
    city: str
    degrees: float


def weather(city: str, days: int = 1) -> Report:
    """Tell the weather.

    Args:
        city: where
    """
    print("weather in", city)
    subprocess.run(["echo", "a child prints"])
    return Report(city, 3.5)


def clock(zone: str = "UTC") -> str:
    """Tell the time."""
    return "12:00"


def count() -> int:
    """Count the calls in this process."""
    global calls
    calls += 1
    return calls


def sleep(seconds: float, mark: str) -> None:
    """Sleep, and leave a mark before."""
    open(mark, "w").write(str(os.getpid()))
    time.sleep(seconds)


def fail(kind: str) -> object:
    """Go wrong."""
    if kind == "raise":
        raise ValueError("no such town")
    if kind == "exit":
        sys.exit(3)
    if kind == "die":
        os._exit(7)
    if kind == "object":
        return object()
    if kind == "nan":
        return float("nan")
    if kind == "long":
        return "x" * 300_000
    if kind == "loop":
        found = []
        found.append(found)
        return found
    if kind == "surrogate":
        return chr(0xD800)
    if kind == "close":
        os.close(1)
        os.close(2)
    if kind == "input":
        return sys.stdin.read()
    if kind == "partial":
        print("without an end", end="")
    if kind == "escape":
        print("\\x1b[31mred\\x1b]0;title\\x07")
    return {"kind": kind}


async def later() -> dict:
    """Do it in a loop."""
    return {"done": True}
'''

ROUNDS: list[Any] = [("weather", {"city": "Пермь"}), ("clock", {"zone": "MSK"}), ("weather", {"city": "Омск"}), "Done."]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "made.py"
    path.write_text(SOURCE, encoding="utf-8")
    return path


@contextmanager
def scripted(bodies: Sequence[dict[str, Any]]) -> Iterator[dict[str, str]]:
    """A service that answers with these bodies, one after the other; streamed where a stream is wanted."""
    left = list(bodies)

    def answer(connection: socket.socket) -> None:
        streamed = b"text/event-stream" in read_request(connection)
        body = json.dumps(left.pop(0))
        kind = "text/event-stream" if streamed else "application/json"
        text = f"data: {body}\n\ndata: [DONE]\n\n" if streamed else body
        connection.sendall(response("200 OK", text.encode(), Content_Type=kind, Connection="close"))

    with RawServer(answer) as server:
        yield {
            "GIGACHAT_BASE_URL": f"http://127.0.0.1:{server.port}/v1",
            "GIGACHAT_ACCESS_TOKEN": "made-up",
            "GIGACHAT_MODEL": "GigaChat-2",
        }


def bodies(simulator: Simulator) -> list[dict[str, Any]]:
    return [call.json for call in simulator.calls("chat")]


def results(simulator: Simulator) -> list[dict[str, Any]]:
    """What the last request says that the functions returned."""
    return [json.loads(each["content"]) for each in bodies(simulator)[-1]["messages"] if each["role"] == "function"]


@pytest.fixture
def outcome(gigachat: Program, simulator: Simulator, file: Path) -> Callable[..., dict[str, Any]]:
    """Have the model call one function, and look at what it gets back."""

    def call(name: str, arguments: dict[str, Any], *words: str, code: int = 0) -> dict[str, Any]:
        simulator.log.clear()
        simulator.plan = [(name, arguments), "Done."]
        result = gigachat("ask", "go", "--functions", str(file), "--approve", "all", *words)
        assert (result.out, result.code) == ("Done.\n", code), result.err
        call.err = result.err  # type: ignore[attr-defined]  # for those who want it
        (found,) = results(simulator)
        return found

    return call


# Rounds


@pytest.mark.parametrize("whole", [[], ["--no-stream"]], ids=["streamed", "whole"])
def test_three_rounds_of_two_functions(
    whole: list[str], gigachat: Program, simulator: Simulator, file: Path, rules: Rules
) -> None:
    simulator.plan, simulator.demand_state_id = ROUNDS, True
    words = ["ask", "What", "is", "it", "like?", "--functions", str(file), "--approve", "all", *whole]
    result = gigachat(*words, "--json")
    assert result.code == 0, result.err
    assert result.err.splitlines() == [
        "loaded",
        "weather in Пермь",
        "a child prints",
        "weather in Омск",
        "a child prints",
    ]
    rules.no_secret(result.err)
    answer = json.loads(result.out)
    assert (answer["answer"], answer["finish_reason"], answer["complete"]) == ("Done.", "stop", True)

    sent = bodies(simulator)
    assert len(sent) == 4
    assert [each.get("function_call") for each in sent] == ["auto"] * 4
    assert [each["name"] for each in sent[0]["functions"]] == ["weather", "clock", "count", "sleep", "fail", "later"]
    assert sent[0]["functions"][0] == {
        "name": "weather",
        "description": "Tell the weather.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "where"}, "days": {"type": "integer"}},
            "required": ["city"],
        },
        "return_parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "degrees": {"type": "number"}},
            "required": ["city", "degrees"],
        },
    }
    for number, each in enumerate(sent):
        assert [message["role"] for message in each["messages"]] == ["user"] + ["assistant", "function"] * number
    first, second = sent[-1]["messages"][1:3]
    assert first["function_call"] == {"name": "weather", "arguments": {"city": "Пермь"}}
    assert first["functions_state_id"]
    assert second == {"role": "function", "name": "weather", "content": '{"city": "Пермь", "degrees": 3.5}'}
    assert json.loads(sent[-1]["messages"][4]["content"]) == {"result": "12:00"}

    assert answer["usage"]["total_tokens"] > answer["usage"]["completion_tokens"] > 0

    kept = json.loads(gigachat("history", "export", "--format", "json").out)[0]
    (turn,) = kept["history"]
    assert [message["role"] for message in turn["messages"]] == ["user", *["assistant", "function"] * 3, "assistant"]
    assert turn["messages"][-1]["content"] == "Done."
    assert turn["state"] == "complete"


@pytest.mark.parametrize("whole", [[], ["--no-stream"]], ids=["streamed", "whole"])
def test_usage_is_that_of_all_requests(whole: list[str], gigachat: Program, home: Path, file: Path) -> None:
    def usage(number: int) -> dict[str, int]:
        names = ("prompt_tokens", "completion_tokens", "total_tokens", "precached_prompt_tokens")
        return {name: number * place for place, name in enumerate(names, start=1)}

    part = "delta" if not whole else "message"
    call = {"content": "", "role": "assistant", "function_call": {"name": "clock", "arguments": {}}}
    rounds = [
        {"choices": [{part: call, "index": 0, "finish_reason": "function_call"}], "usage": usage(1)},
        {"choices": [{part: call, "index": 0, "finish_reason": "function_call"}], "usage": usage(10)},
        {"choices": [{part: {"content": "Noon."}, "index": 0, "finish_reason": "stop"}], "usage": usage(100)},
    ]
    with scripted(rounds) as environment:
        words = ["ask", "hi", "--json", "--functions", str(file), "--approve", "all", *whole]
        result = gigachat(*words, environment=environment)
    assert json.loads(result.out)["usage"] == usage(111)
    (kept,) = json.loads(gigachat("history", "export", "--format", "json").out)
    assert kept["total_tokens"] == 333


def test_a_conversation_goes_on_with_its_calls(gigachat: Program, simulator: Simulator, file: Path) -> None:
    simulator.plan, simulator.demand_state_id = list(ROUNDS), True
    words = ["--functions", str(file), "--approve", "all"]
    assert gigachat("ask", "first", *words).code == 0
    simulator.plan = [("count", {}), "Again."]
    assert gigachat("ask", "-c", "second", *words).out == "Again.\n"
    roles = [each["role"] for each in bodies(simulator)[-1]["messages"]]
    assert roles == ["user", *["assistant", "function"] * 3, "assistant", "user", "assistant", "function"]
    assert gigachat("ask", "-c", "third").code == 0


def test_what_is_said_before_a_call_is_shown_and_kept_apart(
    gigachat: Program, simulator: Simulator, file: Path
) -> None:
    """The simulator never says anything before a call."""
    call = {"name": "clock", "arguments": {}}
    delta = {"content": "Let me look.", "role": "assistant", "function_call": call, "functions_state_id": "s"}
    event = {"choices": [{"delta": delta, "index": 0, "finish_reason": "function_call"}]}
    last = {"choices": [{"delta": {"content": "Noon."}, "index": 0, "finish_reason": "stop"}]}
    with scripted([event, last]) as environment:
        result = gigachat("ask", "hi", "--functions", str(file), "--approve", "all", environment=environment)
    assert (result.out, result.code) == ("Let me look.\n\nNoon.\n", 0)
    (kept,) = json.loads(gigachat("history", "export", "--format", "json").out)
    assert [each["content"] for each in kept["history"][0]["messages"]] == [
        "hi",
        "Let me look.",
        '{"result": "12:00"}',
        "Noon.",
    ]


@pytest.mark.parametrize("whole", [[], ["--no-stream"]], ids=["streamed", "whole"])
def test_after_the_last_round_the_model_is_told_to_answer(
    whole: list[str], gigachat: Program, simulator: Simulator, file: Path
) -> None:
    words = ["ask", "hi", "--functions", str(file), "--approve", "all", *whole]
    simulator.plan = [("count", {})] * 2 + ["Done."]
    assert gigachat(*words, "--max-rounds", "2").code == 0
    assert [each["function_call"] for each in bodies(simulator)] == ["auto", "auto", "none"]
    assert results(simulator) == [{"result": 1}, {"result": 2}]
    simulator.log.clear()
    simulator.plan = [("count", {})] * 20
    result = gigachat(*words)
    assert (result.out.strip(), result.code) == ("", 6)
    assert "8 rounds" in result.err
    assert len(bodies(simulator)) == 9
    error = json.loads(gigachat(*words, "--json", "--max-rounds", "1").err.splitlines()[-1])["error"]
    assert error["code"] == "too_many_rounds"


def test_a_demanded_call_is_demanded_once(gigachat: Program, simulator: Simulator, file: Path) -> None:
    words = ["--functions", str(file), "--approve", "all", "-o", 'function_call={"name":"clock"}']
    assert gigachat("ask", "hi", *words).code == 0
    assert [each["function_call"] for each in bodies(simulator)] == [{"name": "clock"}, "auto"]


def test_built_in_functions_are_listed_beside(gigachat: Program, simulator: Simulator, file: Path) -> None:
    assert gigachat("ask", "hi", "--functions", str(file), "-o", 'functions=[{"name":"text2image"}]').code == 0
    assert [each["name"] for each in bodies(simulator)[0]["functions"]][-2:] == ["later", "text2image"]


def test_a_dry_run_shows_the_functions_and_calls_none(gigachat: Program, simulator: Simulator, file: Path) -> None:
    shown = json.loads(gigachat("ask", "hi", "--dry-run", "--functions", str(file)).out)
    assert shown["body"]["functions"][0]["name"] == "weather"
    assert simulator.requests == []


# What comes of a call


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("raise", "ValueError: no such town"),
        ("exit", "SystemExit: 3"),
        ("die", "The function's process ended (code 7)."),
        ("object", "The function returned what is not JSON: a value of type object"),
        ("nan", "The function returned what is not JSON"),
        ("loop", "The function returned what is not JSON: Circular reference detected"),
        ("long", "The function returned 300014 characters; 200000 are the most."),
    ],
)
def test_what_goes_wrong_is_told_to_the_model_and_to_the_person(
    kind: str, error: str, outcome: Callable[..., dict[str, Any]]
) -> None:
    found = outcome("fail", {"kind": kind})
    assert found["error"].startswith(error)
    assert list(found) == ["error"]
    told = outcome.err  # type: ignore[attr-defined]
    assert "gigachat: fail failed: " in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("kind", "result"),
    [
        ("surrogate", {"result": "?"}),
        ("close", {"kind": "close"}),
        ("input", {"result": ""}),
        ("partial", {"kind": "partial"}),
        ("escape", {"kind": "escape"}),
    ],
)
def test_odd_functions_do_no_harm(kind: str, result: dict[str, Any], outcome: Callable[..., dict[str, Any]]) -> None:
    assert outcome("fail", {"kind": kind}) == result
    if kind == "partial":
        assert "without an end\n" in outcome.err  # type: ignore[attr-defined]


def test_a_function_may_be_async(outcome: Callable[..., dict[str, Any]]) -> None:
    assert outcome("later", {}) == {"done": True}


@pytest.mark.parametrize(
    ("name", "arguments", "error"),
    [
        ("weather", {"city": 3}, "Invalid arguments: city must be a text, not 3."),
        ("weather", {}, "Invalid arguments: city is missing."),
        ("weather", {"city": "x", "hour": 1}, "Invalid arguments: hour is unknown; there are city, days."),
        ("weather", {"city": "x", "days": "1"}, 'Invalid arguments: days must be a whole number, not "1".'),
        ("rocket", {}, "There is no function rocket; there are weather, clock, count, sleep, fail, later."),
    ],
)
def test_arguments_that_do_not_fit_are_told_to_the_model(
    name: str, arguments: dict[str, Any], error: str, outcome: Callable[..., dict[str, Any]]
) -> None:
    assert outcome(name, arguments) == {"error": error}


def test_debug_shows_where_a_function_failed(outcome: Callable[..., dict[str, Any]]) -> None:
    outcome("fail", {"kind": "raise"}, "--debug")
    assert 'raise ValueError("no such town")' in outcome.err  # type: ignore[attr-defined]


def test_a_function_that_takes_too_long_is_ended_and_the_next_one_runs(
    gigachat: Program, simulator: Simulator, file: Path, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    simulator.plan = [("sleep", {"seconds": 60, "mark": str(mark)}), ("count", {}), "Done."]
    words = ["--functions", str(file), "--approve", "all", "--function-timeout", "0.5"]
    assert gigachat("ask", "hi", *words).code == 0
    assert results(simulator) == [
        {"error": "The function ran longer than 0.5 s and was ended."},
        {"result": 1},
    ]
    assert gone(int(mark.read_text()))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_function_ends_with_the_program(
    number: signal.Signals, gigachat: Program, simulator: Simulator, file: Path, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    simulator.plan = [("count", {}), ("sleep", {"seconds": 60, "mark": str(mark)})]
    running = gigachat.start("ask", "hi", "--functions", str(file), "--approve", "all")
    until(lambda: mark.exists() and mark.read_text())
    os.kill(running.pid, number)
    result = ended(running)
    assert result.code in (128 + number, -number)
    until(lambda: gone(int(mark.read_text())))
    simulator.plan = []
    (kept,) = json.loads(gigachat("history", "export", "--format", "json").out)
    (turn,) = kept["history"]
    assert turn["state"] == "failed"
    assert [each["role"] for each in turn["messages"]][:3] == ["user", "assistant", "function"]
    # What stayed without an answer is not sent again, the calls neither.
    assert gigachat("ask", "--session", str(kept["id"]), "next").code == 0
    assert len(bodies(simulator)[-1]["messages"]) == 1


# Approval


def test_a_script_refuses_what_it_was_not_allowed(
    gigachat: Program, simulator: Simulator, file: Path, rules: Rules
) -> None:
    for words, allowed in (
        ([], set()),
        (["--approve", "none"], set()),
        (["--approve", "clock"], {"clock"}),
        (["--approve", "weather, clock"], {"weather", "clock"}),
    ):
        simulator.plan = list(ROUNDS)
        result = gigachat("ask", "hi", "--functions", str(file), *words)
        assert (result.out, result.code) == ("Done.\n", 0)
        called = ["weather", "clock", "weather"]
        refused = {"error": "The user does not allow this call."}
        assert [each == refused for each in results(simulator)] == [name not in allowed for name in called]
        assert result.err.count("Not run: ") == sum(name not in allowed for name in called)
        assert ('Not run: weather(city="Пермь")' in result.err) == ("weather" not in allowed)
        assert ("--approve weather" in result.err) == (words in ([], ["--approve", "clock"]))
        rules.no_secret(result.err)


@pytest.mark.parametrize(
    ("typed", "ran"),
    [
        (["o", "o", "o"], [True, True, True]),
        (["a", "once"], [True, True, True]),
        (["never", "y"], [False, True, False]),
        (["what?\ro", "n", "O"], [True, False, True]),
    ],
)
def test_a_person_is_asked_once_always_never(
    typed: list[str],
    ran: list[bool],
    simulator: Simulator,
    file: Path,
    at_terminal: Callable[..., Terminal],
) -> None:
    simulator.plan = list(ROUNDS)
    running = at_terminal("ask", "hi", "--functions", str(file))
    at = 0
    for each in typed:
        running.wait_for_bytes(b"[n]ever: ", after=at)
        at = len(running.raw)
        time.sleep(0.1)  # what was typed before the question was there does not count
        running.type(f"{each}\r")
    assert running.ended() == 0
    assert "Done." in running.text
    assert [not each.get("error") for each in results(simulator)] == ran
    assert running.text.count('The model calls weather(city="Пермь")') == 1


def test_what_was_typed_before_the_question_does_not_answer_it(
    simulator: Simulator, file: Path, at_terminal: Callable[..., Terminal]
) -> None:
    simulator.faults.add("slow", seconds=1)
    simulator.plan = [("clock", {}), "Done."]
    running = at_terminal("ask", "hi", "--functions", str(file))
    simulator.wait_for(1, "chat")
    running.type("a\r")
    running.wait_for_bytes(b"[n]ever: ")
    time.sleep(0.1)
    running.type("n\r")
    assert running.ended() == 0
    assert results(simulator) == [{"error": "The user does not allow this call."}]


def test_a_pipe_for_stdin_leaves_the_terminal_to_ask_at(
    simulator: Simulator, file: Path, tmp_path: Path, at_terminal: Callable[..., Terminal]
) -> None:
    piped = tmp_path / "piped"
    piped.write_text("from a file")
    simulator.plan = [("clock", {}), "Done."]
    running = at_terminal("ask", "hi", "--functions", str(file), streams=("stderr",), stdin=piped)
    running.wait_for_bytes(b"[n]ever: ")
    time.sleep(0.1)
    running.type("o\r")
    assert running.ended() == 0
    assert results(simulator) == [{"result": "12:00"}]
    assert (tmp_path / "stdout").read_text() == "Done.\n"


def test_ctrl_c_at_the_question_runs_nothing(
    simulator: Simulator, file: Path, at_terminal: Callable[..., Terminal]
) -> None:
    simulator.plan = [("clock", {}), "Done."]
    running = at_terminal("ask", "hi", "--functions", str(file))
    running.wait_for_bytes(b"[n]ever: ")
    running.type("\x03")
    assert running.ended() == 130
    assert len(bodies(simulator)) == 1


def test_what_is_said_before_a_call_is_drawn_before_the_question(
    simulator: Simulator, file: Path, at_terminal: Callable[..., Terminal]
) -> None:
    call = {"name": "clock", "arguments": {}}
    delta = {"content": "Let me **look**:\n\n- one\n- two", "role": "assistant", "function_call": call}
    event = {"choices": [{"delta": delta, "index": 0, "finish_reason": "function_call"}]}
    last = {"choices": [{"delta": {"content": "- It is *noon*."}, "index": 0, "finish_reason": "stop"}]}
    with scripted([event, last]) as environment:
        running = at_terminal("ask", "hi", "--functions", str(file), environment=environment)
        running.wait_for_bytes(b"[n]ever: ")
        time.sleep(0.1)
        running.type("o\r")
        assert running.ended() == 0
    word = running.text.partition("begins with this word: \x1b[7m ")[2].partition(" \x1b[27m")[0]
    assert re.fullmatch("[a-z]{4}-[a-z]{4}", word)
    assert running.filled_lines == [
        "loaded",
        f"gigachat: A question about a function begins with this word:  {word}",
        "Let me look:",
        " • one",
        " • two",
        f" {word}  The model calls clock()",
        f" {word}  Run it? [o]nce, [a]lways, [n]ever: o",
        " • It is noon.",
    ]


def test_what_functions_print_is_filtered_at_a_terminal(
    simulator: Simulator, file: Path, at_terminal: Callable[..., Terminal]
) -> None:
    simulator.plan = [("fail", {"kind": "escape"}), "Done."]
    running = at_terminal("ask", "hi", "--functions", str(file), "--approve", "all")
    assert running.ended() == 0
    assert b"red" in running.raw
    assert b"\x1b[31mred" not in running.raw
    assert b"title" not in running.raw


# Files that cannot be used


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def f(:\n", "line 1: invalid syntax"),
        ("\nimport no_such_module\n", "line 2: ModuleNotFoundError: No module named 'no_such_module'"),
        ("x = 1 / 0\n", "line 1: ZeroDivisionError: division by zero"),
        ("import sys\nsys.exit(0)\n", "it ends the program while it is loaded"),
        ("import os\nos._exit(0)\n", "it ended the process while it was loaded"),
        ("x = 1\n", "offers no function."),
        ("def f(x): return x\n", "offers no function (f: it has no docstring)."),
        ("while True: pass\n", "it was not loaded within 0.5 s"),
        ("\0", "null bytes"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_usage_error(
    source: str, said: str, gigachat: Program, simulator: Simulator, tmp_path: Path, rules: Rules
) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text(source)
    result = gigachat("ask", "hi", "--functions", str(bad), "--function-timeout", "0.5" if "while" in source else "30")
    rules.hold(result)
    assert (result.out, result.code) == ("", 2)
    assert said in result.err
    assert simulator.requests == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--functions", "none.py"], "none.py could not be read: No such file or directory."),
        (["--functions", "."], "could not be read: Is a directory."),
        (["--approve", "all"], "go with --functions"),
        (["--functions", "FILE", "--approve", "wether"], "Did you mean weather?"),
        (["--functions", "FILE", "--approve", ""], "--approve needs all, none, or names"),
        (["--functions", "FILE", "--max-rounds", "0"], "--max-rounds must be a number above 0"),
        (["--functions", "FILE", "--function-timeout", "0"], "--function-timeout must be"),
    ],
)
def test_bad_options_are_usage_errors(
    words: list[str], said: str, gigachat: Program, simulator: Simulator, file: Path
) -> None:
    result = gigachat("ask", "hi", *[str(file) if word == "FILE" else word for word in words])
    assert (result.out, result.code) == ("", 2)
    assert said in result.err
    assert simulator.requests == []


def test_a_file_may_import_its_neighbours_and_shadow_nothing_of_ours(
    gigachat: Program, simulator: Simulator, tmp_path: Path
) -> None:
    (tmp_path / "neighbour.py").write_text("ANSWER = 42\n")
    (tmp_path / "json.py").write_text("raise RuntimeError\n")
    file = tmp_path / "queue.py"
    file.write_text('import neighbour\n\n\ndef f() -> int:\n    """Answer."""\n    return neighbour.ANSWER\n')
    simulator.plan = [("f", {}), "Done."]
    assert gigachat("ask", "hi", "--functions", str(file), "--approve", "all").code == 0
    assert results(simulator) == [{"result": 42}]
    assert not list(tmp_path.glob("__pycache__/queue*"))


# gigachat functions


def test_functions_are_validated_by_the_service(
    gigachat: Program, simulator: Simulator, file: Path, rules: Rules
) -> None:
    result = gigachat("functions", "validate", str(file))
    assert result.code == 0
    rows = [line.split("\t") for line in result.out.splitlines()]
    assert [row[:2] for row in rows[:2]] == [["weather", "true"], ["clock", "true"]]
    assert "few_shot_examples are missing" in rows[0][2]
    (first, *_) = json.loads(gigachat("functions", "validate", str(file), "--json").out)
    assert list(first) == ["function", "valid", "message", "errors", "warnings"]
    assert len(simulator.calls("functions")) == 12


def test_an_invalid_function_is_told_with_exit_code_6(gigachat: Program, simulator: Simulator, tmp_path: Path) -> None:
    file = tmp_path / "f.py"
    file.write_text('def f() -> int:\n    """Answer."""\n')
    found = {
        "status": 200,
        "message": "Incorrect function syntax",
        "errors": [{"description": "name is odd", "schema_location": "name"}],
    }
    with scripted([found]) as environment:
        result = gigachat("functions", "validate", str(file), environment=environment)
    assert (result.out, result.code) == ("f\tfalse\tname: name is odd\n", 6)
    assert "1 of 1 functions is not valid." in result.err
    simulator.faults.add("503", at="functions", times=None)
    assert gigachat("functions", "validate", str(file), "--max-retries", "0").code == 1


def test_descriptions_are_shown_without_the_network(gigachat: Program, simulator: Simulator, file: Path) -> None:
    shown = json.loads(gigachat("functions", "show", str(file)).out)
    assert shown[0]["name"] == "weather"
    assert simulator.requests == []


def test_a_plain_question_loads_nothing_of_functions(gigachat: Program, simulator: Simulator) -> None:
    from .test_start import loaded, ours

    gigachat("ask", "hi")
    names = ours(loaded(gigachat, "ask", "hi")) | ours(loaded(gigachat, "ask", "--help"))
    assert not {name for name in names if "tools" in name or name.endswith((".functions", ".calling"))} - {
        "gigachat_cli.cli.functions"
    }


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # One that has ended and is not yet waited for is gone as well.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
