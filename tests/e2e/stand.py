"""A stand that plays bytes over real TLS: each request gets the next play, and the last play is repeated."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gigachat_cli.simulator.authority import server_context

from ..raw import RawServer, closed, read_request, reset

Play = Callable[[socket.socket], None]
"""Answers one request, and ends the connection or not."""


class Stand:
    """What the program is led to by `environment`; `requests` are the first lines and bodies that came."""

    def __init__(self, plays: tuple[Play, ...]) -> None:
        self.requests: list[bytes] = []
        self._plays = plays
        self._server = RawServer(self._handle, tls=server_context("good", require_client_certificate=False))

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._server.port}"

    @property
    def environment(self) -> dict[str, str | None]:
        return {"GIGACHAT_BASE_URL": f"{self.url}/v1", "GIGACHAT_ACCESS_TOKEN": "made-up-token", "GIGACHAT_MODEL": "M"}

    @property
    def asked(self) -> list[str]:
        """Method and path of each request."""
        return [b" ".join(request.split(b" ", 2)[:2]).decode() for request in self.requests]

    @property
    def connections(self) -> int:
        return self._server.connections

    def _handle(self, connection: socket.socket) -> None:
        while request := read_request(connection):
            self.requests.append(request)
            play = self._plays[min(len(self.requests), len(self._plays)) - 1]
            play(connection)


@contextmanager
def stand(*plays: Play) -> Iterator[Stand]:
    running = Stand(plays)
    with running._server:
        yield running


def sends(*parts: bytes, end: Play = lambda connection: None) -> Play:
    """Send these bytes, and end so; without an end the connection is kept."""

    def play(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)
        end(connection)

    return play


def cut(connection: socket.socket) -> None:
    """End TCP under TLS that has not ended, as a gateway that dies does."""
    connection.close()


ENDS: dict[str, Play] = {"closed": closed, "cut": cut, "reset": reset}


def head(status: str = "200 OK", *lines: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


def answer(body: object, *lines: str, status: str = "200 OK", end: Play = lambda connection: None) -> Play:
    """A whole answer: bytes as they are, anything else as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    kind = () if any(line.lower().startswith("content-type") for line in lines) else ("Content-Type: application/json",)
    return sends(head(status, f"Content-Length: {len(content)}", *kind, *lines), content, end=end)


def refusal(status: int, message: str, *lines: str) -> Play:
    return answer({"status": status, "message": message}, *lines, status=f"{status} No")


def completion(text: str = "Hello.") -> dict[str, object]:
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    return {"choices": [{"message": message, "index": 0, "finish_reason": "stop"}], "model": "M:2", "usage": usage}


def event_stream(text: str = "Hello.", *lines: str) -> Play:
    """A whole streamed answer."""
    delta = {"choices": [{"delta": {"content": text}, "index": 0}], "model": "M:2"}
    last = {"choices": [{"delta": {"content": ""}, "index": 0, "finish_reason": "stop"}], "model": "M:2"}
    events = "".join(f"data: {json.dumps(each, ensure_ascii=False)}\n\n" for each in (delta, last)) + "data: [DONE]\n\n"
    return answer(events.encode(), "Content-Type: text/event-stream", *lines)
