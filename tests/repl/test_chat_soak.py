"""Long runs: an evening of a hundred turns, and programs that are killed at any moment.

`GIGACHAT_KILLS` is how often each program is killed, `GIGACHAT_SEED` begins the chance.
"""

from __future__ import annotations

import os
import random
import re
import sqlite3
import statistics
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gigachat_cli.sessions import open_store
from gigachat_cli.sessions.turns import Turn
from gigachat_cli.simulator import Simulator

from ..conftest import Program
from ..terminal import ENTER, Chat

Start = Callable[..., Chat]

KILLS = int(os.environ.get("GIGACHAT_KILLS", "100"))
TURNS = 100
WORDS = [f"w{number} " for number in range(400)]

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]


def test_hundred_turns_cost_what_the_first_ones_did(chat: Start, simulator: Simulator) -> None:
    simulator.answer = "An answer of some words, *with* a little `code` in it.\n\n- and a list\n" * 5
    evening = chat(environment={"GIGACHAT_CONTEXT_TOKENS": "800"})
    evening.wait_for_prompt()
    seconds, memory = [], []
    for number in range(TURNS + 10):
        before = evening.prompts
        began = time.perf_counter()
        evening.type(f"question {number}{ENTER}")
        evening.wait(lambda before=before: evening.prompts > before)  # type: ignore[misc]  # of this turn
        seconds.append(time.perf_counter() - began)
        memory.append(resident(evening.process.pid))
        time.sleep(0.05)
    first, last = slice(10, 20), slice(TURNS, TURNS + 10)  # the first ten fill the context, and caches
    print(f"seconds {statistics.median(seconds[first]):.3f} -> {statistics.median(seconds[last]):.3f}, ", end="")
    print(f"memory {memory[first][0]} -> {memory[last][-1]} KiB")
    assert statistics.median(seconds[last]) <= 1.2 * statistics.median(seconds[first])
    assert memory[last][-1] <= 1.2 * memory[first][0]
    assert len(simulator.calls("chat")[-1].json["messages"]) < 30
    assert evening.leave() == 0


def resident(process_id: int) -> int:
    """KiB of memory that a process holds."""
    status = Path(f"/proc/{process_id}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", status)
    assert found is not None
    return int(found[1])


def test_chat_killed_at_any_moment(chat: Start, simulator: Simulator, home: Path) -> None:
    chance = random.Random(os.environ.get("GIGACHAT_SEED", "11"))
    simulator.pace = 0.01
    for kill in range(KILLS):
        evening = chat("--raw", "-S", f"kill-{kill}")
        evening.wait(lambda evening=evening: evening.prompts)  # type: ignore[misc]  # of this round
        finished = 0
        for number in range(chance.randrange(3)):
            simulator.answer = WORDS[:5]
            before = evening.prompts
            evening.type(f"short {number}{ENTER}")
            evening.wait(lambda evening=evening, before=before: evening.prompts > before)  # type: ignore[misc]
            finished += 1
        simulator.answer = WORDS
        begun = len(evening.raw)
        evening.type(f"long{ENTER}")
        time.sleep(chance.uniform(0, 2.5))
        evening.process.kill()
        killed_at = time.monotonic()
        evening.process.wait()
        old = max((size for at, size in evening.times if at < killed_at - 1), default=0)
        seen = evening.raw[begun : max(begun, old)].decode(errors="ignore")
        check(home / "data" / "history.db", f"kill-{kill}", finished, seen)
        evening.close()
        simulator.accounts.forget()
    check_whole(home / "data" / "history.db", KILLS)


def test_ask_killed_at_any_moment(gigachat: Program, simulator: Simulator, home: Path) -> None:
    chance = random.Random(os.environ.get("GIGACHAT_SEED", "12"))
    simulator.pace = 0.01
    for kill in range(KILLS):
        simulator.answer = WORDS
        running = gigachat.start("ask", "-S", f"kill-{kill}", "long", stderr=subprocess.DEVNULL)
        pieces: list[tuple[float, bytes]] = []

        def read(running: subprocess.Popen[bytes] = running, pieces: list[tuple[float, bytes]] = pieces) -> None:
            assert running.stdout is not None
            while piece := os.read(running.stdout.fileno(), 65536):
                pieces.append((time.monotonic(), piece))

        reader = threading.Thread(target=read)
        reader.start()
        time.sleep(chance.uniform(0.2, 3))
        running.kill()
        killed_at = time.monotonic()
        running.wait()
        reader.join()
        assert running.stdout is not None
        running.stdout.close()
        seen = b"".join(piece for at, piece in pieces if at < killed_at - 1).decode()
        if pieces:  # else it may have been killed before it began to record
            check(home / "data" / "history.db", f"kill-{kill}", 0, seen)
    check_whole(home / "data" / "history.db", KILLS)


def check(file: Path, name: str, finished: int, seen: str) -> None:
    """No finished turn is missing; the running one is there and marked; what was seen a second ago is in it."""
    with open_store(file) as store:
        assert store.notice is None
        turns = store.turns(store.find_session(name).id)
        assert [turn.state for turn in turns[:finished]] == ["complete"] * finished
        words = re.findall(r"w\d+ ", seen)
        if words:
            assert len(turns) == finished + 1
        for turn in turns[finished:]:
            assert_marked(turn)
            text = turn.answer.text if turn.answer else ""
            assert "".join(WORDS).startswith(text)
            assert len(re.findall(r"w\d+ ", text)) >= len(set(words)) - 1  # the last may have been cut in two


def assert_marked(turn: Turn) -> None:
    if turn.state == "complete":
        assert turn.answer is not None
        assert turn.answer.text == "".join(WORDS)
        return
    assert turn.state == ("partial" if turn.answer and turn.answer.text else "failed")
    assert turn.problem_code == "interrupted"


def check_whole(file: Path, kills: int) -> None:
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.execute("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)")
        assert connection.execute("SELECT count(*) FROM sessions").fetchone()[0] >= kills * 0.5
