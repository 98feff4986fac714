"""The output and its journal, cut off at every byte: whatever a kill leaves, nothing is lost that was whole."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from gigachat_cli.batch.row_file import RowFile
from gigachat_cli.errors import UsageError

from ..conftest import posix


def row(line: int) -> str:
    return json.dumps({"line": line, "answer": f"Ответ {line}"}, ensure_ascii=False) + "\n"


def begun(path: Path) -> RowFile:
    return RowFile(path, resume=False, force=False)


def resumed(path: Path) -> RowFile:
    return RowFile(path, resume=True, force=False)


def test_a_file_cut_anywhere_gives_back_all_that_was_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    file = begun(path)
    file.write(1, 11, row(1) + row(2), count=2)
    file.keep(4, 44, row(4))
    file.keep(5, 55, row(5))
    file.close(finished=False)
    output, journal = path.read_bytes(), file.journal_path.read_bytes()
    for cut in range(len(output) + 1):
        path.write_bytes(output[:cut])
        found = resumed(path).found
        assert found.after == output[:cut].count(b"\n")
        assert path.read_bytes() == b"".join(output.splitlines(keepends=True)[: found.after])
        assert found.ready == {4: row(4), 5: row(5)}
    for cut in range(len(journal) + 1):
        file.journal_path.write_bytes(journal[:cut])
        lines = [line for line in journal[:cut].splitlines(keepends=True) if line.endswith(b"\n")]
        assert set(resumed(path).found.ready) == {int(line.split()[0]) for line in lines if b"-\n" not in line}


def test_what_follows_a_torn_line_of_the_journal_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    file = begun(path)
    file.keep(2, 22, row(2))
    file.keep(3, 33, row(3))
    file.close(finished=False)
    file.journal_path.write_bytes(file.journal_path.read_bytes()[:-5])
    again = resumed(path)
    assert set(again.found.ready) == {2}
    again.keep(4, 44, row(4))
    again.close(finished=False)
    assert set(resumed(path).found.ready) == {2, 4}


def test_rows_and_failures_of_both_files_are_counted_once(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    file = begun(path)
    failed = json.dumps({"line": 3, "error": {}}) + "\n"
    file.keep(2, 22, row(2))
    file.write(2, 22, row(1) + row(2), count=2)
    file.keep(3, 33, failed)
    file.keep(3, 33, failed)
    file.close(finished=False)
    found = resumed(path).found
    assert (found.after, found.rows, found.failed, set(found.ready)) == (2, 3, 1, {3})


def failure(line: int) -> str:
    return json.dumps({"line": line, "error": {}}) + "\n"


def test_failed_rows_are_missing_when_they_are_to_be_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    file = begun(path)
    file.write(4, 44, row(1) + failure(2) + row(3) + failure(4), count=4)
    file.keep(6, 66, failure(6))
    file.keep(7, 77, row(7))
    file.close(finished=False)
    again = RowFile(path, resume=False, force=False, retry_failed=True)
    assert (again.found.after, again.found.rows, again.found.failed) == (0, 3, 0)
    assert [again.taken_over(line) for line in range(1, 8)] == [row(1), None, row(3), None, None, None, row(7)]
    again.write(2, 22, row(1) + row(2), count=2)
    again.close(finished=False)
    for retry_failed in (False, True):
        third = RowFile(path, resume=True, force=False, retry_failed=retry_failed)
        assert (third.found.after, third.found.rows) == (2, 4 if retry_failed else 5)
        assert third.taken_over(3) == row(3)
        assert third.taken_over(4) is None
    third.write(4, 44, row(3) + row(4), count=2)
    third.close(finished=True)
    assert [each.name for each in tmp_path.glob("*.jsonl*")] == ["out.jsonl"]
    assert path.read_text(encoding="utf-8") == row(1) + row(2) + row(3) + row(4)


def test_a_kill_right_after_the_output_was_set_aside_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    file = begun(path)
    file.write(2, 22, failure(1) + row(2), count=2)
    file.close(finished=False)
    RowFile(path, resume=False, force=False, retry_failed=True)
    assert not path.exists()
    with pytest.raises(UsageError):
        begun(path)
    again = resumed(path)
    assert (again.taken_over(1), again.taken_over(2)) == (None, row(2))


@posix
def test_a_finished_batch_leaves_no_journal(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    file = begun(path)
    file.keep(2, 22, row(2))
    assert stat.S_IMODE(file.journal_path.stat().st_mode) == 0o600
    file.write(2, 22, row(1) + row(2), count=2)
    file.close(finished=True)
    assert [each.name for each in tmp_path.glob("*.jsonl*")] == ["out.jsonl"]


def test_the_journal_does_not_grow_with_the_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gigachat_cli.batch.row_file._JOURNAL_BYTES", 1000)
    path = tmp_path / "out.jsonl"
    file = begun(path)
    for line in range(1, 400, 2):
        file.keep(line + 1, line + 1, row(line + 1))
        file.write(line + 1, line + 1, row(line) + row(line + 1), count=2)
    assert file.journal_path.stat().st_size < 2000
    file.close(finished=False)
    found = resumed(path).found
    assert (found.after, found.expected) == (400, {400: 400})


@pytest.mark.parametrize("content", ["hello\nworld\n", '{"line": 1}\n{"line": 2}\n', '{"answer": ""}\n\n', "a note"])
def test_a_file_of_something_else_is_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text(content)
    with pytest.raises(UsageError):
        resumed(path)
    assert path.read_text() == content


def test_an_output_that_was_begun_is_not_begun_anew_by_accident(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    file = begun(path)
    file.keep(2, 22, row(2))
    file.close(finished=False)
    path.unlink()
    with pytest.raises(UsageError):
        begun(path)
    assert set(resumed(path).found.ready) == {2}
    forced = RowFile(path, resume=False, force=True)
    forced.write(1, 11, row(1), count=1)
    forced.close(finished=False)
    assert resumed(path).found.ready == {}
