"""`gigachat files`: what the service keeps, for people and for scripts, with each refusal that it knows."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from gigachat_cli.moments import iso_time
from gigachat_cli.simulator import Simulator
from gigachat_cli.simulator.stored_files import StoredFile

from ..conftest import Program
from ..terminal import Terminal
from .conftest import Rules

Store = Callable[..., StoredFile]


@pytest.fixture
def store(simulator: Simulator) -> Store:
    """Put a file into the account."""

    def put(content: bytes = b"words\n", filename: str = "letter.txt", client_id: str | None = None) -> StoredFile:
        return simulator.files.add(
            simulator.credentials, content, mime="text/plain", filename=filename, client_id=client_id
        )

    return put


def problem(err: str) -> dict[str, object]:
    found = json.loads(err.splitlines()[-1])["error"]
    assert isinstance(found, dict)
    return found


# list and show


def test_files_in_a_pipe_are_lines(
    gigachat: Program, simulator: Simulator, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    first, second = store(), store(b"\0" * 2000, "a\tb\x1b[31m.bin")
    result = gigachat("files", "list")
    assert (result.code, result.err) == (0, "")
    rows = [line.split("\t") for line in result.out.splitlines()]
    assert [(row[0], row[1], row[3], row[4]) for row in rows] == [
        (first.id, "6", "letter.txt", "general"),
        (second.id, "2000", "a b.bin", "general"),
    ]
    assert gigachat("files", "show", second.id).out == result.out.splitlines(keepends=True)[1]


def test_files_as_json_have_what_the_service_says(gigachat: Program, simulator: Simulator, store: Store) -> None:
    stored = store()
    row = {
        "id": stored.id,
        "filename": "letter.txt",
        "bytes": 6,
        "created_at": stored.created_at,
        "purpose": "general",
        "created": iso_time(stored.created_at),
    }
    assert json.loads(gigachat("files", "list", "--json").out) == [row]
    assert json.loads(gigachat("files", "show", stored.id, "--json").out) == [row]


def test_files_at_a_terminal_are_a_table(
    simulator: Simulator, store: Store, at_terminal: Callable[..., Terminal]
) -> None:
    empty = at_terminal("files", "list")
    assert empty.ended() == 0
    assert "The account has no files." in empty.text
    stored = store()
    running = at_terminal("files", "list", columns=120)
    assert running.ended() == 0
    head, row = running.filled_lines
    assert head.split() == ["ID", "BYTES", "CREATED", "FILENAME", "PURPOSE"]
    assert row.split()[:2] == [stored.id, "6"]


# upload


def test_an_upload_tells_the_id_and_is_made_once(gigachat: Program, simulator: Simulator, home: Path) -> None:
    (home / "a.md").write_text("# text\n")
    (home / "b.pdf").write_bytes(b"%PDF-1")
    result = gigachat("files", "upload", "a.md", "b.pdf")
    sending = "gigachat: Sending a.md (7 bytes, text/plain), b.pdf (6 bytes, application/pdf).\n"
    assert (result.code, result.err) == (0, sending)
    stored = simulator.files.all(simulator.credentials)
    assert [line.split("\t")[0] for line in result.out.splitlines()] == [each.id for each in stored]
    assert [(each.mime, each.content) for each in stored] == [
        ("text/plain", b"# text\n"),
        ("application/pdf", b"%PDF-1"),
    ]
    (row,) = json.loads(gigachat("files", "upload", "b.pdf", "--json").out)
    assert row["id"] == stored[1].id


def test_an_upload_that_was_deleted_is_made_again(gigachat: Program, simulator: Simulator, home: Path) -> None:
    (home / "a.txt").write_text("text")
    (first,) = json.loads(gigachat("files", "upload", "a.txt", "--json").out)
    simulator.files.forget()
    (second,) = json.loads(gigachat("files", "upload", "a.txt", "--json").out)
    assert first["id"] != second["id"]
    assert [each.id for each in simulator.files.all(simulator.credentials)] == [second["id"]]


def test_stdin_is_uploaded(gigachat: Program, simulator: Simulator) -> None:
    assert gigachat("files", "upload", "-", stdin=b"%PDF-1").code == 0
    (stored,) = simulator.files.all(simulator.credentials)
    assert (stored.filename, stored.mime, stored.content) == ("stdin", "application/pdf", b"%PDF-1")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["none.txt"], "could not be read: No such file or directory."),
        (["."], "is a folder."),
        (["a.bin"], "cannot be attached"),
        (["empty.txt"], "empty.txt is empty."),
        (["-", "-"], "only once"),
        (["good.txt", "none.txt"], "could not be read"),
    ],
)
def test_a_path_that_cannot_be_uploaded_sends_nothing(
    words: list[str], said: str, gigachat: Program, simulator: Simulator, rules: Rules, home: Path
) -> None:
    (home / "a.bin").write_bytes(b"\0\1")
    (home / "empty.txt").touch()
    (home / "good.txt").write_text("text")
    result = gigachat("files", "upload", *words)
    rules.hold(result)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert simulator.requests == []


@pytest.mark.parametrize(
    ("fault", "code", "word"),
    [("413", 1, "service"), ("422", 1, "invalid_request"), ("403", 3, "access_denied"), ("429", 5, "rate_limit")],
)
def test_a_refused_upload_shows_what_was_stored_before(
    fault: str, code: int, word: str, gigachat: Program, simulator: Simulator, rules: Rules, home: Path
) -> None:
    for name in ("a.txt", "b.txt"):
        (home / name).write_text(name)
    simulator.faults.add(fault, at="upload", skip=1, times=None)
    result = gigachat("files", "upload", "a.txt", "b.txt", "--json", "--max-retries", "0")
    rules.hold(result)
    assert result.code == code
    assert [row["filename"] for row in json.loads(result.out)] == ["a.txt"]
    assert problem(result.err)["code"] == word


# download


def test_a_download_keeps_the_files_name(gigachat: Program, simulator: Simulator, store: Store, home: Path) -> None:
    stored = store(b"\0\xff" * 100_000, "bytes.bin")
    result = gigachat("files", "download", stored.id)
    assert (result.code, result.out, result.err) == (0, "bytes.bin\n", "")
    assert (home / "bytes.bin").read_bytes() == stored.content
    assert stat.S_IMODE((home / "bytes.bin").stat().st_mode) == 0o666 & ~_umask()
    again = gigachat("files", "download", stored.id)
    assert (again.code, again.out) == (2, "")
    assert "bytes.bin exists." in again.err
    assert gigachat("files", "download", stored.id, "--force").code == 0
    assert json.loads(gigachat("files", "download", stored.id, "-O", "x", "--json").out) == [
        {"id": stored.id, "path": "x"}
    ]
    assert [each.name for each in home.iterdir() if each.name.endswith(".part")] == []


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/x.txt", "x.txt"),
        ("C:\\windows\\y.txt", "y.txt"),
        (".hidden", "hidden"),
        ("a\x1b[31m.txt", "a.txt"),
    ],
)
def test_a_name_from_the_service_stays_in_the_folder(
    name: str, kept: str, gigachat: Program, simulator: Simulator, store: Store, home: Path
) -> None:
    result = gigachat("files", "download", store(filename=name).id)
    assert (result.code, result.out) == (0, f"{kept}\n")
    assert (home / kept).read_bytes() == b"words\n"


def test_a_file_without_a_name_gets_that_of_its_bytes(
    gigachat: Program, simulator: Simulator, store: Store, home: Path
) -> None:
    stored = store(b"%PDF-1", "..")
    assert gigachat("files", "download", stored.id).out == f"{stored.id}.pdf\n"


def test_a_download_to_stdout_is_the_exact_bytes(gigachat: Program, simulator: Simulator, store: Store) -> None:
    stored = store(os.urandom(300_000))
    result = gigachat_raw(gigachat, "files", "download", stored.id, "-O", "-")
    assert result == stored.content


def test_bytes_do_not_go_to_a_terminal(
    simulator: Simulator, store: Store, at_terminal: Callable[..., Terminal]
) -> None:
    running = at_terminal("files", "download", store().id, "-O", "-")
    assert running.ended() == 2
    assert "no good on a terminal" in running.text


@pytest.mark.parametrize("fault", ["cut", "503", "reset"])
def test_a_download_that_breaks_is_begun_anew(
    fault: str, gigachat: Program, simulator: Simulator, store: Store, home: Path
) -> None:
    stored = store(os.urandom(200_000), "a.bin")
    simulator.faults.add(fault, at="content")
    assert gigachat("files", "download", stored.id).code == 0
    assert (home / "a.bin").read_bytes() == stored.content


def test_a_download_that_never_ends_leaves_nothing_behind(
    gigachat: Program, simulator: Simulator, rules: Rules, store: Store, home: Path
) -> None:
    stored = store(os.urandom(200_000), "a.bin")
    simulator.faults.add("cut", at="content", times=None)
    before = set(home.iterdir())
    result = gigachat("files", "download", stored.id, "--max-retries", "1")
    rules.hold(result)
    assert result.code == 4
    assert {each.name for each in set(home.iterdir()) - before} <= {"config", "data"}


def test_stdout_gets_no_byte_twice(gigachat: Program, simulator: Simulator, rules: Rules, store: Store) -> None:
    simulator.faults.add("cut", at="content")
    stored = store(b"a" * 200_000)
    result = gigachat("files", "download", stored.id, "-O", "-")
    rules.hold(result)
    assert result.code == 4
    assert len(result.out) <= 100_000
    assert "broke after a part of it was written" in result.err


def test_a_place_that_cannot_be_written_is_told_first(
    gigachat: Program, simulator: Simulator, rules: Rules, store: Store, home: Path
) -> None:
    stored = store()
    for place, said in ((".", "is a folder"), ("none/x", "does not exist")):
        result = gigachat("files", "download", stored.id, "-O", place)
        rules.hold(result)
        assert (result.code, result.out) == (2, "")
        assert said in result.err
    assert simulator.calls("files") == []


def test_a_large_download_shows_its_progress(
    simulator: Simulator, store: Store, home: Path, at_terminal: Callable[..., Terminal]
) -> None:
    stored = store(bytes(20_000_000), "zeros.bin")
    running = at_terminal("files", "download", stored.id)
    assert running.ended() == 0
    assert b"\r\x1b[KDownloading: " in running.raw
    assert running.filled_lines[-1].strip() == "zeros.bin"
    quiet = at_terminal("files", "download", stored.id, "--force", "--quiet")
    assert quiet.ended() == 0
    assert b"Downloading" not in quiet.raw


# delete


def test_deleted_files_are_gone(gigachat: Program, simulator: Simulator, store: Store) -> None:
    ids = [store().id, store().id]
    result = gigachat("files", "delete", *ids)
    assert (result.code, result.out, result.err) == (0, "".join(f"{each}\n" for each in ids), "")
    assert simulator.files.all(simulator.credentials) == []


def test_one_unknown_file_does_not_keep_the_others(
    gigachat: Program, simulator: Simulator, rules: Rules, store: Store
) -> None:
    ids = [store().id, "no-such", store().id]
    result = gigachat("files", "delete", *ids, "--json")
    rules.hold(result)
    assert result.code == 1
    assert json.loads(result.out) == [{"id": each, "deleted": True} for each in (ids[0], ids[2])]
    assert problem(result.err)["code"] == "unknown_file"


# Refusals


@pytest.mark.parametrize("command", ["show", "download", "delete"])
def test_an_unknown_file_is_named(command: str, gigachat: Program, simulator: Simulator, rules: Rules) -> None:
    result = gigachat("files", command, "no-such")
    rules.hold(result)
    assert (result.code, result.out) == (1, "")
    assert "The service has no file no-such (HTTP 404)." in result.err
    assert "files list" in result.err


@pytest.mark.parametrize("typed", ["../no such", "..", "a/b", "a%2F..", "a?b", "a#b", ""])
@pytest.mark.parametrize("command", ["show", "download", "delete"])
def test_what_is_no_id_is_not_asked_for(command: str, typed: str, gigachat: Program, simulator: Simulator) -> None:
    result = gigachat("files", command, typed)
    assert (result.code, result.out) == (2, "")
    assert f"{typed or 'An empty text'} is not the id of a file." in result.err
    assert "files list" in result.err
    assert simulator.calls("files") == []


@pytest.mark.parametrize("command", ["show", "download", "delete"])
def test_a_file_of_another_client_is_denied(
    command: str, gigachat: Program, simulator: Simulator, rules: Rules, store: Store
) -> None:
    stored = store(client_id="somebody")
    result = gigachat("files", command, stored.id)
    rules.hold(result)
    assert (result.code, result.out) == (3, "")
    assert f"Access to file '{stored.id}' is denied" in result.err
    assert "X-Client-ID" in result.err


@pytest.mark.parametrize("words", [["list"], ["show", "x"], ["download", "x"], ["delete", "x"]])
def test_a_service_that_fails_is_told(words: list[str], gigachat: Program, simulator: Simulator, rules: Rules) -> None:
    simulator.faults.add("500", at="files", times=None)
    result = gigachat("files", *words, "--json", "--max-retries", "0")
    rules.hold(result)
    assert (result.code, result.out) == (1, "")
    assert problem(result.err)["status"] == 500


def gigachat_raw(gigachat: Program, *words: str) -> bytes:
    """The bytes on stdout, which need be no text."""
    running = gigachat.start(*words)
    out, err = running.communicate(timeout=20)
    assert (running.returncode, err) == (0, b"")
    return out


def _umask() -> int:
    found = os.umask(0)
    os.umask(found)
    return found
