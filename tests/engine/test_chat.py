from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigachat_cli.engine.api import chat, models
from gigachat_cli.engine.sse import Event, EventParser
from gigachat_cli.engine.wire import Request
from gigachat_cli.errors import GigaChatError, ServiceError, StreamError, UsageError
from gigachat_cli.messages import AnswerBuilder, Chunk, FunctionCall, Message, Model, Usage

from ..conftest import RECORDINGS
from .samples import CHAT, IMAGE, chunk, last

REQUEST = Request("POST", "https://api.giga.chat/v1/chat/completions", "the chat request")


def event(found: object, name: str = "") -> Chunk | None:
    data = found if isinstance(found, str) else json.dumps(found)
    return chat.parse_event(REQUEST, Event(name, data), request_id="id-1")


def delta(**fields: Any) -> Chunk:
    found = event({"choices": [{"delta": fields, "index": 0}]})
    assert found is not None
    return found


def folded(stream: bytes) -> AnswerBuilder:
    builder = AnswerBuilder()
    for each in EventParser().feed(stream):
        found = chat.parse_event(REQUEST, each, request_id=None)
        if found is None:
            break
        builder.add(found)
    return builder


def test_a_recorded_stream_becomes_its_answer() -> None:
    answer = folded(CHAT).answer(ended=True)
    assert answer.text == "1\\, 2 — **три** 🐈\n\n"
    assert (answer.finish_reason, answer.complete, answer.model) == ("stop", True, "M:2")
    assert answer.usage == Usage(17, 42, 59, 2)


def test_the_status_of_a_running_function_is_no_part_of_the_answer() -> None:
    answer = folded(IMAGE).answer(ended=True)
    assert answer.text == '<img src="3727db23" fuse="true"/>'
    running = delta(role="function_in_progress", content="5 seconds left", name="text2image")
    assert (running.text, running.progress) == ("", "5 seconds left")
    assert delta(role="function_in_progress", content=None, name="text2image").progress == "text2image"


def test_every_recorded_answer_is_read() -> None:
    found = {}
    for path in sorted(RECORDINGS.glob("chat*.200.json")):
        found[path.name] = chat.parse_whole(REQUEST, path.read_bytes(), request_id=None)
    for path in sorted(RECORDINGS.glob("chat*.sse")):
        assert folded(path.read_bytes()).answer(ended=True).complete, path.name
    assert found["chat.200.json"].text
    assert found["chat.200.json"].usage is not None
    assert all(each.finish_reason in ("stop", "function_call") for each in found.values()), found
    assert found["chat.function_call.200.json"].function_call == FunctionCall(
        "weather_forecast", {"location": "Казань", "num_days": 3}
    )
    assert found["chat.function_call.old.200.json"].function_call == FunctionCall(
        "fc", {"location": "Казань", "num_days": 0}
    )
    assert found["chat.image.200.json"].functions_state_id == "5f0c7a52-9d1e-4b7a-8a31-2c6f7f1d0b44"
    assert found["chat.reasoning.200.json"].reasoning == "Подумаем."
    for path in sorted(RECORDINGS.glob("chat*.4*.json")):
        with pytest.raises(ServiceError):
            chat.parse_whole(REQUEST, path.read_bytes(), request_id=None)


def test_the_recorded_list_of_models_is_read() -> None:
    listed = models.parse_models((RECORDINGS / "models.200.json").read_bytes())
    assert any(model.id == "GigaChat" for model in listed)
    assert {model.type for model in listed} >= {"chat"}


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{}", b'{"data":{}}', b"\xff", b"[" * 100_000])
def test_what_is_no_list_of_models_is_refused(content: bytes) -> None:
    with pytest.raises(ServiceError, match="not a list of models"):
        models.parse_models(content)


def test_odd_rows_of_the_list_of_models_are_left_out() -> None:
    content = json.dumps({"data": [{"id": "A", "type": 7}, {"id": None}, "B", None, {"id": "C", "type": "chat"}]})
    assert models.parse_models(content.encode()) == [Model("A"), Model("C", "chat")]


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"choices": None},
        {"choices": []},
        {"choices": "none"},
        {"choices": [None, 7, "x"]},
        {"choices": [{}]},
        {"choices": [{"index": 0}]},
        {"choices": [{"delta": None}]},
        {"choices": [{"delta": []}]},
        {"choices": [{"delta": {"content": None}}]},
        {"choices": [{"delta": {"content": 7, "function_call": "f", "functions_state_id": 1}, "finish_reason": 3}]},
        {"choices": [{"delta": {"content": ["a"]}, "index": "0"}], "usage": "much", "model": 5},
        {"choices": [{"delta": {"role": "assistant"}}], "usage": {"prompt_tokens": "12", "total_tokens": None}},
        {"unknown": {"fields": [1, 2]}, "choices": [{"delta": {"content": "", "more": 1}, "logprobs": None}]},
    ],
)
def test_odd_shapes_are_tolerated_as_nothing_said(found: dict[str, Any]) -> None:
    for read in (event(found), chat.parse_whole(REQUEST, json.dumps(found).encode(), request_id=None)):
        assert read is not None
        assert (read.text, read.reasoning, read.function_call, read.finish_reason) == ("", "", None, None)


def test_unknown_fields_do_not_hide_the_known_ones() -> None:
    found = {
        "x": 1,
        "choices": [{"y": [], "delta": {"content": "a", "z": {}}, "index": 0}],
        "usage": {"total_tokens": 4},
    }
    read = event(found)
    assert read == Chunk("a", usage=Usage(total_tokens=4), request_id="id-1")


def test_of_several_choices_the_first_by_index_counts() -> None:
    choices = [{"delta": {"content": "second"}, "index": 1}, {"delta": {"content": "first"}, "index": 0}]
    read = event({"choices": choices})
    assert read is not None
    assert read.text == "first"


@pytest.mark.parametrize(
    ("arguments", "read"),
    [
        ({"city": "Омск"}, {"city": "Омск"}),
        ('{"city":"Омск"}', {"city": "Омск"}),
        ({}, {}),
        ("{}", {}),
    ],
)
def test_arguments_of_a_function_come_as_an_object_or_as_text(arguments: object, read: dict[str, Any]) -> None:
    assert delta(content="", function_call={"name": "f", "arguments": arguments}).function_call == FunctionCall(
        "f", read
    )


BROKEN_ARGUMENTS = {
    '"not JSON"': "are not JSON, or only a part of it",
    r'"{\"path\": \"a"': "are not JSON, or only a part of it",
    '""': "are not JSON, or only a part of it",
    json.dumps("[" * 100_000): "are not JSON, or only a part of it",
    r'"{\"a\": 1} {}"': "are not JSON, or only a part of it",
    '"[1]"': "are a list, not an object",
    "[1]": "are a list, not an object",
    '"null"': "are missing",
    "null": "are missing",
    "1": "are a number, not an object",
    "true": "are true or false, not an object",
    r'"\"a\""': "are a text, not an object",
    '{"a": NaN}': "hold a number that is none, or too large",
    r'"{\"a\": NaN}"': "hold a number that is none, or too large",
    '{"a": {"b": [-Infinity]}}': "hold a number that is none, or too large",
    '{"a": 1e999}': "hold a number that is none, or too large",
    r'"{\"a\": -1e999}"': "hold a number that is none, or too large",
    f'{{"a": 1{"0" * 400}}}': "hold a number that is none, or too large",
    f'{{"a": -{"9" * 5000}}}': "hold a number that is none, or too large",
    f'"[{"9" * 5000}]"': "are a list, not an object",
    '{"a": 1, "b": 2, "a": 3}': 'give "a" twice',
    r'"{\"a\": {\"b\": 1, \"b\": 1}}"': 'give "b" twice',
    r'{"a": "\ud800"}': "hold characters that are no text",
    r'{"\ud800": 1}': "hold characters that are no text",
    f'{{"a": {"[" * 80}{"]" * 80}}}': "are more than 64 levels deep",
    f'{{"a": "{"x" * 2**20}", "b": ["y"]}}': "are longer than 1 MiB",
    json.dumps(json.dumps({"a": "x" * 2**20})): "are longer than 1 MiB",
}


@pytest.mark.parametrize("arguments", BROKEN_ARGUMENTS, ids=[each[:40] for each in BROKEN_ARGUMENTS])
def test_arguments_that_are_not_understood_are_none_and_say_why(arguments: str) -> None:
    call = f'{{"name": "f", "arguments": {arguments}}}'
    for part in ("delta", "message"):
        data = f'{{"choices": [{{"index": 0, "{part}": {{"content": "ab", "function_call": {call}}}}}]}}'
        read = event(data) if part == "delta" else chat.parse_whole(REQUEST, data.encode(), request_id=None)
        assert read is not None
        found = read.function_call
        assert found is not None
        assert (found.name, found.arguments, found.problem) == ("f", {}, BROKEN_ARGUMENTS[arguments])
        assert found.as_object()["raw"] or arguments == '""'
        json.dumps(found.as_object(), allow_nan=False)
        assert read.text == "ab"
        # What goes back to the service is a call without arguments; its result says why.
        messages = [Message("user", "a"), Message("assistant", "", function_call=found)]
        body = chat.body("M", messages, stream=False, fields={})
        assert body["messages"][1]["function_call"] == {"name": "f", "arguments": {}}


def test_arguments_without_a_member_are_missing() -> None:
    call = delta(content="", function_call={"name": "f"}).function_call
    assert call is not None
    assert call.problem == "are missing"


@pytest.mark.parametrize(
    ("found", "name", "words", "status"),
    [
        ({"error": {"code": 500, "message": "Broken"}}, "", "Broken", 500),
        ({"error": {"status": 503, "message": "Broken"}}, "", "Broken", 503),
        ({"status": 500, "message": "Broken"}, "", "Broken", 500),
        ({"message": "Broken", "code": "x"}, "error", "Broken", None),
        ({"error": "Broken"}, "", "Broken", None),
        ({"error": {"message": "a\x1b]52;c;eA==\x07b\nc"}}, "", "ab c", None),
    ],
)
def test_an_error_object_is_the_services_own_error(
    found: dict[str, Any], name: str, words: str, status: int | None
) -> None:
    with pytest.raises(ServiceError) as caught:
        event(found, name)
    assert caught.value.message.endswith(f": {words}.")
    assert (caught.value.status, caught.value.request_id, caught.value.code) == (status, "id-1", "service")
    if not name:
        with pytest.raises(ServiceError):
            chat.parse_whole(REQUEST, json.dumps(found).encode(), request_id=None)


def test_no_error_is_no_error() -> None:
    read = event({"error": None, "choices": [{"delta": {"content": "a"}}]})
    assert read is not None
    assert read.text == "a"


def test_the_end_mark_ends_the_stream() -> None:
    assert event("[DONE]") is None
    assert event(" [DONE] ") is None


@pytest.mark.parametrize("data", ["", "{", "[]", "null", "7", '"text"', "[" * 100_000, '{"a":' * 100_000])
def test_what_is_no_object_is_refused(data: str) -> None:
    if data:
        with pytest.raises(StreamError, match="not an answer"):
            event(data)
    with pytest.raises(StreamError, match="not an answer"):
        chat.parse_whole(REQUEST, data.encode(), request_id=None)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\x00", b"upstream connect error"])
def test_a_body_that_is_no_json_is_refused(content: bytes) -> None:
    with pytest.raises(StreamError):
        chat.parse_whole(REQUEST, content, request_id=None)


_NAMES = [
    *("choices", "delta", "message", "content", "index", "usage", "error", "status", "code", "function_call"),
    *("name", "arguments", "role", "finish_reason", "model", "prompt_tokens", "x"),
]
_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(_NAMES),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(deadline=None, max_examples=300)
@given(_JSON)
def test_any_json_is_read_or_refused_as_one_of_our_errors(found: object) -> None:
    with suppress(GigaChatError):
        event(json.dumps(found))
    with suppress(GigaChatError):
        chat.parse_whole(REQUEST, json.dumps(found).encode(), request_id=None)


def test_a_request_holds_what_was_said_and_what_was_set() -> None:
    call = FunctionCall("f", {"a": 1})
    said = [
        Message("system", "Be brief."),
        Message("user", "Привет", attachments=("id-1",)),
        Message("assistant", "", function_call=call, functions_state_id="state"),
        Message("function", "{}", name="f"),
    ]
    sent = chat.body("GigaChat", said, stream=True, fields={"temperature": 0.5, "top_p": None, "x": [1]})
    assert sent == {
        "model": "GigaChat",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Привет", "attachments": ["id-1"]},
            {
                "role": "assistant",
                "content": "",
                "function_call": {"name": "f", "arguments": {"a": 1}},
                "functions_state_id": "state",
            },
            {"role": "function", "content": "{}", "name": "f"},
        ],
        "temperature": 0.5,
        "x": [1],
        "stream": True,
    }
    assert "stream" not in chat.body("GigaChat", said, stream=False, fields={})
    assert chat.encode({"a": "Привет"}) == '{"a":"Привет"}'.encode()


def test_messages_given_as_mappings_mean_the_same() -> None:
    call = {"name": "f", "arguments": '{"a": 1}'}
    given = {"role": "assistant", "content": "", "function_call": call, "functions_state_id": "s", "attachments": ["i"]}
    assert chat.messages_of([given, Message("user", "x")]) == [
        Message("assistant", "", attachments=("i",), function_call=FunctionCall("f", {"a": 1}), functions_state_id="s"),
        Message("user", "x"),
    ]


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [Message("user", "a"), Message("system", "b")],
        [Message("system", "a"), Message("system", "b")],
    ],
)
def test_an_order_that_the_service_refuses_is_not_sent(messages: list[Message]) -> None:
    with pytest.raises(UsageError):
        chat.body("GigaChat", messages, stream=True, fields={})


@pytest.mark.parametrize(
    "given", [{}, {"role": "user"}, {"role": "boss", "content": "a"}, {"role": "user", "content": None}, "user", 7]
)
def test_what_is_no_message_is_refused(given: Any) -> None:
    with pytest.raises(UsageError, match="a content that is text"):
        chat.messages_of([given])


@pytest.mark.parametrize("name", ["messages", "stream"])
def test_fields_that_the_call_fills_cannot_be_set(name: str) -> None:
    with pytest.raises(UsageError, match=name):
        chat.body("GigaChat", [Message("user", "a")], stream=True, fields={name: True})


@pytest.mark.parametrize("value", ["\ud800", float("nan"), float("inf")])
def test_what_json_does_not_know_is_refused_before_it_is_sent(value: object) -> None:
    with pytest.raises(UsageError):
        chat.encode({"x": value})


def test_samples_are_of_the_recorded_form() -> None:
    assert folded(chunk("a") + chunk("b") + last("length")).answer(ended=True).finish_reason == "length"
