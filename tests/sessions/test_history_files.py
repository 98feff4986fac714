"""The file: private from its creation, and every way in which it can be unusable."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from gigachat_cli.errors import HistoryError
from gigachat_cli.messages import Answer, Message, Notice
from gigachat_cli.sessions import Recorder, open_store
from gigachat_cli.sessions.database import set_aside
from gigachat_cli.sessions.migrations import APPLICATION_ID, MIGRATIONS
from gigachat_cli.sessions.store import Store

from ..conftest import posix
from .conftest import Starter

CREATED_UNDER_AUDIT = """
import os, sys
from pathlib import Path
os.umask(0)
made = os.open
def opened(path, flags, mode=0o777, **others):
    if flags & os.O_CREAT:
        print(Path(path).name, oct(mode), flush=True)
    return made(path, flags, mode, **others)
os.open = opened
from gigachat_cli.messages import Message
from gigachat_cli.sessions import open_store
store = open_store(Path(sys.argv[1]))
store.begin_turn(store.create_session("ask").id, Message("user", "hello"))
for each in sorted(Path(sys.argv[1]).parent.iterdir()):
    print(each.name, oct(each.stat().st_mode & 0o777), flush=True)
os.kill(os.getpid(), 9)
"""


def fill(path: Path, *, turns: int = 3) -> str:
    with open_store(path) as store:
        session = store.create_session("ask")
        for number in range(turns):
            turn_id = store.begin_turn(session.id, Message("user", f"question {number} " + "x" * 5000))
            store.finish_turn(turn_id, Answer(f"answer {number} " + "y" * 5000, complete=True))
    return session.id


def asides(path: Path) -> list[Path]:
    return sorted(each for each in path.parent.iterdir() if ".broken-" in each.name)


@posix
def test_files_are_private_from_creation_under_any_umask(path: Path, start: Starter) -> None:
    out, err = start(CREATED_UNDER_AUDIT, path).communicate(timeout=30)
    assert not err
    lines = out.split("\n")
    assert lines[:2] == ["history.lock 0o600", "history.db 0o600"]  # made by us before SQLite sees it
    modes = dict(line.split() for line in lines if line)
    assert modes.keys() == {"history.db", "history.db-wal", "history.db-shm", "history.lock"}
    assert set(modes.values()) == {"0o600"}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@posix
def test_looser_modes_are_repaired(path: Path) -> None:
    fill(path)
    path.chmod(0o644)
    path.parent.chmod(0o755)
    open_store(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_second_store_in_the_process_keeps_the_locks_of_the_first(path: Path, start: Starter) -> None:
    # Opening and closing the file with a descriptor of our own would free SQLite's locks on it: another process
    # would then think itself alone and delete the log under the first store's feet.
    with open_store(path) as first:
        first.create_session("ask", name="first")
        open_store(path).close()
        program = (
            "import sys; from pathlib import Path; from gigachat_cli.sessions import open_store\n"
            "store = open_store(Path(sys.argv[1])); store.create_session('ask', name='second'); store.close()"
        )
        assert start(program, path).communicate(timeout=30) == ("", "")
        assert path.with_name("history.db-wal").exists()
        first.create_session("ask", name="third")
    with open_store(path) as store:
        assert [each.name for each in store.sessions()] == ["third", "second", "first"]


@pytest.mark.parametrize("content", [b"this is no database at all\n" * 300, b"SQLite format 3\0" + b"\xff" * 9000])
def test_broken_file_is_set_aside_and_a_fresh_one_begun(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with open_store(path) as store:
        (aside,) = asides(path)
        assert store.notice is not None
        assert str(aside) in store.notice
        assert store.sessions() == []
        store.create_session("ask")
    assert aside.read_bytes() == content
    with open_store(path) as store:
        assert store.notice is None
        assert len(store.sessions()) == 1


@posix
def test_log_of_a_broken_file_is_set_aside_with_it(path: Path, start: Starter) -> None:
    fill(path)
    program = (
        "import sys; from pathlib import Path; from gigachat_cli.sessions import open_store\n"
        "store = open_store(Path(sys.argv[1])); print('open', flush=True); sys.stdin.read()"
    )
    holder = start(program, path)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "open\n"
    with path.open("r+b") as file:
        file.write(b"broken " * 1000)
    open_store(path).close()
    (aside, *beside) = asides(path)
    assert [each.name for each in beside] == [aside.name + "-shm", aside.name + "-wal"]


def test_what_was_set_aside_is_never_overwritten(path: Path) -> None:
    path.parent.mkdir()
    for number in range(3):
        path.write_bytes(b"broken %d " % number * 1000)
        open_store(path).close()
        path.unlink()
    assert sorted(each.read_bytes()[:8] for each in asides(path)) == [b"broken 0", b"broken 1", b"broken 2"]


def test_malformed_inside_is_set_aside_by_the_recorder(path: Path) -> None:
    fill(path)
    with path.open("r+b") as file:
        size = path.stat().st_size
        file.seek(4096)
        file.write(b"\x55" * (size - 4096))
    notices: list[Notice] = []
    with Recorder(path, notices.append) as recorder:
        recorder.begin(Message("user", "hello"), "ask")
        recorder.finish(Answer("hi", complete=True))
    (notice,) = notices
    assert "set aside" in notice.text
    assert len(asides(path)) == 1
    with open_store(path) as store:
        assert [each.turns for each in store.sessions()] == [1]


def test_broken_search_index_alone_is_made_anew(path: Path) -> None:
    session = fill(path)

    def break_index() -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE search_data SET block = x'ffffffffffffffffffff' WHERE id > 10")

    break_index()
    notices: list[Notice] = []
    with Recorder(path, notices.append) as recorder:
        recorder.begin(Message("user", "hello"), "ask")
        recorder.finish(Answer("hi", complete=True))
    assert notices == []
    break_index()
    with open_store(path) as store:
        assert len(store.search("question")) == 3
        assert len(store.turns(session)) == 3
        break_index()
        assert store.undo_turn(session) is not None
        break_index()
        assert store.delete_sessions([session]) == 1
        assert [len(store.search(each)) for each in ("question", "hello")] == [0, 1]
    break_index()
    assert set_aside(path, busy_timeout=1) is None  # sound but for its index
    assert not asides(path)


def test_dead_turn_is_settled_though_the_search_index_is_broken(path: Path, start: Starter) -> None:
    fill(path)
    program = (
        "import os, sys; from pathlib import Path; from gigachat_cli.messages import Message\n"
        "from gigachat_cli.sessions import open_store; store = open_store(Path(sys.argv[1]))\n"
        "print(store.begin_turn(store.sessions()[0].id, Message('user', 'last')), flush=True); os.kill(os.getpid(), 9)"
    )
    out, err = start(program, path).communicate(timeout=30)
    assert err == ""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE search_data SET block = x'ffffffffffffffffffff' WHERE id > 10")
    with open_store(path) as store:
        assert store._database.read("SELECT state FROM turns WHERE id = ?", (int(out),))[0][0] == "failed"
        assert [each.turn_id for each in store.search("last")] == [int(out)]


def test_newer_version_is_left_untouched_and_refused(path: Path) -> None:
    fill(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    before = path.read_bytes()
    with pytest.raises(HistoryError, match="newer version") as caught:
        open_store(path)
    assert (caught.value.exit_code, caught.value.code) == (2, "history")
    assert caught.value.hint
    assert path.read_bytes() == before
    assert not asides(path)


def test_database_of_another_program_is_left_untouched(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (name)")
    before = path.read_bytes()
    with pytest.raises(HistoryError, match="another program"):
        open_store(path)
    assert path.read_bytes() == before


def test_place_that_cannot_be_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(HistoryError, match="could not be opened"):
        open_store(tmp_path / "file" / "history.db")
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(HistoryError, match="could not be opened"):
        open_store(tmp_path / "folder.db")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is unwritable for root")
def test_unwritable_folder_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(HistoryError):
        open_store(tmp_path / "closed" / "history.db")


def test_lock_that_stays_is_an_error_and_no_hang(path: Path) -> None:
    fill(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with open_store(path, busy_timeout=0.1) as store:
            with pytest.raises(HistoryError, match="another process holds it"):
                store.create_session("ask")
            assert len(store.sessions()) == 1  # reading goes on
        other.execute("ROLLBACK")


def test_full_disk_is_one_error_and_what_was_there_stays(path: Path) -> None:
    with open_store(path) as store:
        session = store.create_session("ask")
        turn_id = store.begin_turn(session.id, Message("user", "hello"))
        pages = store._database.read("PRAGMA page_count")[0][0]
        store._database.read(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(HistoryError, match="full"):
            store.finish_turn(turn_id, Answer("long " * 10_000, complete=True))
        assert store.turn(turn_id).prompt.content == "hello"
        store.finish_turn(turn_id, Answer("short", complete=True))
    with open_store(path) as store:
        assert store.turn(turn_id).state == "complete"


def test_read_only_history_can_be_read(path: Path) -> None:
    session = fill(path)
    with open_store(path) as store:
        store._database.read("PRAGMA query_only = ON")
        with pytest.raises(HistoryError):
            store.create_session("ask")
        assert len(store.turns(session)) == 3
        assert store.search("question")


def test_recorder_tells_the_first_fault_once_and_never_raises(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    notices: list[Notice] = []
    with Recorder(tmp_path / "file" / "history.db", notices.append) as recorder:
        for _ in range(2):
            recorder.begin(Message("user", "hello"), "ask")
            recorder.journal("hi")
            recorder.add_message(Message("function", "{}", name="f"))
            recorder.finish(Answer("hi", complete=True))
            recorder.fail("cut", "It was cut.")
    assert recorder.session is None
    assert [each.kind for each in notices] == ["warning"]


def test_recorder_survives_a_fault_in_the_middle(path: Path) -> None:
    notices: list[Notice] = []
    with open_store(path) as store:
        recorder = Recorder(path, notices.append, store=store)
        recorder.begin(Message("user", "hello"), "chat")
        assert recorder.session is not None
        store.delete_sessions([recorder.session.id])
        recorder.journal("hi")
        recorder.finish(Answer("hi", complete=True))
        recorder.close()
        assert len(notices) == 1
        assert "deleted" in notices[0].text
        assert store.sessions() == []  # the given store stays open


def test_many_processes_begin_on_a_fresh_file_at_once(path: Path, start: Starter) -> None:
    program = (
        "import sys; from pathlib import Path; from gigachat_cli.sessions import open_store\n"
        "sys.stdin.readline(); open_store(Path(sys.argv[1])).close()"
    )
    processes = [start(program, path) for _ in range(12)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate(timeout=60)[1] for process in processes] == [""] * 12
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_many_processes_on_a_broken_file_set_it_aside_once(path: Path, start: Starter) -> None:
    path.parent.mkdir()
    path.write_bytes(b"broken " * 1000)
    program = (
        "import sys; from pathlib import Path; from gigachat_cli.sessions import open_store\n"
        "sys.stdin.readline(); store = open_store(Path(sys.argv[1]))\n"
        "store.create_session('ask'); store.close()"
    )
    processes = [start(program, path) for _ in range(8)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate(timeout=60)[1] for process in processes] == [""] * 8
    assert len(asides(path)) == 1
    with open_store(path) as store:
        assert len(store.sessions()) == 8


def test_killed_between_creation_and_migration_heals(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    with open_store(path) as store:
        assert isinstance(store, Store)
        assert store.notice is None
        store.create_session("ask")


def test_door_is_light() -> None:
    program = (
        "import sys, gigachat_cli.sessions, gigachat_cli.sessions.export\n"
        "print([each for each in ('sqlite3', '_sqlite3', 'aiohttp', 'rich') if each in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
