"""What a growing answer sends to the terminal: few bytes, small moves, colour only where wanted, safe resizes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from gigachat_cli.render.markdown import GrowingMarkdown, MarkdownOptions, render_offline

from .corpora import CORPORA, numbered_words
from .screens import Clock, Growing, offline, random_cuts, split

_SEQUENCE = re.compile(r"\x1b\[\d*[ACJK]|\x1b\[\?2026[hl]|\x1b\[[\d;]*m|\x1b\]8;;[^\x1b]*\x1b\\")
_COLOUR = re.compile(r"\x1b\[(?:[\d;]*;)?(?:3\d|4\d|9\d|10\d)[;m]")


@pytest.mark.parametrize("name", CORPORA)
def test_terminal_gets_nothing_but_text_colours_links_and_small_moves(name: str) -> None:
    growing = Growing(60, 10)
    growing.feed(*CORPORA[name])
    growing.finish()
    sent = "".join(growing.screen.sent)
    assert not re.search(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]", _SEQUENCE.sub("", sent))
    assert all(int(up or 1) < 10 for up in re.findall(r"\x1b\[(\d*)A", sent))


def test_entities_and_addresses_cannot_send_control_characters() -> None:
    text = "&#27;[31m &#x9b;x &#x61c; &#x202e;x &#13; <http://x/%1b]0;t%07> [a](</%1b> '&#27;') "
    text += "![&#27;c](/%9b) $\\text{&#27;}$"
    for rendered in (render_offline(text, width=80, options=MarkdownOptions()), _sent(text)):
        left = _SEQUENCE.sub("", rendered)
        assert not re.search("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u202e]", left)


@pytest.mark.parametrize("name", CORPORA)
def test_without_colour_there_is_none(name: str) -> None:
    rendered = render_offline(CORPORA[name], width=60, options=MarkdownOptions(color="none"))
    assert not _COLOUR.search(rendered)
    assert _COLOUR.search(render_offline("`code`", width=60, options=MarkdownOptions(color="standard")))


@pytest.mark.parametrize("name", CORPORA)
def test_no_row_ends_with_blanks_and_none_is_wider_than_the_screen(name: str) -> None:
    rendered = _SEQUENCE.sub("", render_offline(CORPORA[name], width=200, options=MarkdownOptions()))
    assert not [line for line in rendered.split("\n") if line.endswith(" ")]


def test_long_code_line_is_sent_in_one_piece() -> None:
    line = "x = '" + "слово " * 60 + "'"
    text = f"```python\n{line}\n```\n"
    assert line in _SEQUENCE.sub("", _sent(text)).replace("\r", "").split("\n")
    assert line in _SEQUENCE.sub("", render_offline(text, width=80, options=MarkdownOptions())).split("\n")


def test_tabs_in_code_become_blanks_unless_the_terminal_copies_them() -> None:
    assert offline("```\n\tx\ty\n```", 80)[1] == "    x   y"
    assert offline("```\n\tx\ty\n```", 80, options=MarkdownOptions(tabs=True))[1] == "        x       y"


def test_frames_are_at_most_thirty_a_second_and_nothing_waits_for_ever() -> None:
    clock = Clock()
    frames: list[float] = []
    markdown = GrowingMarkdown(
        lambda _: frames.append(clock.now), width=80, height=24, options=MarkdownOptions(), clock=clock
    )
    for word in numbered_words(0, 200).split():
        markdown.feed(word + " ")
        clock.now += 0.01
    assert 40 <= len(frames) <= 61
    markdown.feed("the ")
    markdown.feed("last")
    due = markdown.next_frame_due()
    assert due is not None
    clock.now = due
    markdown.tick()
    assert markdown.next_frame_due() is None
    assert frames[-1] == due


def test_slow_terminal_earns_longer_pauses() -> None:
    clock = Clock()

    def slow_write(text: str) -> None:
        clock.now += 0.01

    markdown = GrowingMarkdown(slow_write, width=80, height=24, options=MarkdownOptions(), clock=clock)
    markdown.feed("слово ")
    markdown.feed("слово ")
    due = markdown.next_frame_due()
    assert due is not None
    assert due - clock.now > 0.1


def test_frames_that_move_are_synchronized_and_only_where_it_is_known() -> None:
    text = "Слово **жирное** и `код` дальше\n\n| a | b |\n|---|---|\n| c | d |\n| long | d |\n"
    growing = Growing(60, 20)
    growing.feed(*text)
    growing.finish()
    moving = [sent for sent in growing.screen.sent if re.search(r"\x1b\[\d*[ACJK]", sent)]
    assert moving
    assert all(sent.startswith("\x1b[?2026h") and sent.endswith("\x1b[?2026l") for sent in moving)
    growing = Growing(60, 20, synchronized=False)
    growing.feed(*text)
    growing.finish()
    assert "2026" not in "".join(growing.screen.sent)


def test_plain_words_are_sent_once() -> None:
    text = numbered_words(0, 500)
    assert len(_sent(text)) < 1.2 * len(render_offline(text, width=80, options=MarkdownOptions()))


@pytest.mark.parametrize("name", CORPORA)
def test_bytes_stay_near_those_of_the_offline_rendering(name: str) -> None:
    text = CORPORA[name] * 3
    whole = len(render_offline(text, width=80, options=MarkdownOptions()).encode())
    growing = Growing(80, 24)
    growing.feed(*split(text, range(0, len(text), 12)))
    growing.finish()
    assert sum(len(sent.encode()) for sent in growing.screen.sent) < 3 * whole


@pytest.mark.parametrize("name", CORPORA)
def test_wider_and_higher_or_lower_screen_leaves_neither_debris_nor_loss(name: str) -> None:
    text = CORPORA[name]
    letters = Counter(re.findall(r"\w", "".join(offline(text, 200))))
    for seed in range(3):
        growing = Growing(120, 30)
        pieces = split(text, random_cuts(text, 4 * seed + 1))
        for number, piece in enumerate(pieces):
            growing.feed(piece)
            if number % 5 == 2:
                growing.resize(*((140, 30), (140, 60), (150, 60), (160, 70))[min(3, number // 5)])
        assert Counter(re.findall(r"\w", "".join(growing.finish()))) == letters


def test_after_a_wider_resize_the_open_paragraph_fills_the_new_width() -> None:
    growing = Growing(40, 20)
    growing.feed(numbered_words(0, 20))
    growing.resize(100, 20)
    growing.feed(" " + numbered_words(20, 20))
    assert growing.finish() == offline(numbered_words(0, 40), 100)


def test_narrower_screen_leaves_what_no_longer_fits_and_goes_on_below() -> None:
    growing = Growing(80, 20)
    growing.feed("Заголовок\n\n", numbered_words(0, 5), " сло")
    growing.resize(60, 20)  # the row still fits, so it is drawn again
    growing.feed("во ", numbered_words(5, 20))
    lines = growing.finish()
    assert re.findall(r"слово\d*", " ".join(lines)) == [
        *numbered_words(0, 5).split(),
        "слово",
        *numbered_words(5, 20).split(),
    ]
    assert max(map(len, lines)) < 60


_DRIVER = """
import os, re, signal, sys, time
from gigachat_cli.render.markdown import GrowingMarkdown, MarkdownOptions
def size():
    columns, lines = os.get_terminal_size()
    return columns, lines
def write(text):
    sys.stdout.write(text)
    sys.stdout.flush()
width, height = size()
markdown = GrowingMarkdown(write, width=width, height=height, options=MarkdownOptions(color="256"), synchronized=True)
resized = []
# Between two pieces, as the program's event loop does it, and never within one.
signal.signal(signal.SIGWINCH, lambda *_: resized.append(True))
print("$ question", flush=True)
for piece in re.findall(r"\\s*\\S{1,9}", open(sys.argv[1], encoding="utf-8").read()):
    markdown.feed(piece)
    time.sleep(0.004)
    if resized:
        resized.clear()
        markdown.resize(*size())
    markdown.tick()
markdown.finish()
print("THE END", flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(shutil.which("tmux") is None, reason="needs a terminal that wraps its rows anew: tmux")
def test_resizes_of_a_terminal_that_wraps_anew_lose_and_double_nothing(tmp_path: Path) -> None:
    answer = tmp_path / "answer.md"
    driver = tmp_path / "driver.py"
    driver.write_text(_DRIVER, encoding="utf-8")
    answer.write_text(_numbered_answer(), encoding="utf-8")
    socket = str(tmp_path / "tmux")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "LC_ALL": "C.UTF-8"}

    def tmux(*arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", socket, "-f", "/dev/null", *arguments], env=environment, capture_output=True, check=True
        )
        return done.stdout.decode()

    tmux("new-session", "-d", "-x", "90", "-y", "24", f"exec {sys.executable} {driver} {answer}")
    try:
        for width, height in ((50, 24), (120, 30), (61, 10), (100, 30), (33, 20), (80, 24)):
            time.sleep(0.4)
            tmux("resize-window", "-x", str(width), "-y", str(height))
        deadline = time.monotonic() + 30
        while "THE END" not in (screen := tmux("capture-pane", "-p", "-J", "-S", "-")) and time.monotonic() < deadline:
            time.sleep(0.2)
    finally:
        tmux("kill-server")
    assert screen.startswith("$ question")
    found = Counter(re.findall(r"w\d{4}w", screen.replace("\n", "")))
    assert found == Counter(re.findall(r"w\d{4}w", _numbered_answer()))


def _numbered_answer() -> str:
    numbers = iter(range(10_000))

    def words(count: int) -> str:
        return " ".join(f"w{next(numbers):04d}w" for _ in range(count))

    section: list[Callable[[], str]] = [
        lambda: f"## {words(2)}\n\n{words(50)} **{words(3)}** {words(20)}\n",
        lambda: "\n".join(f"- {words(12)}\n  - {words(4)}" for _ in range(3)) + "\n",
        lambda: "```python\n" + "\n".join(f"x = '{words(1)}'  # {words(9)}" for _ in range(5)) + "\n```\n",
        lambda: "| A | B |\n|---|---|\n" + "\n".join(f"| {words(2)} | {words(3)} |" for _ in range(4)) + "\n",
        lambda: f"> {words(30)}\n",
    ]
    return "\n".join(part() for _ in range(3) for part in section)


def _sent(text: str) -> str:
    growing = Growing(80, 24)
    growing.feed(*split(text, range(0, len(text), 7)))
    growing.finish()
    return "".join(growing.screen.sent)


@pytest.mark.parametrize(
    "text",
    [
        "Пусть $abc + \\alpha$ и \\(def\\) равны.",
        "см. [abc](https://e.org/def) и `ghi` так",
        "a &copy;, H<sub>2</sub>O <kbd>def</kbd> и **ghi**",
    ],
)
def test_what_is_not_shown_yet_when_the_screen_is_left_is_not_lost(text: str) -> None:
    letters = Counter(re.findall("[a-zа-я]", text))
    for cut in range(1, len(text)):
        growing = Growing(60, 24)
        growing.feed(text[:cut])
        growing.markdown.leave()
        growing.feed(text[cut:])
        shown = "".join(growing.finish())
        for symbol, name in (("α", "alpha"), ("©", "copy"), ("(def)", "def")):
            shown = shown.replace(symbol, name)
        tags = Counter("subsub" + "kbdkbd" + "httpseorgdef" * ("http" in text))
        assert letters - tags <= Counter(re.findall("[a-zа-я]", shown)), (cut, shown)
