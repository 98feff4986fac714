"""No shape of text costs more than its length: what is drawn in one piece, in small ones, or rendered whole.

The work is counted in calls of functions, so that no clock and no other load decides.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from bench.shapes import SHAPES
from gigachat_cli.render.markdown import GrowingMarkdown, MarkdownOptions, rendered_in_steps

from .screens import Clock

QUICK = [
    "short lines",
    "definitions",
    "formula",
    "nested lists",
    "joiners",
    "combining marks",
    "wide tables",
    "glyphs in code",
]
MOST = 1.15
LONGEST_STEP = 600_000  # calls


def _calls(text: str, size: int) -> int:
    """The calls that a text costs in pieces of this size; whole, when that is 0."""
    return _count(lambda: _grown(text, size) if size else _whole(text))


def _count(work: Callable[[], None]) -> int:
    calls = 0

    def note(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


def _calls_of_steps(markdown: GrowingMarkdown) -> Iterator[int]:
    while markdown.is_behind:
        yield _count(markdown.advance)
    goes_on = True

    def finish_a_part() -> None:
        nonlocal goes_on
        goes_on = markdown.finish_a_part()

    while goes_on:
        yield _count(finish_a_part)


def _whole(text: str) -> None:
    for _ in rendered_in_steps(text, width=80, options=MarkdownOptions()):
        pass


def _grown(text: str, size: int) -> None:
    clock = Clock()
    markdown = GrowingMarkdown(lambda _: None, width=80, height=24, options=MarkdownOptions(), clock=clock)
    for start in range(0, len(text), size):
        markdown.feed(text[start : start + size])
        clock.now += 1.0
    markdown.finish()


@pytest.mark.parametrize("shape", QUICK)
def test_work_grows_with_the_length_of_the_text(shape: str) -> None:
    _assert_linear(shape, 1500, 9000)


@pytest.mark.parametrize("shape", SHAPES)
def test_no_step_is_long(shape: str) -> None:
    """So that Ctrl-C and keys are heard between them: a step takes a fiftieth of a second, or less."""
    seconds = count()  # each look at the clock finds the time for a step over, so that each step is the shortest
    markdown = GrowingMarkdown(
        lambda _: None, width=80, height=24, options=MarkdownOptions(), clock=lambda: next(seconds)
    )
    make = SHAPES[shape]
    markdown.feed(make(int(5_000 * 100 / len(make(100)))))
    assert max(_calls_of_steps(markdown)) < LONGEST_STEP


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("shape", SHAPES)
def test_work_grows_with_the_length_of_a_long_text(shape: str) -> None:
    _assert_linear(shape, 16_000, 64_000)


def _assert_linear(shape: str, short: int, long: int) -> None:
    make = SHAPES[shape]
    share = 100 / len(make(100))
    few, many = make(int(short * share)), make(int(long * share))
    for size in (0, 512, len(many)):
        # The second time counts: the first one pays for what is kept, and tests before may have paid for it.
        costs = [min(_calls(text, size) for _ in range(2)) for text in (few, many)]
        assert math.log(costs[1] / costs[0]) / math.log(len(many) / len(few)) < MOST, (size, costs)
