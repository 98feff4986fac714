"""The lines of tables: how one falls into cells, bars in formulas and in code left whole."""

from __future__ import annotations

import re

from markdown_it.rules_block import StateBlock, table
from markdown_it.rules_block.table import escapedSplit

_BAR = "\x1f"  # stands for a bar within a cell; a text has no controls
_MOST_SPLIT = 4  # parts of a cell that has bars in a formula or in code
_UNESCAPED = re.compile(r"(?<!\\)\|")
_RULE_SIGNS = frozenset("|-: \t")


def split_row(line: str, columns: int) -> list[str]:
    """The cells of a row, without the blanks around them; those that it has too many as well."""
    parts = escapedSplit(_with_cells_whole(line.strip(), columns))
    if parts and not parts[0]:
        parts.pop(0)
    if parts and not parts[-1]:
        parts.pop()
    return [part.strip().replace(_BAR, "|") for part in parts]


def find_table(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """The library's rule, for heads as well that have bars within their cells."""
    source, count = state.src, len(state.tokens)
    start, end = state.bMarks[start_line] + state.tShift[start_line], state.eMarks[start_line]
    if start_line + 1 < end_line and source.find("|", start, end) >= 0:
        rule = source[state.bMarks[start_line + 1] : state.eMarks[start_line + 1]].strip(" \t")
        if "-" in rule and _RULE_SIGNS.issuperset(rule):
            head = source[start:end]
            whole = _with_cells_whole(head, sum("-" in part for part in rule.split("|")))
            state.src = source if whole == head else f"{source[:start]}{whole}{source[end:]}"
    try:
        found = table(state, start_line, end_line, silent)
    finally:
        state.src = source
    for token in state.tokens[count:]:
        token.content = token.content.replace(_BAR, "|")
    return found


def _with_cells_whole(line: str, columns: int) -> str:
    """The line of a table with its inner bars replaced, where it would have more cells than columns with them."""
    parts = _UNESCAPED.split(line)
    count = len(parts) - (not parts[0].strip()) - (not parts[-1].strip())
    if not columns < count <= _MOST_SPLIT * columns:
        return line
    joined: list[str] = []
    for part in parts:
        if joined and _is_cut(joined[-1]):
            joined[-1] += _BAR + part
        else:
            joined.append(part)
    return line if any(map(_is_cut, joined)) else "|".join(joined)


def _is_cut(cell: str) -> bool:
    return any(cell.count(mark) % 2 for mark in "$`")
