"""`--schema`: JSON alone, whole and streamed, asked again when it does not fit, and exit 6 when it never does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gigachat_cli.simulator import Simulator

from ..conftest import Program, Result
from ..engine.test_chat_v2 import event_of, said
from ..terminal import Terminal
from .conftest import Rules, sent
from .test_json_keys import ANSWER, PROBLEM, shape

NOTATION = "name, age int"
FITTING = '{"name": "Ада", "age": 36}'
WHOLE_AND_STREAMED = pytest.mark.parametrize("way", [(), ("--no-stream",)], ids=["streamed", "whole"])


def last_words(simulator: Simulator) -> list[dict[str, Any]]:
    body: Any = simulator.calls("chat")[-1].json
    messages: list[dict[str, Any]] = body["messages"]
    return messages


@WHOLE_AND_STREAMED
def test_json_comes_alone_and_as_it_was_written(gigachat: Program, simulator: Simulator, way: tuple[str, ...]) -> None:
    simulator.answer = ['{"name":', ' "Ада",  "age"', ": 36}"]
    result = gigachat("ask", "Who?", "--schema", NOTATION, *way)
    assert (result.out, result.err, result.code) == ('{"name": "Ада",  "age": 36}\n', "", 0)
    body: Any = sent(simulator)
    assert body["response_format"] == {
        "type": "json_schema",
        "schema": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
            "required": ["name", "age"],
            "additionalProperties": False,
        },
        "strict": True,
    }


@WHOLE_AND_STREAMED
def test_fenced_json_is_unwrapped(gigachat: Program, simulator: Simulator, way: tuple[str, ...]) -> None:
    simulator.answer = f"Here:\n```json\n{FITTING}\n```"
    assert gigachat("ask", "Who?", "--schema", NOTATION, *way).out == f"{FITTING}\n"


@WHOLE_AND_STREAMED
def test_an_answer_that_fits_at_the_second_try(
    gigachat: Program, simulator: Simulator, rules: Rules, way: tuple[str, ...]
) -> None:
    simulator.misfits = 1
    result = gigachat("ask", "Who?", "--schema", NOTATION, "--usage", *way)
    assert result.code == 0
    assert set(json.loads(result.out)) == {"name", "age"}
    rules.hold(result)
    assert len(simulator.calls("chat")) == 2
    question, misfit, complaint = last_words(simulator)
    assert (question["role"], misfit["role"], complaint["role"]) == ("user", "assistant", "user")
    assert json.loads(misfit["content"]) == {"misfit": True}
    assert "'name' is a required property" in complaint["content"]


@WHOLE_AND_STREAMED
def test_the_usage_is_that_of_all_tries(gigachat: Program, simulator: Simulator, way: tuple[str, ...]) -> None:
    words = ["ask", "Who?", "--schema", NOTATION, "--json", "--no-log", *way]
    once = json.loads(gigachat(*words).out)["usage"]
    simulator.misfits = 1
    twice = json.loads(gigachat(*words).out)["usage"]
    assert twice["prompt_tokens"] > 2 * once["prompt_tokens"]
    assert twice["completion_tokens"] > once["completion_tokens"]


@WHOLE_AND_STREAMED
def test_an_answer_that_never_fits_ends_with_6(
    gigachat: Program, simulator: Simulator, rules: Rules, way: tuple[str, ...]
) -> None:
    simulator.answer = '{"name": "Ада"}'
    result = gigachat("ask", "Who?", "--schema", NOTATION, *way)
    assert (result.code, result.out) == (6, "")
    assert len(simulator.calls("chat")) == 3
    answer, said, hint = result.err.splitlines()
    assert answer == '{"name": "Ада"}'
    assert said.startswith("gigachat: The answer does not fit the schema after 3 tries: 'age' is a required property.")
    assert "--schema-retries" in hint
    rules.no_secret(result.err)


@pytest.mark.parametrize(("retries", "requests"), [("0", 1), ("1", 2), ("4", 5)])
def test_how_often_is_asked_again_can_be_said(
    gigachat: Program, simulator: Simulator, retries: str, requests: int
) -> None:
    simulator.answer = "no"
    assert gigachat("ask", "Who?", "--schema", NOTATION, "--schema-retries", retries).code == 6
    assert len(simulator.calls("chat")) == requests


def test_an_answer_at_its_token_limit_is_not_asked_for_again(gigachat: Program, simulator: Simulator) -> None:
    simulator.answer = ['{"name": "Ада",', ' "age": 36}']
    simulator.faults.add("length", after=1)
    result = gigachat("ask", "Who?", "--schema", NOTATION)
    assert (result.code, result.out) == (6, "")
    assert "--max-tokens" in result.err
    assert len(simulator.calls("chat")) == 1


@pytest.mark.parametrize("fault", ["cut", "blacklist"])
def test_an_answer_that_breaks_off_puts_nothing_on_stdout(gigachat: Program, simulator: Simulator, fault: str) -> None:
    simulator.answer = ['{"name": ', '"Ада", ', '"age": 36}']
    simulator.faults.add(fault, after=2)
    result = gigachat("ask", "Who?", "--schema", NOTATION)
    assert result.code == {"cut": 4, "blacklist": 1}[fault]
    assert result.out == ""
    assert '{"name": "Ада"' in gigachat("history", "export", "--format", "json").out.replace("\\", "")


@WHOLE_AND_STREAMED
def test_as_json_the_value_stands_beside_the_text(
    gigachat: Program, simulator: Simulator, way: tuple[str, ...]
) -> None:
    simulator.answer = f"```\n{FITTING}\n```"
    found = json.loads(gigachat("ask", "Who?", "--schema", NOTATION, "--json", *way).out)
    assert found["answer"] == f"{FITTING}\n"
    assert found["data"] == {"name": "Ада", "age": 36}
    assert shape(found) == {**ANSWER, "data": {"name": "str", "age": "int"}}


def test_as_json_lines_the_text_comes_once_it_fits(gigachat: Program, simulator: Simulator) -> None:
    simulator.misfits = 1
    out = gigachat("ask", "Who?", "--schema", NOTATION, "--output", "stream-json").out
    chunk, answer = [json.loads(line) for line in out.splitlines()]
    assert (chunk["type"], answer["type"]) == ("chunk", "answer")
    assert json.loads(chunk["text"]) == answer["data"]


def test_as_json_the_problem_holds_the_last_answer(gigachat: Program, simulator: Simulator) -> None:
    simulator.answer = "no"
    result = gigachat("ask", "Who?", "--schema", NOTATION, "--json")
    assert (result.code, result.out) == (6, "")
    problem = json.loads(result.err)
    assert shape(problem) == {"error": {**PROBLEM["error"], "status": "NoneType", "answer": "str"}}
    assert (problem["error"]["code"], problem["error"]["answer"]) == ("schema_misfit", "no")


def test_a_file_takes_the_json_and_none_is_begun_for_what_does_not_fit(
    gigachat: Program, simulator: Simulator, tmp_path: Path
) -> None:
    file = tmp_path / "schema.json"
    file.write_text('{"type": "object", "properties": {"n": {"type": "integer", "maximum": 3}}, "required": ["n"]}')
    out = tmp_path / "out.json"
    simulator.answer = '{"n": 4}'
    assert gigachat("ask", "Count", "--schema", str(file), "-O", str(out)).code == 6
    assert not out.exists()
    simulator.answer = '{"n": 3}'
    assert gigachat("ask", "Count", "--schema", str(file), "-O", str(out)).code == 0
    assert out.read_text() == '{"n": 3}\n'


def test_at_a_terminal_json_is_shown_as_text(at_terminal: Callable[..., Terminal], simulator: Simulator) -> None:
    simulator.answer = '{"name": "**Ада** \x1b[31m", "age": 36}'.replace("\x1b", "\\u001b")
    running = at_terminal("ask", "Who?", "--schema", NOTATION)
    assert running.ended() == 0
    assert '{"name": "**Ада** \\u001b[31m", "age": 36}' in running.filled_lines


def test_at_a_terminal_the_last_answer_is_filtered(at_terminal: Callable[..., Terminal], simulator: Simulator) -> None:
    simulator.answer = "no \x1b]0;title\x07 json"
    running = at_terminal("ask", "Who?", "--schema", NOTATION, "--schema-retries", "0")
    assert running.ended() == 6
    assert b"\x1b]0" not in running.raw
    assert any("json" in line for line in running.filled_lines)


def test_the_history_holds_every_try_and_the_answer_is_gone_on_with(gigachat: Program, simulator: Simulator) -> None:
    simulator.misfits = 1
    simulator.answer = None
    answer = gigachat("ask", "Who?", "--schema", NOTATION).out
    simulator.answer = "He is."
    assert gigachat("ask", "Older?", "--continue").code == 0
    roles = [(each["role"], each["content"]) for each in last_words(simulator)]
    assert [role for role, _ in roles] == ["user", "assistant", "user", "assistant", "user"]
    assert f"{roles[3][1]}\n" == answer
    (session,) = json.loads(gigachat("history", "list", "--json").out)
    assert "misfit" in gigachat("history", "export", session["id"], "--format", "json").out


def test_functions_are_called_before_what_fits(gigachat: Program, simulator: Simulator, tmp_path: Path) -> None:
    file = tmp_path / "made.py"
    file.write_text('def weather(city: str) -> dict:\n    """Tell the weather."""\n    return {"city": city}\n')
    simulator.plan = [("weather", {"city": "Пермь"}), "no", FITTING]
    result = gigachat("ask", "Who?", "--schema", NOTATION, "--functions", str(file), "--approve", "all")
    assert (result.code, result.out) == (0, f"{FITTING}\n")
    assert [each["role"] for each in last_words(simulator)] == ["user", "assistant", "function", "assistant", "user"]
    assert len(simulator.calls("chat")) == 3


def test_a_schema_goes_to_v2_too(gigachat: Program, simulator: Simulator) -> None:
    result = gigachat("ask", "Who?", "--schema", NOTATION, "--tool", "url_content_extraction")
    assert set(json.loads(result.out)) == {"name", "age"}
    body: Any = sent(simulator)
    assert body["model_options"]["response_format"]["strict"] is True


def test_json_stays_alone_when_there_are_sources(gigachat: Program, simulator: Simulator) -> None:
    source = {"1": {"url": "https://one.example/", "title": "One"}}
    simulator.stream_bytes = [
        said({"text": FITTING}, {"text": "", "inline_data": {"sources": source}}),
        event_of("message.done", finish_reason="stop"),
    ]
    assert gigachat("ask", "Who?", "--schema", NOTATION, "--web").out == f"{FITTING}\n"
    found = json.loads(gigachat("ask", "Who?", "--schema", NOTATION, "--web", "--json").out)
    assert (found["answer"], found["sources"][0]["url"]) == (FITTING, "https://one.example/")


def test_a_dry_run_shows_the_schema(gigachat: Program, simulator: Simulator) -> None:
    shown = json.loads(gigachat("ask", "Who?", "--schema", NOTATION, "--dry-run").out)
    assert shown["body"]["response_format"]["schema"]["required"] == ["name", "age"]
    assert not simulator.requests


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--schema", ""], "--schema is empty"),
        (["--schema", "age itn"], "no type itn"),
        (["--schema", "no/such.json"], "could not be read"),
        (["--schema", '{"type": 5}'], "The schema is not valid"),
        (["--schema", '{"$ref": "https://simulator.example/x"}'], "which is not in it"),
        (["--schema", NOTATION, "--extract"], "does not go with --extract"),
        (["--schema", NOTATION, "--output", "markdown"], "does not go with markdown"),
        (["--schema", NOTATION, "--resume"], "takes no"),
        (["--schema", NOTATION, "-o", 'response_format={"type":"text"}'], "contradict"),
        (["--schema", NOTATION, "--schema-retries", "-1"], "from 0 on"),
        (["--schema-retries", "1"], "goes with --schema"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_sent(
    gigachat: Program, simulator: Simulator, rules: Rules, words: list[str], said: str
) -> None:
    prompt = [] if "--resume" in words else ["Who?"]
    result: Result = gigachat("ask", *prompt, *words)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert not simulator.requests
    rules.hold(result)
