"""Superscripts and subscripts in Unicode, as far as it has them."""

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
_ABOVE = frozenset(_SUPERSCRIPTS.values()) - {"′", "°"}
_BELOW = frozenset(_SUBSCRIPTS.values())
_WORDS = re.compile(r"\w \w")  # without blanks they would be one


def superscript(text: str, *, mark: str = "^") -> str:
    """`2` as `²`; what Unicode lacks follows the mark, in brackets unless it is one character."""
    return _script(mark, text, _SUPERSCRIPTS)


def subscript(text: str) -> str:
    """Like `superscript`, below the line and after `_`."""
    return _script("_", text, _SUBSCRIPTS)


def follows_script(text: str, script: str) -> bool:
    """Whether a script follows one on the same side, so that they would be read as one: `x²³`."""
    for mark, glyphs in (("^", _ABOVE), ("_", _BELOW)):
        is_last = text[-1:] in glyphs or text[-2:-1] == mark or (text.endswith(")") and f"{mark}(" in text)
        if is_last and (script[:1] in glyphs or script[:1] == mark):
            return True
    return False


def _script(mark: str, text: str, glyphs: dict[str, str]) -> str:
    squeezed = text.replace(" ", "")
    if squeezed and not _WORDS.search(text) and all(character in glyphs for character in squeezed):
        return "".join(glyphs[character] for character in squeezed)
    is_one = len(text) == 1 or (text[:1] == "[" and text.find("]") == len(text) - 1)
    return f"{mark}{text}" if is_one else f"{mark}({text})"
