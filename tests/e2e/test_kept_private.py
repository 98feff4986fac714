"""What is written stays private and goes when it should; what is shown of it cannot fool a terminal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gigachat_cli import paths
from gigachat_cli.sessions import open_store
from gigachat_cli.simulator import Simulator

from ..conftest import ROOT, Program
from ..terminal import UP, Chat, Terminal
from .conftest import until

NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}

KILLED_WRITER = """
import os, sys, signal
from pathlib import Path
from gigachat_cli import paths
os.fsync = lambda descriptor: (print("begun", flush=True), signal.pause())
paths.write_private(Path(sys.argv[1]), sys.argv[2].encode())
"""


def writer(path: Path, text: str) -> subprocess.Popen[bytes]:
    """A process that stands still in the middle of writing a private file."""
    running = subprocess.Popen(
        [sys.executable, "-c", KILLED_WRITER, str(path), text],
        stdout=subprocess.PIPE,
        env=Program.environment(),
        cwd=ROOT,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == b"begun\n"
    return running


def killed_writer(path: Path, text: str) -> None:
    with writer(path, text) as running:
        running.kill()
    assert holding(path.parent, text)


def holding(folder: Path, text: str) -> list[Path]:
    return [each for each in folder.rglob("*") if each.is_file() and text.encode() in each.read_bytes()]


@pytest.fixture
def chat() -> Iterator[Callable[..., Chat]]:
    """Start `gigachat chat WORDS…` at a terminal."""
    started: list[Chat] = []

    def start(*words: str, **named: Any) -> Chat:
        started.append(Chat(*words, **named))
        return started[-1]

    yield start
    for evening in started:
        evening.close()


# Unfinished files


@pytest.mark.parametrize("name", ["token.json", "credentials", "login.json"])
def test_what_a_killed_login_left_goes_at_the_next_start(
    gigachat: Program, simulator: Simulator, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv("GIGACHAT_CREDENTIALS")
    killed_writer(paths.config_dir() / name, "half-a-secret")
    gigachat("ask", "hi", "--no-log", environment=NO_KEYRING)  # there is no key, but these files were looked for
    if name == "token.json":
        assert gigachat("ask", "hi", environment={"GIGACHAT_CREDENTIALS": simulator.credentials}).code == 0
    assert holding(paths.config_dir(), "half-a-secret") == []


@pytest.mark.parametrize("name", ["token.json", "credentials", "login.json"])
def test_logout_leaves_nothing_that_holds_the_key(
    gigachat: Program, simulator: Simulator, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv("GIGACHAT_CREDENTIALS")
    key = simulator.credentials
    assert gigachat("auth", "login", stdin=key, environment=NO_KEYRING).code == 0
    assert gigachat("ask", "hi", environment=NO_KEYRING).code == 0
    killed_writer(paths.config_dir() / name, key)
    done = gigachat("auth", "logout", environment=NO_KEYRING)
    assert (done.code, done.err) == (0, "")
    assert holding(paths.config_dir(), key) == holding(paths.data_dir(), key) == []
    left = {each.name for each in paths.config_dir().iterdir() if each.is_file()}
    assert left <= {"models.json"}, left


def test_a_file_that_a_living_process_writes_is_left_to_it(gigachat: Program, simulator: Simulator) -> None:
    path = paths.config_dir() / "token.json"
    with writer(path, "in the making") as running:
        assert paths.sweep(path) == []
        assert gigachat("ask", "hi").code == 0
        assert gigachat("auth", "logout", environment=NO_KEYRING).code == 0
        (kept,) = holding(path.parent, "in the making")
        running.send_signal(signal.SIGINT)
    assert not kept.exists()


def test_files_that_only_look_alike_stay(tmp_path: Path) -> None:
    others = [".token.json.backup", ".token.json.0123456789ABC", "token.json.0123456789ab", ".other.0123456789ab"]
    for name in others:
        (tmp_path / name).touch()
    (tmp_path / "elsewhere").touch()
    (tmp_path / ".token.json.0123456789ab").symlink_to(tmp_path / "elsewhere")
    (tmp_path / ".token.json.ba9876543210").touch()
    assert paths.sweep(tmp_path / "token.json") == [tmp_path / ".token.json.ba9876543210"]
    assert all((tmp_path / name).exists() for name in [*others, "elsewhere", ".token.json.0123456789ab"])


# Logout and the keyring


@pytest.mark.parametrize("note", [None, '{"place": "file", "fingerprint": "x"}', '{"place": "keyring"}', "torn"])
def test_logout_asks_the_keyring_whatever_the_note_says(gigachat: Program, home: Path, note: str | None) -> None:
    kept = home / "keyring.json"
    kept.write_text(json.dumps({"gigachat-terminal/authorization key": "the key"}))
    if note is not None:
        paths.write_private(paths.login_file(), note.encode())
    environment = {"PYTHON_KEYRING_BACKEND": "tests.keyrings.FileKeyring", "TEST_KEYRING": str(kept)}
    done = gigachat("auth", "logout", environment=environment)
    assert (done.code, done.out) == (0, "Removed from the keyring.\n")
    assert "the key" not in kept.read_text()


def test_a_keyring_that_refuses_keeps_nothing_else_from_going(gigachat: Program, home: Path) -> None:
    for path in (paths.credentials_file(), paths.token_file()):
        paths.write_private(path, b"secret")
    paths.write_private(paths.login_file(), b'{"place": "keyring", "fingerprint": "x"}')
    environment = {
        "PYTHON_KEYRING_BACKEND": "tests.keyrings.LockedKeyring",
        "TEST_KEYRING": str(home / "keyring.json"),
    }
    done = gigachat("auth", "logout", environment=environment)
    assert (done.code, done.out) == (2, "")
    assert "keyring did not give the key up" in done.err
    assert not paths.credentials_file().exists()
    assert not paths.token_file().exists()


def test_logout_names_what_still_gives_a_key(gigachat: Program, home: Path) -> None:
    paths.write_private(paths.config_file(), b'credentials_command = "pass show gigachat"\n')
    done = gigachat("auth", "logout", environment=NO_KEYRING)
    assert (done.code, f"{paths.config_file()} is still set" in done.err) == (0, True)


# What was typed


def typed_files() -> bytes:
    found = [each for each in paths.data_dir().glob("input_history*") if each.is_file()]
    return b"".join(each.read_bytes() for each in found)


@pytest.mark.parametrize("how", ["flag", "variable", "file"])
def test_a_chat_that_is_not_recorded_keeps_nothing_that_was_typed(
    simulator: Simulator, chat: Callable[..., Chat], how: str
) -> None:
    if how == "file":
        paths.write_private(paths.config_file(), b"log = false\n")
    environment = {"GIGACHAT_LOG": "false"} if how == "variable" else {}
    words = ["--no-log"] if how == "flag" else []
    evening = chat(*words, "a first secret", environment=environment)
    evening.wait(lambda: evening.prompts >= 1 and evening.at_prompt)
    evening.ask("a second secret")
    evening.type("/system a third secret\r")
    evening.wait_for("System message")
    evening.type(UP)
    evening.wait(lambda: "third" in evening.cursor_line)  # within the chat it is there
    evening.type("\x03")
    assert evening.leave() == 0
    assert not [each for each in paths.data_dir().rglob("*") if each.is_file() and b"secret" in each.read_bytes()]


def test_what_was_typed_goes_with_its_sessions(
    gigachat: Program, simulator: Simulator, chat: Callable[..., Chat]
) -> None:
    for name, line in (("one", "a secret"), ("two", "harmless")):
        evening = chat("-S", name)
        evening.wait_for_prompt()
        evening.type(f"/system {line} too\r")
        evening.wait_for("System message")
        evening.ask(line)
        assert evening.leave() == 0
    assert b"a secret" in typed_files()
    assert gigachat("history", "delete", "one", "--yes").out == "1 session deleted.\n"
    assert b"secret" not in typed_files()
    assert typed_files().count(b"harmless") == 2
    assert gigachat("history", "delete", "--all", "--yes").out == "1 session deleted.\n"
    assert typed_files() == b""


def test_all_does_not_go_with_names(gigachat: Program, simulator: Simulator) -> None:
    assert gigachat("ask", "hi", "-S", "one").code == 0
    for words in (["one", "--all"], ["--all", "--older-than", "1h"], []):
        assert gigachat("history", "delete", *words, "--yes").code == 2
    assert gigachat("history", "delete", "--all").code == 2  # nobody can be asked
    with open_store(paths.history_file()) as store:
        assert len(store.sessions()) == 1


# Core images


@pytest.fixture
def wide_core_limit() -> Iterator[None]:
    """As on a machine where a crash leaves a core image."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


CORES = """
import os, resource, sys
from gigachat_cli.__main__ import write_no_core_images
resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
before = resource.getrlimit(resource.RLIMIT_CORE)
write_no_core_images(sys.argv[1:])
import ctypes
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), *before, *resource.getrlimit(resource.RLIMIT_CORE))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is of Linux")
@pytest.mark.parametrize(("words", "limited"), [(["ask", "hi"], True), (["simulator", "--", "env"], False)])
def test_the_process_leaves_no_core_image(words: list[str], limited: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CORES, *words], capture_output=True, text=True, env=Program.environment(), cwd=ROOT
    )
    dumpable, soft, hard, soft_after, hard_after = map(int, done.stdout.split())
    assert dumpable == 0
    assert (soft_after, hard_after) == ((0 if limited else soft), hard)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is of Linux")
def test_a_running_command_has_no_core_image_and_the_simulators_command_its_own_limit(
    gigachat: Program, simulator: Simulator, wide_core_limit: None
) -> None:
    with gigachat.start("batch", "-", stdin=subprocess.PIPE) as running:
        until(lambda: "Max core file size 0" in " ".join(Path(f"/proc/{running.pid}/limits").read_text().split()))
        running.kill()
    own = subprocess.run(["sh", "-c", "ulimit -S -c"], capture_output=True, text=True, check=True)
    with gigachat.start("simulator", "--", "sh", "-c", "ulimit -S -c") as running:
        assert running.communicate()[0].decode() == own.stdout


# Verification that is off


@pytest.mark.parametrize(
    "words",
    [
        ["ask", "hi", "-q"],
        ["ask", "hi", "-q", "--json"],
        ["models", "-q"],
        ["tokens", "hi", "-q"],
        ["balance", "-q"],
        ["embed", "hi", "-q"],
        ["files", "list", "-q"],
        ["batch", "-", "-q"],
        ["batch", "list", "-q"],
        ["auth", "login"],
        ["doctor"],
        ["doctor", "--json"],
    ],
)
def test_verification_that_is_off_is_told_once_by_every_command(
    gigachat: Program, simulator: Simulator, words: list[str]
) -> None:
    given = simulator.credentials if words[0] == "auth" else '{"prompt": "hi"}\n' if words[:2] == ["batch", "-"] else ""
    environment = {"GIGACHAT_VERIFY_SSL_CERTS": "false", **NO_KEYRING}
    result = gigachat(*words, stdin=given, environment=environment)
    assert result.err.count("Certificates are not verified (verify_ssl_certs is false)") == 1, result.err


def test_a_chat_tells_at_its_start_that_verification_is_off(simulator: Simulator, chat: Callable[..., Chat]) -> None:
    evening = chat("-q", environment={"GIGACHAT_VERIFY_SSL_CERTS": "no"})
    evening.wait_for_prompt()
    assert "Certificates are not verified" in evening.everything
    evening.ask("hi")
    assert evening.everything.count("Certificates are not verified") == 1


# What is shown of paths and names

ODD = "odd\n\x1b]0;title\x07\u202e name"


@pytest.mark.parametrize("words", [["history", "path"], ["config", "path"]])
def test_a_path_is_exact_in_a_pipe_and_escaped_at_a_terminal(
    gigachat: Program, home: Path, at_terminal: Callable[..., Terminal], words: list[str]
) -> None:
    odd = os.path.join(os.fsencode(home), ODD.encode() + b"\xff")
    environment = {"GIGACHAT_CONFIG_DIR": os.fsdecode(odd), "GIGACHAT_DATA_DIR": os.fsdecode(odd)}
    name = paths.history_file().name if words[0] == "history" else paths.config_file().name
    with gigachat.start(*words, environment=environment) as running:
        assert running.communicate()[0] == os.path.join(odd, name.encode()) + b"\n"
    screen = at_terminal(*words, environment=environment, columns=400)
    assert screen.ended() == 0
    assert rf"odd\n\x1b]0;title\x07\u202e name\udcff/{name}" in screen.text
    assert "\x1b]0" not in screen.text
    assert "\u202e" not in screen.text


def test_login_and_logout_escape_the_place(
    gigachat: Program, simulator: Simulator, home: Path, at_terminal: Callable[..., Terminal]
) -> None:
    environment = {"GIGACHAT_CONFIG_DIR": str(home / ODD), **NO_KEYRING}
    given = home / "key"
    given.write_text(simulator.credentials)
    for words in (["auth", "login"], ["auth", "logout"]):
        screen = at_terminal(*words, environment=environment, streams=["stdout", "stderr"], stdin=given, columns=400)
        assert screen.ended() == 0
        assert r"odd\n\x1b]0;title\x07\u202e name" in screen.text
        assert "\x1b]0" not in screen.text


def spoil_names(name: str) -> str:
    """Give the one session a name that no command of ours would have put there; its id."""
    import sqlite3

    with open_store(paths.history_file()) as store:
        (session,) = store.sessions()
    connection = sqlite3.connect(paths.history_file())
    connection.execute(
        "UPDATE sessions SET name = ?, title = ?, model = ? WHERE id = ?", (name, name, name, session.id)
    )
    connection.commit()
    connection.close()
    return session.id


@pytest.mark.parametrize("words", [["history", "list"], ["history", "search", "tides"], ["history", "show"]])
def test_names_of_sessions_cannot_fool_a_terminal(
    gigachat: Program, simulator: Simulator, at_terminal: Callable[..., Terminal], words: list[str]
) -> None:
    assert gigachat("ask", "what are tides?").code == 0
    session = spoil_names("evil\x1b]0;title\x07\nname")
    screen = at_terminal(*words, *([session] if words[1] == "show" else []), columns=200)
    assert screen.ended() == 0
    assert "\x1b]0" not in screen.text
    if words[1] == "list":
        assert len([line for line in screen.filled_lines if "turn" in line]) == len(screen.filled_lines) == 1


def test_a_chats_info_and_sessions_cannot_fool_a_terminal(
    gigachat: Program, simulator: Simulator, chat: Callable[..., Chat]
) -> None:
    assert gigachat("ask", "hi", "--session", "good").code == 0
    spoil_names("evil\x1b]0;title\x07\nname")
    evening = chat("-c")
    evening.wait_for_prompt()
    for line, wanted in (("/info", "Session"), ("/sessions", "turn")):
        evening.ask(line)
        assert wanted in evening.said
    for line in ("/session", "/model"):
        evening.type(f"{line}\r")
        evening.wait_for("Enter takes it")
        evening.type("\x1b")
        evening.wait_for_prompt()
    assert r"evil\x1b]0;title\x07\nname" in evening.everything
    assert b"\x1b]0" not in evening.raw
    evening.leave()


def test_completion_offers_no_name_with_odd_characters(gigachat: Program, simulator: Simulator) -> None:
    assert gigachat("ask", "hi").code == 0
    spoil_names("evil\x1b]0;title\x07\nname")
    environment = {
        "_GIGACHAT_COMPLETE": "complete_bash",
        "COMP_WORDS": "gigachat history show ",
        "COMP_CWORD": "3",
    }
    assert gigachat(environment=environment).out.strip() == ""
