"""The keys of every JSON output, which are the contract with scripts: keys are only ever added, here first."""

from __future__ import annotations

import json
from typing import Any

from gigachat_cli.simulator import Simulator

from ..conftest import Program

ANSWER = {
    "answer": "str",
    "model": "str",
    "finish_reason": "str",
    "complete": "bool",
    "usage": {
        "prompt_tokens": "int",
        "completion_tokens": "int",
        "total_tokens": "int",
        "precached_prompt_tokens": "int",
    },
    "session": "str",
    "request_id": "str",
    "files": [],
    "sources": [],
}
PROBLEM = {"error": {"code": "str", "message": "str", "hint": "str", "status": "int", "request_id": "str"}}


def shape(value: Any) -> Any:
    """A JSON value with each leaf replaced by its type; a list by the shape of its first item."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value[:1]]
    return type(value).__name__


def test_an_answer(gigachat: Program, simulator: Simulator) -> None:
    for words in (["--json"], ["--output", "json", "--no-stream"]):
        assert shape(json.loads(gigachat("ask", "hi", *words).out)) == ANSWER


def test_an_answer_that_is_in_no_history_has_no_session(gigachat: Program, simulator: Simulator) -> None:
    assert shape(json.loads(gigachat("ask", "hi", "--json", "--no-log").out)) == {**ANSWER, "session": "NoneType"}


def test_a_stream(gigachat: Program, simulator: Simulator) -> None:
    simulator.answer = ["one ", "two"]
    lines = [json.loads(line) for line in gigachat("ask", "hi", "--output", "stream-json").out.splitlines()]
    chunk = {"type": "str", "text": "str"}
    assert [shape(line) for line in lines] == [chunk, chunk, {"type": "str", **ANSWER}]
    assert [line["type"] for line in lines] == ["chunk", "chunk", "answer"]


def test_a_problem(gigachat: Program, simulator: Simulator) -> None:
    simulator.faults.add("402")
    result = gigachat("ask", "hi", "--json")
    assert shape(json.loads(result.err)) == PROBLEM
    assert result.err.count("\n") == 1
    usage = json.loads(gigachat("ask", "--json", "--zzz").err)
    assert shape(usage) == {"error": {**PROBLEM["error"], "status": "NoneType", "request_id": "NoneType"}}


def test_rows_and_objects(gigachat: Program, simulator: Simulator) -> None:
    assert shape(json.loads(gigachat("models", "--json").out)) == [{"id": "str", "type": "str", "owned_by": "str"}]
    assert shape(json.loads(gigachat("doctor", "--json").out)) == [
        {"step": "str", "state": "str", "message": "str", "hint": "NoneType"}
    ]
    assert shape(json.loads(gigachat("config", "show", "--json").out)) == [
        {"setting": "str", "value": "str", "origin": "str"}
    ]
    assert shape(json.loads(gigachat("auth", "status", "--json").out)) == {
        "source": "str",
        "scope": "str",
        "key": "str",
        "token_ends": "str",
    }


def test_a_dry_run(gigachat: Program, simulator: Simulator) -> None:
    request = json.loads(gigachat("ask", "hi", "--dry-run").out)
    assert list(request) == ["method", "url", "headers", "body"]
    assert set(request["body"]) == {"model", "messages", "stream"}
