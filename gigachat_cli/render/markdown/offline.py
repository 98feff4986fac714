"""Markdown rendered whole: the form that an answer which grew on the screen has in the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from .inline import Inline, printable
from .look import Look, MarkdownOptions
from .page import Page
from .rows import Run, Runs, total_cells, wrap
from .tables import TableLayout, read_table

TAB = 4
"""Cells between tab stops: CommonMark's, and what code looks best with."""
_FORMULA_INDENT = 2


@dataclass(frozen=True, slots=True)
class Block:
    """One block with everything inside it; the lines of the text it covers, the end excluded."""

    tokens: Sequence[Token]
    start: int
    end: int

    @property
    def kind(self) -> str:
        return self.tokens[0].type

    @property
    def children(self) -> list[Block]:
        return split_blocks(self.tokens[1:-1])

    @property
    def content_end(self) -> int:
        """The line after the last one with something on it, which `end` of a list item need not be."""
        if self.kind in ("blockquote_open", "bullet_list_open", "ordered_list_open", "list_item_open"):
            children = self.children
            return children[-1].content_end if children else self.start + 1
        return self.end


def split_blocks(tokens: Sequence[Token]) -> list[Block]:
    """Split tokens into the blocks of their outermost level."""
    return list(_blocks(tokens))


def _blocks(tokens: Sequence[Token]) -> Iterator[Block]:
    start = depth = 0
    for index, token in enumerate(tokens):
        depth += token.nesting
        if depth == 0:
            first, end = tokens[start].map or [0, 0]
            yield Block(tokens[start : index + 1], first, end)
            start = index + 1


def render_offline(text: str, *, width: int, options: MarkdownOptions) -> str:
    """Render a whole text as rows for a terminal of `width` cells, each ended by a newline.

    Like everything else here it expects text that passed the terminal filter.
    """
    look = Look(options)
    inline = Inline(look)
    page = Page(look, width)
    source = text.replace("\r\n", "\n").expandtabs(TAB)
    _render_all(split_blocks(inline.blocks(source)), page, inline)
    rows = page.take()
    return "".join(row.ansi() + ("" if row.joined else "\n") for row in rows)


def leaf_lines(block: Block, inline: Inline, width: int) -> list[Runs]:
    """Lay out a block that holds no other blocks, in `width` cells."""
    look = inline.look
    token = block.tokens[0]
    if block.kind == "paragraph_open":
        return prose_lines(inline.runs(block.tokens[1].content, look.style("text")), width)
    if block.kind == "heading_open":
        return heading_lines(inline.runs(block.tokens[1].content, look.style(token.tag)), token.tag, look, width)
    if block.kind == "hr":
        return [rule_line(look, width)]
    if block.kind == "table_open":
        return TableLayout(read_table(block.tokens, inline), look, width).lines()
    if block.kind == "formula":
        return _formula_lines(token, inline, width)
    if block.kind in ("fence", "code_block"):
        return _code_lines(token, look)
    return []


def prose_lines(runs: Runs, width: int) -> list[Runs]:
    """Wrap prose; nothing is no line, not an empty one."""
    lines = [line.runs for line in wrap(runs, width)]
    return lines if any(lines) else []


def heading_lines(runs: Runs, tag: str, look: Look, width: int) -> list[Runs]:
    """Lay out a heading; one of the first level has a line below it."""
    lines = prose_lines(runs, width)
    if tag == "h1" and lines:
        lines.append([("━" * max(map(total_cells, lines)), look.named("h1"))])
    return lines


def rule_line(look: Look, width: int) -> Runs:
    return [("─" * min(width, 40), look.named("faint"))]


def code_frame(language: str, look: Look) -> tuple[Runs, Runs]:
    """Give the lines before and after a code block; the code between them stands as it is."""
    faint = look.named("faint")
    return [("╭─ " + language if language else "╭─", faint)], [("╰─", faint)]


def code_language(info: str) -> str:
    """Read the language from the info string of a fence."""
    from .code import LANGUAGE

    found = LANGUAGE.search(info)
    return printable(found.group())[:30] if found else ""


def _code_lines(token: Token, look: Look) -> list[Runs]:
    from .code import Highlighter

    language = code_language(token.info)
    first, last = code_frame(language, look)
    highlighter = Highlighter(language, look)
    lines = token.content.removesuffix("\n").split("\n") if token.content else []
    return [first, *(highlighter.line(line) for line in lines), last]


def _formula_lines(token: Token, inline: Inline, width: int) -> list[Runs]:
    look = inline.look
    if not token.meta["closed"]:
        return prose_lines(inline.runs(token.markup + token.content.strip(), look.style("text")), width)
    text = inline.formula(token.content)
    runs: list[Run] = [(text, look.named("formula"))]
    if token.info:
        runs += [(" ", look.named("text")), *inline.runs(token.info, look.style("text"))]
    indent = _FORMULA_INDENT if width > 4 * _FORMULA_INDENT else 0
    return [[(" " * indent, look.named("text")), *line] for line in prose_lines(runs, width - indent)]


def _render_all(blocks: Sequence[Block], page: Page, inline: Inline) -> None:
    previous: Block | None = None
    for block in blocks:
        page.begin(blank_before=previous is not None and previous.content_end < block.start)
        _render(block, page, inline)
        previous = block


def _render(block: Block, page: Page, inline: Inline) -> None:
    if block.kind == "blockquote_open":
        page.open_quote()
        _render_all(block.children, page, inline)
        page.close()
    elif block.kind in ("bullet_list_open", "ordered_list_open"):
        _render_list(block, page, inline)
    elif block.kind == "paragraph_open":
        runs = inline.runs(page.take_task_box(block.tokens[1].content), inline.look.style("text"))
        page.settle(prose_lines(runs, page.prose_width))
    else:
        page.settle(leaf_lines(block, inline, page.prose_width))


def _render_list(block: Block, page: Page, inline: Inline) -> None:
    number = int(block.tokens[0].attrs.get("start", 1)) if block.kind == "ordered_list_open" else None
    previous: Block | None = None
    for item in block.children:
        if previous is not None:
            page.begin(blank_before=previous.content_end < item.start, sibling=True)
        page.open_item(number)
        _render_all(item.children, page, inline)
        page.close()
        number = None if number is None else number + 1
        previous = item
