"""The form of every body and header, compared with recorded traffic."""

from __future__ import annotations

import json
import re
import time
import uuid
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from gigachat_cli.simulator import OLD_HOST_MODELS, Simulator

from .calling import Caller, events_of
from .wire import sample, shape


def test_token_is_long_and_opaque_and_expires_in_milliseconds(caller: Caller) -> None:
    response = caller.oauth()
    granted = response.json()
    assert shape(granted) == shape(json.loads(sample("oauth.200.json")))
    assert len(granted["access_token"]) == 1233
    assert abs(granted["expires_at"] / 1000 - time.time() - 1800) < 60
    assert response.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("request_as", "status", "name"),
    [
        ({"Authorization": "Basic not/base64"}, 400, "oauth.400.bad_header.json"),
        ({"Authorization": "Basic bm8gY29sb24="}, 400, "oauth.400.bad_header.json"),
        ({"Authorization": None}, 400, "oauth.400.bad_header.json"),
        ({"scope": None}, 400, "oauth.400.scope_empty.json"),
        ({"scope": ""}, 400, "oauth.400.scope_empty.json"),
        ({"scope": "GIGACHAT_API_ALL"}, 400, "oauth.400.scope_invalid.json"),
        ({"scope": "GIGACHAT_API_CORP"}, 400, "oauth.400.scope_mismatch.json"),
        ({"key": "bm9ib2R5Om5vYm9keQ=="}, 401, "oauth.401.json"),
    ],
)
def test_oauth_refuses_in_the_documented_words(
    caller: Caller, request_as: dict[str, Any], status: int, name: str
) -> None:
    response = caller.oauth(**request_as)
    assert (response.status_code, response.text) == (status, sample(name))


@pytest.mark.parametrize(
    "identifier", [None, "", "12345", "31538fa2-e7e1-11f1-bcf0-02fc00000001", "8da54264246342be9aa7c844d5e45180"]
)
def test_oauth_insists_on_a_uuid4(caller: Caller, identifier: str | None) -> None:
    assert caller.oauth(RqUID=identifier).status_code == 400


def test_oauth_accepts_the_key_as_bearer_too(caller: Caller, simulator: Simulator) -> None:
    assert caller.oauth(Authorization=f"Bearer {simulator.credentials}").status_code == 200


def test_each_scope_has_its_key(caller: Caller, simulator: Simulator) -> None:
    for scope in ("GIGACHAT_API_PERS", "GIGACHAT_API_B2B", "GIGACHAT_API_CORP"):
        assert caller.oauth(key=simulator.accounts.add_key(scope), scope=scope).status_code == 200


def test_password_grant_has_the_short_form(caller: Caller, simulator: Simulator) -> None:
    address = simulator.old_base_url + "/token"
    granted = caller.http.post(address, auth=("simulator", "simulated-password"))
    assert shape(granted.json()) == [("tok", "str"), ("exp", "int")]
    refused = caller.http.post(address, auth=("simulator", "wrong"))
    assert (refused.status_code, refused.text.rstrip("\n")) == (401, sample("api.401.unauthorized.json"))


def test_seconds_are_an_option(caller: Caller, simulator: Simulator) -> None:
    simulator.expiry_unit = "s"
    assert caller.oauth().json()["expires_at"] < 10**11


def test_clock_offset_moves_the_date_and_the_expiry(caller: Caller, simulator: Simulator) -> None:
    simulator.clock_offset = -7200.0
    response = caller.oauth()
    for answered in (response, caller.get("/models"), caller.chat(), caller.chat(stream=True)):
        server_time = parsedate_to_datetime(answered.headers["Date"]).timestamp()
        assert abs(server_time - time.time() + 7200) < 60
    assert abs(response.json()["expires_at"] / 1000 - time.time() + 7200 - 1800) < 60


def test_whole_answer_has_the_recorded_form(caller: Caller, simulator: Simulator) -> None:
    simulator.answer, simulator.models = "Hello.", OLD_HOST_MODELS
    response = caller.chat(model="GigaChat")
    assert shape(response.json()) == shape(json.loads(sample("chat.200.json")))
    assert response.json()["model"] == "GigaChat:2.0.28.2"
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert response.content == json.dumps(response.json(), ensure_ascii=False, separators=(",", ":")).encode()


def test_stream_has_the_recorded_form_byte_for_byte(caller: Caller, simulator: Simulator) -> None:
    recorded = sample("chat.stream.200.sse")
    said = [event["choices"][0]["delta"]["content"] for event in events_of(recorded)[:-2]]
    simulator.answer, simulator.models = said, OLD_HOST_MODELS
    response = caller.chat(stream=True, model="GigaChat")
    created = re.compile(r'"created":\d+')
    numbers = re.compile(r'("\w+_tokens"):\d+')
    assert created.sub("", numbers.sub(r"\1", response.text)) == created.sub("", numbers.sub(r"\1", recorded))
    assert response.headers["Content-Type"] == "text/event-stream"
    assert response.headers["Transfer-Encoding"] == "chunked"


def test_models_have_the_recorded_form(caller: Caller, simulator: Simulator) -> None:
    simulator.models = OLD_HOST_MODELS
    one = caller.get("/models/GigaChat")
    assert one.text == sample("model.200.json")
    listed = caller.get("/models").json()
    assert list(listed) == ["object", "data"]
    assert all(list(row) == ["id", "object", "owned_by", "type"] for row in listed["data"])
    assert all(row in listed["data"] for row in json.loads(sample("models.200.json"))["data"])


def test_unknown_model_is_refused_in_the_recorded_bytes(caller: Caller) -> None:
    expected = sample("chat.model_not_found.404.json")
    for response in (caller.get("/models/NonExistentModel"), caller.chat(model="NonExistentModel")):
        assert (response.status_code, response.text) == (404, expected)


def test_refusals_carry_ids_and_end_with_a_line_feed(caller: Caller) -> None:
    for response in (caller.get("/models/None"), caller.chat(model="None")):
        assert response.status_code == 404
        assert response.text.endswith("}\n")
        assert uuid.UUID(response.headers["X-Request-Id"])
        assert uuid.UUID(response.headers["X-Session-Id"])


def test_gateway_answers_with_a_page_where_no_route_is(caller: Caller, simulator: Simulator) -> None:
    root = simulator.base_url.removesuffix("/v1")
    for address in (f"{root}/chat/completions", f"{root}/v1/nowhere", f"{root}/v1/token", f"{root}/v1/models/x/y/z"):
        response = caller.http.post(address)
        assert (response.status_code, response.headers["Content-Type"].partition(";")[0]) == (404, "text/html")
        assert "404 Not Found" in response.text


def test_ids_of_the_request_come_back(caller: Caller) -> None:
    answered = caller.get("/models", **{"X-Request-ID": "mine", "X-Session-ID": "ours"})
    assert (answered.headers["X-Request-Id"], answered.headers["X-Session-Id"]) == ("mine", "ours")


def test_request_without_user_agent_is_refused(caller: Caller) -> None:
    response = caller.get("/models", **{"User-Agent": ""})
    assert (response.status_code, response.text.rstrip("\n")) == (403, sample("api.403.no_user_agent.json"))


def test_wrong_and_expired_tokens_are_told_apart(caller: Caller, simulator: Simulator) -> None:
    caller.token = "nonsense"
    wrong = caller.get("/models")
    assert (wrong.status_code, wrong.text.rstrip("\n")) == (401, sample("api.401.unauthorized.json"))
    caller.token = simulator.access_token(lifetime=-1)
    old = caller.chat()
    assert (old.status_code, old.text.rstrip("\n")) == (401, sample("api.401.token_expired.json"))


def test_old_path_prefix_works_too(caller: Caller, simulator: Simulator) -> None:
    address = simulator.base_url.replace("/v1", "/api/v1") + "/models"
    assert caller.http.get(address, headers={"Authorization": f"Bearer {caller.token}"}).status_code == 200


def test_wrong_method_is_refused_as_json(caller: Caller, simulator: Simulator) -> None:
    response: httpx.Response = caller.http.get(simulator.auth_url)
    assert response.status_code == 405
    assert response.json()["status"] == 405


@pytest.mark.parametrize("status", [402, 413, 429, 500])
def test_simulated_refusals_have_the_documented_bodies(caller: Caller, simulator: Simulator, status: int) -> None:
    simulator.faults.add(str(status))
    response = caller.chat()
    assert (response.status_code, response.text.rstrip("\n")) == (status, sample(f"api.{status}.json"))
