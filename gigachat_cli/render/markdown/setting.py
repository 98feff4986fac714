"""How the pieces of a formula stand beside each other: the blanks between them, and the brackets of fractions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from .grids import Grid

Kind = Literal[
    "letter", "number", "word", "function", "large", "relation", "binary", "sign", "open", "close", "comma",
    "space", "gap", "fraction", "root",
]  # fmt: skip

_OPERANDS = ("letter", "number", "word", "function", "large", "fraction", "root")
_BLANKS = re.compile(r" {2,}")
_NUMERIC = re.compile(r"\d+/\d+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a formula that is set as one: its text in one line, and its rows where it is a grid."""

    kind: Kind
    text: str
    grid: Grid | None = None
    scripted: bool = False


def linear(pieces: Sequence[Piece]) -> str:
    """The pieces as one line of text, without blanks at its ends."""
    return _joined(pieces).strip()


def rows(pieces: Sequence[Piece]) -> list[Grid]:
    """The pieces as grids that stand beside each other."""
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
    """One text over another; brackets stand where it would read otherwise."""
    above, below = _close(above), _close(below)
    top, bottom = linear(above), linear(below)
    if not _is_product(above):
        top = f"({top})"
    if not _is_factor(below):
        bottom = f"({bottom})"
    return Piece("fraction", f"{top}/{bottom}")


def _close(pieces: Sequence[Piece]) -> list[Piece]:
    """Without the blanks of the source between factors, which mean nothing."""
    close = ("letter", "number")
    return [
        piece
        for place, piece in enumerate(pieces)
        if piece.kind != "space"
        or not 0 < place < len(pieces) - 1
        or pieces[place - 1].kind not in close
        or pieces[place + 1].kind not in close
        or (pieces[place - 1].kind, pieces[place + 1].kind) == ("number", "number")
    ]


def _joined(pieces: Sequence[Piece]) -> str:
    known = [piece for piece in pieces if piece.kind not in ("space", "gap")]
    parts: list[str] = []
    seen = 0
    for piece in pieces:
        if piece.kind in ("space", "gap"):
            inside = seen and known[seen - 1].kind == "open"
            ends = seen < len(known) and known[seen].kind in ("close", "comma")
            if piece.kind == "gap" or not (inside or ends):
                parts.append(piece.text)
            continue
        before = known[seen - 1] if seen else None
        after = known[seen + 1] if seen + 1 < len(known) else None
        parts.append(_set(piece, before, after))
        seen += 1
    return _BLANKS.sub(" ", "".join(parts))


def _set(piece: Piece, before: Piece | None, after: Piece | None) -> str:
    follows = before is not None and before.kind in (*_OPERANDS, "close")
    goes_on = after is not None and after.kind in (*_OPERANDS, "open") and not after.text.startswith(" ")
    if piece.kind == "relation":
        ends = after is not None and after.kind in ("comma", "close")
        return f" {piece.text}{'' if ends else ' '}"
    if piece.kind == "binary":
        return f" {piece.text} " if follows and not (before and before.kind == "large") else piece.text
    if piece.kind in ("function", "large"):
        opens = after is not None and after.kind in ("open", "fraction") and piece.kind == "function"
        left = " " if follows and before is not None and before.kind != "large" else ""
        return f"{left}{piece.text}{' ' if goes_on and not opens else ''}"
    if piece.kind == "fraction":
        return _set_fraction(piece, before, after, follows=follows, goes_on=goes_on)
    return piece.text


def _set_fraction(piece: Piece, before: Piece | None, after: Piece | None, *, follows: bool, goes_on: bool) -> str:
    if before is not None and before.kind == "function":
        return f"({piece.text})"
    follows = follows and before is not None and before.kind != "large"
    if _NUMERIC.fullmatch(piece.text) and not (before and before.kind in ("letter", "close", "fraction") and follows):
        # 1/2 mv² and 2 1/2: blanks tell what belongs together
        left = " " if follows else ""
        return f"{left}{piece.text}{' ' if goes_on else ''}"
    divided = (before is not None and before.text == "/") or (after is not None and after.text in ("/", "!"))
    return f"({piece.text})" if follows or goes_on or divided else piece.text


def _is_product(pieces: Sequence[Piece]) -> bool:
    """Whether what is divided reads as one thing before a slash."""
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
    """Whether what divides reads as one thing behind a slash."""
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
    """A base with its scripts; what is more than one factor is put into brackets."""
    if not pieces:
        return Piece("letter", script, scripted=True)
    if len(pieces) == 1 and pieces[0].kind not in ("fraction", "root"):
        return replace(pieces[0], text=pieces[0].text + script, scripted=True)
    text = linear(pieces)
    bracketed = pieces[0].kind == "open" and pieces[-1].kind == "close" and _is_factor(pieces)
    return Piece("letter", f"{text}{script}" if bracketed else f"({text}){script}", scripted=True)
