r"""LaTeX formulas as Unicode text: `x_1^2` becomes `x₁²`, `\frac{a+b}{c}` becomes `(a+b)/c`.

Parts without a Unicode form get an unambiguous plain one: `x^{aЖ}` becomes `x^(aЖ)`.  An unknown command stays as it is
written, and so does a formula that cannot be read: a wrong formula would be worse than LaTeX.

This is written by hand because no library turns formulas into text without losing some of their meaning.
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
    """A formula, without its dollar signs or brackets, as Unicode text.

    It has several rows for a matrix, cases or aligned equations, unless it must be in one line.  A formula that cannot
    be read is returned as it is, in one line.
    """
    source = " ".join(latex.split())  # a newline means a blank
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
