"""Files, locks, processes and command lines where systems differ; the branches of Windows run here with its errors."""

from __future__ import annotations

import ast
import errno
import multiprocessing
import os
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import pytest

from gigachat_cli import paths, systems
from gigachat_cli.commands.files import _bare_name
from gigachat_cli.conversation.attachments import mentioned, only_mentioned
from gigachat_cli.engine.holders import _parsed, note
from gigachat_cli.repl.commands import files

from .conftest import ROOT


@pytest.fixture
def on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systems, "_name", "nt")


class Denied(PermissionError):
    """As Windows refuses a file that somebody holds open."""

    winerror = 5


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (r"C:\Tools\code.cmd --wait", [r"C:\Tools\code.cmd", "--wait"]),
        (r'"C:\Program Files\VS Code\bin\code.cmd" -w', [r"C:\Program Files\VS Code\bin\code.cmd", "-w"]),
        (r"notepad", ["notepad"]),
        (r'a "b c" d', ["a", "b c", "d"]),
        (r'a""b ""', ["ab", ""]),
        (r"\\server\share\ed.exe", [r"\\server\share\ed.exe"]),
        (r'say \"hi\" "C:\folder\\"', ["say", '"hi"', "C:\\folder\\"]),
        ("C:\\Редактор\\ed.exe\t-n  ", [r"C:\Редактор\ed.exe", "-n"]),
        ("it's", ["it's"]),
        ("", []),
    ],
)
def test_a_command_of_windows_keeps_its_backslashes(line: str, words: list[str], on_windows: None) -> None:
    assert systems.split_command(line) == words


def test_a_path_with_blanks_needs_no_quotes_where_it_is_a_file(on_windows: None, tmp_path: Path) -> None:
    editor = tmp_path / "my editor.exe"
    editor.touch()
    assert systems.split_command(f" {editor} ") == [str(editor)]


def test_a_quote_without_its_end_is_an_error(on_windows: None) -> None:
    with pytest.raises(ValueError, match="quote"):
        systems.split_command('"C:\\x')


def test_elsewhere_a_command_is_the_shells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systems, "_name", "posix")
    assert systems.split_command(r"vi\ m -c 'set nu'") == ["vi m", "-c", "set nu"]
    assert systems.startable(["vi", "x y"]) == ["vi", "x y"]


def test_a_batch_file_is_run_by_the_shell_of_windows_with_every_word_in_quotes(
    on_windows: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = tmp_path / "code.cmd"
    editor.write_text("")
    editor.chmod(0o700)
    monkeypatch.setenv("COMSPEC", r"C:\windows\system32\cmd.exe")
    started = systems.startable([str(editor), "-w", r"C:\R&D\prompt.md"])
    assert started == rf'C:\windows\system32\cmd.exe /d /s /c ""{editor}" "-w" "C:\R&D\prompt.md""'
    monkeypatch.setenv("PATH", str(tmp_path))
    assert systems.startable(["code.cmd"]) == rf'C:\windows\system32\cmd.exe /d /s /c ""{editor}""'
    assert systems.startable(["nothing.exe", "a"]) == ["nothing.exe", "a"]


def test_a_file_that_is_held_open_is_replaced_a_moment_later(
    on_windows: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = [Denied(errno.EACCES, "Access is denied"), Denied(errno.EACCES, "Access is denied")]
    replace = os.replace

    def refuse(source: Path, target: Path) -> None:
        if held:
            raise held.pop()
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    paths.write_private(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert [each for each in os.listdir(tmp_path) if "file" in each] == ["file"]


def test_it_is_not_tried_for_ever_and_nothing_else_is_tried_again(
    on_windows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def refuse(problem: OSError) -> None:
        tries.append(problem)
        raise problem

    began = time.monotonic()
    with pytest.raises(PermissionError):
        systems.patiently(lambda: refuse(Denied(errno.EACCES, "Access is denied")), seconds=0.1)
    assert len(tries) > 1
    assert time.monotonic() - began < 5
    tries.clear()
    with pytest.raises(FileNotFoundError):
        systems.patiently(lambda: refuse(FileNotFoundError(errno.ENOENT, "none")))
    monkeypatch.setattr(systems, "_name", "posix")
    with pytest.raises(PermissionError):
        systems.patiently(lambda: refuse(Denied(errno.EACCES, "Access is denied")))
    assert len(tries) == 2


def test_the_c_runtime_says_by_its_own_number_that_a_file_is_held(on_windows: None) -> None:
    held = [PermissionError(errno.EACCES, "Permission denied")]

    def opened() -> str:
        if held:
            raise held.pop()
        return "open"

    assert systems.patiently(opened) == "open"


@pytest.mark.skipif(not hasattr(os, "O_BINARY"), reason="text mode is Windows'")
def test_every_file_of_ours_is_binary() -> None:
    assert systems.QUIET & int(getattr(os, "O_BINARY"))  # noqa: B009  # elsewhere there is none


def test_files_of_ours_are_written_as_they_are(tmp_path: Path) -> None:
    content = b"one\r\ntwo\n\x1athree\r\n"
    paths.write_private(tmp_path / "file", content)
    assert paths.read_file(tmp_path / "file") == content


def test_a_pipe_that_nobody_reads_is_an_invalid_argument_on_windows(
    on_windows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert systems.is_closed_pipe(OSError(errno.EINVAL, "Invalid argument"))
    assert systems.is_closed_pipe(BrokenPipeError(errno.EPIPE, "Broken pipe"))
    assert not systems.is_closed_pipe(OSError(errno.ENOSPC, "No space left on device"))
    monkeypatch.setattr(systems, "_name", "posix")
    assert not systems.is_closed_pipe(OSError(errno.EINVAL, "Invalid argument"))
    assert systems.is_closed_pipe(BrokenPipeError(errno.EPIPE, "Broken pipe"))


def test_who_runs_is_told_without_a_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert systems.is_running(os.getpid())
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    assert not systems.is_running(ended.pid)
    ours = note("gigachat ask")
    assert _parsed(ours) is not None
    assert _parsed(ours.replace(str(os.getpid()).encode(), str(ended.pid).encode())) is None


def test_a_process_ends_with_all_that_it_has_started() -> None:
    child = (
        "import subprocess, sys, time\n"
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid, flush=True)\n"
        "time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", child], stdout=subprocess.PIPE, **systems.of_its_own()) as running:
        kin = systems.Kin(running.pid)
        assert running.stdout is not None
        grandchild = int(running.stdout.readline())
        assert systems.is_running(grandchild)
        kin.end()
        running.wait(10)
    until = time.monotonic() + 10
    while systems.is_running(grandchild) and not _is_zombie(grandchild):
        assert time.monotonic() < until
        time.sleep(0.01)


def _is_zombie(pid: int) -> bool:
    """Ended, and not yet waited for by whoever has inherited it."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z"


def _hold(file: str, held: multiprocessing.synchronize.Event, end: multiprocessing.synchronize.Event) -> None:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT)
    assert systems.try_lock(descriptor)
    assert systems.try_lock_byte(descriptor, 1000, shared=False)
    held.set()
    end.wait(30)


def test_locks_are_of_the_process(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held, end = context.Event(), context.Event()
    file = tmp_path / "lock"
    other = context.Process(target=_hold, args=(str(file), held, end))
    other.start()
    assert held.wait(30)
    descriptor = os.open(file, os.O_RDWR)
    assert not systems.try_lock(descriptor)
    assert not systems.try_lock_byte(descriptor, 1000, shared=True)
    assert systems.try_lock_byte(descriptor, 2000, shared=False)
    systems.unlock_byte(descriptor, 2000)
    end.set()
    other.join()
    assert systems.try_lock(descriptor)
    assert systems.try_lock_byte(descriptor, 1000, shared=False)
    os.close(descriptor)


def test_a_path_of_windows_is_attached_as_it_was_typed(
    on_windows: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (r"C:\x.txt", r"C:\my notes.txt"):
        (tmp_path / name).write_text("x")
    assert mentioned(r'what is @C:\x.txt, and @"C:\my notes.txt"?') == [r"C:\x.txt", r"C:\my notes.txt"]
    assert only_mentioned(r"@C:\x.txt", []) == [r"C:\x.txt"]
    monkeypatch.setattr(systems, "_name", "posix")
    (tmp_path / "a b.txt").write_text("x")
    assert mentioned(r"what is @a\ b.txt") == ["a b.txt"]


def test_paths_are_completed_behind_either_slash(on_windows: None, tmp_path: Path) -> None:
    (tmp_path / "note.txt").touch()
    assert list(files(f"{tmp_path}/no")) == [f"{tmp_path}/note.txt"]
    (tmp_path / "folder\\").mkdir()  # the folder that is looked into, here where a backslash is a letter
    (tmp_path / "folder\\" / "note.txt").touch()
    assert list(files(f"{tmp_path}/folder\\no")) == [f"{tmp_path}/folder\\note.txt"]


@pytest.mark.parametrize("name", ["CON", "nul.txt", "Aux.tar.gz", "COM1", "lpt9.md"])
def test_a_downloaded_file_is_no_device(name: str, on_windows: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _bare_name(name) == f"_{name}"
    monkeypatch.setattr(systems, "_name", "posix")
    assert _bare_name(name) == name


@pytest.mark.parametrize("name", ["console.txt", "com10", "nullable.md", "a.con"])
def test_names_that_are_like_a_device_stay(name: str, on_windows: None) -> None:
    assert _bare_name(name) == name


def test_a_user_without_a_home_on_windows_has_a_temporary_place(
    on_windows: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "geteuid", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    paths._stand_in.cache_clear()
    monkeypatch.setattr(systems, "user_id", lambda: os.getuid() if hasattr(os, "getuid") else 0)
    try:
        assert paths._stand_in().parent == tmp_path
    finally:
        paths._stand_in.cache_clear()


def test_an_older_python_is_told_which_is_needed() -> None:
    odd = "import runpy, sys; sys.version_info = (3, 9, 6); runpy.run_module('gigachat_cli', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", odd], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"gigachat: Python 3.11 or newer is needed; {sys.executable} is 3.9.\n")
    assert "Traceback" not in done.stderr


def test_the_first_lines_are_read_by_an_older_python() -> None:
    source = (ROOT / "gigachat_cli" / "__main__.py").read_text(encoding="utf-8")
    assert ast.parse(source, feature_version=(3, 7))


def test_a_name_of_two_letters_is_completed_as_it_is_typed(tmp_path: Path) -> None:
    """macOS keeps names as they were made, often with й as two letters."""
    kept = unicodedata.normalize("NFD", "Йод.txt")
    (tmp_path / kept).touch()
    assert list(files(f"{tmp_path}/Й")) == [f"{tmp_path}/{kept}"]
