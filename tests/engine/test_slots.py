from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

import pytest

from gigachat_cli.engine import slots
from gigachat_cli.errors import InvalidRequestError, QueueError
from gigachat_cli.simulator import Options, Simulator

from ..conftest import Program, posix, use
from .asking import HELLO, Notices, ask_in_queue, chunks_of, program


async def test_a_personal_account_is_asked_one_thing_at_a_time(simulator: Simulator) -> None:
    simulator.answer = ["Hello", " there", "."]
    simulator.pace = 0.01
    answers = await asyncio.gather(*[ask_in_queue(max_retries=0) for _ in range(8)])
    assert answers == ["Hello there."] * 8
    assert simulator.accounts.peak() == 1


async def test_the_list_of_models_queues_too(simulator: Simulator) -> None:
    simulator.faults.add("stall", after=1)
    async with program() as giga:
        chunks = giga.stream(HELLO)
        await anext(chunks)
        listing = asyncio.create_task(giga.models())
        await asyncio.sleep(0.3)
        assert simulator.calls("models") == []
        await chunks.aclose()
        assert await listing


async def test_a_business_account_is_asked_ten_things_at_a_time(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Simulator(Options(scope="GIGACHAT_API_B2B"), answer=["a", "b"], pace=0.1) as simulator:
        use(simulator, home, monkeypatch)
        answers = await asyncio.gather(*[ask_in_queue(max_retries=0) for _ in range(25)])
        assert answers == ["ab"] * 25
        assert 1 < simulator.accounts.peak() <= 10


async def test_as_many_at_once_as_the_setting_says(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Simulator(Options(scope="GIGACHAT_API_CORP"), answer=["a", "b"], pace=0.1) as simulator:
        use(simulator, home, monkeypatch)
        monkeypatch.setenv("GIGACHAT_MAX_CONNECTIONS", "2")
        await asyncio.gather(*[ask_in_queue(max_retries=0) for _ in range(6)])
        assert simulator.accounts.peak() == 2


def test_processes_queue_for_the_one_place(simulator: Simulator, gigachat: Program) -> None:
    simulator.answer = ["Hello", "."]
    simulator.pace = 0.02
    running = [gigachat.start("ask", "hi", "--max-retries", "0") for _ in range(6)]
    for process in running:
        assert process.communicate(timeout=30) == (b"Hello.\n", b"")
    assert simulator.accounts.peak() == 1


async def test_a_long_wait_is_told_once(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "_TELL_AFTER", 0.2)
    simulator.faults.add("stall", after=1, seconds=1)
    notices = Notices()
    first = asyncio.create_task(ask_in_queue())
    await asyncio.to_thread(simulator.wait_for, 1, "chat")
    await ask_in_queue(notify=notices.append)
    await first
    told, taken_back = notices.texts("progress")
    assert told.startswith("Waiting for ")
    assert taken_back == ""


async def test_a_wait_without_end_is_given_up(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    assert slots.PATIENCE == 600
    simulator.faults.add("stall", after=1)
    async with program() as giga:
        chunks = giga.stream(HELLO)
        await anext(chunks)
        monkeypatch.setattr(slots, "PATIENCE", 0.2)
        with pytest.raises(QueueError) as caught:
            await ask_in_queue()
        await chunks.aclose()
    assert (caught.value.exit_code, caught.value.code) == (5, "queue")
    assert caught.value.hint
    assert len(simulator.calls("chat")) == 1


@posix
@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT", "SIGTERM"])
def test_a_program_that_ends_frees_its_place(simulator: Simulator, gigachat: Program, name: str) -> None:
    simulator.answer = ["Hello", "."]
    simulator.faults.add("stall", after=1)
    process = gigachat.start("ask", "hi")
    simulator.wait_for(1, "chat")
    assert process.stdout is not None
    assert process.stdout.read(5) == b"Hello"
    process.send_signal(getattr(signal, name))
    process.communicate(timeout=10)
    assert process.returncode in (-9, 130, 143)
    simulator.wait_until_idle()
    result = gigachat("ask", "hi", "--max-retries", "0")
    assert (result.out, result.err, result.code) == ("Hello.\n", "", 0)


async def test_a_cancelled_wait_takes_no_place(simulator: Simulator) -> None:
    simulator.faults.add("stall", after=1)
    async with program() as giga:
        chunks = giga.stream(HELLO)
        await anext(chunks)
        waiting = asyncio.create_task(ask_in_queue())
        await asyncio.sleep(0.1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await chunks.aclose()
        began = time.monotonic()
        await chunks_of(giga)
        assert time.monotonic() - began < 5
    assert len(simulator.calls("chat")) == 2


async def test_a_question_that_failed_frees_its_place(simulator: Simulator) -> None:
    simulator.faults.add("422", times=2)
    for _ in range(2):
        with pytest.raises(InvalidRequestError):
            await asyncio.wait_for(ask_in_queue(), 10)
    assert len(simulator.calls("chat")) == 2
