"""Pictures and other files that the service makes: saved, named in a pipe, shown at a terminal, lost without harm."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from gigachat_cli.simulator import Simulator
from gigachat_cli.simulator.pictures import model_3d, picture

from ..conftest import Program
from ..terminal import Terminal
from .conftest import Rules, ended, prompt_of, sent, until

CAT = picture("cat")
TAG = '<img src="{}" fuse="true"/>'
AUTO = ("-o", 'function_call="auto"')


@pytest.fixture
def cat(simulator: Simulator) -> str:
    """The id of a picture that the service has made."""
    return simulator.files.add(simulator.credentials, CAT, mime="image/jpeg", filename="cat.jpg").id


def saved(home: Path) -> list[Path]:
    folder = home / "data" / "images"
    return sorted(folder.iterdir()) if folder.is_dir() else []


# In a pipe


def test_a_picture_is_saved_and_its_path_takes_the_tags_place(
    gigachat: Program, simulator: Simulator, home: Path
) -> None:
    result = gigachat("image", "Нарисуй", "кота")
    assert (result.code, result.err) == (0, "")
    (path,) = saved(home)
    assert result.out == f"{path} вот мой симулированный рисунок: «Нарисуй кота».\n"
    assert sent(simulator)["function_call"] == "auto"
    (stored,) = simulator.files.all(simulator.credentials)
    assert path.read_bytes() == stored.content
    assert re.fullmatch(rf"\d{{4}}-\d\d-\d\d-\d{{6}}-{stored.id[:8]}\.jpg", path.name)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (("A", "cat"), "Draw: A cat"),
        (("кот в шляпе",), "Нарисуй: кот в шляпе"),
        (("Drawbridge at dawn",), "Draw: Drawbridge at dawn"),
        (("7 × 6",), "Draw: 7 × 6"),
        (("Please, draw a cat",), "Please, draw a cat"),
        (("Пожалуйста,", "нарисуйте кота"), "Пожалуйста, нарисуйте кота"),
    ],
)
def test_a_bare_description_is_drawn(
    words: tuple[str, ...], asked: str, gigachat: Program, simulator: Simulator, home: Path
) -> None:
    result = gigachat("image", *words)
    assert (result.code, result.err) == (0, "")
    (path,) = saved(home)
    assert path.read_bytes() == picture(asked)
    assert prompt_of(simulator) == asked


def test_the_history_holds_the_request_to_draw_as_it_was_sent(
    gigachat: Program, simulator: Simulator, home: Path
) -> None:
    assert gigachat("image", "--no-stdin", "A cat").code == 0
    (session,) = json.loads(gigachat("history", "list", "--json").out)
    assert "Draw: A cat" in gigachat("history", "show", session["id"]).out


def test_a_description_in_a_pipe_is_drawn(gigachat: Program, simulator: Simulator, home: Path) -> None:
    assert gigachat("image", stdin="кот\n").code == 0
    assert prompt_of(simulator) == "Нарисуй: кот"
    assert len(saved(home)) == 1


def test_the_picture_alone_goes_to_stdout(gigachat: Program, simulator: Simulator, rules: Rules) -> None:
    running = gigachat.start("image", "--no-stdin", "A cat", "-O", "-")
    out, err = running.communicate(timeout=20)
    assert (running.returncode, err) == (0, b"")
    assert out == picture("Draw: A cat")
    both = gigachat("image", "A cat", "-O", "-", "--json")
    rules.hold(both)
    assert (both.code, both.out) == (2, "")
    assert len(simulator.calls("chat")) == 1


def test_a_picture_is_not_thrown_at_a_terminal(at_terminal: Callable[..., Terminal], simulator: Simulator) -> None:
    screen = at_terminal("image", "A cat", "-O", "-")
    assert screen.ended() == 2
    assert "no good on a terminal" in screen.text
    assert simulator.calls("chat") == []


def test_json_names_the_files(gigachat: Program, simulator: Simulator, home: Path) -> None:
    answer = json.loads(gigachat("image", "Нарисуй", "кота", "--json").out)
    (path,) = saved(home)
    (stored,) = simulator.files.all(simulator.credentials)
    assert answer["files"] == [{"id": stored.id, "path": str(path), "type": "image/jpeg"}]
    assert answer["answer"].startswith(f"{path} ")
    assert json.loads(gigachat("ask", "hi", "--json").out)["files"] == []


def test_a_picture_goes_where_it_is_wanted_and_never_over_another_file(
    gigachat: Program, simulator: Simulator, rules: Rules, home: Path
) -> None:
    assert gigachat("image", "Нарисуй", "кота", "-O", "cat.jpg").out.startswith(f"{home}/cat.jpg ")
    before = (home / "cat.jpg").read_bytes()
    assert saved(home) == []
    asked = len(simulator.calls("chat"))
    for place, said in (("cat.jpg", "exists"), (".", "is a folder"), ("none/cat.jpg", "does not exist")):
        result = gigachat("image", "Нарисуй", "пса", "-O", place)
        rules.hold(result)
        assert (result.code, result.out) == (2, "")
        assert said in result.err
    assert len(simulator.calls("chat")) == asked
    assert gigachat("image", "Нарисуй", "пса", "-O", "cat.jpg", "--force").code == 0
    assert (home / "cat.jpg").read_bytes() != before


def test_several_pictures_do_not_overwrite_each_other(
    gigachat: Program, simulator: Simulator, home: Path, cat: str
) -> None:
    other = simulator.files.add(simulator.credentials, picture("dog"), mime="image/jpeg", filename="").id
    simulator.answer = f"{TAG.format(cat)} and {TAG.format(other)} and {TAG.format(cat)}"
    result = gigachat("image", "draw", "-O", "x.jpg")
    assert result.out == f"{home}/x.jpg and {home}/x-2.jpg and {home}/x.jpg\n"
    assert (home / "x-2.jpg").read_bytes() == picture("dog")
    for _ in range(2):
        assert gigachat("ask", "draw").code == 0
    assert len(saved(home)) == 4
    assert sum("/content" in request.path for request in simulator.calls("files")) == 6


@pytest.mark.parametrize("size", [1, 2, 7, 40])
def test_a_tag_split_between_chunks_is_one(
    size: int, gigachat: Program, simulator: Simulator, home: Path, cat: str
) -> None:
    text = f"Before <b>it</b> a < b.\n{TAG.format(cat)} after <i>it"
    simulator.answer = [text[at : at + size] for at in range(0, len(text), size)]
    result = gigachat("ask", "draw")
    (path,) = saved(home)
    assert (result.out, result.err) == (f"Before <b>it</b> a < b.\n{path} after <i>it\n", "")


def test_a_whole_answer_is_treated_alike(gigachat: Program, simulator: Simulator, home: Path, cat: str) -> None:
    simulator.answer = f"{TAG.format(cat)} here"
    result = gigachat("ask", "draw", "--no-stream")
    (path,) = saved(home)
    assert result.out == f"{path} here\n"


@pytest.mark.parametrize(
    "text",
    [
        '<img src="x.png"/> is HTML',
        'use <img src="" fuse="true"/>',
        '<img src="a" fuse="false"/>',
        '<a href="b" fuse="true">',
        '<img src="a\n" fuse="true"/>',
        "a <",
        "<img src=",
    ],
)
def test_other_tags_are_text(text: str, gigachat: Program, simulator: Simulator, home: Path) -> None:
    simulator.answer = list(text)
    result = gigachat("ask", "hi")
    assert (result.out, result.code, result.err) == (f"{text}\n", 0, "")
    assert simulator.calls("files") == []


def test_a_model_in_3d_is_saved_alike(gigachat: Program, simulator: Simulator, home: Path) -> None:
    stored = simulator.files.add(simulator.credentials, model_3d("cat"), mime="model/fbx", filename="")
    simulator.answer = f'<div data-model-id="{stored.id}" fuse="true"/> here'
    answer = json.loads(gigachat("ask", "draw", "--json").out)
    (path,) = saved(home)
    assert path.suffix == ".fbx"
    assert path.read_bytes() == stored.content
    assert answer["files"][0]["type"] == "model/fbx"


def test_stream_json_tells_the_path_as_a_chunk(gigachat: Program, simulator: Simulator, home: Path, cat: str) -> None:
    simulator.answer = ["See ", TAG.format(cat), " here"]
    lines = [json.loads(line) for line in gigachat("ask", "draw", "--output", "stream-json").out.splitlines()]
    (path,) = saved(home)
    assert [line["text"] for line in lines[:-1]] == ["See ", str(path), " here"]
    assert lines[-1]["answer"] == f"See {path} here"


def test_the_history_keeps_the_tag_which_goes_again(
    gigachat: Program, simulator: Simulator, home: Path, cat: str
) -> None:
    simulator.answer = f"{TAG.format(cat)} here"
    assert gigachat("ask", "draw").code == 0
    simulator.answer = "A cat."
    assert gigachat("ask", "-c", "what is it?").code == 0
    body = simulator.calls("chat")[-1].json
    assert isinstance(body, dict)
    assert body["messages"][1]["content"] == f"{TAG.format(cat)} here"


def test_the_download_waits_for_the_accounts_only_place(
    gigachat: Program, simulator: Simulator, home: Path, cat: str
) -> None:
    simulator.max_requests = 1
    simulator.pace = 0.05
    simulator.answer = [TAG.format(cat), " one", " two", " three"]
    assert gigachat("ask", "draw", "--max-retries", "0").code == 0
    assert simulator.accounts.peak() == 1
    assert len(saved(home)) == 1


# What goes wrong


@pytest.mark.parametrize("fault", ["403", "404", "500", "cut", "reset", "429"])
def test_a_picture_that_is_not_had_costs_nothing_of_the_text(
    fault: str, gigachat: Program, simulator: Simulator, rules: Rules, home: Path, cat: str
) -> None:
    simulator.faults.add(fault, at="content", times=None)
    simulator.answer = f"Before {TAG.format(cat)} after"
    result = gigachat("ask", "draw", "--max-retries", "0")
    rules.hold(result)
    assert (result.code, result.out) == (0, f"Before {TAG.format(cat)} after\n")
    assert result.err.count("\n") == 1
    assert f"The file {cat} was not saved" in result.err
    assert saved(home) == []


def test_image_ends_with_the_problem_of_its_download(
    gigachat: Program, simulator: Simulator, rules: Rules, cat: str
) -> None:
    simulator.faults.add("404", at="content", times=None)
    simulator.answer = f"{TAG.format(cat)} here"
    result = gigachat("image", "draw", "--json")
    rules.hold(result)
    assert result.code == 1
    assert json.loads(result.out)["answer"] == f"{TAG.format(cat)} here"
    assert json.loads(result.err)["error"]["code"] == "unknown_file"


def test_image_without_a_picture_is_not_as_asked(gigachat: Program, simulator: Simulator, rules: Rules) -> None:
    simulator.answer = "I do not draw that."
    result = gigachat("image", "draw")
    rules.hold(result)
    assert (result.code, result.out) == (6, "I do not draw that.\n")
    assert "There is no picture in the answer." in result.err


def test_a_folder_that_cannot_be_written_costs_only_the_picture(
    gigachat: Program, simulator: Simulator, rules: Rules, home: Path, cat: str
) -> None:
    (home / "data").mkdir(mode=0o700)
    (home / "data" / "images").write_text("no folder")
    simulator.answer = f"{TAG.format(cat)} here"
    result = gigachat("ask", "draw")
    rules.hold(result)
    assert (result.code, result.out) == (0, f"{TAG.format(cat)} here\n")
    assert "was not saved" in result.err


def test_a_cut_answer_keeps_the_text_behind_its_tag(
    gigachat: Program, simulator: Simulator, rules: Rules, cat: str
) -> None:
    simulator.answer = ["Before ", TAG.format(cat), " after", " more", " and more"]
    simulator.faults.add("cut", after=3)
    result = gigachat("ask", "draw")
    rules.hold(result)
    assert (result.code, result.out) == (4, f"Before {TAG.format(cat)} after\n")


def test_ctrl_c_keeps_the_text_behind_a_tag(gigachat: Program, simulator: Simulator, home: Path, cat: str) -> None:
    simulator.answer = ["Before ", TAG.format(cat), " after", " more"]
    simulator.faults.add("stall", after=3, seconds=30)
    running = gigachat.start("ask", "draw")
    assert running.stdout is not None
    assert os.read(running.stdout.fileno(), 100) == b"Before "
    simulator.wait_for(1, "chat")
    # Once the tag is in the journal it has come.
    history = home / "data" / "history.db-wal"
    until(lambda: history.exists() and b" after" in history.read_bytes())
    running.send_signal(signal.SIGINT)
    result = ended(running)
    assert (result.code, result.out) == (130, f"{TAG.format(cat)} after\n")
    assert saved(home) == []


# At a terminal


def blocks(running: Terminal) -> list[tuple[str, str]]:
    """The colours of the half-blocks on the screen."""
    return [(cell.fg, cell.bg) for row in running.cells() for cell in row if cell.data == "▀"]


@pytest.mark.parametrize("words", [[], ["--raw"]])
def test_a_terminal_shows_the_picture_in_its_place(
    words: list[str], simulator: Simulator, home: Path, cat: str, at_terminal: Callable[..., Terminal]
) -> None:
    simulator.answer = ["Before.\n\n", TAG.format(cat), " After."]
    running = at_terminal("ask", "draw", *words, environment={"COLORTERM": "truecolor"})
    assert running.ended() == 0
    lines = running.filled_lines
    drawn = [number for number, line in enumerate(lines) if "▀" in line]
    (path,) = saved(home)
    assert lines[0] == "Before."
    assert drawn == list(range(1, 1 + len(drawn)))
    assert len(drawn) > 5
    assert lines[drawn[-1] + 1] == str(path)[:80]
    assert lines[-1] == "After."
    colours = blocks(running)
    assert len(colours) == 2 * len(drawn) ** 2  # a square, of twice as many columns as rows
    assert len(set(colours)) > 20
    assert path.as_uri().encode() in running.raw


@pytest.mark.parametrize(("way", "begun"), [("kitty", b"\x1b_Ga=T"), ("sixel", b"\x1bPq"), ("iterm2", b"\x1b]1337;")])
def test_the_setting_chooses_the_way(
    way: str, begun: bytes, simulator: Simulator, cat: str, at_terminal: Callable[..., Terminal]
) -> None:
    simulator.answer = TAG.format(cat)
    running = at_terminal("ask", "draw", environment={"GIGACHAT_IMAGES": way})
    assert running.ended() == 0
    assert begun in running.raw


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"GIGACHAT_IMAGES": "link"}, {"NO_COLOR": "1"}])
def test_a_terminal_that_cannot_draw_shows_the_path(
    environment: dict[str, str], simulator: Simulator, home: Path, cat: str, at_terminal: Callable[..., Terminal]
) -> None:
    simulator.answer = f"{TAG.format(cat)} After."
    running = at_terminal("ask", "draw", environment=environment, columns=200)
    assert running.ended() == 0
    (path,) = saved(home)
    assert running.filled_lines == [str(path), "After."]
    assert (b"\x1b" in running.raw) == (environment.get("TERM") != "dumb")


def test_what_is_lost_is_told_on_a_line_of_its_own(
    simulator: Simulator, cat: str, at_terminal: Callable[..., Terminal]
) -> None:
    simulator.faults.add("404", at="content", times=None)
    simulator.answer = f"Before {TAG.format(cat)} after"
    for words in ([], ["--raw"]):
        running = at_terminal("ask", "draw", *words, columns=200)
        assert running.ended() == 0
        first, told, tag = running.filled_lines
        assert first == "Before"
        assert told.startswith(f"gigachat: The file {cat} was not saved: The service has no file")
        assert f"{TAG.format(cat)} after" == tag


def test_the_progress_of_the_service_stands_beside_the_spinner(
    simulator: Simulator, at_terminal: Callable[..., Terminal]
) -> None:
    simulator.pace = 0.5
    running = at_terminal("image", "Нарисуй", "кота", streams=("stderr",))
    assert running.ended() == 0
    assert b"seconds left" in running.raw


def test_the_progress_of_the_service_is_no_part_of_an_answer(gigachat: Program, simulator: Simulator) -> None:
    result = gigachat("image", "Нарисуй", "кота")
    assert "left" not in result.out
    assert result.err == ""
