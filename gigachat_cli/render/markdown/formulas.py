"""LaTeX formulas as Unicode text: `x_1^2` becomes `x₁²`, `\\frac{a+b}{c}` becomes `(a+b)/c`.

What has no Unicode form keeps an unambiguous plain one: `x^{aЖ}` becomes `x^(aЖ)`.  A command that is not known stays
as it is written, and so does a formula that cannot be read: a wrong formula would be worse than LaTeX.

This is written by hand because no library sets formulas in text so that none of their meaning is lost.
"""

from __future__ import annotations

from functools import lru_cache

from .grids import beside
from .latex import Reader
from .latex_source import Unreadable
from .setting import linear, rows

_LONGEST = 4000  # characters; nobody reads a longer one as text


@lru_cache(maxsize=512)
def to_unicode(latex: str, *, one_line: bool = False) -> str:
    """Give a formula, without its dollar signs or brackets, as Unicode text.

    Of several rows where it has a matrix, cases or aligned equations, unless it is to be in one line.  What cannot be
    read as LaTeX comes back as it was, in one line.
    """
    source = " ".join(latex.split())  # a line end means as much as a blank
    if not source or len(source) > _LONGEST:
        return source
    try:
        pieces = Reader(source).whole()
    except Unreadable:
        return source
    if one_line or not any(piece.grid for piece in pieces):
        return linear(pieces) or source
    shown = beside(rows(pieces)).rows
    return "\n".join(row.rstrip() for row in shown) or source
