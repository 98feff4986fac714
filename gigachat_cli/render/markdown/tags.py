"""Markup in the paragraphs of answers besides Markdown: a few HTML tags, footnotes, the labels of notes.

`H<sub>2</sub>O`, `<kbd>Ctrl</kbd>`, `<details>`, `[^1]` and `[!NOTE]` are shown by their meaning; all other HTML stays
text.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from markdown_it.rules_inline import StateInline

from .scripts import subscript, superscript

_STYLES = {
    "b": "strong",
    "strong": "strong",
    "i": "em",
    "em": "em",
    "s": "s",
    "del": "s",
    "strike": "s",
    "u": "u",
    "ins": "u",
    "mark": "u",
    "kbd": "code",
    "code": "code",
    "small": "text",
    "summary": "strong",
}
"""The names of the styles of the text between tags."""

_SCRIPTS = {"sub": subscript, "sup": superscript}
_NAMES = "|".join([*_STYLES, *_SCRIPTS])
_ALL = (*_STYLES, *_SCRIPTS, "details", "br")
LONGEST = 200
"""How many characters may be between two tags; a longer text stays as it is, with the tags in it."""

_OPENING = re.compile(rf"<({_NAMES})>", re.IGNORECASE)
_MARKUP = re.compile(r"</?[a-z]+>|\*\*|[`$]")  # within scripts, which have one look
_BREAK = re.compile(r"<br ?/?>(?: *\n)?", re.IGNORECASE)
_HIDDEN = re.compile(r"</?details(?: open)?>\n?", re.IGNORECASE)
_PREFIXES = "|".join(sorted({name[:size] for name in _ALL for size in range(len(name) + 1)}, key=len, reverse=True))
_HALF_TAG = re.compile(rf"</?(?:{_PREFIXES}|br ?/?|details (?:o(?:p(?:en?)?)?)?)\Z", re.IGNORECASE)
_HALF = re.compile(r"\[\^\d{0,3}\Z|\[![A-Z]{0,9}\]?\Z", re.IGNORECASE)
_LONGEST_HALF = 16
_FOOTNOTE = re.compile(r"\[\^([1-9]\d{0,2})\](?!\(|\[(?!\^|\Z))(:[ \t]*)?")
_NOTE = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*(?=\n|\Z)", re.IGNORECASE)


def add_rules(markdown: MarkdownIt) -> None:
    """Add them to the parser's rules."""
    markdown.inline.ruler.before("link", "footnote", _footnote)
    markdown.inline.ruler.before("link", "note", _note)
    markdown.inline.ruler.before("autolink", "tag", _tag)


def is_begun(text: str) -> bool:
    """Whether a text ends between two tags, so that the text that follows may change how it looks."""
    return bool(_begun(text)) or _HALF_TAG.search(text, max(0, len(text) - _LONGEST_HALF)) is not None


def without_half(text: str) -> str:
    """Leave out an incomplete tag at the end of a text that is still coming."""
    half = _HALF.search(text, max(0, len(text) - _LONGEST_HALF)) or _HALF_TAG.search(text)
    return text if half is None else text[: half.start()]


def closed(text: str, is_code: Callable[[int], bool]) -> str:
    """Close the open tags; `is_code` tells whether a place is in code."""
    for opening in reversed(_begun(text)):
        if not is_code(opening.start()):
            text = f"{text}</{opening[1]}>" if opening.end() < len(text) else text[: opening.start()]
    return text


def _begun(text: str) -> list[re.Match[str]]:
    """The tags near the end of a text that are not closed."""
    if "<" not in text[-LONGEST - _LONGEST_HALF :]:
        return []
    near = max(0, len(text) - LONGEST - _LONGEST_HALF, text.rfind("\n") + 1)
    end = text[near:].lower()
    found = _OPENING.finditer(text, near)
    return [each for each in found if f"</{each[1].lower()}>" not in end[each.end() - near :]]


def _tag(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "<":
        return False
    if broken := _BREAK.match(state.src, state.pos, state.posMax):
        if not silent:
            state.push("hardbreak", "br", 0)
        state.pos = broken.end()
        return True
    if hidden := _HIDDEN.match(state.src, state.pos, state.posMax):
        state.pos = hidden.end()
        return True
    opening = _OPENING.match(state.src, state.pos, state.posMax)
    if opening is None:
        return False
    name = opening[1].lower()
    closing = re.compile(f"</{name}>", re.IGNORECASE).search(
        state.src, opening.end(), min(state.posMax, opening.end() + LONGEST + len(name) + 3)
    )
    if closing is None or "\n" in state.src[opening.end() : closing.start()]:
        return False
    if not silent:
        _push(state, name, opening.end(), closing.start())
    state.pos = closing.end()
    return True


def _push(state: StateInline, name: str, start: int, end: int) -> None:
    if name in _SCRIPTS:
        content = unescapeAll(_MARKUP.sub("", state.src[start:end])).strip()
        state.push("text", "", 0).content = _SCRIPTS[name](content) if content else ""
        return
    state.push("tag_open", name, 1).meta["style"] = _STYLES[name]
    if name == "summary":
        state.push("text", "", 0).content = "▸ "
    last, state.pos, state.posMax = state.posMax, start, end
    state.md.inline.tokenize(state)
    state.posMax = last
    state.push("tag_close", name, -1)


def _footnote(state: StateInline, silent: bool) -> bool:
    if not state.src.startswith("[^", state.pos):
        return False
    found = _FOOTNOTE.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    before = state.src[state.pos - 1] if state.pos else "\n"
    begins_line = before == "\n"
    if not silent:
        mark = f"[{found[1]}]" if before.isdigit() else superscript(found[1])  # `2020²` would be a power
        state.push("text", "", 0).content = mark + (" " if found[2] and begins_line else "")
    state.pos = found.end() if begins_line else found.end(1) + 1
    return True


def _note(state: StateInline, silent: bool) -> bool:
    found = _NOTE.match(state.src, 0, state.posMax) if state.pos == 0 and state.src.startswith("[!") else None
    if found is None:
        return False
    if not silent:
        state.push("tag_open", "note", 1).meta["style"] = "strong"
        state.push("text", "", 0).content = found[1].capitalize()
        state.push("tag_close", "note", -1)
    state.pos = found.end()
    return True
