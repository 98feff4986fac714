"""Files that go with a question: uploaded once an account, found again when they are gone, refused before they go."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gigachat_cli.simulator import Simulator, key_for
from gigachat_cli.simulator.pictures import picture

from ..conftest import Program
from ..terminal import Terminal
from .conftest import Rules, ended, sent

PRO = ("-m", "GigaChat-2-Pro")
CAT = picture("cat")


@pytest.fixture
def folder(home: Path) -> Path:
    """The working folder of the program, with a picture, a document and a text in it."""
    (home / "cat.jpg").write_bytes(CAT)
    (home / "letter.pdf").write_bytes(b"%PDF-1.4\n%\xff\xfe\n")
    (home / "rows.csv").write_text("a,b\n1,2\n")
    return home


def uploads(simulator: Simulator) -> int:
    """How often a file was stored."""
    return sum(request.method == "POST" and request.path.endswith("/files") for request in simulator.calls("files"))


def last(simulator: Simulator) -> list[dict[str, Any]]:
    """The messages of the chat request that arrived last."""
    body = simulator.calls("chat")[-1].json
    assert isinstance(body, dict)
    messages = body["messages"]
    assert isinstance(messages, list)
    return messages


def test_files_are_uploaded_and_a_small_text_stands_in_the_prompt(
    gigachat: Program, simulator: Simulator, folder: Path
) -> None:
    result = gigachat("ask", "What", "is", "it?", "-a", "cat.jpg", "-f", "letter.pdf", "--attach", "rows.csv", *PRO)
    assert result.code == 0
    assert result.err == (
        "gigachat: Sending cat.jpg (2 KB, image/jpeg), letter.pdf (13 bytes, application/pdf),"
        " rows.csv (8 bytes, text/plain).\n"
    )
    stored = simulator.files.all(simulator.credentials)
    assert [(each.filename, each.mime, each.content == CAT) for each in stored] == [
        ("cat.jpg", "image/jpeg", True),
        ("letter.pdf", "application/pdf", False),
    ]
    (message,) = last(simulator)
    assert message == {
        "role": "user",
        "content": "What is it?\n\nrows.csv:\n```csv\na,b\n1,2\n```",
        "attachments": [each.id for each in stored],
    }


def test_stdin_is_attached_by_its_bytes(gigachat: Program, simulator: Simulator) -> None:
    assert gigachat("ask", "What is it?", "-a", "-", *PRO, stdin=CAT).code == 0
    (stored,) = simulator.files.all(simulator.credentials)
    assert (stored.filename, stored.mime, stored.content) == ("stdin", "image/jpeg", CAT)
    assert last(simulator)[0]["content"] == "What is it?"
    large = os.urandom(8) + b"\xff" * 3_000_000  # more than is held in memory
    assert gigachat("ask", "What is it?", "-a", "-", *PRO, stdin=b"%PDF-1" + large).code == 0
    assert simulator.files.all(simulator.credentials)[-1].content == b"%PDF-1" + large
    assert gigachat("ask", "What is it?", "-a", "-", stdin="some words\n").code == 0
    assert last(simulator)[0]["content"] == "What is it?\n\nstdin:\n```\nsome words\n```"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-a", "none.png"], "none.png could not be read: No such file or directory."),
        (["-a", "."], ". is a folder."),
        (["-a", "empty.pdf"], "empty.pdf is empty."),
        (["-a", "a.bin"], "a.bin is of a kind that cannot be attached."),
        (["-a", "large.jpg"], "large.jpg is too large (15.1 MB): the service takes 15 MB of an image."),
        (["-a", "cat.jpg", "-a", "dog.jpg"], "A message takes one image, and there are 2: cat.jpg, dog.jpg."),
        (["-a", "-", "-a", "-"], "stdin can be attached only once."),
        (["--resume", "-a", "cat.jpg"], "takes no --attach."),
    ],
)
def test_what_would_be_refused_is_refused_before_anything_is_sent(
    words: list[str], said: str, gigachat: Program, simulator: Simulator, rules: Rules, folder: Path
) -> None:
    (folder / "empty.pdf").touch()
    (folder / "a.bin").write_bytes(b"\0\1\2")
    (folder / "dog.jpg").write_bytes(CAT)
    (folder / "large.jpg").write_bytes(CAT)
    os.truncate(folder / "large.jpg", 15 * 1024 * 1024 + 1)
    question = [] if "--resume" in words else ["what"]
    result = gigachat("ask", *question, *words, "--json")
    rules.hold(result)
    assert (result.code, result.out) == (2, "")
    problem = json.loads(result.err)["error"]
    assert problem["code"] == "usage"
    assert said in problem["message"]
    assert problem["hint"]
    assert simulator.requests == []


def test_an_empty_stdin_is_no_attachment(gigachat: Program, simulator: Simulator) -> None:
    result = gigachat("ask", "what", "-a", "-", stdin=b"")
    assert (result.code, result.out) == (2, "")
    assert "stdin is empty." in result.err


def test_a_second_document_is_told_of(gigachat: Program, simulator: Simulator, folder: Path) -> None:
    (folder / "b.txt").write_text("words")
    result = gigachat("ask", "what", "-a", "letter.pdf", "-a", "b.txt")
    assert result.code == 0
    assert "only the first document of a message, letter.pdf: b.txt is left out." in result.err
    assert [each.filename for each in simulator.files.all(simulator.credentials)] == ["letter.pdf"]


def test_the_same_content_is_uploaded_once(gigachat: Program, simulator: Simulator, folder: Path) -> None:
    (folder / "copy.png").write_bytes(CAT)
    for name in ("cat.jpg", "cat.jpg", "copy.png"):
        assert gigachat("ask", "what", "-a", name, *PRO).code == 0
    assert uploads(simulator) == 1
    assert len({message["attachments"][0] for message in (last(simulator)[0],)}) == 1


def test_two_processes_at_once_upload_once(gigachat: Program, simulator: Simulator, folder: Path) -> None:
    simulator.faults.add("slow", at="upload", seconds=0.6)
    running = [gigachat.start("ask", "what", "-a", "cat.jpg", *PRO) for _ in range(3)]
    assert [ended(each).code for each in running] == [0, 0, 0]
    assert uploads(simulator) == 1
    ids = {tuple(request.json["messages"][0]["attachments"]) for request in simulator.calls("chat")}
    assert len(ids) == 1


def test_accounts_do_not_share_uploads(gigachat: Program, simulator: Simulator, folder: Path) -> None:
    assert gigachat("ask", "what", "-a", "cat.jpg", *PRO).code == 0
    other = {"GIGACHAT_CREDENTIALS": key_for("GIGACHAT_API_B2B"), "GIGACHAT_SCOPE": "GIGACHAT_API_B2B"}
    assert gigachat("ask", "what", "-a", "cat.jpg", *PRO, environment=other).code == 0
    assert uploads(simulator) == 2


def test_the_list_of_uploads_is_private_and_mends_itself(gigachat: Program, simulator: Simulator, folder: Path) -> None:
    kept = folder / "data" / "uploads.json"
    assert gigachat("ask", "what", "-a", "cat.jpg", *PRO).code == 0
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    kept.write_bytes(b"{broken")
    result = gigachat("ask", "what", "-q", "-a", "cat.jpg", *PRO)
    assert (result.code, result.err) == (0, "")
    assert uploads(simulator) == 2
    assert gigachat("ask", "what", "-a", "cat.jpg", *PRO).code == 0
    assert uploads(simulator) == 2


def test_a_list_that_cannot_be_written_costs_no_answer(gigachat: Program, simulator: Simulator, folder: Path) -> None:
    (folder / "data").write_text("no folder")
    result = gigachat("ask", "what", "-a", "cat.jpg", *PRO, "--no-log")
    assert result.code == 0
    assert "What was uploaded could not be kept" in result.err


def test_a_file_gone_on_the_server_is_uploaded_again(gigachat: Program, simulator: Simulator, folder: Path) -> None:
    assert gigachat("ask", "what", "-a", "cat.jpg", *PRO).code == 0
    simulator.files.forget()
    result = gigachat("ask", "what", "-q", "-a", "cat.jpg", *PRO)
    assert (result.code, result.err) == (0, "")
    (stored,) = simulator.files.all(simulator.credentials)
    assert last(simulator)[0]["attachments"] == [stored.id]
    assert uploads(simulator) == 2


def test_attachments_go_again_with_the_conversation(gigachat: Program, simulator: Simulator, folder: Path) -> None:
    assert gigachat("ask", "what", "-a", "cat.jpg", *PRO).code == 0
    assert gigachat("ask", "-c", "and its tail?").code == 0
    (stored,) = simulator.files.all(simulator.credentials)
    first, _, second = last(simulator)
    assert first["attachments"] == [stored.id]
    assert "attachments" not in second
    shown = json.loads(gigachat("history", "export", "--format", "json").out)
    assert stored.id in json.dumps(shown)


def test_an_attachment_of_an_old_question_comes_back_once(
    gigachat: Program, simulator: Simulator, folder: Path
) -> None:
    assert gigachat("ask", "what", "-a", "cat.jpg", *PRO).code == 0
    simulator.files.forget()
    for _ in range(2):  # the history keeps the first id
        assert gigachat("ask", "-c", "and its tail?").code == 0
    (stored,) = simulator.files.all(simulator.credentials)
    assert last(simulator)[0]["attachments"] == [stored.id]
    assert uploads(simulator) == 2


def test_an_attachment_that_is_nowhere_any_more_is_named(
    gigachat: Program, simulator: Simulator, rules: Rules, folder: Path
) -> None:
    assert gigachat("ask", "what", "-a", "cat.jpg", *PRO).code == 0
    simulator.files.forget()
    (folder / "cat.jpg").write_bytes(picture("dog"))
    result = gigachat("ask", "-c", "and its tail?")
    rules.hold(result)
    assert (result.code, result.out) == (1, "")
    assert "The attached file cat.jpg is gone on the server" in result.err
    assert uploads(simulator) == 1


def test_a_model_without_eyes_gives_the_reason(
    gigachat: Program, simulator: Simulator, rules: Rules, folder: Path
) -> None:
    result = gigachat("ask", "what", "-a", "cat.jpg", "-m", "GigaChat-2")
    rules.hold(result)
    assert (result.code, result.out) == (1, "")
    assert "Requested model does not support images" in result.err
    assert "--model" in result.err


def test_an_unknown_model_is_not_taken_for_a_lost_file(gigachat: Program, simulator: Simulator, folder: Path) -> None:
    result = gigachat("ask", "what", "-a", "cat.jpg", "-m", "Nobody", "--json", "-q")
    assert json.loads(result.err)["error"]["code"] == "unknown_model"
    assert uploads(simulator) == 1


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        ("403", 3, "denied access"),
        ("413", 1, "The service says that cat.jpg is too large (HTTP 413)."),
        ("422", 1, "invalid (HTTP 422)"),
        ("402", 5, "HTTP 402"),
    ],
)
def test_a_refused_upload_sends_no_question(
    fault: str, code: int, said: str, gigachat: Program, simulator: Simulator, rules: Rules, folder: Path
) -> None:
    simulator.faults.add(fault, at="upload")
    result = gigachat("ask", "what", "-a", "cat.jpg", *PRO)
    rules.hold(result)
    assert (result.code, result.out) == (code, "")
    assert said in result.err
    assert simulator.calls("chat") == []


@pytest.mark.parametrize("fault", ["503", "401", "408"])
def test_an_upload_that_may_pass_is_sent_again_whole(
    fault: str, gigachat: Program, simulator: Simulator, folder: Path
) -> None:
    simulator.faults.add(fault, at="upload")
    assert gigachat("ask", "what", "-a", "cat.jpg", *PRO).code == 0
    (stored,) = simulator.files.all(simulator.credentials)
    assert stored.content == CAT
    assert uploads(simulator) == 2


def test_a_file_that_changes_while_it_is_sent_is_told(gigachat: Program, simulator: Simulator, folder: Path) -> None:
    large = folder / "large.pdf"
    large.write_bytes(b"%PDF-1")
    os.truncate(large, 30_000_000)
    simulator.faults.add("slow", at="oauth", seconds=1.5)
    running = gigachat.start("ask", "what", "-a", "large.pdf")
    simulator.wait_for(1, "oauth")
    os.truncate(large, 20_000_000)
    result = ended(running)
    assert result.code == 2
    assert "large.pdf was changed while it was sent." in result.err
    assert simulator.calls("chat") == []


def test_memory_does_not_grow_with_the_file(gigachat: Program, simulator: Simulator, folder: Path) -> None:
    def peak(size: int) -> int:
        file = folder / f"{size}.pdf"
        file.write_bytes(b"%PDF-1" + os.urandom(16))
        os.truncate(file, size)
        command = [*gigachat.arguments, "files", "upload", file.name]
        running = subprocess.Popen(command, env=gigachat.environment(), cwd=folder, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = status
        assert status == 0
        return used.ru_maxrss * 1024

    assert gigachat("models").code == 0
    assert peak(39_000_000) < peak(1_000) + 13_000_000


def test_a_dry_run_uploads_nothing(gigachat: Program, simulator: Simulator, folder: Path) -> None:
    shown = json.loads(gigachat("ask", "what", "-a", "cat.jpg", "-a", "rows.csv", "--dry-run").out)
    (message,) = shown["body"]["messages"]
    assert message["attachments"] == ["(the id of cat.jpg, once uploaded)"]
    assert "rows.csv:" in message["content"]
    assert simulator.requests == []


def test_a_name_with_quotes_and_cyrillic_arrives(gigachat: Program, simulator: Simulator, folder: Path) -> None:
    name = 'кот "наш".jpg'
    (folder / name).write_bytes(CAT)
    assert gigachat("ask", "what", "-a", name, *PRO).code == 0
    (stored,) = simulator.files.all(simulator.credentials)
    assert stored.filename.replace("%22", '"') == name


def test_an_upload_is_shown_beside_the_spinner(
    simulator: Simulator, folder: Path, at_terminal: Callable[..., Terminal]
) -> None:
    large = folder / "large.pdf"
    large.write_bytes(b"%PDF-1")
    os.truncate(large, 3_000_000)
    simulator.faults.add("slow", at="upload", seconds=1.0)
    running = at_terminal("ask", "what", "-a", "large.pdf", streams=("stderr",))
    assert running.ended() == 0
    assert b"Uploading large.pdf: " in running.raw
    assert sent(simulator)["model"] == "GigaChat-3-Lightning"
