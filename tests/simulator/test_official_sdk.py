"""The official SDK, unmodified, as an outside witness that the simulator speaks the real protocol."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
from gigachat import GigaChat
from gigachat.exceptions import (
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    RateLimitError,
    UnprocessableEntityError,
)

from gigachat_cli.simulator import Simulator, key_for

HELLO: dict[str, Any] = {"model": "GigaChat-2", "messages": [{"role": "user", "content": "Say hello"}]}


def settings(simulator: Simulator, **changes: Any) -> dict[str, Any]:
    return {
        "base_url": simulator.base_url,
        "auth_url": simulator.auth_url,
        "ssl_context": ssl.create_default_context(cafile=simulator.ca_file),
        "credentials": simulator.credentials,
        "scope": "GIGACHAT_API_PERS",
        "model": "GigaChat-2",
        **changes,
    }


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def sdk(simulator: Simulator) -> Iterator[GigaChat]:
    with GigaChat(**settings(simulator)) as client:
        yield client


def test_sdk_gets_a_whole_answer(simulator: Simulator, sdk: GigaChat) -> None:
    simulator.answer = "Hello."
    answer = sdk.chat(HELLO)
    assert answer.choices[0].message.content == "Hello."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == "GigaChat-2:2.0.28.2"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert [received.place for received in simulator.requests] == ["oauth", "chat"]


def test_sdk_streams_the_exact_chunks(simulator: Simulator, sdk: GigaChat) -> None:
    simulator.answer = ["При", "вет", "", ", мир"]
    chunks = list(sdk.stream(HELLO))
    assert [chunk.choices[0].delta.content for chunk in chunks] == ["При", "вет", "", ", мир", ""]
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None, None, None, None, "stop"]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].usage is not None


def test_sdk_asks_for_one_token_and_reuses_it(simulator: Simulator, sdk: GigaChat) -> None:
    for _ in range(3):
        sdk.chat(HELLO)
    assert simulator.oauth_calls == 1


def test_sdk_renews_a_token_that_is_refused(simulator: Simulator, sdk: GigaChat) -> None:
    sdk.chat(HELLO)
    simulator.faults.add("401")
    assert sdk.chat(HELLO).choices[0].finish_reason == "stop"
    assert simulator.oauth_calls == 2
    assert not simulator.faults.pending


def test_sdk_understands_the_short_form_of_a_token(simulator: Simulator, sdk: GigaChat) -> None:
    simulator.token_form = "tok"
    assert sdk.chat(HELLO).choices[0].finish_reason == "stop"


def test_sdk_logs_in_with_user_and_password(simulator: Simulator) -> None:
    # As its own documentation says: only the old host has a login by password.
    account = {"credentials": None, "user": "simulator", "password": "simulated-password"}
    account |= {"base_url": simulator.old_base_url}
    with GigaChat(**settings(simulator, **account)) as client:
        assert client.chat(HELLO).choices[0].finish_reason == "stop"
    assert [received.place for received in simulator.requests] == ["token", "chat"]


def test_sdk_lists_models(sdk: GigaChat) -> None:
    models = sdk.get_models().data
    assert {model.type_ for model in models if hasattr(model, "type_")} <= {
        "chat",
        "embedder",
        "aicheck",
        "filter",
    }
    assert "GigaChat" not in {model.id_ for model in models}
    assert {"GigaChat-2", "GigaChat-2-Max", "GigaChat-3-Ultra", "Embeddings"} <= {model.id_ for model in models}
    assert sdk.get_model("GigaChat-2").id_ == "GigaChat-2"


def test_sdk_is_refused_with_a_wrong_key(simulator: Simulator) -> None:
    with (
        GigaChat(**settings(simulator, credentials="bm9ib2R5Om5vYm9keQ==")) as client,
        pytest.raises(AuthenticationError) as refused,
    ):
        client.chat(HELLO)
    assert b'"code":6' in (refused.value.content or b"")


def test_sdk_is_refused_with_the_scope_of_another_key(simulator: Simulator) -> None:
    with (
        GigaChat(**settings(simulator, credentials=key_for("GIGACHAT_API_B2B"))) as client,
        pytest.raises(BadRequestError) as refused,
    ):
        client.chat(HELLO)
    assert b'"code":7' in (refused.value.content or b"")


def test_sdk_is_refused_an_unknown_model(sdk: GigaChat) -> None:
    with pytest.raises(NotFoundError):
        sdk.chat({**HELLO, "model": "NonExistentModel"})
    with pytest.raises(NotFoundError):
        sdk.get_model("NonExistentModel")


def test_sdk_is_refused_a_misplaced_system_message(sdk: GigaChat) -> None:
    system = {"role": "system", "content": "Be brief"}
    with pytest.raises(UnprocessableEntityError):
        list(sdk.stream({**HELLO, "messages": [*HELLO["messages"], system]}))


def test_sdk_reads_retry_after(simulator: Simulator, sdk: GigaChat) -> None:
    simulator.faults.add("429", retry_after=7)
    with pytest.raises(RateLimitError) as refused:
        sdk.chat(HELLO)
    assert refused.value.retry_after == 7.0


def test_sdk_works_asynchronously(simulator: Simulator) -> None:
    async def converse() -> tuple[str, str, int]:
        async with GigaChat(**settings(simulator)) as client:
            whole = await client.achat(HELLO)
            streamed = [chunk.choices[0].delta.content or "" async for chunk in client.astream(HELLO)]
            models = await client.aget_models()
            return whole.choices[0].message.content, "".join(streamed), len(models.data)

    whole, streamed, count = asyncio.run(converse())
    assert whole == streamed
    assert "simulated answer" in whole
    assert count == len(simulator.models)


def test_sdk_with_a_client_certificate_needs_no_key() -> None:
    with Simulator(require_client_certificate=True) as simulator:
        tls = ssl.create_default_context(cafile=simulator.ca_file)
        tls.load_cert_chain(simulator.client_certificate_file, simulator.client_key_file)
        with GigaChat(**settings(simulator, credentials=None, ssl_context=tls)) as client:
            assert client.chat(HELLO).choices[0].finish_reason == "stop"
        assert simulator.oauth_calls == 0
