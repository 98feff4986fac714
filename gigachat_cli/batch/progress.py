"""The progress of a batch on a terminal, and its summary at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from ..render.terminal import Terminal
from .run import Counts

_EVERY = 0.2  # seconds
_BAR = 16  # characters


@asynccontextmanager
async def shown(counts: Counts, terminal: Terminal, *, size: int | None) -> AsyncIterator[None]:
    """Show the progress on stderr while the body runs; `size` is the size of the input in bytes, None when unknown."""
    drawing = asyncio.create_task(_draw(counts, terminal, size))
    try:
        yield
    finally:
        drawing.cancel()
        with suppress(asyncio.CancelledError):
            await drawing
        terminal.wipe()


def progress_line(counts: Counts, *, size: int | None) -> str:
    """Items, failures, rate and tokens; and the time left where the size of the input is known."""
    parts = [items_of(counts.done)]
    if counts.failed:
        parts.append(f"{_number(counts.failed)} failed")
    parts.append(f"{counts.rate:.1f}/s")
    if counts.tokens:
        parts.append(f"{_number(counts.tokens)} tokens")
    if not size:
        return " · ".join(parts)
    share = min(counts.position / size, 1.0)
    start = (counts.start or 0) / size
    # The rate is that of this run alone; the rows of an earlier one took no time.
    if counts.start is not None and share > start and counts.done - counts.before >= 2:
        left = counts.seconds * (1 - share) / (share - start)
        parts.append(f"{_duration(left)} left")
    full = int(share * _BAR)
    return f"[{'█' * full}{'·' * (_BAR - full)}] {share:4.0%} · " + " · ".join(parts)


def summary_line(counts: Counts) -> str:
    """The result of the batch, as one sentence."""
    failed = f", {_number(counts.failed)} failed" if counts.failed else ""
    before = f" ({_number(counts.before)} before)" if counts.before else ""
    tokens = f"; {_number(counts.tokens)} tokens" if counts.tokens else ""
    rate = f" ({counts.rate:.1f} a second)" if counts.done > counts.before else ""
    return (
        f"{items_of(counts.done)}{before}: {_number(counts.answered)} answered{failed}"
        f"{tokens}; {_duration(counts.seconds)}{rate}."
    )


def summary_object(counts: Counts) -> dict[str, Any]:
    """The result of the batch as a JSON object; keys are only ever added."""
    return {
        "items": counts.done,
        "before": counts.before,
        "answered": counts.answered,
        "failed": counts.failed,
        "total_tokens": counts.tokens,
        "seconds": round(counts.seconds, 3),
    }


def items_of(count: int) -> str:
    return f"{_number(count)} item{'' if count == 1 else 's'}"


async def _draw(counts: Counts, terminal: Terminal, size: int | None) -> None:
    while True:
        await asyncio.sleep(_EVERY)
        terminal.draw(progress_line(counts, size=size))


def _number(count: int) -> str:
    return f"{count:,}".replace(",", " ")


def _duration(seconds: float) -> str:
    """A duration in seconds, then minutes and seconds, then hours."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
