"""The open end of an answer that is still coming: which blocks the next line belongs to, and which ones it finishes.

Text is added as it arrives.  As soon as the beginning of a line can only mean one thing, the rest of it goes to its
block; until then it is held back.  markdown-it decides what lines are, each time on the few lines that matter; only the
nesting of lists and quotes is tracked here, as CommonMark specifies it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from markdown_it.token import Token

from .inline import Inline, without_indents
from .layout import TAB, Block, definition_lines, leaf_lines, split_blocks
from .leaves import Code, Formula, Heading, Leaf, OpenTable, Prose, Waiting
from .look import Look
from .nesting import Nesting, is_clear, is_quote, item_in, match, quote_in
from .page import Page
from .rows import TAB_STOP, Row, clear_beginning, total_cells
from .syntax import LONGEST_DEFINITION

_HASHES = re.compile(r" {0,3}#{1,6} *")
_DEEPEST = 100  # nested containers; deeper ones are shown as text

# What is parsed again with each line or character is bounded, so that no text can make drawing slow.
_LONGEST_HELD = 2000  # characters of a line that may still be of any kind; it becomes text then
_LONGEST_TABLE_ROW = 8000
_MOST_LINES = 100  # of a paragraph that can still become a heading
_LONGEST_LINES = 8000  # their characters
_DEFINITIONS_AT_ONCE = 50


class OpenDocument:
    """Turns text that arrives in pieces into finished rows and rows that may still change."""

    def __init__(self, look: Look, width: int) -> None:
        self._inline = Inline(look)
        self._page = Page(look, width)
        self._nesting: list[Nesting] = []
        self._leaf: Leaf | None = None
        self._lines: list[str] | None = []  # of the open leaf; None when too long or not needed
        self._lines_added = 0  # how many of them the leaf has
        self._closing = False  # the leaf ends with its line
        self._held = ""
        self._flows = False
        self._overlong = False  # the line is no longer held, though its kind is not clear
        self._column = 0
        self._blank = False
        self._definitions: list[Token] = []  # that nothing has referred to yet

    def foresee(self, text: str) -> None:
        """Let the text that follows refer to links that are defined later in it."""
        self._inline.foresee(text)

    def feed(self, text: str) -> None:
        """Add text, of any length and cut anywhere."""
        for index, piece in enumerate(text.split("\n")):
            if index:
                self._end_line()
            if piece:
                self._extend(piece if self._keeps_tabs() else self._expanded(piece))

    def finish(self) -> bool:
        """Finish everything that is open, or a part of it when that is much; return whether there is more."""
        if self._held or self._flows:
            self._end_line()
        self._close_to(0)
        some, self._definitions = self._definitions[:_DEFINITIONS_AT_ONCE], self._definitions[_DEFINITIONS_AT_ONCE:]
        for definition in some:
            if not self._inline.is_used(definition.meta["id"]):
                self._show_definition(definition)
        return bool(self._definitions)

    def take(self) -> list[Row]:
        """The rows that were finished since the last call."""
        if isinstance(self._leaf, Code | OpenTable):
            self._page.settle(self._leaf.take())
        return self._page.take()

    def open_rows(self) -> list[Row]:
        """The rows that may still change; call `take` first."""
        if self._leaf is None or isinstance(self._leaf, Waiting | Formula) or self._may_be_table():
            return []
        rows = self._page.preview(self._leaf.lines())
        first = self._page.gap_rows
        if isinstance(self._leaf, Code) and len(rows) > first + 1:
            return _up_to_ambiguous(rows, first)
        return rows

    def fit(self, height: int) -> None:
        """Finish rows at the top until at most `height` open ones are left; a table is finished as a whole."""
        rows = self.open_rows()
        excess = len(rows) - height
        leaf = self._leaf
        if excess <= 0:
            return
        if isinstance(leaf, OpenTable):
            leaf.widen()
            leaf.freeze()
        elif isinstance(leaf, Prose | Heading):
            self._lines = None
            above = rows[self._page.gap_rows : excess]
            self._page.settle(leaf.prose.release(_lines_in(above)))
        else:
            self.leave(excess)

    def leave(self, count: int) -> None:
        """Make the first open rows finished as they look; a table is finished as a whole."""
        rows = self.open_rows()
        if isinstance(self._leaf, Prose | Heading):  # whose lines are left whole
            while 0 < count < len(rows) and rows[count - 1].joined:
                count += 1
        is_all = count >= len(rows)
        rows = rows[:count]
        shown = rows[self._page.gap_rows :]
        leaf = self._leaf
        if isinstance(leaf, OpenTable):
            leaf.freeze()
        elif isinstance(leaf, Code):
            if shown:
                texts = ("".join(text for text, _ in row.runs) for row in shown)
                length = sum(len(text.expandtabs(TAB_STOP)) for text in texts) - self._page.prefix_length()
                leaf.drop(length, resumes=is_all)
            self._page.settle_rows(rows, unfinished=bool(shown))
        elif isinstance(leaf, Prose | Heading):
            self._lines = None
            leaf.prose.leave(_lines_in(shown))
            self._page.settle_rows(rows, unfinished=leaf.prose.resumes)

    def resize(self, width: int) -> None:
        """Lay out what is open, and all that follows, in another width."""
        self._page.resize(width)
        if isinstance(self._leaf, Prose | Heading):
            self._leaf.prose.rewrap(self._page.prose_width)
        elif isinstance(self._leaf, OpenTable):
            self._leaf.rewrap(self._page.prose_width)

    def _keeps_tabs(self) -> bool:
        """Whether the line is code that begins at the margin, where its tabs have their own stops."""
        return not self._nesting and isinstance(self._leaf, Code) and self._leaf.keeps_tabs

    def _expanded(self, piece: str) -> str:
        if "\t" in piece:
            piece = (" " * (self._column % TAB) + piece).expandtabs(TAB)[self._column % TAB :]
        self._column += len(piece)
        return piece

    def _extend(self, piece: str) -> None:
        if self._flows:
            self._flow(piece)
            return
        self._held += piece
        if len(self._held) > (_LONGEST_TABLE_ROW if self._in_table() else _LONGEST_HELD):
            if not self._held.strip():
                self._held = self._held[:_LONGEST_HELD]  # more blanks do not matter
                return
            self._overlong = True
        if self._overlong or self._is_clear(self._held):
            line, self._held = self._held, ""
            self._flows = True
            self._start_line(line)

    def _in_table(self) -> bool:
        return isinstance(self._leaf, OpenTable) or self._held.lstrip(" ").startswith("|")

    def _flow(self, piece: str) -> None:
        if isinstance(self._leaf, Prose | Heading | Code):
            self._leaf.add(piece)
            if self._lines and isinstance(self._leaf, Prose):  # the lines of other leaves are not parsed again
                self._lines[-1] += piece
                self._bound_lines()

    def _bound_lines(self) -> None:
        """Forget the lines of a long paragraph, which can no longer become another block."""
        if isinstance(self._leaf, Prose) and self._lines is not None:
            long = len(self._lines) > _MOST_LINES or len(self._lines[-1]) > _LONGEST_LINES // 2
            if self._overlong or long or sum(map(len, self._lines)) > _LONGEST_LINES:
                self._lines = None

    def _end_line(self) -> None:
        if not self._flows:
            line, self._held = self._held, ""
            self._start_line(line)
        self._flows = self._overlong = False
        self._column = 0
        if isinstance(self._leaf, Code):
            self._leaf.end_line()
            self._closing = self._closing or self._leaf.is_closed
        if self._closing:
            self._close_leaf()
        elif isinstance(self._leaf, Prose) and self._may_be_definition():
            self._decide()  # a definition can have several lines, and is recognized when they are complete

    def _may_be_definition(self) -> bool:
        lines = self._lines
        return bool(lines) and len(lines) < LONGEST_DEFINITION and lines[0].lstrip().startswith("[")  # type: ignore[arg-type,index]  # bool

    def _is_clear(self, line: str) -> bool:
        matched, rest = match(self._nesting, line)
        if matched == len(self._nesting):
            if isinstance(self._leaf, Code) and self._leaf.is_fence:
                return bool(rest.strip()) and not self._leaf.may_end_with(rest)
            if isinstance(self._leaf, OpenTable | Waiting | Formula):
                return False
        return is_clear(rest, in_paragraph=isinstance(self._leaf, Prose))

    def _start_line(self, line: str) -> None:
        matched, rest = match(self._nesting, line)
        if matched < len(self._nesting):
            container = self._nesting[matched]
            if not rest.strip():
                self._blank = True
                if container.indent:
                    container.end()
                else:
                    self._close_to(matched)
                return
            verdict = self._judge(container, rest)
            if verdict == "lazy" and isinstance(self._leaf, Prose):
                self._leaf.add("\n" + rest)
                if self._lines is not None:
                    # Indented so far, it can only continue the paragraph when the lines are parsed again.
                    self._lines.append("    " + rest.lstrip())
                    self._lines_added = len(self._lines)
                    self._bound_lines()
                return
            self._close_to(matched)
            if verdict == "sibling":
                self._open_item(rest, None if container.number is None else container.number + 1, sibling=True)
                return
        self._place(rest)

    def _judge(self, container: Nesting, rest: str) -> str:
        """Decide what a line outside this container is: its next item, a lazy continuation, or another block."""
        in_paragraph = isinstance(self._leaf, Prose)
        witness = f"{container.opening}x\n{'' if in_paragraph else chr(10)}{rest}"
        tokens = self._inline.blocks(witness)
        first = split_blocks(tokens)[0]
        if in_paragraph and any(token.type == "inline" and token.map == [0, 2] for token in tokens):
            return "lazy"
        return "sibling" if container.indent and len(first.children) == 2 else "block"

    def _place(self, rest: str) -> None:
        """Add a line to the innermost container, where it belongs."""
        leaf = self._leaf
        if isinstance(leaf, Code):
            if self._overlong or not leaf.ends_with(rest):
                leaf.start_line(rest)
                return
            self._close_leaf()
            if leaf.is_fence:
                return
        if not rest.strip():
            self._close_leaf()
            self._blank = True
            return
        for container in self._nesting:
            container.empty = False
        if isinstance(leaf, OpenTable):
            if not self._overlong and split_blocks(self._inline.blocks(f"|a|\n|-|\n{rest}"))[0].end == 3:
                leaf.add_row(rest)
                return
            self._close_leaf()
        elif leaf is None and not self._lines and is_quote(rest) and len(self._nesting) < _DEEPEST:
            self._begin()
            self._open_quote(rest)
            return
        elif isinstance(leaf, Formula) and self._overlong:
            self._leaf = leaf.as_code(self._inline.look, beginning=rest)
            return
        elif isinstance(leaf, Formula):
            leaf.add(rest)
            self._check(leaf)
            return
        elif isinstance(leaf, Prose) and self._lines is None:
            blocks = split_blocks(self._inline.blocks("x\n" + rest))
            if blocks[0].end == 2 and not rest.lstrip().startswith("|"):  # it may begin a table
                if blocks[0].kind == "paragraph_open":
                    leaf.add("\n" + rest)
                else:
                    self._close_leaf()  # too long to become a heading now
                return
            self._close_leaf()
        elif isinstance(leaf, Prose) and self._lines and not self._may_be_definition():
            # What begins here may include the line before, as a table does, or end the paragraph.
            blocks = split_blocks(self._inline.blocks(f"x\n{self._lines[-1]}\n{rest}"))
            if blocks[0].end == 3 and blocks[0].kind == "paragraph_open":
                leaf.add("\n" + rest)
                self._lines.append(rest)
                self._lines_added = len(self._lines)
                self._bound_lines()
                return
        if self._lines is None:
            self._lines = []
        self._lines.append(rest)
        self._decide()
        self._bound_lines()

    def _decide(self) -> None:
        """Parse the open lines again, with one more, or more of the last one."""
        lines, leaf = self._lines or [], self._leaf
        blocks = split_blocks(self._inline.blocks("\n".join(lines)))
        if not blocks:
            self._leaf = Waiting([])
            return
        *finished, last = blocks
        if isinstance(leaf, Prose) and not finished and not last.start and last.kind == "paragraph_open":
            if len(lines) > self._lines_added:
                leaf.add("\n" + lines[-1])
                self._lines_added = len(lines)
            return
        if finished and isinstance(leaf, Prose) and finished[0].end == len(lines) - 1:
            self._close_leaf()
        else:
            for block in finished:
                self._begin()
                self._settle_block(block)
        if finished or leaf is None:
            self._begin()
        self._lines = lines[last.start :]
        self._lines_added = len(self._lines)
        self._open(last, self._lines)

    def _begin(self, *, sibling: bool = False) -> None:
        self._page.begin(blank_before=self._blank, sibling=sibling)
        self._blank = False

    def _open(self, block: Block, lines: Sequence[str]) -> None:
        width = self._page.prose_width
        kind, token = block.kind, block.tokens[0]
        nested = kind in ("blockquote_open", "bullet_list_open", "ordered_list_open")
        if nested and len(self._nesting) < _DEEPEST:
            self._leaf, self._lines = None, []
            if kind == "blockquote_open":
                self._open_quote(lines[-1])
            else:
                self._open_item(lines[-1], int(token.attrs.get("start", 1)) if kind[0] == "o" else None)
        elif kind == "heading_open":
            self._leaf = Heading(self._inline, token.tag, width)
            if token.markup.startswith("#"):
                self._leaf.add(_HASHES.sub("", lines[-1], count=1))
            else:
                self._leaf.prose.add(without_indents(block.tokens[1].content))
            self._closing = True
        elif kind == "fence":
            self._leaf = Code(self._inline.look, lines[-1])
        elif kind == "code_block":
            self._leaf = Code(self._inline.look, "", indented=True)
            self._leaf.start_line(lines[-1])
        elif kind == "table_open":
            self._leaf = OpenTable(block, self._inline, width)
        elif kind == "formula" and self._overlong:
            self._leaf = Formula(lines[-1], whole=False).as_code(self._inline.look, beginning=lines[-1])
            self._lines = []
        elif kind == "formula" and not token.meta["closed"]:
            self._leaf = Formula(lines[-1])
            self._lines = []
            self._check(self._leaf)
        elif kind in ("hr", "formula", "definition") and not self._overlong:
            self._leaf = Waiting([block])
            self._closing = kind != "definition"
        else:
            self._leaf = Prose(self._inline, self._inline.look.style("text"), width)
            self._leaf.add(self._page.take_task_box(lines[0].lstrip(" ")))
            for line in lines[1:]:
                self._leaf.add("\n" + line)

    def _check(self, formula: Formula) -> None:
        """Close a formula after its last line, or show it as code when it is too long."""
        if formula.is_closed:
            self._closing = True
        elif formula.is_too_long:
            self._leaf = formula.as_code(self._inline.look)

    def _open_quote(self, line: str) -> None:
        quote, rest = quote_in(line)
        self._page.open_quote()
        self._nesting.append(quote)
        if rest.strip():
            self._place(rest)

    def _open_item(self, line: str, number: int | None, *, sibling: bool = False) -> None:
        item, content = item_in(line, number)
        if sibling:
            self._begin(sibling=True)
        self._page.open_item(number)
        self._nesting.append(item)
        if content.strip():
            self._place(content)

    def _close_leaf(self) -> None:
        leaf = self._leaf
        if leaf is not None:
            if isinstance(leaf, Code) and leaf.blank_lines:
                self._blank = True
            if isinstance(leaf, Waiting | Formula):
                for block in leaf.blocks if isinstance(leaf, Waiting) else leaf.read(self._inline):
                    self._settle_block(block)
            else:
                self._page.settle(leaf.close())
        self._leaf, self._lines, self._closing = None, [], False

    def _settle_block(self, block: Block) -> None:
        if block.kind != "definition":
            self._page.settle(leaf_lines(block, self._inline, self._page.prose_width))
            return
        definition = block.tokens[0]
        self._inline.define(definition)
        if self._inline.is_missed(definition.meta["id"]):
            self._show_definition(definition)
        elif not self._inline.is_used(definition.meta["id"]):
            self._definitions.append(definition)  # shown at the end, if nothing below refers to it

    def _show_definition(self, definition: Token) -> None:
        self._page.begin(blank_before=False)
        self._page.settle(definition_lines(definition, self._inline, self._page.prose_width))

    def _close_to(self, depth: int) -> None:
        """Close the containers inside the first `depth` ones."""
        self._close_leaf()
        while len(self._nesting) > depth:
            self._page.close()
            self._nesting.pop()

    def _may_be_table(self) -> bool:
        """A line that begins with a bar waits for the next one, which shows whether it is a table."""
        lines = self._lines or []
        return len(lines) == 1 and isinstance(self._leaf, Prose) and lines[0].startswith("|")


def _up_to_ambiguous(rows: list[Row], first: int) -> list[Row]:
    """The rows of a line of code up to a glyph on whose width terminals disagree.

    Where they wrap the line after it is unknown: the rest is shown when the line is complete.  Its first row is shown
    in any case.
    """
    for place in range(first, len(rows)):
        if not rows[place].ambiguous:
            continue
        runs = clear_beginning(rows[place].runs) if place > first else rows[place].runs
        last = replace(rows[place], runs=tuple(runs), cells=total_cells(runs), joined=False)
        return [*rows[:place], last] if runs else [*rows[: place - 1], replace(rows[place - 1], joined=False)]
    return rows


def _lines_in(rows: Sequence[Row]) -> int:
    """How many lines these first rows contain, or begin."""
    return sum(not row.joined for row in rows) + (1 if rows and rows[-1].joined else 0)
