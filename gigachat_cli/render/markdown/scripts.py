"""Superscripts and subscripts in Unicode, where it has them."""

from __future__ import annotations

import re

_SUPERSCRIPTS = dict(
    zip(
        "0123456789+-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVW′∘αβγδεθφχ",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂ′°ᵅᵝᵞᵟᵋᶿᵠᵡ",
        strict=True,
    )
)
_SUBSCRIPTS = dict(zip("0123456789+-=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ", strict=True))
_WORDS = re.compile(r"\w \w")  # without blanks they would be one


def superscript(text: str, *, mark: str = "^") -> str:
    """`2` as `²`; what Unicode lacks comes behind the mark, in brackets unless it is one character."""
    return _script(mark, text, _SUPERSCRIPTS)


def subscript(text: str) -> str:
    """As `superscript`, below the line and behind `_`."""
    return _script("_", text, _SUBSCRIPTS)


def _script(mark: str, text: str, glyphs: dict[str, str]) -> str:
    squeezed = text.replace(" ", "")
    if squeezed and not _WORDS.search(text) and all(character in glyphs for character in squeezed):
        return "".join(glyphs[character] for character in squeezed)
    return f"{mark}{text}" if len(text) == 1 else f"{mark}({text})"
