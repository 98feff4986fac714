from __future__ import annotations

import asyncio
import time
from email.utils import formatdate
from typing import Any

import pytest

from gigachat_cli.engine import GigaChat, retries
from gigachat_cli.errors import (
    ConnectionFailedError,
    CutAnswerError,
    GigaChatError,
    InvalidRequestError,
    RateLimitError,
    ServiceError,
    SilenceError,
    StreamError,
)
from gigachat_cli.simulator import Simulator

from ..conftest import Program
from .asking import HELLO, Notices, ask, chunks_of, until_error
from .samples import chunk


@pytest.mark.parametrize("name", ["408", "429", "500", "502", "503", "504"])
async def test_a_failure_that_may_pass_is_repeated(simulator: Simulator, name: str) -> None:
    simulator.answer = "Hello."
    simulator.faults.add(name, times=2)
    assert await ask() == "Hello."
    assert len(simulator.calls("chat")) == 3


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("most", [0, 1, 3])
async def test_there_are_as_many_requests_as_one_and_the_repeats(simulator: Simulator, most: int, stream: bool) -> None:
    simulator.faults.add("503", times=None)
    async with GigaChat(max_retries=most) as giga:
        with pytest.raises(ServiceError) as caught:
            await chunks_of(giga, stream=stream)
    assert caught.value.status == 503
    assert len(simulator.calls("chat")) == 1 + most


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("400", {}),
        ("402", {}),
        ("403", {}),
        ("404", {}),
        ("413", {}),
        ("422", {}),
        ("redirect", {}),
        ("html", {"status": 200}),
        ("empty", {}),
        ("garbage", {}),
    ],
)
async def test_what_will_not_pass_is_asked_once(simulator: Simulator, name: str, detail: dict[str, Any]) -> None:
    simulator.faults.add(name, times=None, **detail)
    with pytest.raises(GigaChatError):
        await ask()
    assert len(simulator.calls("chat")) == 1


async def test_models_and_logins_are_repeated_too(simulator: Simulator) -> None:
    simulator.faults.add("503", at="oauth", times=2)
    simulator.faults.add("502", at="models", times=2)
    async with GigaChat() as giga:
        assert await giga.models()
    assert (simulator.oauth_calls, len(simulator.calls("models"))) == (3, 3)
    ids = [call.headers["RqUID"] for call in simulator.calls("oauth")]
    assert len(set(ids)) == 3


async def test_retry_after_in_seconds_is_waited_for(simulator: Simulator) -> None:
    simulator.answer = "Hello."
    simulator.faults.add("429", retry_after=1)
    notices = Notices()
    began = time.monotonic()
    assert await ask(notify=notices.append) == "Hello."
    assert time.monotonic() - began > 0.9
    assert any("Trying again in 1 s" in text for text in notices.texts("progress"))


async def test_retry_after_as_a_date_is_waited_for(simulator: Simulator) -> None:
    simulator.answer = "Hello."
    simulator.faults.add("429", retry_after=formatdate(time.time() + 2, usegmt=True))
    began = time.monotonic()
    assert await ask() == "Hello."
    assert time.monotonic() - began > 0.5


@pytest.mark.parametrize(
    "value",
    ["61", "86400", "inf", "1e400", formatdate(time.time() + 3600, usegmt=True)],
    ids=["61", "day", "inf", "1e400", "date"],
)
async def test_a_longer_retry_after_is_refused_at_once(simulator: Simulator, value: str) -> None:
    simulator.faults.add("429", times=None, retry_after=value)
    with pytest.raises(RateLimitError) as caught:
        await ask()
    assert caught.value.exit_code == 5
    assert caught.value.retry_after is not None
    assert caught.value.retry_after > 60
    assert len(simulator.calls("chat")) == 1


@pytest.mark.parametrize(
    "value", ["soon", "-5", "nan", "Mon, 01 Jan 0001 00:00:00 -0000", "Mon, 99 Foo 9999 99:99:99 GMT", ""]
)
async def test_an_odd_retry_after_does_no_harm(simulator: Simulator, value: str) -> None:
    simulator.answer = "Hello."
    simulator.faults.add("429", retry_after=value)
    assert await ask() == "Hello."


@pytest.mark.parametrize(
    ("name", "detail", "kind"),
    [
        ("cut", {"after": 1, "how": "end"}, CutAnswerError),
        ("cut", {"after": 1, "how": "close"}, CutAnswerError),
        ("cut", {"after": 1, "how": "reset"}, CutAnswerError),
        ("error-object", {"after": 1, "shape": "error"}, ServiceError),
        ("error-object", {"after": 1, "shape": "status"}, ServiceError),
        ("error-object", {"after": 1, "shape": "event"}, ServiceError),
        ("garbage", {"after": 1, "kind": "json"}, StreamError),
        ("garbage", {"after": 1, "kind": "utf8"}, StreamError),
    ],
)
async def test_nothing_is_repeated_once_a_part_was_shown(
    simulator: Simulator, name: str, detail: dict[str, Any], kind: type[GigaChatError]
) -> None:
    simulator.answer = ["Hello", " there", "."]
    simulator.pace = 0.01
    simulator.faults.add(name, **detail)
    async with GigaChat() as giga:
        shown, problem = await until_error(giga)
    assert type(problem) is kind
    assert shown == ["Hello"]
    assert len(simulator.calls("chat")) == 1


@pytest.mark.parametrize(
    ("name", "detail", "kind"),
    [("cut", {"how": "reset"}, CutAnswerError), ("error-object", {"shape": "error"}, ServiceError)],
)
async def test_nothing_is_repeated_once_the_second_try_showed_a_part(
    simulator: Simulator, name: str, detail: dict[str, Any], kind: type[GigaChatError]
) -> None:
    simulator.answer = ["Hello", " there", "."]
    simulator.pace = 0.01
    simulator.faults.add("503")
    simulator.faults.add(name, after=1, times=None, **detail)
    async with GigaChat() as giga:
        shown, problem = await until_error(giga)
    assert (shown, type(problem)) == (["Hello"], kind)
    assert len(simulator.calls("chat")) == 2


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_an_answer_that_breaks_before_its_first_chunk_is_not_repeated(simulator: Simulator, how: str) -> None:
    simulator.answer = ["Hello", "."]
    simulator.pace = 0.01
    simulator.faults.add("cut", after=0, how=how)
    with pytest.raises(ConnectionFailedError) as caught:
        await ask()
    assert caught.value.maybe_done
    assert len(simulator.calls("chat")) == 1


async def test_an_error_object_before_the_first_chunk_is_repeated(simulator: Simulator) -> None:
    simulator.answer = "Hello."
    simulator.faults.add("error-object")
    assert await ask() == "Hello."
    assert len(simulator.calls("chat")) == 2


async def test_silence_is_not_repeated(simulator: Simulator) -> None:
    simulator.faults.add("stall", after=0, times=None)
    with pytest.raises(SilenceError):
        await ask(timeout=1)
    assert len(simulator.calls("chat")) == 1


async def test_an_end_in_mid_line_is_a_cut(simulator: Simulator) -> None:
    simulator.stream_bytes = [chunk("Hello"), chunk(" there")[:-20]]
    with pytest.raises(CutAnswerError) as caught:
        await ask()
    assert caught.value.request_id


@pytest.mark.parametrize("attempt", [1, 2])
async def test_a_stream_that_is_left_early_ends_at_once(simulator: Simulator, attempt: int) -> None:
    simulator.answer = ["Hello", " there", "."]
    simulator.pace = 0.01
    if attempt == 2:
        simulator.faults.add("503")
    simulator.faults.add("stall", after=1, times=None)
    async with GigaChat() as giga:
        chunks = giga.stream(HELLO)
        assert (await anext(chunks)).text == "Hello"
        await chunks.aclose()
        await asyncio.to_thread(simulator.wait_until_idle)
        simulator.faults.clear()
        assert "".join(each.text for each in await chunks_of(giga)) == "Hello there."
    assert len(simulator.calls("chat")) == attempt + 1


@pytest.mark.parametrize("attempt", [1, 2])
async def test_a_cancelled_question_is_not_asked_again(simulator: Simulator, attempt: int) -> None:
    if attempt == 2:
        simulator.faults.add("503")
    simulator.faults.add("stall", after=0, times=None)
    task = asyncio.create_task(ask())
    await asyncio.to_thread(simulator.wait_for, attempt, "chat")
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    simulator.wait_until_idle()
    assert len(simulator.calls("chat")) == attempt


def test_the_retry_library_writes_nothing(simulator: Simulator, gigachat: Program) -> None:
    simulator.answer = "Hello."
    simulator.faults.add("503")
    result = gigachat("ask", "hi")
    assert (result.out, result.err, result.code) == ("Hello.\n", "", 0)
    assert len(simulator.calls("chat")) == 2


def test_pauses_are_of_a_size_that_a_service_can_stand() -> None:
    assert retries.LONGEST_RETRY_AFTER == 60
    limit = RateLimitError("busy")
    assert retries.may_pass(limit)
    limit.retry_after = 60.0
    assert retries.may_pass(limit)
    limit.retry_after = 60.5
    assert not retries.may_pass(limit)
    assert retries.may_pass(ConnectionFailedError("gone"))
    assert not retries.may_pass(InvalidRequestError("no", status=422))
