"""Answers as models write them: nothing of them is lost or misread, whole and while they come."""

from __future__ import annotations

import pytest

from .answers import CODE, RealAnswer, real_answers
from .screens import grown, offline, random_cuts

ANSWERS = real_answers()
_TALL = 150


def test_there_are_enough_of_every_kind() -> None:
    assert len(ANSWERS) == 200
    assert len({formula for answer in ANSWERS for formula in answer.formulas}) > 160
    assert len(CODE) == 12


@pytest.mark.parametrize("start", range(0, 200, 20))
def test_what_has_to_be_seen_is_seen(start: int) -> None:
    for answer in ANSWERS[start : start + 20]:
        assert _missing(answer, offline(answer.text, 80)) == []


@pytest.mark.parametrize("start", range(0, 200, 40))
def test_they_grow_as_they_are_rendered_whole(start: int) -> None:
    _assert_grown_as_whole(ANSWERS[start : start + 40 : 3])


@pytest.mark.soak
def test_each_of_them_grows_as_it_is_rendered_whole() -> None:
    _assert_grown_as_whole(ANSWERS)


def _assert_grown_as_whole(answers: list[RealAnswer]) -> None:
    for number, answer in enumerate(answers):
        width = (80, 50, 120)[number % 3]
        shown = grown(answer.text, width, _TALL, cuts=random_cuts(answer.text, number))
        assert shown == offline(answer.text, width)


def _missing(answer: RealAnswer, lines: list[str]) -> list[str]:
    squeezed = "".join(lines).replace(" ", "")
    return [
        *(formula for formula in answer.formulas if formula not in squeezed),
        *(line for line in answer.code if line.rstrip() not in lines and line.replace(" ", "") not in squeezed),
        *(word for word in answer.cells if not any(word in line for line in lines)),
    ]
