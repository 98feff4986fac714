"""The order of rows, and how many may wait for their turn."""

from __future__ import annotations

import random

import pytest

from gigachat_cli.batch import window as window_module
from gigachat_cli.batch.items import Item
from gigachat_cli.batch.pace import Pace
from gigachat_cli.batch.window import Window


class Sheet:
    """Remembers what is written, and what was put aside before."""

    def __init__(self) -> None:
        self.kept: list[int] = []
        self.written = ""

    def keep(self, line: int, crc: int, row: str) -> None:
        self.kept.append(line)

    def write(self, line: int, crc: int, rows: str, *, count: int) -> None:
        assert rows.endswith(f"{line}\n")
        assert rows.count("\n") == count
        self.written += rows


def items(count: int) -> list[Item]:
    return [Item(line, 0, 0) for line in range(1, count + 1)]


def test_rows_leave_in_the_order_of_the_input_whatever_the_order_of_their_ends() -> None:
    sheet, given = Sheet(), items(200)
    window = Window(sheet, size=200)
    for item in given:
        window.begin(item)
    for item in random.Random(1).sample(given, len(given)):
        window.end(item, f"{item.line}\n")
    assert sheet.written == "".join(f"{item.line}\n" for item in given)
    assert window.has_room


def test_a_row_before_its_turn_is_put_aside_at_once_and_one_in_turn_never() -> None:
    sheet = Sheet()
    window = Window(sheet, size=10)
    first, second, third = items(3)
    for item in (first, second, third):
        window.begin(item)
    window.end(second, "2\n")
    assert (sheet.kept, sheet.written) == ([2], "")
    window.end(first, "1\n")
    window.end(third, "3\n")
    assert (sheet.kept, sheet.written) == ([2], "1\n2\n3\n")


def test_the_window_is_bounded_in_items_and_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    window = Window(Sheet(), size=3)
    given = items(4)
    for item in given[:3]:
        assert window.has_room
        window.begin(item)
    assert not window.has_room
    window.end(given[1], "2\n")
    assert not window.has_room
    window.end(given[0], "1\n")
    assert window.has_room
    monkeypatch.setattr(window_module, "_MOST_BYTES", 10)
    window.begin(given[3])
    window.end(given[3], "4" * 20 + "4\n")
    assert not window.has_room


def test_the_pace_halves_once_for_those_refused_together_and_comes_back() -> None:
    pace = Pace(10)
    pace.refused(None)
    pace.refused(None)
    assert pace.level == 5
    for _ in range(200):
        pace.answered()
    assert pace.level == 10


async def test_a_worker_beyond_the_pace_waits_until_it_comes_back() -> None:
    import asyncio

    pace = Pace(2)
    pace.refused(0.01)
    waiting = asyncio.create_task(pace.turn(1))
    await pace.turn(0)
    assert not waiting.done()
    for _ in range(5):
        pace.answered()
    await asyncio.wait_for(waiting, 5)
