"""Streams as they come: split characters, signs of life, other content types, and ends without an answer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gigachat_cli.simulator import Simulator

from ..conftest import Program, Result
from ..terminal import Terminal
from .stand import Play, answer, head, sends, stand

CAT = "\U0001f408"
HIGH, LOW = "\\ud83d", "\\udc08"
STREAM = "Content-Type: text/event-stream"
DONE = b"data: [DONE]\n\n"


def v1(content: str, **more: Any) -> bytes:
    """One event; `content` goes into the JSON as it is, escapes included."""
    delta = json.dumps({**more, "content": "@"}, ensure_ascii=False).replace("@", content)
    return f'data: {{"choices":[{{"delta":{delta},"index":0}}],"model":"M:2"}}\n\n'.encode()


def v2(content: str) -> bytes:
    text = f'{{"messages":[{{"role":"assistant","content":[{{"text":"{content}"}}]}}],"model":"M:2"}}'
    return f"event: response.message.delta\ndata: {text}\n\n".encode()


STOP = b'data: {"choices":[{"delta":{"content":""},"index":0,"finish_reason":"stop"}],"model":"M:2"}\n\n'
STOP_V2 = b'event: response.message.done\ndata: {"model":"M:2","finish_reason":"stop"}\n\n'
USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}\n\n'
CALL: dict[str, Any] = {"name": "clock", "arguments": {"zone": "UTC"}}


def called(call: object = CALL) -> bytes:
    delta = {"content": "", "role": "assistant", "function_call": call, "functions_state_id": "s-1"}
    return (
        b"data: "
        + json.dumps({"choices": [{"delta": delta, "index": 0, "finish_reason": "function_call"}]}).encode()
        + b"\n\n"
    )


def played(gigachat: Program, *words: str, plays: Play | tuple[Play, ...], **named: Any) -> Result:
    with stand(*(plays if isinstance(plays, tuple) else (plays,))) as running:
        return gigachat("ask", "hi", *words, environment=running.environment, **named)


def stream(*events: bytes) -> Play:
    return answer(b"".join(events), STREAM)


SPLITS = {
    "two events": (v1(f"a {HIGH}"), v1(f"{LOW} b"), STOP, DONE),
    "with nothing between": (v1(f"a {HIGH}"), v1(""), USAGE, b": alive\n\n", v1(f"{LOW} b"), STOP, DONE),
    "alone in their events": (v1("a "), v1(HIGH), v1(LOW), v1(" b"), STOP, DONE),
    "without an end mark": (v1(f"a {HIGH}"), v1(f"{LOW} b"), STOP),
    "the end in the last": (
        v1(f"a {HIGH}"),
        v1(f"{LOW} b").replace(b'"index":0', b'"index":0,"finish_reason":"stop"'),
        DONE,
    ),
}


@pytest.mark.parametrize("events", SPLITS.values(), ids=SPLITS)
def test_a_pair_split_between_events_is_one_character(
    gigachat: Program, simulator: Simulator, events: tuple[bytes, ...]
) -> None:
    with stand(stream(*events)) as running:
        environment = running.environment
        assert gigachat("ask", "hi", environment=environment).raw == f"a {CAT} b\n".encode()
        assert json.loads(gigachat("ask", "hi", "--json", environment=environment).out)["answer"] == f"a {CAT} b"
        lines = gigachat("ask", "hi", "--output", "stream-json", environment=environment).out.splitlines()
        assert "".join(json.loads(line).get("text", "") for line in lines) == f"a {CAT} b"
        assert f"a {CAT} b" in gigachat("history", "export", "--format", "json").out
        assert gigachat("ask", "-c", "again", environment=environment).code == 0
        assert f'"content":"a {CAT} b"'.encode() in running.requests[-1]


def test_a_pair_split_in_v2_is_one_character(gigachat: Program, simulator: Simulator) -> None:
    play = stream(v2(f"a {HIGH}"), v2(f"{LOW} b"), STOP_V2)
    assert played(gigachat, "--web", plays=play).raw == f"a {CAT} b\n".encode()


def test_a_split_pair_is_one_character_on_a_terminal(
    simulator: Simulator, at_terminal: Callable[..., Terminal]
) -> None:
    with stand(stream(*SPLITS["two events"])) as running:
        for words in (("--raw",), ()):
            screen = at_terminal("ask", "hi", *words, environment=running.environment)
            assert screen.ended() == 0
            assert f"a {CAT} b" in screen.text
            assert "\ufffd" not in screen.text


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ((v1(f"a {HIGH}"), v1(" b"), STOP, DONE), "a \ufffd b"),
        ((v1("a "), v1(f"{LOW} b"), STOP, DONE), "a \ufffd b"),
        ((v1(f"a {HIGH}"), STOP, DONE), "a \ufffd"),
        ((v1(f"{HIGH}{HIGH}"), v1(f"{LOW}"), STOP, DONE), f"\ufffd{CAT}"),
    ],
    ids=["first half alone", "second half alone", "at the end", "two first halves"],
)
def test_a_half_that_stays_alone_breaks_nothing(
    gigachat: Program, simulator: Simulator, events: tuple[bytes, ...], text: str
) -> None:
    with stand(stream(*events)) as running:
        result = gigachat("ask", "hi", environment=running.environment)
        assert (result.out, result.err, result.code) == (f"{text}\n", "", 0)
        assert gigachat("ask", "-c", "again", environment=running.environment).code == 0
        assert text.encode() in running.requests[-1]


def test_a_half_at_a_cut_is_kept_as_what_it_is(gigachat: Program, simulator: Simulator) -> None:
    result = played(gigachat, plays=stream(v1(f"a {HIGH}")))
    assert (result.out, result.code) == ("a \ufffd\n", 4)


NOISE = (
    b"data:\n\n",
    b"data: \n\n",
    b": a comment\n\n",
    b"event: ping\ndata: {}\n\n",
    b"event: ping\ndata: pong\n\n",
    b'event: ping\ndata: {"choices":[{"delta":{"content":"NO"},"index":0}]}\n\n',
    b"event: heartbeat\ndata:\n\n",
    b"id: 7\nretry: 10\n\n",
    b'data: {"choices":[]}\n\n',
    b'data: {"choices":[{"delta":{"content":"NO"},"index":1,"finish_reason":"blacklist"}]}\n\n',
    b'data: {"choices":[{"delta":{"content":"NO"},"index":2},{"delta":{"content":"NO"},"index":1}]}\n\n',
)


@pytest.mark.parametrize("noise", NOISE, ids=repr)
def test_what_is_no_part_of_the_answer_is_skipped(gigachat: Program, simulator: Simulator, noise: bytes) -> None:
    result = played(gigachat, plays=stream(noise, v1("one "), noise, v1("two"), noise, STOP, noise, DONE))
    assert (result.out, result.err, result.code) == ("one two\n", "", 0)


def test_pings_are_skipped_in_v2_too(gigachat: Program, simulator: Simulator) -> None:
    ping = b"event: ping\ndata: {}\n\ndata:\n\n"
    result = played(gigachat, "--web", plays=stream(ping, v2("one "), ping, v2("two"), ping, STOP_V2))
    assert (result.out, result.err, result.code) == ("one two\n", "", 0)


@pytest.mark.parametrize("name", ["error", "response.error"])
@pytest.mark.parametrize("data", ['{"status":500,"message":"It broke."}', "It broke."])
def test_an_error_event_stays_an_error(gigachat: Program, simulator: Simulator, name: str, data: str) -> None:
    result = played(
        gigachat, "--max-retries", "0", plays=stream(v1("one "), f"event: {name}\ndata: {data}\n\n".encode())
    )
    assert result.code == 1
    assert "It broke." in result.err


WHOLE = json.dumps({"choices": [{"message": {"content": "one two"}, "index": 0, "finish_reason": "stop"}]}).encode()


@pytest.mark.parametrize(
    "kind", ["text/event-stream; charset=utf-8", "text/plain", "application/octet-stream", "application/json", ""]
)
@pytest.mark.parametrize(
    "body", [b"".join((v1("one "), v1("two"), STOP, DONE)), b": hi\n\n" + v1("one two") + STOP, WHOLE]
)
def test_an_answer_is_read_by_what_it_is(gigachat: Program, simulator: Simulator, kind: str, body: bytes) -> None:
    lines = [f"Content-Length: {len(body)}"] + ([f"Content-Type: {kind}"] if kind else [])
    for words in ((), ("--no-stream",)):
        result = played(gigachat, *words, plays=sends(head("200 OK", *lines), body))
        assert (result.out, result.err, result.code) == ("one two\n", "", 0)


@pytest.mark.parametrize("kind", ["text/html", "text/plain", "text/event-stream", "application/json"])
def test_a_page_stays_one_whatever_it_is_called(gigachat: Program, simulator: Simulator, kind: str) -> None:
    page = b"  <!DOCTYPE html><html><head><title>Sign in to the network</title></head></html>"
    result = played(gigachat, "--max-retries", "0", plays=answer(page, f"Content-Type: {kind}"))
    assert (result.out, result.code in (1, 4)) == ("", True)
    assert "Sign in to the network" in result.err


NO_ANSWERS = {
    "usage alone": (USAGE, DONE),
    "an empty text": (v1(""), STOP, DONE),
    "a stop alone": (STOP, DONE),
    "reasoning alone": (v1("", reasoning_content="Let me think."), STOP, DONE),
    "an unasked call": (called(), DONE),
    "a call that is none": (called(None), DONE),
}


@pytest.mark.parametrize("events", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_what_holds_no_answer_is_none(gigachat: Program, simulator: Simulator, events: tuple[bytes, ...]) -> None:
    with stand(stream(*events)) as running:
        result = gigachat("ask", "hi", environment=running.environment)
        assert (result.out.strip(), result.code) == ("", 4)
        assert result.err.startswith("gigachat: ")
        told = gigachat("ask", "hi", "--json", environment=running.environment)
        assert told.code == 4
        assert json.loads(told.out)["complete"] is False
        assert json.loads(told.err)["error"]["code"] == "no_answer"
        assert len(running.requests) == 2  # it was paid for, and is not asked again by itself


def test_a_whole_answer_without_an_answer_is_none_either(gigachat: Program, simulator: Simulator) -> None:
    body = {
        "choices": [{"message": {"content": "", "function_call": CALL}, "index": 0, "finish_reason": "function_call"}]
    }
    result = played(gigachat, "--no-stream", plays=answer(body))
    assert (result.out.strip(), result.code) == ("", 4)
    assert "clock" in result.err


def test_an_empty_answer_in_a_batch_is_an_error_of_its_row(gigachat: Program, simulator: Simulator, home: Path) -> None:
    body = {"choices": [{"message": {"content": ""}, "index": 0, "finish_reason": "stop"}]}
    (home / "in.jsonl").write_text('{"prompt": "one"}\n')
    with stand(answer(body)) as running:
        result = gigachat("batch", "in.jsonl", environment=running.environment)
    assert (json.loads(result.out)["error"]["code"], result.code) == ("no_answer", 6)


FUNCTIONS = (
    'functions=[{"name": "clock", "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}}}]'
)


@pytest.mark.parametrize("words", [(), ("--no-stream",)], ids=["streamed", "whole"])
def test_a_call_that_was_offered_by_hand_is_given_to_scripts(
    gigachat: Program, simulator: Simulator, words: tuple[str, ...]
) -> None:
    simulator.plan = [("clock", {"zone": "UTC"})] * 2
    result = gigachat("ask", "hi", "--json", "-o", FUNCTIONS, *words)
    found = json.loads(result.out)
    assert (found["function_call"], found["finish_reason"], result.code) == (CALL, "function_call", 0)
    text = gigachat("ask", "hi", "-o", FUNCTIONS, *words)
    assert (text.out.strip(), text.code) == ("", 6)
    assert "calls the function clock" in text.err
    assert "--json" in text.err


@pytest.mark.parametrize(
    "sign",
    [b": alive\n\n", b"data:\n\n", b"event: ping\ndata: {}\n\n", b'data: {"choices":[]}\n\n', v1("")],
    ids=["comment", "empty", "ping", "no choices", "no text"],
)
@pytest.mark.parametrize("begun", [False, True], ids=["from the start", "in the middle"])
def test_a_stream_that_only_says_it_is_alive_ends(
    gigachat: Program, simulator: Simulator, sign: bytes, begun: bool
) -> None:
    def play(connection: Any) -> None:
        connection.sendall(head("200 OK", STREAM) + (v1("one ") if begun else b""))
        until = time.monotonic() + 10
        while time.monotonic() < until:
            connection.sendall(sign)
            time.sleep(0.03)

    began = time.monotonic()
    result = played(gigachat, "--timeout", "0.1", "--max-retries", "0", plays=play)
    assert time.monotonic() - began < 6
    assert (result.out.strip(), result.code) == ("one" if begun else "", 4)
    assert "alive" in result.err


def test_a_slow_answer_is_not_a_silent_one(gigachat: Program, simulator: Simulator) -> None:
    def play(connection: Any) -> None:
        connection.sendall(head("200 OK", STREAM))
        for number in range(16):
            connection.sendall(v1(f"{number} ") + b": alive\n\n")
            time.sleep(0.08)
        connection.sendall(STOP + DONE)
        connection.close()

    result = played(gigachat, "--timeout", "0.1", plays=play)
    assert (result.out.split(), result.code) == ([str(number) for number in range(16)], 0), result.err


def test_half_a_pair_in_a_source_breaks_neither_the_answer_nor_what_follows(
    gigachat: Program, simulator: Simulator
) -> None:
    source = f'{{"1":{{"url":"http://x/{HIGH}","title":"a {HIGH}"}}}}'
    content = f'[{{"text":"one [sources=[1]]"}},{{"inline_data":{{"sources":{source}}}}}]'
    event = f'event: response.message.delta\ndata: {{"messages":[{{"role":"assistant","content":{content}}}]}}\n\n'
    with stand(stream(event.encode(), STOP_V2)) as running:
        result = gigachat("ask", "hi", "--web", environment=running.environment)
        assert (result.out, result.err, result.code) == ("one [1]\n\n[1] a \ufffd http://x/\ufffd\n", "", 0)
        assert "a \ufffd" in gigachat("history", "export", "--format", "markdown").out
        again = gigachat("ask", "-c", "again", "--web", environment=running.environment)
        assert (again.err, again.code) == ("", 0)
        assert "a \ufffd".encode() in running.requests[-1]
