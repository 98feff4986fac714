"""The official SDK, unmodified, with everything besides plain chat: files, functions, API v2, the rest."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from gigachat import GigaChat
from gigachat.context import client_id_cvar
from gigachat.exceptions import ForbiddenError, NotFoundError, ResponseError, UnprocessableEntityError
from gigachat.models import Chat, Function, Messages, MessagesRole
from pydantic import BaseModel

from gigachat_cli.simulator import Simulator, key_for

from .test_official_sdk import settings

CLOCK: dict[str, Any] = {
    "name": "clock",
    "description": "Tell the time",
    "parameters": {"type": "object", "properties": {}},
}


class Person(BaseModel):
    name: str
    age: int


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def sdk(simulator: Simulator) -> Iterator[GigaChat]:
    with GigaChat(**settings(simulator)) as client:
        yield client


@pytest.fixture
def business(simulator: Simulator) -> Iterator[GigaChat]:
    corporate = {"credentials": key_for("GIGACHAT_API_CORP"), "scope": "GIGACHAT_API_CORP"}
    with GigaChat(**settings(simulator, **corporate)) as client:
        yield client


def test_sdk_keeps_files(sdk: GigaChat) -> None:
    uploaded = sdk.upload_file(("заметка.txt", b"some text", "text/plain"))
    assert (uploaded.filename, uploaded.bytes_, uploaded.purpose) == ("заметка.txt", 9, "general")
    assert sdk.get_file(uploaded.id_).access_policy == "private"
    assert [file.id_ for file in sdk.get_files().data] == [uploaded.id_]
    deleted = sdk.delete_file(uploaded.id_)
    assert (deleted.id_, deleted.deleted) == (uploaded.id_, True)
    assert sdk.get_files().data == []
    with pytest.raises(NotFoundError):
        sdk.get_file(uploaded.id_)


def test_sdk_is_denied_the_file_of_another_client_id(sdk: GigaChat) -> None:
    uploaded = sdk.upload_file(("a.txt", b"text", "text/plain"))
    changed = client_id_cvar.set("other")
    try:
        with pytest.raises(ForbiddenError):
            sdk.get_file(uploaded.id_)
    finally:
        client_id_cvar.reset(changed)


def test_sdk_asks_about_an_image(sdk: GigaChat) -> None:
    picture = sdk.upload_file(("cat.png", b"\x89PNG", "image/png"))
    message = Messages(role=MessagesRole.USER, content="What is it?", attachments=[picture.id_])
    answer = sdk.chat(Chat(model="GigaChat-2-Max", messages=[message]))
    assert "the image cat.png" in answer.choices[0].message.content
    with pytest.raises(UnprocessableEntityError):
        sdk.chat(Chat(model="GigaChat-2", messages=[message]))


def test_sdk_draws_and_downloads(sdk: GigaChat) -> None:
    wish = {"function_call": "auto", "messages": [{"role": "user", "content": "Нарисуй кота"}]}
    message = sdk.chat(wish).choices[0].message
    assert message.functions_state_id
    image = sdk.get_image(message.content.split('"')[1])
    assert base64.b64decode(image.content).startswith(b"\xff\xd8\xff")
    roles = [chunk.choices[0].delta.role for chunk in sdk.stream(wish)]
    assert roles[:2] == [MessagesRole.FUNCTION_IN_PROGRESS, MessagesRole.ASSISTANT]


@pytest.mark.parametrize("stream", [False, True])
def test_sdk_makes_a_roundtrip_of_functions(sdk: GigaChat, stream: bool) -> None:
    functions = [Function(**CLOCK)]
    messages = [Messages(role=MessagesRole.USER, content='call clock {"zone": 3}\ncall clock {}')]
    seen = []
    for _ in range(3):
        chat = Chat(messages=messages, functions=functions, function_call="auto")
        if stream:
            chunks = [chunk.choices[0] for chunk in sdk.stream(chat)]
            call = chunks[0].delta.function_call
            reason = chunks[-1].finish_reason
            state_id = chunks[0].delta.functions_state_id
            content = "".join(chunk.delta.content or "" for chunk in chunks)
        else:
            choice = sdk.chat(chat).choices[0]
            call, reason = choice.message.function_call, choice.finish_reason
            state_id, content = choice.message.functions_state_id, choice.message.content
        if reason != "function_call":
            break
        assert call is not None
        seen.append(call.arguments)
        messages += [
            Messages(role=MessagesRole.ASSISTANT, content="", function_call=call, functions_state_id=state_id),
            Messages(role=MessagesRole.FUNCTION, name=call.name, content=json.dumps({"time": len(seen)})),
        ]
    assert (seen, reason) == ([{"zone": 3}, {}], "stop")
    assert 'clock {"time": 2}' in content


def test_sdk_counts_tokens_and_reads_the_balance(sdk: GigaChat, business: GigaChat) -> None:
    counted = sdk.tokens_count(["Hello, world!", "First text"], model="GigaChat-2")
    assert [(row.tokens, row.characters) for row in counted] == [(4, 13), (2, 10)]
    assert {row.usage for row in sdk.get_balance().balance} >= {"GigaChat", "embeddings"}
    with pytest.raises(ForbiddenError):
        business.get_balance()


def test_sdk_gets_vectors(sdk: GigaChat) -> None:
    found = sdk.embeddings(["one", "two"])
    assert [len(row.embedding) for row in found.data] == [1024, 1024]
    assert found.data[0].usage.prompt_tokens > 0
    with pytest.raises(NotFoundError):
        sdk.embeddings(["one"], model="GigaChat-2")


def test_sdk_checks_who_wrote_a_text(simulator: Simulator, sdk: GigaChat, business: GigaChat) -> None:
    simulator.ai_category = "mixed"
    text = "слово " * 25
    found = business.check_ai(text, model="GigaCheckDetection")
    assert (found.category, found.characters, len(found.ai_intervals or [])) == ("mixed", len(text), 2)
    with pytest.raises(ResponseError):
        sdk.check_ai(text, model="GigaCheckDetection")


def test_sdk_converts_an_openapi_document(sdk: GigaChat) -> None:
    document = {"paths": {"/time": {"get": {"operationId": "clock", "summary": "Tell the time"}}}}
    (function,) = sdk.openapi_function_convert(json.dumps(document)).functions
    assert (function.name, function.description) == ("clock", "Tell the time")


def test_sdk_parses_a_structured_answer(simulator: Simulator, sdk: GigaChat) -> None:
    asked = {"messages": [{"role": "user", "content": "Who?"}]}
    _, person = sdk.chat_parse(asked, response_format=Person)
    assert isinstance(person, Person)
    _, second = sdk.chat.parse(asked, response_format=Person)
    assert second == person
    simulator.misfits = 1
    with pytest.raises(Exception, match=r"(?i)valid"):
        sdk.chat_parse(asked, response_format=Person)


def test_sdk_speaks_v2_whole_and_streamed(simulator: Simulator, sdk: GigaChat) -> None:
    simulator.answer = ["Hel", "lo."]
    whole = sdk.chat.create("Hello")
    assert [part.text for part in whole.messages[0].content or []] == ["Hello."]
    assert (whole.finish_reason, whole.usage.total_tokens if whole.usage else 0) == ("stop", 7)
    chunks = list(sdk.chat.stream("Hello"))
    assert [chunk.event for chunk in chunks] == [*["response.message.delta"] * 2, "response.message.done"]
    texts = [part.text for chunk in chunks for each in chunk.messages or [] for part in each.content or []]
    assert texts == ["Hel", "lo."]
    assert chunks[-1].finish_reason == "stop"
    assert [received.path for received in simulator.calls("chat")] == ["/v2/chat/completions"] * 2


def test_sdk_uses_tools_of_v2(sdk: GigaChat) -> None:
    asked: dict[str, Any] = {"messages": [{"role": "user", "content": "What is new?"}]}
    part = (sdk.chat.create({**asked, "tools": ["web_search"]}).messages[0].content or [])[0]
    assert part.inline_data is not None
    assert set(part.inline_data.sources or {}) == {"1", "2"}
    events = [chunk.event for chunk in sdk.chat.stream({**asked, "tools": ["web_search"]})]
    assert events[:2] == ["response.tool.in_progress", "response.tool.completed"]
    draw = {"messages": [{"role": "user", "content": "Draw a cat"}], "tools": ["image_generate"]}
    file = ((sdk.chat.create(draw).messages[0].content or [])[0].files or [])[0]
    assert base64.b64decode(sdk.get_image(file.id_).content).startswith(b"\xff\xd8\xff")
    with pytest.raises(UnprocessableEntityError):
        sdk.chat.create({**asked, "tools": ["code_interpreter"]})


def test_sdk_makes_a_roundtrip_of_functions_in_v2(sdk: GigaChat) -> None:
    tools = [{"functions": {"specifications": [CLOCK]}}]
    question = {"role": "user", "content": "call clock {}"}
    called = sdk.chat.create({"messages": [question], "tools": tools})
    message = called.messages[0]
    assert (called.finish_reason, bool(message.tools_state_id)) == ("function_call", True)
    result = {"role": "tool", "content": [{"function_result": {"name": "clock", "result": {"time": 5}}}]}
    history = [question, message.model_dump(exclude_none=True, by_alias=True), result]
    answer = sdk.chat.create({"messages": history, "tools": tools})
    assert 'clock {"time": 5}' in str((answer.messages[0].content or [])[0].text)


def test_sdk_does_all_this_asynchronously(simulator: Simulator) -> None:
    async def work() -> tuple[int, int, str, list[str | None]]:
        async with GigaChat(**settings(simulator)) as client:
            await client.aupload_file(("a.txt", b"text", "text/plain"))
            files = await client.aget_files()
            vectors = await client.aembeddings(["one"])
            whole = await client.achat.create("Why?")
            text = str((whole.messages[0].content or [])[0].text)
            streamed = [chunk.event async for chunk in client.achat.stream("Why?")]
            return len(files.data), len(vectors.data[0].embedding), text, streamed

    count, dimensions, text, events = asyncio.run(work())
    assert (count, dimensions) == (1, 1024)
    assert "simulated answer" in text
    assert events[-1] == "response.message.done"
