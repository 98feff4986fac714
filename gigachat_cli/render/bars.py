"""Amounts as bars, one per line, for people at a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from ..text import one_line
from .columns import cells, shortened

_EIGHTHS = " ▏▎▍▌▋▊▉"
_LONGEST_BAR = 30
_LONGEST_NAME = 40
_GAP = "  "


def bars(rows: Sequence[tuple[str, float]], *, width: int) -> str:
    """Lines with a name, an amount, and a bar in proportion to the largest amount."""
    names = [shortened(one_line(name), _LONGEST_NAME) for name, _ in rows]
    amounts = [_grouped(amount) for _, amount in rows]
    name_cells = max(map(cells, names), default=0)
    amount_cells = max(map(len, amounts), default=0)
    room = min(_LONGEST_BAR, width - 1 - name_cells - amount_cells - 2 * len(_GAP))
    largest = max((amount for _, amount in rows), default=0)
    lines = []
    for name, amount, (_, value) in zip(names, amounts, rows, strict=True):
        bar = _bar(value / largest, room) if largest > 0 and room > 0 else ""
        padded = name + " " * (name_cells - cells(name))
        lines.append(f"{padded}{_GAP}{amount.rjust(amount_cells)}{_GAP}{bar}".rstrip() + "\n")
    return "".join(lines)


def _bar(share: float, room: int) -> str:
    eighths = round(max(0.0, min(1.0, share)) * room * 8)
    if share > 0:
        eighths = max(1, eighths)  # small amounts are visible, too
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _grouped(amount: float) -> str:
    return f"{amount:,.2f}".replace(",", " ").removesuffix(".00")
