"""Two commands in turn, A B A B …, and the ratio of their times pair by pair.

Machines drift while they measure; a ratio within a pair does not.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: medians in seconds, the median ratio, and the limit that it must not pass (None: no limit)."""

    name: str
    ours: float
    theirs: float
    ratio: float
    limit: float | None

    @property
    def kept(self) -> bool:
        return self.limit is None or self.ratio <= self.limit


def compare(
    name: str,
    ours: Sequence[str],
    theirs: Sequence[str],
    *,
    limit: float | None,
    pairs: int = 15,
    environment: Mapping[str, str] | None = None,
) -> Row:
    """Run both commands in turn, `pairs` times after one warm-up each, with their output through a pipe."""
    for command in (ours, theirs):
        _seconds(command, environment)
    times = [(_seconds(ours, environment), _seconds(theirs, environment)) for _ in range(pairs)]
    return Row(
        name,
        statistics.median(a for a, _ in times),
        statistics.median(b for _, b in times),
        statistics.median(a / b for a, b in times),
        limit,
    )


def show(title: str, rows: Sequence[Row]) -> bool:
    """Print a table; whether every limit was kept."""
    print(f"\n{title}")
    print(f"{'':46} {'ours':>9} {'theirs':>9} {'ratio':>7} {'limit':>7}")
    for row in rows:
        limit = f"{row.limit:.2f}" if row.limit is not None else ""
        mark = "" if row.kept else "  OVER"
        ours, theirs = f"{row.ours * 1000:.1f} ms", f"{row.theirs * 1000:.1f} ms"
        print(f"{row.name:46} {ours:>9} {theirs:>9} {row.ratio:7.2f} {limit:>7}{mark}", flush=True)
    return all(row.kept for row in rows)


def _seconds(command: Sequence[str], environment: Mapping[str, str] | None) -> float:
    began = time.perf_counter()
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, **(environment or {})},
    )
    took = time.perf_counter() - began
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed: {done.stderr.decode()[-2000:]}")
    return took
