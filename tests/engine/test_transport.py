from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gigachat_cli.engine import GigaChat, reply
from gigachat_cli.errors import (
    AuthenticationError,
    ConfigError,
    ConnectionFailedError,
    GigaChatError,
    ProxyError,
    RedirectError,
    SilenceError,
    StreamError,
)
from gigachat_cli.simulator import Simulator
from gigachat_cli.simulator.authority import server_context

from ..conftest import Program
from ..proxy import Proxy
from ..raw import Handler, RawServer, read_request, reset, response
from .asking import ask, chunks_of
from .samples import DONE, chunk, last


def raw(handler: Handler, *, plain: bool = False) -> RawServer:
    """A server of one's own whose certificate the simulator's authority has signed."""
    context = None if plain else server_context("good", require_client_certificate=False)
    return RawServer(handler, tls=context)


def at(server: RawServer) -> dict[str, Any]:
    """Settings that lead the chat request there, with a token that needs no login."""
    return {"base_url": f"https://127.0.0.1:{server.port}/v1", "access_token": "made-up-token", "max_retries": 0}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_of_the_answer_is_not_followed(simulator: Simulator, status: int) -> None:
    with raw(lambda connection: connection.close()) as elsewhere:
        simulator.faults.add("redirect", to=f"https://127.0.0.1:{elsewhere.port}/v1/chat/completions", status=status)
        with pytest.raises(RedirectError) as caught:
            await ask()
        assert elsewhere.connections == 0
    assert (caught.value.exit_code, caught.value.code, caught.value.status) == (1, "redirect", status)
    assert len(simulator.requests) == 2


async def test_a_redirect_of_the_login_is_not_followed(simulator: Simulator) -> None:
    with raw(lambda connection: connection.close(), plain=True) as elsewhere:
        simulator.faults.add("redirect", at="oauth", to=f"http://127.0.0.1:{elsewhere.port}/", times=None)
        with pytest.raises(RedirectError) as caught:
            await ask()
        assert elsewhere.connections == 0
    assert caught.value.hint
    assert "auth_url" in caught.value.hint
    assert simulator.calls("chat") == []


def test_netrc_is_never_read(simulator: Simulator, gigachat: Program, home: Path) -> None:
    netrc = home / ".netrc"
    netrc.write_text("machine 127.0.0.1 login stranger password netrc-secret\ndefault login a password netrc-secret\n")
    netrc.chmod(0o600)
    with Proxy(simulator.port) as proxy:
        environment = {"NETRC": str(netrc), "HTTPS_PROXY": proxy.url, "NO_PROXY": ""}
        assert gigachat("ask", "hi", environment=environment).code == 0
        assert "authorization" not in "".join(proxy.heads).lower()
    login, chat = simulator.requests
    assert login.headers["Authorization"] == f"Basic {simulator.credentials}"
    assert chat.headers["Authorization"].startswith("Bearer ")
    assert all("netrc-secret" not in str(request.headers) for request in simulator.requests)


async def test_no_cookie_is_kept(simulator: Simulator) -> None:
    body = chunk("Hello.") + last() + DONE
    seen: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        for _ in range(2):
            seen.append(read_request(connection))
            connection.sendall(response("200 OK", body, Content_Type="text/event-stream", Set_Cookie="id=1; Path=/"))

    with raw(answer) as server:
        async with GigaChat(**at(server)) as giga:
            await chunks_of(giga)
            await chunks_of(giga)
    assert len(seen) == 2
    assert b"cookie" not in b"".join(seen).lower()


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
async def test_a_proxy_of_the_environment_is_used(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    simulator.answer = "Hello."
    with Proxy(simulator.port) as proxy:
        monkeypatch.setenv(name, proxy.url if name != "ALL_PROXY" else proxy.url.removeprefix("http://"))
        assert await ask() == "Hello."
        assert proxy.asked_for == []  # NO_PROXY holds this machine
        monkeypatch.setenv("NO_PROXY", "example.org")
        monkeypatch.setenv("no_proxy", "example.org")
        assert await ask() == "Hello."
        assert proxy.asked_for == [f"127.0.0.1:{simulator.port}"]


async def test_a_proxy_that_is_set_wins_over_the_environment(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with Proxy(simulator.port, user_and_password="user:pa ss") as proxy:
        monkeypatch.setenv("GIGACHAT_PROXY", proxy.url.replace("//", "//user:pa%20ss@"))
        await ask()
        assert proxy.asked_for == [f"127.0.0.1:{simulator.port}"]  # one tunnel for both requests
    assert all("Proxy-Authorization" not in request.headers for request in simulator.requests)


@pytest.mark.parametrize("user", ["", "user:wr0ng-secret@"])
async def test_a_proxy_that_wants_a_password_is_told_of_without_it(simulator: Simulator, user: str) -> None:
    with Proxy(simulator.port, user_and_password="user:right") as proxy:
        with pytest.raises(ProxyError) as caught:
            await ask(proxy=proxy.url.replace("//", f"//{user}"))
        assert len(proxy.asked_for) == 1
    assert (caught.value.exit_code, caught.value.code, caught.value.status) == (4, "proxy", 407)
    assert "wr0ng-secret" not in f"{caught.value} {caught.value.hint}"
    assert simulator.requests == []


async def test_a_proxy_that_refuses_is_told_of(simulator: Simulator) -> None:
    with (
        Proxy(simulator.port, refusal=response("403 Forbidden", b"no \x1b[31m way")) as proxy,
        pytest.raises(ProxyError, match=r"refused the connection \(HTTP 403\)"),
    ):
        await ask(proxy=proxy.url)


@pytest.mark.parametrize(
    ("proxy", "kind"),
    [
        ("http://user:s3cret-word@127.0.0.1:9", ConnectionFailedError),
        ("http://user:s3cret-word@proxy.invalid:3128", ConnectionFailedError),
        ("socks5://user:s3cret-word@127.0.0.1:9", ConnectionFailedError),
        ("http://user:s3cret-word@[::1", ConfigError),
        ("http://user:s3cret-word/more@127.0.0.1:9", ConfigError),
        ("http://user:s3cret-word@127.0.0.1:port", ConfigError),
    ],
)
def test_no_secret_of_a_proxy_is_ever_told(
    simulator: Simulator, gigachat: Program, proxy: str, kind: type[GigaChatError]
) -> None:
    environments = [{"HTTPS_PROXY": proxy, "NO_PROXY": ""}, {"GIGACHAT_PROXY": proxy}]
    for environment in environments:
        result = gigachat("ask", "hi", "--max-retries", "0", "--debug", environment=environment)
        told = result.out + result.err
        assert "s3cret-word" not in told
        assert "mistake in the program" not in told
        assert result.code in (2, kind.exit_code)
        assert "proxy" in told.lower()
    assert simulator.requests == []


async def test_silence_is_given_up(simulator: Simulator) -> None:
    simulator.faults.add("slow", seconds=30)
    with pytest.raises(SilenceError) as caught:
        await ask(timeout=1)
    assert (caught.value.exit_code, caught.value.code) == (4, "timeout")
    assert caught.value.hint
    assert "wait longer with timeout" in caught.value.hint


async def test_silence_in_mid_answer_is_given_up_with_the_request_id(simulator: Simulator) -> None:
    simulator.faults.add("stall", after=1)
    with pytest.raises(SilenceError) as caught:
        await ask(timeout=1)
    assert caught.value.request_id


async def test_a_slow_but_steady_answer_may_take_longer_than_the_timeout(simulator: Simulator) -> None:
    simulator.answer = ["a"] * 8
    simulator.pace = 0.2
    began = time.monotonic()
    assert await ask(timeout=1.2) == "a" * 8
    assert time.monotonic() - began > 1.2


async def test_an_answer_that_has_ended_is_whole_even_if_its_stream_does_not_end(simulator: Simulator) -> None:
    def answer(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + chunk("Hello.") + last())
        connection.recv(1)

    with raw(answer) as server:
        assert await ask(**at(server), timeout=1) == "Hello."


async def test_an_end_mark_is_not_waited_beyond(simulator: Simulator) -> None:
    def answer(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + chunk("Hello.") + DONE)
        connection.recv(1)

    with raw(answer) as server:
        assert await asyncio.wait_for(ask(**at(server), timeout=30), 10) == "Hello."


async def test_an_answer_that_is_left_closes_its_connection_at_once(simulator: Simulator) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def answer(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + chunk("Hello"))
        # Below TLS, so that its polite end, which this peer never answers, does not count.
        with socket.socket(fileno=os.dup(connection.fileno())) as beneath:
            try:
                while beneath.recv(65536):
                    pass
            finally:
                loop.call_soon_threadsafe(ended.set)

    with raw(answer) as server:
        async with GigaChat(**at(server)) as giga:
            chunks = giga.stream([{"role": "user", "content": "Hello"}])
            await anext(chunks)
            await chunks.aclose()
            await asyncio.wait_for(ended.wait(), 5)


async def test_a_peer_that_says_nothing_in_the_handshake_is_given_up(simulator: Simulator) -> None:
    def answer(connection: socket.socket) -> None:
        while connection.recv(65536):
            pass

    with raw(answer, plain=True) as server, pytest.raises(ConnectionFailedError, match="did not open in time"):
        await asyncio.wait_for(ask(**at(server), timeout=0.5), 20)


async def test_a_refused_connection_names_host_and_port(simulator: Simulator) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(ConnectionFailedError, match=rf"127\.0\.0\.1:{port} could not be reached") as caught:
        await ask(auth_url=f"https://127.0.0.1:{port}/oauth", max_retries=0)
    assert (caught.value.exit_code, caught.value.code) == (4, "connection")


async def test_an_unknown_host_is_named(simulator: Simulator) -> None:
    with pytest.raises(ConnectionFailedError, match=r"The host gigachat\.invalid was not found") as caught:
        await ask(auth_url="https://gigachat.invalid/oauth", max_retries=0)
    assert caught.value.hint
    assert "doctor" in caught.value.hint


@pytest.mark.parametrize(
    "sent",
    [b"", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000, b"HTTP/1.1 200"],
)
@pytest.mark.parametrize("end", [socket.socket.close, reset])
async def test_a_connection_that_breaks_is_told_in_our_words(
    simulator: Simulator, sent: bytes, end: Callable[[socket.socket], None]
) -> None:
    def answer(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(sent)
        end(connection)

    with raw(answer) as server, pytest.raises(ConnectionFailedError, match="The connection broke before the chat"):
        await ask(**at(server))


async def test_plain_http_where_tls_is_due_is_told_in_our_words(simulator: Simulator) -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(response("400 Bad Request"))

    with raw(answer, plain=True) as server, pytest.raises(GigaChatError) as caught:
        await ask(**at(server))
    assert caught.value.exit_code == 4
    assert "_ssl.c" not in caught.value.message


async def test_a_body_without_end_is_not_kept(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply, "MAX_BODY_BYTES", 100_000)

    def answer(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        while True:
            connection.sendall(b" " * 65536)

    with raw(answer) as server:
        async with GigaChat(**at(server)) as giga:
            with pytest.raises(StreamError, match="too large"):
                await chunks_of(giga, stream=False)


async def test_a_body_that_is_shorter_than_announced_is_no_answer(simulator: Simulator) -> None:
    def answer(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{}")
        connection.close()

    with raw(answer) as server:
        async with GigaChat(**at(server)) as giga:
            with pytest.raises(ConnectionFailedError):
                await chunks_of(giga, stream=False)


async def test_http_of_this_machine_needs_no_tls(simulator: Simulator) -> None:
    def answer(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(
            response("200 OK", chunk("Hello.") + last() + DONE, Content_Type="text/event-stream; charset=utf-8")
        )

    with raw(answer, plain=True) as server:
        settings = at(server) | {"base_url": f"http://127.0.0.1:{server.port}/v1"}
        assert await ask(**settings) == "Hello."


async def test_the_service_cannot_put_escapes_into_the_request_id(simulator: Simulator) -> None:
    def answer(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(response("401 No", b"{}", X_Request_Id=next(ids)))

    ids = iter(("id-1\u009b31m\u202e-2", "id-1 of many", "x" * 1000))
    with raw(answer) as server:
        for shown in ("id-1-2", None, None):
            with pytest.raises(AuthenticationError) as caught:
                await ask(**at(server))
            assert caught.value.request_id == shown
