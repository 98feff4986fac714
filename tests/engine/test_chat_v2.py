"""API v2: the recorded traffic, every split of its streams, and where request fields go."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Iterable, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigachat_cli.engine import GigaChat
from gigachat_cli.engine.api import chat_v2
from gigachat_cli.engine.api.citations import Citations
from gigachat_cli.engine.api_version import FIELDS_OF_V2, api_version_of
from gigachat_cli.engine.refusals import refusal
from gigachat_cli.engine.sse import Event, EventParser
from gigachat_cli.engine.wire import Request, Response
from gigachat_cli.errors import (
    ConfigError,
    ContentFilterError,
    CutAnswerError,
    GigaChatError,
    InvalidRequestError,
    ServiceError,
    StreamError,
    UnavailableToolError,
    UnknownModelError,
    UnknownToolError,
    UsageError,
)
from gigachat_cli.messages import Answer, AnswerBuilder, Chunk, FunctionCall, Message, Source, Usage
from gigachat_cli.simulator import Simulator

from ..conftest import RECORDINGS
from ..raw import RawServer, read_request
from .asking import chunks_of, until_error
from .test_chat import BROKEN_ARGUMENTS

REQUEST = Request("POST", "https://api.giga.chat/v2/chat/completions", "the chat request")
WEB: dict[str, Any] = {"tools": [{"web_search": {}}]}
HELLO = [Message("user", "Hello")]


def event_of(name: str, **data: Any) -> bytes:
    return f"event: response.{name}\ndata: {json.dumps({'model': 'M:3', **data}, ensure_ascii=False)}\n\n".encode()


def said(*parts: Any, role: str = "assistant", name: str = "message.delta", **more: Any) -> bytes:
    return event_of(name, messages=[{"role": role, "content": list(parts)}], **more)


SOURCES = {"1": {"url": "https://one.example/?a=1", "title": "One —\n1"}, "2": {"url": "https://two.example/"}}
TOOLS = [
    said({"text": "Let me see."}, role="reasoning"),
    said(
        {"tool_execution": {"name": "web_search", "status": "in_progress", "seconds_left": 3}}, name="tool.in_progress"
    ),
    said({"tool_execution": {"name": "web_search", "status": "success"}}, name="tool.completed"),
    said({"text": "Да [sources=[1]], нет [sour"}),
    said({"text": "ces=[2]]; [a] and [sources=[1, 2]"}),
    said({"text": "]."}, {"text": "", "inline_data": {"images": [], "sources": SOURCES}}),
    event_of(
        "message.done",
        finish_reason="stop",
        usage={
            "input_tokens": 23767,
            "input_tokens_details": {"prompt_tokens": 23700, "cached_tokens": 67},
            "output_tokens": 9,
            "total_tokens": 23776,
        },
    ),
]
TEXT = "Да [1], нет [2]; [a] and [1][2]."


async def given_out(chunks: Iterable[Chunk]) -> AsyncGenerator[Chunk, None]:
    for chunk in chunks:
        yield chunk


async def folded(pieces: Iterable[bytes]) -> tuple[Answer, list[str]]:
    """The answer of a stream that comes in these pieces, and the progress that it told."""
    parser, found = EventParser(), list[Chunk]()
    for each in [event for piece in pieces for event in parser.feed(piece)] + list(parser.close()):
        chunk = chat_v2.parse_event(REQUEST, each, request_id="id-1")
        assert chunk is not None
        found.append(chunk)
    builder = AnswerBuilder()
    async for chunk in chat_v2.settled(given_out(found)):
        builder.add(chunk)
    return builder.answer(ended=True), [chunk.progress for chunk in found if chunk.progress]


def parsed(found: Any, name: str = "response.message.delta") -> Chunk:
    data = found if isinstance(found, str) else json.dumps(found)
    chunk = chat_v2.parse_event(REQUEST, Event(name, data), request_id="id-1")
    assert chunk is not None
    return chunk


def sent(messages: Sequence[Message] = HELLO, *, stream: bool = False, **fields: Any) -> dict[str, Any]:
    return chat_v2.body("M", messages, stream=stream, fields=fields)


async def test_a_search_is_an_answer_with_numbered_sources() -> None:
    answer, progress = await folded(TOOLS)
    assert answer.text == TEXT
    assert answer.sources == (Source(1, "One — 1", "https://one.example/?a=1"), Source(2, "", "https://two.example/"))
    assert answer.usage == Usage(23767, 9, 23776, 67)
    assert (answer.reasoning, answer.finish_reason, answer.complete, answer.model) == (
        "Let me see.",
        "stop",
        True,
        "M:3",
    )
    assert progress == ["web_search, in progress, 3 s left", "web_search, success"]


async def test_a_stream_is_the_same_at_every_split() -> None:
    stream = b"".join(TOOLS)
    whole = await folded([stream])
    for cut in range(len(stream) + 1):
        assert await folded([stream[:cut], stream[cut:]]) == whole, f"cut at {cut}"
    assert await folded([stream[at : at + 1] for at in range(len(stream))]) == whole


@pytest.mark.parametrize("name", ["v2.chat.stream.200.sse", "v2.chat.stream.tools.200.sse"])
async def test_a_recorded_stream_is_the_same_at_every_split(name: str) -> None:
    stream = (RECORDINGS / name).read_bytes()
    whole = await folded([stream])
    for cut in range(len(stream) + 1):
        assert await folded([stream[:cut], stream[cut:]]) == whole, f"cut at {cut}"


async def test_the_recorded_streams_become_their_answers() -> None:
    answer, _ = await folded([(RECORDINGS / "v2.chat.stream.200.sse").read_bytes()])
    assert answer == Answer(
        text="1, 2, 3",
        model="GigaChat-3-Ultra:32.3.18.5",
        finish_reason="stop",
        complete=True,
        usage=Usage(19, 8, 27),
        request_id="id-1",
    )
    odd, progress = await folded([(RECORDINGS / "v2.chat.stream.tools.200.sse").read_bytes()])
    assert (odd.text, odd.finish_reason, odd.complete) == ("as a bare text", "error", False)
    assert (odd.functions_state_id, odd.usage) == ("state-1", Usage(1, 2, 3))
    assert progress == ["image_generate, success, stopped by the content filter"]


def test_the_recorded_whole_answers_are_read() -> None:
    plain = chat_v2.parse_whole(REQUEST, (RECORDINGS / "v2.chat.200.json").read_bytes(), request_id=None)
    assert (plain.text, plain.finish_reason, plain.usage) == ("Hello", "stop", Usage(19, 2, 21))
    fitting = chat_v2.parse_whole(REQUEST, (RECORDINGS / "v2.chat.json_schema.200.json").read_bytes(), request_id=None)
    assert json.loads(fitting.text) == {"answer": "ok", "n": 7}


@pytest.mark.parametrize("name", ["v2.chat", "v2.chat.json_schema", "v2.chat.stream"])
def test_a_request_has_the_recorded_form(name: str) -> None:
    body = json.loads((RECORDINGS / f"{name}.request.json").read_bytes())
    messages = [Message("user", body["messages"][0]["content"][0]["text"])]
    fields = {"response_format": body["model_options"]["response_format"]} if "model_options" in body else {}
    assert chat_v2.body(body["model"], messages, stream=body.get("stream", False), fields=fields) == body


@pytest.mark.parametrize(
    ("name", "status", "kind"),
    [
        ("v2.400.json", 400, InvalidRequestError),
        ("v2.404.tool.json", 404, UnknownToolError),
        ("v2.422.tool.json", 422, UnavailableToolError),
        ("chat.model_not_found.404.json", 404, UnknownModelError),
        ("chat.422.range.json", 422, InvalidRequestError),
    ],
)
def test_a_recorded_refusal_is_its_error(name: str, status: int, kind: type[GigaChatError]) -> None:
    problem = refusal(REQUEST, Response(status, {}, (RECORDINGS / name).read_bytes()), model="M")
    assert type(problem) is kind
    assert problem.hint or kind is InvalidRequestError


@pytest.mark.parametrize(
    ("words", "hint"),
    [("Unknown tool web_serch", "Did you mean web_search?"), ("Unknown tool zzz", "Known are web_search")],
)
def test_an_unknown_tool_is_named_with_what_it_may_have_been(words: str, hint: str) -> None:
    body = json.dumps({"status": 404, "message": words}).encode()
    problem = refusal(REQUEST, Response(404, {"x-request-id": "r-1"}, body), model="M")
    assert words.split()[-1] in problem.message
    assert (problem.hint or "").startswith(hint)
    assert (problem.status, problem.request_id) == (404, "r-1")


# The request


def test_the_address_is_that_of_the_base_with_another_version() -> None:
    assert chat_v2.url("https://api.giga.chat/v1") == "https://api.giga.chat/v2/chat/completions"
    assert chat_v2.url("https://old.example/api/v1") == "https://old.example/api/v2/chat/completions"
    for base in ("https://gateway.example", "https://gateway.example/gigachat", "https://gateway.example/v1x"):
        with pytest.raises(ConfigError, match="base_url"):
            chat_v2.url(base)


@pytest.mark.parametrize("name", sorted(FIELDS_OF_V2))
def test_a_field_that_v1_does_not_know_chooses_the_second(name: str) -> None:
    assert api_version_of({name: {}}).url("https://a/v1") == "https://a/v2/chat/completions"
    assert api_version_of({name: None}).url("https://a/v1") == "https://a/v1/chat/completions"


@pytest.mark.parametrize(
    "name", ["temperature", "reasoning_effort", "storage", "flags", "functions", "response_format"]
)
def test_a_field_of_both_leaves_v1(name: str) -> None:
    assert api_version_of({name: 1}).url("https://a/v1") == "https://a/v1/chat/completions"


@pytest.mark.parametrize(
    ("given", "placed"),
    [
        ({"temperature": 0.5, "max_tokens": 9}, {"model_options": {"temperature": 0.5, "max_tokens": 9}}),
        ({"top_p": 1, "repetition_penalty": 2}, {"model_options": {"top_p": 1, "repetition_penalty": 2}}),
        ({"temperature": 1, "model_options": {"temperature": 2, "preset": "p"}},
         {"model_options": {"temperature": 2, "preset": "p"}}),
        ({"reasoning_effort": "high"}, {"model_options": {"reasoning": {"effort": "high"}}}),
        ({"response_format": {"type": "text"}}, {"model_options": {"response_format": {"type": "text"}}}),
        ({"profanity_check": False}, {"disable_filter": True}),
        ({"profanity_check": True}, {"disable_filter": False}),
        ({"function_ranker": {"enabled": True}}, {"ranker_options": {"enabled": True}}),
        ({"flags": ["a"], "user_info": {"timezone": "Europe/Moscow"}},
         {"flags": ["a"], "user_info": {"timezone": "Europe/Moscow"}}),
        ({"later": [1]}, {"later": [1]}),
        ({"storage": True}, {"storage": {}}),
        ({"storage": False}, {}),
        ({"storage": {"is_stateful": False, "limit": 3}}, {}),
        ({"storage": {"is_stateful": True, "limit": 3, "assistant_id": "a"}},
         {"storage": {"limit": 3}, "assistant_id": "a"}),
        (WEB, WEB),
        ({"tools": ["web_search"]}, WEB),
        ({"tools": [{"web_search": {}}], "functions": [{"name": "f"}, {"name": "text2image"}]},
         {"tools": [{"web_search": {}}, {"image_generate": {}}, {"functions": {"specifications": [{"name": "f"}]}}]}),
        ({"function_call": "auto"}, {"tool_config": {"mode": "auto"}}),
        ({"function_call": "none"}, {"tool_config": {"mode": "none"}}),
        ({"function_call": {"name": "f"}}, {"tool_config": {"mode": "forced", "function_name": "f"}}),
        ({"function_call": {"name": "text2image"}}, {"tool_config": {"mode": "forced", "tool_name": "image_generate"}}),
        ({"temperature": None, "tools": None}, {}),
    ],
)  # fmt: skip
def test_a_field_goes_where_this_version_has_it(given: dict[str, Any], placed: dict[str, Any]) -> None:
    body = sent(**given)
    del body["model"], body["messages"]
    assert body == placed


@pytest.mark.parametrize(
    "fields", [{"tools": {"web_search": {}}}, {"model_options": 1}, {"storage": "on"}, {"stream": True}]
)
def test_a_field_of_the_wrong_form_is_a_usage_error(fields: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        chat_v2.body("M", HELLO, stream=False, fields=fields)


def test_every_kind_of_message_is_made_of_parts() -> None:
    call = Message("assistant", "", function_call=FunctionCall("f", {"a": 1}), functions_state_id="s-1")
    history = [
        Message("system", "Be brief."),
        Message("user", "See", attachments=("file-1", "file-2")),
        Message("assistant", "Yes."),
        Message("user", "", attachments=("file-3",)),
        call,
        Message("function", '{"b": 2}', name="f"),
        Message("assistant", ""),
    ]
    assert sent(history, stream=True)["messages"] == [
        {"role": "system", "content": [{"text": "Be brief."}]},
        {"role": "user", "content": [{"text": "See"}, {"files": [{"id": "file-1"}, {"id": "file-2"}]}]},
        {"role": "assistant", "content": [{"text": "Yes."}]},
        {"role": "user", "content": [{"files": [{"id": "file-3"}]}]},
        {
            "role": "assistant",
            "content": [{"function_call": {"name": "f", "arguments": {"a": 1}}}],
            "tools_state_id": "s-1",
        },
        {"role": "function", "content": [{"function_result": {"name": "f", "result": '{"b": 2}'}}]},
        {"role": "assistant", "content": [{"text": ""}]},
    ]
    with pytest.raises(UsageError):
        sent([Message("user", "a"), Message("system", "b")])


# The answer


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"messages": None},
        {"messages": []},
        {"messages": "none"},
        {"messages": [None, 7, "x"]},
        {"messages": [{}]},
        {"messages": [{"role": "assistant", "content": None}]},
        {"messages": [{"role": "assistant", "content": [None, 7, [], {"text": 5}, {"unknown": {}}]}]},
        {"messages": [{"role": "user", "content": [{"text": "an echo"}]}]},
        {"messages": [{"content": [{"inline_data": {"sources": {"x": {}, "1": 5, "2": {"url": 7}}}}]}]},
        {
            "messages": [
                {"content": [{"inline_data": []}, {"tool_execution": "f"}, {"files": {}}, {"files": [{"id": "<a>"}]}]}
            ]
        },
        {"messages": [{"content": [{"function_call": "f"}]}], "finish_reason": 3, "usage": "much", "model": 5},
        {"usage": {"input_tokens": "12", "input_tokens_details": 7}, "tools_state_id": 4},
    ],
)
def test_odd_shapes_are_tolerated_as_nothing_said(found: dict[str, Any]) -> None:
    for read in (parsed(found), chat_v2.parse_whole(REQUEST, json.dumps(found).encode(), request_id=None)):
        assert (read.text, read.reasoning, read.progress, read.sources) == ("", "", "", ())
        assert (read.function_call, read.functions_state_id, read.finish_reason) == (None, None, None)


@pytest.mark.parametrize(
    ("content", "text"), [("a", "a"), ({"text": "a"}, "a"), (["a", {"text": "b"}], "ab"), ([{"text": "a"}], "a")]
)
def test_a_content_may_be_a_text_a_part_or_parts(content: Any, text: str) -> None:
    assert parsed({"messages": [{"content": content}]}).text == text


def test_files_that_the_service_made_are_tags_in_the_text() -> None:
    files = [
        {"id": "a-1", "mime": "image/jpeg", "target": "image"},
        {"id": "b-2", "mime": "model/fbx", "target": "model_3d"},
    ]
    found = {"messages": [{"role": "assistant", "content": [{"files": files}, {"text": "Here."}]}]}
    assert parsed(found).text == '<img src="a-1" fuse="true"/> <div data-model-id="b-2" fuse="true"/> Here.'


def test_a_call_comes_with_the_end_and_the_first_of_several_is_taken() -> None:
    calls = [{"function_call": {"id": "1", "name": name, "arguments": {"a": 1}}} for name in ("f", "g")]
    found = {"messages": [{"role": "assistant", "content": calls, "tool_state_id": "s-1"}]}
    chunk = parsed(found, chat_v2.DONE)
    assert (chunk.function_call, chunk.functions_state_id) == (FunctionCall("f", {"a": 1}), "s-1")
    assert chunk.finish_reason == "function_call"


@pytest.mark.parametrize("arguments", BROKEN_ARGUMENTS)
def test_arguments_that_are_not_understood_say_why_in_both_forms(arguments: str) -> None:
    part = f'{{"function_call": {{"id": "1", "name": "f", "arguments": {arguments}}}}}'
    data = f'{{"messages": [{{"role": "assistant", "content": [{part}]}}]}}'
    streamed = chat_v2.parse_event(REQUEST, Event(chat_v2.DONE, data), request_id=None)
    for read in (streamed, chat_v2.parse_whole(REQUEST, data.encode(), request_id=None)):
        assert read is not None
        call = read.function_call
        assert call is not None
        assert (call.arguments, call.problem) == ({}, BROKEN_ARGUMENTS[arguments])


def test_the_last_event_makes_an_answer_whole_without_a_reason() -> None:
    assert parsed({}, chat_v2.DONE).finish_reason == "stop"
    assert parsed({}).finish_reason is None
    assert chat_v2.is_last(Event(chat_v2.DONE, "{}"))


def test_data_of_v1_under_these_names_is_read() -> None:
    choice = {"delta": {"content": "x"}, "index": 0, "finish_reason": "stop"}
    assert (parsed({"choices": [choice]}).text, parsed({"choices": [choice]}).finish_reason) == ("x", "stop")
    assert chat_v2.parse_event(REQUEST, Event("", "[DONE]"), request_id=None) is None


@pytest.mark.parametrize("name", ["error", "response.error"])
def test_an_error_event_is_the_services_error(name: str) -> None:
    with pytest.raises(ServiceError, match="too busy") as raised:
        parsed({"status": 503, "message": "too busy"}, name)
    assert raised.value.status == 503
    with pytest.raises(ServiceError, match="odd"):
        chat_v2.parse_whole(REQUEST, b'{"status":500,"message":"odd"}', request_id=None)


@pytest.mark.parametrize("data", ["", "{", "[]", "null", "7"])
def test_what_is_no_answer_is_a_stream_error(data: str) -> None:
    if data:
        with pytest.raises(StreamError):
            parsed(data)
    with pytest.raises(StreamError):
        chat_v2.parse_whole(REQUEST, data.encode(), request_id=None)


_PIECES = st.lists(
    st.sampled_from(["[sources=[1]]", "[sources=[2, 3]]", "[", "]", "[s", "sources=[", "4", ", ", "я", ""])
)


@given(_PIECES, st.lists(st.integers(0, 200)))
def test_marks_are_the_same_at_every_split(words: list[str], cuts: list[int]) -> None:
    text = "".join(words)
    whole = Citations()
    expected = whole.feed(text) + whole.close()
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    citations = Citations()
    got = [citations.feed(text[begin:end]) for begin, end in pairwise(places)]
    assert "".join(got) + citations.close() == expected
    assert "[sources=[1]]" not in expected


def test_what_only_begins_like_a_mark_is_not_held_for_long() -> None:
    citations = Citations()
    assert citations.feed("a [sources=[" + "1, " * 21) == "a "
    assert citations.feed("1, " * 100).startswith("[sources=[1, ")
    assert citations.feed("]] b") == "]] b"


# The client


async def test_a_client_asks_v2_for_the_tools_and_v1_otherwise(simulator: Simulator) -> None:
    async with GigaChat() as giga:
        answer = await giga.ask([{"role": "user", "content": "What is new?"}], **WEB, temperature=0.5)
        streamed = await chunks_of(giga, **WEB)
        await giga.ask([{"role": "user", "content": "Hello"}])
    assert [each.number for each in answer.sources] == [1, 2]
    assert "[1]" in answer.text
    assert "sources=" not in answer.text + "".join(chunk.text for chunk in streamed)
    assert [request.path for request in simulator.calls("chat")] == ["/v2/chat/completions"] * 2 + [
        "/v1/chat/completions"
    ]
    body: Any = simulator.calls("chat")[0].json
    assert body["model_options"] == {"temperature": 0.5}
    assert any(chunk.progress for chunk in streamed)


@pytest.mark.parametrize(
    "reason", ["blacklist", "request_blacklist", "request_whitelist", "request_filter", "response_blacklist"]
)
async def test_every_reason_of_the_filter_is_its_error_after_the_text(simulator: Simulator, reason: str) -> None:
    simulator.stream_bytes = [said({"text": "As for [so"}), event_of("message.done", finish_reason=reason)]
    async with GigaChat() as giga:
        texts, problem = await until_error(giga, **WEB)
    assert isinstance(problem, ContentFilterError)
    assert "".join(texts) == "As for [so"


@pytest.mark.parametrize("reason", ["error", "function_call_error"])
async def test_an_answer_that_ends_in_an_error_is_the_services_error(simulator: Simulator, reason: str) -> None:
    simulator.stream_bytes = [said({"text": "x"}), event_of("message.done", finish_reason=reason)]
    async with GigaChat() as giga:
        _, problem = await until_error(giga, **WEB)
    assert type(problem) is ServiceError


async def test_a_stream_without_its_last_event_is_cut_and_gives_all_that_came(simulator: Simulator) -> None:
    simulator.stream_bytes = [said({"text": "one [sources="})]
    async with GigaChat() as giga:
        texts, problem = await until_error(giga, **WEB)
    assert isinstance(problem, CutAnswerError)
    assert "".join(texts) == "one [sources="


async def test_an_answer_ends_with_its_last_event_though_the_connection_stays_open() -> None:
    stream = said({"text": "whole"}) + event_of("message.done", finish_reason="stop")

    def answer(connection: socket.socket) -> None:
        read_request(connection)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head + f"{len(stream):x}\r\n".encode() + stream + b"\r\n")
        connection.recv(1)  # until the client goes

    with RawServer(answer) as server:
        base_url = f"http://127.0.0.1:{server.port}/v1"
        async with asyncio.timeout(10), GigaChat(base_url=base_url, access_token="made-up", timeout=300) as giga:
            chunks = await chunks_of(giga, **WEB)
    assert "".join(chunk.text for chunk in chunks) == "whole"
