"""What was deleted is gone: from the lists, from the search, and from every byte of the files."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from gigachat_cli.messages import Answer, Message
from gigachat_cli.sessions import open_store
from gigachat_cli.sessions.store import Store

SECRETS = ("Zebrafishsecret", "Quokkasecret", "Narwhalsecret", "Секретныйключ")


def remember(store: Store, word: str, *, turns: int = 1) -> str:
    session = store.create_session("chat", system=f"system {word}")
    for number in range(turns):
        turn_id = store.begin_turn(session.id, Message("user", f"{word} question {number} " + "long " * 300))
        store.journal(turn_id, f"{word} journal")
        answer = Answer(f"{word} answer {number} " + "text " * 2000, reasoning=word, finish_reason="length")
        store.finish_turn(turn_id, answer)
    return session.id


def bytes_on_disk(path: Path) -> bytes:
    return b"".join(each.read_bytes().lower() for each in path.parent.iterdir())


def traces(path: Path, word: str) -> bool:
    content = bytes_on_disk(path)
    return word.lower().encode() in content or word.encode() in content


def test_deleted_text_leaves_no_byte_behind(path: Path) -> None:
    with open_store(path) as store:
        ids = [remember(store, word, turns=5) for word in SECRETS]
        store.undo_turn(ids[1])
        store.begin_continuation(store.turns(ids[2])[0].id)
        assert all(traces(path, word) for word in SECRETS)
        assert store.delete_sessions(ids[1:]) == 3
        assert traces(path, SECRETS[0])
        assert [word for word in SECRETS[1:] if traces(path, word)] == []
        assert store._database.read("PRAGMA freelist_count")[0][0] == 0  # the file has shrunk
        assert [len(store.search(word)) for word in SECRETS] == [5, 0, 0, 0]
        assert len(store.turns(ids[0])) == 5
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.execute("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)")
        for table in ("turns", "messages", "journal"):
            key = "session_id" if table == "turns" else "turn_id"
            parents = "sessions" if table == "turns" else "turns"
            orphans = f"SELECT count(*) FROM {table} WHERE {key} NOT IN (SELECT id FROM {parents})"
            assert connection.execute(orphans).fetchone() == (0,)


def test_deleted_and_nothing_left(path: Path) -> None:
    with open_store(path) as store:
        ids = [remember(store, word) for word in SECRETS]
        assert store.delete_sessions(ids) == 4
        assert [word for word in SECRETS if traces(path, word)] == []
        assert store.sessions() == []
        assert store.latest_session() is None


def test_deleting_what_is_not_there_deletes_nothing(path: Path) -> None:
    with open_store(path) as store:
        session = remember(store, "kept")
        assert store.delete_sessions([]) == 0
        assert store.delete_sessions(["0000000", session, session]) == 1


def test_deletion_stands_while_another_process_reads(path: Path) -> None:
    with open_store(path, busy_timeout=0.1) as store:
        session = remember(store, SECRETS[0])
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM turns").fetchone()
            assert store.delete_sessions([session]) == 1
            assert store.sessions() == []
            reader.execute("ROLLBACK")
    assert not traces(path, SECRETS[0])  # the last one to close empties the log
