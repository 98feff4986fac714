"""A batch never destroys a file: what is not its own it leaves alone, whatever it is asked for."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from gigachat_cli.batch.row_file import RowFile
from gigachat_cli.errors import UsageError
from gigachat_cli.simulator import Simulator

from ..conftest import Program
from .conftest import Rules, ended, until

GOING_ON = [[], ["--resume"], ["--retry-failed"]]
ROW = '{"line": 1, "answer": "mine", "complete": true}\n'


@pytest.fixture(autouse=True)
def inputs(home: Path) -> None:
    (home / "a.jsonl").write_text('"one"\n"two"\n"three"\n')
    (home / "b.jsonl").write_text('"another one"\n"another two"\n"another three"\n"another four"\n')


def contents(home: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in home.iterdir() if each.is_file()}


def refused(gigachat: Program, simulator: Simulator, rules: Rules, home: Path, *words: str) -> str:
    """A batch that must be refused, with every file as it was and nothing asked; what it said."""
    before, asked = contents(home), len(simulator.calls("chat"))
    result = gigachat("batch", *words)
    assert (result.code, result.out) == (2, ""), result.err
    rules.hold(result)
    assert contents(home) == before
    assert len(simulator.calls("chat")) == asked
    return result.err


@pytest.mark.parametrize("again", GOING_ON)
@pytest.mark.parametrize(
    "content",
    [
        "a note",
        "a note\n",
        "{}\n",
        '{"line": 1}\n',
        '{"line": 1}',
        '{"line": 5, "text": "all that I have"}',
        '{"line": 5, "text": "all that I ha',
        '{"id": 5, "na',
        '{"line": true, "answer": "x"}\n',
        ROW + "a note\n",
        ROW + '{"line": 2, "text": "mine"}\n',
        ROW + '{"line": 2, "text": "mi',
        ROW + ROW,
    ],
)
def test_an_output_that_is_something_else_is_left_alone(tmp_path: Path, again: list[str], content: str) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text(content)
    with pytest.raises(UsageError):
        RowFile(path, resume="--resume" in again, force=False, retry_failed="--retry-failed" in again)
    assert path.read_text() == content
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["out.jsonl"]


@pytest.mark.parametrize("again", GOING_ON)
def test_a_finished_output_of_another_input_is_left_alone(
    gigachat: Program, simulator: Simulator, rules: Rules, home: Path, again: list[str]
) -> None:
    simulator.faults.add("422", skip=1)
    assert gigachat("batch", "a.jsonl", "-O", "out.jsonl").code == 6
    told = refused(gigachat, simulator, rules, home, "b.jsonl", "-O", "out.jsonl", *again)
    assert ("not the input" in told) == bool(again)
    if again:  # by another name, and through a link
        (home / "link.jsonl").symlink_to("out.jsonl")
        assert "not the input" in refused(gigachat, simulator, rules, home, "b.jsonl", "-O", "link.jsonl", *again)
        assert gigachat("batch", "a.jsonl", "-O", "out.jsonl", "--retry-failed").code == 0


def test_rows_of_which_nothing_is_known_are_left_alone(
    gigachat: Program, simulator: Simulator, rules: Rules, home: Path
) -> None:
    (home / "out.jsonl").write_text(ROW)
    for again in GOING_ON:
        told = refused(gigachat, simulator, rules, home, "a.jsonl", "-O", "out.jsonl", *again)
        assert ("Nothing says" in told) == bool(again)


def test_a_batch_that_was_killed_after_its_first_row_knows_its_input(
    gigachat: Program, simulator: Simulator, rules: Rules, home: Path
) -> None:
    simulator.faults.add("stall", skip=1)
    running = gigachat.start("batch", "a.jsonl", "-O", "out.jsonl")
    simulator.wait_for(2, "chat")
    until(lambda: (home / "out.jsonl").exists() and b"\n" in (home / "out.jsonl").read_bytes())
    running.kill()
    running.communicate()
    simulator.wait_until_idle()
    simulator.faults.clear()
    assert "not the input" in refused(gigachat, simulator, rules, home, "b.jsonl", "-O", "out.jsonl", "--resume")
    assert gigachat("batch", "a.jsonl", "-O", "out.jsonl", "--resume").code == 0
    assert len((home / "out.jsonl").read_text().splitlines()) == 3


def test_an_output_begun_anew_forgets_what_it_was_made_from(
    gigachat: Program, simulator: Simulator, home: Path
) -> None:
    assert gigachat("batch", "a.jsonl", "-O", "out.jsonl").code == 0
    assert gigachat("batch", "b.jsonl", "-O", "out.jsonl", "--force").code == 0
    assert gigachat("batch", "b.jsonl", "-O", "out.jsonl", "--resume").code == 0
    assert gigachat("batch", "a.jsonl", "-O", "out.jsonl", "--resume").code == 2


@pytest.mark.parametrize("suffix", ["journal", "previous"])
@pytest.mark.parametrize("again", [*GOING_ON, ["--force"]])
def test_a_file_beside_the_output_that_is_not_ours_is_left_alone(
    gigachat: Program, simulator: Simulator, rules: Rules, home: Path, suffix: str, again: list[str]
) -> None:
    (home / f"out.jsonl.{suffix}").write_text("all that I have\n")
    assert "in the way" in refused(gigachat, simulator, rules, home, "a.jsonl", "-O", "out.jsonl", *again)


@pytest.mark.parametrize("suffix", ["journal", "previous"])
@pytest.mark.parametrize("kind", ["link", "dangling link", "hard link", "folder", "fifo"])
@pytest.mark.parametrize("again", [[], ["--resume"], ["--force"]])
def test_what_stands_beside_the_output_is_never_a_link(
    gigachat: Program, simulator: Simulator, rules: Rules, home: Path, suffix: str, kind: str, again: list[str]
) -> None:
    victim, place = home / "victim", home / f"out.jsonl.{suffix}"
    victim.write_text("1 11 -\n")  # even when it looks like ours
    if kind == "link":
        place.symlink_to(victim)
    elif kind == "dangling link":
        place.symlink_to(home / "nothing")
    elif kind == "hard link":
        place.hardlink_to(victim)
    elif kind == "folder":
        place.mkdir()
    else:
        os.mkfifo(place)
    refused(gigachat, simulator, rules, home, "a.jsonl", "-O", "out.jsonl", *again)
    assert not (home / "nothing").exists()


def test_a_link_that_comes_later_is_not_followed(tmp_path: Path) -> None:
    file = RowFile(tmp_path / "out.jsonl", resume=False, force=False)
    (tmp_path / "victim").write_text("mine")
    file.journal_path.symlink_to(tmp_path / "victim")
    with pytest.raises(Exception, match="could not be written"):
        file.keep(2, 22, ROW)
    file.close(finished=False)
    assert (tmp_path / "victim").read_text() == "mine"


@pytest.mark.parametrize("how", ["itself", "link", "hard link", "stdin", "its journal", "its previous"])
@pytest.mark.parametrize("again", [[], ["--resume"], ["--force"]])
def test_the_output_is_never_the_input(
    gigachat: Program, simulator: Simulator, rules: Rules, home: Path, how: str, again: list[str]
) -> None:
    given, output = home / "a.jsonl", home / "other.jsonl"
    if how in ("itself", "stdin"):
        output = given
    elif how == "link":
        output.symlink_to(given)
    elif how == "hard link":
        output.hardlink_to(given)
    else:
        given = home / f"other.jsonl.{how.split()[1]}"
        given.write_bytes((home / "a.jsonl").read_bytes())
    before = contents(home)
    if how == "stdin":
        with given.open("rb") as stdin:
            result = ended(gigachat.start("batch", "-", "-O", str(output), *again, stdin=stdin))
        assert (result.code, result.out) == (2, "")
    else:
        refused(gigachat, simulator, rules, home, str(given), "-O", str(output), *again)
    assert contents(home) == before


def test_a_device_takes_rows_and_a_folder_none(
    gigachat: Program, simulator: Simulator, rules: Rules, home: Path
) -> None:
    assert gigachat("batch", "a.jsonl", "-O", "/dev/null").code == 0
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    for again in (["--force"], ["--resume"], []):
        assert "is a folder" in refused(gigachat, simulator, rules, home, "a.jsonl", "-O", ".", *again)


def test_retrying_with_another_input_from_stdin_leaves_the_output_in_its_place(
    gigachat: Program, simulator: Simulator, home: Path
) -> None:
    simulator.faults.add("422", skip=2)
    assert gigachat("batch", "a.jsonl", "-O", "out.jsonl").code == 6
    before = contents(home)
    with (home / "b.jsonl").open("rb") as stdin:
        result = ended(gigachat.start("batch", "-", "-O", "out.jsonl", "--retry-failed", stdin=stdin))
    assert result.code == 2
    assert contents(home) == before
    with (home / "a.jsonl").open("rb") as stdin:
        assert ended(gigachat.start("batch", "-", "-O", "out.jsonl", "--retry-failed", stdin=stdin)).code == 0
    assert [json.loads(line)["line"] for line in (home / "out.jsonl").read_text().splitlines()] == [1, 2, 3]


@pytest.mark.parametrize("option", ["--template", "--system", "--schema"])
def test_a_file_that_is_read_is_never_the_output(
    option: str, gigachat: Program, simulator: Simulator, home: Path
) -> None:
    (home / "in.txt").write_text("a\n")
    (home / "read.json").write_text('{"type": "object"}')
    (home / "link.json").symlink_to(home / "read.json")
    for output in ("read.json", "link.json"):
        given = "read.json" if option == "--schema" else "@read.json"
        result = gigachat("batch", "in.txt", option, given, "-O", output, "--force")
        assert result.code == 2
        assert f"{output} is the input." in result.err
    assert (home / "read.json").read_text() == '{"type": "object"}'
    assert simulator.calls("chat") == []
