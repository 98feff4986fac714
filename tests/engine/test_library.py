from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gigachat_cli.engine import Answer, GigaChat, Message, Usage
from gigachat_cli.errors import ConfigError, ContentFilterError, MissingKeyError, TLSError, UsageError
from gigachat_cli.simulator import Options, Simulator, key_for

from ..conftest import ROOT, use
from ..proxy import Proxy
from .asking import HELLO, ask, chunks_of, until_error


def test_the_example_of_the_readme_runs(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
    example = next(block for block in blocks if "from gigachat_cli.engine import GigaChat" in block)
    # Placeholders of a key stand for the reader's own.
    example = re.sub(r"""credentials=(["'])[^"']*\1""", f'credentials="{simulator.credentials}"', example)
    simulator.answer = "An answer of the simulator."
    exec(compile(example, "README.md", "exec"), {"__name__": "__main__"})
    assert "An answer of the simulator." in capsys.readouterr().out
    assert simulator.calls("chat")


async def create_async_generator(
    model: str,
    messages: list[dict[str, str]],
    stream: bool = True,
    proxy: str | None = None,
    api_key: str | None = None,
    connector: aiohttp.BaseConnector | None = None,
    scope: str = "GIGACHAT_API_PERS",
    update_interval: float = 0,
    **kwargs: Any,
) -> AsyncGenerator[str, None]:
    """The call that a provider of gpt4free has, in our words."""
    async with GigaChat(
        credentials=api_key, scope=scope, model=model, proxy=proxy, connector=connector, update_interval=update_interval
    ) as giga:
        async for each in giga.stream(messages, stream=stream, **kwargs):
            yield str(each)


HISTORY = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hello"},
    {"role": "assistant", "content": "Hello!"},
    {"role": "user", "content": "And now?"},
]


@pytest.mark.parametrize("stream", [True, False])
async def test_a_call_of_the_kind_of_gpt4free_works(simulator: Simulator, stream: bool) -> None:
    simulator.answer = ["One ", "two ", "three."]
    simulator.pace = 0.01
    with Proxy(simulator.port) as proxy:
        texts = [
            text
            async for text in create_async_generator(
                "GigaChat-2-Max",
                HISTORY,
                stream=stream,
                proxy=proxy.url,
                api_key=key_for("GIGACHAT_API_B2B"),
                scope="GIGACHAT_API_B2B",
                update_interval=0.001,
                temperature=0.3,
                profanity_check=False,
                made_up={"of": ["any", "form"]},
            )
        ]
    assert "".join(texts) == "One two three."
    assert (len(texts) > 1) is stream
    sent = simulator.calls("chat")[0]
    assert sent.json == {
        "model": "GigaChat-2-Max",
        "messages": HISTORY,
        "temperature": 0.3,
        "update_interval": 0.001,
        "profanity_check": False,
        "made_up": {"of": ["any", "form"]},
        **({"stream": True} if stream else {}),
    }
    assert simulator.calls("oauth")[0].text == "scope=GIGACHAT_API_B2B"
    assert len(proxy.asked_for) >= 1


async def test_a_missing_key_is_a_clear_error(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GIGACHAT_CREDENTIALS")
    for given in (None, "", "  "):
        async with GigaChat(credentials=given) as giga:
            with pytest.raises(MissingKeyError) as caught:
                await chunks_of(giga)
        assert caught.value.exit_code == 3
        assert caught.value.hint
        assert "GIGACHAT_CREDENTIALS" in caught.value.hint
    assert simulator.requests == []


def test_an_unknown_or_bad_setting_is_refused() -> None:
    with pytest.raises(TypeError, match="temprature"):
        GigaChat(temprature=1)
    with pytest.raises(ConfigError, match="timeout"):
        GigaChat(timeout=-1)


async def test_a_second_system_message_is_refused(simulator: Simulator) -> None:
    async with GigaChat() as giga:
        with pytest.raises(UsageError, match="system message"):
            async for _ in giga.stream([*HISTORY, {"role": "system", "content": "Be long."}]):
                pass
    assert simulator.calls("chat") == []


async def test_a_whole_answer_has_all_that_is_known_of_it(simulator: Simulator) -> None:
    simulator.answer = ["Hello", "."]
    async with GigaChat() as giga:
        whole = await giga.ask([Message("user", "Hello")])
        streamed = await giga.ask([Message("user", "Hello")], stream=True)
    for answer in (whole, streamed):
        assert isinstance(answer, Answer)
        assert (answer.text, answer.complete, answer.finish_reason) == ("Hello.", True, "stop")
        assert isinstance(answer.usage, Usage)
        assert answer.usage.total_tokens > 0
        assert answer.request_id
    assert [len(call.json["messages"]) for call in simulator.calls("chat")] == [1, 1]


async def test_a_given_connector_is_not_silently_without_the_socks_proxy_that_was_set(simulator: Simulator) -> None:
    async with aiohttp.TCPConnector() as connector:
        with pytest.raises(ConfigError, match="cannot be led through the SOCKS proxy socks5h://me:") as caught:
            await ask(connector=connector, proxy="socks5h://me:s3cret@127.0.0.1:9")
    assert "s3cret" not in str(caught.value)
    assert simulator.requests == []


async def test_a_given_connector_goes_through_an_http_proxy_with_its_login(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator.answer = "Hello."
    tls = ssl.create_default_context(cafile=simulator.ca_file)
    with Proxy(simulator.port, user_and_password="Вася:ё") as proxy:
        async with aiohttp.TCPConnector(ssl=tls) as connector:
            assert await ask(connector=connector, proxy=proxy.url.replace("//", "//Вася:ё@")) == "Hello."
    assert proxy.asked_for


async def test_a_given_connector_keeps_its_own_tls_and_stays_open(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator.answer = "Hello."
    monkeypatch.delenv("GIGACHAT_CA_BUNDLE_FILE")
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=str(simulator.ca_file)))
    assert await ask(connector=connector) == "Hello."
    assert not connector.closed
    assert await ask(connector=connector) == "Hello."
    await connector.close()


async def test_a_given_connector_is_not_helped_by_our_bundle(simulator: Simulator) -> None:
    connector = aiohttp.TCPConnector()
    with pytest.raises(TLSError):
        await ask(connector=connector)
    await connector.close()
    assert simulator.requests == []


async def test_many_tasks_of_one_client_log_in_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Simulator(Options(scope="GIGACHAT_API_B2B"), answer=["Hello", "."], pace=0.05) as simulator:
        use(simulator, home, monkeypatch)
        async with GigaChat() as giga:
            answers = await asyncio.gather(*[giga.ask(HELLO, stream=True) for _ in range(20)])
        assert [answer.text for answer in answers] == ["Hello."] * 20
        assert simulator.oauth_calls == 1
        assert 1 < simulator.accounts.peak() <= 10


async def test_two_streams_of_one_client_do_not_mix(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Simulator(Options(scope="GIGACHAT_API_B2B"), answer=["a", "b", "c"]) as simulator:
        use(simulator, home, monkeypatch)
        simulator.faults.add("stall", after=1)
        async with GigaChat() as giga:
            first, second = giga.stream(HELLO), giga.stream(HELLO)
            texts = ["", ""]
            texts[0] += str(await anext(first))
            async for each in second:
                texts[1] += str(each)
            simulator.release()
            async for each in first:
                texts[0] += str(each)
        assert texts == ["abc", "abc"]
        assert simulator.accounts.peak() == 2


async def test_requests_in_a_row_share_one_connection(simulator: Simulator) -> None:
    simulator.answer = "Hello."
    async with GigaChat() as giga:
        for _ in range(3):
            await chunks_of(giga)
    peers = {call.peer for call in simulator.calls("chat")}
    assert len(peers) == 1


async def test_a_conversation_has_one_session_id(simulator: Simulator) -> None:
    async with GigaChat() as giga:
        await chunks_of(giga)
        await giga.ask(HELLO)
        own = giga.session_id
    await ask(session_id="0199e20f-058c-70c0-9850-6400dd41a853")
    ids = [call.headers["X-Session-ID"] for call in simulator.calls("chat")]
    assert ids == [own, own, "0199e20f-058c-70c0-9850-6400dd41a853"]
    assert all(call.headers["User-Agent"].startswith("gigachat-terminal/") for call in simulator.requests)


async def test_a_key_in_the_call_wins_over_a_token_around_it(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIGACHAT_ACCESS_TOKEN", "of-somebody-else")
    await ask(credentials=simulator.credentials)
    assert simulator.oauth_calls == 1


@pytest.mark.parametrize("form", ["{}", "Bearer {}", '"{}"', "{}\n", "  {}  "])
async def test_a_given_access_token_needs_no_login(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    access_token = simulator.access_token()
    folded = f"{access_token[:600]}\n{access_token[600:]}" if form == "{}\n" else access_token
    monkeypatch.setenv("GIGACHAT_ACCESS_TOKEN", form.format(folded))
    await ask()
    assert simulator.oauth_calls == 0
    assert simulator.calls("chat")[0].headers["Authorization"] == f"Bearer {access_token}"


async def test_the_content_filter_is_an_error_after_what_came(simulator: Simulator) -> None:
    simulator.answer = ["Hello", " there"]
    simulator.faults.add("blacklist", after=1)
    async with GigaChat() as giga:
        shown, problem = await until_error(giga)
    assert type(problem) is ContentFilterError
    assert "".join(shown).startswith("Hello")
    assert len(simulator.calls("chat")) == 1
