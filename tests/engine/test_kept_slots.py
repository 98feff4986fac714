"""Slots that are kept over many requests, and let go for those who wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress

import pytest

from gigachat_cli.engine import slots
from gigachat_cli.engine.slots import KeptSlots, slot

ACCOUNT = "account"


def queue(modest: Callable[[], bool] = lambda: False) -> AbstractAsyncContextManager[object]:
    return slot(ACCOUNT, count=1, notify=lambda notice: None, modest=modest)


async def waits() -> None:
    async with queue():
        pass


async def test_a_kept_slot_is_wanted_by_others_and_not_by_its_own_client() -> None:
    kept = KeptSlots(queue, lambda: ACCOUNT)
    mine = kept.slot()
    async with mine:
        sibling = asyncio.create_task(kept.hold())
        await asyncio.sleep(0.1)
        assert not kept.is_wanted()
        other = asyncio.create_task(waits())
        await asyncio.sleep(0.1)
        assert kept.is_wanted()
        assert not other.done()
    for task in (sibling, other):
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert not kept.is_wanted()
    await mine.release()
    await asyncio.wait_for(waits(), 5)


async def test_a_kept_slot_goes_to_who_waits_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "_KEPT_AT_LEAST", 0.0)
    kept = KeptSlots(queue, lambda: ACCOUNT).slot()
    async with kept:
        other = asyncio.create_task(waits())
        await asyncio.sleep(0.1)
    async with kept:
        assert other.done()
    await kept.release()


async def test_a_slot_in_use_is_never_let_go_and_an_idle_one_is() -> None:
    kept = KeptSlots(queue, lambda: ACCOUNT).slot()
    async with kept:
        await kept.release_idle(after=0)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(waits(), 0.3)
    await kept.release_idle(after=60)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(waits(), 0.3)
    await kept.release_idle(after=0)
    await asyncio.wait_for(waits(), 5)
