"""Signals in a running loop: Ctrl-C within half a second, whatever Python code runs.

asyncio tells a task of Ctrl-C when the loop turns next.  Work that keeps the loop from turning, such as a list of a
hundred thousand files that is made fit to be shown, would not hear of it in time: it is ended in its midst.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")

_PATIENCE_SECONDS = 0.15
_AGAIN_SECONDS = 1.0  # Python drops what is raised within a finalizer


def handle(loop: asyncio.AbstractEventLoop, number: int, react: Callable[[], None]) -> None:
    """Let a signal call `react` when the loop turns next, also on Windows, whose loops have no handlers for signals.

    Nothing is done outside the main thread.
    """
    with suppress(ValueError, RuntimeError):
        try:
            loop.add_signal_handler(number, react)
        except NotImplementedError:
            signal.signal(number, lambda number, frame: loop.call_soon_threadsafe(react) and None)


async def apart(work: Callable[[], T]) -> T:
    """What `work` returns or raises; it may wait for stdin, and Ctrl-C need not wait for it."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(set_it: Callable[[Any], None], outcome: object) -> None:
        with suppress(RuntimeError):  # the loop ended meanwhile
            loop.call_soon_threadsafe(lambda: None if done.done() else set_it(outcome))

    def run() -> None:
        try:
            settle(done.set_result, work())
        except BaseException as problem:
            settle(done.set_exception, problem)

    # A daemon: threads of the loop's own pool are waited for at the end.
    threading.Thread(target=run, daemon=True).start()
    return await done


@contextmanager
def on_interrupt(heard: Callable[[], None], unheard: Callable[[], None]) -> Iterator[None]:
    """Let Ctrl-C call `heard` when the running loop turns next, and where it does not turn `unheard`, which may raise.

    Where Ctrl-C is ignored, it stays so.  On Windows, which has no timers of this kind, only the loop is told.
    """
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        yield
        return
    turns: list[asyncio.Handle] = []

    def wait(seconds: float) -> None:
        if sys.platform != "win32":
            signal.setitimer(signal.ITIMER_REAL, seconds, seconds and _AGAIN_SECONDS)

    def come(number: int, frame: FrameType | None) -> None:
        turns.append(loop.call_soon_threadsafe(turn))
        wait(_PATIENCE_SECONDS)

    def turn() -> None:
        wait(0)
        turns.clear()
        heard()

    def late(number: int, frame: FrameType | None) -> None:
        try:
            unheard()
        except BaseException:
            while turns:
                turns.pop().cancel()
            raise

    signal.signal(signal.SIGINT, come)
    if sys.platform != "win32":
        alarm_before = signal.signal(signal.SIGALRM, late)
    try:
        yield
    finally:
        wait(0)
        signal.signal(signal.SIGINT, before)
        if sys.platform != "win32":
            signal.signal(signal.SIGALRM, signal.SIG_DFL if alarm_before is None else alarm_before)
