"""The layout of blocks that contain no other blocks, as the parser found them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it.common.utils import unescapeAll
from markdown_it.token import Token

from .inline import Inline, printable
from .look import Look
from .rows import PLAIN, Line, Run, Runs, cells, total_cells, wrap
from .tables import TableLayout, read_table

TAB = 4
"""Cells between tab stops, as in CommonMark, which also suits code best."""
_FORMULA_INDENT = 2


@dataclass(frozen=True, slots=True)
class Block:
    """One block with its content; the lines of the text that it covers, the end excluded."""

    tokens: Sequence[Token]
    start: int
    end: int

    @property
    def kind(self) -> str:
        return self.tokens[0].type

    @property
    def children(self) -> list[Block]:
        return split_blocks(self.tokens[1:-1])


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
    if block.kind == "definition":
        return definition_lines(token, inline, width)
    return []


def prose_lines(runs: Runs, width: int) -> list[Runs]:
    """Wrap prose; empty prose has no lines."""
    lines = [line.runs for line in wrap(runs, width)]
    return lines if any(lines) else []


def heading_lines(runs: Runs, tag: str, look: Look, width: int) -> list[Runs]:
    """Lay out a heading; one of the first level has a line below it."""
    lines = prose_lines(runs, width)
    if tag == "h1" and lines:
        lines.append([("━" * min(width, max(map(total_cells, lines))), look.named("h1"))])
    return lines


def rule_line(look: Look, width: int) -> Runs:
    return [("─" * min(width, 40), look.named("faint"))]


def definition_lines(token: Token, inline: Inline, width: int) -> list[Runs]:
    """Lay out a link definition as it is written."""
    look = inline.look
    label, address, title = (printable(token.meta[part]) for part in ("label", "url", "title"))
    link = look.ink(look.style("url"), look.link_to(address))
    runs: list[Run] = [(f"[{label}]: ", look.named("text")), (address, link)]
    return prose_lines([*runs, (f' "{title}"' if title else "", look.named("text"))], width)


def code_frame(language: str, look: Look) -> tuple[Runs, Runs]:
    """The lines before and after a code block; the code between them stays as it is."""
    faint = look.named("faint")
    return [("╭─ " + language if language else "╭─", faint)], [("╰─", faint)]


def code_language(info: str) -> str:
    """Read the language from the info string of a fence."""
    from .code import LANGUAGE

    found = LANGUAGE.search(unescapeAll(info))
    language = printable(found.group())[:30] if found else ""
    return language.removeprefix(".") if info.lstrip().startswith("{") else language


def _code_lines(token: Token, look: Look) -> list[Runs]:
    from .code import Highlighter

    language = code_language(token.info)
    first, last = code_frame(language, look)
    highlighter = Highlighter(language, look)
    lines = token.content.removesuffix("\n").split("\n") if token.content else []
    return [first, *(highlighter.line(line) for line in lines), last]


_OF_COLUMNS = ("matrix", "array")
_BRACES = "⎧⎨⎩⎪"
_HANGING = 2
_MOST_LEADING = 4  # a wider row begins here, however far to the right its sign of equality would be


def _folded_rows(rows: Sequence[str], width: int) -> list[str]:
    """The rows of a formula, each over as many lines as it takes, whose later ones stand further right."""
    lines: list[str] = []
    for row in rows:
        text = row.lstrip()
        brace = max(row.find(each) for each in _BRACES) + 1
        left = brace or min(len(row) - len(text), _MOST_LEADING, width // 4)
        before, text = (row[:left], row[left:].strip()) if brace else (" " * left, text)
        first, *more = wrap([(text, PLAIN)], max(1, width - left - _HANGING))
        lines.append(f"{before}{' ' if brace else ''}{_text_of(first)}")
        lines += [f"{' ' * (left + _HANGING)}{_text_of(line)}" for line in more]
    return lines


def _text_of(line: Line) -> str:
    return "".join(text for text, _ in line.runs)


def _formula_lines(token: Token, inline: Inline, width: int) -> list[Runs]:
    look = inline.look
    if not token.meta["closed"]:
        return prose_lines(inline.runs(token.markup + token.content.strip(), look.style("text")), width)
    indent = _FORMULA_INDENT if width > 4 * _FORMULA_INDENT else 0
    rows = inline.formula(token.content, one_line=False).split("\n")
    if len(rows) > 1 and max(map(cells, rows)) > width - indent:
        # Equations and cases are read row by row; the cells of a matrix would lose their columns.
        whole = any(name in token.content for name in _OF_COLUMNS)
        rows = [inline.formula(token.content)] if whole else _folded_rows(rows, width - indent)
    lines: list[Runs] = [[(row, look.named("formula"))] for row in rows]
    if token.info:
        lines[-1] += [(" ", look.named("text")), *inline.runs(token.info, look.style("text"))]
    if len(lines) == 1:
        lines = prose_lines(lines[0], width - indent)
    return [[(" " * indent, look.named("text")), *line] for line in lines]
