"""The file of what was typed: private, capped, shared, and never a hindrance."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from gigachat_cli.messages import Notice
from gigachat_cli.repl.input_history import CAPACITY, InputHistory


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
