"""The file of what was typed: private, capped, shared, and never a hindrance."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from gigachat_cli.messages import Notice
from gigachat_cli.repl.input_history import CAPACITY, InputHistory, forget_all, forget_sessions


def test_entries_come_back_newest_first_without_immediate_repeats(tmp_path: Path) -> None:
    history = InputHistory(tmp_path / "data" / "input_history")
    for entry in ("one", "two\nlines", "two\nlines", "три", "one"):
        history.add(entry)
    assert history.newest_first() == ["one", "три", "two\nlines", "one"]
    assert (tmp_path / "data" / "input_history").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_broken_lines_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "input_history"
    path.write_bytes(b'"good"\n"cut of\n\xff\xfe\n{"a": 1}\n7\n\n"last"\n"torn')
    assert InputHistory(path).newest_first() == ["last", "good"]


def test_entry_after_a_torn_line_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "input_history"
    path.write_bytes(b'"good"\n"torn')
    InputHistory(path).add("next")
    assert InputHistory(path).newest_first() == ["next", "good"]


def test_file_that_has_grown_is_cut_to_its_newest_entries(tmp_path: Path) -> None:
    path = tmp_path / "input_history"
    path.write_text("".join(f"{json.dumps(f'entry {number}')}\n" for number in range(CAPACITY + 1500)))
    entries = InputHistory(path).newest_first()
    assert (len(entries), entries[0]) == (CAPACITY, f"entry {CAPACITY + 1499}")
    assert path.read_text().count("\n") == CAPACITY
    assert path.stat().st_mode & 0o777 == 0o600


def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "input_history"
    histories = [InputHistory(path), InputHistory(path)]
    long = "длинная запись " * 400

    def write(history: InputHistory, name: str) -> None:
        for number in range(100):
            history.add(f"{name} {number} {long}")

    threads = [
        threading.Thread(target=write, args=(history, name)) for history, name in zip(histories, "ab", strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(InputHistory(path).newest_first()) == 200


def test_place_that_cannot_be_written_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told: list[Notice] = []
    history = InputHistory(tmp_path / "file" / "input_history", told.append)
    assert history.newest_first() == []
    history.add("one")
    history.add("two")
    assert [notice.kind for notice in told] == ["warning"]


def test_text_that_is_no_unicode_is_kept_as_it_can_be(tmp_path: Path) -> None:
    history = InputHistory(tmp_path / "input_history")
    history.add("lone \ud800 surrogate")
    assert history.newest_first() == ["lone \ud800 surrogate"]


def typed_in(path: Path, session: str | None, *entries: str) -> None:
    history = InputHistory(path, session=lambda: session)
    for entry in entries:
        history.add(entry)
    history.tie()


def test_what_was_typed_goes_with_its_session(tmp_path: Path) -> None:
    path = tmp_path / "data" / "input_history"
    typed_in(path, "aaaaaaa", "/system be kind", "a secret", "yes")
    typed_in(path, "bbbbbbb", "another", "yes")
    forget_sessions(path, {"aaaaaaa"}, set())
    assert InputHistory(path).newest_first() == ["yes", "another", "yes"]
    everything = b"".join(each.read_bytes() for each in path.parent.iterdir())
    assert b"secret" not in everything
    assert b"aaaaaaa" not in everything
    forget_sessions(path, {"bbbbbbb"}, set())
    assert InputHistory(path).newest_first() == []


def test_what_was_typed_before_its_session_began_belongs_to_it(tmp_path: Path) -> None:
    session: list[str] = []
    path = tmp_path / "data" / "input_history"
    history = InputHistory(path, session=lambda: session[0] if session else None)
    history.add("/help")
    history.tie()
    history.add("a secret")
    session.append("aaaaaaa")
    history.tie()
    history.tie()
    forget_sessions(path, {"aaaaaaa"}, set())
    assert InputHistory(path).newest_first() == []


@pytest.mark.parametrize("typed", ["a secret", '"""\na secret\n"""', " a secret\n", "//a secret"])
def test_a_question_goes_with_its_session_when_nothing_ties_it(tmp_path: Path, typed: str) -> None:
    path = tmp_path / "data" / "input_history"
    InputHistory(path).add(typed)
    InputHistory(path).add("a secret too")
    prompt = "/a secret" if typed.startswith("//") else "a secret\n\n```\nfile\n```"
    forget_sessions(path, {"aaaaaaa"}, {prompt})
    assert InputHistory(path).newest_first() == ["a secret too"]


def test_nothing_is_kept_when_nothing_is_to_be(tmp_path: Path) -> None:
    path = tmp_path / "data" / "input_history"
    InputHistory(path).add("before")
    history = InputHistory(path, session=lambda: "aaaaaaa", keeps=False)
    history.add("a secret")
    history.tie()
    assert history.newest_first() == ["before"]
    assert [each.name for each in path.parent.iterdir()] == ["input_history"]


def test_all_that_was_typed_can_be_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "data" / "input_history"
    forget_all(path)  # nothing there yet
    typed_in(path, "aaaaaaa", "one")
    forget_all(path)
    assert list(path.parent.iterdir()) == []
