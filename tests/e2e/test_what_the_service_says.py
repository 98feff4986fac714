"""A service that gives our secrets back, with controls, in every field: nothing shown or kept has them."""

from __future__ import annotations

import json
import re
import socket
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from ..conftest import Program
from ..raw import RawServer, read_request, response

TOKEN = "my-access-token/of-2026+x"
PASSWORD = "proxy-password!9"
FORMS = [
    TOKEN,
    PASSWORD,
    quote(TOKEN, safe=""),
    b64encode(f"a:{TOKEN}".encode()).decode(),
    f"{TOKEN[:5]}\x00{TOKEN[5:]}",
    f"{TOKEN[:9]}\u200b{TOKEN[9:]}",
    f"{TOKEN[:7]}\r\n{TOKEN[7:]}",
    f"{TOKEN[:4]}\x1b[31m{TOKEN[4:]}",
]
HOSTILE = " ".join(FORMS) + "\x1b]0;t\x07\u202e"
FILE = {"id": "0199e20f-1", "filename": HOSTILE, "purpose": HOSTILE, "bytes": 1, "created_at": 1}
CHUNK = {
    "choices": [{"delta": {"content": "Hi.", "functions_state_id": HOSTILE}, "index": 0, "finish_reason": None}],
    "model": HOSTILE,
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
BODIES: dict[str, Any] = {
    "models": {"data": [{"id": "GigaChat", "type": HOSTILE, "owned_by": HOSTILE}, {"id": HOSTILE, "type": "chat"}]},
    "balance": {"balance": [{"usage": HOSTILE, "value": 1}]},
    "files": {"data": [FILE, {**FILE, "id": HOSTILE}, {**FILE, "id": "../x"}]},
    "file": FILE,
    "check": {"category": HOSTILE, "characters": 1, "tokens": 1, "ai_intervals": []},
    "batches": {"batches": [{"id": HOSTILE, "status": "x"}, {"id": "b-1", "status": HOSTILE, "method": HOSTILE}]},
    "error": {"status": 422, "message": HOSTILE, "code": HOSTILE},
}


def answering(body: Any, *, status: str = "200 OK") -> RawServer:
    def handle(connection: socket.socket) -> None:
        head = read_request(connection).split(b"\r\n")[0]
        header = f"{TOKEN}\u009b31m"
        content, kind = json.dumps(body).encode(), "application/json"
        if body is CHUNK:
            ended = {**CHUNK, "choices": [{"delta": {}, "index": 0, "finish_reason": "stop"}]}
            content = b"".join(b"data: %s\n\n" % json.dumps(each).encode() for each in (CHUNK, ended))
            content, kind = content + b"data: [DONE]\n\n", "text/event-stream"
            if b"/chat/" not in head:
                content, kind = json.dumps(BODIES["models"]).encode(), "application/json"
        connection.sendall(response(status, content, Content_Type=kind, X_Request_Id=header))

    return RawServer(handle)


@pytest.fixture
def environment(home: Path) -> dict[str, str | None]:
    return {
        "GIGACHAT_ACCESS_TOKEN": TOKEN,
        "GIGACHAT_PASSWORD": PASSWORD,
        "GIGACHAT_CONFIG_DIR": str(home / "config"),
        "GIGACHAT_DATA_DIR": str(home / "data"),
        "GIGACHAT_MAX_RETRIES": "0",
        "GIGACHAT_MODEL": "GigaChat",
    }


def check(text: str) -> None:
    plain = re.sub(r"\\u[0-9a-f]{4}|\\[nrt]|[^A-Za-z0-9]", "", text)
    for secret in (TOKEN, PASSWORD, b64encode(f"a:{TOKEN}".encode()).decode()[8:-4], quote(TOKEN, safe="")):
        assert re.sub(r"[^A-Za-z0-9]", "", secret) not in plain, text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)


CASES = [
    ("models", ("models", "--all")),
    ("balance", ("balance",)),
    ("files", ("files", "list")),
    ("file", ("files", "show", "0199e20f-1")),
    ("check", ("check", "слово")),
    ("batches", ("batch", "list")),
    ("error", ("files", "show", "0199e20f-1")),
    ("error", ("ask", "hi")),
    ("error", ("tokens", "hi")),
]


@pytest.mark.parametrize(("body", "words"), CASES, ids=[f"{body}: {' '.join(words)}" for body, words in CASES])
def test_no_field_of_an_answer_shows_it(
    body: str, words: tuple[str, ...], gigachat: Program, environment: dict[str, str | None]
) -> None:
    with answering(BODIES[body], status="422 No" if body == "error" else "200 OK") as server:
        environment["GIGACHAT_BASE_URL"] = f"http://127.0.0.1:{server.port}/v1"
        shown = ""
        for more in ((), ("--json",), ("--debug",)):
            if words[0] == "batch" and more == ("--debug",):
                continue
            result = gigachat(*words, *more, environment=environment)
            assert "mistake in the program" not in result.err
            check(result.out + result.err)
            shown += result.out + result.err
    assert "***" in shown or body in ("check", "batches")


@pytest.mark.parametrize("more", [(), ("--json",), ("--output", "stream-json"), ("--debug", "-u"), ("--no-stream",)])
def test_nothing_of_a_chat_shows_or_keeps_it(
    more: tuple[str, ...], gigachat: Program, environment: dict[str, str | None], home: Path
) -> None:
    with answering(CHUNK) as server:
        environment["GIGACHAT_BASE_URL"] = f"http://127.0.0.1:{server.port}/v1"
        result = gigachat("ask", "hi", *more, environment=environment)
        assert (result.code, "Hi." in result.out) == (0, True)
        check(result.out + result.err)
    check(gigachat("history", "export", "--format", "json", environment=environment).out)
    for kept in (home / "data").glob("history.db*"):
        assert TOKEN[:12].encode() not in kept.read_bytes()


def test_a_row_of_a_batch_and_the_history_of_a_failure_have_none(
    gigachat: Program, environment: dict[str, str | None], home: Path
) -> None:
    for body, status in ((CHUNK, "200 OK"), (BODIES["error"], "422 No")):
        with answering(body, status=status) as server:
            environment["GIGACHAT_BASE_URL"] = f"http://127.0.0.1:{server.port}/v1"
            result = gigachat("batch", "-", stdin="hi\n", environment=environment)
            check(result.out + result.err)
            check(gigachat("ask", "hi", environment=environment).err)
    check(gigachat("history", "show", environment=environment).out)
    check(gigachat("history", "export", "--format", "json", environment=environment).out)
