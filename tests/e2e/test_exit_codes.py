"""The exit codes and the `code` words, which are the contract with scripts: every failure, in every form of output."""

from __future__ import annotations

import json
import os
import signal
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gigachat_cli import errors
from gigachat_cli.simulator import FAULTS, Options, Simulator, key_for

from ..conftest import Program, use
from .conftest import Rules, ended, until

CHUNKS = ["one ", "two ", "three"]


@dataclass(frozen=True, slots=True)
class Failure:
    """A fault of the simulator, and what the program makes of it."""

    name: str
    exit_code: int
    code: str
    detail: dict[str, Any]
    at: str = "chat"
    status: int | None = None
    streamed: str = ""
    """What had come of a stream by then."""
    whole_code: str | None = None
    """The code word without streaming, where it is another one."""
    words: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "-".join([self.name, *([self.at] if self.at != "chat" else []), *map(str, self.detail.values())])


def refused(status: int, exit_code: int, code: str, at: str = "chat", **detail: object) -> Failure:
    return Failure(str(status), exit_code, code, detail, at=at, status=status)


FAILURES = [
    refused(400, 1, "invalid_request"),
    refused(401, 3, "authentication"),
    refused(402, 5, "tokens_used_up"),
    refused(403, 3, "access_denied"),
    refused(404, 1, "unknown_model"),
    refused(408, 1, "service"),
    refused(413, 1, "prompt_too_long"),
    refused(422, 1, "invalid_request"),
    refused(429, 5, "rate_limit"),
    refused(429, 5, "rate_limit", retry_after="3600"),
    refused(500, 1, "service"),
    refused(502, 1, "service"),
    refused(503, 1, "service"),
    refused(504, 1, "service"),
    Failure("html", 1, "service", {}, status=502),
    Failure("html", 1, "service", {"status": 200}),
    Failure("redirect", 1, "redirect", {}, status=302),
    Failure("error-object", 1, "service", {"shape": "error"}, status=500),
    Failure("error-object", 1, "service", {"shape": "status"}, status=500),
    Failure("error-object", 1, "service", {"shape": "event", "after": 0}, status=500),
    Failure("error-object", 1, "service", {"shape": "error", "after": 2}, status=500, streamed="one two "),
    Failure("error-object", 1, "service", {"shape": "event", "after": 2}, status=500, streamed="one two "),
    Failure("blacklist", 1, "content_filter", {"after": 2}, streamed="one two "),
    Failure("cut", 4, "cut", {"how": "end"}, streamed="one two ", whole_code="connection"),
    Failure("cut", 4, "cut", {"how": "close"}, streamed="one two ", whole_code="connection"),
    Failure("cut", 4, "cut", {"how": "reset"}, streamed="one two ", whole_code="connection"),
    Failure("stall", 4, "timeout", {}, streamed="one ", words=("--timeout", "0.6")),
    Failure("slow", 4, "timeout", {"seconds": 3}, words=("--timeout", "0.6")),
    Failure("empty", 4, "stream", {}),
    Failure("garbage", 4, "stream", {"kind": "json"}),
    Failure("garbage", 4, "stream", {"kind": "bytes"}),
    Failure("garbage", 4, "stream", {"kind": "utf8"}),
    Failure("garbage", 4, "stream", {"kind": "text"}),
    Failure("garbage", 4, "stream", {"kind": "utf8", "after": 2}, streamed="one two "),
    Failure("reset", 4, "connection", {}),
    refused(400, 3, "key_refused", at="oauth"),
    refused(401, 3, "key_refused", at="oauth"),
    refused(429, 5, "rate_limit", at="oauth"),
    refused(500, 1, "service", at="oauth"),
    Failure("html", 1, "service", {}, at="oauth", status=502),
    Failure("redirect", 1, "redirect", {}, at="oauth", status=302),
    Failure("reset", 4, "connection", {}, at="oauth"),
]


@pytest.mark.parametrize("failure", FAILURES, ids=str)
def test_each_failure_has_its_exit_code_its_word_and_one_or_two_lines(
    gigachat: Program, simulator: Simulator, rules: Rules, failure: Failure
) -> None:
    simulator.answer = CHUNKS
    simulator.faults.add(failure.name, at=failure.at, times=None, **failure.detail)
    asked = ("ask", "hi", "--max-retries", "0", *failure.words)

    text = gigachat(*asked)
    assert (text.out, text.code) == (f"{failure.streamed}\n" if failure.streamed else "", failure.exit_code)
    assert text.err.startswith("gigachat: ")
    rules.hold(text)
    if failure.streamed and failure.code != "cut":
        assert "The answer is not complete." in text.err

    whole = "one two " if failure.name == "blacklist" else ""
    for words, code, came in (
        (["--output", "stream-json"], failure.code, failure.streamed),
        (["--json", "--no-stream"], failure.whole_code or failure.code, whole),
    ):
        result = gigachat(*asked, *words)
        assert result.code == failure.exit_code
        rules.hold(result)
        problem = json.loads(result.err)["error"]
        assert (problem["code"], problem["status"]) == (code, failure.status)
        answers = [json.loads(line) for line in result.out.splitlines()]
        assert [answer["answer"] for answer in answers[-1:]] == ([came] if came else [])
        assert not any(answer["complete"] for answer in answers[-1:])


def test_every_fault_that_the_simulator_knows_is_tried() -> None:
    harmless = {"length", "no-done", "no-finish", "no-usage"}
    of_functions_and_schemas = {"function-error", "misfit"}
    assert {failure.name for failure in FAILURES} | harmless | of_functions_and_schemas == set(FAULTS)


def test_every_problem_has_a_word_of_its_own_and_an_exit_code_of_the_table() -> None:
    kinds: list[type[errors.GigaChatError]] = [errors.GigaChatError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    assert {kind.code: kind.exit_code for kind in kinds} == {
        "error": 1,
        "service": 1,
        "redirect": 1,
        "unknown_model": 1,
        "unknown_file": 1,
        "prompt_too_long": 1,
        "invalid_request": 1,
        "content_filter": 1,
        "output": 1,
        "usage": 2,
        "config": 2,
        "history": 2,
        "broken_history": 2,
        "authentication": 3,
        "no_key": 3,
        "key_refused": 3,
        "scope_refused": 3,
        "access_denied": 3,
        "network": 4,
        "connection": 4,
        "tls": 4,
        "proxy": 4,
        "timeout": 4,
        "stream": 4,
        "too_large": 4,
        "cut": 4,
        "quota": 5,
        "rate_limit": 5,
        "tokens_used_up": 5,
        "queue": 5,
        "not_as_asked": 6,
        "items_failed": 6,
        "nothing_to_extract": 6,
        "nothing_drawn": 6,
        "too_many_rounds": 6,
        "unknown_tool": 1,
        "unavailable_tool": 1,
        "schema_misfit": 6,
        "schema_check": 6,
        "no_answer": 4,
        "function_call": 6,
        "closed_pipe": 141,
    }
    assert len({kind.code for kind in kinds}) == len(kinds)


def test_a_token_limit_is_0_with_the_line_and_the_mark(gigachat: Program, simulator: Simulator) -> None:
    simulator.answer = CHUNKS
    line = "gigachat: The answer is not complete: it met its token limit. 'gigachat ask --resume' goes on with it.\n"
    for words in ([], ["--no-stream"]):
        simulator.faults.add("length", after=2)
        text = gigachat("ask", "hi", *words)
        assert (text.out, text.err, text.code) == ("one two \n", line, 0)
    simulator.faults.add("length", after=2)
    result = gigachat("ask", "hi", "--json")
    assert (result.err, result.code) == (line, 0)
    answer = json.loads(result.out)
    assert (answer["answer"], answer["finish_reason"], answer["complete"]) == ("one two ", "length", False)


@pytest.mark.parametrize("fault", ["no-done", "no-finish", "no-usage"])
def test_finish_reason_or_done_makes_an_answer_whole(gigachat: Program, simulator: Simulator, fault: str) -> None:
    simulator.answer = CHUNKS
    simulator.faults.add(fault)
    result = gigachat("ask", "hi", "--json")
    answer = json.loads(result.out)
    assert (answer["answer"], answer["complete"], result.err, result.code) == ("one two three", True, "", 0)
    assert (answer["usage"] is None) == (fault == "no-usage")


def test_an_expired_token_is_renewed_without_a_word(gigachat: Program, simulator: Simulator) -> None:
    simulator.answer = "An answer."
    simulator.faults.add("401")
    result = gigachat("ask", "hi")
    assert (result.out, result.err, result.code) == ("An answer.\n", "", 0)
    assert simulator.oauth_calls == 2


def test_a_failure_that_passes_is_retried_without_a_word(gigachat: Program, simulator: Simulator) -> None:
    simulator.answer = "An answer."
    simulator.faults.add("429", retry_after="0")
    simulator.faults.add("503")
    result = gigachat("ask", "hi")
    assert (result.out, result.err, result.code) == ("An answer.\n", "", 0)
    assert len(simulator.calls("chat")) == 3


def test_a_wait_that_is_too_long_is_refused_at_once(gigachat: Program, simulator: Simulator) -> None:
    simulator.faults.add("429", retry_after="3600", times=None)
    result = gigachat("ask", "hi")
    assert result.code == 5
    assert len(simulator.calls("chat")) == 1


def test_a_gateways_page_becomes_one_clean_line(gigachat: Program, simulator: Simulator) -> None:
    simulator.faults.add("html")
    result = gigachat("ask", "hi", "--max-retries", "0")
    assert "“502 Bad Gateway”" in result.err
    assert "<" not in result.err


def test_the_services_words_are_told_as_one_safe_line(gigachat: Program, simulator: Simulator, rules: Rules) -> None:
    key = simulator.credentials
    hostile = f"\x1b]0;owned\x07\r\n\u202eBearer {'x' * 80} {key} \x9b2J end " + "long " * 200
    simulator.faults.add("422", times=None, message=hostile)
    result = gigachat("ask", "hi")
    rules.hold(result)
    assert "\x1b" not in result.err
    assert "owned" not in result.err
    assert not {"\r", "\x07", "\x9b", "\u202e"} & set(result.err)
    assert "x" * 30 not in result.err
    assert len(result.err.splitlines()[0]) < 480
    problem = json.loads(gigachat("ask", "hi", "--json").err)["error"]
    assert "\n" not in problem["message"]
    assert problem["request_id"] is not None


@pytest.mark.parametrize("fault", ["401", "garbage", "reset"])
def test_debug_shows_the_way_and_no_secret(gigachat: Program, simulator: Simulator, rules: Rules, fault: str) -> None:
    simulator.faults.add(fault, times=None)
    result = gigachat("ask", "hi", "--debug", "--max-retries", "0")
    assert "Traceback" in result.err
    assert f"POST {simulator.auth_url}: HTTP 200" in result.err
    rules.hold(result, debug=True)


@pytest.mark.parametrize(
    ("environment", "code", "told"),
    [
        ({"GIGACHAT_CREDENTIALS": None}, "no_key", "gigachat auth login"),
        ({"GIGACHAT_CREDENTIALS": "abc"}, "key_refused", "not Base64"),
        ({"GIGACHAT_CREDENTIALS": key_for("GIGACHAT_API_B2B")}, "scope_refused", "GIGACHAT_API_CORP"),
        ({"GIGACHAT_CREDENTIALS": None, "GIGACHAT_ACCESS_TOKEN": "old"}, "authentication", "GIGACHAT_ACCESS_TOKEN"),
    ],
)
def test_authentication_is_3_and_the_hint_names_the_next_step(
    gigachat: Program, simulator: Simulator, environment: dict[str, str | None], code: str, told: str
) -> None:
    result = gigachat("ask", "hi", "--json", environment=environment)
    problem = json.loads(result.err)["error"]
    assert (problem["code"], result.code) == (code, 3)
    assert told in problem["hint"]


@pytest.mark.parametrize("kind", ["expired", "other-host", "other-authority"])
def test_an_unproved_server_is_4_and_gets_no_secret(
    gigachat: Program, home: Path, monkeypatch: pytest.MonkeyPatch, kind: Any
) -> None:
    with Simulator(Options(certificate=kind)) as running:
        use(running, home, monkeypatch)
        for words in (["ask", "hi"], ["models"]):
            result = gigachat(*words, "--json", "--max-retries", "0")
            problem = json.loads(result.err)["error"]
            assert (problem["code"], result.code) == ("tls", 4)
            assert ("GIGACHAT_CA_BUNDLE_FILE" in problem["hint"]) is (kind == "other-authority")
            assert "verif" not in problem["hint"]  # never advises to turn it off
        assert running.requests == []


def test_a_place_that_cannot_be_reached_is_4(gigachat: Program, simulator: Simulator) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        retries = ("--max-retries", "0", "--json")
        for words, code in (
            (["--base-url", f"https://127.0.0.1:{port}/v1"], "connection"),
            (["--base-url", "https://host.invalid/v1"], "connection"),
        ):
            result = gigachat("ask", "hi", *words, *retries)
            assert (json.loads(result.err)["error"]["code"], result.code) == (code, 4)
        proxied = gigachat("ask", "hi", "--proxy", f"http://user:pass-word@127.0.0.1:{port}", *retries)
        assert (json.loads(proxied.err)["error"]["code"], proxied.code) == ("connection", 4)
        assert "pass-word" not in proxied.err


def test_a_mistake_of_ours_is_one_line_too(gigachat: Program, simulator: Simulator, home: Path, rules: Rules) -> None:
    (home / "sitecustomize.py").write_text(
        "import json\n"
        "def broken(*given, **named):\n"
        f"    raise RuntimeError('surprise {simulator.credentials}')\n"
        "json.dumps = broken\n"
    )
    path = f"{home}{os.pathsep}{gigachat.environment()['PYTHONPATH']}"
    result = gigachat("ask", "hi", environment={"PYTHONPATH": path})
    assert result.code == 1
    assert result.err.startswith("gigachat: A mistake in the program: RuntimeError: surprise ***.\n")
    rules.hold(result)
    result = gigachat("ask", "hi", "--debug", environment={"PYTHONPATH": path})
    assert "Traceback" in result.err
    rules.hold(result, debug=True)


def test_signals_give_128_and_their_number(gigachat: Program, simulator: Simulator) -> None:
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
        simulator.answer = CHUNKS
        simulator.faults.add("stall", after=1)
        running = gigachat.start("ask", "hi")
        assert running.stdout is not None
        assert running.stdout.read(4) == b"one "
        running.send_signal(number)
        result = ended(running)
        assert (result.out, result.code) == ("\n", code)
        until(lambda: not simulator.accounts.running())
