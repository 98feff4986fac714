"""Blocks that are still growing and contain no other blocks: prose, code, tables, and blocks that wait for their end.

A leaf returns the lines that are finished (`take`) and shows those that may still change (`lines`).  Its work for each
addition does not depend on its length.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice, takewhile

from rich.style import Style

from .begun import completed
from .inline import Inline, Parsed
from .layout import Block, code_frame, code_language, split_blocks
from .look import LONGEST_HIGHLIGHTED, Look
from .rows import PLAIN, TAB_STOP, Line, Run, Runs, is_ambiguous, total_cells, unwrap, wrap
from .syntax import LONGEST_BLOCK_FORMULA, MOST_BEGUN, closer_of
from .tables import Needs, TableLayout, read_row, read_table

# How many places are tried when prose has outgrown the screen and a part of it must be finished as it is.
_CUTS_TRIED = 8
_LONGEST_TAIL = 2400  # characters of prose that can still change: more than a formula can have
_SEARCH_FROM = 200  # characters of it; a shorter tail is not searched for a settled part
_LONGEST_HASHES = 1000  # at the end of a heading
_LONGEST_WAITING = 2000  # characters of a line of code
_MOST_ROWS = 500  # of a table before its columns are fixed
_BLANK = re.compile(r"\s")
_CLOSING_HASHES = re.compile(r"(?:^| +)#* *$")


class Prose:
    """A paragraph or heading.  Lines whose text and wrapping can no longer change are kept, not laid out again."""

    def __init__(self, inline: Inline, style: Style, width: int) -> None:
        self._inline = inline
        self._style = style
        self.width = width
        self._kept: list[Line] = []
        self._row: Runs = []  # settled text on the row that is being filled
        self._tail = ""  # text that later characters can still change
        self._shown: list[Line] | None = None
        self._search_from = _SEARCH_FROM
        self.resumes = False

    @property
    def prose(self) -> Prose:
        """The prose itself; a heading has its text here."""
        return self

    def add(self, text: str) -> None:
        """Add text; a newline begins a line, whose indent is ignored."""
        if text:
            self._tail += "\n" + text[1:].lstrip(" ") if text[0] == "\n" else text
            self._shown = None
            if len(self._tail) > _LONGEST_TAIL:
                self._shorten()

    def lines(self) -> list[Runs]:
        """The lines as they look so far, with unfinished emphasis, code and links closed."""
        if self.resumes and not self._finish_word():
            return []
        return self._some(self._all_lines(begun=True))

    def close(self) -> list[Runs]:
        self._tail = self._tail.rstrip()
        self._shown = None
        if self.resumes and not self._finish_word():
            self.resumes = False
            return [self._inline.runs(self._tail, self._style)]
        return self._some(self._all_lines(begun=False))

    def _some(self, lines: Sequence[Line]) -> list[Runs]:
        """The runs of lines; none when there is nothing to see in them."""
        return [line.runs for line in lines] if self._kept or any(line.runs for line in lines) else []

    def release(self, count: int) -> list[Runs]:
        """Return the first lines as finished; what is still open in them becomes plain text."""
        while len(self._kept) < count and self._tail:
            self._loosen((count - len(self._kept)) * self.width)
        lines = [line.runs for line in self._kept[:count]]
        del self._kept[:count]
        self._shown = None
        return lines

    def leave(self, count: int) -> None:
        """Forget the first lines, which stay on the screen as they look.

        If these are all lines, the next text continues at the end of the last one, unless some of it was not shown yet.
        """
        left = self._all_lines(begun=True)[count:]
        same = takewhile(lambda pair: pair[0] == pair[1], zip(self._tail, completed(self._tail), strict=False))
        hidden = self._tail[sum(1 for _ in same) :]
        self._kept, self._row, self._tail, self._shown = [], [], hidden, None
        if left:
            self._keep(unwrap(left))
        else:
            self.resumes = not hidden

    def _shorten(self) -> None:
        """Keep the beginning of a long tail: the settled part, else a part of it as it is."""
        if self.resumes and not self._finish_word():
            self._kept.append(Line(self._inline.runs(self._tail, self._style), ""))
            self._tail = ""
            self.resumes = False
        self._settle(self._inline.parse(self._tail, self._style, search=True))
        while len(self._tail) > _LONGEST_TAIL:
            self._loosen(_LONGEST_TAIL // 2, tries=1)

    def _loosen(self, length: int, *, tries: int = _CUTS_TRIED) -> None:
        """Keep a beginning of about this many characters, cut at the blank with the fewest open marks."""
        best = min(len(self._tail), 2 * length)
        fewest = -1
        for blank in islice(_BLANK.finditer(self._tail, min(length, len(self._tail)), best), tries):
            unmatched = self._inline.parse(self._tail[: blank.start()], self._style).unmatched
            if fewest < 0 or unmatched < fewest:
                best, fewest = blank.start(), unmatched
        self._keep([*self._row, *self._inline.runs(self._tail[:best], self._style)])
        self._tail = self._tail[best:]

    def rewrap(self, width: int) -> None:
        kept, self._kept = self._kept, []
        self.width = width
        self._shown = None
        self._keep([*unwrap(kept), *self._row])

    def _all_lines(self, *, begun: bool) -> list[Line]:
        if self._shown is None or not begun:
            search = begun and len(self._tail) > self._search_from
            parsed = self._inline.parse(self._tail, self._style, search=search)
            self._settle(parsed)
            if search and not parsed.settled:
                self._search_from = 2 * len(self._tail)  # cached
            runs = parsed.open_runs
            if not begun:
                runs = self._inline.runs(self._tail, self._style)
            elif (closed := completed(self._tail)) != self._tail or 0 < parsed.unmatched <= MOST_BEGUN:
                runs = self._as_begun(closed, parsed)
            self._shown = wrap([*self._row, *runs], self.width)
        return [*self._kept, *self._shown]

    def _as_begun(self, closed: str, parsed: Parsed) -> Runs:
        """The tail as it will look when its unfinished markup is complete; `closed` is the tail from `completed`."""
        left = self._tail[len(closed) :]
        if parsed.open_runs and not 0 < parsed.unmatched <= MOST_BEGUN and self._tail.startswith(closed):
            *runs, (text, ink) = parsed.open_runs
            if text.endswith(left):  # so nothing else changes
                return [*runs, (text.removesuffix(left), ink)]
        return self._inline.begun(closed, self._style)

    def _settle(self, parsed: Parsed) -> None:
        if parsed.settled:
            self._keep([*self._row, *parsed.settled_runs])
            self._tail = self._tail[parsed.settled :]
            self._search_from = _SEARCH_FROM

    def _keep(self, runs: Runs) -> None:
        *full, last = wrap(runs, self.width)
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
        self._begun = False
        self.prose = Prose(inline, inline.look.style(tag), width)

    def add(self, text: str) -> None:
        """Add text; hashes at its end wait, since they may be closing marks."""
        held = self._held + text
        closing = _CLOSING_HASHES.search(held) if len(held) < _LONGEST_HASHES else None
        if closing and closing[0].startswith("#") and self._begun:
            closing = None  # no blank before them: they are part of a word, as in C#
        cut = closing.start() if closing else len(held)
        self.prose.add(held[:cut])
        self._begun = self._begun or cut > 0
        self._held = held[cut:]

    def lines(self) -> list[Runs]:
        return self._underlined(self.prose.lines())

    def close(self) -> list[Runs]:
        return self._underlined(self.prose.close())

    def _underlined(self, lines: list[Runs]) -> list[Runs]:
        if self._tag != "h1" or not any(lines):
            return lines
        return [*lines, [("━" * min(self.prose.width, max(map(total_cells, lines))), self._look.named("h1"))]]


class Code:
    """A code block.  A whole line is finished at once; only the last, incomplete line is shown again."""

    def __init__(self, look: Look, opening: str, *, indented: bool = False, closer: str = "") -> None:
        from .code import Highlighter

        self._closer = closer  # of a formula
        self._look = look
        self._fence = "" if indented else opening.strip()[: _fence_length(opening)]
        self._indent = 4 if indented else len(opening) - len(opening.lstrip(" "))
        language = "" if indented else code_language(opening.strip()[len(self._fence) :])
        self._highlighter = Highlighter(language, look)
        first, self._last = code_frame(language, look)
        self._finished: list[Runs] = [first]
        self._line: str | None = None  # the open line,
        self._more: list[str] = []  # what was added to it,
        self._dropped = 0  # how much of it is shown for good,
        self._is_long = False  # whether it is too long for colours,
        self._resumes = False  # and whether it continues in the middle of a row
        self._since_break, self._is_unclear = 0, False
        self.blank_lines = 0
        self.is_closed = False  # the end of the formula has come, in the open line
        self._seen = ""  # length of what came of that line, where the closing mark may begin

    @property
    def is_fence(self) -> bool:
        return bool(self._fence)

    @property
    def keeps_tabs(self) -> bool:
        """Whether its lines keep their tabs, outside of lists and quotes."""
        return self._look.options.tabs and self.is_fence and not self._indent and not self._closer

    def ends_with(self, line: str) -> bool:
        """Whether this whole line ends the block."""
        if self._closer:
            return not line.strip()
        if not self._fence:
            return bool(line.strip()) and not line.startswith("    ")
        stripped = line.strip()
        return (
            not line.startswith(("    ", "\t", " \t", "  \t", "   \t"))
            and len(stripped) >= len(self._fence)
            and not stripped.strip(self._fence[0])
        )

    def may_end_with(self, beginning: str) -> bool:
        """Whether a line with this beginning may end a fence or formula."""
        return bool(self._closer) or not beginning.strip(f" \t{self._fence[0]}")

    def start_line(self, line: str) -> None:
        if not self._fence and not line.strip():
            self.blank_lines += 1  # an indented block ends before the blank lines after it
            return
        for _ in range(self.blank_lines):
            self._finished.append(self._highlighter.line(""))
        self.blank_lines = 0
        leading = len(line) - len(line.lstrip(" "))
        self._line = ""
        self.add(line[min(leading, self._indent) :])

    def add(self, text: str) -> None:
        """Add text to the open line; a long one with glyphs of unknown width is broken, as its end is waited for."""
        while (room := _LONGEST_WAITING - self._since_break) <= len(text):
            self._append(text[:room])
            text = text[room:]
            if self._is_unclear:
                line = self._text()
                self._finished.append(_plain(line) if self._is_long else _cut(_plain(line), self._dropped))
                self._line, self._dropped, self._is_long, self._resumes = None, 0, True, False
            self._since_break, self._is_unclear = 0, False
        if text or self._line is None:
            self._append(text)

    def _append(self, text: str) -> None:
        self._line = self._line or ""
        self._since_break += len(text)
        self._is_unclear = self._is_unclear or is_ambiguous(text.replace("\t", " "))
        if self._dropped or self._is_long:  # it continues where no tab stop is known
            text = text.expandtabs(TAB_STOP)
        self._more.append(text)
        self._watch(text)

    def _watch(self, text: str) -> None:
        if self._closer:
            seen = self._seen + text
            self.is_closed = self.is_closed or self._closer in seen
            self._seen = seen[len(seen) + 1 - len(self._closer) :]

    def end_line(self) -> None:
        if self._line is not None:
            line = self._text()
            self._finished.append(_plain(line) if self._is_long else _cut(self._highlighter.line(line), self._dropped))
        self._line, self._dropped, self._is_long, self._resumes = None, 0, False, False
        self._since_break, self._is_unclear = 0, False
        self._seen = ""

    def take(self) -> list[Runs]:
        lines, self._finished = self._finished, []
        return lines

    def lines(self) -> list[Runs]:
        if self._line is None or self._resumes:  # at an unknown column, text can only be added once
            return []
        line = self._text()
        return [_plain(line) if self._is_long else _cut(self._highlighter.peek(line), self._dropped)]

    def drop(self, characters: int, *, resumes: bool) -> None:
        """Forget the beginning of the open line, which is final on the screen; what `resumes` continues at its end."""
        self._resumes = resumes
        line = self._text()
        if "\t" in line:  # what is on the screen is counted in cells
            line = self._line = line.expandtabs(TAB_STOP)
        if self._is_long or len(line) > LONGEST_HIGHLIGHTED:  # which is left plain
            self._line, self._dropped, self._is_long = line[self._dropped + characters :], 0, True
        else:
            self._dropped += characters

    def _text(self) -> str:
        if self._more:
            self._line = "".join([self._line or "", *self._more])
            self._more.clear()
        return self._line or ""

    def close(self) -> list[Runs]:
        self.end_line()
        return [*self.take(), self._last]


class OpenTable:
    """A table.  Its columns adapt to its rows until it outgrows the screen; then they are fixed."""

    def __init__(self, block: Block, inline: Inline, width: int) -> None:
        self._inline = inline
        self._width = width
        self._table = read_table(block.tokens, inline)
        self._needs = Needs(self._table.head)
        self._layout = TableLayout(self._table, inline.look, width, self._needs)
        self._frozen = False
        self._lines: list[Runs] | None = None
        self._laid_out = 0
        self._finished: list[Runs] = []

    def add_row(self, line: str) -> None:
        """Add a row of the source."""
        cells = read_row(line, len(self._table.head), self._inline)
        self._table.rows.append(cells)
        if not self._frozen:
            self._needs.add(cells)
            if len(self._table.rows) >= _MOST_ROWS:
                self.widen()
                self.freeze()

    def lines(self) -> list[Runs]:
        if self._frozen:
            return []
        rows = self._table.rows
        if not rows:
            return self._layout.head_alone()
        layout = TableLayout(self._table, self._inline.look, self._width, self._needs)
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
        """Widen the columns for longer texts, as far as the screen allows."""
        self._needs.widen(self._width)

    def freeze(self) -> None:
        """Make the rows so far finished; later ones have the same widths of columns."""
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
        self._layout = TableLayout(self._table, self._inline.look, width, self._needs)


class Waiting:
    """Blocks that are shown when they are complete: a rule, a link definition, a formula of one line."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.blocks = blocks


class Formula:
    """The lines of a formula that is not closed yet."""

    def __init__(self, opening: str, *, whole: bool = True) -> None:
        self.lines = [opening] if whole else []
        self.is_closed = False
        self._closer = closer_of(opening)
        self._length = len(opening)

    @property
    def is_too_long(self) -> bool:
        """Whether it is longer than the longest formula."""
        return self._length > LONGEST_BLOCK_FORMULA

    def add(self, line: str) -> None:
        self.lines.append(line)
        self._length += len(line)
        self.is_closed = self._closer in line

    def as_code(self, look: Look, *, beginning: str | None = None) -> Code:
        """Show it as it is written; it continues as a code block that ends with the formula.

        `beginning` is that of a line which is still coming.
        """
        code = Code(look, "```latex", closer=self._closer)
        for line in self.lines:
            code.start_line(line)
            code.end_line()
        code.is_closed = False  # the opening mark may look like the closing one
        if beginning is not None:
            code.start_line(beginning)
            code.is_closed = self._closer in (beginning if self.lines else beginning.lstrip(" ")[2:])
        return code

    def read(self, inline: Inline) -> list[Block]:
        return split_blocks(inline.blocks("\n".join(self.lines)))


Leaf = Prose | Heading | Code | OpenTable | Waiting | Formula


def _fence_length(opening: str) -> int:
    stripped = opening.strip()
    return len(stripped) - len(stripped.lstrip(stripped[0]))


def _plain(line: str) -> Runs:
    return [(line, PLAIN)] if line else []


def _cut(runs: Sequence[Run], characters: int) -> Runs:
    left: Runs = []
    for text, ink in runs:
        if characters < len(text):
            left.append((text[characters:], ink))
        characters = max(0, characters - len(text))
    return left
