"""One conversation against the simulator: what is sent again, what is left out, and what the history holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from gigachat_cli.conversation import Conversation, NamedModel, Question, exchanges_from
from gigachat_cli.conversation.conversation import continuation_request
from gigachat_cli.engine import GigaChat
from gigachat_cli.errors import CutAnswerError, GigaChatError, PromptTooLongError, UsageError
from gigachat_cli.messages import Chunk, Notice
from gigachat_cli.sessions import Recorder, open_store
from gigachat_cli.sessions.store import Store
from gigachat_cli.settings import load_settings
from gigachat_cli.simulator import Simulator


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "history.db") as opened:
        yield opened


@pytest.fixture
async def client(simulator: Simulator) -> AsyncGenerator[GigaChat, None]:
    simulator.answer = "Answered."
    async with GigaChat.from_settings(load_settings({"max_retries": "0"})) as opened:
        yield opened


def conversation(store: Store | None = None, **named: Any) -> Conversation:
    recorder = None if store is None else Recorder(store.path, lambda notice: None, store=store)
    return Conversation(kind="chat", named_model=NamedModel("GigaChat-2"), recorder=recorder, **named)


async def said(chunks: AsyncGenerator[Chunk, None]) -> str:
    async with aclosing(chunks):
        return "".join([chunk.text async for chunk in chunks])


def contents(simulator: Simulator) -> list[str]:
    return [message["content"] for message in simulator.calls("chat")[-1].json["messages"]]


async def test_all_that_was_answered_is_sent_again(client: GigaChat, simulator: Simulator, store: Store) -> None:
    talk = conversation(store, system="Be brief.")
    assert await said(talk.ask(client, Question("one"))) == "Answered."
    await said(talk.ask(client, Question("two")))
    assert contents(simulator) == ["Be brief.", "one", "Answered.", "two"]
    assert talk.session is not None
    assert talk.session.title == "one"
    assert talk.total_tokens == store.session(talk.session.id).total_tokens > 0
    again = conversation(store, session=talk.session, exchanges=exchanges_from(store.turns(talk.session.id)))
    assert [each.turn_id for each in again.exchanges] == [each.turn_id for each in talk.exchanges]


async def test_question_that_failed_is_kept_but_not_sent_again(
    client: GigaChat, simulator: Simulator, store: Store
) -> None:
    talk = conversation(store)
    simulator.faults.add("500")
    with pytest.raises(GigaChatError):
        await said(talk.ask(client, Question("lost")))
    assert talk.unanswered is not None
    assert talk.unanswered.prompt.content == "lost"
    await said(talk.ask(client, Question("found")))
    assert talk.unanswered is None
    assert contents(simulator) == ["found"]
    assert talk.session is not None
    assert [turn.state for turn in store.turns(talk.session.id)] == ["failed", "complete"]


async def test_partial_answer_is_sent_as_it_stands_and_can_be_continued(
    client: GigaChat, simulator: Simulator, store: Store
) -> None:
    talk = conversation(store)
    simulator.answer = ["Once ", "upon ", "a time."]
    simulator.faults.add("cut", after=2)
    with pytest.raises(CutAnswerError):
        await said(talk.ask(client, Question("tell")))
    simulator.answer = "Answered."
    simulator.faults.add("500")
    with pytest.raises(GigaChatError):
        await said(talk.ask(client, Question("lost")))
    simulator.answer = "a time."
    assert await said(talk.resume(client)) == "a time."
    assert contents(simulator)[:2] == ["tell", "Once upon "]
    (exchange,) = talk.exchanges
    assert (exchange.answer.text, exchange.answer.complete, exchange.seams) == ("Once upon a time.", True, (10,))
    assert talk.session is not None
    first, second = store.turns(talk.session.id)
    assert first.answer is not None
    assert (first.state, first.answer.text, first.seams) == ("complete", "Once upon a time.", (10,))
    assert second.state == "failed"
    with pytest.raises(UsageError):
        await said(talk.resume(client))


async def test_continuation_that_fails_leaves_the_answer_as_it_was(
    client: GigaChat, simulator: Simulator, store: Store
) -> None:
    talk = conversation(store)
    simulator.answer = ["Once ", "upon ", "a time."]
    simulator.faults.add("cut", after=2)
    with pytest.raises(CutAnswerError):
        await said(talk.ask(client, Question("tell")))
    simulator.faults.add("500")
    with pytest.raises(GigaChatError):
        await said(talk.resume(client))
    assert (talk.exchanges[0].answer.text, talk.exchanges[0].answer.complete) == ("Once upon ", False)
    assert talk.session is not None
    (turn,) = store.turns(talk.session.id)
    assert turn.answer is not None
    assert (turn.state, turn.answer.text, turn.seams) == ("partial", "Once upon ", ())


async def test_cancelled_answer_is_kept_and_marked(client: GigaChat, simulator: Simulator, store: Store) -> None:
    talk = conversation(store)
    simulator.answer = ["Once ", "upon ", "a time."]
    simulator.faults.add("stall", after=2)
    came = asyncio.Event()

    async def listen() -> None:
        async with aclosing(talk.ask(client, Question("tell"))) as chunks:
            async for chunk in chunks:
                if "upon" in chunk.text:
                    came.set()

    listening = asyncio.create_task(listen())
    await asyncio.wait_for(came.wait(), 10)
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    assert talk.session is not None
    (turn,) = store.turns(talk.session.id)
    assert (turn.state, turn.problem_code) == ("partial", "interrupted")
    assert talk.exchanges[0].answer.text == "Once upon "


async def test_oldest_turns_are_left_out_by_count(client: GigaChat, simulator: Simulator) -> None:
    told: list[Notice] = []
    talk = conversation(system="Be brief.", context_tokens=120, notify=told.append)
    simulator.answer = "word " * 20
    for number in range(8):
        await said(talk.ask(client, Question(f"question {number}")))
    sent = contents(simulator)
    assert sent[0] == "Be brief."
    assert sent[-1] == "question 7"
    assert "question 0" not in sent
    assert "question 6" in sent
    assert sum(len(each) for each in sent) // 3 <= 120
    assert len(talk.exchanges) == 8
    assert told
    assert told[0].text == "The oldest turn no longer fits and was left out."


async def test_prompt_that_is_too_long_by_itself_is_an_error_and_leaves_all_as_it_was(
    client: GigaChat, simulator: Simulator
) -> None:
    talk = conversation()
    for number in range(3):
        await said(talk.ask(client, Question(f"question {number}")))
    simulator.context_tokens = 50
    with pytest.raises(PromptTooLongError):
        await said(talk.ask(client, Question("word " * 1000)))
    simulator.context_tokens = None
    await said(talk.ask(client, Question("short")))
    assert contents(simulator)[0] == "question 0"


async def test_undo_takes_back_what_failed_before_what_was_answered(client: GigaChat, simulator: Simulator) -> None:
    talk = conversation()
    await said(talk.ask(client, Question("one")))
    simulator.faults.add("500")
    with pytest.raises(GigaChatError):
        await said(talk.ask(client, Question("two")))
    taken = [talk.undo(), talk.undo(), talk.undo()]
    assert [each.prompt.content if each else None for each in taken] == ["two", "one", None]


def test_rest_is_asked_for_in_the_language_of_the_answer() -> None:
    assert continuation_request("Жил-был король").startswith("Продолжи")
    assert continuation_request("Once upon").startswith("Go on")
