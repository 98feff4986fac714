"""Answers that are too large to be held: the journal keeps them, and whoever reads sees them whole."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gigachat_cli.errors import HistoryError
from gigachat_cli.messages import Answer, Message, Usage
from gigachat_cli.sessions import journal, open_store, recording
from gigachat_cli.sessions.journal import Journal
from gigachat_cli.sessions.store import Store

from .conftest import sent

PIECES = ["Один. ", "Two words", ". ", "Three and four. ", "Пять", " and the end."]
WHOLE = "".join(PIECES)


@pytest.fixture(autouse=True)
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "_TAKEN_IN", 20)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "history.db") as opened:
        yield opened


def asked(store: Store, question: str = "hi") -> tuple[str, int]:
    session = store.create_session("ask")
    return session.id, store.begin_turn(session.id, Message("user", question))


def written(store: Store, turn_id: int, pieces: list[str], *, reasoning: str = "") -> None:
    """Journal pieces, each as a row of its own."""
    for piece in pieces:
        recording.write_journal(store._database, turn_id, text=piece, reasoning=reasoning)


@pytest.mark.parametrize("pending", range(len(PIECES) + 1))
def test_an_answer_in_pieces_is_whole_for_every_reader(store: Store, pending: int) -> None:
    session, turn_id = asked(store)
    written(store, turn_id, PIECES[:pending])
    for piece in PIECES[pending:]:
        store.journal(turn_id, piece)
    usage = Usage(1, 2, 3)
    store.finish_turn(turn_id, Answer(model="m", finish_reason="stop", complete=True, usage=usage, held=False))
    turn = store.turn(turn_id)
    assert turn.answer is not None
    assert (turn.state, turn.answer.text, turn.answer.usage) == ("complete", WHOLE, usage)
    assert sent(store, session)[-1].content == WHOLE
    copy = store.fork_session(session)
    assert sent(store, copy.id)[-1].content == WHOLE
    assert [hit.turn_id for hit in store.search("Two", session_id=session)] == [turn_id]
    rows = store._database.read("SELECT content FROM messages WHERE role = 'assistant'")
    assert {row["content"] for row in rows} == {WHOLE[:20]}


def test_what_is_not_large_is_taken_in_whole(store: Store) -> None:
    _, turn_id = asked(store)
    written(store, turn_id, ["Short. "], reasoning="why")
    store.finish_turn(turn_id, Answer(complete=True, held=False))
    turn = store.turn(turn_id)
    assert turn.answer is not None
    assert (turn.answer.text, turn.answer.reasoning) == ("Short. ", "why")
    assert store._database.read("SELECT * FROM journal") == []


def test_a_large_answer_that_broke_is_partial_and_can_be_gone_on_with(store: Store) -> None:
    session, turn_id = asked(store)
    written(store, turn_id, PIECES)
    store.fail_turn(turn_id, code="cut", message="cut", answer=Answer(held=False))
    turn = store.turn(turn_id)
    assert turn.answer is not None
    assert (turn.state, turn.answer.text, turn.problem_code) == ("partial", WHOLE, "cut")
    for number in (1, 2):  # and again, in pieces
        store.begin_continuation(turn_id)
        written(store, turn_id, [f" More {number},", " in pieces."])
        store.finish_turn(turn_id, Answer(complete=number == 2, held=False))
    turn = store.turn(turn_id)
    assert turn.answer is not None
    first = f"{WHOLE} More 1, in pieces."
    assert (turn.answer.text, turn.state) == (f"{first} More 2, in pieces.", "complete")
    assert turn.seams == (len(WHOLE), len(first))
    assert sent(store, session)[-1].content == turn.answer.text


def test_a_continuation_that_is_held_follows_a_large_answer(store: Store) -> None:
    _, turn_id = asked(store)
    written(store, turn_id, PIECES)
    store.fail_turn(turn_id, code="cut", message="cut", answer=Answer(held=False))
    store.begin_continuation(turn_id)
    store.finish_turn(turn_id, Answer(" The end.", complete=True))
    turn = store.turn(turn_id)
    assert turn.answer is not None
    assert (turn.answer.text, turn.seams) == (f"{WHOLE} The end.", (len(WHOLE),))


def test_a_continuation_of_which_nothing_came_leaves_the_answer(store: Store) -> None:
    _, turn_id = asked(store)
    written(store, turn_id, PIECES)
    store.fail_turn(turn_id, code="cut", message="cut", answer=Answer(held=False))
    store.begin_continuation(turn_id)
    store.fail_turn(turn_id, code="connection", message="no", answer=Answer(held=False))
    turn = store.turn(turn_id)
    assert turn.answer is not None
    assert (turn.answer.text, turn.seams, turn.state) == (WHOLE, (), "partial")


def test_a_large_answer_of_a_process_that_died_is_settled(store: Store) -> None:
    _, turn_id = asked(store)
    written(store, turn_id, PIECES, reasoning="?")
    recording.settle(store._database, [turn_id])
    turn = store.turn(turn_id)
    assert turn.answer is not None
    assert (turn.state, turn.answer.text, turn.answer.reasoning) == ("partial", WHOLE, "?" * len(PIECES))
    # It lives after all, and ends.
    written(store, turn_id, [" And more."])
    store.finish_turn(turn_id, Answer(complete=True, held=False))
    turn = store.turn(turn_id)
    assert turn.answer is not None
    assert (turn.state, turn.answer.text) == ("complete", f"{WHOLE} And more.")


def test_a_failure_before_anything_came_is_a_failure(store: Store) -> None:
    _, turn_id = asked(store)
    store.fail_turn(turn_id, code="connection", message="no", answer=Answer(held=False))
    assert (store.turn(turn_id).state, store.turn(turn_id).answer) == ("failed", None)


def test_a_deleted_large_answer_leaves_no_byte_behind(tmp_path: Path) -> None:
    path = tmp_path / "data" / "history.db"
    with open_store(path) as store:
        session, turn_id = asked(store)
        written(store, turn_id, [f"secret {number} " for number in range(2000)])
        store.finish_turn(turn_id, Answer(complete=True, held=False))
        assert store.delete_sessions([session]) == 1
    assert not [each for each in path.parent.iterdir() if b"secret" in each.read_bytes()]


# The journal's thread


def test_a_fast_stream_waits_for_the_disk_and_holds_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_FULL", 1_000)
    monkeypatch.setattr(journal, "_MOST_WAITING", 5_000)
    rows: list[str] = []

    def write(text: str, reasoning: str) -> None:
        time.sleep(0.002)
        rows.append(text)

    running = Journal(write)
    for _ in range(1000):
        running.add("x" * 100)
    text, _ = running.end()
    assert len("".join(rows) + text) == 100_000
    assert max(map(len, rows)) <= 6_000


def test_a_disk_that_takes_nothing_does_not_hold_the_stream_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "PAUSE", 0.01)
    monkeypatch.setattr(journal, "_FULL", 1_000)
    monkeypatch.setattr(journal, "_MOST_WAITING", 5_000)
    failed = threading.Event()

    def write(text: str, reasoning: str) -> None:
        failed.set()
        raise HistoryError("locked") from sqlite3.OperationalError("locked")

    running = Journal(write)
    running.add("begun ")
    assert failed.wait(5)
    began = time.monotonic()
    for _ in range(1000):
        running.add("x" * 100)
    assert time.monotonic() - began < 1
    text, _ = running.end()
    assert len(text) == len("begun ") + 100_000
