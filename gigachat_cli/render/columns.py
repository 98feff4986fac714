"""Tables and lists that fit the terminal: aligned columns, hanging indents; wide glyphs count as two cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
_NARROWEST = 16  # cells; a narrower column of text is hard to read
_LEAST = 8  # cells that are left for the last column of a table
_SENTENCE = 24  # cells in which a sentence can be read


def table(rows: Sequence[Sequence[str]], *, width: int) -> str:
    """Aligned columns; where they are too wide, cells go below their row.  No word is broken."""
    widths = _widths(rows, width)
    lines: list[str] = []
    for row in rows:
        *left, last = row
        if any(cells(cell) > wide for cell, wide in zip(left, widths, strict=False)):
            lines += [row[0], *_below(row[1:], width)]
            continue
        before = "".join(cell + " " * (wide - cells(cell) + 2) for cell, wide in zip(left, widths, strict=False))
        room = width - cells(before)
        parts = _in_lines(last, room)
        if (len(parts) > 1 and room < _SENTENCE) or max(map(cells, parts)) > room:
            lines += [before.rstrip(), *_below([last], width)]
        else:
            lines.append(f"{before}{parts[0]}".rstrip())
            lines += [" " * cells(before) + each for each in parts[1:]]
    return "\n".join(lines) + "\n"


def columns(rows: Sequence[Sequence[str]], *, width: int, indent: str = "  ") -> str:
    """Rows of equal length, aligned; the last column is cut at the edge of the terminal."""
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
    """Terms and their meanings; the meanings are wrapped, and go below the terms where there is no room beside them."""
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
    """A text wrapped at blanks, each line indented; a word that is too long is broken."""
    room = max(_NARROWEST, width - len(indent) - 1)
    words = (piece for each in text.split() for piece in _broken(each, room))
    return "".join(f"{indent}{each}\n" for each in _wrapped(words, room))


def shortened(text: str, room: int) -> str:
    """The beginning of a text that fits in `room` cells, with an ellipsis where something was left out."""
    if cells(text) <= room:
        return text
    return f"{_chopped(text, room - 1)[0].rstrip()}…" if room > 1 else "…"


def cells(text: str) -> int:
    """The width of a text on a terminal, in cells, without its colours."""
    plain = _ESCAPES.sub("", text)
    if plain.isascii():
        return len(plain)
    from rich.cells import cell_len  # slow to import

    return cell_len(plain)


def _below(texts: Sequence[str], width: int) -> list[str]:
    return [f"    {part}" for cell in texts if cell for part in _in_lines(cell, width - 4)]


def _widths(rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """The widths of the columns; the widest rows are ignored while there is no room for the last column."""
    sizes = [list(map(cells, row)) for row in rows]
    widest = [sorted({row[number] for row in sizes}) for number in range(len(sizes[0]))]
    while True:
        widths = [each[-1] for each in widest]
        left = widths[:-1]
        if not left or sum(left) + 2 * len(left) + min(_LEAST, widths[-1]) <= width:
            return widths
        at = max(range(len(left)), key=lambda number: (len(widest[number]) > 1, left[number]))
        if len(widest[at]) == 1:
            return widths
        widest[at].pop()


def _in_lines(text: str, room: int) -> list[str]:
    """A text in lines of at most so many cells, broken only at blanks."""
    return [text] if cells(text) <= room else _wrapped(text.split(" "), room)


def _wrapped(words: Iterable[str], room: int) -> list[str]:
    """Words in lines of at most so many cells, except for a longer word."""
    lines = [""]
    for word in words:
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and cells(longer) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _broken(word: str, room: int) -> list[str]:
    return [word] if cells(word) <= room or "\x1b" in word else _chopped(word, room)


def _chopped(text: str, room: int) -> list[str]:
    from rich.cells import chop_cells  # slow to import

    return chop_cells(text, room)
