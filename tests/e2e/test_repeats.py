"""Repeats cost money: what may have been done is not asked twice, and what was answered is not asked again."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from pathlib import Path

import pytest

from gigachat_cli.engine import GigaChat
from gigachat_cli.simulator import Simulator
from gigachat_cli.simulator.authority import server_context

from ..conftest import Program
from ..raw import RawServer, closed, read_request, reset
from .stand import ENDS, Play, answer, completion, cut, event_stream, head, refusal, sends, stand

BIG = {
    "64 KiB": [f"X-Policy: {'p' * 65536}"],
    "64 KiB in all": [f"X-Policy-{number}: {'p' * 8180}" for number in range(8)],
    "512 lines": [f"X-Line-{number}: {number}" for number in range(512)],
    "both": [f"X-Policy: {'p' * 65536}", *(f"X-Line-{number}: {number}" for number in range(511))],
}
TOO_BIG = {
    "a header of 1 MiB": (f"X-Policy: {'p' * 1048576}", "a header is too long"),
    "a name of 1 MiB": (f"X-{'p' * 1048576}: 1", "a header is too long"),
    "5000 lines": ("\r\n".join(f"X-Line-{number}: {number}" for number in range(5000)), "too many headers"),
}
NO_HTTP: dict[str, bytes] = {
    "garbage": b"\x00\x01garbage\r\n\r\n",
    "other version": b"HTTP/9.9 what\r\n\r\n",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "two lengths": head("200 OK", "Content-Length: 1", "Content-Length: 2") + b"{}",
    "smtp": b"220 mail.example ESMTP ready\r\n",
}
MODELS = {"data": [{"id": "GigaChat-2", "object": "model", "type": "chat"}], "object": "list"}


# What is taken


@pytest.mark.parametrize("lines", BIG.values(), ids=BIG)
def test_large_heads_are_taken(gigachat: Program, simulator: Simulator, lines: list[str]) -> None:
    with stand(event_stream("Hello.", *lines)) as there:
        result = gigachat("ask", "hi", "--max-retries", "0", environment=there.environment)
    assert (result.code, result.out, result.err) == (0, "Hello.\n", "")


def test_large_heads_are_taken_everywhere(gigachat: Program, simulator: Simulator) -> None:
    login = answer({"access_token": simulator.access_token()}, *BIG["both"])
    with stand(login) as there:
        environment = {"GIGACHAT_AUTH_URL": f"{there.url}/oauth"}
        assert gigachat("ask", "hi", "--max-retries", "0", environment=environment).code == 0
    with stand(refusal(403, "Not for you", *BIG["both"])) as there:
        refused = gigachat("models", "--max-retries", "0", environment=there.environment)
    assert (refused.code, "Not for you" in refused.err) == (3, True)
    with stand(answer(MODELS, *BIG["both"])) as there:
        assert "GigaChat-2" in gigachat("models", environment=there.environment).out


# What was sent whole


def _breaks(name: str) -> Play:
    end = ENDS.get(name)
    if end is not None:
        return end
    if name == "half a head":
        return sends(b"HTTP/1.1 200 OK\r\nContent-Ty", end=cut)
    return sends(head("200 OK", "Content-Type: text/event-stream", "Content-Length: 500"), b'data: {"choi', end=reset)


@pytest.mark.parametrize("how", [*ENDS, "half a head", "half a chunk"])
def test_a_question_that_may_be_charged_is_asked_once(gigachat: Program, simulator: Simulator, how: str) -> None:
    with stand(_breaks(how)) as there:
        result = gigachat("ask", "hi", "--json", environment=there.environment)
    problem = json.loads(result.err.splitlines()[-1])["error"]
    assert len(there.requests) == 1
    assert result.code == 4
    assert "charged" in problem["hint"]


@pytest.mark.parametrize(
    "words",
    [
        ("embed", "text"),
        ("check", "--model", "GigaCheckDetection", " ".join(["слово"] * 25)),
        ("ask", "--no-stream", "hi"),
        ("batch", "IN.txt"),
        ("batch", "IN.txt", "--remote"),
    ],
    ids=lambda words: " ".join(words)[:16],
)
def test_what_costs_is_asked_once(gigachat: Program, simulator: Simulator, home: Path, words: tuple[str, ...]) -> None:
    (home / "IN.txt").write_text("one\n")
    with stand(reset) as there:
        result = gigachat(*words, environment=there.environment)
    assert len(there.requests) == 1
    assert result.code in (4, 6)


def test_an_upload_that_may_have_been_taken_is_not_sent_again(
    gigachat: Program, simulator: Simulator, home: Path
) -> None:
    (home / "a.txt").write_text("text")
    with stand(reset) as there:
        assert gigachat("files", "upload", "a.txt", environment=there.environment).code == 4
    assert there.asked == ["POST /v1/files"]


@pytest.mark.parametrize("how", ["cut", "reset"])
@pytest.mark.parametrize(
    "words", [("models",), ("tokens", "text"), ("files", "list"), ("balance",)], ids=lambda w: w[0]
)
def test_what_costs_nothing_is_asked_again(
    gigachat: Program, simulator: Simulator, words: tuple[str, ...], how: str
) -> None:
    with stand(ENDS[how]) as there:
        result = gigachat(*words, "--max-retries", "1", environment=there.environment)
    assert result.code == 4
    assert len(there.requests) == 2
    assert len(set(there.asked)) == 1


def test_nothing_is_sent_again_when_no_repeat_is_wanted(gigachat: Program, simulator: Simulator) -> None:
    with stand(cut) as there:
        assert gigachat("models", "--max-retries", "0", environment=there.environment).code == 4
    assert len(there.requests) == 1


def test_a_login_is_asked_again(gigachat: Program, simulator: Simulator) -> None:
    with stand(cut, answer({"access_token": simulator.access_token()})) as there:
        assert gigachat("ask", "hi", environment={"GIGACHAT_AUTH_URL": f"{there.url}/oauth"}).code == 0
    assert len(there.requests) == 2


@pytest.mark.parametrize("gone", [True, False])
def test_a_deletion_whose_answer_is_lost_is_looked_up(gigachat: Program, simulator: Simulator, gone: bool) -> None:
    found = refusal(404, "No such file") if gone else answer({"id": "f-1", "object": "file"})
    with stand(cut, found) as there:
        result = gigachat("files", "delete", "f-1", environment=there.environment)
    assert there.asked == ["POST /v1/files/f-1/delete", "GET /v1/files/f-1"]
    assert result.code == (0 if gone else 4)
    assert ("f-1" in result.out) is gone


# What was not sent whole


@pytest.mark.parametrize("how", ["cut", "reset"])
def test_a_connection_that_breaks_before_anything_was_sent_is_opened_again(
    gigachat: Program, simulator: Simulator, how: str
) -> None:
    context = server_context("good", require_client_certificate=False)
    opened = 0

    def handle(connection: socket.socket) -> None:
        nonlocal opened
        opened += 1
        if opened == 1:
            ENDS[how](connection)  # before TLS
            return
        secured = context.wrap_socket(connection, server_side=True)
        read_request(secured)
        event_stream()(secured)
        closed(secured)

    with RawServer(handle) as server:
        environment = {
            "GIGACHAT_BASE_URL": f"https://127.0.0.1:{server.port}/v1",
            "GIGACHAT_ACCESS_TOKEN": "made-up",
            "GIGACHAT_MODEL": "M",
        }
        result = gigachat("ask", "hi", environment=environment)
    assert (result.code, result.out) == (0, "Hello.\n")
    assert opened == 2


def test_an_upload_that_broke_half_way_is_sent_again(gigachat: Program, simulator: Simulator, home: Path) -> None:
    (home / "a.txt").write_bytes(b"text" * 1_000_000)
    seen: list[bytes] = []

    def handle(connection: socket.socket) -> None:
        if not seen:
            seen.append(connection.recv(65536))
            reset(connection)
            return
        received = b""
        while b"--\r\n" not in received[-8:]:
            received += connection.recv(1 << 20)
        seen.append(received)
        answer({"id": "f-1", "object": "file"})(connection)
        read_request(connection)
        answer({"id": "f-1", "object": "file", "filename": "a.txt"})(connection)

    with RawServer(handle, tls=server_context("good", require_client_certificate=False)) as server:
        environment = {
            "GIGACHAT_BASE_URL": f"https://127.0.0.1:{server.port}/v1",
            "GIGACHAT_ACCESS_TOKEN": "made-up",
            "GIGACHAT_MODEL": "M",
        }
        result = gigachat("files", "upload", "a.txt", environment=environment)
    assert (result.code, "f-1" in result.out) == (0, True), result.err
    assert len(seen) == 2


@pytest.mark.parametrize("busy", [True, False])
async def test_a_kept_connection_that_the_server_has_closed_is_not_used(simulator: Simulator, busy: bool) -> None:
    def play(connection: socket.socket) -> None:
        event_stream()(connection)
        closed(connection)

    with stand(play) as there:
        async with GigaChat(base_url=f"{there.url}/v1", access_token="made-up", model="M", max_retries=0) as giga:
            for _ in range(3):
                assert (await giga.ask([{"role": "user", "content": "hi"}], stream=True)).text == "Hello."
                if busy:
                    time.sleep(0.1)  # noqa: ASYNC251  # nothing hears of the end meanwhile
                else:
                    await asyncio.sleep(0.1)
    assert len(there.requests) == 3


# What cannot be read


@pytest.mark.parametrize("end", [closed, cut], ids=["closed", "cut"])
@pytest.mark.parametrize("sent", NO_HTTP.values(), ids=NO_HTTP)
def test_an_answer_that_is_no_http_is_not_asked_for_again(
    gigachat: Program, simulator: Simulator, sent: bytes, end: Play
) -> None:
    with stand(sends(sent, end=end)) as there:
        result = gigachat("models", environment=there.environment)
    assert len(there.requests) == 1
    assert (result.code, "cannot be read as HTTP" in result.err) == (4, True)


@pytest.mark.parametrize("command", [("ask", "hi"), ("models",)], ids=lambda command: command[0])
@pytest.mark.parametrize(("lines", "why"), TOO_BIG.values(), ids=TOO_BIG)
def test_a_head_that_is_too_large_is_not_asked_for_again(
    gigachat: Program, simulator: Simulator, lines: str, why: str, command: tuple[str, ...]
) -> None:
    with stand(answer(MODELS, lines)) as there:
        result = gigachat(*command, environment=there.environment)
    assert len(there.requests) == 1
    assert (result.code, why in result.err) == (4, True)


@pytest.mark.parametrize("body", [b'{"choices":[{"mess', b"", b"\xff\xfe", b"[" * 5000, b"null", b"7"])
@pytest.mark.parametrize(
    "command",
    [
        ("ask", "--no-stream", "hi"),
        ("ask", "hi"),
        ("models",),
        ("tokens", "text"),
        ("embed", "text"),
        ("files", "list"),
    ],
    ids=lambda command: " ".join(command),
)
def test_json_that_cannot_be_read_is_not_asked_for_again(
    gigachat: Program, simulator: Simulator, command: tuple[str, ...], body: bytes
) -> None:
    with stand(answer(body)) as there:
        result = gigachat(*command, environment=there.environment)
    assert len(there.requests) == 1
    assert result.code in (1, 4)
    assert "mistake" not in result.err


@pytest.mark.parametrize("rest", [b"zz\r\nno chunk\r\n", b"-5\r\nab\r\n", b"5 5\r\nabcde\r\n"])
def test_chunks_that_cannot_be_read_are_not_asked_for_again(
    gigachat: Program, simulator: Simulator, rest: bytes
) -> None:
    sent = head("200 OK", "Transfer-Encoding: chunked", "Content-Type: application/json")
    with stand(sends(sent, b"1\r\n{\r\n", rest, end=closed)) as there:
        result = gigachat("models", environment=there.environment)
    assert len(there.requests) == 1
    assert result.code == 4


def test_a_packed_answer_that_cannot_be_unpacked_is_not_asked_for_again(
    gigachat: Program, simulator: Simulator
) -> None:
    with stand(answer(b"no gzip at all", "Content-Encoding: gzip")) as there:
        result = gigachat("models", environment=there.environment)
    assert len(there.requests) == 1
    assert result.code == 4


def test_an_answer_in_time_is_still_one(gigachat: Program, simulator: Simulator) -> None:
    with stand(answer(completion())) as there:
        result = gigachat("ask", "--no-stream", "hi", environment=there.environment)
    assert (result.code, result.out) == (0, "Hello.\n")
