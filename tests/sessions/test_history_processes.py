"""Several processes, and processes that die: nothing that was finished is missing, what ran is there and marked.

`GIGACHAT_KILLS` is how often a recording process is killed; long runs set it higher.
"""

from __future__ import annotations

import os
import random
import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from gigachat_cli.messages import Answer, Message
from gigachat_cli.sessions import open_store

from ..conftest import posix
from .conftest import Starter, sent

KILLS = int(os.environ.get("GIGACHAT_KILLS", "12"))

RECORD_ONE = """
import sys
from pathlib import Path
from gigachat_cli.messages import Answer, Message
from gigachat_cli.sessions import Recorder
sys.stdin.readline()
with Recorder(Path(sys.argv[1]), lambda notice: print(notice.text)) as recorder:
    recorder.begin(Message("user", "question " + sys.argv[2]), "ask")
    recorder.journal("ans")
    recorder.finish(Answer("answer " + sys.argv[2], complete=True))
"""

RECORD_ON_AND_ON = """
import itertools, sys, time
from pathlib import Path
from gigachat_cli.messages import Answer, Message
from gigachat_cli.sessions import open_store
store = open_store(Path(sys.argv[1]))
session = store.create_session("chat")
for number in itertools.count():
    turn_id = store.begin_turn(session.id, Message("user", f"question {number}"))
    print("begun", turn_id, flush=True)
    text = ""
    for piece in range(int(sys.argv[2])):
        text += f"{piece} "
        store.journal(turn_id, f"{piece} ")
        print("shown", turn_id, time.time(), piece, flush=True)
        time.sleep(0.01)
    store.finish_turn(turn_id, Answer(text, complete=True))
    print("finished", turn_id, flush=True)
"""


def test_fifty_processes_record_at_once_without_an_error(path: Path, start: Starter) -> None:
    processes = [start(RECORD_ONE, path, str(number)) for number in range(50)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate(timeout=120) for process in processes] == [("", "")] * 50
    with open_store(path) as store:
        sessions = store.sessions()
        assert len({each.id for each in sessions}) == 50
        turns = [turn for each in sessions for turn in store.turns(each.id)]
        assert {turn.state for turn in turns} == {"complete"}
        assert {turn.prompt.content for turn in turns} == {f"question {number}" for number in range(50)}
        assert len(store.search("answer", limit=100)) == 50


@pytest.mark.timeout(60 + 4 * KILLS)
def test_kill_at_any_moment_loses_no_finished_turn_and_marks_the_running_one(path: Path, start: Starter) -> None:
    chance = random.Random(os.environ.get("GIGACHAT_SEED", "7"))
    for kill in range(KILLS):
        # Some with turns shorter than a write of the journal, some with a long one.
        process = start(RECORD_ON_AND_ON, path, "3" if kill % 2 else "400")
        assert process.stdout is not None
        assert process.stdout.readline().startswith("begun")
        time.sleep(chance.uniform(0, 0.3) if kill % 2 else chance.uniform(0, 2))
        killed_at = time.time()
        process.kill()
        said = process.stdout.read()
        finished = {int(each) for each in re.findall(r"^finished (\d+)\n", said, re.MULTILINE)}
        begun = {int(each) for each in re.findall(r"^begun (\d+)\n", said, re.MULTILINE)}
        shown = re.findall(r"^shown (\d+) ([0-9.]+) (\d+)\n", said, re.MULTILINE)
        with open_store(path) as store:
            assert store.notice is None
            latest = store.latest_session()
            assert latest is not None
            turns = {turn.id: turn for turn in store.turns(latest.id)}
            assert finished | begun <= turns.keys()
            assert not [turn for turn in turns.values() if turn.state == "running"]
            for turn in turns.values():
                text = turn.answer.text if turn.answer else ""
                if turn.id in finished:
                    assert turn.state == "complete"
                elif turn.state != "complete":
                    assert turn.problem_code == "interrupted"
                    assert turn.state == ("partial" if text else "failed")
                old = [piece for of, at, piece in shown if int(of) == turn.id and float(at) < killed_at - 1]
                assert text.startswith("".join(f"{piece} " for piece in old))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.execute("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)")


def test_turn_of_a_live_process_is_running_and_of_a_dead_one_is_not(path: Path, start: Starter) -> None:
    process = start(RECORD_ON_AND_ON, path, "100000")
    assert process.stdout is not None
    turn_id = int(process.stdout.readline().split()[1])
    with open_store(path) as store:  # opened while it runs: it must see the end without being opened anew
        deadline = time.monotonic() + 20
        while not store.turn(turn_id).answer and time.monotonic() < deadline:
            time.sleep(0.05)
        running = store.turn(turn_id)
        assert running.state == "running"
        assert sent(store, running.session_id) == []
        assert store.search("question") == []
        process.kill()
        process.communicate()
        partial = store.turn(turn_id)
        assert partial.state == "partial"
        assert partial.answer is not None
        assert partial.answer.text.startswith("0 1 2 ")
        assert len(sent(store, partial.session_id)) == 2
    with open_store(path) as store:
        settled = store.turn(turn_id)
        assert settled.answer == partial.answer
        assert (settled.state, settled.problem_code) == ("partial", "interrupted")
        assert len(store.search("question")) == 1
        store.begin_continuation(turn_id)
        continued = store.turn(turn_id)
        assert continued.state == "running"
        store.finish_turn(turn_id, Answer("and so on", complete=True))
        finished = store.turn(turn_id)
        assert finished.answer is not None
        assert finished.answer.text == partial.answer.text + "and so on"


@posix
def test_turn_taken_for_dead_still_ends_whole(path: Path, start: Starter) -> None:
    with open_store(path) as store:
        session = store.create_session("chat")
        turn_id = store.begin_turn(session.id, Message("user", "count"))
        store.journal(turn_id, "one, ")
        time.sleep(1)
        path.with_suffix(".lock").rename(path.with_suffix(".gone"))
        program = (
            "import sys; from pathlib import Path; from gigachat_cli.sessions import open_store\n"
            "open_store(Path(sys.argv[1])).close()"
        )
        assert start(program, path).communicate(timeout=30) == ("", "")
        assert store.turn(turn_id).state == "partial"
        store.finish_turn(turn_id, Answer("one, two", complete=True))
        finished = store.turn(turn_id)
        assert finished.answer == Answer("one, two", complete=True)
        assert [each.snippet for each in store.search("two")] == ["one, two"]


@posix
def test_child_of_a_fork_does_not_speak_for_its_parent(path: Path, start: Starter) -> None:
    program = """
import os, sys
from pathlib import Path
from gigachat_cli.messages import Message
from gigachat_cli.sessions import open_store
path = Path(sys.argv[1])
store = open_store(path)
turn_id = store.begin_turn(store.create_session("chat").id, Message("user", "of the parent"))
if os.fork() == 0:
    other = open_store(path)
    print(other.turn(turn_id).state, flush=True)
    mine_id = other.begin_turn(other.create_session("chat").id, Message("user", "of the child"))
    print(mine_id, flush=True)
    os._exit(0)
os.wait()
print(store.turn(turn_id).state, store.turn(turn_id + 1).state, flush=True)
"""
    out, err = start(program, path).communicate(timeout=30)
    assert err == ""
    assert out.split() == ["running", "2", "running", "failed"]
