"""Chemical formulas as `\\ce` has them: `H2O` becomes `H₂O`, `Fe^3+ + 3OH- -> Fe(OH)3 v` an equation of reactions.

Quantities with their units too: `1.2e3 m s-1` becomes `1.2·10³ m s⁻¹`.
"""

from __future__ import annotations

import re

from .latex_source import Unreadable
from .scripts import subscript, superscript
from .symbols import SPACES, symbols

_ARROWS = {
    "<-->": "⇄",
    "<=>>": "⇌",
    "<<=>": "⇌",
    "<=>": "⇌",
    "<->": "↔",
    "->": "→",
    "<-": "←",
    "=": "=",
}
_ARROW = re.compile(r"\s*(<-->|<=>>|<<=>|<=>|<->|->|<-|(?<=\s)=(?=\s))(?:\[([^\]]*)\])?(?:\[([^\]]*)\])?\s*")
_CHARGE = re.compile(r"\^(?:\{([^{}]*)\}|(\d+[+-]?|[+-]|[^\s^_{}]))")
_INDEX = re.compile(r"_(?:\{([^{}]*)\}|(\d+|[^\s^_{}]))")
_COUNT = re.compile(r"(?<=[A-Za-z)\]])(\d+(?:[.,]\d+)?)")
_ION = re.compile(r"(?<=[A-Za-z)\]₀-₉])([+-])(?=\s|$|[)\],;]|\((?:aq|s|l|g)\))")
_STATE = re.compile(r"(?<=\s)[v^](?=\s|$)")
_TEXT = re.compile(r"\\(?:text|mathrm|mathit)\{([^{}]*)\}")
_MACRO = re.compile(r"\\([A-Za-z]+|.) ?")
_TRIPLE = re.compile(r"(?<=[\w)])#(?=\w)")
_ADDED = re.compile(r" +\. +|\*")
# The water of a crystal: `CuSO4.5H2O`.  `Fe0.95O` has a count with decimals.
_WATER = re.compile(r"([A-Za-z)\]}]\d*)(?<![A-Za-z]0)\.(?=\d*(?:/\d+)?[A-Z(])")
_POWER_OF_TEN = re.compile(r"(?<=\d)[eE]([+-]?\d+)")
_POWER = re.compile(r"(?<=[^\W\d_])\^?(-?\d+)(?![\d.,]*[^\W\d_])|\^\{?(-?\d+)\}?")
_PREFIXED_POWER = re.compile(r"\\(square|cubic)\s*\\([A-Za-z]+)")
_POWERS = {"square": "^2", "squared": "^2", "cubic": "^3", "cubed": "^3", "per": "/"}


def chemistry(source: str) -> str:
    """The source of a formula or an equation as text.  Raises Unreadable for an unknown command in it."""
    parts: list[str] = []
    start = 0
    for arrow in _ARROW.finditer(source):
        parts.append(_formula(source[start : arrow.start()]))
        labels = "; ".join(_label(label) for label in arrow.groups()[1:] if label)
        parts.append(f" {_ARROWS[arrow[1]]}{f'({labels})' if labels else ''} ")
        start = arrow.end()
    parts.append(_formula(source[start:]))
    return re.sub(" {2,}", " ", "".join(parts)).strip()


def quantity(source: str) -> str:
    """A number, units, or both, as text."""
    text = _PREFIXED_POWER.sub(lambda found: f"\\{found[2]}{_POWERS[found[1]]}", _TEXT.sub(r"\1", source))
    text = _MACRO.sub(lambda found: _POWERS.get(found[1]) or symbols().get(found[1], ("", f"{found[1]} "))[1], text)
    text = _POWER_OF_TEN.sub(lambda found: f"·10{superscript(found[1].lstrip('+'))}", re.sub(" +(?=[/^])", "", text))
    text = _POWER.sub(lambda found: superscript(found[1] or found[2]), text)
    return re.sub("[{}]", "", text.replace("*", "·").replace("~", " ")).strip()


def angle(source: str) -> str:
    """Degrees, or degrees, minutes and seconds between semicolons."""
    return "".join(part + sign for part, sign in zip(source.split(";"), "°′″", strict=False) if part)


def _formula(source: str) -> str:
    text = _STATE.sub(lambda found: {"v": "↓", "^": "↑"}[found[0]], source)
    text = _WATER.sub(r"\1 . ", _MACRO.sub(_glyph, _TEXT.sub(r"\1", text)))
    text = _CHARGE.sub(lambda found: superscript(found[1] or found[2] or ""), text)
    text = _INDEX.sub(lambda found: subscript(found[1] or found[2] or ""), text)
    text = _COUNT.sub(lambda found: subscript(found[1]), text)
    text = _ION.sub(lambda found: superscript(found[1]), text)
    return _TRIPLE.sub("≡", _ADDED.sub("·", text)).replace("{", "").replace("}", "")


def _glyph(found: re.Match[str]) -> str:
    name = found[1]
    if name in SPACES:
        return SPACES[name]
    if name not in symbols() and name not in "%$#&":
        raise Unreadable
    kind, glyph = symbols().get(name, ("letter", name))
    return f" {glyph} " if kind == "relation" else glyph


def _label(source: str) -> str:
    if "$" not in source and "\\" not in source:
        return _formula(source)
    from .formulas import to_unicode

    return to_unicode(source.replace("$", ""), one_line=True)
