"""Markdown rendered as a whole: how a streamed answer looks on a screen of unlimited height."""

from __future__ import annotations

from collections.abc import Iterator

from .blocks import OpenDocument
from .look import Look, MarkdownOptions
from .rows import Row

SLICE = 512
"""Characters of a text that are parsed at once."""
_TALLEST = 500  # rows of an open block, so that no step of the work has to lay out more
_SLICES_BETWEEN = 32


def render_offline(text: str, *, width: int, options: MarkdownOptions) -> str:
    """Render a whole text as rows for a terminal of `width` cells, each with a newline.

    The text must have passed the terminal filter.
    """
    return "".join(rendered_in_steps(text, width=width, options=options))


def rendered_in_steps(text: str, *, width: int, options: MarkdownOptions) -> Iterator[str]:
    """Render a whole text as `render_offline` does, in pieces that each take a short time."""
    text = text.replace("\r\n", "\n")
    document = OpenDocument(Look(options), width)
    document.foresee(text)
    for number, start in enumerate(range(0, len(text), SLICE), 1):
        document.feed(text[start : start + SLICE])
        if number % _SLICES_BETWEEN == 0:
            yield _ansi(document.take())
            document.fit(_TALLEST)
        yield _ansi(document.take())
    while document.finish():
        yield _ansi(document.take())
    yield _ansi(document.take())


def _ansi(rows: list[Row]) -> str:
    return "".join(row.ansi() + ("" if row.joined else "\n") for row in rows)
