"""Chat completions of API v2: parts, tools, named events, refusals."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from gigachat_cli.simulator import Simulator, key_for

from .calling import Caller, named_events_of
from .wire import same_shape, sample

CLOCK = {"name": "clock", "parameters": {"type": "object", "properties": {}}}
FUNCTIONS = {"functions": {"specifications": [CLOCK]}}
USER = {"role": "user", "content": [{"text": "Hello"}]}
CALL = {"role": "assistant", "content": [{"function_call": {"name": "clock", "arguments": {}}}]}


def parts_of(answer: Any) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = answer["messages"][-1]["content"]
    return parts


def result(role: str = "tool", value: Any = None, name: str = "clock") -> dict[str, Any]:
    value = {"time": 5} if value is None else value
    return {"role": role, "content": [{"function_result": {"name": name, "result": value}}]}


def test_whole_answer_has_the_recorded_form(caller: Caller, simulator: Simulator) -> None:
    simulator.answer = "Hello"
    response = caller.ask_v2()
    assert same_shape(response.json(), "v2.chat.200.json")
    assert parts_of(response.json()) == [{"text": "Hello"}]
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"


def test_stream_has_the_recorded_form_byte_for_byte(caller: Caller, simulator: Simulator) -> None:
    simulator.answer = ["1, 2, 3"]
    response, recorded = caller.ask_v2(stream=True), sample("v2.chat.stream.200.sse")
    numbers = re.compile(r'("created_at"|"\w+_tokens"):\d+')
    assert numbers.sub(r"\1", response.text) == numbers.sub(r"\1", recorded)
    assert response.headers["Content-Type"] == "text/event-stream"


def test_same_prompt_gets_the_same_text_in_both_versions(caller: Caller) -> None:
    whole = parts_of(caller.ask_v2("Why?").json())[0]["text"]
    events = named_events_of(caller.ask_v2("Why?", stream=True).text)
    assert "".join(parts_of(data)[0]["text"] for _, data in events[:-1]) == whole
    assert whole == caller.chat("Why?").json()["choices"][0]["message"]["content"]


def test_old_host_has_v2_too(caller: Caller, simulator: Simulator) -> None:
    address = simulator.base_url.replace("/v1", "/api/v2") + "/chat/completions"
    headers = {"Authorization": f"Bearer {caller.token}"}
    body = {"model": "GigaChat-2", "messages": [USER]}
    assert caller.http.post(address, json=body, headers=headers).status_code == 200
    assert [received.path for received in simulator.calls("chat")] == ["/api/v2/chat/completions"]


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": [{"role": "user", "content": "Hello"}]},
        {"messages": []},
        {"messages": [{"role": "robot", "content": [{"text": "x"}]}]},
        {"messages": [{"role": "user", "content": [{"text": 1}]}]},
        {"messages": [{"role": "user", "content": ["x"]}]},
        {"messages": [{"role": "user", "content": [{"text": "x", "files": ["id"]}]}]},
        {"messages": [USER, {**CALL, "content": [{"function_call": {"name": "clock", "arguments": "{}"}}]}, result()]},
        {"messages": [USER, CALL, result(value="five")]},
        {"messages": [USER, CALL, {"role": "user", "content": [{"function_result": {"name": "clock", "result": {}}}]}]},
        {"model_options": 1},
        {"stream": 1},
        {"tools": "web_search"},
        {"tools": [{"functions": {}}]},
        {"tool_config": {"mode": "sometimes"}},
    ],
)
def test_any_wrong_shape_is_the_same_refusal(caller: Caller, fields: dict[str, Any]) -> None:
    response = caller.ask_v2(**fields)
    assert (response.status_code, response.text.strip()) == (400, sample("v2.400.json").strip())


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"model": "NonExistentModel"}, 404),
        ({"model_options": {"temperature": 0}}, 422),
        ({"model_options": {"reasoning": {"effort": "huge"}}}, 422),
        ({"model_options": {"response_format": {"type": "json_object"}}}, 400),
        ({"messages": [USER, {"role": "system", "content": [{"text": "x"}]}]}, 422),
        ({"messages": [USER, CALL]}, 422),
        ({"messages": [USER, {"role": "user", "content": [{"files": [{"id": "no"}]}]}]}, 404),
        ({"tool_config": {"mode": "forced", "tool_name": "web_search"}}, 422),
        ({"tools": [{"functions": {"specifications": [{**CLOCK, "name": "часы"}]}}]}, 422),
    ],
)
def test_wrong_values_are_refused(caller: Caller, fields: dict[str, Any], status: int) -> None:
    assert caller.ask_v2(**fields).status_code == status


def test_unknown_and_unavailable_tools_are_told_apart(caller: Caller, simulator: Simulator) -> None:
    unknown = caller.ask_v2(tools=[{"url_extraction": {}}])
    assert (unknown.status_code, unknown.text.strip()) == (404, sample("v2.404.tool.json").strip())
    unavailable = caller.ask_v2(tools=[{"code_interpreter": {}}])
    assert (unavailable.status_code, unavailable.text.strip()) == (422, sample("v2.422.tool.json").strip())
    caller.token = simulator.access_token(key_for("GIGACHAT_API_B2B"))
    assert caller.ask_v2(tools=[{"code_interpreter": {}}]).status_code == 200


def test_search_marks_its_sources(caller: Caller) -> None:
    tools = [{"web_search": {"type": "actual_info_web_search"}}]
    answer = caller.ask_v2("What is new?", tools=tools).json()
    (part,) = parts_of(answer)
    marks = set(re.findall(r"\[sources=\[(\d)\]\]", part["text"]))
    assert marks == set(part["inline_data"]["sources"]) == {"1", "2"}
    assert all(set(source) == {"url", "title"} for source in part["inline_data"]["sources"].values())
    assert answer["usage"]["input_tokens"] > 20_000
    events = named_events_of(caller.ask_v2("What is new?", tools=tools, stream=True).text)
    assert [name for name, _ in events[:2]] == ["response.tool.in_progress", "response.tool.completed"]
    executions = [parts_of(data)[0]["tool_execution"] for _, data in events[:2]]
    assert executions == [
        {"name": "web_search", "status": "in_progress", "seconds_left": 5},
        {"name": "web_search", "status": "success"},
    ]
    streamed = [parts_of(data)[0] for _, data in events[2:-1]]
    assert "".join(each["text"] for each in streamed) == part["text"]
    assert streamed[-1]["inline_data"] == part["inline_data"]
    assert events[-1][0] == "response.message.done"


@pytest.mark.parametrize(
    ("question", "config", "used"),
    [
        ("Read https://example.com/page, please", {}, True),
        ("Read it", {}, False),
        ("Read it", {"mode": "forced", "tool_name": "url_content_extraction"}, True),
        ("Read https://example.com/page", {"mode": "none"}, False),
    ],
)
def test_address_is_read_when_there_is_one(caller: Caller, question: str, config: dict[str, str], used: bool) -> None:
    tools: list[dict[str, Any]] = [{"url_content_extraction": {}}]
    (part,) = parts_of(caller.ask_v2(question, tools=tools, tool_config=config).json())
    assert ("inline_data" in part) == used
    if used and "https" in question:
        assert part["inline_data"]["sources"]["1"]["url"].startswith("https://example.com/page")


@pytest.mark.parametrize("stream", [False, True])
def test_picture_is_a_part_with_a_file(caller: Caller, stream: bool) -> None:
    response = caller.ask_v2("Draw a cat", tools=[{"image_generate": {}}], stream=stream)
    if stream:
        data = [data for name, data in named_events_of(response.text) if name == "response.message.delta"]
        parts = [part for each in data for part in parts_of(each)]
    else:
        parts = parts_of(response.json())
    assert list(parts[0]) == ["files"]
    (file,) = parts[0]["files"]
    assert (file["mime"], file["target"]) == ("image/jpeg", "image")
    assert "Draw a cat" in parts[1]["text"]
    assert caller.get(f"/files/{file['id']}/content").content.startswith(b"\xff\xd8")


@pytest.mark.parametrize("stream", [False, True])
def test_function_call_is_a_part_and_comes_with_the_end(caller: Caller, stream: bool) -> None:
    response = caller.ask_v2('call clock {"zone": 3}', tools=[FUNCTIONS], stream=stream)
    events = named_events_of(response.text) if stream else [("response.message.done", response.json())]
    ((name, end),) = events
    assert (name, end["finish_reason"]) == ("response.message.done", "function_call")
    (message,) = end["messages"]
    (part,) = message["content"]
    call = part["function_call"]
    assert (call["name"], call["arguments"]) == ("clock", {"zone": 3})
    assert call["id"]
    assert message["tool_state_id"]


def test_calls_made_at_once_are_several_parts(caller: Caller, simulator: Simulator) -> None:
    simulator.plan = [[("clock", {}), ("clock", {"zone": 3})], "Done."]
    parts = parts_of(caller.ask_v2(tools=[FUNCTIONS]).json())
    assert [part["function_call"]["arguments"] for part in parts] == [{}, {"zone": 3}]
    calls = {"role": "assistant", "content": parts}
    both = {"role": "tool", "content": [*result()["content"], *result()["content"]]}
    assert parts_of(caller.ask_v2(messages=[USER, calls, both]).json()) == [{"text": "Done."}]


@pytest.mark.parametrize(
    ("form", "message", "status"),
    [
        ("either", result("tool"), 200),
        ("either", result("function", '{"time": 5}'), 200),
        ("tool", result("tool"), 200),
        ("tool", result("function", '{"time": 5}'), 400),
        ("function", result("tool"), 400),
        ("function", result("function", {"time": 5}), 400),
        ("function", result("function", '{"time": 5}'), 200),
    ],
)
def test_form_of_results_can_be_that_of_either_stand(
    caller: Caller, simulator: Simulator, form: Any, message: dict[str, Any], status: int
) -> None:
    simulator.function_results = form
    response = caller.ask_v2(messages=[USER, CALL, message], tools=[FUNCTIONS])
    assert response.status_code == status
    if status == 200:
        assert 'clock {"time": 5}' in parts_of(response.json())[0]["text"]


def test_files_reasoning_and_schema_work_as_in_the_first(caller: Caller) -> None:
    file_id = caller.upload("cat.png", b"\x89PNG", "image/png").json()["id"]
    message = {"role": "user", "content": [{"text": "What?"}, {"files": [{"id": file_id}]}]}
    assert "the image cat.png" in parts_of(caller.ask_v2(messages=[message]).json())[0]["text"]
    answer = caller.ask_v2("Why?", model_options={"reasoning": {"effort": "low"}}).json()
    assert [each["role"] for each in answer["messages"]] == ["reasoning", "assistant"]
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    wish = {"type": "json_schema", "schema": schema, "strict": True}
    structured = parts_of(caller.ask_v2(model_options={"response_format": wish}).json())[0]["text"]
    assert json.loads(structured) == {"n": 3}


def test_max_tokens_is_an_option_of_the_model(caller: Caller, simulator: Simulator) -> None:
    simulator.answer = ["four", "four", "four"]
    assert caller.ask_v2(model_options={"max_tokens": 2}).json()["finish_reason"] == "length"


def test_faults_strike_here_too(caller: Caller, simulator: Simulator) -> None:
    simulator.answer = ["one ", "two ", "three"]
    simulator.faults.add("cut", after=2)
    events = named_events_of(caller.ask_v2(stream=True).text)
    assert [parts_of(data)[0]["text"] for _, data in events] == ["one ", "two "]
    for name, missing in (("no-usage", "usage"), ("no-finish", "finish_reason")):
        simulator.faults.add(name, times=2)
        assert missing not in caller.ask_v2().json()
        assert missing not in named_events_of(caller.ask_v2(stream=True).text)[-1][1]
    simulator.faults.add("no-done")
    assert "response.message.done" not in caller.ask_v2(stream=True).text
    simulator.faults.add("function-error")
    assert caller.ask_v2(tools=[FUNCTIONS]).json()["finish_reason"] == "function_call_error"
    simulator.faults.add("blacklist")
    assert caller.ask_v2().json()["finish_reason"] == "blacklist"
