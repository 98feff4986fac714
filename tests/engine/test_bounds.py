"""Nothing that comes swells: answers, refusals and files are bounded by what they unpack to, and what came is kept."""

from __future__ import annotations

import gzip
import json
import socket
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gigachat_cli.engine import GigaChat, replies, reply
from gigachat_cli.engine.wire import MOST_DOWNLOADED
from gigachat_cli.errors import CutAnswerError, InvalidRequestError, TooLargeError
from gigachat_cli.simulator import Simulator

from ..raw import closed, read_request
from .asking import until_error
from .test_transport import at, raw

PROMISED = (replies.MOST_ANSWER_BYTES, reply.MAX_BODY_BYTES, MOST_DOWNLOADED)
LIMIT = 100_000
SSE = "text/event-stream"
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}


@pytest.fixture(autouse=True)
def low_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replies, "MOST_ANSWER_BYTES", LIMIT)
    monkeypatch.setattr(replies, "MOST_STREAMED_BYTES", 20 * LIMIT)
    monkeypatch.setattr(reply, "MAX_BODY_BYTES", LIMIT)


def event(**delta: Any) -> bytes:
    return b"data: " + json.dumps({"choices": [{"delta": delta, "index": 0}]}).encode() + b"\n\n"


def serving(pieces: Iterator[bytes], *, type: str = SSE, encoding: str = "identity", status: str = "200 OK") -> Any:
    """A server that sends pieces, packed, until they or the client end."""

    def answer(connection: socket.socket) -> None:
        read_request(connection)
        head = f"HTTP/1.1 {status}\r\nContent-Type: {type}\r\nConnection: close\r\n"
        if encoding != "identity":
            head += f"Content-Encoding: {encoding}\r\n"
        connection.sendall(f"{head}\r\n".encode())
        packer = zlib.compressobj(wbits=31 if encoding == "gzip" else 15)
        for piece in pieces:
            packed = piece if encoding == "identity" else packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH)
            connection.sendall(packed)
        closed(connection)

    return raw(answer)


@pytest.mark.parametrize("encoding", PACKED)
@pytest.mark.parametrize("field", ["content", "reasoning_content"])
async def test_a_stream_without_end_is_cut_and_what_came_is_kept(
    simulator: Simulator, encoding: str, field: str
) -> None:
    def endless() -> Iterator[bytes]:
        yield event(content="Begun. ")
        while True:
            yield event(**{field: "x" * 9_000})

    with serving(endless(), encoding=encoding) as server:
        async with GigaChat(**at(server)) as giga:
            texts, problem = await until_error(giga)
    assert type(problem) is CutAnswerError
    assert "larger than" in problem.message
    kept = len("".join(texts))
    assert kept > LIMIT - 9_500 if field == "content" else kept == len("Begun. ")
    assert kept <= LIMIT
    assert server.connections == 1  # it is not asked again


@pytest.mark.parametrize("encoding", PACKED)
@pytest.mark.parametrize("noise", [b": nothing\n" * 500, b"\n" * 5000, b"event: x\n\n" * 500, event() * 20])
async def test_a_stream_that_brings_nothing_ends(simulator: Simulator, encoding: str, noise: bytes) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield noise

    with serving(endless(), encoding=encoding) as server:
        async with GigaChat(**at(server)) as giga:
            texts, problem = await until_error(giga)
    assert "".join(texts) == ""
    assert type(problem) is TooLargeError
    assert server.connections == 1


async def test_an_answer_as_large_as_is_taken_is_whole(simulator: Simulator) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(10):
            yield event(content="я" * (LIMIT // 20))
        yield b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'

    with serving(pieces()) as server:
        async with GigaChat(**at(server)) as giga:
            answer = await giga.ask([{"role": "user", "content": "hi"}], stream=True)
    assert (len(answer.text.encode()), answer.complete) == (LIMIT, True)


@pytest.mark.parametrize("encoding", PACKED)
async def test_a_whole_answer_without_end_is_not_kept(simulator: Simulator, encoding: str) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b" " * 10_000

    with serving(endless(), type="application/json", encoding=encoding) as server:
        async with GigaChat(**at(server)) as giga:
            _, problem = await until_error(giga, stream=False)
    assert type(problem) is TooLargeError
    assert server.connections == 1


@pytest.mark.parametrize("encoding", PACKED)
async def test_a_refusal_without_end_is_a_refusal(simulator: Simulator, encoding: str) -> None:
    def endless() -> Iterator[bytes]:
        yield b"<html>no"
        while True:
            yield b" " * 100_000

    with serving(endless(), type="text/html", encoding=encoding, status="422 Unprocessable Entity") as server:
        async with GigaChat(**at(server)) as giga:
            _, problem = await until_error(giga)
    assert isinstance(problem, InvalidRequestError)
    assert problem.status == 422


class Kept:
    def __init__(self) -> None:
        self.begun, self.size = False, 0

    def begin(self, size: int | None) -> None:
        self.begun, self.size = True, 0

    def add(self, piece: bytes) -> None:
        self.size += len(piece)


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize("most", [LIMIT, None])
async def test_a_download_is_bounded_unless_more_is_asked_for(
    simulator: Simulator, encoding: str, most: int | None
) -> None:
    def much() -> Iterator[bytes]:
        for _ in range(20):
            yield bytes(10_000)

    kept = Kept()
    with serving(much(), type="application/octet-stream", encoding=encoding) as server:
        async with GigaChat(**at(server)) as giga:
            if most is None:
                await giga.download_to("id", kept, most=None)
                assert kept.size == 200_000
            else:
                with pytest.raises(TooLargeError, match="larger than"):
                    await giga.download_to("id", kept, most=most)
                assert kept.size <= LIMIT


async def test_a_download_that_says_that_it_is_too_large_is_not_begun(simulator: Simulator) -> None:
    def answer(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % 2**40)

    kept = Kept()
    with raw(answer) as server:
        async with GigaChat(**at(server)) as giga:
            with pytest.raises(TooLargeError, match="larger than 1 GiB"):
                await giga.download_to("id", kept)
    assert not kept.begun


def test_the_limits_are_those_that_are_promised() -> None:
    assert PROMISED == (64 * 2**20, 64 * 2**20, 2**30)
