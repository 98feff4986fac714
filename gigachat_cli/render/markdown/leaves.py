"""Blocks that are still growing and hold no other blocks: prose, code, tables, and what waits for its end.

A leaf hands over the lines that are finished (`take`) and shows those that may still change (`lines`). Its work
for each addition does not depend on its length.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from rich.style import Style

from .inline import Inline, completed
from .look import Look
from .offline import Block, code_frame, code_language, leaf_lines
from .rows import PLAIN, Line, Run, Runs, total_cells, unwrap, wrap
from .tables import TableLayout, natural_widths, read_table, widened

# How many places are looked at when prose has outgrown the screen and some of it must be taken as it is.
_CUTS_TRIED = 8
_BLANK = re.compile(r"\s")
_CLOSING_HASHES = re.compile(r"(?:^| +)#* *$")


class Prose:
    """A paragraph or heading. Lines whose text and wrapping can no longer change are kept, not made again."""

    def __init__(self, inline: Inline, style: Style, width: int) -> None:
        self._inline = inline
        self._style = style
        self._width = width
        self._kept: list[Line] = []
        self._row: Runs = []  # settled text on the row that is being filled
        self._tail = ""  # text that later characters can still change
        self._shown: list[Line] | None = None
        self.resumes = False

    @property
    def prose(self) -> Prose:
        """Itself, as the text of a heading is."""
        return self

    def add(self, text: str) -> None:
        """Add text; a newline begins a line, whose indent does not count."""
        if text:
            self._tail += "\n" + text[1:].lstrip(" ") if text[0] == "\n" else text
            self._shown = None

    def lines(self) -> list[Runs]:
        """Give the lines as they look so far: with emphasis, code and links closed that are only begun."""
        if self.resumes and not self._finish_word():
            return []
        return [line.runs for line in self._all_lines(begun=True)]

    def close(self) -> list[Runs]:
        self._tail = self._tail.rstrip()
        self._shown = None
        if self.resumes and not self._finish_word():
            self.resumes = False
            return [self._inline.runs(self._tail, self._style)]
        lines = [line.runs for line in self._all_lines(begun=False)]
        return lines if any(lines) or self._kept else []

    def release(self, count: int) -> list[Runs]:
        """Hand over the first lines for good; what is still open in them is taken as plain text."""
        while len(self._kept) < count and self._tail:
            self._loosen((count - len(self._kept)) * self._width)
        lines = [line.runs for line in self._kept[:count]]
        del self._kept[:count]
        self._shown = None
        return lines

    def leave(self, count: int) -> None:
        """Forget the first lines, which stay on the screen as they look.

        If these are all lines, the next text goes on at the end of the last one.
        """
        left = self._all_lines(begun=True)[count:]
        self._kept, self._row, self._tail, self._shown = [], [], "", None
        if left:
            self._keep(unwrap(left))
        else:
            self.resumes = True

    def _loosen(self, length: int) -> None:
        """Keep a beginning of about this many characters, cut at a blank where the least is left open."""
        best = len(self._tail)
        fewest = -1
        for blank in islice(_BLANK.finditer(self._tail, min(length, len(self._tail))), _CUTS_TRIED):
            unmatched = self._inline.parse(self._tail[: blank.start()], self._style).unmatched
            if fewest < 0 or unmatched < fewest:
                best, fewest = blank.start(), unmatched
        self._keep([*self._row, *self._inline.runs(self._tail[:best], self._style)])
        self._tail = self._tail[best:]

    def rewrap(self, width: int) -> None:
        kept, self._kept = self._kept, []
        self._width = width
        self._shown = None
        self._keep([*unwrap(kept), *self._row])

    def _all_lines(self, *, begun: bool) -> list[Line]:
        if self._shown is None or not begun:
            parsed = self._inline.parse(self._tail, self._style)
            if parsed.settled:
                self._keep([*self._row, *parsed.settled_runs])
                self._tail = self._tail[parsed.settled :]
            closed = completed(self._tail) if begun else self._tail
            runs = parsed.open_runs if closed == self._tail else self._inline.runs(closed, self._style)
            self._shown = wrap([*self._row, *runs], self._width)
        return [*self._kept, *self._shown]

    def _keep(self, runs: Runs) -> None:
        *full, last = wrap(runs, self._width)
        self._kept += full
        self._row = last.runs if not last.end else [*last.runs, (last.end, PLAIN)]

    def _finish_word(self) -> bool:
        """Complete the word at which the screen was left, on its own row."""
        blank = _BLANK.search(self._tail)
        if blank is None:
            return False
        word, self._tail = self._tail[: blank.start()], self._tail[blank.start() :].lstrip(" ").removeprefix("\n")
        self._kept = [Line(self._inline.runs(word, self._style), " ")]
        self.resumes = False
        self._shown = None
        return True


class Heading:
    """A heading of one line of text, its hashes taken off."""

    def __init__(self, inline: Inline, tag: str, width: int) -> None:
        self._look = inline.look
        self._tag = tag
        self._held = ""
        self.prose = Prose(inline, inline.look.style(tag), width)

    def add(self, text: str) -> None:
        """Add text; hashes at its end wait, since they may belong to the markup."""
        held = self._held + text
        closing = _CLOSING_HASHES.search(held)
        cut = closing.start() if closing else len(held)
        self.prose.add(held[:cut])
        self._held = held[cut:]

    def lines(self) -> list[Runs]:
        return self._underlined(self.prose.lines())

    def close(self) -> list[Runs]:
        return self._underlined(self.prose.close())

    def _underlined(self, lines: list[Runs]) -> list[Runs]:
        if self._tag != "h1" or not any(lines):
            return lines
        return [*lines, [("━" * max(map(total_cells, lines)), self._look.named("h1"))]]


class Code:
    """A code block. Each whole line is finished at once; only the line being written is shown again."""

    def __init__(self, look: Look, opening: str, *, indented: bool = False) -> None:
        from .code import Highlighter

        self._fence = "" if indented else opening.strip()[: _fence_length(opening)]
        self._indent = 4 if indented else len(opening) - len(opening.lstrip(" "))
        language = "" if indented else code_language(opening.strip()[len(self._fence) :])
        self._highlighter = Highlighter(language, look)
        first, self._last = code_frame(language, look)
        self._finished: list[Runs] = [first]
        self._line: str | None = None
        self._dropped = 0
        self.blank_lines = 0

    @property
    def is_fence(self) -> bool:
        return bool(self._fence)

    def ends_with(self, line: str) -> bool:
        """Say whether this whole line ends the block."""
        if not self._fence:
            return bool(line.strip()) and not line.startswith("    ")
        stripped = line.strip()
        return (
            len(line) - len(line.lstrip(" ")) < 4
            and len(stripped) >= len(self._fence)
            and not stripped.strip(self._fence[0])
        )

    def may_end_with(self, beginning: str) -> bool:
        """Say whether a line that begins so might become the end of a fence."""
        return not beginning.strip(f" {self._fence[0]}")

    def start_line(self, line: str) -> None:
        if not self._fence and not line.strip():
            self.blank_lines += 1  # an indented block ends before the blank lines after it
            return
        for _ in range(self.blank_lines):
            self._finished.append(self._highlighter.line(""))
        self.blank_lines = 0
        leading = len(line) - len(line.lstrip(" "))
        self._line = line[min(leading, self._indent) :]

    def add(self, text: str) -> None:
        self._line = (self._line or "") + text

    def end_line(self) -> None:
        if self._line is not None:
            self._finished.append(_cut(self._highlighter.line(self._line), self._dropped))
            self._line, self._dropped = None, 0

    def take(self) -> list[Runs]:
        lines, self._finished = self._finished, []
        return lines

    def lines(self) -> list[Runs]:
        if self._line is None:
            return []
        return [_cut(self._highlighter.peek(self._line), self._dropped)]

    def drop(self, characters: int) -> None:
        """Forget the beginning of the open line, which is on the screen for good."""
        self._dropped += characters

    def close(self) -> list[Runs]:
        self.end_line()
        return [*self.take(), self._last]


class OpenTable:
    """A table. Its columns follow its rows until it outgrows the screen, then they are frozen."""

    def __init__(self, block: Block, inline: Inline, width: int) -> None:
        self._inline = inline
        self._width = width
        self._table = read_table(block.tokens, inline)
        columns = len(self._table.head)
        self.witness = f"|{'a|' * columns}\n|{'-|' * columns}\n"  # a table of this form, to try a next line on
        self._natural = natural_widths([self._table.head])
        self._layout = TableLayout(self._table, inline.look, width, self._natural)
        self._frozen = False
        self._lines: list[Runs] | None = None
        self._laid_out = 0
        self._finished: list[Runs] = []

    def add_row(self, block: Block) -> None:
        """Add the row of a table block that has a head of its own and this row."""
        found = read_table(block.tokens, self._inline).rows[0]
        cells = [*found, *([] for _ in self._table.head)][: len(self._table.head)]
        self._table.rows.append(cells)
        if not self._frozen:
            self._natural = list(map(max, self._natural, natural_widths([cells])))

    def lines(self) -> list[Runs]:
        if self._frozen:
            return []
        rows = self._table.rows
        layout = TableLayout(self._table, self._inline.look, self._width, self._natural)
        if self._lines is None or layout.widths != self._layout.widths:
            self._layout, self._lines, self._laid_out = layout, layout.head(), 0
        for index in range(self._laid_out, len(rows)):
            self._lines = [*self._lines, *self._layout.row(rows[index], first=not index)]
        self._laid_out = len(rows)
        return self._lines

    def close(self) -> list[Runs]:
        if self._frozen or self._table.rows:
            return [*self.take(), *self.lines()]
        return self._layout.lines()

    def widen(self) -> None:
        """Give the columns room for longer texts than they have, as far as the screen allows."""
        self._natural = widened(self._natural, self._width)

    def freeze(self) -> None:
        """Take the rows so far for finished; later ones keep the widths of the columns."""
        if not self._frozen:
            self._finished += self.lines()
            self._table.rows.clear()
            self._frozen = True

    def take(self) -> list[Runs]:
        lines, self._finished = self._finished, []
        if self._frozen:
            for cells in self._table.rows:
                lines += self._layout.row(cells, first=False)
            self._table.rows.clear()
        return lines

    def rewrap(self, width: int) -> None:
        self._width = width
        self._lines = None
        self._layout = TableLayout(self._table, self._inline.look, width, self._natural)


class Waiting:
    """A block that is shown when it is whole: a formula, a link's definition, a rule."""

    def __init__(self, block: Block | None, inline: Inline, width: int) -> None:
        self._block = block
        self._inline = inline
        self._width = width

    def rewrap(self, width: int) -> None:
        self._width = width

    def close(self) -> list[Runs]:
        return leaf_lines(self._block, self._inline, self._width) if self._block else []


Leaf = Prose | Heading | Code | OpenTable | Waiting


def _fence_length(opening: str) -> int:
    stripped = opening.strip()
    return len(stripped) - len(stripped.lstrip(stripped[0]))


def _cut(runs: Sequence[Run], characters: int) -> Runs:
    left: Runs = []
    for text, ink in runs:
        if characters < len(text):
            left.append((text[characters:], ink))
        characters = max(0, characters - len(text))
    return left
