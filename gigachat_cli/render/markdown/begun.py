"""Unfinished markup at the end of a text that is still coming: code, links, tags, formulas, entities.

It is shown as it will look when it is finished, without its marks: nothing flashes, and a paragraph never takes fewer
rows than before.  Markup that is never finished gets its marks back at the end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import tags
from .syntax import LONGEST_FORMULA, closer_of, formula_end, may_open_formula

LONGEST_LINK = 120
"""How many characters text in brackets may have before it is shown: longer text is hardly the text of a link."""

ADDRESS = (
    r"\(\s*(?:(?:<[^<>\n]*>?|[^\s<]\S*)"
    r"""(?:\s+(?:"(?:\\.|[^"])*"?|'(?:\\.|[^'])*'?|\((?:\\.|[^()])*\)?)?\s*)?)?\Z"""
)
"""The address of a link and its title, from the opening parenthesis to as far as they came."""

_RUN = re.compile(r"(?<!\\)`+")
# Brackets behind a word are an index, and those around a number a reference or an interval.
_LINK = re.compile(rf"(?<![\w\]\\])!?\[(?=[^\W\d]|[*_`\"«])([^\[\]\n]{{1,{LONGEST_LINK}}})(?:\](?:{ADDRESS})?)?\Z")
# Followed by an address they are a link, whatever they contain.
_LINK_TO = re.compile(rf"(?<!\\)!?\[([^\[\]\n]{{1,{LONGEST_LINK}}})\]{ADDRESS}")
_MOST_OPEN = 4  # brackets; with more of them they mean something else
_BRACKET = re.compile(r"(?:(?<![^\s(])!|!?\[)\Z")
_ADDRESS_IN_BRACKETS = re.compile(r"<[a-z][a-z\d+.-]{1,31}:[^\s<>]+\Z", re.IGNORECASE)
_HALF = re.compile(
    r"(?:<[a-z][\w.+@:-]{0,63}|&#?[a-z\d]{0,31}|(?<!\\)[*_~]+|\\(?:b(?:e(?:g(?:i(?:n(?:\{[a-z]*\*?)?)?)?)?)?)?)\Z",
    re.IGNORECASE,
)
_LONGEST_HALF = 64

_FORMULA = re.compile(r"(?<!\\)((?<!\$)\$\$?|\\\(|\\\[|\\begin\{[a-zV]+\*?\})")


@dataclass(frozen=True, slots=True)
class _Code:
    """The code in a paragraph: its places, and where unclosed code begins, -1 without any."""

    spans: list[tuple[int, int]]
    begun: int = -1
    mark: str = ""

    def covers(self, place: int) -> bool:
        return any(start < place < end for start, end in self.spans) or -1 < self.begun < place


def completed(text: str) -> str:
    """Close unfinished markup at the end of a text, or leave it out where it cannot be shown yet."""
    code = _code_in(text)
    begun = _open_formula(text, code)
    if begun >= 0:
        text = text[:begun]
    text = tags.without_half(_without_brackets(_with_code(text, code), code))
    if _ADDRESS_IN_BRACKETS.search(text):
        text = f"{text}>"
    elif _HALF.search(text, max(0, len(text) - _LONGEST_HALF)):
        text = _HALF.sub("", text, count=1)
    return tags.closed(text, code.covers)


def _code_in(text: str) -> _Code:
    runs = list(_RUN.finditer(text))
    spans: list[tuple[int, int]] = []
    end = 0
    for index, opening in enumerate(runs):
        if opening.start() < end:
            continue
        closing = next((run for run in runs[index + 1 :] if run[0] == opening[0]), None)
        if closing is not None:
            end = closing.end()
            spans.append((opening.start(), end))
        elif text.find("\n", opening.end()) < 0:
            return _Code(spans, opening.start(), opening[0])
    return _Code(spans)


def _open_formula(text: str, code: _Code) -> int:
    """The place where an unclosed formula begins, or -1.

    A single dollar sign begins one only if the text after it looks like a formula so far.
    """
    end = 0
    for opener in _FORMULA.finditer(text, max(0, len(text) - LONGEST_FORMULA)):
        start = opener.start()
        if -1 < code.begun < start:
            return start  # in code, if this becomes code
        if start < end or code.covers(start):
            continue
        closer = closer_of(opener[1])
        closed = text.find(closer, opener.end()) if closer else -1
        if opener[1] == "$":
            closer, closed = "$", formula_end(text, start)
        if closed >= 0:
            end = closed + len(closer)
        elif may_open_formula(text, start) if closer == "$" else closer:
            return start
    return -1


def _with_code(text: str, code: _Code) -> str:
    """Close unfinished code."""
    start = code.begun + len(code.mark)
    if code.begun < 0 or code.begun >= len(text):
        return text
    content = text[start:].rstrip("`")  # which may be a part of its closing mark
    return f"{text[:start]}{content}{code.mark}" if content.strip() else text[: code.begun]


def _without_brackets(text: str, code: _Code) -> str:
    """Leave out the brackets of an unfinished link, and its address, which is shown when it is complete."""
    place = max(0, text.rfind("[") - 1)
    link = _LINK.search(text, place) or _LINK_TO.search(text, place)
    is_odd = text.count("[") - text.count("]") > _MOST_OPEN
    if link is None or is_odd or code.covers(link.start()):
        return _BRACKET.sub("", text)
    address = text[link.end(1) :]
    is_whole = address.endswith(")") and address.count("(") == address.count(")")
    return text if is_whole else text[: link.start()] + link[1]
