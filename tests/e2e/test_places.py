"""Where the program is run: a read-only home, no temporary folder, odd encodings, cron, systemd, docker, ssh."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import stat
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from gigachat_cli import paths
from gigachat_cli.paths import _stand_in
from gigachat_cli.simulator import Simulator

from ..conftest import Program, Result

RunHere = Callable[..., Result]


@pytest.fixture
def run_here(capfd: pytest.CaptureFixture[str]) -> RunHere:
    from gigachat_cli.__main__ import run

    def call(*words: str) -> Result:
        capfd.readouterr()
        code = run(words)
        out, err = capfd.readouterr()
        return Result(code, out, err, out.encode())

    return call


@pytest.fixture
def read_only(simulator: Simulator, gigachat: Program, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A history with one session, in a folder that nothing can be written in; root is no exception."""
    assert gigachat("ask", "-S", "one", "Сколько башен у Кремля?").code == 0
    folder = paths.data_dir()
    access = os.access

    def refused(path: str | Path, mode: int, **named: bool) -> bool:
        return not (mode & os.W_OK and str(path).startswith(str(folder))) and access(path, mode, **named)

    monkeypatch.setattr(os, "access", refused)
    return folder


def _seen(folder: Path) -> dict[str, tuple[int, int]]:
    return {each.name: (each.stat().st_mtime_ns, each.stat().st_size) for each in folder.iterdir()}


def test_a_read_only_history_is_read_and_nothing_is_made_beside_it(read_only: Path, run_here: RunHere) -> None:
    before = _seen(read_only)
    assert "one" in run_here("history", "list").out
    assert "Сколько башен" in run_here("history", "show", "last").out
    assert "Сколько башен" in run_here("history", "search", "башен").out
    assert "Сколько башен" in run_here("history", "export", "last").out
    assert _seen(read_only) == before


def test_a_read_only_history_is_gone_on_with_and_every_write_is_told(read_only: Path, run_here: RunHere) -> None:
    before = _seen(read_only)
    asked = run_here("ask", "-c", "А у Казанского?")
    assert asked.code == 0
    assert asked.err.count("This is not recorded.") == 1
    assert "3 messages" in asked.out or "3," in asked.out
    deleted = run_here("history", "delete", "one", "--yes")
    assert (deleted.code, deleted.err) == (
        2,
        f"gigachat: The history could not be written: {read_only}/history.db is read-only.\n",
    )
    assert {name: at for name, at in _seen(read_only).items() if name != "history.lock"} == {
        name: at for name, at in before.items() if name != "history.lock"
    }


def test_what_a_kill_left_in_the_log_of_a_read_only_history_is_read(
    read_only: Path, run_here: RunHere, tmp_path: Path
) -> None:
    with sqlite3.connect(read_only / "history.db") as connection:  # open until the copy is made
        connection.execute("UPDATE sessions SET name = 'renamed'")
        connection.commit()
        assert (read_only / "history.db-wal").stat().st_size
        copied = tmp_path / "copied"
        shutil.copytree(read_only, copied)
    connection.close()
    shutil.rmtree(read_only)
    copied.rename(read_only)
    assert "renamed" in run_here("history", "list").out


def test_an_older_history_that_is_read_only_says_what_to_do(read_only: Path, run_here: RunHere) -> None:
    with sqlite3.connect(read_only / "history.db") as connection:
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    told = run_here("history", "list")
    assert told.code == 2
    assert "older version" in told.err
    assert "once where it can be written" in told.err


@pytest.fixture
def run_without_temporary(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> RunHere:
    """Run the program where no temporary file can be made, which pytest itself could not bear."""
    from gigachat_cli.__main__ import run

    def call(*words: str) -> Result:
        capfd.readouterr()
        with monkeypatch.context() as odd:
            odd.setattr(tempfile, "tempdir", None)
            odd.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/nonexistent"])
            odd.setenv("EDITOR", "true")
            code = run(words)
        out, err = capfd.readouterr()
        return Result(code, out, err, out.encode())

    return call


def test_an_editor_without_a_temporary_folder_has_a_true_hint(
    simulator: Simulator, run_without_temporary: RunHere
) -> None:
    told = run_without_temporary("ask", "-e", "hi")
    assert told.code == 2
    assert told.err.startswith("gigachat: No temporary file could be made: ")
    assert told.err.endswith("\n  Set TMPDIR to a folder that you can write in.\n")
    assert simulator.requests == []


def test_the_simulator_without_a_temporary_folder_has_a_true_hint(run_without_temporary: RunHere) -> None:
    told = run_without_temporary("simulator", "--", "true")
    assert (told.code, told.err.splitlines()[1:]) == (2, ["  Set TMPDIR to a folder that you can write in."])


def test_neither_home_nor_temporary_folder_costs_an_answer(
    simulator: Simulator, run_without_temporary: RunHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> Path:
        raise RuntimeError

    for name in ("GIGACHAT_CONFIG_DIR", "GIGACHAT_DATA_DIR", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", nobody)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    _stand_in.cache_clear()
    try:
        asked = run_without_temporary("ask", "hi")
    finally:
        _stand_in.cache_clear()
    assert asked.code == 0
    first = asked.err.splitlines()[0]
    assert first.startswith("gigachat: There is no home folder: nothing is kept. GIGACHAT_CONFIG_DIR and ")


@pytest.mark.parametrize("encoding", ["koi8-r", "ascii", "cp1251:strict", "utf-16"])
def test_no_encoding_of_the_interpreter_breaks_what_is_printed(
    encoding: str, gigachat: Program, simulator: Simulator
) -> None:
    odd = {"PYTHONIOENCODING": encoding}
    assert gigachat("ask", "привет ☃", environment=odd).out == gigachat("ask", "привет ☃").out
    assert gigachat("--help", environment=odd).raw == gigachat("--help").raw
    told = gigachat("привет", "мир", environment=odd)
    assert (told.code, told.err) == (2, gigachat("привет", "мир").err)


def test_completion_is_utf_8_whatever_the_code_page(gigachat: Program, simulator: Simulator) -> None:
    assert gigachat("ask", "-S", "Ёлка", "hi").code == 0
    asked = {"_GIGACHAT_COMPLETE": "complete_powershell", "_TYPER_COMPLETE_ARGS": "gigachat ask -S Ё"}
    asked |= {"_TYPER_COMPLETE_WORD_TO_COMPLETE": "Ё", "PYTHONIOENCODING": "cp1252"}
    assert gigachat(environment=asked).raw.decode().startswith("Ёлка:::")


def test_a_completion_variable_that_is_empty_is_unset(gigachat: Program) -> None:
    assert gigachat("--version", environment={"_GIGACHAT_COMPLETE": ""}).code == 0
    told = gigachat("nonsense", environment={"_GIGACHAT_COMPLETE": ""})
    assert "There is no command 'nonsense'" in told.err


BARE = dict.fromkeys(("LANG", "TERM", "COLORFGBG"))


def test_cron_asks_without_a_locale_and_a_terminal(gigachat: Program, simulator: Simulator) -> None:
    asked = gigachat("ask", "привет", environment=BARE)
    assert (asked.code, asked.err) == (0, "")
    assert "«привет»" in asked.out
    assert "\x1b" not in asked.out


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no sockets of this kind")
def test_ssh_and_systemd_give_sockets_for_streams(gigachat: Program, simulator: Simulator) -> None:
    """The stdin of `ssh HOST gigachat ask …` stays open, and is left alone; a journal is a socket to write to."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        running = gigachat.start("ask", "привет", environment=BARE, stdin=theirs, stdout=theirs, stderr=theirs)
        assert running.wait(20) == 0
        theirs.close()
        assert "«привет»" in b"".join(iter(lambda: ours.recv(1 << 16), b"")).decode()


@pytest.mark.parametrize("words", [("chat",), ("chat", "hi")])
def test_a_chat_over_ssh_without_a_terminal_says_how_to_get_one(words: tuple[str, ...], gigachat: Program) -> None:
    told = gigachat(*words, stdin="hi\n")
    assert told.code == 2
    assert "ssh -t HOST gigachat chat" in told.err


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("unshare") is None, reason="wants namespaces"
)
def test_the_first_process_of_a_container_reads_stdin_and_ends_by_a_signal(
    gigachat: Program, simulator: Simulator
) -> None:
    inside = ["unshare", "-pf", "--kill-child", *gigachat.arguments]
    if subprocess.run(["unshare", "-pf", "true"], capture_output=True).returncode:
        pytest.skip("namespaces are not allowed here")
    done = subprocess.run(
        [*inside, "ask", "--no-log"], input="из трубы".encode(), env=gigachat.environment(), capture_output=True,
        timeout=20,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert "«из трубы»" in done.stdout.decode()


def test_modes_of_the_stand_in_are_private(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    _stand_in.cache_clear()
    try:
        assert stat.S_IMODE(_stand_in().stat().st_mode) == 0o700
    finally:
        _stand_in.cache_clear()
