"""What the chat endpoint refuses, what it answers, and how the answer obeys the request."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest

from gigachat_cli.simulator import Model, Simulator

from .calling import Caller, events_of, text_of
from .conftest import Connect

USER = {"role": "user", "content": "Hello"}
SYSTEM = {"role": "system", "content": "Be brief"}
CALL = {"role": "assistant", "content": "", "function_call": {"name": "weather", "arguments": {}}}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"messages": []}, "messages must not be empty"),
        ({"messages": "Hello"}, "messages must not be empty"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "unknown role of message 0"),
        ({"messages": ["Hello"]}, "unknown role of message 0"),
        ({"messages": [USER, {"role": "user"}]}, "content of message 1 must be a string"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "content of message 0 must be a string"),
        ({"messages": [USER, SYSTEM]}, "system message must be the first message"),
        ({"messages": [SYSTEM, SYSTEM, USER]}, "system message must be the first message"),
        ({"messages": [USER, CALL]}, "every assistant function call must have a result in history"),
        ({"messages": [USER, CALL, USER]}, "every assistant function call must have a result in history"),
        ({"temperature": 0}, "temperature must be in range (0, +inf)"),
        ({"temperature": "warm"}, "temperature must be a number"),
        ({"top_p": 1.5}, "top_p must be in range [0, 1]"),
        ({"repetition_penalty": 0}, "repetition_penalty must be in range (0, +inf)"),
        ({"max_tokens": 0}, "max_tokens must be in range (0, +inf)"),
        ({"max_tokens": True}, "max_tokens must be a number"),
        ({"update_interval": -1}, "update_interval must be in range [0, +inf)"),
        ({"stream": "yes"}, "stream must be a boolean"),
        ({"model": ""}, "model must not be empty"),
    ],
)
def test_invalid_request_is_refused_with_its_reason(caller: Caller, fields: dict[str, Any], reason: str) -> None:
    response = caller.chat(**fields)
    assert response.status_code == 422
    assert response.json() == {"status": 422, "message": f"Invalid params: {reason}"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe"])
def test_undecodable_request_is_400(caller: Caller, simulator: Simulator, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {caller.token}"}
    address = simulator.base_url + "/chat/completions"
    assert caller.http.post(address, content=body, headers=headers).status_code == 400


def test_function_call_with_its_result_passes(caller: Caller) -> None:
    result = {"role": "function", "name": "weather", "content": "{}"}
    assert caller.chat(messages=[USER, CALL, result]).status_code == 200


def test_only_chat_models_chat(caller: Caller, simulator: Simulator) -> None:
    assert caller.chat(model="Embeddings").status_code == 404
    assert caller.chat(model="GigaChat-2:latest").json()["model"] == "GigaChat-2:2.0.28.2"
    assert caller.chat(model="GigaChat-3-Ultra").json()["model"].startswith("GigaChat-3-Ultra:")
    simulator.models = (Model("GigaChat-9"),)
    assert caller.chat(model="GigaChat-9").status_code == 200
    assert caller.chat(model="GigaChat-2").status_code == 404


@pytest.mark.parametrize(
    ("question", "words"),
    [("Tell me something", "This is a simulated answer"), ("Расскажи что-нибудь", "Это ответ симулятора")],
)
def test_answer_says_early_that_it_is_simulated_and_quotes_the_question(
    caller: Caller, question: str, words: str
) -> None:
    answer = text_of(caller.chat(question, stream=True).text)
    assert words in answer[:60]
    assert question in answer


def test_answer_tells_what_was_sent_with_it(caller: Caller) -> None:
    history = [SYSTEM, USER, {"role": "assistant", "content": "Hi"}, USER]
    answer = caller.chat(messages=history).json()["choices"][0]["message"]["content"]
    assert "3 messages" in answer
    assert "Be brief" in answer


def test_same_prompt_gets_the_same_answer_whole_or_streamed(caller: Caller) -> None:
    whole = caller.chat("Why?").json()["choices"][0]["message"]["content"]
    assert text_of(caller.chat("Why?", stream=True).text) == whole
    assert caller.chat("Why not?").json()["choices"][0]["message"]["content"] != whole


@pytest.mark.parametrize("question", ["Show everything", "Покажи всё сразу"])
def test_answer_to_a_wish_for_everything_has_every_shape(caller: Caller, question: str) -> None:
    answer = caller.chat(question).json()["choices"][0]["message"]["content"]
    for shape in (
        r"## .+",
        r"(-|\d\.) .+\n +- .+",
        r"\|[:|-]+\|",
        r"```\w+\n[^`]+```",
        r"\$\$.+\$\$",
        r"> .+",
    ):
        assert re.search(rf"^{shape}$", answer, re.MULTILINE), shape


@pytest.mark.parametrize("odd", ["\x1b[31m`x`\n\n# y", "\ud800", "", "   ", "я" * 5000])
def test_odd_questions_are_answered(caller: Caller, simulator: Simulator, odd: str) -> None:
    body = json.dumps({"model": "GigaChat-2", "messages": [{"role": "user", "content": odd}]})
    headers = {"Authorization": f"Bearer {caller.token}"}
    response = caller.http.post(simulator.base_url + "/chat/completions", content=body, headers=headers)
    assert response.status_code == 200
    assert "\x1b" not in response.json()["choices"][0]["message"]["content"]


@pytest.mark.parametrize("count", [1, 2, 3, 29, 30, 31, 100, 2000])
def test_chunk_count_is_exact(caller: Caller, simulator: Simulator, count: int) -> None:
    simulator.chunks = count
    events = events_of(caller.chat("Hi", stream=True).text)
    assert len(events) == count + 2
    assert all(event["choices"][0]["delta"]["content"] for event in events[:-2])


def test_exact_answer_is_cut_in_the_chunks_asked_for(caller: Caller, simulator: Simulator) -> None:
    simulator.answer, simulator.chunks = "Ответ из файла.\n", 5
    response = caller.chat(stream=True)
    assert text_of(response.text) == "Ответ из файла.\n"
    assert len(events_of(response.text)) == 7


@pytest.mark.parametrize("text", ["a", " ", "\n\n", "word " * 1000 + "\n", "x" * 100_000, " " * 5000 + "end"])
def test_phrases_joined_are_the_exact_answer(caller: Caller, simulator: Simulator, text: str) -> None:
    simulator.answer = text
    assert text_of(caller.chat(stream=True).text) == text


def test_max_tokens_cuts_the_answer(caller: Caller, simulator: Simulator) -> None:
    simulator.answer = ["four", "four", "four"]
    choice = caller.chat(max_tokens=2).json()["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("fourfour", "length")
    last = events_of(caller.chat(max_tokens=2, stream=True).text)[-2]
    assert last["choices"][0]["finish_reason"] == "length"
    assert last["usage"]["completion_tokens"] == 2
    assert caller.chat(max_tokens=3).json()["choices"][0]["finish_reason"] == "stop"


def test_usage_grows_with_the_prompt_and_counts_a_repeated_opening_as_cached(
    simulator: Simulator, connect: Connect
) -> None:
    caller = connect(simulator)
    caller.http.headers["X-Session-ID"] = "conversation"
    first = caller.chat(messages=[USER]).json()["usage"]
    longer = [USER, {"role": "assistant", "content": "Hi"}, USER]
    second = caller.chat(messages=longer).json()["usage"]
    assert second["prompt_tokens"] > first["prompt_tokens"]
    assert (first["precached_prompt_tokens"], second["precached_prompt_tokens"]) == (
        0,
        first["prompt_tokens"],
    )


def test_update_interval_is_the_least_gap_between_chunks(caller: Caller, simulator: Simulator) -> None:
    simulator.answer = ["a"] * 5
    begun = time.monotonic()
    caller.chat(stream=True, update_interval=0.05)
    assert time.monotonic() - begun >= 0.25


def test_prompt_of_twenty_megabytes_passes_and_a_limit_refuses_it(caller: Caller, simulator: Simulator) -> None:
    large = "0123456789" * 2_000_000
    assert caller.chat(large).status_code == 200
    simulator.context_tokens = 1_000_000
    assert caller.chat(large).status_code == 413


def test_exact_stream_bytes_are_sent_as_they_are(caller: Caller, simulator: Simulator) -> None:
    simulator.stream_bytes = [b"\xef\xbb\xbf: comment\r\n", b"data: {}\r\n\r\n"]
    assert caller.chat(stream=True).content == b"\xef\xbb\xbf: comment\r\ndata: {}\r\n\r\n"


def test_every_request_is_recorded_as_it_came(caller: Caller, simulator: Simulator) -> None:
    caller.chat("Привет", temperature=0.5)
    received = simulator.calls("chat")[-1]
    assert received.json["messages"] == [{"role": "user", "content": "Привет"}]
    assert received.body == caller.body("Привет", temperature=0.5)
    assert received.headers["authorization"] == f"Bearer {caller.token}"
    assert (received.method, received.path) == ("POST", "/v1/chat/completions")
    assert received.peer[0] == "127.0.0.1"
