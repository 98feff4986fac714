from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import Sequence
from contextlib import aclosing
from inspect import signature
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from gigachat_cli import engine, errors
from gigachat_cli.engine import Answer, Chunk, GigaChat, Message, Usage, create_async_generator
from gigachat_cli.engine.api.tokens import TokenCount
from gigachat_cli.engine.endpoints import Endpoints
from gigachat_cli.errors import ConfigError, ContentFilterError, MissingKeyError, QueueError, TLSError, UsageError
from gigachat_cli.simulator import Options, Simulator, key_for

from ..conftest import ROOT, use
from ..proxy import Proxy
from .asking import HELLO, ask, chunks_of, program, until_error


def test_the_example_of_the_readme_runs(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
    example = next(block for block in blocks if "from gigachat_cli.engine import GigaChat" in block)
    # Placeholders of a key stand for the reader's own.
    example = re.sub(r"""credentials=(["'])[^"']*\1""", f'credentials="{simulator.credentials}"', example)
    simulator.answer = "An answer of the simulator."
    exec(compile(example, "README.md", "exec"), {"__name__": "__main__"})
    assert "An answer of the simulator." in capsys.readouterr().out
    assert simulator.calls("chat")


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
        GigaChat(temprature=1)  # type: ignore[call-arg]  # which a checker tells as well
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


def test_the_engine_exports_the_client_its_values_and_every_error_of_the_service() -> None:
    assert all(hasattr(engine, name) for name in engine.__all__)
    of_the_program = (errors.HistoryError, errors.OutputError, errors.NotAsAskedError, errors.ClosedPipeError)
    known = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception)]
    missing = {each.__name__ for each in known if not issubclass(each, of_the_program)} - set(engine.__all__)
    assert missing == set()


def test_chunks_join_to_texts() -> None:
    chunks = [Chunk("Hel"), Chunk("lo"), Chunk(finish_reason="stop")]
    text = ""
    for chunk in chunks:
        text += chunk
    assert text == "".join(map(str, chunks)) == chunks[0] + chunks[1] == "Hello"


async def test_a_library_reads_its_arguments_and_the_environment_and_no_file(
    simulator: Simulator, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "config").mkdir(exist_ok=True)
    (home / "config" / "config.toml").write_text('temperature = 0.1\nmodel = "of-the-file"\n')
    monkeypatch.setenv("GIGACHAT_TOP_P", "0.2")
    monkeypatch.setenv("GIGACHAT_MAX_TOKENS", "7")
    await ask(max_tokens="8")
    sent = simulator.calls("chat")[0].json
    assert (sent["top_p"], sent["max_tokens"], sent["model"]) == (0.2, 8, "GigaChat-2")
    assert "temperature" not in sent


@pytest.mark.parametrize(
    ("name", "value"), [("timeout", 0), ("scope", 5), ("proxy", "ftp://x"), ("top_p", 2), ("max_connections", 0)]
)
def test_an_argument_is_checked_like_a_setting_and_named_as_one(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"^{name} must be"):
        GigaChat(**{name: value})  # type: ignore[arg-type]  # it is wrong on purpose


async def test_a_sampling_field_of_a_call_is_checked(simulator: Simulator) -> None:
    async with GigaChat() as giga:
        with pytest.raises(UsageError, match=r"temperature must be a number above 0, not 'hot'\."):
            await giga.ask(HELLO, temperature="hot")
    assert simulator.requests == []


async def test_a_user_in_the_call_wins_over_a_key_and_a_token_around_it(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIGACHAT_ACCESS_TOKEN", "of-somebody-else")
    async with GigaChat(user="me", password="pass") as giga:
        with pytest.raises(errors.GigaChatError):
            await giga.ask(HELLO)
    assert simulator.requests[0].path.endswith("/token")


async def test_contents_may_be_parts_or_none_beside_a_call(simulator: Simulator) -> None:
    parts = [{"type": "text", "text": "Hel"}, {"text": "lo"}, {"files": [{"id": "0199e20f-1"}]}]
    call = {"name": "weather", "arguments": {"place": "Kazan"}}
    async with GigaChat() as giga:
        request = giga.chat_request(
            [
                {"role": "user", "content": parts},
                {"role": "assistant", "content": None, "function_call": call},
                {"role": "function", "name": "weather", "content": "{}"},
            ],
            model="GigaChat",
            stream=False,
        )
    sent = json.loads(request.body or b"")["messages"]
    assert sent[0] == {"role": "user", "content": "Hello", "attachments": ["0199e20f-1"]}
    assert sent[1] == {"role": "assistant", "content": "", "function_call": call}
    wrong: object
    for wrong in (None, 5, [5], [{"image": 1}], [{"text": 5}], [{"files": [{}]}]):
        with pytest.raises(UsageError, match="A message needs a role"):
            giga.chat_request([{"role": "user", "content": wrong}], model="GigaChat", stream=False)


def test_a_client_in_a_second_event_loop_is_a_clear_error(simulator: Simulator) -> None:
    giga = GigaChat()

    async def once(last: bool) -> None:
        try:
            await giga.ask(HELLO)
        finally:
            if last:
                await giga.close()

    asyncio.run(once(True))
    with pytest.raises(UsageError, match="one event loop"):
        asyncio.run(once(False))
    assert len(simulator.calls("chat")) == 1


async def test_a_task_that_waits_for_itself_is_told(simulator: Simulator) -> None:
    async with GigaChat() as giga, aclosing(giga.stream(HELLO)) as chunks:
        await anext(chunks)
        with pytest.raises(QueueError, match="would wait for itself"):
            await giga.ask(HELLO)


async def test_a_library_queues_with_no_other_process(simulator: Simulator, home: Path) -> None:
    simulator.faults.add("stall", after=1)
    async with program() as giga, aclosing(giga.stream(HELLO)) as chunks:
        await anext(chunks)
        with pytest.raises(errors.RateLimitError):  # which the queue of the machine would have spared it
            await ask(max_retries=0)


async def test_twenty_streams_of_a_server_share_one_client(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A web application keeps one client, and each of its requests streams an answer through it."""
    with Simulator(Options(scope="GIGACHAT_API_B2B"), pace=0.01) as simulator:
        use(simulator, home, monkeypatch)
        async with GigaChat() as giga:

            async def answer(request: web.Request) -> web.StreamResponse:
                response = web.StreamResponse()
                await response.prepare(request)
                question = [{"role": "user", "content": request.query["q"]}]
                async with aclosing(giga.stream(question)) as chunks:
                    async for chunk in chunks:
                        await response.write(str(chunk).encode())
                return response

            application = web.Application()
            application.router.add_get("/", answer)
            runner = web.AppRunner(application)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            address = f"http://127.0.0.1:{runner.addresses[0][1]}/"
            async with aiohttp.ClientSession() as session:

                async def asked(number: int) -> str:
                    async with session.get(address, params={"q": f"Question {number}."}) as response:
                        return await response.text()

                answers = await asyncio.gather(*[asked(number) for number in range(20)])
            await runner.cleanup()
        sent = [call.json["messages"][0]["content"] for call in simulator.calls("chat")]
        assert sorted(sent) == sorted(f"Question {number}." for number in range(20))
        assert all(answers)
        assert simulator.oauth_calls == 1
        assert 1 < simulator.accounts.peak() <= 10


async def test_an_endpoint_is_a_method_that_can_be_read_about_and_extended(simulator: Simulator) -> None:
    class Counting(GigaChat):
        """A client of somebody's own, which remembers what it counted."""

        counted = 0

        async def count_tokens(self, texts: Sequence[str], *, model: str | None = None) -> list[TokenCount]:
            self.counted += 1
            return await super().count_tokens(texts, model=model)

    async with Counting() as giga:
        for _ in range(2):
            assert (await giga.count_tokens(["two words"]))[0].characters == len("two words")
        assert giga.counted == 2
    assert list(signature(GigaChat.embed).parameters) == ["giga", "texts", "model"]
    for name in Endpoints.__dict__:
        assert name.startswith("_") or "Raises" in getattr(GigaChat, name).__doc__, name
