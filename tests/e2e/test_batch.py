"""`gigachat batch` through the front door: rows, failures, what a kill leaves, and what others on the account feel."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gigachat_cli.simulator import Options, ReceivedRequest, Simulator

from ..conftest import Program, Result, use
from ..terminal import Terminal
from .conftest import Rules, ended

KEYS = {"line", "answer", "model", "finish_reason", "complete", "usage", "request_id"}
ERROR_KEYS = {"code", "message", "hint", "status", "request_id"}


@pytest.fixture
def business(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A simulator and a business account, which takes ten requests at once."""
    with Simulator(Options(scope="GIGACHAT_API_B2B"), answer="Hello.") as running:
        use(running, home, monkeypatch)
        yield running


def given(home: Path, count: int) -> Path:
    """An input of so many items, `{"id": 1, "prompt": "Question 1"}` and so on."""
    path = home / "in.jsonl"
    lines = [json.dumps({"id": number, "prompt": f"Question {number}"}) for number in range(1, count + 1)]
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def rows(source: Result | Path) -> list[dict[str, Any]]:
    text = source.out if isinstance(source, Result) else source.read_text()
    return [json.loads(line) for line in text.splitlines()]


def prompts(simulator: Simulator) -> list[str]:
    def last(request: ReceivedRequest) -> str:
        body = request.json
        assert isinstance(body, dict)
        return str(body["messages"][-1]["content"])

    return [last(request) for request in simulator.calls("chat")]


def test_each_item_has_its_row_in_order_with_all_keys(gigachat: Program, simulator: Simulator, home: Path) -> None:
    (home / "in.jsonl").write_text(
        '"one"\n\n{"id": "x", "prompt": "two", "model": "GigaChat-2-Max", "temperature": 0.5}\n'
        '{"messages": [{"role": "user", "content": "three"}], "system": "Own"}\n'
    )
    simulator.answer = "Да\x9b[31m."
    result = gigachat("batch", "in.jsonl", "-s", "Common", "-t", "0.9", "-o", "flags=[]")
    assert result.code == 0
    assert result.err.startswith("gigachat: 3 items: 3 answered; ")
    assert result.err.count("\n") == 1
    first, second, third = rows(result)
    assert [set(row) for row in (first, second, third)] == [KEYS, KEYS | {"id"}, KEYS]
    assert [row["line"] for row in (first, second, third)] == [1, 3, 4]
    assert (second["id"], second["answer"], second["complete"]) == ("x", "Да\x9b[31m.", True)
    assert second["model"].startswith("GigaChat-2-Max")
    assert first["usage"]["total_tokens"] > 0
    sent = [request.json for request in simulator.calls("chat")]
    assert [body["messages"][0]["content"] for body in sent] == ["Common", "Common", "Own"]
    assert [body["temperature"] for body in sent] == [0.9, 0.5, 0.9]
    assert all(body["flags"] == [] and "stream" not in body for body in sent)
    assert simulator.oauth_calls == 1


def test_stdin_and_a_template_and_quiet(gigachat: Program, simulator: Simulator) -> None:
    result = gigachat("batch", "-", "--format", "csv", "--template", "Say {text}", "-q", stdin="id,text\n1,a\n2,b\n")
    assert (result.code, result.err) == (0, "")
    assert prompts(simulator) == ["Say a", "Say b"]
    assert [(row["id"], row["line"]) for row in rows(result)] == [("1", 2), ("2", 3)]


def test_items_are_answered_while_the_pipe_is_still_open(gigachat: Program, simulator: Simulator) -> None:
    running = gigachat.start("batch", "-", stdin=subprocess.PIPE)
    assert running.stdin is not None
    assert running.stdout is not None
    running.stdin.write(b'"one"\n')
    running.stdin.flush()
    assert json.loads(running.stdout.readline())["line"] == 1
    time.sleep(0.8)
    assert gigachat("ask", "hi", "--timeout", "5").code == 0  # whose place a waiting batch does not keep
    running.send_signal(signal.SIGINT)
    assert ended(running).code == 130


def test_failures_are_rows_and_the_exit_code_is_6(
    gigachat: Program, simulator: Simulator, home: Path, rules: Rules
) -> None:
    simulator.faults.add("422", skip=1)
    simulator.faults.add("blacklist")
    (home / "in.jsonl").write_text('"a"\n"b"\n"c"\nnot json\n{"id": 5, "prompt": ["x"]}\n"f"\n')
    result = gigachat("batch", "in.jsonl", "-O", "out.jsonl")
    assert (result.code, result.out) == (6, "")
    rules.hold(result)
    found = rows(home / "out.jsonl")
    assert [row["line"] for row in found] == [1, 2, 3, 4, 5, 6]
    codes = [row["error"]["code"] if "error" in row else None for row in found]
    assert sorted(filter(None, codes)) == ["content_filter", "invalid_request", "usage", "usage"]
    assert codes[3:] == ["usage", "usage", None]
    assert all(set(row["error"]) == ERROR_KEYS for row in found if "error" in row)
    assert "Line 4" in found[3]["error"]["message"]
    assert found[4]["id"] == 5
    problem = json.loads(gigachat("batch", "in.jsonl", "-O", "out.jsonl", "--resume", "--json").err)
    assert problem["error"]["code"] == "items_failed"
    assert len(simulator.calls("chat")) == 4


def test_an_item_is_tried_again_after_what_may_pass(gigachat: Program, simulator: Simulator, home: Path) -> None:
    for fault in ("500", "408", "429"):
        simulator.faults.add(fault)
    result = gigachat("batch", str(given(home, 3)))
    assert (result.code, len(rows(result))) == (0, 3)
    assert len(simulator.calls("chat")) == 6


def test_without_retries_a_failure_that_may_pass_is_a_row(gigachat: Program, simulator: Simulator, home: Path) -> None:
    for fault in ("500", "reset", "429"):
        simulator.faults.add(fault)
    result = gigachat("batch", str(given(home, 4)), "--max-retries", "0")
    assert result.code == 6
    codes = sorted(row["error"]["code"] for row in rows(result) if "error" in row)
    assert codes == ["connection", "rate_limit", "service"]


def test_an_answer_at_its_token_limit_is_marked(gigachat: Program, simulator: Simulator, home: Path) -> None:
    simulator.faults.add("length")
    (row,) = rows(gigachat("batch", str(given(home, 1))))
    assert (row["finish_reason"], row["complete"]) == ("length", False)


@pytest.mark.parametrize(
    ("fault", "code", "word"),
    [("402", 5, "tokens_used_up"), ("404", 1, "unknown_model"), ("401", 3, "authentication")],
)
def test_what_would_fail_all_items_ends_the_batch_and_loses_nothing(
    gigachat: Program, simulator: Simulator, home: Path, rules: Rules, fault: str, code: int, word: str
) -> None:
    simulator.faults.add(fault, times=None, skip=2)
    asked = ("batch", str(given(home, 50)), "-O", "out.jsonl")
    result = gigachat(*asked, "--json")
    assert result.code == code
    problem = json.loads(result.err)["error"]
    assert problem["code"] == word
    assert "2 items are done; go on with --resume." in problem["hint"]
    rules.no_secret(result.err)
    assert len(rows(home / "out.jsonl")) == 2
    simulator.faults.clear()
    assert gigachat(*asked, "--resume").code == 0
    assert [row["id"] for row in rows(home / "out.jsonl")] == list(range(1, 51))
    assert all("answer" in row for row in rows(home / "out.jsonl"))


def test_a_service_that_is_gone_ends_the_batch(gigachat: Program, simulator: Simulator, home: Path) -> None:
    simulator.faults.add("reset", times=None, skip=3)
    asked = ("batch", str(given(home, 100)), "-O", "out.jsonl", "--max-retries", "0")
    result = gigachat(*asked)
    assert result.code == 4
    assert len(simulator.calls("chat")) < 20
    simulator.faults.clear()
    assert gigachat(*asked, "--resume").code == 0
    assert sorted(prompts(simulator)[3:])[0] == "Question 10"
    assert [row["id"] for row in rows(home / "out.jsonl") if "answer" in row] == list(range(1, 101))


def test_no_key_is_code_3_and_an_unreachable_service_code_4(
    gigachat: Program, simulator: Simulator, home: Path
) -> None:
    path = str(given(home, 3))
    assert gigachat("batch", path, environment={"GIGACHAT_CREDENTIALS": None}).code == 3
    gone = {"GIGACHAT_BASE_URL": "https://127.0.0.1:9/v1", "GIGACHAT_ACCESS_TOKEN": "token"}
    result = gigachat("batch", path, "--max-retries", "0", environment=gone)
    assert (result.code, result.out) == (4, "")


def test_429_slows_the_pace_until_all_are_answered(gigachat: Program, business: Simulator, home: Path) -> None:
    business.max_requests = 2
    business.faults.add("slow", seconds=0.02, times=None)
    result = gigachat("batch", str(given(home, 60)), "--concurrency", "6")
    assert (result.code, len(rows(result))) == (0, 60)
    refused = len(business.calls("chat")) - 60
    assert 0 < refused < 60


def test_a_personal_account_is_asked_one_at_a_time_and_a_business_ten(
    gigachat: Program, simulator: Simulator, business: Simulator, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(given(home, 60))
    business.faults.add("slow", seconds=0.05, times=None)
    assert gigachat("batch", path).code == 0
    assert 5 < business.accounts.peak() <= 10
    use(simulator, home, monkeypatch)
    assert gigachat("batch", path).code == 0
    assert simulator.accounts.peak() == 1


def test_a_question_gets_its_turn_while_a_batch_runs(gigachat: Program, simulator: Simulator, home: Path) -> None:
    simulator.faults.add("slow", seconds=0.02, times=None)
    running = gigachat.start("batch", str(given(home, 5000)), "-O", "out.jsonl")
    simulator.wait_for(5, "chat")
    assert gigachat("ask", "mine", "--max-retries", "0", "--timeout", "5", timeout=15).code == 0
    assert running.poll() is None
    running.send_signal(signal.SIGTERM)
    assert ended(running).code == 143
    assert simulator.accounts.peak() == 1


def test_two_batches_share_an_account(gigachat: Program, simulator: Simulator, home: Path) -> None:
    simulator.faults.add("slow", seconds=0.005, times=None)
    path = str(given(home, 150))
    running = [gigachat.start("batch", path, "-O", f"{name}.jsonl", "--max-retries", "0") for name in "ab"]
    assert [ended(process, timeout=40).code for process in running] == [0, 0]
    assert simulator.accounts.peak() == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_batch_says_how_to_go_on(
    gigachat: Program, business: Simulator, home: Path, number: signal.Signals
) -> None:
    business.faults.add("slow", seconds=0.02, times=None)
    asked = ("batch", str(given(home, 200)), "-O", "out.jsonl")
    running = gigachat.start(*asked)
    business.wait_for(40, "chat")
    running.send_signal(number)
    result = ended(running)
    assert result.code == 128 + number
    assert "go on with --resume" in result.err
    assert result.err.count("\n") == 1
    business.wait_until_idle()
    business.faults.clear()
    assert gigachat(*asked, "--resume").code == 0
    assert [row["id"] for row in rows(home / "out.jsonl")] == list(range(1, 201))
    assert len(business.calls("chat")) <= 210


def killed_and_resumed(
    gigachat: Program, simulator: Simulator, home: Path, *, items: int, kills: int, concurrency: int = 10
) -> None:
    """Kill a batch with SIGKILL at random moments, and resume it until it is done."""
    asked = ("batch", str(given(home, items)), "-O", "out.jsonl", "--concurrency", str(concurrency), "--resume")
    dice = random.Random(items)
    for number in range(1, kills + 1):
        aim = items * number // (kills + 1) + dice.randrange(concurrency)
        running = gigachat.start(*asked)
        while simulator.log.count("chat") < aim:
            assert running.poll() is None
            time.sleep(0.002)
        running.kill()
        running.communicate()
        simulator.wait_until_idle()
    result = gigachat(*asked, timeout=600)
    assert result.code == 0, result.err
    assert [row["id"] for row in rows(home / "out.jsonl")] == list(range(1, items + 1))
    assert all(row["answer"] for row in rows(home / "out.jsonl"))
    assert items <= simulator.log.count("chat") <= items + kills * concurrency
    assert [each.name for each in home.glob("out*")] == ["out.jsonl"]


def test_a_killed_batch_is_resumed_and_nothing_is_asked_twice_but_what_was_under_way(
    gigachat: Program, business: Simulator, home: Path
) -> None:
    killed_and_resumed(gigachat, business, home, items=300, kills=2)


def test_an_input_that_changed_is_not_resumed(gigachat: Program, simulator: Simulator, home: Path) -> None:
    simulator.faults.add("402", times=None, skip=3)
    path = given(home, 5)
    assert gigachat("batch", str(path), "-O", "out.jsonl").code == 5
    path.write_text('"another"\n' * 5)
    result = gigachat("batch", str(path), "-O", "out.jsonl", "--resume")
    assert result.code == 2
    assert "not the input" in result.err
    path.write_text("")
    assert gigachat("batch", str(path), "-O", "out.jsonl", "--resume").code == 2
    assert len(simulator.calls("chat")) == 4


def test_items_that_failed_are_asked_again_and_no_other(gigachat: Program, simulator: Simulator, home: Path) -> None:
    simulator.faults.add("422", times=2, skip=3)
    asked = ("batch", str(given(home, 10)), "-O", "out.jsonl")
    first = gigachat(*asked)
    assert first.code == 6
    assert "--retry-failed" in first.err
    simulator.log.clear()
    result = gigachat(*asked, "--retry-failed")
    assert result.code == 0
    assert result.err.startswith("gigachat: 10 items (8 before): 10 answered; ")
    assert prompts(simulator) == ["Question 4", "Question 5"]
    assert [(row["id"], "answer" in row) for row in rows(home / "out.jsonl")] == [(n, True) for n in range(1, 11)]
    assert [each.name for each in home.glob("out*")] == ["out.jsonl"]


def test_an_input_that_grew_is_resumed(gigachat: Program, simulator: Simulator, home: Path) -> None:
    asked = ("batch", "in.jsonl", "-O", "out.jsonl", "--resume")
    given(home, 3)
    assert gigachat(*asked).code == 0
    given(home, 5)
    result = gigachat(*asked)
    assert result.code == 0
    assert result.err.startswith("gigachat: 5 items (3 before): 5 answered")
    assert prompts(simulator) == [f"Question {number}" for number in range(1, 6)]


def test_two_processes_never_write_one_output(gigachat: Program, simulator: Simulator, home: Path) -> None:
    simulator.faults.add("stall", times=1)
    asked = ("batch", str(given(home, 3)), "-O", "out.jsonl")
    running = gigachat.start(*asked)
    simulator.wait_for(1, "chat")
    second = gigachat(*asked, "--resume")
    assert (second.code, "Another gigachat" in second.err) == (2, True)
    running.kill()
    running.communicate()


@pytest.mark.parametrize(
    "words",
    [
        ["missing.jsonl"],
        ["."],
        ["in.jsonl", "--resume"],
        ["in.jsonl", "-O", "there.jsonl"],
        ["in.jsonl", "-O", "there.jsonl", "--resume"],
        ["in.jsonl", "-O", "no/where.jsonl"],
        ["in.jsonl", "-O", "in.jsonl", "--force"],
        ["in.jsonl", "-O", "."],
        ["in.jsonl", "-O", "o", "--force", "--resume"],
        ["in.jsonl", "--concurrency", "0"],
        ["in.jsonl", "--format", "xml"],
        ["in.jsonl", "--template", "nothing"],
        ["in.jsonl", "--template", "@missing"],
        ["in.jsonl", "-t", "hot"],
        ["in.jsonl", "-o", "x"],
        ["in.jsonl", "--remote", "-O", "o"],
        ["in.jsonl", "--zzz"],
    ],
)
def test_a_wrong_use_is_code_2_and_sends_nothing(
    gigachat: Program, simulator: Simulator, home: Path, rules: Rules, words: list[str]
) -> None:
    given(home, 1)
    (home / "there.jsonl").write_text("mine\n")
    result = gigachat("batch", *words)
    assert (result.code, result.out) == (2, "")
    rules.hold(result)
    assert simulator.requests == []
    assert (home / "there.jsonl").read_text() == "mine\n"


def test_force_replaces_the_old_output_once_there_is_an_answer(
    gigachat: Program, simulator: Simulator, home: Path
) -> None:
    (home / "out.jsonl").write_text("old\n")
    asked = ("batch", str(given(home, 2)), "-O", "out.jsonl", "--force")
    simulator.faults.add("402")
    assert gigachat(*asked).code == 5
    assert (home / "out.jsonl").read_text() == "old\n"
    assert gigachat(*asked).code == 0
    assert [row["id"] for row in rows(home / "out.jsonl")] == [1, 2]


def test_dry_run_counts_and_sends_nothing(gigachat: Program, simulator: Simulator, home: Path) -> None:
    (home / "in.jsonl").write_text('"' + "x" * 350 + '"\nbad\n{"prompt": "\\ud800"}\n')
    result = gigachat("batch", "in.jsonl", "--dry-run", "--json", environment={"GIGACHAT_CREDENTIALS": None})
    counted = {"items": 1, "bad_lines": 2, "characters": 350, "estimated_prompt_tokens": 100}
    assert (result.code, json.loads(result.out)) == (0, counted)
    assert result.err.count("gigachat: ") == 2
    assert simulator.requests == []


def test_nothing_to_ask_is_no_failure(gigachat: Program, simulator: Simulator) -> None:
    result = gigachat("batch", "-", "-O", "out.jsonl", stdin="\n\n")
    assert (result.code, result.out) == (0, "")
    assert simulator.requests == []


def test_a_file_of_a_commands_name_is_named_with_its_folder(
    gigachat: Program, simulator: Simulator, home: Path
) -> None:
    given(home, 1).rename(home / "status")
    assert len(rows(gigachat("batch", "./status"))) == 1
    assert len(rows(gigachat("batch", "run", "status"))) == 1
    assert gigachat("batch", "status").code == 2


def test_the_summary_for_a_script(gigachat: Program, simulator: Simulator, home: Path) -> None:
    result = gigachat("batch", str(given(home, 2)), "--json")
    summary = json.loads(result.err)["summary"]
    assert set(summary) == {"items", "before", "answered", "failed", "total_tokens", "seconds"}
    assert (summary["items"], summary["answered"], summary["failed"]) == (2, 2, 0)


def test_a_terminal_sees_progress_and_then_one_line(
    at_terminal: Callable[..., Terminal], simulator: Simulator, home: Path
) -> None:
    simulator.faults.add("slow", seconds=0.05, times=None)
    running = at_terminal("batch", str(given(home, 20)), "-O", "out.jsonl")
    running.wait_for_bytes(b"tokens")
    running.wait_for_bytes(b"left")
    assert b"/s" in running.raw
    assert running.ended() == 0
    (line,) = running.filled_lines
    assert line.startswith("gigachat: 20 items: 20 answered; ")


def test_a_dumb_terminal_gets_no_escape(at_terminal: Callable[..., Terminal], simulator: Simulator, home: Path) -> None:
    simulator.answer = "\x1b[31mred"
    simulator.faults.add("slow", seconds=0.3)
    running = at_terminal("batch", str(given(home, 1)), environment={"TERM": "dumb"})
    assert running.ended() == 0
    assert b"\x1b" not in running.raw


def test_a_closed_pipe_ends_quietly(gigachat: Program, simulator: Simulator, home: Path) -> None:
    running = gigachat.start("batch", str(given(home, 300)))
    assert running.stdout is not None
    running.stdout.readline()
    running.stdout.close()
    running.stdout = None
    _, err = running.communicate(timeout=20)
    assert (running.returncode, err) == (141, b"")


def test_a_full_disk_ends_the_batch_with_what_was_written(gigachat: Program, simulator: Simulator, home: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full")
    result = gigachat("batch", str(given(home, 3)), "-O", "/dev/full")
    assert result.code in (1, 2)
    assert result.err.startswith("gigachat: ")
    assert len(simulator.calls("chat")) <= 1


def test_functions_are_called_for_each_item(gigachat: Program, business: Simulator, home: Path) -> None:
    (home / "tools.py").write_text('def double(n: int) -> int:\n    """Double a number."""\n    return 2 * n\n')
    (home / "in.jsonl").write_text("".join(json.dumps(f'call double {{"n": {n}}}') + "\n" for n in range(20)))
    business.answer = None
    business.faults.add("500", skip=3)
    result = gigachat("batch", "in.jsonl", "--functions", "tools.py", "--approve", "all")
    assert result.code == 0, result.err
    found = rows(result)
    assert all("function_call" not in row and row["finish_reason"] == "stop" for row in found)
    assert all(str(2 * n) in row["answer"] for n, row in enumerate(found))
    assert len(business.calls("chat")) == 41
    assert gigachat("batch", "in.jsonl", "--functions", "tools.py").code == 2


def test_a_call_that_nobody_answers_is_in_its_row(gigachat: Program, simulator: Simulator, home: Path) -> None:
    function = {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
    item = {"prompt": 'call weather {"city": "X"}', "functions": [function], "function_call": "auto"}
    (home / "in.jsonl").write_text(json.dumps(item))
    simulator.answer = None
    (row,) = rows(gigachat("batch", "in.jsonl"))
    assert row["function_call"] == {"name": "weather", "arguments": {"city": "X"}}


def test_a_schema_holds_for_each_item(gigachat: Program, simulator: Simulator, home: Path) -> None:
    (home / "in.jsonl").write_text('"Return {\\"name\\": \\"A\\"}"\n"B"\n')
    simulator.answer = None
    simulator.misfits = 1
    result = gigachat("batch", "in.jsonl", "--schema", "name")
    assert result.code == 0, result.err
    assert [set(json.loads(row["answer"])) for row in rows(result)] == [{"name"}, {"name"}]
    assert len(simulator.calls("chat")) == 3
    simulator.misfits = 2
    result = gigachat("batch", "in.jsonl", "--schema", "name", "--schema-retries", "1")
    assert result.code == 6
    first, second = rows(result)
    assert first["error"]["code"] == "schema_misfit"
    assert "answer" in second
    assert gigachat("batch", "in.jsonl", "--schema", "name", "-o", "response_format={}").code == 2


@pytest.mark.parametrize("text", ["Почему небо синее?\nWhy?\n", "\n  What is 1?\n", "id,prompt\n1,hi\n"])
def test_lines_that_are_not_json_point_to_the_format(
    gigachat: Program, simulator: Simulator, rules: Rules, home: Path, text: str
) -> None:
    result = gigachat("batch", "-", "-O", "out.jsonl", stdin=text)
    rules.hold(result)
    assert (result.code, result.out) == (2, "")
    assert "of the input is not JSON." in result.err
    assert "--format text" in result.err
    assert simulator.calls("chat") == []
    again = gigachat("batch", "-", "-O", "out.jsonl", "--format", "text", stdin=text)
    assert again.code == 0, again.err


@pytest.mark.parametrize("first", ['{"prompt": ', '"hi', "[1"])
def test_one_broken_line_of_json_is_a_row_of_its_own(gigachat: Program, simulator: Simulator, first: str) -> None:
    result = gigachat("batch", "-", stdin=f'{first}\n"hi"\n')
    assert result.code == 6
    assert len(result.out.splitlines()) == 2
