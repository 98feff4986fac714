from __future__ import annotations

import json
import socket
import time
from base64 import b64encode
from typing import Any

import pytest

from gigachat_cli.engine import Chunk, GigaChat
from gigachat_cli.engine.api import chat, chat_v2
from gigachat_cli.engine.api_version import ApiVersion
from gigachat_cli.engine.refusals import login_refusal, refusal, service_words
from gigachat_cli.engine.wire import Request, Response
from gigachat_cli.errors import (
    AccessDeniedError,
    AuthenticationError,
    GigaChatError,
    InvalidRequestError,
    KeyRefusedError,
    PromptTooLongError,
    RateLimitError,
    RedirectError,
    ScopeRefusedError,
    ServiceError,
    TokensUsedUpError,
    UnknownModelError,
)
from gigachat_cli.setting_values import SCOPES
from gigachat_cli.simulator import Simulator

from ..conftest import RECORDINGS, Program
from ..raw import RawServer, read_request, response
from .asking import ask, chunks_of
from .test_transport import at, raw

TABLE: list[tuple[int, type[GigaChatError], int, str, str]] = [
    (302, RedirectError, 1, "redirect", "base_url"),
    (400, InvalidRequestError, 1, "invalid_request", ""),
    (401, AuthenticationError, 3, "authentication", "gigachat auth login"),
    (402, TokensUsedUpError, 5, "tokens_used_up", "another model with model"),
    (403, AccessDeniedError, 3, "access_denied", "doctor"),
    (404, UnknownModelError, 1, "unknown_model", "gigachat models"),
    (405, ServiceError, 1, "service", ""),
    (408, ServiceError, 1, "service", "Try again"),
    (413, PromptTooLongError, 1, "prompt_too_long", "Shorten"),
    (422, InvalidRequestError, 1, "invalid_request", ""),
    (429, RateLimitError, 5, "rate_limit", "Wait"),
    (500, ServiceError, 1, "service", "Try again"),
    (502, ServiceError, 1, "service", "Try again"),
    (503, ServiceError, 1, "service", "Try again"),
    (504, ServiceError, 1, "service", "Try again"),
    (599, ServiceError, 1, "service", "Try again"),
]
REQUEST = Request("POST", "https://api.giga.chat/v1/chat/completions", "the chat request")


def answer(status: int, body: bytes = b"", **headers: str) -> Response:
    return Response(status, {"x-request-id": "id-1", **headers}, body)


@pytest.mark.parametrize(("status", "kind", "exit_code", "code", "hint"), TABLE, ids=[str(row[0]) for row in TABLE])
def test_every_status_has_its_error_exit_code_word_and_hint(
    status: int, kind: type[GigaChatError], exit_code: int, code: str, hint: str
) -> None:
    body = json.dumps({"status": status, "message": "Words of the service."}).encode()
    problem = refusal(REQUEST, answer(status, body), model="GigaChat-2-Max")
    assert type(problem) is kind
    assert (problem.exit_code, problem.code, problem.status, problem.request_id) == (exit_code, code, status, "id-1")
    assert f"HTTP {status}" in problem.message
    assert hint in (problem.hint or "")
    if status != 302:
        assert problem.message.endswith(": Words of the service.")


@pytest.mark.parametrize("status", [402, 404, 413])
def test_what_hangs_on_the_model_names_it(status: int) -> None:
    body = json.dumps({"status": status, "message": "No such model"}).encode()
    assert "GigaChat-2-Max" in refusal(REQUEST, answer(status, body), model="GigaChat-2-Max").message


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><head><title>404 Not Found</title></head><body>no such model here</body></html>",
        b'{"message":"no Route matched with those values"}',
        b'{"detail":"Not Found"}',
        b'{"timestamp":"2026-11-26","status":404,"error":"Not Found","path":"/chat/completions"}',
        b'{"status":404,"message":"Not Found"}',
        b"404 page not found",
    ],
)
def test_a_gateway_that_does_not_know_the_address_says_nothing_of_a_model(body: bytes) -> None:
    problem = refusal(REQUEST, answer(404, body), model="GigaChat-2-Max")
    assert type(problem) is ServiceError
    assert "GigaChat-2-Max" not in problem.message
    assert "base_url" in (problem.hint or "")


@pytest.mark.parametrize(
    "row",
    [row for row in TABLE if row[0] in (400, 402, 403, 404, 413, 422, 429, 500, 502, 503, 504)],
    ids=lambda row: row[0],
)
async def test_each_refusal_of_the_service_arrives(simulator: Simulator, row: Any) -> None:
    status, kind, _, code, _ = row
    simulator.faults.add(str(status), times=None)
    async with GigaChat(max_retries=0) as giga:
        with pytest.raises(GigaChatError) as caught:
            await chunks_of(giga, model="GigaChat-2-Max")
    assert type(caught.value) is kind
    assert (caught.value.code, caught.value.status) == (code, status)
    assert caught.value.request_id


def test_the_recorded_refusals_keep_the_services_words() -> None:
    for path in [
        *RECORDINGS.glob("api.[45]*.json"),
        *RECORDINGS.glob("chat.4*.json"),
        *RECORDINGS.glob("chat.*.404.json"),
    ]:
        body = path.read_bytes()
        status = next(int(part) for part in path.name.split(".") if part.isdigit())
        problem = refusal(REQUEST, answer(status, body), model="M")
        assert json.loads(body)["message"].rstrip(".") in problem.message, path.name


@pytest.mark.parametrize(
    ("status", "code", "kind", "word"),
    [
        (400, 1, ScopeRefusedError, "scope_refused"),
        (400, 4, KeyRefusedError, "key_refused"),
        (400, 5, ScopeRefusedError, "scope_refused"),
        (401, 6, KeyRefusedError, "key_refused"),
        (400, 7, ScopeRefusedError, "scope_refused"),
        (401, None, KeyRefusedError, "key_refused"),
        (403, None, KeyRefusedError, "key_refused"),
    ],
)
def test_each_code_of_the_login_has_its_error(
    status: int, code: int | None, kind: type[GigaChatError], word: str
) -> None:
    body = json.dumps({"code": code, "message": "words"}).encode()
    request = Request("POST", "https://ngw/oauth", "the login")
    problem = login_refusal(request, answer(status, body), scope="GIGACHAT_API_PERS", doubt="It looks clipped.")
    assert type(problem) is kind
    assert (problem.exit_code, problem.code, problem.status, problem.request_id) == (3, word, status, "id-1")
    assert problem.hint
    if kind is ScopeRefusedError:
        assert all(scope in problem.hint for scope in SCOPES)
        assert "GIGACHAT_API_PERS" in problem.message
    else:
        assert problem.hint == "It looks clipped."
    assert "words" in problem.message


async def test_a_key_of_another_scope_names_the_three_scopes(simulator: Simulator) -> None:
    with pytest.raises(ScopeRefusedError) as caught:
        await ask(scope="GIGACHAT_API_CORP")
    assert caught.value.hint
    assert all(scope in caught.value.hint for scope in SCOPES)
    assert "code 7" in caught.value.message
    assert simulator.oauth_calls == 1


async def test_a_pasted_access_token_is_recognised_when_it_is_refused(simulator: Simulator) -> None:
    with pytest.raises(KeyRefusedError) as caught:
        await ask(credentials=simulator.access_token())
    assert caught.value.hint
    assert "access token" in caught.value.hint


async def test_a_busy_login_says_so(simulator: Simulator) -> None:
    simulator.faults.add("429", at="oauth", times=None)
    with pytest.raises(RateLimitError):
        await ask(max_retries=1)
    assert simulator.oauth_calls == 2


async def test_a_login_at_a_wrong_address_names_the_setting(simulator: Simulator) -> None:
    with pytest.raises(ServiceError) as caught:
        await ask(auth_url=simulator.auth_url.replace("/oauth", "/nothing"))
    assert caught.value.status == 404
    assert caught.value.hint == "Check auth_url."


PAGE = b"""<!DOCTYPE html>\n<html><head><style>body {color: red}</style><script>alert(1)</script>
<title>\n 502 Bad\n Gateway &amp; Co </title></head><body><h1>No</h1></body></html>"""


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (PAGE, "a web page, “502 Bad Gateway & Co”"),
        (b"<html><h1>Blocked <b>by</b></h1>rest", "a web page, “Blocked”"),
        (b"<html><body><p>Just &lt;text&gt;</p><script>x", "a web page, “Just <text>”"),
        (b"<html></html>", "a web page"),
        (b"<title></title><html><body>text", "a web page"),
        (b"<html><title>\x1b]0;owned\x07 \xe2\x80\xaeevil", "a web page, “evil”"),
    ],
)
def test_a_page_of_a_gateway_is_one_clean_line(page: bytes, words: str) -> None:
    assert service_words(answer(502, page, **{"content-type": "text/html"})) == words


@pytest.mark.parametrize("status", [200, 403, 502])
async def test_a_page_in_place_of_an_answer_is_told_as_such(simulator: Simulator, status: int) -> None:
    simulator.faults.add("html", status=status, times=None)
    with pytest.raises(GigaChatError) as caught:
        await ask(max_retries=0)
    assert "a web page, “" in caught.value.message
    assert "<" not in caught.value.message


HOSTILE = [
    b"\x1b[2J\x1b]52;c;ZXZpbA==\x07\x9b31m" * 100,
    "\u202e\u2066evil\u009d8;;http://x\u0007".encode() * 100,
    b"x" * 1_000_000,
    b"\n" * 70_000 + b"late",
    b"<" * 65_536,
    b"<html>" + b"<title" * 20_000,
    b"<html>" + b"<script" * 20_000,
    b"<html>" + b"&" * 60_000,
    b"[" * 200_000,
    b'{"message":' * 50_000,
    b'{"message":"' + b"basic " * 100_000 + b'"}',
    b'{"message":"' + b"://a:" * 100_000 + b'"}',
    b'{"message":"' + b"a" * 59 + b" " + b"b" * 500_000 + b'"}',
    json.dumps({"message": "\x1b[31m\u202e\ud800\x00" * 10_000}).encode(),
    b'{"error":{"message":' + b"1" * 5000 + b"}}",
    b"\xff\xfe" * 10_000,
]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("kind", ["application/json", "text/html"])
def test_hostile_bodies_give_one_safe_short_line_in_no_time(body: bytes, kind: str) -> None:
    began = time.process_time()
    words = service_words(answer(500, body, **{"content-type": kind}))
    took = time.process_time() - began
    assert len(words) <= 300
    assert words.isprintable() or "\ud800" in words
    assert "evil" not in words or "\u202e" not in words
    assert took < 5, "the work must be linear in the body"


def test_the_program_tells_a_hostile_body_in_two_lines(simulator: Simulator, gigachat: Program) -> None:
    hostile = "\x1b[2J\n\r\x1b]52;c;ZXZpbA==\x07" + "word " * 300_000
    simulator.faults.add("500", message=hostile)
    result = gigachat("ask", "hi", "--max-retries", "0")
    assert result.code == 1
    assert len(result.err.splitlines()) == 2
    assert "\x1b" not in result.err
    assert len(result.err.splitlines()[0]) < 450


def _echoing(secret: str) -> RawServer:
    def handle(connection: socket.socket) -> None:
        read_request(connection)
        body = json.dumps({"status": 403, "message": f"you sent '{secret}'; Bearer {secret}"})
        connection.sendall(response("403 No", body.encode(), Content_Type="application/json"))

    return raw(handle)


@pytest.mark.parametrize("secret", ["short-token", "eyJ" + "a" * 300 + "." + "b" * 300])
async def test_a_body_that_echoes_the_token_is_redacted(simulator: Simulator, secret: str) -> None:
    with _echoing(secret) as server, pytest.raises(AccessDeniedError) as caught:
        await ask(**{**at(server), "access_token": secret})
    assert "you sent '***'" in caught.value.message
    assert secret not in caught.value.message


@pytest.mark.parametrize("where", ["stream", "whole", "page"])
async def test_a_stream_or_a_page_that_echoes_the_token_is_redacted(simulator: Simulator, where: str) -> None:
    def handle(connection: socket.socket) -> None:
        read_request(connection)
        told = json.dumps({"error": {"message": "you sent short-token", "code": 400}}).encode()
        kind, body = {
            "stream": ("text/event-stream", b"data: " + told + b"\n\n"),
            "whole": ("application/json", told),
            "page": ("text/html", b"<html>you sent short-token</html>"),
        }[where]
        connection.sendall(response("200 OK", body, Content_Type=kind))

    with raw(handle) as server, pytest.raises(ServiceError) as caught:
        await ask(**{**at(server), "access_token": "short-token"})
    assert "you sent ***" in caught.value.message


async def test_a_login_that_echoes_the_key_is_redacted(simulator: Simulator) -> None:
    key = b64encode(b"client-id:client-secret").decode()
    for echoed in (key, "client-id:client-secret", "the secret client-secret"):

        def handle(connection: socket.socket, echoed: str = echoed) -> None:
            read_request(connection)
            connection.sendall(response("401 No", json.dumps({"code": 6, "message": f"no {echoed}"}).encode()))

        with raw(handle) as server, pytest.raises(KeyRefusedError) as caught:
            await ask(credentials=key, auth_url=f"https://127.0.0.1:{server.port}/oauth")
        assert "client-secret" not in caught.value.message
        assert key not in caught.value.message
        assert "***" in caught.value.message


async def test_a_password_that_is_echoed_is_redacted(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GIGACHAT_CREDENTIALS")

    def handle(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(response("403 No", b'{"message":"not hunter2-and-more"}'))

    with raw(handle) as server, pytest.raises(AccessDeniedError) as caught:
        await ask(user="me", password="hunter2-and-more", base_url=f"https://127.0.0.1:{server.port}/v1")
    assert "hunter2" not in caught.value.message


def test_secrets_are_in_no_repr() -> None:
    request = Request("POST", "https://x", "the login", {"Authorization": "Basic c2VjcmV0"}, b"scope=c2VjcmV0")
    assert "c2VjcmV0" not in repr(request)
    assert "c2VjcmV0" not in repr(Response(200, {}, b"c2VjcmV0"))


def test_debug_tells_no_secret(simulator: Simulator, gigachat: Program) -> None:
    simulator.faults.add("403", message=f"key {simulator.credentials}")
    result = gigachat("ask", "hi", "--debug")
    issued = simulator.calls("chat")[0].headers["Authorization"].split()[1]
    assert result.code == 3
    assert "HTTP 403" in result.err
    assert "POST" in result.err
    assert simulator.credentials not in result.err
    assert issued not in result.err


def test_the_request_id_is_told(simulator: Simulator, gigachat: Program) -> None:
    simulator.faults.add("422")
    problem = json.loads(gigachat("ask", "--json", "hi").err)["error"]
    assert (problem["code"], problem["status"]) == ("invalid_request", 422)
    assert problem["request_id"]
    assert problem["message"].endswith("the simulator was told to refuse.")


@pytest.mark.parametrize("found", [{}, {"choices": []}, {"choices": [], "message": "x"}, {"error": None}])
@pytest.mark.parametrize("version", [chat, chat_v2])
def test_what_tells_of_no_error_is_none(found: dict[str, Any], version: ApiVersion) -> None:
    assert version.parse_whole(REQUEST, json.dumps(found).encode(), request_id=None) == Chunk()


@pytest.mark.parametrize("found", [{"error": 5}, {"error": ["no"]}, {"error": {"message": [1]}}, {"message": {"a": 1}}])
@pytest.mark.parametrize("version", [chat, chat_v2])
def test_an_error_of_an_odd_form_is_one_all_the_same(found: dict[str, Any], version: ApiVersion) -> None:
    with pytest.raises(ServiceError, match="The service answered the chat request with an error"):
        version.parse_whole(REQUEST, json.dumps(found).encode(), request_id=None)
