"""Lists that fit the terminal: columns side by side, and text with a hanging indent; wide glyphs count twice."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len, chop_cells

_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
_NARROWEST = 16  # cells; a column of text that is narrower is no help


def columns(rows: Sequence[Sequence[str]], *, width: int, indent: str = "  ") -> str:
    """Rows of equal length, aligned; the last column is cut at the terminal's edge."""
    if not rows:
        return ""
    widths = [max(cells(row[number]) for row in rows) for number in range(len(rows[0]) - 1)]
    lines = []
    for row in rows:
        fixed = "".join(f"{cell}{' ' * (widths[number] - cells(cell))}  " for number, cell in enumerate(row[:-1]))
        room = width - len(indent) - cells(fixed) - 1
        lines.append(f"{indent}{fixed}{shortened(row[-1], max(_NARROWEST, room))}".rstrip())
    return "\n".join(lines) + "\n"


def definitions(rows: Sequence[tuple[str, str]], *, width: int, indent: str = "  ") -> str:
    """Terms and what they mean; the meanings are wrapped, and stand below where there is no room beside."""
    margin = len(indent) + max((cells(term) for term, _ in rows), default=0) + 2
    lines = []
    for term, meaning in rows:
        if width - margin < _NARROWEST:
            lines.append(f"{indent}{term}\n{hanging(meaning, width=width, indent=indent * 2)}")
            continue
        first = f"{indent}{term}{' ' * (margin - len(indent) - cells(term))}"
        lines.append(first + hanging(meaning, width=width, indent=" " * margin).lstrip(" "))
    return "".join(lines)


def hanging(text: str, *, width: int, indent: str) -> str:
    """A text wrapped at its blanks, each line indented; a word that is too long is broken."""
    room = max(_NARROWEST, width - len(indent) - 1)
    lines: list[str] = []
    line = ""
    for word in (piece for each in text.split() for piece in _broken(each, room)):
        if line and cells(line) + 1 + cells(word) > room:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return "".join(f"{indent}{each}\n" for each in [*lines, line])


def shortened(text: str, room: int) -> str:
    """The beginning of a text that fits `room` cells, with an ellipsis where something was left out."""
    if cells(text) <= room:
        return text
    return f"{chop_cells(text, room - 1)[0].rstrip()}…" if room > 1 else "…"


def cells(text: str) -> int:
    """How wide a text is on a terminal; colours take no room."""
    return cell_len(_ESCAPES.sub("", text))


def _broken(word: str, room: int) -> list[str]:
    return [word] if cells(word) <= room or "\x1b" in word else chop_cells(word, room)
