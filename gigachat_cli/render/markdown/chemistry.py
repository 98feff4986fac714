"""Chemical formulas as `\\ce` has them: `H2O` becomes `H₂O`, `Fe^3+ + 3OH- -> Fe(OH)3 v` an equation of reactions."""

from __future__ import annotations

import re

from .scripts import subscript, superscript

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
_CHARGE = re.compile(r"\^(?:\{([^{}]*)\}|(\d*[+-]|[^\s^_{}]))")
_INDEX = re.compile(r"_(?:\{([^{}]*)\}|([^\s^_{}]))")
_COUNT = re.compile(r"(?<=[A-Za-z)\]])(\d+(?:[.,]\d+)?)")
_ION = re.compile(r"(?<=[A-Za-z)\]₀-₉])([+-])(?=\s|$|\)|\])")
_STATE = re.compile(r"(?<=\s)[v^](?=\s|$)")
_TEXT = re.compile(r"\\(?:text|mathrm|mathit)\{([^{}]*)\}")


def chemistry(source: str) -> str:
    """The source of a formula or an equation as text."""
    parts: list[str] = []
    start = 0
    for arrow in _ARROW.finditer(source):
        parts.append(_formula(source[start : arrow.start()]))
        labels = "; ".join(_label(label) for label in arrow.groups()[1:] if label)
        parts.append(f" {_ARROWS[arrow[1]]}{f'({labels})' if labels else ''} ")
        start = arrow.end()
    parts.append(_formula(source[start:]))
    return re.sub(" {2,}", " ", "".join(parts)).strip()


def _formula(source: str) -> str:
    text = _STATE.sub(lambda found: {"v": "↓", "^": "↑"}[found[0]], source)
    text = _TEXT.sub(r"\1", text)
    text = _CHARGE.sub(lambda found: superscript(found[1] or found[2] or ""), text)
    text = _INDEX.sub(lambda found: subscript(found[1] or found[2] or ""), text)
    text = _COUNT.sub(lambda found: subscript(found[1]), text)
    text = _ION.sub(lambda found: superscript(found[1]), text)
    return text.replace("*", "·").replace("{", "").replace("}", "")


def _label(source: str) -> str:
    from .formulas import to_unicode

    return to_unicode(source.replace("$", ""), one_line=True)
