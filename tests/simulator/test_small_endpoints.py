"""Tokens, balance, embeddings, the check of texts, descriptions of functions, batches, and faults at all of them."""

from __future__ import annotations

import json
import math
from typing import Any

import httpx
import pytest

from gigachat_cli.simulator import Options, Simulator, key_for

from .calling import Caller, content_of
from .wire import same_shape, sample, shape

RUSSIAN = (
    "Это довольно длинный русский текст, в котором больше двадцати слов, чтобы проверка согласилась его прочесть. " * 2
)
VALID: dict[str, Any] = {
    "name": "weather",
    "description": "Tell the weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    "return_parameters": {"type": "object", "properties": {"degrees": {"type": "number"}}},
    "few_shot_examples": [{"request": "Weather in Tula?", "params": {"city": "Tula"}}],
}
_STATUS = {"type": "object", "properties": {"status": {"type": "boolean"}}}
_VERSION = {"type": "string", "enum": ["v1", "v2"]}
OPENAPI: dict[str, Any] = {
    "openapi": "3.0.0",
    "info": {"title": "SMS: sending"},
    "paths": {
        "/v{version}/sms": {
            "post": {
                "operationId": "send_sms",
                "description": "Отправка SMS",
                "parameters": [
                    {
                        "name": "version",
                        "in": "path",
                        "required": True,
                        "description": "Версия",
                        "schema": _VERSION,
                    },
                    {"$ref": "#/components/parameters/Trace"},
                ],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Sms"}}}},
                "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": _STATUS}}}},
            },
            "get": {"summary": "List"},
        }
    },
    "components": {
        "parameters": {"Trace": {"name": "trace", "in": "query"}},
        "schemas": {
            "Sms": {
                "type": "object",
                "required": ["text"],
                "properties": {"text": {"type": "string", "minLength": 1}},
            }
        },
    },
}


@pytest.fixture
def business(simulator: Simulator, caller: Caller) -> Caller:
    """A client of an account that pays as it goes."""
    caller.token = simulator.access_token(key_for("GIGACHAT_API_CORP"))
    return caller


def post_batch(caller: Caller, body: bytes, method: str = "chat_completions") -> httpx.Response:
    return caller.http.post(
        f"{caller.simulator.base_url}/batches",
        params={"method": method},
        content=body,
        headers={"Authorization": f"Bearer {caller.token}", "Content-Type": "application/octet-stream"},
    )


def chat_line(line_id: str, model: str = "GigaChat-2", **more: Any) -> str:
    messages = [{"role": "user", "content": f"Question {line_id}"}]
    return json.dumps({"id": line_id, "request": {"model": model, "messages": messages, **more}})


@pytest.mark.parametrize("name", ["tokens_count.200.json", "tokens_count.multiple.200.json"])
def test_tokens_are_counted_as_recorded(caller: Caller, name: str) -> None:
    texts = ["Hello, world!"] if name == "tokens_count.200.json" else ["First text", "Second text"]
    assert caller.post("/tokens/count", {"model": "GigaChat-2", "input": texts}).text.strip() == sample(name).strip()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"model": "GigaChat-2", "input": "text"}, 422),
        ({"model": "GigaChat-2", "input": [1]}, 422),
        ({"model": "Other", "input": ["text"]}, 404),
        ([], 400),
    ],
)
def test_tokens_of_wrong_requests_are_not_counted(caller: Caller, body: Any, status: int) -> None:
    assert caller.post("/tokens/count", body).status_code == status


def test_balance_is_for_prepaid_accounts(caller: Caller, simulator: Simulator) -> None:
    assert shape(caller.get("/balance").json()) == shape(json.loads(sample("balance.200.json")))
    simulator.balance = [("GigaChat", 0.5)]
    assert caller.get("/balance").json() == {"balance": [{"usage": "GigaChat", "value": 0.5}]}
    caller.token = simulator.access_token(key_for("GIGACHAT_API_CORP"))
    refused = caller.get("/balance")
    assert (refused.status_code, refused.text.strip()) == (403, sample("balance.403.json").strip())


def test_embeddings_have_the_recorded_form_and_unit_length(caller: Caller) -> None:
    answer = caller.post("/embeddings", {"model": "Embeddings", "input": ["one", "two", "one"]}).json()
    assert list(answer) == ["object", "model", "data"]
    assert [list(row) for row in answer["data"]] == [["object", "index", "embedding", "usage"]] * 3
    first, second, third = (row["embedding"] for row in answer["data"])
    assert len(first) == 1024
    assert first == third != second
    assert math.isclose(sum(number * number for number in second), 1.0, abs_tol=1e-6)
    assert [row["index"] for row in answer["data"]] == [0, 1, 2]
    alone = caller.post("/embeddings", {"model": "Embeddings-2", "input": "one"}).json()["data"]
    assert alone[0]["embedding"] == first


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"model": "GigaChat-2", "input": "x"}, 404),
        ({"model": "No", "input": "x"}, 404),
        ({"model": "Embeddings", "input": []}, 422),
        ({"model": "Embeddings", "input": [1]}, 422),
        ({"model": "Embeddings"}, 422),
    ],
)
def test_wrong_requests_get_no_vectors(caller: Caller, body: Any, status: int) -> None:
    assert caller.post("/embeddings", body).status_code == status


def test_check_tells_who_wrote_a_text(business: Caller, simulator: Simulator) -> None:
    body = {"model": "GigaCheckDetection", "input": RUSSIAN}
    for category, intervals in (("ai", 1), ("human", 0), ("mixed", 2)):
        simulator.ai_category = category  # type: ignore[assignment]  # a loop over the literal's values
        found = business.post("/ai/check", body).json()
        assert (found["category"], len(found["ai_intervals"])) == (category, intervals)
        assert found["characters"] == len(RUSSIAN)
    assert list(found) == ["category", "characters", "tokens", "ai_intervals"]
    assert found["ai_intervals"][-1][1] == len(RUSSIAN)
    simulator.ai_category = None
    assert business.post("/ai/check", body).json() == business.post("/ai/check", body).json()
    assert business.post("/ai/check", {**body, "model": "GigaCheckClassification"}).json()["ai_intervals"] == []


@pytest.mark.parametrize(
    ("text", "model", "status"),
    [
        ("Слишком короткий русский текст.", "GigaCheckDetection", 422),
        ("An English text of more than twenty words is " * 4, "GigaCheckDetection", 422),
        (RUSSIAN, "GigaChat", 404),
        (1, "GigaCheckDetection", 422),
    ],
)
def test_check_refuses_what_it_cannot_read(business: Caller, text: Any, model: str, status: int) -> None:
    assert business.post("/ai/check", {"model": model, "input": text}).status_code == status


def test_filter_tells_whether_messages_are_profane(caller: Caller) -> None:
    def asked(*texts: Any, model: str = "GigaFilter") -> httpx.Response:
        return caller.post("/filter/check", {"model": model, "messages": [{"content": text} for text in texts]})

    assert asked("Good morning").json() == {"is_profane": False, "usage": {"filter_tokens": 2}}
    assert asked("Good morning", "Damn it").json()["is_profane"] is True
    assert asked("Вот чёрт").json()["is_profane"] is True
    assert [asked().status_code, asked(1).status_code, asked("x", model="GigaChat-2").status_code] == [422, 422, 404]


def test_check_and_batches_are_for_accounts_that_pay_as_they_go(caller: Caller) -> None:
    assert caller.post("/ai/check", {"model": "GigaCheckDetection", "input": RUSSIAN}).status_code == 403
    assert post_batch(caller, chat_line("a").encode()).status_code == 403
    assert caller.get("/batches").status_code == 403


def test_valid_function_is_called_valid(caller: Caller) -> None:
    answer = caller.post("/functions/validate", VALID).json()
    assert answer == {"status": 200, "message": "Function is valid", "json_ai_rules_version": "1.0.5"}
    bare = {key: VALID[key] for key in ("name", "parameters")}
    warned = caller.post("/functions/validate", bare).json()
    assert warned["message"] == "Function is valid"
    assert all(list(warning) == ["description", "schema_location"] for warning in warned["warnings"])
    assert len(warned["warnings"]) == 3


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"name": "1x"}, "name"),
        ({"name": ""}, "(root)"),
        ({"parameters": {"type": "str"}}, "parameters"),
        ({"parameters": {"type": "array"}}, "parameters"),
        ({"parameters": {"properties": {"a": {"type": "text"}}}}, "parameters.properties.a"),
        ({"parameters": {"properties": {"a": {"items": {"type": "x"}}}}}, "parameters.properties.a.items"),
        ({"parameters": {"properties": {}, "required": ["a"]}}, "parameters.required"),
        ({"parameters": {"properties": []}}, "parameters"),
        ({"return_parameters": 1}, "return_parameters"),
        ({"few_shot_examples": [{"request": "x"}]}, "few_shot_examples.0"),
    ],
)
def test_wrong_function_is_told_where(caller: Caller, change: dict[str, Any], place: str) -> None:
    response = caller.post("/functions/validate", {**VALID, **change})
    assert response.status_code == 200
    assert response.json()["message"] == "Incorrect function syntax"
    assert place in [error["schema_location"] for error in response.json()["errors"]]


def test_openapi_becomes_functions(caller: Caller, simulator: Simulator) -> None:
    headers = {"Authorization": f"Bearer {caller.token}"}
    address = simulator.base_url + "/functions/convert"
    first, second = caller.http.post(address, content=json.dumps(OPENAPI), headers=headers).json()["functions"]
    assert (first["name"], first["description"]) == ("send_sms", "Отправка SMS")
    assert first["parameters"] == {
        "type": "object",
        "properties": {
            "text": {"type": "string", "minLength": 1},
            "version": {"description": "Версия", "type": "string", "enum": ["v1", "v2"]},
            "trace": {"description": "", "type": "string"},
        },
        "required": ["text", "version"],
    }
    assert first["return_parameters"]["properties"] == {"status": {"type": "boolean"}}
    assert (second["name"], second["description"]) == ("get_v_version_sms", "List")
    for wrong in ("", "hello", "{", "1", '{"a": 1}', '{"paths": [1]}', "paths:\n  /a: {}", b"\xff"):
        assert caller.http.post(address, content=wrong, headers=headers).status_code == 422


def test_batch_is_done_by_and_by_and_its_results_are_a_file(business: Caller, simulator: Simulator) -> None:
    simulator.answer, simulator.batch_polls = "Short.", 3
    body = "\n".join([chat_line("a"), "", chat_line("b", model="No"), chat_line("c"), chat_line("d")])
    created = post_batch(business, body.encode()).json()
    assert (created["status"], created["method"]) == ("created", "chat_completions")
    assert created["request_counts"] == {"total": 4}
    path = f"/batches?batch_id={created['id']}"
    seen = [business.get(path).json()["batches"][0] for _ in range(4)]
    assert [row["status"] for row in seen] == ["in_progress", "in_progress", "completed", "completed"]
    assert [row["request_counts"]["completed"] for row in seen] == [1, 2, 3, 3]
    assert ["output_file_id" in row for row in seen] == [False, False, True, True]
    assert seen[-1]["request_counts"] == {"total": 4, "completed": 3, "failed": 1}
    content = business.get(f"/files/{seen[-1]['output_file_id']}/content").text
    rows = [json.loads(line) for line in content.splitlines()]
    assert [row["id"] for row in rows] == ["a", "b", "c", "d"]
    assert rows[1] == {"id": "b", "error": {"status": 404, "message": "No such model"}}
    assert same_shape(rows[0]["result"], "chat.200.json")
    assert [row["id"] for row in business.get("/batches").json()["batches"]] == [created["id"]]


def test_batch_of_embeddings(business: Caller, simulator: Simulator) -> None:
    simulator.batch_polls = 1
    line = json.dumps({"id": "a", "request": {"model": "Embeddings", "input": ["x"]}}).encode()
    batch_id = post_batch(business, line, "embedder").json()["id"]
    row = business.get(f"/batches?batch_id={batch_id}").json()["batches"][0]
    result = json.loads(business.get(f"/files/{row['output_file_id']}/content").text)
    assert len(result["result"]["data"][0]["embedding"]) == 1024


def test_unknown_batch_and_wrong_batches_are_refused(business: Caller, simulator: Simulator) -> None:
    unknown = business.get("/batches?batch_id=none")
    assert (unknown.status_code, unknown.text.strip()) == (404, sample("batches.404.json").strip())
    line = chat_line("a")
    for body, status in ((b"", 422), (b"{", 400), (b'{"id": "a"}', 422), (f"{line}\n{line}".encode(), 422)):
        assert post_batch(business, body).status_code == status
    assert post_batch(business, line.encode(), "other").status_code == 422
    batch_id = post_batch(business, line.encode()).json()["id"]
    business.token = simulator.access_token(simulator.accounts.add_key("GIGACHAT_API_CORP"))
    assert business.get(f"/batches?batch_id={batch_id}").status_code == 404


REQUESTS: dict[str, tuple[str, str, Any]] = {
    "files": ("GET", "/files", None),
    "upload": ("POST", "/files", None),
    "content": ("GET", "/files/x/content", None),
    "tokens": ("POST", "/tokens/count", {"model": "GigaChat-2", "input": ["x"]}),
    "balance": ("GET", "/balance", None),
    "embeddings": ("POST", "/embeddings", {"model": "Embeddings", "input": ["x"]}),
    "check": ("POST", "/ai/check", {"model": "GigaCheckDetection", "input": RUSSIAN}),
    "filter": ("POST", "/filter/check", {"model": "GigaFilter", "messages": [{"role": "user", "content": "x"}]}),
    "functions": ("POST", "/functions/validate", VALID),
    "batches": ("GET", "/batches", None),
}


@pytest.mark.parametrize("place", REQUESTS)
def test_faults_work_at_every_place(caller: Caller, simulator: Simulator, place: str) -> None:
    method, path, body = REQUESTS[place]

    def ask() -> httpx.Response:
        return caller.get(path) if method == "GET" else caller.post(path, body)

    usual = ask().status_code
    simulator.faults.add("500", at=place)
    simulator.faults.add("429", at=place, retry_after=3)
    simulator.faults.add("html", at=place)
    assert [ask().status_code, ask().headers.get("Retry-After")] == [500, "3"]
    assert ask().headers["Content-Type"].startswith("text/html")
    assert ask().status_code == usual
    recorded = "files" if place in {"upload", "content"} else place
    assert len(simulator.calls(recorded)) == 5
    simulator.faults.add("reset", at=place)
    with pytest.raises(httpx.TransportError):
        ask()
    simulator.faults.add("401", at=place)
    assert [ask().status_code, ask().status_code] == [401, 401]


def test_files_is_the_place_of_uploads_and_downloads_too(caller: Caller, simulator: Simulator) -> None:
    simulator.faults.add("500", at="files", times=2)
    assert caller.upload().status_code == 500
    assert caller.get("/files/x/content").status_code == 500
    simulator.faults.add("413", at="upload")
    assert caller.get("/files").status_code == 200
    assert caller.upload().status_code == 413


@pytest.mark.parametrize("how", ["close", "reset"])
def test_download_may_break_off_in_the_middle(caller: Caller, simulator: Simulator, how: str) -> None:
    file_id = caller.upload(content=b"x" * 100_000).json()["id"]
    simulator.faults.add("cut", at="content", how=how)
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        caller.get(f"/files/{file_id}/content")
    assert len(caller.get(f"/files/{file_id}/content").content) == 100_000
    simulator.faults.add("stall", at="content", seconds=0.05)
    assert len(caller.get(f"/files/{file_id}/content").content) == 100_000


def test_fault_for_one_model_leaves_the_others_alone(caller: Caller, simulator: Simulator) -> None:
    simulator.faults.add("402", model="GigaChat-2-Pro", times=None)
    assert [caller.chat(model=name).status_code for name in ("GigaChat-2", "GigaChat-2-Pro", "GigaChat-2-Pro")] == [
        200,
        402,
        402,
    ]
    assert caller.ask_v2(model="GigaChat-2-Pro").status_code == 402
    assert caller.chat().status_code == 200


def test_embeddings_hold_one_of_the_places(caller: Caller, simulator: Simulator) -> None:
    simulator.max_requests = 0
    assert caller.post("/embeddings", {"model": "Embeddings", "input": "x"}).status_code == 429
    assert caller.post("/tokens/count", {"model": "GigaChat-2", "input": ["x"]}).status_code == 200


def test_log_can_be_bounded_and_still_counts() -> None:
    with Simulator(Options(keep_requests=3), answer="x") as simulator:
        caller = Caller(simulator)
        with caller.http:
            for number in range(5):
                assert content_of(caller.chat(f"Question {number}")) == "x"
        assert [received.json["messages"][0]["content"] for received in simulator.requests] == [
            "Question 2",
            "Question 3",
            "Question 4",
        ]
        assert simulator.log.count("chat") == 5
        assert len(simulator.wait_for(5, "chat", timeout=0.05)) == 3
        with pytest.raises(TimeoutError, match="5 of 6"):
            simulator.wait_for(6, "chat", timeout=0.05)
