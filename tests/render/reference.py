"""A text rendered from the tokens of the whole parser: another way to what the program makes line by line.

Links that are defined further below, and definitions that nothing refers to, are the program's own matter.
"""

from __future__ import annotations

from collections.abc import Sequence

from gigachat_cli.render.markdown.inline import Inline
from gigachat_cli.render.markdown.layout import TAB, Block, leaf_lines, prose_lines, split_blocks
from gigachat_cli.render.markdown.look import Look, MarkdownOptions
from gigachat_cli.render.markdown.page import Page
from gigachat_cli.render.markdown.syntax import block_parser, block_tokens

from .screens import Screen


def rendered_from_tokens(text: str, width: int) -> list[str]:
    """The lines of a terminal of this width."""
    look = Look(MarkdownOptions())
    inline = Inline(look)
    page = Page(look, width)
    source = text.expandtabs(TAB)
    inline.foresee(source)
    _render_all(split_blocks(block_tokens(block_parser(formulas=True, deep=True), source, {})), page, inline)
    screen = Screen(width, 24)
    screen.write("".join(row.ansi() + ("" if row.joined else "\r\n") for row in page.take()))
    return screen.lines()


def _content_end(block: Block) -> int:
    """The line after the last one with something on it, which `end` of a list item need not be."""
    if block.kind in ("blockquote_open", "bullet_list_open", "ordered_list_open", "list_item_open"):
        return _content_end(block.children[-1]) if block.children else block.start + 1
    return block.end


def _render_all(blocks: Sequence[Block], page: Page, inline: Inline) -> None:
    previous: Block | None = None
    for block in blocks:
        page.begin(blank_before=previous is not None and _content_end(previous) < block.start)
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
            page.begin(blank_before=_content_end(previous) < item.start, sibling=True)
        page.open_item(number)
        _render_all(item.children, page, inline)
        page.close()
        number = None if number is None else number + 1
        previous = item
