"""Function calls in chat: who decides on them, how they travel, and what history must hold."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gigachat_cli.simulator import OLD_HOST_MODELS, Simulator

from .calling import Caller, events_of
from .wire import same_shape, sample

WEATHER: dict[str, Any] = {
    "name": "weather_forecast",
    "description": "Tell the weather",
    "parameters": {
        "type": "object",
        "properties": {"location": {"type": "string"}, "num_days": {"type": "integer", "minimum": 1}},
        "required": ["location"],
    },
}
CLOCK: dict[str, Any] = {"name": "clock", "parameters": {"type": "object", "properties": {}}}
BOTH = [WEATHER, CLOCK]
ASKED = 'Please:\ncall weather_forecast {"location": "Манжерок", "num_days": 10}\nвызови clock\ncall clock {"zone": 3}'


def message_of(caller: Caller, **fields: Any) -> dict[str, Any]:
    """Ask whole, and return the message with its finish reason."""
    response = caller.chat(**fields)
    assert response.status_code == 200, response.text
    choice = response.json()["choices"][0]
    return {**choice["message"], "finish_reason": choice["finish_reason"]}


def streamed_message_of(caller: Caller, **fields: Any) -> dict[str, Any]:
    """Ask streamed, and return the message put together, with its finish reason."""
    events = events_of(caller.chat(stream=True, **fields).text)
    assert events[-1] == "[DONE]"
    message: dict[str, Any] = {"content": ""}
    for event in events[:-1]:
        delta = event["choices"][0]["delta"]
        message = {**message, **delta, "content": message["content"] + delta["content"]}
    return {**message, "finish_reason": events[-2]["choices"][0]["finish_reason"]}


def assistant(message: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in message.items() if key != "finish_reason"}


def result(name: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"role": "function", "name": name, "content": json.dumps(value, ensure_ascii=False)}


def test_call_has_the_documented_form(caller: Caller) -> None:
    response = caller.chat(ASKED, model="GigaChat-2-Pro", functions=BOTH)
    assert same_shape(response.json(), "chat.function_call.200.json")


@pytest.mark.parametrize("ask", [message_of, streamed_message_of])
def test_each_line_of_the_question_is_one_round(caller: Caller, ask: Any) -> None:
    messages: list[dict[str, Any]] = [{"role": "user", "content": ASKED}]
    seen = []
    for _ in range(4):
        message = ask(caller, messages=messages, functions=BOTH)
        if message["finish_reason"] == "stop":
            break
        assert message["finish_reason"] == "function_call"
        assert message["content"] == ""
        call = message["function_call"]
        seen.append((call["name"], call["arguments"]))
        messages += [assistant(message), result(call["name"], {"answer": len(seen)})]
    assert seen == [
        ("weather_forecast", {"location": "Манжерок", "num_days": 10}),
        ("clock", {}),
        ("clock", {"zone": 3}),
    ]
    assert 'weather_forecast {"answer": 1}' in message["content"]
    assert 'clock {"answer": 3}' in message["content"]
    again = [*messages, {"role": "assistant", "content": "So."}, {"role": "user", "content": "Thanks"}]
    assert ask(caller, messages=again, functions=BOTH)["finish_reason"] == "stop"


@pytest.mark.parametrize("ask", [message_of, streamed_message_of])
def test_plan_goes_before_everything_and_ends_with_its_text(caller: Caller, simulator: Simulator, ask: Any) -> None:
    simulator.answer = "Unplanned."
    simulator.plan = [("clock", {}), ("unlisted", {"a": [1]}), "Half past."]
    answers = [ask(caller, content=ASKED, functions=BOTH) for _ in range(3)]
    assert [answer.get("function_call") for answer in answers] == [
        {"name": "clock", "arguments": {}},
        {"name": "unlisted", "arguments": {"a": [1]}},
        None,
    ]
    assert answers[2]["content"] == "Half past."
    assert ask(caller, content="Hello")["content"] == "Unplanned."


def test_exact_answer_is_the_last_word_after_calls(caller: Caller, simulator: Simulator) -> None:
    simulator.answer = "Done."
    first = message_of(caller, content="call clock {}", functions=BOTH)
    assert first["finish_reason"] == "function_call"
    history = [{"role": "user", "content": "call clock {}"}, assistant(first), result("clock", {})]
    assert message_of(caller, messages=history, functions=BOTH)["content"] == "Done."


@pytest.mark.parametrize(
    ("question", "fields", "called"),
    [
        ("What says the clock?", {"functions": BOTH}, "clock"),
        ("A weather forecast, please", {"functions": BOTH}, "weather_forecast"),
        ("Clockwork", {"functions": BOTH}, None),
        ("call clock {}", {}, None),
        ("call other {}", {"functions": BOTH}, None),
        ("call clock {}", {"functions": BOTH, "function_call": "none"}, None),
        ("call clock {}", {"functions": BOTH, "function_call": "auto"}, "clock"),
        ("Hello", {"functions": BOTH, "function_call": {"name": "weather_forecast"}}, "weather_forecast"),
        ("call clock {}", {"functions": BOTH, "function_call": {"name": "weather_forecast"}}, "weather_forecast"),
    ],
)
def test_who_is_called(caller: Caller, question: str, fields: dict[str, Any], called: str | None) -> None:
    call = message_of(caller, content=question, **fields).get("function_call")
    assert (call["name"] if call else None) == called


def test_made_up_arguments_fit_and_partial_ones_are_kept(caller: Caller) -> None:
    forced = {"name": "weather_forecast", "partial_arguments": {"location": "Тула"}}
    call = message_of(caller, functions=BOTH, function_call=forced)["function_call"]
    assert call["arguments"] == {"location": "Тула", "num_days": 3}


def test_forced_function_is_called_once(caller: Caller) -> None:
    forced = {"functions": BOTH, "function_call": {"name": "clock"}}
    call = message_of(caller, **forced)
    history = [{"role": "user", "content": "Hello"}, assistant(call), result("clock", {"time": 5})]
    assert message_of(caller, messages=history, **forced)["finish_reason"] == "stop"


@pytest.mark.parametrize("ask", [message_of, streamed_message_of])
@pytest.mark.parametrize("question", ['call clock {"a": ', "call clock {1}"])
def test_arguments_that_are_no_object_end_in_an_error(caller: Caller, ask: Any, question: str) -> None:
    message = ask(caller, content=question, functions=BOTH)
    assert (message["finish_reason"], message["content"]) == ("error", "")
    assert "function_call" not in message


def test_error_may_be_had_on_demand(caller: Caller, simulator: Simulator) -> None:
    simulator.faults.add("function-error")
    assert message_of(caller, functions=BOTH)["finish_reason"] == "error"
    assert message_of(caller, functions=BOTH)["finish_reason"] == "stop"


@pytest.mark.parametrize(
    ("functions", "choice", "reason"),
    [
        ([{**CLOCK, "name": "1clock"}], "auto", "name of function 0"),
        ([{**CLOCK, "name": "часы"}], "auto", "name of function 0"),
        ([{**CLOCK, "name": "a b"}], "auto", "name of function 0"),
        ([CLOCK, {"name": None}], "auto", "name of function 1"),
        ([{"name": "clock"}], "auto", "function clock has no parameters"),
        ([CLOCK], {"name": "weather"}, "function weather of function_call is not in functions"),
        ([CLOCK], "always", "function_call must be"),
        ("clock", "auto", "functions must be an array"),
    ],
)
def test_wrong_functions_are_refused(caller: Caller, functions: Any, choice: Any, reason: str) -> None:
    response = caller.chat(functions=functions, function_call=choice)
    assert response.status_code == 422
    assert response.json()["message"].startswith(f"Invalid params: {reason}")


def test_model_without_functions_says_so(caller: Caller, simulator: Simulator) -> None:
    simulator.models = OLD_HOST_MODELS
    refused = caller.chat(model="GigaChat-Plus", functions=BOTH)
    assert (refused.status_code, refused.text.strip()) == (422, sample("chat.422.no_functions.json").strip())
    assert caller.chat(model="GigaChat-Plus").status_code == 200


CALL = {"role": "assistant", "content": "", "function_call": {"name": "clock", "arguments": {}}}
USER = {"role": "user", "content": "Hello"}


@pytest.mark.parametrize(
    "wrong",
    [
        [USER, CALL],
        [USER, CALL, USER],
        [USER, CALL, {"role": "function", "name": "clock", "content": "half past"}],
        [USER, CALL, {"role": "function", "name": "clock", "content": "[1]"}],
        [USER, CALL, {"role": "function", "name": "clock", "content": {"time": 5}}],
        [USER, CALL, {"role": "function", "name": "weather", "content": "{}"}],
        [USER, {"role": "function", "name": "clock", "content": "{}"}],
        [USER, {"role": "function", "content": "{}"}],
        [USER, {**CALL, "function_call": {"name": "clock", "arguments": "time"}}, result("clock", {})],
        [USER, {**CALL, "function_call": "clock"}, result("clock", {})],
    ],
)
def test_history_with_a_broken_call_is_refused(caller: Caller, wrong: list[Any]) -> None:
    response = caller.chat(messages=wrong, functions=BOTH)
    assert response.status_code == 422
    assert response.json()["message"].startswith("Invalid params: ")


@pytest.mark.parametrize("arguments", [{}, "{}", None])
def test_history_with_a_call_of_another_hand_passes(caller: Caller, arguments: Any) -> None:
    call = {**CALL, "function_call": {"name": "clock", "arguments": arguments}}
    assert caller.chat(messages=[USER, call, result("clock", {})]).status_code == 200


@pytest.mark.parametrize("sent", [None, "00000000-0000-4000-8000-000000000000"])
def test_call_of_ours_must_bring_its_state_id_back(caller: Caller, simulator: Simulator, sent: str | None) -> None:
    message = message_of(caller, content="call clock {}", functions=BOTH)
    answered = [result("clock", {})]
    right = [USER, assistant(message), *answered]
    wrong = [USER, {**assistant(message), "functions_state_id": sent}, *answered]
    assert caller.chat(messages=right, functions=BOTH).status_code == 200
    refused = caller.chat(messages=wrong, functions=BOTH)
    assert (refused.status_code, "functions_state_id" in refused.text) == (422, True)
    simulator.demand_state_id = False
    assert caller.chat(messages=wrong, functions=BOTH).status_code == 200


UNSUPPORTED: list[tuple[dict[str, Any], str]] = [
    ({"type": "object"}, "Field 'properties.data.properties' is missing"),
    ({"type": "integer", "enum": [1, 2]}, "Field 'properties.data.enum' must hold strings"),
    ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "Field 'properties.data.anyOf' is not supported"),
    ({"oneOf": [{"type": "string"}]}, "Field 'properties.data.oneOf' is not supported"),
    ({"$ref": "#/x"}, "Field 'properties.data.$ref' is not supported"),
    ({}, "Field 'properties.data.type' is missing"),
    ({"type": "array", "items": {}}, "Field 'properties.data.items.type' is missing"),
]


@pytest.mark.parametrize(("schema", "said"), UNSUPPORTED)
def test_parameters_that_the_service_does_not_take_are_refused_everywhere(
    schema: dict[str, Any], said: str, caller: Caller
) -> None:
    function = {"name": "f", "parameters": {"type": "object", "properties": {"data": schema}}}
    refused = [
        caller.chat("hi", functions=[function]),
        caller.ask_v2("hi", tools=[{"functions": {"specifications": [function]}}]),
    ]
    for response in refused:
        assert response.status_code == 422
        assert response.json()["message"] == said
    checked = caller.post("/functions/validate", function).json()
    assert checked["message"] == "Incorrect function syntax"
    assert said in [each["description"] for each in checked["errors"]]


@pytest.mark.parametrize("name", ["text2image", "web_search", "image_generate"])
def test_a_function_may_not_be_called_like_a_built_in_one(name: str, caller: Caller) -> None:
    function = {"name": name, "parameters": {"type": "object", "properties": {}}}
    response = caller.chat("hi", functions=[function])
    assert response.status_code == 422
    assert "built-in" in response.json()["message"]
    assert caller.post("/functions/validate", function).json()["message"] == "Incorrect function syntax"
