"""How the pieces of a formula are placed side by side: the blanks between them, and the brackets of fractions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from .grids import Grid
from .scripts import follows_script

Kind = Literal[
    "letter", "number", "word", "function", "large", "relation", "binary", "sign", "open", "close", "comma",
    "space", "gap", "fraction", "root",
]  # fmt: skip

_OPERANDS = ("letter", "number", "word", "function", "large", "fraction", "root")
_BLANKS = re.compile(r" {2,}")
_NUMERIC = re.compile(r"\d+/\d+")
_END = re.compile(r"([_^])([^(\s])(?=[^_^]*$)|([√∛∜])(\S+)$")
_OPEN_SCRIPT = re.compile(r"([_^])[^(\s]\S*$")  # x_п: its end is not visible


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a formula: its text in one line, and its rows where it is a grid."""

    kind: Kind
    text: str
    grid: Grid | None = None
    scripted: bool = False


def linear(pieces: Sequence[Piece]) -> str:
    """The pieces as one line of text, without blanks at its ends."""
    return _joined(pieces).strip()


def rows(pieces: Sequence[Piece]) -> list[Grid]:
    """The pieces as grids, side by side."""
    parts: list[Grid] = []
    waiting: list[Piece] = []
    for piece in [*pieces, None]:
        if piece is not None and piece.grid is None:
            waiting.append(piece)
            continue
        if text := _joined(waiting):
            parts.append(Grid((text,)))
        waiting = []
        if piece is not None and piece.grid is not None:
            parts.append(piece.grid)
    return parts


def fraction(above: Sequence[Piece], below: Sequence[Piece]) -> Piece:
    """One text over another, with brackets where it would be misread."""
    above, below = close(above), close(below)
    top, bottom = linear(above), linear(below)
    if not _is_product(above):
        top = f"({top})"
    if not _is_factor(below):
        bottom = f"({bottom})"
    return Piece("fraction", f"{top}/{bottom}")


def close(pieces: Sequence[Piece]) -> list[Piece]:
    """Pieces without the source's blanks between factors, which mean nothing."""
    factors = ("letter", "number")
    return [
        piece
        for place, piece in enumerate(pieces)
        if piece.kind != "space"
        or not 0 < place < len(pieces) - 1
        or pieces[place - 1].kind not in factors
        or pieces[place + 1].kind not in factors
        or (pieces[place - 1].kind, pieces[place + 1].kind) == ("number", "number")
    ]


def _joined(pieces: Sequence[Piece]) -> str:
    places = [place for place, piece in enumerate(pieces) if piece.kind not in ("space", "gap")]
    parts: list[str] = []
    seen = 0
    is_divisor = False  # what stands behind a slash, as far as there is no blank
    for place, piece in enumerate(pieces):
        is_divisor = piece.text == "/" or (is_divisor and piece.kind in ("letter", "number", "word", "root"))
        if piece.kind in ("space", "gap"):
            inside = seen and pieces[places[seen - 1]].kind == "open"
            ends = seen < len(places) and _ends(pieces[places[seen]])
            if piece.kind == "gap" or not (inside or ends):
                parts.append(piece.text)
            continue
        before = pieces[places[seen - 1]] if seen else None
        after = pieces[places[seen + 1]] if seen + 1 < len(places) else None
        if piece.kind == "fraction":
            divided = any(_divides(pieces, each) for each in places[max(0, seen - 1) : seen + 2])
            parts.append(_set_fraction(piece, before, after, divided=divided))
        else:
            touches = place + 1 < len(pieces) and after is pieces[place + 1]
            parts.append(_set(piece, before, after, is_divisor=is_divisor and touches))
        seen += 1
    return _BLANKS.sub(" ", "".join(parts))


def _ends(piece: Piece) -> bool:
    return piece.kind in ("close", "comma") or (piece.kind == "word" and piece.text[:1] in (",", ".", ";", ":"))


def _divides(pieces: Sequence[Piece], place: int) -> bool:
    """Whether a sign divides; a colon followed, but not preceded, by a blank does not."""
    if pieces[place].text != ":":
        return pieces[place].text in ("/", "÷", "∶")
    around = [pieces[each].kind == "space" for each in (place - 1, place + 1) if 0 <= each < len(pieces)]
    return len(around) == 2 and around[0] >= around[1]


def _set(piece: Piece, before: Piece | None, after: Piece | None, *, is_divisor: bool) -> str:
    follows = _follows(before)
    goes_on = _goes_on(after)
    if piece.kind == "relation":
        ends = after is not None and after.kind in ("comma", "close")
        return f" {piece.text}{'' if ends else ' '}"
    if piece.kind == "binary":
        if piece.text.isalpha():
            return f"{' ' if follows else ''}{piece.text} "
        return f" {piece.text} " if follows and not (before and before.kind == "large") else piece.text
    if piece.kind in ("function", "large"):
        opens = after is not None and after.kind in ("open", "fraction") and piece.kind == "function"
        left = " " if follows and before is not None and before.kind != "large" else ""
        return f"{left}{piece.text}{' ' if goes_on and not opens else ''}"
    # The degree of a root would be read as a power of what stands before it.
    left = " " if piece.kind == "root" and follows and piece.text[0] not in "√∛∜" else ""
    if after is None or not _runs_into(piece, after):
        return f"{left}{piece.text}"
    # In E/k_BT a blank would part what divides.
    return f"{left}{_END.sub(_in_brackets, piece.text, count=1)}" if is_divisor else f"{left}{piece.text} "


def _in_brackets(end: re.Match[str]) -> str:
    return f"{end[1]}({end[2]})" if end[1] else f"{end[3]}({end[4]})"


def _follows(before: Piece | None) -> bool:
    return before is not None and before.kind in (*_OPERANDS, "close")


def _goes_on(after: Piece | None) -> bool:
    return after is not None and after.kind in (*_OPERANDS, "open") and not after.text.startswith(" ")


def _runs_into(piece: Piece, after: Piece) -> bool:
    """Whether the next piece would be read as part of a script that Unicode lacks, or as below a root."""
    is_factor = after.kind in ("letter", "number", "word") and (after.text[:1].isalnum() or after.text[:1] in "∂∇")
    if piece.kind == "root":
        return (is_factor or after.kind == "open") and not piece.text.endswith(")")
    if not piece.scripted or (script := _OPEN_SCRIPT.search(piece.text)) is None:
        return False
    return is_factor or after.kind == "root" or (script[1] == "^" and after.kind in ("open", "fraction"))


def _set_fraction(piece: Piece, before: Piece | None, after: Piece | None, *, divided: bool) -> str:
    follows, goes_on = _follows(before), _goes_on(after)
    if divided or (before is not None and before.kind == "function"):
        return f"({piece.text})"
    follows = follows and before is not None and before.kind != "large"
    stands_by_factor = follows and before is not None and before.kind in ("letter", "close", "fraction", "root")
    if _NUMERIC.fullmatch(piece.text) and not stands_by_factor:
        # 1/2 mv² and 2 1/2: blanks show what belongs together
        left = " " if follows else ""
        return f"{left}{piece.text}{' ' if goes_on else ''}"
    is_bracketed = follows or goes_on or (after is not None and after.text == "!")
    return f"({piece.text})" if is_bracketed else piece.text


def _is_product(pieces: Sequence[Piece]) -> bool:
    """Whether a numerator reads as one thing before a slash."""
    known = [piece for piece in pieces if piece.kind not in ("space", "gap")]
    if len(known) == 1 and known[0].kind in ("large", "fraction", "root") and not known[0].scripted:
        return known[0].kind == "large"
    depth = 0
    for piece in known:
        depth += (piece.kind == "open") - (piece.kind == "close")
        plain = piece.kind in ("letter", "number", "open", "close") or piece.text == "!"
        if not depth and not plain and not (piece.kind == "word" and " " not in piece.text):
            return False
    return bool(known) and depth == 0 and (len(known) == len(pieces) or depth == 0) and " " not in linear(known[:1])


def _is_factor(pieces: Sequence[Piece]) -> bool:
    """Whether a denominator reads as one thing after a slash."""
    known = [piece for piece in pieces if piece.kind not in ("space", "gap")]
    if len(known) > 1 and known[-1].text == "!":
        known.pop()
    if not known:
        return False
    if all(piece.kind == "number" and not piece.scripted for piece in known[:-1]) and known[-1].kind == "number":
        return True
    if len(known) == 1:
        return known[0].kind in ("letter", "root", "large") or (known[0].kind == "word" and " " not in known[0].text)
    if len(known) == 2 and known[0].text in ("d", "∂") and known[1].kind == "letter":
        return True
    if known[0].kind == "open" and known[-1].kind == "close":
        depth = 0
        for place, piece in enumerate(known):
            depth += (piece.kind == "open") - (piece.kind == "close")
            if not depth:
                return place == len(known) - 1
    return False


def with_script(pieces: Sequence[Piece], script: str) -> Piece:
    """A base with its scripts; a base of more than one factor is put in brackets."""
    if not pieces:
        return Piece("letter", script, scripted=True)
    if len(pieces) == 1 and pieces[0].kind not in ("fraction", "root") and not follows_script(pieces[0].text, script):
        return replace(pieces[0], text=pieces[0].text + script, scripted=True)
    text = linear(pieces)
    bracketed = pieces[0].kind == "open" and pieces[-1].kind == "close" and _is_factor(pieces)
    return Piece("letter", f"{text}{script}" if bracketed else f"({text}){script}", scripted=True)
