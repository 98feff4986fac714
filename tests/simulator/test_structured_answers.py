"""Answers that fit a schema or do not on demand, and reasoning."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gigachat_cli.simulator import Simulator
from gigachat_cli.simulator.schemas import example, fits, misfit

from .calling import Caller, content_of, events_of, text_of

PERSON: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 18}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
TREE: dict[str, Any] = {
    "$ref": "#/$defs/Node",
    "$defs": {
        "Node": {
            "type": "object",
            "properties": {
                "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
                "label": {"type": "string"},
            },
            "required": ["label", "children"],
        }
    },
}
SCHEMAS: list[dict[str, Any]] = [
    PERSON,
    TREE,
    {"type": "array", "items": PERSON, "minItems": 3},
    {"type": "array", "items": {"type": "string"}, "maxItems": 1},
    {"type": "string", "enum": ["red", "green"]},
    {"type": "string", "format": "date", "pattern": r"^\d{4}-\d\d-\d\d$"},
    {"type": "string", "minLength": 40, "maxLength": 40},
    {"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5},
    {"type": "number", "minimum": -2, "maximum": -1},
    {"type": "integer", "minimum": 10, "multipleOf": 7},
    {"type": "boolean"},
    {"type": ["null", "integer"]},
    {"anyOf": [{"type": "null"}, PERSON]},
    {"allOf": [PERSON, {"properties": {"mail": {"type": "string", "format": "email"}}, "required": ["mail"]}]}
    | {"type": "object"},
    {"const": [1, 2]},
    {"type": "object", "required": ["free"]},
]


def format_of(schema: Any, **more: Any) -> dict[str, Any]:
    return {"type": "json_schema", "schema": schema, **more}


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_answer_fits_whatever_schema_whole_and_streamed(caller: Caller, schema: dict[str, Any]) -> None:
    if schema == SCHEMAS[13]:
        schema = {**schema, "allOf": [{**PERSON, "additionalProperties": True}, schema["allOf"][1]]}
    text = content_of(caller.chat(response_format=format_of(schema)))
    assert fits(json.loads(text), schema)
    assert text_of(caller.chat(response_format=format_of(schema), stream=True).text) == text


def test_fitting_is_a_real_test() -> None:
    assert fits({"name": "A", "age": 18}, PERSON)
    for value in ({}, {"name": "A"}, {"name": 1, "age": 18}, {"name": "A", "age": 17}, {"name": "A", "age": True}):
        assert not fits(value, PERSON)
    assert not fits({"name": "A", "age": 18, "more": 1}, PERSON)
    assert not fits({"label": "x", "children": [{"label": 1, "children": []}]}, TREE)
    assert not fits([example(PERSON)], SCHEMAS[2])
    assert all(not fits(misfit(schema), schema) for schema in SCHEMAS)


def test_value_in_the_question_is_taken_as_recorded(caller: Caller) -> None:
    schema = {
        "type": "object",
        "properties": {"answer": {"type": "string"}, "n": {"type": "integer"}},
        "required": ["answer", "n"],
    }
    asked = format_of(schema, strict=True)
    response = caller.chat('Return {"answer":"ok","n":3} exactly.', model="GigaChat-3-Ultra", response_format=asked)
    assert content_of(response) == '{\n    "answer": "ok",\n    "n": 3\n}'
    assert response.json()["object"] == "chat.completions"


def test_answers_misfit_as_often_as_asked(caller: Caller, simulator: Simulator) -> None:
    simulator.misfits = 2
    asked: dict[str, Any] = {"response_format": format_of(PERSON)}
    values = [json.loads(content_of(caller.chat(**asked))) for _ in range(3)]
    assert [fits(value, PERSON) for value in values] == [False, False, True]
    simulator.misfits = 1
    assert caller.chat("Hello").status_code == 200
    assert simulator.misfits == 1


def test_fault_misfit_may_be_no_json_at_all(caller: Caller, simulator: Simulator) -> None:
    simulator.faults.add("misfit")
    simulator.faults.add("misfit", form="text")
    asked: dict[str, Any] = {"response_format": format_of(PERSON)}
    assert not fits(json.loads(content_of(caller.chat(**asked))), PERSON)
    with pytest.raises(ValueError):
        json.loads(content_of(caller.chat(**asked)))
    assert fits(json.loads(content_of(caller.chat(**asked))), PERSON)


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        (format_of({"type": "object", "properties": {}}, strict=True), 422),
        (format_of({"type": "object", "properties": {}}), 200),
        (format_of({"type": "array", "items": {"type": "string"}}, strict=True), 200),
        ({"type": "json_schema"}, 422),
        ("json", 422),
        ({"type": "json_object"}, 400),
        ({"type": "xml"}, 400),
        ({"type": "text"}, 200),
        ({"type": "regex", "regex": r"\d"}, 200),
    ],
)
def test_wrong_formats_are_refused(caller: Caller, wish: Any, status: int) -> None:
    response = caller.chat(response_format=wish)
    assert response.status_code == status
    if status == 400:
        assert response.json()["message"] == f'Unknown type "{wish["type"]}" in response_format'


@pytest.mark.parametrize(("effort", "count"), [("low", 1), ("medium", 2), ("high", 3)])
def test_reasoning_comes_beside_the_answer(caller: Caller, effort: str, count: int) -> None:
    message = caller.chat("Why?", reasoning_effort=effort).json()["choices"][0]["message"]
    assert "“Why?”" in message["reasoning_content"]
    assert message["content"] == content_of(caller.chat("Why?"))
    deltas = [
        event["choices"][0]["delta"]
        for event in events_of(caller.chat("Why?", reasoning_effort=effort, stream=True).text)[:-1]
    ]
    thoughts = [delta["reasoning_content"] for delta in deltas if "reasoning_content" in delta]
    assert len(thoughts) == count
    assert "".join(thoughts) == message["reasoning_content"]
    assert "".join(delta.get("content", "") for delta in deltas) == message["content"]
    assert [delta.get("role") for delta in deltas[:2]] == ["assistant", None]


def test_reasoning_is_paid_and_only_given_when_asked(caller: Caller) -> None:
    plain, reasoned = caller.chat("Why?").json(), caller.chat("Why?", reasoning_effort="high").json()
    assert "reasoning_content" not in plain["choices"][0]["message"]
    assert reasoned["usage"]["completion_tokens"] > plain["usage"]["completion_tokens"]
    assert caller.chat(reasoning_effort="huge").status_code == 422
