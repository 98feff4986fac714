"""A turn in steps: what is in the file after each, what is sent of it, and how it looks when something went wrong."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from gigachat_cli.errors import HistoryError, UsageError
from gigachat_cli.messages import Answer, FunctionCall, Message, Usage
from gigachat_cli.sessions import check_name, journal, open_store, parse_age, title_of
from gigachat_cli.sessions.journal import Journal
from gigachat_cli.sessions.store import Store

from .conftest import sent


def ask(store: Store, session_id: str, prompt: str, answer: str = "fine") -> int:
    turn_id = store.begin_turn(session_id, Message("user", prompt))
    store.finish_turn(turn_id, Answer(answer, complete=True))
    return turn_id


def other_eyes(path: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


def wait_for(path: Path, statement: str, *, seconds: float = 10) -> list[tuple[object, ...]]:
    deadline = time.monotonic() + seconds
    while not (rows := other_eyes(path, statement)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return rows


def test_prompt_is_in_the_file_before_the_answer_begins(path: Path, store: Store) -> None:
    session = store.create_session("chat", model="GigaChat")
    prompt = Message("user", "привет", attachments=("file-1", "file-2"))
    turn_id = store.begin_turn(session.id, prompt, system="be brief", options={"temperature": 0.5})
    assert other_eyes(path, "SELECT state, content FROM turns JOIN messages ON turn_id = turns.id") == [
        ("running", "привет")
    ]
    found = store.turn(turn_id)
    assert (found.state, found.prompt, found.answer) == ("running", prompt, None)
    assert (found.system, dict(found.options), found.number) == ("be brief", {"temperature": 0.5}, 1)
    session = store.session(session.id)
    assert (session.title, session.system, session.model) == ("привет", "be brief", "GigaChat")


def test_finished_turn_holds_the_whole_answer(store: Store) -> None:
    session = store.create_session("ask")
    turn_id = store.begin_turn(session.id, Message("user", "hello"), model="GigaChat")
    answer = Answer(
        text="hi",
        model="GigaChat-2:1.0",
        finish_reason="stop",
        complete=True,
        usage=Usage(3, 4, 7, 1),
        reasoning="a greeting",
        functions_state_id="state",
        request_id="request",
    )
    store.finish_turn(turn_id, answer)
    finished = store.turn(turn_id)
    assert finished.answer == answer
    assert finished.state == "complete"
    assert finished.ended_at is not None
    assert (store.session(session.id).turns, store.session(session.id).total_tokens) == (1, 7)


def test_answer_at_its_limit_is_partial(store: Store) -> None:
    session = store.create_session("ask")
    turn_id = store.begin_turn(session.id, Message("user", "hello"))
    store.finish_turn(turn_id, Answer("hi and", finish_reason="length"))
    finished = store.turn(turn_id)
    assert finished.state == "partial"
    assert finished.answer is not None
    assert not finished.answer.complete


def test_failed_turn_keeps_its_question_and_is_not_sent_again(store: Store) -> None:
    session = store.create_session("chat")
    ask(store, session.id, "one", "first")
    turn_id = store.begin_turn(session.id, Message("user", "two"))
    store.fail_turn(turn_id, code="network", message="No connection.")
    failed = store.turn(turn_id)
    assert (failed.state, failed.answer, failed.problem_code) == ("failed", None, "network")
    assert [each.content for each in sent(store, session.id)] == ["one", "first"]
    assert [each.prompt.content for each in store.turns(session.id)] == ["one", "two"]


def test_interrupted_turn_keeps_what_was_journaled_and_is_sent_as_it_stands(store: Store) -> None:
    session = store.create_session("chat")
    turn_id = store.begin_turn(session.id, Message("user", "count"), system="be brief")
    for piece in ("one, ", "two, ", "thr"):
        store.journal(turn_id, piece, reasoning=piece[0])
    store.fail_turn(turn_id, code="interrupted", message="Ctrl-C.")
    partial = store.turn(turn_id)
    assert partial.state == "partial"
    assert partial.answer is not None
    assert (partial.answer.text, partial.answer.reasoning) == ("one, two, thr", "ott")
    assert sent(store, session.id) == [
        Message("system", "be brief"),
        Message("user", "count"),
        Message("assistant", "one, two, thr"),
    ]


def test_cut_answer_given_by_the_caller_wins_over_the_journal(store: Store) -> None:
    session = store.create_session("ask")
    turn_id = store.begin_turn(session.id, Message("user", "count"))
    store.journal(turn_id, "one")
    store.fail_turn(turn_id, code="cut", message="Cut.", answer=Answer("one, two", request_id="r"))
    partial = store.turn(turn_id)
    assert partial.answer == Answer("one, two", request_id="r")


def test_running_answer_is_journaled_while_it_streams_and_folded_at_its_end(path: Path, store: Store) -> None:
    session = store.create_session("ask")
    turn_id = store.begin_turn(session.id, Message("user", "count"))
    store.journal(turn_id, "one, ")
    store.journal(turn_id, "two, ")
    # The stream is silent from here on: what came is put down all the same.
    assert wait_for(path, "SELECT text FROM journal") == [("one, two, ",)]
    running = store.turn(turn_id)
    assert running.state == "running"
    assert running.answer is not None
    assert running.answer.text == "one, two, "
    store.finish_turn(turn_id, Answer("one, two, three", complete=True))
    assert other_eyes(path, "SELECT * FROM journal") == []
    assert store.turn(turn_id).answer == Answer("one, two, three", complete=True)


def test_journal_writes_seldom_and_each_piece_once(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(journal, "PAUSE", 0.05)
    kept = Journal(lambda text, reasoning: written.append(text))
    for number in range(2000):
        kept.add(f"{number} ")
        if number % 100 == 0:
            time.sleep(0.01)
    rest, _ = kept.end()
    assert "".join(written) + rest == "".join(f"{number} " for number in range(2000))
    assert 1 <= len(written) < 40


def test_journal_that_cannot_write_tries_again_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    done = threading.Event()
    monkeypatch.setattr(journal, "PAUSE", 0.01)

    def write(text: str, reasoning: str) -> None:
        written.append(text)
        if len(written) < 3:
            raise HistoryError("locked")
        done.set()

    kept = Journal(write)
    kept.add("one ")
    kept.add("two")
    assert done.wait(10)
    assert kept.end() == ("", "")
    assert written[-1] == "one two"


def test_locked_history_does_not_hold_up_the_stream(path: Path) -> None:
    with open_store(path, busy_timeout=0.3) as store:
        session = store.create_session("ask")
        turn_id = store.begin_turn(session.id, Message("user", "count"))
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            before = time.monotonic()
            for _ in range(1000):
                store.journal(turn_id, "piece ")
            assert time.monotonic() - before < 0.3
            other.execute("ROLLBACK")
        store.finish_turn(turn_id, Answer("whole", complete=True))
        assert store.turn(turn_id).state == "complete"


def test_continuation_is_one_answer_with_a_visible_seam(store: Store) -> None:
    session = store.create_session("chat")
    turn_id = store.begin_turn(session.id, Message("user", "count"))
    first = Answer("one, two", finish_reason="length", usage=Usage(1, 2, 3, 0), reasoning="a", request_id="r1")
    store.finish_turn(turn_id, first)
    store.begin_continuation(turn_id)
    running = store.turn(turn_id)
    assert running.state == "running"
    assert running.seams == ()  # nothing follows yet
    store.journal(turn_id, ", thr")
    second = Answer(
        ", three", complete=True, finish_reason="stop", usage=Usage(5, 5, 10, 2), reasoning="b", request_id="r2"
    )
    store.finish_turn(turn_id, second)
    finished = store.turn(turn_id)
    assert finished.state == "complete"
    assert finished.answer == Answer(
        "one, two, three",
        complete=True,
        finish_reason="stop",
        usage=Usage(6, 7, 13, 2),
        reasoning="ab",
        request_id="r2",
    )
    assert finished.seams == (8,)
    assert [each.content for each in sent(store, session.id)] == ["count", "one, two, three"]
    with pytest.raises(UsageError):
        store.begin_continuation(turn_id)


def test_continuation_interrupted_keeps_both_parts(store: Store) -> None:
    session = store.create_session("chat")
    turn_id = store.begin_turn(session.id, Message("user", "count"))
    store.finish_turn(turn_id, Answer("one, two", finish_reason="length"))
    store.begin_continuation(turn_id)
    store.journal(turn_id, ", thr")
    store.fail_turn(turn_id, code="interrupted", message="Ctrl-C.")
    partial = store.turn(turn_id)
    assert partial.answer is not None
    assert (partial.state, partial.answer.text, partial.seams) == ("partial", "one, two, thr", (8,))
    store.begin_continuation(turn_id)
    store.fail_turn(turn_id, code="network", message="No connection.")
    partial = store.turn(turn_id)
    assert partial.answer is not None
    assert (partial.state, partial.answer.text, partial.seams) == ("partial", "one, two, thr", (8,))
    store.begin_continuation(turn_id)
    store.finish_turn(turn_id, Answer("ee", complete=True))
    finished = store.turn(turn_id)
    assert finished.answer is not None
    assert (finished.answer.text, finished.seams) == ("one, two, three", (8, 13))


def test_question_without_an_answer_cannot_be_continued(store: Store) -> None:
    session = store.create_session("chat")
    turn_id = store.begin_turn(session.id, Message("user", "count"))
    with pytest.raises(UsageError):
        store.begin_continuation(turn_id)
    store.fail_turn(turn_id, code="network", message="No connection.")
    with pytest.raises(UsageError):
        store.begin_continuation(turn_id)
    assert store.turn(turn_id).state == "failed"


def test_function_call_and_result_are_messages_of_the_turn(store: Store) -> None:
    session = store.create_session("chat")
    turn_id = store.begin_turn(session.id, Message("user", "weather?"))
    store.journal(turn_id, "Let me look.")
    call = Message(
        "assistant", "Let me look.", function_call=FunctionCall("weather", {"city": "Москва"}), functions_state_id="s"
    )
    result = Message("function", '{"degrees": -3}', name="weather")
    store.add_message(turn_id, call)
    store.add_message(turn_id, result)
    assert sent(store, session.id) == []  # no answer yet
    store.journal(turn_id, "It is ")
    store.finish_turn(turn_id, Answer("It is cold.", complete=True))
    expected = [Message("user", "weather?"), call, result, Message("assistant", "It is cold.")]
    assert sent(store, session.id) == expected
    assert store.turn(turn_id).answer == Answer("It is cold.", complete=True)


def test_undone_turn_is_neither_sent_nor_shown_nor_found(store: Store) -> None:
    session = store.create_session("chat")
    ask(store, session.id, "one")
    second = ask(store, session.id, "secondquestion")
    undone = store.undo_turn(session.id)
    assert undone is not None
    assert undone.id == second
    assert [each.content for each in sent(store, session.id)] == ["one", "fine"]
    assert store.session(session.id).turns == 1
    assert store.search("secondquestion") == []
    third_id = store.begin_turn(session.id, Message("user", "three"))
    assert store.turn(third_id).number == 3
    assert store.undo_turn(session.id) is not None
    assert store.undo_turn(session.id) is not None
    assert store.undo_turn(session.id) is None


def test_latest_is_the_conversation_written_last_whatever_the_clock_says(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.latest_session() is None
    first, second = store.create_session("ask"), store.create_session("chat")
    turn_id = store.begin_turn(first.id, Message("user", "slow"))
    ask(store, second.id, "quick")
    assert store.latest_session() == store.session(second.id)
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    store.finish_turn(turn_id, Answer("done", complete=True))
    assert store.latest_session() == store.session(first.id)
    assert [each.id for each in store.sessions()] == [first.id, second.id]
    assert [each.id for each in store.sessions(limit=1)] == [first.id]
    assert [each.id for each in store.sessions(before=2000.0)] == [first.id]


def test_ids_are_short_sort_by_creation_and_can_be_typed(store: Store) -> None:
    ids = [store.create_session("ask").id for _ in range(50)]
    assert ids == sorted(set(ids))
    assert {len(each) for each in ids} == {7}
    for each in ids:
        assert store.find_session(each.upper().replace("0", "O").replace("1", "l")).id == each


def test_session_is_found_by_name_id_or_beginning_of_id(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_700_000_000.0)
    work = store.create_session("chat", name="работа")
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.0)
    others = [store.create_session("chat") for _ in range(8)]
    assert store.find_session(" работа ").id == work.id
    assert store.find_session(work.id).id == work.id
    assert store.find_session(work.id[:5]).id == work.id
    with pytest.raises(UsageError, match="several sessions") as several:
        store.find_session(others[0].id[:4])
    assert others[-1].id in str(several.value)
    assert "3 more" in str(several.value)
    with pytest.raises(UsageError) as none:
        store.find_session("работы")
    assert none.value.hint == "Did you mean 'работа'?"
    for odd in ("", "%", "_", "\ud800", "x\0y", "'; DROP TABLE turns"):
        with pytest.raises(UsageError):
            store.find_session(odd)


def test_name_is_unique_and_joined_when_it_is_there(store: Store) -> None:
    first = store.join_session("work", "chat", model="GigaChat")
    assert store.join_session("work", "ask") == first
    assert store.join_session(first.id, "ask") == first
    with pytest.raises(UsageError, match="taken"):
        store.create_session("chat", name="work")
    other = store.create_session("chat")
    with pytest.raises(UsageError, match="taken"):
        store.rename_session(other.id, "work")
    assert store.rename_session(first.id, "play").name == "play"
    assert store.rename_session(first.id, "play").name == "play"
    assert store.rename_session(other.id, "work").name == "work"
    assert store.rename_session(other.id, None).name is None


@pytest.mark.parametrize(
    "name", ["", " ", "../etc", "a/b", "a\\b", "-x", ".", "..", "a b", "a\nb", "x" * 65, "1sv5k2q", "é" * 65, "a\0"]
)
def test_name_is_never_a_path_nor_an_id(name: str) -> None:
    with pytest.raises(UsageError):
        check_name(name)


@pytest.mark.parametrize("name", ["work", "работа", "a.b-c_d", "2026", "weather", "x" * 64, "日本"])
def test_plain_words_are_names(name: str) -> None:
    assert check_name(f" {name} ") == name


def test_title_is_one_line_cut_at_a_word() -> None:
    assert title_of("  Почему\n\tнебо  синее? ") == "Почему небо синее?"
    assert title_of("") == ""
    assert title_of("a\x1b]0;title\x07b") == "a ]0;title b"
    long = title_of("слово " * 100)
    assert long == "слово " * 9 + "слово…"
    assert len(title_of("x" * 10**6)) == 60


def test_title_comes_from_the_first_prompt_only(store: Store) -> None:
    session = store.create_session("chat")
    ask(store, session.id, "first words")
    ask(store, session.id, "other words")
    assert store.session(session.id).title == "first words"


def test_age_is_hours_days_or_weeks() -> None:
    assert [parse_age(each) for each in ("12h", "30d", " 2 W ", "0d")] == [43200, 2592000, 1209600, 0]
    for wrong in ("", "30", "d", "-1d", "1.5d", "3m", "1e9d", "9999999d", "٣d"):
        with pytest.raises(UsageError):
            parse_age(wrong)


def test_fork_copies_up_to_a_turn_and_lives_apart(store: Store) -> None:
    session = store.create_session("chat", model="GigaChat", name="work")
    ask(store, session.id, "one", "first")
    ask(store, session.id, "undone", "gone")
    store.undo_turn(session.id)
    ask(store, session.id, "two", "second")
    partial_id = store.begin_turn(session.id, Message("user", "three"), system="be brief")
    store.fail_turn(partial_id, code="cut", message="Cut.", answer=Answer("thi"))
    store.begin_turn(session.id, Message("user", "running"))
    whole = store.fork_session(session.id, name="copy")
    assert (whole.title, whole.turns, whole.system) == ("one", 3, None)
    assert whole.service_id != session.service_id
    copied = store.turns(whole.id)
    assert [each.number for each in copied] == [1, 2, 3]
    assert [each.answer.text for each in copied if each.answer] == ["first", "second", "thi"]
    assert copied[2].state == "partial"
    short = store.fork_session(session.id, up_to=1)
    ask(store, short.id, "another way", "indeed")
    assert [each.content for each in sent(store, short.id)] == ["one", "first", "another way", "indeed"]
    store.delete_sessions([session.id])
    assert store.turns(whole.id) == copied
    assert [each.session_id for each in store.search("second")] == [whole.id]


def test_odd_texts_are_kept_and_never_cost_the_record(store: Store) -> None:
    session = store.create_session("ask", system="half \udc80")
    for text in ("nul \0 inside", "half a pair \ud83d", "undecodable \udcff", "", "\x1b[31m", "𝕏" * 10):
        turn_id = store.begin_turn(session.id, Message("user", text), options={"odd": text})
        store.journal(turn_id, text)
        store.finish_turn(turn_id, Answer(text, complete=True))
        found = store.turn(turn_id)
        assert found.prompt.content == text.encode(errors="replace").decode()
        store.search(text or "x")
    assert store.delete_sessions([session.id]) == 1


def test_any_thread_may_call(store: Store) -> None:
    session = store.create_session("chat")
    problems: list[Exception] = []

    def work(number: int) -> None:
        try:
            for each in range(10):
                ask(store, session.id, f"{number} {each}")
                sent(store, session.id)
        except Exception as problem:  # whatever it is, the test tells it
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert [each.number for each in store.turns(session.id)] == list(range(1, 41))


def test_closed_store_ends_its_running_turns(path: Path) -> None:
    with open_store(path) as store:
        session = store.create_session("ask")
        turn_id = store.begin_turn(session.id, Message("user", "count"))
        store.journal(turn_id, "one")
    with open_store(path) as store:
        found = store.turn(turn_id)
        assert found.answer is not None
        assert (found.state, found.answer.text, found.problem_code) == ("partial", "one", "interrupted")
